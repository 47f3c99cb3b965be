"""What is changed: every mutant of the package's numeric folders, and its application to a tree."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
ROOT = TESTS.parent
FOLDERS = ("theory", "objectives", "simulate", "observe", "judge", "claims")
KNOWN = TESTS / "mutants_known.txt"

COMPARE = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq}
ARITHMETIC = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult,
              ast.Pow: ast.Mult, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd}  # fmt: skip
NAMES = {"min": "max", "max": "min", "minimum": "maximum", "maximum": "minimum", "amax": "amin",
         "amin": "amax", "argmax": "argmin", "all": "any", "any": "all"}  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """One change: path below mrpverify/, position, and the text before and after."""

    module: str
    line: int
    column: int
    before: str
    after: str
    statement: range = field(default=range(0), compare=False)
    """Lines of the statement, none where it runs on import."""
    text: str = field(default="", compare=False)
    """The line, and at which of its characters."""

    @property
    def name(self) -> str:
        """Told by its text, not by its line, so that edits above do not rename it."""
        return f"{self.module}: {self.text}: {self.before} -> {self.after}"


def changes(node: ast.AST) -> Iterator[ast.AST]:
    """Changed copies of one node."""
    if isinstance(node, ast.Compare) and type(node.ops[0]) in COMPARE:
        yield ast.Compare(node.left, [COMPARE[type(node.ops[0])](), *node.ops[1:]],
                          node.comparators)  # fmt: skip
    elif isinstance(node, ast.BinOp) and type(node.op) in ARITHMETIC:
        yield ast.BinOp(node.left, ARITHMETIC[type(node.op)](), node.right)
    elif isinstance(node, ast.BoolOp):
        yield ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.Not | ast.Invert):
        yield node.operand
    elif isinstance(node, ast.Constant) and type(node.value) in (int, float):
        yield ast.Constant(
            node.value + 1 if isinstance(node.value, int) else 1.1 * node.value or 1.0
        )
    elif isinstance(node, ast.Attribute) and node.attr in NAMES:
        yield ast.Attribute(node.value, NAMES[node.attr], node.ctx)
    elif isinstance(node, ast.Name) and node.id in NAMES:
        yield ast.Name(NAMES[node.id], node.ctx)


def nodes(node: ast.AST) -> Iterator[ast.AST]:
    """All nodes that compute, in the order of the source."""
    yield from (child for child, _ in placed(node))


def placed(node: ast.AST, inside: range | None = None) -> Iterator[tuple[ast.AST, range]]:
    """The same with the lines of their statements; none for what runs on import."""
    if isinstance(node, ast.Raise | ast.JoinedStr | ast.Import | ast.ImportFrom):
        return
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list"):
            continue
        body = name == "body" and isinstance(node, ast.FunctionDef | ast.Lambda)
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                runs = inside if inside is not None else range(0) if body else None
                if runs is not None and isinstance(child, ast.stmt):
                    runs = lines_of(child)
                elif body and isinstance(node, ast.Lambda):
                    runs = range(node.lineno, node.end_lineno + 1)
                yield child, runs or range(0)
                yield from placed(child, runs)


def lines_of(statement: ast.stmt) -> range:
    """Lines of a statement without those of its body."""
    body = getattr(statement, "body", None)
    return range(statement.lineno, body[0].lineno if body else statement.end_lineno + 1)


def mutants_of(path: Path) -> Iterator[Mutant]:
    """All mutants of one module."""
    module, source = path.relative_to(ROOT / "mrpverify").as_posix(), path.read_text()
    for node, statement in placed(ast.parse(source)):
        if hasattr(node, "lineno"):
            line = source.splitlines()[node.lineno - 1]
            at = node.col_offset - (len(line) - len(line.lstrip()))
            for changed in changes(node):
                yield Mutant(module, node.lineno, node.col_offset, ast.unparse(node),
                             ast.unparse(changed), statement, f"{line.strip()} @{at}")  # fmt: skip


def every_mutant() -> list[Mutant]:
    """All mutants of the package's numeric folders."""
    paths = sorted(p for f in FOLDERS for p in (ROOT / "mrpverify" / f).rglob("*.py"))
    return [mutant for path in paths for mutant in mutants_of(path)]


def applied(text: str, mutant: Mutant) -> str:
    """The text of a module with the change."""
    for node in nodes(ast.parse(text)):
        where = getattr(node, "lineno", 0), getattr(node, "col_offset", 0)
        if where == (mutant.line, mutant.column) and ast.unparse(node) == mutant.before:
            lines = text.encode().splitlines(keepends=True)
            start = sum(map(len, lines[: node.lineno - 1])) + node.col_offset
            end = sum(map(len, lines[: node.end_lineno - 1])) + node.end_col_offset
            raw = text.encode()
            return (raw[:start] + f"({mutant.after})".encode() + raw[end:]).decode()
    raise ValueError(f"no such place: {mutant}")


def apply(mutant: Mutant, tree: Path) -> str:
    """Write the mutant into a copied tree; the text of the module before."""
    path = tree / "mrpverify" / mutant.module
    text = path.read_text()
    path.write_bytes(applied(text, mutant).encode())
    return text


def known_equivalents() -> dict[str, str]:
    """Name -> reason of the mutants that compute the same, or differ by what nobody asks for."""
    lines = [x for x in KNOWN.read_text().splitlines() if not x.startswith("#")]
    pairs = [line.rsplit("  # ", 1) for line in lines if "  # " in line]
    return {name.strip(): reason for name, reason in pairs}
