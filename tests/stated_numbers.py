"""Numbers that documents state, and whether a stored record holds them.

``python tests/stated_numbers.py`` prints, section by section, those that none does; ``--write``
brings the counts in docs/numbers.md up to date, which says of each section what they rest on. A
number counts as stated where it looks measured: a decimal, a percentage, a count out of a number, a
whole number with a unit, a factor or a share in words (`stated_quantities`); not a setting
(`sigma_0 = 0.05`), nothing in code, and nothing that a command writes from records.
"""

import csv
import json
import re
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

if __name__ == "__main__":  # a script sees its own folder alone
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.stated_quantities import holds, quantities

ROOT = Path(__file__).parent.parent
GENERATED = ("results.md", "status.md", "calibration.md", "numbers.md")
"""Pages that a command makes from records or draws, and the list of what has none."""
DOCUMENTS = (
    ROOT / "README.md",
    *(path for path in sorted((ROOT / "docs").glob("*.md")) if path.name not in GENERATED),
)
RECORDS = [json.loads(p.read_text()) for p in sorted((ROOT / "docs" / "results").glob("*.json"))]
LIST = ROOT / "docs" / "numbers.md"
CLAIMS = [claim for record in RECORDS for claim in record["claims"]]
SEEDS = {record["seeds"] for record in RECORDS}
SECONDS = {id(claim): record["seconds"] for record in RECORDS for claim in record["claims"]}
"""What the whole command of a claim's record took."""

WRITTEN = re.compile(r"<!-- (results|record): .*?<!-- (\1): end -->", re.DOTALL)
"""What `mrpverify results` writes from records."""
CODE = re.compile(r"```.*?```|`[^`\n]*`|\]\([^)\s]*\)|https?://\S+", re.DOTALL)
CODE_BLOCK = re.compile(r"^```.*?^```", re.DOTALL | re.MULTILINE)
SETTING = re.compile(r"[\w}|)*]\s*(?:<=|>=|<<|=|<|>|~|in \[)\s*-?$|\^\{?-?$")
STATED = re.compile(
    r"(?<![\w.^{/-])-?(?P<count>\d+ of (?:the )?\d+|\d+/\d+)(?![\w./])"
    r"|(?<![\w.^{/])-?(?P<number>\d+\.\d+(?:e-?\d+)?|\d+(?= %))(?![\w]|\.\d)"
)


@dataclass(frozen=True)
class Section:
    """What stands under a heading of the second level, or above the first one."""

    document: str
    title: str
    text: str


def sections() -> Iterator[Section]:
    """Every section of every document, in their order."""
    for document in DOCUMENTS:
        name = document.relative_to(ROOT).as_posix()
        text = CODE_BLOCK.sub("", WRITTEN.sub("", document.read_text(encoding="utf-8")))
        parts = re.split(r"^## +(.+)$", text, flags=re.MULTILINE)
        for title, content in zip(["", *parts[1::2]], parts[::2], strict=True):
            yield Section(name, title.strip(), content)


def blocks(section: Section) -> Iterator[str]:
    """Paragraphs, items of lists and rows of tables."""
    for part in re.split(r"\n\s*\n|\n(?=\s*[-*|] ?)|\n(?=\d+\. )", section.text):
        if part.strip(" |-:\n"):
            yield part


def stated(block: str) -> list[str]:
    """Numbers of a block that look measured."""
    text = CODE.sub(" ", block)
    return [
        found[0]
        for found in STATED.finditer(text)
        if not SETTING.search(text[: found.start()]) and not _is_fraction(found["count"])
    ]


def _is_fraction(count: str | None) -> bool:
    """Whether n/m is a number of the theory (1/2, 1/10) and no count of seeds or kernels."""
    low, slash, high = (count or "").partition("/")
    return bool(slash) and (low == "1" or int(high) < 4)


def unheld(section: Section) -> list[str]:
    """Numbers of a section that neither a record of a claim named beside them nor its curves hold.

    Curves are the CSV files of the figures that the section shows or links.
    """
    drawn = [x for path in _drawn(section.text) for x in of_csv(path)]
    found = []
    for block in blocks(section):
        there = [claim for claim in CLAIMS if _names(block, claim["id"])]
        leaves = [x for claim in there for x in leaves_of(claim)] + drawn
        counts = {pair for claim in there for pair in pairs(claim)}
        found += [number for number in stated(block) if not _holds(number, leaves, counts)]
        seconds = [SECONDS[id(claim)] for claim in there if id(claim) in SECONDS]
        drawn_counts = SEEDS | {int(x) for x in leaves if x == int(x)}
        found += [q for q in quantities(CODE.sub(" ", block))
                  if not holds(q, seconds, drawn_counts, drawn)]  # fmt: skip
    return found


def _names(text: str, claim: str) -> bool:
    """Whether a text names a claim, and not one whose id only begins or ends like it."""
    if claim not in text:  # nearly always so, and cheap
        return False
    return re.search(rf"(?<![\w.]){re.escape(claim)}(?![\w-]|\.\w)", text) is not None


def _drawn(text: str) -> list[Path]:
    """Numbers beside the figures of a section."""
    names = re.findall(r"(paper_figures/drawn|benchmarks)/(\w+)\.\w+\)", text)
    paths = {ROOT / folder / f"{name}.csv" for folder, name in names}
    return sorted(path for path in paths if path.exists())


def of_csv(path: Path) -> Iterator[float]:
    """Every number of a table."""
    with path.open(encoding="utf-8") as file:
        for row in csv.reader(file):
            for cell in row:
                try:
                    yield float(cell)
                except ValueError:
                    continue


def leaves_of(node: Any) -> Iterator[float]:
    """Every number of a claim of a record, wherever it stands."""
    if isinstance(node, bool) or node is None:
        return
    if isinstance(node, int | float):
        yield float(node)
    elif isinstance(node, str):
        if re.fullmatch(r"-?\d+\.\d+", node):
            yield float(node)
    else:
        for child in node.values() if isinstance(node, Mapping) else node:
            yield from leaves_of(child)


def pairs(claim: Mapping[str, Any]) -> Iterator[tuple[int, int]]:
    """Seeds that say yes, and how many were asked, of everything that counts seeds."""
    stack: list[Any] = [claim]
    while stack:
        node = stack.pop()
        if isinstance(node, Mapping):
            if node.get("trials"):
                yield node["successes"], node["trials"]
            if isinstance(node.get("outcomes"), list):
                yield sum(x is True for x in node["outcomes"]), len(node["outcomes"])
            stack += node.values()
        elif isinstance(node, list):
            stack += node


def _holds(number: str, leaves: list[float], counts: set[tuple[int, int]]) -> bool:
    """Whether a number, to the digits it is written with, is one of these."""
    if " of " in number or "/" in number:
        most = tuple(int(x) for x in re.findall(r"\d+", number))
        return most in counts
    digits = len(number.partition(".")[2]) if "e" not in number else 0
    wanted = float(number)
    if "." not in number:  # a percentage
        return any(round(100 * x) == wanted for x in leaves)
    if "e" in number:
        return any(f"{x:.2g}" == f"{wanted:.2g}" for x in leaves)
    return any(abs(round(x, digits) - wanted) < 10.0 ** -(digits + 3) for x in leaves)


def without_record() -> dict[tuple[str, str], list[str]]:
    """(document, section) -> its numbers that no record holds, of those that have any."""
    found = {(part.document, part.title): unheld(part) for part in sections()}
    return {key: numbers for key, numbers in found.items() if numbers}


def listed() -> dict[tuple[str, str], tuple[int, str, str]]:
    """(document, section) -> how many numbers have no record, of what kind, why; as listed."""
    rows = re.findall(r"^\| (\S+\.md) \| (.*?) \| (\d+) \| (\w+) \| (.*?) \|$",
                      LIST.read_text(encoding="utf-8"), re.MULTILINE)  # fmt: skip
    return {
        (document, "" if title == TOP else title): (int(count), kind, why)
        for document, title, count, kind, why in rows
    }


TOP = "(top)"
"""What stands above the first heading of the second level."""


def table() -> str:
    """The rows of docs/numbers.md with today's counts; what is new is of the kind `unexplained`."""
    old = listed()
    return "\n".join(
        f"| {document} | {title or TOP} | {len(numbers)} | {kind} | {why} |"
        for (document, title), numbers in without_record().items()
        for _, kind, why in [old.get((document, title), (0, "unexplained", "?"))]
    )


def write() -> None:
    """Bring the table of docs/numbers.md up to date."""
    text = LIST.read_text(encoding="utf-8")
    head, rule, rest = text.partition("| --- | --- | --- | --- | --- |\n")
    after = re.sub(r"\A(\|.*\n)*", "", rest)
    LIST.write_text(f"{head}{rule}{table()}\n{after}", encoding="utf-8")


if __name__ == "__main__":
    if sys.argv[1:] == ["--write"]:
        write()
    for (document, title), numbers in without_record().items():
        print(f"{len(numbers):4d}  {document} § {title or TOP}: {', '.join(numbers[:12])}")
