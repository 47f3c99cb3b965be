"""From the command line on a small generated CIFAR-10: pictures in the report, figures, errors."""

import csv
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from mrpverify import check, checking
from mrpverify.figures import __main__ as figures
from mrpverify.figures import catalogue, drawing_order, real_images
from mrpverify.figures.caption import caption
from mrpverify.figures.figure import Study
from mrpverify.images import cifar_runs
from mrpverify.images.cifar10 import CLASS_NAMES
from mrpverify.images.cifar_study import name_of, studies
from mrpverify.images.fetch import adopt
from mrpverify.images.folder import MissingDataError, manifest
from mrpverify.images.setup import ImageSettings, Setup
from mrpverify.images.sources import source
from mrpverify.records.collect import Machine
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


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    """A cache with generated images in which a class is a colour, adopted like a local copy."""
    pytest.importorskip("PIL", reason="needs the extra [images]")
    folder, there = tmp_path_factory.mktemp("data"), tmp_path_factory.mktemp("cache")
    sizes = {**{f"data_batch_{n}": 40 for n in range(1, 6)}, "test_batch": 2100}
    rng = np.random.default_rng(0)
    for name, number in sizes.items():
        labels = np.arange(number) % len(CLASS_NAMES)
        colour = np.stack([25 * labels, 255 - 25 * labels, 128 + 0 * labels], 1)
        pixels = colour[:, :, None] + rng.normal(0, 10, (number, 3, 1024))
        rows = np.concatenate([labels[:, None], pixels.clip(0, 255).reshape(number, -1)], 1)
        (folder / f"{name}.bin").write_bytes(rows.astype(np.uint8).tobytes())
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(CACHE_VARIABLE, str(there))
        adopt(source("cifar10"), folder)
    (there / "tiny.toml").write_text(TINY)
    return there


@pytest.fixture
def generated(cache, monkeypatch):
    """The generated images in place of those that were fetched."""
    monkeypatch.setenv(CACHE_VARIABLE, str(cache))
    cifar_runs.data.cache_clear()
    yield cache
    cifar_runs.data.cache_clear()


def in_this_process(device, workers=None):
    """For so little training, other processes would take longer to start."""
    return Machine("cpu", 1)


def test_the_page_of_a_check_shows_the_figures(generated, tmp_path, monkeypatch):
    monkeypatch.setattr(checking, "choose_machine", in_this_process)
    options = ["--quiet", "--preset", str(generated / "tiny.toml"), "--out", str(tmp_path)]
    outcome = CliRunner().invoke(check.app, ["images.gain", "images.gain-all", *options])
    assert outcome.exit_code == 0, outcome.output  # findings do not count
    page = (tmp_path / "report.html").read_text()
    pictures = re.findall(r'<img src="data:image/png;base64,(.{20})[^"]*" alt="([^"]*)"', page)
    assert [title.split()[0] for _, title in pictures] == ["Accuracy", "Accuracy"]
    assert all(start.startswith("iVBORw0KGgo") for start, _ in pictures)


def test_figures_are_drawn_with_their_numbers(generated, tmp_path, monkeypatch):
    monkeypatch.setattr(drawing_order, "choose_machine", in_this_process)
    drawn = ["image_labels", "image_saliency", "--out", str(tmp_path), "--quiet"]
    outcome = CliRunner().invoke(figures.app, [*drawn, "--preset", str(generated / "tiny.toml")])
    assert outcome.exit_code == 0, outcome.output
    with (tmp_path / "image_labels.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert {row["x"] for row in rows if row["curve"].endswith("long budget")} == {"10", "20"}
    assert (tmp_path / "image_saliency.png").read_bytes().startswith(b"\x89PNG")
    assert (tmp_path / "image_saliency.svg").exists()
    told = settings_of((tmp_path / "image_labels.md").read_text())
    assert "pool = 20" in told
    assert "sweep_ratios = (0.3,)" in told
    shown = (tmp_path / "image_saliency.md").read_text()
    assert {"looked_at = 100", "pixels_rate = 0.004"} <= settings_of(shown)
    unused = {"teacher_rate", "sweep_ratios", "sweep_seeds", "transformer", "seeds"}
    assert not unused & {item.split(" = ")[0] for item in settings_of(shown)}
    assert not {"looked_at", "transformer"} & {item.split(" = ")[0] for item in told}
    data = manifest("cifar10")["digest"][:12]
    assert f"- data: `cifar10` (`{data}`), from `mrpverify images fetch cifar10`" in shown


def settings_of(caption):
    """The settings that a caption tells."""
    (line,) = re.findall("^- settings: (.*)$", caption, re.MULTILINE)
    return set(re.split(r", (?=[a-z])", line))


def test_a_caption_of_photos_names_them_and_no_setting(monkeypatch):
    monkeypatch.setattr("mrpverify.figures.caption.manifest", lambda name: {})
    shown = {figure.name: figure for figure in real_images.FIGURES}["image_windows"]
    study = Study({}, "a", dict, images=Setup(ImageSettings(), 5, "a", Machine("cpu"), None))
    assert study.look(shown.needs).seeds == 5
    text = caption(shown, None, study, "quick", "mrpverify figures image_windows")
    assert "- data: `resnet50`, `photos`, from `mrpverify images fetch resnet50 photos`" in text
    assert "- nothing is trained or drawn at random" in text
    assert "settings:" not in text
    assert "salt" not in text


def test_what_a_property_reads_is_read():
    study = Study({}, "a", dict, images=Setup(ImageSettings(), 5, "a", Machine("cpu"), None))
    assert study.look(["cifar10"]).settings.extra_label_steps == 1000
    assert list(study.read) == ["pretraining_steps", "pretraining_batch", "label_batch"]


def test_the_compared_networks_are_those_of_the_study():
    (own,) = studies(Setup(ImageSettings(), 1, "a", Machine("cpu"), None), "no data")
    runs = own.runs()
    assert own.compared() == (runs[name_of("pixels", "all", own.few)], runs["supervised long"])


def test_a_named_figure_without_its_data_says_what_to_fetch(tmp_path):
    script = str(ROOT / "paper_figures" / "regenerate.py")
    process = subprocess.run(
        [sys.executable, script, "image_windows"], capture_output=True, text=True, check=False,
        env={**os.environ, CACHE_VARIABLE: str(tmp_path)},
    )  # fmt: skip
    assert process.returncode == 2
    assert "image_windows: resnet50 photos are not here" in process.stderr
    assert "python -m mrpverify.images fetch resnet50 photos" in process.stderr


def test_of_all_figures_those_that_cannot_be_drawn_are_left_out_with_a_line(
    tmp_path, monkeypatch, capsys
):
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    drawn = [figure.name for figure in drawing_order.drawable(["all"], published=True)]
    lines = capsys.readouterr().err.splitlines()
    names = ["dominoes", "dominoes_map", *(figure.name for figure in real_images.FIGURES)]
    assert [line.split(":")[0] for line in lines] == [f"left out {name}" for name in names]
    assert drawn == [name for name in catalogue.figures() if name not in names]


def test_pictures_of_others_are_not_drawn_into_the_repository(generated):
    with pytest.raises(MissingDataError, match="not ours to publish"):
        drawing_order.drawable(["image_saliency"], published=True)
    (own,) = drawing_order.drawable(["image_saliency"], published=False)
    assert own.name == "image_saliency"
    drawn = {path.stem for path in (ROOT / "paper_figures" / "drawn").iterdir()}
    private = {figure.name for figure in real_images.FIGURES if figure.shows_pictures}
    assert private == {"image_parts", "image_saliency"}
    assert not drawn & private


def test_the_folder_of_the_repository_is_known_by_its_path(generated):
    out = ROOT / "paper_figures" / "drawn"
    outcome = CliRunner().invoke(figures.app, ["image_saliency", "--out", str(out)])
    assert outcome.exit_code == 2
    assert "not ours to publish" in outcome.output
