"""Which test files belong to a module: what is run where there is no map."""

import ast
from pathlib import Path

from tests.mutants.drawing import ROOT

SLOW = {"test_learning", "test_predicted_regimes"}
SIMULATED = ("tests/reference/test_losses.py", "tests/reference/test_trajectory.py")


def imports(path: Path) -> set[str]:
    """Last parts of everything a file imports: modules and names."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            found |= {alias.name for alias in node.names} | set((node.module or "").split("."))
    return found


def files_of(module: str) -> list[str]:
    """Test files in the order in which they are likely to notice: of the module's own name, then
    those that import it, then all of its folder where none does; the second implementation last."""
    folder, *objective, stem = module.removesuffix(".py").split("/")
    if objective:
        folder, stem = "simulate" if stem == "gradient" else "theory", objective[0]
    near = [f for f in sorted((ROOT / "tests" / folder).glob("test_*.py")) if f.stem not in SLOW]
    second = sorted((ROOT / "tests" / "reference").glob("test_*.py"))
    own = [f for f in near if f.stem == f"test_{stem}"]
    importing = [f for f in (*near, *second) if stem in imports(f)]
    files = [*own, *importing] or near
    if folder == "observe":
        files.append(ROOT / "tests" / "claims" / "test_deciding.py")
    found = [str(f.relative_to(ROOT)) for f in files]
    return list(dict.fromkeys([*found, *(SIMULATED if folder == "simulate" else ())]))
