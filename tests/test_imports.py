"""Import directions of the house (docs/decisions.md), read from the source."""

import os
import subprocess
import sys

import pytest

from tests import layers


@pytest.mark.parametrize("path", layers.modules(), ids=lambda p: str(p.relative_to(layers.PACKAGE)))
def test_no_arrow_points_backwards(path):
    assert not layers.faults(path)


def test_the_layers_are_printed_without_a_circle(capsys):
    assert layers.main() == 0
    assert "no import points back" in capsys.readouterr().out
    assert layers.levels()[0] == [
        "admissible",
        "callable_module",
        "command_app",
        "regular",
        "terminal",
    ]


def test_the_walk_sees_an_arrow_backwards(tmp_path, monkeypatch):
    fake = tmp_path / "theory"
    fake.mkdir()
    (fake / "bad.py").write_text("from ..simulate import mae\nimport torch\n")
    monkeypatch.setattr(layers, "PACKAGE", tmp_path)
    assert layers.faults(fake / "bad.py") == [
        "theory must not import simulate",
        "theory must not import torch",
    ]


@pytest.mark.parametrize(
    ("module", "blocked"),
    [
        ("mrpverify.theory.assumptions", ["torch", "pydantic", "xarray"]),
        ("mrpverify.simulate.descend", ["scipy", "sympy", "pydantic", "xarray", "rich", "typer"]),
        ("mrpverify.objectives.mae.gradient", ["scipy", "sympy", "pydantic", "xarray"]),
        ("mrpverify.objectives.clustering.gradient", ["scipy", "sympy", "pydantic", "xarray"]),
        ("mrpverify.objectives.mae.theory", ["torch", "pydantic", "xarray"]),
        ("mrpverify.observe.capture", ["torch", "scipy", "xarray"]),
    ],
)
def test_imports_without_what_it_does_not_need(module, blocked):
    subprocess.run([sys.executable, "-c", BLOCKED_IMPORT.format(blocked, module)], check=True)


BLOCKED_IMPORT = """
import importlib.abc, sys

class Block(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in {0!r}:
            raise ImportError(name + " is not needed here")

sys.meta_path.insert(0, Block())
import {1}
"""


def test_the_block_blocks():
    with pytest.raises(subprocess.CalledProcessError):
        test_imports_without_what_it_does_not_need("mrpverify.simulate.descend", ["torch"])


HEAVY = [
    "torch", "numpy", "scipy", "sympy", "pandas", "xarray", "h5py", "h5netcdf", "matplotlib",
    "pydantic", "jinja2",
]  # fmt: skip
RUN_BLOCKED = BLOCKED_IMPORT.replace("import {1}", "import runpy\nsys.argv[1:] = {2!r}\n") + (
    "runpy.run_module({1!r}, run_name='__main__')\n"
)


def run_blocked(module, blocked, *arguments, **environment):
    return subprocess.run(
        [sys.executable, "-c", RUN_BLOCKED.format(blocked, module, list(arguments))],
        capture_output=True,
        text=True,
        env={**os.environ, **environment},
        check=False,
    )


@pytest.mark.parametrize("program", ["check", "sweep", "counterexample", "images", "figures"])
def test_help_and_unknown_options_need_no_heavy_library(program):
    module = f"mrpverify.{program}"
    shown = run_blocked(module, HEAVY, "--help")
    assert shown.returncode == 0, shown.stderr
    assert "Usage" in shown.stdout
    refused = run_blocked(module, HEAVY, "--frobnicate")
    assert refused.returncode == 2
    assert "No such option" in refused.stderr


def test_nothing_is_drawn_without_being_asked_for(tmp_path):
    """A notebook sets MPLBACKEND to a module that the environment of a check need not have."""
    notebook = {"MPLBACKEND": "module://matplotlib_inline.backend_inline"}
    told = run_blocked(
        "mrpverify.check", ["matplotlib"], "A.regime", MRPVERIFY_CACHE=str(tmp_path), **notebook
    )
    assert told.returncode == 0, told.stderr
    assert "A." in told.stdout
    listed = run_blocked("mrpverify.check", ["matplotlib"], "--list", **notebook)
    assert listed.returncode == 0, listed.stderr
