"""The GPU benchmark runs from end to end without a GPU, at sizes of which no time says anything."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import torch

BENCHMARKS = Path(__file__).parent.parent / "benchmarks"


def started(*arguments):
    """The script in a process of its own."""
    return subprocess.run(
        [sys.executable, str(BENCHMARKS / "gpu.py"), *arguments],
        capture_output=True, text=True, timeout=900, env={**os.environ, "OMP_NUM_THREADS": "1"},
    )  # fmt: skip


@pytest.mark.slow
def test_the_gpu_benchmark_prints_one_table_on_a_cpu():
    table = BENCHMARKS / "gpu.csv"
    before = table.read_bytes() if table.exists() else None
    done = started("--device", "cpu", "--tiny", "--no-store", "--repeats", "2")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].split()[:4] == ["preset", "framework", "seeds", "products_ms"]
    rows = [line.split() for line in lines[1:8]]
    assert [row[0] for row in rows] == ["quick", "quick", *["large"] * 5]
    for row in rows:
        # Products, gradients and compilation took a time; of a step the difference of two
        # runs may be anything at this size.
        assert all(float(cell) > 0 for cell in row[3:10]), row
    assert "not run" in lines[8]
    assert (table.read_bytes() if table.exists() else None) == before


def test_what_does_not_fit_into_its_time_is_said():
    done = started("--device", "cpu", "--tiny", "--no-store", "--seconds", "0")
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("no time left") == 7


@pytest.mark.skipif(torch.cuda.is_available(), reason="there is a GPU")
def test_without_a_gpu_it_says_what_to_do():
    done = started("--no-store")
    assert done.returncode == 1
    assert "--device cpu --tiny" in done.stderr


@pytest.mark.skipif(shutil.which("bash") is None, reason="no bash")
def test_what_wants_a_gpu_runs_part_by_part_and_says_how_each_ended(tmp_path):
    """One part, of a check that trains nothing, in a checkout that is not asked to be installed."""
    script, python = BENCHMARKS / "on_a_gpu.sh", sys.executable
    text = script.read_text().replace("check later 120 S.later", "check later 120 A.regime")
    (tmp_path / "parts.sh").write_text(text)
    done = subprocess.run(
        ["bash", str(tmp_path / "parts.sh"), str(tmp_path / "out"), "later"],
        capture_output=True, text=True, timeout=600, cwd=BENCHMARKS.parent,
        env={**os.environ, "DEVICE": "cpu", "PYTHON": python, "MRPVERIFY_CACHE": str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    said = (tmp_path / "out" / "summary.txt").read_text()
    assert "later: exit code 0 after" in said
    assert said.count("exit code") == 1
    record = json.loads((tmp_path / "out" / "later.json").read_text())
    assert {claim["verdict"] for claim in record["claims"]} == {"SUPPORTED"}
