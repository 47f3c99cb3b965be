"""From the command line on a small generated CIFAR-10: pictures in the report, figures, errors."""

import csv
import importlib
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from mrpverify.images.cifar10 import CLASS_NAMES
from mrpverify.images.folder import MissingDataError
from mrpverify.records.store import CACHE_VARIABLE

ROOT = Path(__file__).parent.parent.parent
TINY = """
seeds = 2
[images]
seeds = 1
pool = 20
labels = [10, 20]
width = 8
pretraining_steps = 2
pretraining_batch = 8
label_steps = 2
label_batch = 8
sweep_ratios = [0.3]
sweep_seeds = 1
snapshots = 1
looked_at = 100
"""


def run(*arguments, cache):
    return subprocess.run(
        [sys.executable, *arguments], capture_output=True, text=True, check=False, cwd=ROOT,
        env={**os.environ, CACHE_VARIABLE: str(cache), "PYTHONPATH": str(ROOT)},
    )  # fmt: skip


def figure(*arguments, cache):
    return run("paper_figures/regenerate.py", *arguments, cache=cache)


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """A cache with generated images in which a class is a colour, adopted like a local copy."""
    pytest.importorskip("PIL", reason="needs the extra [images]")
    folder = tmp_path_factory.mktemp("data")
    rng = np.random.default_rng(0)
    for name, number in {
        **{f"data_batch_{n}": 40 for n in range(1, 6)},
        "test_batch": 2100,
    }.items():
        labels = np.arange(number) % len(CLASS_NAMES)
        colour = np.stack([25 * labels, 255 - 25 * labels, 128 + 0 * labels], 1)
        pixels = colour[:, :, None] + rng.normal(0, 10, (number, 3, 1024))
        rows = np.concatenate([labels[:, None], pixels.clip(0, 255).reshape(number, -1)], 1)
        (folder / f"{name}.bin").write_bytes(rows.astype(np.uint8).tobytes())
    there = tmp_path_factory.mktemp("cache")
    process = run("-m", "mrpverify.images", "fetch", "cifar10", "--from", str(folder), cache=there)
    assert process.returncode == 0, process.stderr
    (there / "tiny.toml").write_text(TINY)
    return there


def test_the_page_of_a_check_shows_the_figures(cache, tmp_path):
    process = run(
        "-m", "mrpverify.check", "images.gain", "images.gain-all", "--quiet",
        "--preset", str(cache / "tiny.toml"), "--out", str(tmp_path), cache=cache,
    )  # fmt: skip
    assert process.returncode == 0, process.stderr  # findings do not count
    page = (tmp_path / "report.html").read_text()
    pictures = re.findall(r'<img src="data:image/png;base64,(.{20})[^"]*" alt="([^"]*)"', page)
    assert [title.split()[0] for _, title in pictures] == ["Accuracy", "Accuracy"]
    assert all(start.startswith("iVBORw0KGgo") for start, _ in pictures)


def test_a_figure_is_drawn_from_the_stored_runs(cache, tmp_path):
    process = figure(
        "image_labels", "image_saliency",
        "--preset", str(cache / "tiny.toml"), "--out", str(tmp_path), cache=cache,
    )  # fmt: skip
    assert process.returncode == 0, process.stderr
    with (tmp_path / "image_labels.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {row["x"] for row in rows if row["curve"].endswith("long budget")} == {"10", "20"}
    assert (tmp_path / "image_saliency.png").read_bytes().startswith(b"\x89PNG")


def test_a_named_figure_without_its_data_says_what_to_fetch(tmp_path):
    process = figure("image_windows", cache=tmp_path)
    assert process.returncode == 2
    assert "image_windows: resnet50 photos are not here" in process.stderr
    assert "python -m mrpverify.images fetch resnet50 photos" in process.stderr


@pytest.fixture
def regenerate(monkeypatch):
    """The script of all figures as a module."""
    monkeypatch.syspath_prepend(str(ROOT / "paper_figures"))
    before = set(sys.modules)
    yield importlib.import_module("regenerate")
    for name in set(sys.modules) - before:
        sys.modules.pop(name)


def test_without_names_what_cannot_be_drawn_is_left_out_with_a_line(
    regenerate, tmp_path, monkeypatch, capsys
):
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    assert regenerate._chosen([], published=True) == list(regenerate.FIGURES)
    lines = capsys.readouterr().err.splitlines()
    names = list(regenerate.real_images.FIGURES)
    assert [line.split(":")[0] for line in lines] == [f"left out {name}" for name in names]


def test_pictures_of_others_are_not_drawn_into_the_repository(regenerate, cache, monkeypatch):
    monkeypatch.setenv(CACHE_VARIABLE, str(cache))
    with pytest.raises(MissingDataError, match="not ours to publish"):
        regenerate._chosen(["image_saliency"], published=True)
    assert regenerate._chosen(["image_saliency"], published=False) == ["image_saliency"]
    drawn = {path.stem for path in regenerate.DRAWN.iterdir()}
    private = {n for n, own in regenerate.real_images.FIGURES.items() if own.shows_pictures}
    assert private == {"image_parts", "image_saliency"}
    assert not drawn & private
