"""The digest of source files changes with what they do, and with nothing else."""

import shutil
from pathlib import Path

import pytest

from mrpverify.records.labelled import simulation_digest, simulation_files
from mrpverify.records.source import imported_files, source_digest
from mrpverify.simulate import descend

PACKAGE = Path(descend.__file__).parent.parent
BELOW = ("parameters.py", "admissible.py", "outside.py", "derivations.py")


@pytest.fixture
def copy(tmp_path):
    """The simulation somewhere else, free to be edited."""
    for name in (*BELOW, "__init__.py"):
        shutil.copy(PACKAGE / name, tmp_path)
    for name in ("simulate", "parts", "objectives"):
        ignored = shutil.ignore_patterns("*.pyc")
        shutil.copytree(PACKAGE / name, tmp_path / name, ignore=ignored)
    return tmp_path


def digest(package):
    entries = [package / "simulate" / "descend.py", *package.glob("objectives/*/gradient.py")]
    return source_digest(imported_files(*entries))


def edit(package, name, before, after):
    path = package / name
    text = path.read_text()
    assert before in text
    path.write_text(text.replace(before, after, 1))


def test_every_folder_of_an_objective_counts():
    assert digest(PACKAGE) == simulation_digest()


def test_the_place_of_the_files_does_not_count(copy):
    assert digest(copy) == digest(PACKAGE)


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("simulate/run.py", "LEAST_STEPS = 100\n", "LEAST_STEPS = 100  # a comment\n"),
        ("simulate/run.py", "LEAST_STEPS = 100\n", "\n\nLEAST_STEPS = (100)\n"),
        ("objectives/mae/gradient.py", '"""Masked autoencoder', '"""Masked auto-encoder'),
        ("parameters.py", '"""One regime', '"""A regime'),
    ],
    ids=["comment", "layout", "docstring", "docstring of parameters"],
)
def test_what_changes_no_number_changes_no_digest(copy, name, before, after):
    edit(copy, name, before, after)
    assert digest(copy) == digest(PACKAGE)


def test_a_file_that_no_import_reaches_changes_no_digest(copy):
    (copy / "simulate" / "other.py").write_text("from . import run\nVALUE = 1\n")
    assert digest(copy) == digest(PACKAGE)


@pytest.mark.parametrize(
    ("name", "before", "after"),
    [
        ("simulate/run.py", "LEAST_STEPS = 100", "LEAST_STEPS = 101"),
        ("simulate/seeding.py", "digest[:8]", "digest[:7]"),
        ("objectives/mae/gradient.py", "power + 1", "power + 2"),
        ("parts/mask_law.py", "1.0 - self.visible", "2.0 - self.visible"),
    ],
)
def test_what_changes_numbers_changes_the_digest(copy, name, before, after):
    edit(copy, name, before, after)
    assert digest(copy) != digest(PACKAGE)


def test_a_file_counts_from_the_moment_it_is_imported(copy):
    (copy / "simulate" / "other.py").write_text("VALUE = 1\n")
    edit(copy, "simulate/sample.py", "import torch\n", "import torch\nfrom .other import VALUE\n")
    first = digest(copy)
    assert first != digest(PACKAGE)
    edit(copy, "simulate/other.py", "1", "2")
    assert digest(copy) != first


def test_imports_are_followed_through_modules_packages_and_circles(tmp_path):
    files = {
        "a.py": "from . import b\nfrom .deep import c\nimport os\nfrom json import loads\n",
        "b.py": "from .a import x\n",
        "deep/__init__.py": "",
        "deep/c.py": "from ..d import y\n",
        "d.py": "def f():\n    from .late import z\n",
        "late.py": "",
        "unused.py": "from .a import x\n",
    }
    for name, text in files.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    found = {str(path.relative_to(tmp_path)) for path in imported_files(tmp_path / "a.py")}
    assert found == set(files) - {"unused.py"}


def test_the_simulation_is_its_folder_the_parameters_options_and_gradients():
    """Nothing that a run uses is out of the digest's sight, and nothing else is in it."""
    names = {str(path.relative_to(PACKAGE)) for path in simulation_files()}
    assert set(BELOW) < names
    folders = {path.parent.name for path in PACKAGE.glob("objectives/*/gradient.py")}
    own = {f"objectives/{f}/{name}.py" for f in folders for name in ("options", "gradient")}
    assert len(folders) > 5
    assert own == {name for name in names if name.startswith("objectives/")}
    assert all(n.startswith(("simulate/", "parts/")) for n in names - set(BELOW) - own)
