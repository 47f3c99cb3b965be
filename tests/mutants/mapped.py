"""Which test runs which line of the package."""

import json
import tempfile
from pathlib import Path

from tests.mutants.drawing import ROOT, Mutant
from tests.mutants.warm import Warm, copy_tree

TESTED = ("observe", "judge", "theory", "simulate", "reference", "claims", ".")


class Map:
    """Which test runs which lines, and how many CPU seconds it takes (`--make-map`)."""

    def __init__(self, path: Path) -> None:
        told = json.loads(path.read_text())
        self.seconds: dict[str, float] = told["seconds"]
        self.lines: dict[str, dict[str, set[int]]] = {
            module: {test: set(lines) for test, lines in of.items()}
            for module, of in told["lines"].items()
        }

    def tests_of(self, mutant: Mutant) -> list[str]:
        """Those that run its statement, or anything of its module, the fastest first."""
        of = self.lines.get(mutant.module, {})
        wanted = set(mutant.statement)
        tests = [test for test, lines in of.items() if not wanted or lines & wanted]
        return sorted(tests, key=lambda test: self.seconds[test])


def make_map(path: Path, places: list[str], seconds: float) -> None:
    """Run test files, or those of folders, once on the package as it is; add what they run."""
    below = [ROOT / "tests" / place for place in places]
    files = [f for at in below for f in (sorted(at.glob("test_*.py")) if at.is_dir() else [at])]
    told = json.loads(path.read_text()) if path.exists() else {"seconds": {}, "lines": {}}
    with tempfile.TemporaryDirectory() as folder, Warm() as warm:
        tree = Path(folder) / "tree"
        copy_tree(tree)
        for file in files:
            name, part = str(file.relative_to(ROOT)), Path(folder) / "part.json"
            part.unlink(missing_ok=True)
            fate, test = warm.run(tree, [name], seconds, {"record": str(part)})
            print(f"{fate:10} {name}  [{test}]", flush=True)
            if part.exists():
                found = json.loads(part.read_text())
                told["seconds"] |= found["seconds"]
                for module, of in found["lines"].items():
                    told["lines"].setdefault(module, {}).update(of)
                path.write_text(json.dumps(told))
