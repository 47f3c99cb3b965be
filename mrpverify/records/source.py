"""The part of a record's address that stands for the code it was made by."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable, Iterator
from pathlib import Path


def source_digest(files: Iterable[Path]) -> str:
    """SHA-256 of the syntax trees of source files: layout, comments and docstrings do not count."""
    digest = hashlib.sha256()
    for path in sorted(files):
        digest.update(ast.dump(_WithoutTexts().visit(_tree(path))).encode())
    return digest.hexdigest()


def imported_files(entry: Path) -> set[Path]:
    """A module's file and those of its package that it imports, itself or through others.

    Inside the package imports are relative; what no import reaches cannot change a number.
    """
    found: set[Path] = set()
    waiting = [entry]
    while waiting:
        path = waiting.pop()
        if path not in found:
            found.add(path)
            waiting += _imports(path)
    return found


def _imports(path: Path) -> Iterator[Path]:
    """Files that the relative imports of a file name: modules, and packages by their __init__.

    That of the package itself only gathers public names.
    """
    for node in ast.walk(_tree(path)):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = path.parents[node.level - 1].joinpath(*(node.module or "").split("."))
            package = [base] if node.module else []
            for named in (*package, *(base / alias.name for alias in node.names)):
                files = (named.with_suffix(".py"), named / "__init__.py")
                yield from (file for file in files if file.is_file())


def _tree(path: Path) -> ast.Module:
    """The syntax tree of a file."""
    return ast.parse(path.read_text(encoding="utf-8"))


class _WithoutTexts(ast.NodeTransformer):
    """Drops strings that stand alone: docstrings."""

    def visit_Expr(self, node: ast.Expr) -> ast.Expr | None:
        """Keep an expression unless it is a bare string."""
        bare = isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        return None if bare else node
