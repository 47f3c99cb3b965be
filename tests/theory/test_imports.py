"""The theory needs neither torch nor input and output, and imports only what is below it."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import mrpverify.theory

FOLDER = Path(mrpverify.theory.__file__).parent
OBJECTIVES = sorted(p for p in FOLDER.parent.glob("objectives/*/*.py") if p.stem != "gradient")
FILES = sorted(FOLDER.glob("*.py"))
ROOT = FOLDER.parents[1]
ASKED = (
    "from mrpverify import derivations, outside, parameters; "
    "[derivations.theory_of(n) for n in outside.own(outside.OBJECTIVES)]; "
    "parameters.Parameters(framework='clustering', masks='fixed')"
)
"""What is known of an objective without its gradient."""
BELOW = {"admissible", "judgeable", "parameters", "parts", "outside", "derivations"}
ALLOWED = {"numpy", "scipy", "sympy", "parameters"} | set(sys.stdlib_module_names)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_imports_point_the_right_way(path: Path) -> None:
    siblings = {file.stem for file in FILES}
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            assert {name.name.split(".")[0] for name in node.names} <= ALLOWED
        if isinstance(node, ast.ImportFrom):
            source = (node.module or "").split(".")[0]
            within = siblings if node.level == 1 else BELOW if node.level == 2 else ALLOWED
            names = {name.name for name in node.names} if not source else {source}
            assert names <= within, f"{path.name} imports {names}"


def test_every_module_imports_without_torch() -> None:
    modules = [f"mrpverify.theory.{path.stem}" for path in FILES if path.stem != "__init__"]
    own = [".".join(path.relative_to(ROOT).with_suffix("").parts) for path in OBJECTIVES]
    modules += [name for name in own if not name.endswith("__init__")]
    assert len(own) > 20
    code = f"import sys; import {', '.join(modules)}; {ASKED}; assert 'torch' not in sys.modules"
    run = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr
