"""Code in the documents: fenced blocks, commands in them and in running text."""

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from markdown_it import MarkdownIt

ROOT = Path(__file__).parent.parent
DOCUMENTS = (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))
OURS = re.compile(r"^(?:\.venv/bin/)?(?:mrpverify|python -m mrpverify(?:\.\w+)?)(?:\s|$)")
PLACEHOLDER = re.compile(r"\b(?:NAME|FILE|DIR|ZIP|RECORD|PLAN|CLAIM|FOLDER|ARCHIVE)\b|\.\.\.")


@dataclass(frozen=True)
class Block:
    """A fenced block of a document."""

    document: Path
    line: int
    language: str
    text: str

    @property
    def id(self) -> str:
        """Where it stands."""
        return f"{self.document.relative_to(ROOT)}:{self.line}"


def blocks(*languages: str) -> list[Block]:
    """Fenced blocks of all documents in these languages, or in any."""
    found = []
    for document in DOCUMENTS:
        for token in MarkdownIt().parse(document.read_text(encoding="utf-8")):
            if token.type == "fence" and (not languages or token.info in languages):
                line = token.map[0] + 1 if token.map else 0
                found.append(Block(document, line, token.info, token.content))
    return found


def commands() -> dict[str, str]:
    """Every command of ours in a shell block or in running text, with where it stands first."""
    found: dict[str, str] = {}
    for block in blocks("bash", "sh"):
        for line in shell_lines(block.text):
            found.setdefault(line, block.id)
    for document in DOCUMENTS:
        for line in _spans(document.read_text(encoding="utf-8")):
            found.setdefault(line, document.name)
    return found


def shell_lines(text: str) -> list[str]:
    """Commands of ours in a shell block, as words joined again; what a loop varies is left out."""
    joined = text.replace("\\\n", " ")
    lines = (shlex.join(shlex.split(line, comments=True)) for line in joined.splitlines() if line)
    parts = (part for line in lines for part in re.split(r" (?:&&|'&&'|;|';') ", line))
    return [part for part in parts if OURS.match(part) and "$" not in part]


def arguments(command: str) -> list[str]:
    """What the program `mrpverify` is given."""
    words = shlex.split(command)
    if words[0].endswith("mrpverify"):
        return words[1:]
    module = words[2].removeprefix("mrpverify").removeprefix(".")
    return [*([module] if module else []), *words[3:]]


def _spans(text: str) -> Iterator[str]:
    """Commands of ours in running text, but for those that hold a place to fill in."""
    prose = re.sub(r"```.*?```", "", text, flags=re.DOTALL)
    for span in re.findall(r"`([^`]+)`", prose):
        if OURS.match(span) and not PLACEHOLDER.search(span):
            yield " ".join(span.split())
