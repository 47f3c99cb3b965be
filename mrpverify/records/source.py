"""The part of a record's address that stands for the code it was made by."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path


def source_digest(files: Iterable[Path]) -> str:
    """SHA-256 of the syntax trees of source files: layout, comments and docstrings do not count."""
    digest = hashlib.sha256()
    for path in sorted(files):
        digest.update(_syntax(_text(path)))
    return digest.hexdigest()


def imported_files(*entries: Path) -> set[Path]:
    """The files of modules and those of their package that they import, also through others.

    Inside the package imports are relative; what no import reaches cannot change a number.
    """
    found: set[Path] = set()
    waiting = list(entries)
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
    for level, module, names in _relative_imports(_text(path)):
        base = path.parents[level - 1].joinpath(*module.split("."))
        package = [base] if module else []
        for named in (*package, *(base / name for name in names)):
            files = (named.with_suffix(".py"), named / "__init__.py")
            yield from (file for file in files if file.is_file())


def _text(path: Path) -> str:
    """What a file says now."""
    return path.read_text(encoding="utf-8")


@cache
def _relative_imports(text: str) -> tuple[tuple[int, str, tuple[str, ...]], ...]:
    """Level, module and names of the relative imports of a source text."""
    return tuple(
        (node.level, node.module or "", tuple(alias.name for alias in node.names))
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.ImportFrom) and node.level
    )


@cache
def _syntax(text: str) -> bytes:
    """The syntax tree of a source text without texts that stand alone, written out.

    Kept: claims that are locked together import the same hundred files.
    """
    return ast.dump(_WithoutTexts().visit(ast.parse(text))).encode()


class _WithoutTexts(ast.NodeTransformer):
    """Drops strings that stand alone: docstrings."""

    def visit_Expr(self, node: ast.Expr) -> ast.Expr | None:
        """Keep an expression unless it is a bare string."""
        bare = isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        return None if bare else node
