"""Every objective is a folder that is found by its entry point, one from outside too."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

import mrpverify
from mrpverify import derivations, outside
from mrpverify.parameters import parts_of
from tests.built_in import NAMES, OBJECTIVES

PACKAGE = Path(mrpverify.__file__).parent
FOLDERS = {path.parent.name for path in PACKAGE.glob("objectives/*/gradient.py")}


def test_the_entry_points_are_the_folders():
    assert {name.replace("-", "_") for name in NAMES} == FOLDERS
    assert len(FOLDERS) == 8


@pytest.mark.parametrize("name", NAMES)
def test_a_folder_says_its_parts_and_its_theory(name):
    options, theory = (outside.beside(name, module) for module in ("options", "theory"))
    assert OBJECTIVES[name].name == name
    assert parts_of(name) == options.PARTS == OBJECTIVES[name].parts
    assert derivations.theory_of(name) is theory.THEORY


def test_nobody_takes_the_name_of_one_of_ours(tmp_path, monkeypatch):
    file = tmp_path / "mine.py"
    file.write_text(
        "from types import SimpleNamespace\nOBJECTIVES = (SimpleNamespace(name='mae'),)\n"
    )
    monkeypatch.setenv(outside.PLUGINS, str(file))
    outside.load.cache_clear()
    assert outside.load(outside.OBJECTIVES, "mae") is OBJECTIVES["mae"]
    assert outside.names(outside.OBJECTIVES).count("mae") == 1


def test_an_installed_package_has_its_metadata_alone(tmp_path, monkeypatch):
    """A pyproject.toml of somebody else's beside the package says nothing about it."""
    assert outside._of_checkout(outside.LAWS)
    (tmp_path / "pyproject.toml").write_text("[project]\nname = 'theirs'\n")
    monkeypatch.setattr(outside, "__file__", str(tmp_path / "mrpverify" / "outside.py"))
    assert outside._of_checkout(outside.LAWS) is None
    (tmp_path / "pyproject.toml").unlink()
    assert outside._of_checkout(outside.LAWS) is None


FOLDER = {
    "options.py": "from mrpverify.objectives.supervised.options import PARTS\n",
    "theory.py": "import mrpverify as mv\nTHEORY = mv.Theory(exponent=lambda q: q + 40)\n",
    "gradient.py": (
        "from dataclasses import replace\n"
        "from mrpverify.objectives.supervised.gradient import OBJECTIVE as theirs\n"
        "OBJECTIVE = replace(theirs, name='as-a-folder')\n"
    ),
    "__init__.py": "",
}
ASKED = """
import sys
from mrpverify import outside
from mrpverify.parameters import Parameters
from mrpverify.theory.hitting import exponent

assert Parameters(framework="as-a-folder").framework in outside.names(outside.OBJECTIVES)
assert exponent("as-a-folder", 3) == -43
assert "torch" not in sys.modules
assert outside.load(outside.OBJECTIVES, "as-a-folder").labelled
"""


@pytest.fixture
def folder(tmp_path):
    """An installed distribution with an objective that is a folder."""
    (tmp_path / "mine" / "as_a_folder").mkdir(parents=True)
    for name, text in FOLDER.items():
        (tmp_path / "mine" / "as_a_folder" / name).write_text(text)
    about = tmp_path / "mine-1.0.dist-info"
    about.mkdir()
    (about / "METADATA").write_text("Metadata-Version: 2.1\nName: mine\nVersion: 1.0\n")
    entry = "[mrpverify.objectives]\nas-a-folder = mine.as_a_folder.gradient:OBJECTIVE\n"
    (about / "entry_points.txt").write_text(entry)
    return tmp_path


def asked(folder):
    paths = os.pathsep.join([str(folder), str(PACKAGE.parent)])
    return subprocess.run(
        [sys.executable, "-c", ASKED], env={**os.environ, "PYTHONPATH": paths},
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_a_folder_from_outside_is_asked_without_its_gradient(folder):
    found = asked(folder)
    assert found.returncode == 0, found.stderr


def test_a_broken_theory_from_outside_is_a_clear_error(folder):
    (folder / "mine" / "as_a_folder" / "theory.py").write_text("raise OSError('no disk')\n")
    found = asked(folder)
    assert "mine.as_a_folder.theory: cannot be imported (OSError: no disk)" in found.stderr


def test_an_objective_that_nobody_brings_is_named():
    with pytest.raises(outside.OutsideError, match=r"'nobody' is no name.*teacher-student"):
        derivations.theory_of("nobody")
