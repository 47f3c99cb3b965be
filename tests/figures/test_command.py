"""Figures are drawn from stored records, and the CSV holds the numbers of the record."""

import csv
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from matplotlib.mathtext import MathTextParser
from typer.testing import CliRunner

from mrpverify.claims.registry import all_claims
from mrpverify.command_line import UsageError
from mrpverify.drawing.typeset import typeset
from mrpverify.figures.__main__ import app
from mrpverify.figures.catalogue import chosen, figures
from mrpverify.figures.files import KINDS
from mrpverify.records.labelled import Request, simulation_digest
from mrpverify.records.store import CACHE_VARIABLE, Store
from mrpverify.regime import load_preset
from tests.test_check import TINY

ROOT = Path(__file__).parent.parent.parent


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
        "theorem1", "--preset", str(preset), "--seeds", "4", "--out", str(folder),
        cache=folder / "cache",
    )  # fmt: skip
    assert process.returncode == 0, process.stderr
    return folder, str(preset)


def numbers(folder):
    with (folder / "theorem1.csv").open() as file:
        return list(csv.DictReader(file))


def test_picture_numbers_and_caption_are_written(drawn):
    folder, _ = drawn
    svg = (folder / "theorem1.svg").read_text()
    assert svg.startswith("<?xml")
    assert len(svg) < 200_000
    assert (folder / "theorem1.png").read_bytes().startswith(b"\x89PNG")
    assert {row["panel"] for row in numbers(folder)} >= {
        "teacher-student", "masked autoencoder", "features crossed", "teacher-student, final",
    }  # fmt: skip


def test_the_caption_says_how_to_draw_it_again(drawn):
    folder, preset = drawn
    text = (folder / "theorem1.md").read_text()
    assert f"`mrpverify figures theorem1 --preset {preset} --salt a --seeds 4`" in text
    assert "runs: 12, seeds 0 to 3, salt `a`" in text
    assert f"simulation `{simulation_digest()[:12]}`" in text
    assert "gain = constant, hold" in text  # the control differs from the preset
    assert "(theorem1.svg)" in text
    assert "(theorem1.csv)" in text


def test_the_caption_of_images_alone_says_their_law(tmp_path):
    told = CliRunner().invoke(app, ["sample", "--out", str(tmp_path), "--salt", "b"])
    assert told.exit_code == 0, told.output
    text = (tmp_path / "sample.md").read_text()
    assert "- images: drawn from their law with salt `b`; nothing is trained" in text
    assert "table `[teacher-student]` of preset `quick` with N = 64, mu = 0.5" in text
    assert "pool" not in text, "settings of real images"
    assert "mu = 0.5" in (ROOT / "paper_figures" / "drawn" / "sample.md").read_text()


def test_the_csv_holds_what_the_record_holds(drawn):
    folder, preset = drawn
    regime = load_preset(preset).regimes["mae"]
    run = Store(folder / "cache").load(Request(regime, "a", 0))
    rows = [r for r in numbers(folder) if r["panel"] == "masked autoencoder, final"]
    assert len(rows) == regime.kernels
    for row in rows:
        stored = run["final_correlations"].values[0, int(row["kernel"])]
        names = [f"v_{f // regime.views + 1}_{f % regime.views + 1}" for f in range(len(stored))]
        assert np.allclose([float(row[name]) for name in names], stored, rtol=1e-3)


def test_the_control_learns_nothing_and_the_runs_do(drawn):
    folder, _ = drawn
    rows = [r for r in numbers(folder) if r["panel"] == "features crossed" and r["time"] == "1"]
    share = {row["curve"]: float(row["median"]) for row in rows}
    assert share == {"teacher-student": 1, "masked autoencoder": 1, "control: gain 1": 0}


def test_a_band_holds_its_median(drawn):
    folder, _ = drawn
    bands = [row for row in numbers(folder) if row["median"]]
    assert bands
    for row in bands:
        assert float(row["low"]) <= float(row["median"]) <= float(row["high"])


def test_drawing_again_gives_the_same_bytes(drawn, tmp_path):
    folder, preset = drawn
    process = regenerate(
        "theorem1", "--preset", preset, "--seeds", "4", "--out", str(tmp_path),
        cache=folder / "cache",
    )  # fmt: skip
    assert process.returncode == 0, process.stderr
    for kind in KINDS:
        name = f"theorem1.{kind}"
        assert (tmp_path / name).read_bytes() == (folder / name).read_bytes(), kind


def test_without_a_name_the_command_lists_every_figure():
    listed = CliRunner().invoke(app, [])
    assert listed.exit_code == 0
    there = [line.split()[0] for line in listed.output.partition("\n\n")[0].splitlines()]
    assert there == list(figures())
    assert {claim.id for claim in all_claims() if claim.group == "laws"} & set(there) == {
        f"L{number}" for number in range(1, 17)
    }


def test_every_title_and_caption_can_be_typeset():
    parser = MathTextParser("path")
    for figure in figures().values():
        for text in (typeset(figure.title), getattr(figure, "text", "")):
            assert text.count("$") % 2 == 0
            parser.parse(text.replace("\n", " "))


def test_the_gallery_says_titles_as_figures_do_with_their_symbols_typeset():
    rows = dict(
        re.findall(r"^\| `(\w+)` \| (.*) \|$", (ROOT / "docs/figures.md").read_text(), re.M)
    )
    assert rows == {name: typeset(figure.title) for name, figure in figures().items()}
    assert not re.findall(r"(?:alpha|phi_|(?<!\$)\^\{)", re.sub(r"\$[^$]*\$", "", str(rows)))


def test_patterns_name_several_figures():
    assert [figure.name for figure in chosen(["map_*", "L1"])] == [
        "map_gain", "map_init", "map_leak", "L1",
    ]  # fmt: skip


def test_an_unknown_figure_is_named(tmp_path):
    process = regenerate("theorem9", cache=tmp_path)
    assert process.returncode == 2
    assert "theorem9" in process.stderr


def test_a_name_is_read_in_any_case_and_a_near_one_is_named():
    assert [figure.name for figure in chosen(["l1", "SAMPLE"])] == ["L1", "sample"]
    with pytest.raises(UsageError, match="did you mean theorem1"):
        chosen(["Theorem9"])


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("explanation_limits", "--salt", "b"), "--preset, --salt and --seeds choose runs"),
        (("explanation_limits", "--seeds", "2"), "--preset, --salt and --seeds choose runs"),
        (("sample", "--records", "."), "--records names stored records"),
        (("explanation_limits", "--records", "absent"), "there is no folder absent"),
        (("sample", "--salt", "\udcff"), "salt="),
    ],
)
def test_an_option_that_would_change_nothing_is_refused(words, message, tmp_path, monkeypatch):
    monkeypatch.chdir(ROOT)
    found = CliRunner().invoke(app, [*words, "--out", str(tmp_path / "out")])
    assert found.exit_code == 2, found.output
    assert message in found.stderr
    assert not (tmp_path / "out").exists()


def test_the_documents_list_every_figure_and_show_files_that_are_there():
    listed = re.findall(r"^\| `(\w+)` \|", (ROOT / "docs" / "figures.md").read_text(), re.M)
    assert listed == list(figures())
    shown = [
        (page, ROOT / "docs" / target)
        for page in (ROOT / "docs").glob("*.md")
        for target in re.findall(r"\((\.\./paper_figures/drawn/[^)]*)\)", page.read_text())
    ]
    assert len(shown) > 10
    for page, target in shown:
        assert target.is_file(), f"{page.name} shows {target.name}"
        assert target.suffix in {".svg", ".csv", ".md"}, "what a command makes is not kept"
        assert target.stat().st_size < 200_000


def test_a_file_that_cannot_be_written_is_told_before_any_run(tmp_path, monkeypatch):
    """A folder in its place was found after all runs, with the advice to go on."""
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    out = tmp_path / "out"
    (out / "sample.csv").mkdir(parents=True)
    found = CliRunner().invoke(app, ["sample", "--out", str(out)])
    assert found.exit_code == 2
    assert "sample.csv: this is a folder" in " ".join(found.stderr.split())
    assert sorted(path.name for path in out.iterdir()) == ["sample.csv"]
    assert not list(tmp_path.glob("cache/**/*.nc"))
