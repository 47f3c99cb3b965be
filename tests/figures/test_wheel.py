"""The wheel: figures are listed and drawn from a folder that has no checkout."""

import os
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
