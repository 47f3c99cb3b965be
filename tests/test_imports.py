"""Import directions of the house (docs/decisions.md), read from the source."""

import ast
import os
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "mrpverify"

# Folder or module -> parts of the package it may import. `admissible` imports nothing.
ALLOWED = {
    "admissible": set(),
    "parameters": {"admissible"},
    "callable_module": set(),
    "command_app": set(),
    "regime": {"admissible", "parameters", "callable_module"},
    "theory": {"parameters"},
    "observe": {"parameters"},
    "judge": {"parameters"},
    "simulate": {"parameters"},
    "records": {"parameters", "simulate", "command_app"},
    "images": {"simulate", "records", "command_app"},
    "figures": {"judge", "images"},
    "claims": {"parameters", "theory", "observe", "judge", "records", "images", "figures"},
    "report": {"admissible", "parameters", "theory", "judge", "records", "claims"},
    "command_line": {"records"},
    "results": {"command_app", "command_line", "judge", "report"},
    "check": {"checking", "callable_module", "command_app"},
    "interactive": {
        "parameters", "regime", "simulate", "judge", "records", "claims", "report",
    },
    "__main__": {
        "check", "checking", "command_app", "counterexample", "images", "records", "results",
        "sweep",
    },
    "checking": {
        "parameters",
        "regime",
        "judge",
        "records",
        "claims",
        "report",
        "images",
        "command_line",
    },
    "counterexample": {
        "parameters", "regime", "judge", "records", "claims", "command_line", "command_app",
    },
    "sweep": {
        "parameters", "regime", "judge", "records", "claims", "report", "command_line",
        "command_app",
    },
}  # fmt: skip
THIRD_PARTY = {
    "admissible": set(),
    "parameters": set(),
    "theory": {"numpy", "scipy", "sympy"},
    "observe": {"numpy"},
    "judge": {"numpy", "scipy"},
    "simulate": {"numpy", "torch"},
}


def modules():
    return sorted(p for p in PACKAGE.rglob("*.py") if p.name != "__init__.py")


def part_of(path):
    return path.relative_to(PACKAGE).parts[0].removesuffix(".py")


def imported(path):
    """(parts of this package, top-level names of others) that a file imports."""
    own, others = set(), set()
    here = ["mrpverify", *path.relative_to(PACKAGE).parts[:-1]]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            others |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            others.add(node.module.split(".")[0])
        elif isinstance(node, ast.ImportFrom):
            base = here[: len(here) - node.level + 1] + (node.module or "").split(".")
            base = [name for name in base if name]
            names = [base[1]] if len(base) > 1 else [alias.name for alias in node.names]
            own |= set(names)
    return own, others - set(sys.stdlib_module_names)


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(PACKAGE)))
def test_no_arrow_points_backwards(path):
    part = part_of(path)
    own, others = imported(path)
    assert "mrpverify" not in others, "inside the package, imports are relative"
    allowed = ALLOWED[part] | {part} | ({"claims"} if part == "claims" else set())
    assert own <= allowed, f"{part} must not import {sorted(own - allowed)}"
    if part in THIRD_PARTY:
        assert others <= THIRD_PARTY[part], f"{part} must not import {sorted(others)}"


def test_the_walk_sees_an_arrow_backwards(tmp_path, monkeypatch):
    fake = tmp_path / "theory"
    fake.mkdir()
    (fake / "bad.py").write_text("from ..simulate import mae\nimport torch\n")
    monkeypatch.setattr(sys.modules[__name__], "PACKAGE", tmp_path)
    with pytest.raises(AssertionError, match="simulate"):
        test_no_arrow_points_backwards(fake / "bad.py")


@pytest.mark.parametrize(
    ("module", "blocked"),
    [
        ("mrpverify.theory.assumptions", ["torch", "pydantic", "xarray"]),
        ("mrpverify.simulate.descend", ["scipy", "sympy", "pydantic", "xarray", "rich", "typer"]),
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


@pytest.mark.parametrize("program", ["check", "sweep", "counterexample", "images"])
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
