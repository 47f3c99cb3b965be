"""The paper's claims are written with public names alone, as if they came from outside."""

import ast
import importlib
import sys
from pathlib import Path

import pytest

import mrpverify
from mrpverify import MODULES
from mrpverify.claims.registry import all_claims

PACKAGE = Path(mrpverify.__file__).parent
GROUPS = (
    "assumptions", "theorem1", "theorem2", "supervised", "comparison", "laws", "explanation",
    "scaling", "dominoes",
)  # fmt: skip
OWN = {"dominoes": ("dominoes",)}
"""Groups that come with a data law of their own."""
NETWORKS = {"claims/dominoes/transformer.py": ("images.setup", "claims.images.paired")}
"""A claim about networks takes what those of real images share, which is not public."""
WHOLE = ("theory", "objectives", "observe", "judge")
FILES = [path for group in GROUPS for path in sorted((PACKAGE / "claims" / group).glob("*.py"))]


def is_module(names):
    path = PACKAGE.joinpath(*names)
    return path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()


def imported(path):
    """(module below the package, name in it or None) of every import of this package."""
    here = path.relative_to(PACKAGE).parts[:-1]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level:
            above = here[: len(here) - node.level + 1]
            base = (*above, *filter(None, (node.module or "").split(".")))
            for alias in node.names:
                whole = (*base, alias.name)
                yield (".".join(whole), None) if is_module(whole) else (".".join(base), alias.name)


def is_public(module, group):
    first, _, rest = module.partition(".")
    if first in OWN.get(group, ()) or (first == "claims" and rest.partition(".")[0] in GROUPS):
        return True
    return module in MODULES or (first in WHOLE and not module.endswith(".gradient"))


def faults(path):
    file = path.relative_to(PACKAGE)
    group, shared = file.parts[1], NETWORKS.get(file.as_posix(), ())
    return [
        f"{module}{'.' + name if name else ''}"
        for module, name in imported(path)
        if (not is_public(module, group) and module not in shared) or "._" in f".{module}.{name}"
    ]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_claim_imports_public_names_alone(path):
    """What is public stands in ``mrpverify.MODULES`` and in docs/from_outside.md."""
    assert not faults(path)
    assert "import mrpverify" not in path.read_text()


@pytest.mark.parametrize(
    ("line", "seen"),
    [
        ("from ...records.store import Store", "records.store.Store"),
        ("from ..evaluate import evaluate", "claims.evaluate.evaluate"),
        ("from ...judge.numbers import _spread", "judge.numbers._spread"),
        ("from ...objectives.mae import gradient", "objectives.mae.gradient"),
        ("from ...simulate import sample", "simulate.sample"),
    ],
)
def test_the_search_sees_what_is_not_public(line, seen, tmp_path, monkeypatch):
    file = PACKAGE / "claims" / "laws" / "nothing.py"
    monkeypatch.setattr(Path, "read_text", lambda self: line)
    assert faults(file) == [seen]


def test_nothing_below_the_claims_imports_one_of_the_paper():
    """The figures show them; the house that judges them knows none by name."""
    others = [p for p in sorted(PACKAGE.rglob("*.py")) if p not in FILES]
    found = {
        path.relative_to(PACKAGE).parts[0]
        for path in others
        for module, _ in imported(path)
        if module.split(".")[:1] == ["claims"] and module.split(".")[1:2] and
        module.split(".")[1] in GROUPS
    }  # fmt: skip
    assert found == {"figures"}


def outside(text):
    """Source of one of the paper's claims, as another distribution would have it."""
    lines = []
    for line in text.splitlines():
        if line.startswith("from ..."):
            line = line.replace("from ...", "from mrpverify.").replace("mrpverify. ", "mrpverify ")
        elif line.startswith("from ..") and line[7:].partition(" ")[0].split(".")[0] not in GROUPS:
            line = line.replace("from ..", "from mrpverify.claims.")
        lines.append(line)
    return "\n".join(lines) + "\n"


def test_they_are_the_same_claims_in_another_distribution(tmp_path, monkeypatch):
    for path in FILES:
        to = tmp_path / "paper_elsewhere" / path.relative_to(PACKAGE / "claims")
        to.parent.mkdir(parents=True, exist_ok=True)
        to.write_text(outside(path.read_text()))
    (tmp_path / "paper_elsewhere" / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    found = []
    for path in FILES:
        names = path.relative_to(PACKAGE / "claims").with_suffix("").parts
        module = importlib.import_module(".".join(("paper_elsewhere", *names)))
        found += [(claim.id, claim.horizon) for claim in getattr(module, "CLAIMS", ())]
    for name in [name for name in sys.modules if name.startswith("paper_elsewhere")]:
        monkeypatch.delitem(sys.modules, name)
    here = [(c.id, c.horizon) for c in all_claims() if c.measure.__module__.split(".")[2] in GROUPS]
    assert len(found) > 50
    assert sorted(found) == sorted(here)


def test_the_document_lists_the_public_modules():
    written = (PACKAGE.parent / "docs" / "from_outside.md").read_text()
    for name, meaning in MODULES.items():
        assert f"| `mrpverify.{name}` | {meaning} |" in written
        assert meaning.startswith("every module") == (name in WHOLE)
