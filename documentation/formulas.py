"""Each formula beside the functions that compute it, and each function beside its formula.

Docstrings in ``mrpverify.theory`` and in the objectives' own theories name the laws (L4) and
sections (section 2) they compute; a function that names none computes what its module names.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

NAMED = re.compile(r"\bL\d+\b|\b[Ss]ections? \d+")
LAW = re.compile(r"^- (L\d+) ")
SECTION = re.compile(r"^## ((\d+)\. .*)")
NO_THEORY = ("__init__", "options", "gradient")
"""Modules of an objective's folder that derive nothing."""


@dataclass(frozen=True)
class Function:
    """A public function of the theory."""

    module: str
    """Below the package: ``theory.growth``, ``objectives.mae.theory``."""
    name: str
    summary: str
    formulas: tuple[str, ...]

    @property
    def link(self) -> str:
        """To its description."""
        return (
            f"[`{short(self.module)}.{self.name}`](theory.md#mrpverify.{self.module}.{self.name})"
        )


def functions(root: Path) -> list[Function]:
    """Public functions and classes of the theory, by module, then of the objectives' own."""
    package = root / "mrpverify"
    own = sorted(package.glob("objectives/*/*.py"))
    paths = [
        *sorted((package / "theory").glob("*.py")),
        *(p for p in own if p.stem not in NO_THEORY),
    ]
    return [f for path in paths for f in _in(path, path.relative_to(package))]


def short(module: str) -> str:
    """A module's name on the page: growth, mae.theory."""
    return module.partition(".")[2]


def formulas(root: Path) -> dict[str, str]:
    """Statement of every law and title of every section of docs/theory.md, by its name."""
    found: dict[str, str] = {}
    law = None
    for line in (root / "docs" / "theory.md").read_text(encoding="utf-8").splitlines():
        if section := SECTION.match(line):
            found[f"section {section[2]}"] = section[1]
        started = LAW.match(line)
        if started:
            law = started[1]
            found[law] = line[2:]
        elif law and line.startswith("  "):
            found[law] += f" {line.strip()}"
        else:
            law = None
    return found


def formulas_page(root: Path) -> str:
    """Laws and sections with the functions that compute them."""
    there = functions(root)
    about = (
        "Made from docs/theory.md and the docstrings of `mrpverify.theory`; "
        "[the functions](theory.md) lead back here."
    )
    parts = ["# Formulas and the functions that compute them", about]
    for name, statement in formulas(root).items():
        parts += [f"## {_heading(name)} {{ #{anchor(name)} }}", statement]
        if name.startswith("section"):
            parts[-1] = f"[{statement}](../theory.md#{_slug(statement)})"
            parts[-1] = parts[-1].replace(" [", " \\[").replace("]](", "\\]](")
        own = [f"- {f.link}: {f.summary}" for f in there if name in f.formulas]
        parts.append("\n".join(own) or "No function of its own: nothing but counting is needed.")
    return "\n\n".join(parts) + "\n"


def with_functions(theory: str) -> str:
    """docs/theory.md with a link from every law and section to the functions that compute it."""
    lines = []
    for line in theory.splitlines():
        if law := LAW.match(line):
            line = f"- [{law[1]}](made/formulas.md#{anchor(law[1])}) {line[law.end() :]}"
        lines.append(line)
        if section := SECTION.match(line):
            name = f"section {section[2]}"
            lines += ["", f"[Functions that compute it](made/formulas.md#{anchor(name)}).", ""]
    return "\n".join(lines) + "\n"


def theory_page(root: Path) -> str:
    """Every module of the theory, with links to its formulas, then what it holds."""
    parts = ["# The theory as code"]
    known = formulas(root)
    modules: dict[str, list[str]] = {}
    for function in functions(root):
        modules.setdefault(function.module, []).extend(function.formulas)
    for module, names in modules.items():
        links = [f"[{name}](formulas.md#{anchor(name)})" for name in dict.fromkeys(names)
                 if name in known]  # fmt: skip
        parts.append(f"## {short(module)}")
        if links:
            parts.append(f"Computes: {', '.join(links)}.")
        shown = "heading_level: 3\n      show_root_heading: false\n      show_root_toc_entry: false"
        parts.append(f"::: mrpverify.{module}\n    options:\n      {shown}")
    return "\n\n".join(parts) + "\n"


def anchor(name: str) -> str:
    """Where on the page of formulas a law or section stands."""
    return name.lower().replace(" ", "-")


def _slug(title: str) -> str:
    """The anchor of a heading, as Python-Markdown makes it."""
    return re.sub(r"[\s-]+", "-", re.sub(r"[^\w\s-]", "", title).strip().lower())


def _heading(name: str) -> str:
    """A law's or section's name as a heading."""
    return name.capitalize() if name.startswith("section") else name


def _in(path: Path, place: Path) -> Iterator[Function]:
    """Public functions and classes of a module, by its place below the package."""
    module = ".".join(place.with_suffix("").parts)
    tree = ast.parse(path.read_text(encoding="utf-8"))
    usual = _named(ast.get_docstring(tree))
    for node in tree.body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)) and not node.name.startswith("_"):
            text = ast.get_docstring(node) or ""
            summary = " ".join(text.partition("\n\n")[0].split())
            summary = summary.replace("[", "\\[")  # shapes are no links
            yield Function(module, node.name, summary, _named(text) or usual)


def _named(text: str | None) -> tuple[str, ...]:
    """Laws and sections that a docstring names, each once, in order."""
    found = (name.lower().replace("sections", "section") if name[0] in "sS" else name
             for name in NAMED.findall(text or ""))  # fmt: skip
    return tuple(dict.fromkeys(found))
