"""The wheel: it holds all it needs and works in a folder that has no checkout."""

import os
import re
import shutil
import subprocess
import sys
import tomllib
import zipfile
from importlib.util import find_spec
from pathlib import Path

import pytest

from mrpverify.figures.catalogue import figures
from mrpverify.records.store import CACHE_VARIABLE

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """A folder that holds the package as the wheel has it, and nothing else.

    Without the build backend (there may be no network) what the wheel is told to hold is copied.
    """
    site = tmp_path_factory.mktemp("wheel") / "site"
    if find_spec("hatchling"):
        build = [sys.executable, "-m", "pip", "wheel", str(ROOT), "--no-deps"]
        options = ["--no-build-isolation", "-q", "-w", str(site.parent)]
        subprocess.run([*build, *options], check=True)
        (wheel,) = site.parent.glob("*.whl")
        with zipfile.ZipFile(wheel) as file:
            file.extractall(site)
        return site
    told = tomllib.loads((ROOT / "pyproject.toml").read_text())
    told = told["tool"]["hatch"]["build"]["targets"]["wheel"]
    for name, inside in {**{p: p for p in told["packages"]}, **told["force-include"]}.items():
        shutil.copytree(ROOT / name, site / inside, ignore=shutil.ignore_patterns("__pycache__"))
    return site


def run(site, *arguments, cwd):
    """The command of the installed package, with the libraries of this environment."""
    return subprocess.run(
        [sys.executable, "-P", "-m", "mrpverify", *arguments],
        capture_output=True, text=True, cwd=cwd, check=False,
        env={**os.environ, "PYTHONPATH": str(site), CACHE_VARIABLE: str(cwd / "cache")},
    )  # fmt: skip


def test_figures_come_with_the_wheel(installed, tmp_path):
    listed = run(installed, "figures", cwd=tmp_path)
    assert listed.returncode == 0, listed.stderr
    assert [line.split()[0] for line in listed.stdout.partition("\n\n")[0].splitlines()] == list(
        figures()
    )
    drawn = run(installed, "figures", "sample", "--out", "here", cwd=tmp_path)
    assert drawn.returncode == 0, drawn.stderr
    assert sorted(path.name for path in (tmp_path / "here").iterdir()) == [
        "sample.csv", "sample.md", "sample.png", "sample.svg",
    ]  # fmt: skip
    assert (installed / "mrpverify" / "experiments" / "map_gain.toml").is_file()


def test_the_wheel_holds_every_file_of_the_package_and_every_preset_and_plan(installed):
    data = {p.relative_to(ROOT) for p in (ROOT / "mrpverify").rglob("*")
            if p.is_file() and "__pycache__" not in p.parts}  # fmt: skip
    assert {Path("mrpverify/report/templates/page.html"), Path("mrpverify/py.typed")} <= data
    data |= {Path("mrpverify") / p.relative_to(ROOT) for p in (ROOT / "experiments").glob("*.toml")}
    assert [str(path) for path in sorted(data) if not (installed / path).is_file()] == []


def test_presets_and_templates_work_without_a_checkout(installed, tmp_path):
    words = ["check", "A.regime", "--preset", "large", "--out", "o", "--format", "latex"]
    done = run(installed, *words, "--format", "markdown", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    made = {path.name for path in (tmp_path / "o").iterdir()}
    assert made == {"record.json", "report.html", "report.txt", "report.tex", "report.md"}
    assert "A.regime" in (tmp_path / "o" / "report.html").read_text(encoding="utf-8")
    archived = run(installed, "archive", "a.zip", "o/record.json", cwd=tmp_path)
    assert archived.returncode == 0, archived.stderr
    verified = run(installed, "check", "--verify", "a.zip", cwd=tmp_path)
    assert verified.returncode == 0, verified.stdout + verified.stderr


def test_plans_are_named_without_a_checkout(installed, tmp_path):
    listed = run(installed, "sweep", "--list", cwd=tmp_path)
    assert listed.returncode == 0, listed.stderr
    plans = {p.stem for p in (ROOT / "experiments").glob("*.toml")} - {"quick", "paper", "large"}
    assert plans <= set(re.findall(r"\w+", listed.stdout))


def test_one_version_everywhere():
    version = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["version"]
    assert f"\nversion: {version}\n" in (ROOT / "CITATION.cff").read_text()
    released = re.findall(r"^## \[(\d[^\]]*)\]", (ROOT / "CHANGELOG.md").read_text(), re.MULTILINE)
    assert released[0] == version
