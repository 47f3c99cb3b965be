"""Put the sources of the site together: ``python documentation/stage.py FOLDER``.

FOLDER then holds zensical.toml and, under source/, what the repository holds where its links expect
it, with the pages that are made from the code: command line, Python API, formulas. Then
``zensical build --strict --config-file FOLDER/zensical.toml`` writes FOLDER/site; a broken link or
anchor is an error.
"""

import re
import shutil
import sys
from pathlib import Path

from formulas import formulas_page, theory_page, with_functions
from python_api import api_page
from typer.cli import get_docs_for_click
from typer.main import get_command

ROOT = Path(__file__).parent.parent
FILES = ("README.md", "SECURITY.md", "CHANGELOG.md", "CITATION.cff", "LICENSE")
FOLDERS = ("docs", "paper_figures/drawn", "benchmarks", "notebooks", "experiments")
KINDS = {".md", ".svg", ".png", ".json", ".csv", ".ipynb"}
"""What of the folders a page may show or lead to."""
TAG = re.compile(r"<(?!!--|/?(details|summary)\b)")
"""Less-than signs that open neither a comment nor what unfolds: `<w, x>` is no tag."""


def stage(folder: Path) -> None:
    """Write the sources of the site; raises OSError where that fails."""
    source = folder / "source"
    shutil.rmtree(source, ignore_errors=True)
    for path in (ROOT / name for name in FILES):
        _copy(path, source / path.name)
    for path in (path for name in FOLDERS for path in sorted((ROOT / name).rglob("*"))):
        if path.suffix in KINDS and path.is_file():
            _copy(path, source / path.relative_to(ROOT))
    theory = (ROOT / "docs" / "theory.md").read_text(encoding="utf-8")
    (source / "docs" / "theory.md").write_text(markdown(with_functions(theory)), encoding="utf-8")
    made = source / "docs" / "made"
    made.mkdir(parents=True)
    (made / "commands.md").write_text(commands_page(), encoding="utf-8")
    (made / "api.md").write_text(api_page(), encoding="utf-8")
    (made / "formulas.md").write_text(markdown(formulas_page(ROOT)), encoding="utf-8")
    (made / "theory.md").write_text(theory_page(ROOT), encoding="utf-8")
    config = (ROOT / "documentation" / "zensical.toml").read_text(encoding="utf-8")
    (folder / "zensical.toml").write_text(
        config.replace("PACKAGE_PATH", ROOT.as_posix()), encoding="utf-8"
    )


def missing(source: Path) -> list[str]:
    """Links to files that are not there; what leads to pages the build itself looks at too."""
    found = []
    for page in sorted(source.rglob("*.md")):
        text = re.sub(r"```.*?```|`[^`]*`", "", page.read_text(encoding="utf-8"), flags=re.DOTALL)
        for target in re.findall(r"\]\(([^)\s]+)\)", text):
            path = target.partition("#")[0]
            if path and "://" not in path and not (page.parent / path).exists():
                found.append(f"{page.relative_to(source)}: {target}")
    return found


def commands_page() -> str:
    """Every command with its options, as ``--help`` has them."""
    from mrpverify.__main__ import app  # after --help of this script, were there one

    command = get_command(app)
    context = command.make_context("mrpverify", [], resilient_parsing=True)
    page = get_docs_for_click(obj=command, ctx=context, name="mrpverify", title="Commands")
    return markdown(page)


def markdown(text: str) -> str:
    """CommonMark as the repository shows it, for a reader that wants more blank lines.

    A list or table may follow a paragraph there, and most less-than signs are no tags.
    """
    lines: list[str] = []
    fenced, listed = False, False
    for line in text.splitlines():
        before = lines[-1] if lines else ""
        if line.lstrip().startswith("```"):
            fenced = not fenced
        elif not fenced:
            item = re.match(r"([-*]|\d+\.) ", line) is not None
            new = (item and not listed) or (line[:1] == "|") != (before[:1] == "|")
            if new and before.strip() and line.strip():
                lines.append("")
            listed = (listed or item) and bool(line.strip())
            line = _without_tags(line)
        lines.append(line)
    return "\n".join(lines) + "\n"


def _without_tags(line: str) -> str:
    """A line whose less-than signs are signs, but in code, comments and what unfolds."""
    parts = re.split(r"(`[^`]*`)", line)
    return "".join(part if part.startswith("`") else TAG.sub("&lt;", part) for part in parts)


def _copy(path: Path, to: Path) -> None:
    """A file; a page in the words of the reader."""
    to.parent.mkdir(parents=True, exist_ok=True)
    if path.suffix == ".md":
        to.write_text(markdown(path.read_text(encoding="utf-8")), encoding="utf-8")
    else:
        shutil.copyfile(path, to)


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit("usage: python documentation/stage.py FOLDER")
    stage(Path(sys.argv[1]).resolve())
    lost = missing(Path(sys.argv[1]) / "source")
    sys.exit("\n".join(["links that lead nowhere:", *lost]) if lost else 0)
