"""Figures are drawn from stored records, and the CSV holds the numbers of the record."""

import csv
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mrpverify.records.labelled import Request
from mrpverify.records.store import CACHE_VARIABLE, Store
from mrpverify.regime import load_preset
from tests.test_check import TINY

ROOT = Path(__file__).parent.parent


def regenerate(*arguments, cache):
    return subprocess.run(
        [sys.executable, str(ROOT / "paper_figures" / "regenerate.py"), *arguments],
        capture_output=True,
        text=True,
        env={**os.environ, CACHE_VARIABLE: str(cache)},
        check=False,
    )


@pytest.fixture(scope="module")
def drawn(tmp_path_factory):
    folder = tmp_path_factory.mktemp("figures")
    preset = folder / "tiny.toml"
    preset.write_text(TINY)
    process = regenerate(
        "theorem1", "--preset", str(preset), "--out", str(folder), cache=folder / "cache"
    )
    assert process.returncode == 0, process.stderr
    return folder, str(preset)


def numbers(folder):
    with (folder / "theorem1.csv").open() as file:
        return list(csv.DictReader(file))


def test_picture_and_numbers_are_written(drawn):
    folder, _ = drawn
    assert (folder / "theorem1.svg").read_text().lstrip().startswith("<?xml")
    assert (folder / "theorem1.png").read_bytes().startswith(b"\x89PNG")
    assert {row["run"] for row in numbers(folder)} == {
        "Teacher-student", "MAE", "Control: teacher-student, gain 1",
    }  # fmt: skip


def test_the_csv_holds_what_the_record_holds(drawn):
    folder, preset = drawn
    regime = load_preset(preset).regimes["mae"]
    run = Store(folder / "cache").load(Request(regime, "a", 0))
    rows = [r for r in numbers(folder) if r["run"] == "MAE" and r["panel"] == "final"]
    assert len(rows) == regime.kernels * regime.features
    for row in rows:
        feature = (int(row["class"]) - 1) * regime.views + int(row["view"]) - 1
        stored = run["final_correlations"].values[0, int(row["kernel"]), feature]
        assert np.isclose(float(row["correlation"]), stored, rtol=1e-5)


def test_the_control_learns_nothing_and_the_runs_do(drawn):
    folder, preset = drawn
    level = load_preset(preset).regimes["mae"].linear_from / 2
    largest = {}
    for row in numbers(folder):
        if row["panel"] == "final":
            largest[row["run"]] = max(largest.get(row["run"], 0), float(row["correlation"]))
    assert largest["Control: teacher-student, gain 1"] < level
    assert largest["MAE"] > level
    assert largest["Teacher-student"] > level


def test_drawing_again_gives_the_same_bytes(drawn, tmp_path):
    folder, preset = drawn
    process = regenerate(
        "theorem1", "--preset", preset, "--out", str(tmp_path), cache=folder / "cache"
    )
    assert process.returncode == 0, process.stderr
    for kind in ("png", "csv"):  # an SVG names its clip paths by memory address
        name = f"theorem1.{kind}"
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes()


def test_an_unknown_figure_is_named(tmp_path):
    process = regenerate("theorem9", cache=tmp_path)
    assert process.returncode == 2
    assert "theorem9" in process.stderr
