"""The paper's claims, those of real images and the data laws are written with public names alone.

As if they came from outside: copied into another distribution they are the same.
"""

import ast
import importlib
import inspect
import shutil
import sys
from pathlib import Path

import pytest
import torch

import mrpverify
from mrpverify import _HOMES, MODULES, NAMES
from mrpverify.claims.registry import all_claims
from mrpverify.imperfect.law import draw
from mrpverify.parameters import changed

PACKAGE = Path(mrpverify.__file__).parent
GROUPS = (
    "assumptions", "theorem1", "theorem2", "supervised", "comparison", "laws", "explanation",
    "scaling", "dominoes", "images",
)  # fmt: skip
BESIDE = ("dominoes", "imperfect", "images")
"""Data laws, and networks on real images; the groups of the same name may import them."""
COMMAND = ("images/__main__.py", "images/fetching.py")
"""``mrpverify images``, which is a part of the one command."""
WHOLE = ("theory", "objectives", "observe", "judge", "images.learn")
FOLDERS = (*(f"claims/{group}" for group in GROUPS), *BESIDE)
FILES = [
    path
    for folder in FOLDERS
    for path in sorted((PACKAGE / folder).rglob("*.py"))
    if path.relative_to(PACKAGE).as_posix() not in COMMAND
]


def is_module(names):
    path = PACKAGE.joinpath(*names)
    return path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()


def absolute(node, path):
    """Names below the package of what a relative import is from."""
    here = path.relative_to(PACKAGE).parts[:-1]
    above = here[: len(here) - node.level + 1]
    return (*above, *filter(None, (node.module or "").split(".")))


def imported(path):
    """(module below the package, name in it or None) of every import of this package."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = absolute(node, path)
            for alias in node.names:
                whole = (*base, alias.name)
                yield (".".join(whole), None) if is_module(whole) else (".".join(base), alias.name)


def is_paper(names):
    """Whether a module belongs to a group of claims of this package."""
    return names[0] == "claims" and names[1:] and names[1] in GROUPS


def is_own(names, path):
    """Whether a file may import a module because it comes along: one of its group or its law."""
    own = path.relative_to(PACKAGE).parts
    group = own[1] if own[0] == "claims" else own[0]
    return (names[0] in BESIDE and names[0] == group) or (own[0] == "claims" and is_paper(names))


def is_public(module, name):
    inside = any(module == whole or module.startswith(f"{whole}.") for whole in WHOLE)
    return (
        module in MODULES
        or f"{module}.{name}" in NAMES
        or name in _HOMES.get(module, ())
        or (inside and not module.endswith(".gradient"))
    )


def faults(path):
    return [
        f"{module}{'.' + name if name else ''}"
        for module, name in imported(path)
        if "._" in f".{module}.{name}"
        or not (is_own(module.split("."), path) or is_public(module, name))
    ]


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PACKAGE)))
def test_a_file_imports_public_names_alone(path):
    """What is public stands in ``mrpverify.MODULES`` and ``NAMES``, and in docs/from_outside.md."""
    assert not faults(path)
    assert "import mrpverify" not in path.read_text()


@pytest.mark.parametrize(
    ("line", "seen"),
    [
        ("from ...records.reservations import Holder", "records.reservations.Holder"),
        ("from ...records.collect import Machine, train", "records.collect.train"),
        ("from ..evaluate import evaluate", "claims.evaluate.evaluate"),
        ("from ...judge.numbers import _spread", "judge.numbers._spread"),
        ("from ...objectives.mae import gradient", "objectives.mae.gradient"),
        ("from ...simulate import sample", "simulate.sample"),
        ("from ...simulate.data_law import DataLaw, law_of", "simulate.data_law.law_of"),
        ("from ...images.resnet50 import class_names", "images.resnet50.class_names"),
        ("from ...dominoes.draw import draw", "dominoes.draw.draw"),
    ],
)
def test_the_search_sees_what_is_not_public(line, seen, tmp_path, monkeypatch):
    file = PACKAGE / "claims" / "laws" / "nothing.py"
    monkeypatch.setattr(Path, "read_text", lambda self: line)
    assert faults(file) == [seen]


def test_a_law_does_not_know_the_claims_about_it(monkeypatch):
    monkeypatch.setattr(Path, "read_text", lambda self: "from ..claims.dominoes import arms")
    assert faults(PACKAGE / "dominoes" / "nothing.py") == ["claims.dominoes.arms"]


def test_nothing_below_the_claims_imports_one_of_the_paper():
    """The figures show them; the house that judges them knows none by name."""
    others = [p for p in sorted(PACKAGE.rglob("*.py")) if p not in FILES]
    found = {
        path.relative_to(PACKAGE).parts[0]
        for path in others
        for module, _ in imported(path)
        if is_paper(module.split("."))
    }
    assert found == {"figures"}


class Elsewhere(ast.NodeTransformer):
    """Makes a file what it would be in another distribution: what comes along stays relative."""

    def __init__(self, path):
        self.path = path

    def visit_ImportFrom(self, node):
        if not node.level:
            return node
        base = absolute(node, self.path)
        return [self.one(node, base, alias) for alias in node.names]

    def one(self, node, base, alias):
        module = ".".join(base)
        if (base and is_own(base, self.path)) or is_own((*base, alias.name), self.path):
            return ast.ImportFrom(node.module, [alias], node.level)
        top = module not in MODULES and alias.name in _HOMES.get(module, ())
        home = "mrpverify" if top or not module else f"mrpverify.{module}"
        return ast.ImportFrom(home, [alias], 0)


@pytest.fixture
def elsewhere(tmp_path, monkeypatch):
    """A package with copies of all these files, by name."""
    root = tmp_path / "paper_elsewhere"
    for folder in FOLDERS:
        shutil.copytree(PACKAGE / folder, root / folder, ignore=shutil.ignore_patterns("*.pyc"))
    for path in FILES:
        tree = ast.fix_missing_locations(Elsewhere(path).visit(ast.parse(path.read_text())))
        (root / path.relative_to(PACKAGE)).write_text(ast.unparse(tree))
    for folder in (root, root / "claims"):
        (folder / "__init__.py").write_text("")
    monkeypatch.syspath_prepend(str(tmp_path))
    yield lambda name: importlib.import_module(f"paper_elsewhere.{name}")
    for name in [name for name in sys.modules if name.startswith("paper_elsewhere")]:
        monkeypatch.delitem(sys.modules, name)


def test_they_are_the_same_claims_in_another_distribution(elsewhere):
    found = []
    for path in FILES:
        module = elsewhere(".".join(path.relative_to(PACKAGE).with_suffix("").parts))
        found += [(claim.id, claim.horizon) for claim in getattr(module, "CLAIMS", ())]
    here = [(c.id, c.horizon) for c in all_claims() if c.measure.__module__.split(".")[2] in GROUPS]
    assert len(found) > 60
    assert sorted(found) == sorted(here)
    transformer = sys.modules["paper_elsewhere.claims.dominoes.transformer"]
    assert transformer.collect.__module__.startswith("paper_elsewhere.dominoes.")


def test_a_law_draws_the_same_in_another_distribution(elsewhere):
    law = elsewhere("imperfect.law")
    assert inspect.getfile(law.draw) != inspect.getfile(draw)
    regime = changed(mrpverify.regime("mae"), law="imperfect", images=20, faintness=0.5)
    own, copied = (one(regime, "elsewhere", 0, "data") for one in (draw, law.draw))
    assert torch.equal(own.patches, copied.patches)
    assert law.LAW.name == "imperfect"


def test_the_document_lists_the_public_modules_and_names():
    written = (PACKAGE.parent / "docs" / "from_outside.md").read_text()
    for name, meaning in {**MODULES, **NAMES}.items():
        assert f"| `mrpverify.{name}` | {meaning} |" in written
        assert meaning.startswith("every module") == (name in WHOLE)
    for name in NAMES:
        module, _, own = name.rpartition(".")
        assert module not in MODULES
        assert hasattr(importlib.import_module(f"mrpverify.{module}"), own)
