"""The part of a record's address that stands for the code it was made by."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable
from pathlib import Path


def source_digest(files: Iterable[Path]) -> str:
    """SHA-256 of the syntax trees of source files: layout, comments and docstrings do not count."""
    digest = hashlib.sha256()
    for path in sorted(files):
        tree = _WithoutTexts().visit(ast.parse(path.read_text(encoding="utf-8")))
        digest.update(ast.dump(tree).encode())
    return digest.hexdigest()


class _WithoutTexts(ast.NodeTransformer):
    """Drops strings that stand alone: docstrings."""

    def visit_Expr(self, node: ast.Expr) -> ast.Expr | None:
        """Keep an expression unless it is a bare string."""
        bare = isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
        return None if bare else node
