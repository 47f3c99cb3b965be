"""Results first: stored records of checks, kept small, as the tables of README and docs/results.md.

Every number of the tables is one of a record; nothing is known here but how to say it.
"""

from __future__ import annotations

import itertools
import shlex
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

from ..claims.registry import all_claims
from ..judge.verdicts import Verdict
from ..records.atomic import replace_whole
from .glance import at_a_glance, group_of
from .kept import Record, StoredRecordError, asked, changes
from .outcome import where
from .seeds_used import seeds_used
from .verifying import DAMAGED

BEGIN, END = "<!-- results: begin (mrpverify results) -->", "<!-- results: end -->"
"""What stands around the table in README."""

REFEREE = {
    Verdict.SUPPORTED: "reproduced in the stated regime",
    Verdict.REFUTED: "fails in this regime",
    Verdict.INCONCLUSIVE: "not decided by these seeds",
    Verdict.UNINFORMATIVE: "not tested: a control that must fail passed",
    Verdict.OUT_OF_REGIME: "the numbers are those of a regime outside the stated one",
    Verdict.ERROR: "not measured: the check broke",
}
"""What a referee would write about a verdict."""

GROUPS = ("assumptions", "theorem1", "theorem2", "supervised", "comparison", "explanation")
OWN_REGIMES = {
    "laws": "docs/laws.md", "scaling": "docs/scaling.md", "dominoes": "docs/dominoes.md",
    "encodings": "docs/dominoes.md", "transformer": "docs/dominoes.md",
    "further": "docs/scaling.md", "images": "docs/images.md",
}  # fmt: skip
"""Groups whose claims bring their regimes along, and the page that says which."""
VARIED = "explanation"
"""The group whose claims change the preset's regime."""
NOT_REPRODUCED = (
    ("ImageNet and VOC accuracies", "the data sets and their training are beyond this project"),
    ("ResNet50 pretrained 300 epochs and fine-tuned 100", "needs ImageNet and many GPUs"),
)

BADGES = (
    "In the words of the ACM's artifact badges (version 1.1): what is SUPPORTED would be *Results "
    "Reproduced*, found again without the authors' artifacts; REFUTED is not; INCONCLUSIVE and "
    "UNINFORMATIVE are neither. This software aims at *Artifacts Evaluated: Functional* and "
    "*Reusable* (`mrpverify archive`, `check --verify`). No badge has been awarded: nobody from "
    "outside has reviewed it."
)
"""What the verdicts and this software are, to somebody who knows badges."""


def write_page(path: Path, text: str) -> None:
    """Write a document, whole or not at all; raises OSError."""
    replace_whole(path, text.encode())


def made_of(make: Callable[[Sequence[Record]], str], records: Mapping[str, Record]) -> str:
    """A page of records by file name; raises StoredRecordError naming one that it cannot show."""
    try:
        return make(list(records.values()))
    except StoredRecordError:
        raise
    except DAMAGED:
        for name, record in records.items():
            check_shown(name, partial(make, [record]))
        raise


def check_shown(name: str, make: Callable[[], str]) -> None:
    """Raise StoredRecordError, by its name, for a stored record that holds what no check writes.

    One that only lacks what is asked for is none.
    """
    try:
        make()
    except StoredRecordError:
        return
    except DAMAGED as error:
        raise StoredRecordError(
            f"docs/results/{name}: cannot be shown ({error!r}); make it again, or take it out."
        ) from None


def summary_table(records: Sequence[Record]) -> str:
    """The tables of README: a row for every group, then one for every claim and framework."""
    rows: dict[tuple[str, str, str], list[tuple[Record, Record]]] = {}
    for record, claim in claims_of(records):
        key = (claim["id"], claim["framework"] or "real images", claim["horizon"])
        rows.setdefault(key, []).append((record, claim))
    head = ("statement", "framework", "verdict", "number [90 % interval]", "regime",
            "seeds (photos) used", "minutes", "command")  # fmt: skip
    made = table(
        head,
        [_summary_row(key, own) for key, own in rows.items()]
        + [(f"group `{group}`", "", "not run", "", "", "", "", f"`mrpverify check {group}`")
           for group in absent(records)],
    )  # fmt: skip
    pairs = claims_of(records)
    every = (
        f"{len(pairs)} verdicts (claim x framework x horizon x salt) at a glance; each of them, "
        "with its number, interval, regime, seeds and minutes, in the table that unfolds below."
    )
    # Longer than the rest of README; by the attribute the site reads the table inside.
    folded = (
        '<details markdown="1">\n'
        f"<summary>Every verdict with its number ({len(rows)} rows)</summary>",
        made,
        "</details>",
    )
    return "\n\n".join((every, table(*at_a_glance(pairs)), *folded, _legend(records)))


def absent(records: Sequence[Record]) -> list[str]:
    """Groups of `all` that no record is about."""
    there = {group_of(claim) for _, claim in claims_of(records)}
    return [group for group in GROUPS if group not in there]


def unrecorded(records: Sequence[Record]) -> list[str]:
    """Claims of the package that no record is about, each once."""
    there = {claim["id"] for _, claim in claims_of(records)}
    return list(dict.fromkeys(claim.id for claim in all_claims() if claim.id not in there))


def _groups(records: Sequence[Record]) -> list[str]:
    """Groups that records are about, in their order."""
    return list(dict.fromkeys(group_of(c) for _, c in claims_of(records)))


def results_page(records: Sequence[Record]) -> str:
    """docs/results.md: every claim, framework and salt, and what was not reproduced."""
    rows = [
        (
            f"{claim['id']}{at(claim['horizon'])}: {claim['statement']}",
            claim["framework"] or "real images", f"**{claim['verdict']}**", _sentence(claim),
            _number(claim), _aim(claim), seeds_used(claim, record["seeds"]),
            " ".join((record["salt"], *itertools.chain(*changes(record)))),
        )
        for record, claim in claims_of(records)
    ]  # fmt: skip
    runs = [
        (
            f"`{shlex.join(r['command'])}`",
            minutes(r),
            r["device"],
            r["mrpverify"],
            r.get("date", ""),
        )
        for r in records
    ]
    head = ("statement", "framework", "verdict", "a referee would write", "number", "needed",
            "seeds (photos) used", "salt")  # fmt: skip
    return "\n\n".join(
        (
            "# Results",
            "A *replication* in the words of ReScience: the claims of the paper, checked by "
            "software of its own. Made from the records in `docs/results/` by `mrpverify "
            "results`; refuted and undecided claims stand among the others.",
            BADGES,
            table(head, rows),
            "Without a stored record, so without a row: "
            + (", ".join(unrecorded(records)) or "none")
            + ". What documents say of these rests on runs whose records were not kept.",
            "## Runs",
            "Minutes are those of the whole command, on a machine that did other work beside.",
            table(("command", "minutes", "device", "version", "date"), runs),
            "## Not reproduced",
            table(("result of the paper", "reason"), NOT_REPRODUCED),
            "## To make this page again",
            f"```bash\nfor s in a b c; do for g in {' '.join(_groups(records))}; do\n"
            "  python -m mrpverify.check $g --salt $s --json $g-$s.json --quiet"
            "\ndone; done\npython -m mrpverify results *-[abc].json\n```",
        )
    ) + "\n"  # fmt: skip


def with_table(readme: str, table: str) -> str:
    """README with the table between its markers; raises StoredRecordError where they lack."""
    before, begin, rest = readme.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise StoredRecordError(f"README.md lacks the markers {BEGIN} and {END}.")
    return f"{before}{BEGIN}\n{table}\n{END}{after}"


def claims_of(records: Sequence[Record]) -> list[tuple[Record, Record]]:
    """Every claim of every record, in the order of the groups, then of the records; by salt."""
    records = sorted(records, key=lambda record: str(record["salt"]))
    pairs = [(record, claim) for record in records for claim in record["claims"]]
    order = {group: place for place, group in enumerate(GROUPS)}
    return sorted(pairs, key=lambda p: order.get(group_of(p[1]), len(order)))


def _summary_row(key: tuple[str, str, str], own: Sequence[tuple[Record, Record]]) -> Sequence[Any]:
    """One row of README; where salts differ, each says its own."""
    salts, claims = [record["salt"] for record, _ in own], [claim for _, claim in own]
    return (
        f"{key[0]}{at(key[2])}: {claims[0]['statement']}", key[1],
        by_salt(salts, [f"**{claim['verdict']}**" for claim in claims]),
        grouped(salts, [_number(claim) for claim in claims]),
        _regime(*own[0]),
        by_salt(salts, [seeds_used(claim, record["seeds"]) for record, claim in own]),
        by_salt(salts, [minutes(record) for record, _ in own]),
        f"`mrpverify check {key[0]}`",
    )  # fmt: skip


def _regime(record: Record, claim: Record) -> str:
    """The preset that a claim was asked in, or the page that says what else."""
    group = group_of(claim)
    if group in OWN_REGIMES:
        return f"[own]({OWN_REGIMES[group]})"
    preset = dict(asked(record)[0]).get("--preset", "quick")
    return f"[from {preset}](docs/explanation.md)" if group == VARIED else preset


def _legend(records: Sequence[Record]) -> str:
    """What the table's letters and words stand for, with the regimes that were asked."""
    regimes: dict[str, None] = {}
    for record, _ in claims_of(records):
        regimes |= dict.fromkeys(where(record))
    return (
        "Letters before a colon are salts: with each everything is drawn anew. Minutes are "
        "those of the record's whole command, which answers for other claims too "
        "([status](docs/status.md)). Regime: the preset; from it, with what the statement changes; "
        "or the claim's own." + "".join(f"\n- {line}" for line in regimes)
    )


def by_salt(salts: Sequence[str], values: Sequence[str]) -> str:
    """One value where all salts have it, else that of each."""
    return values[0] if len(set(values)) == 1 else grouped(salts, values)


def grouped(salts: Sequence[str], values: Sequence[str]) -> str:
    """Every value behind the salts that have it: `a, b: 1; c: 0.9`."""
    having: dict[str, list[str]] = {}
    for salt, value in zip(salts, values, strict=True):
        having.setdefault(value, []).append(str(salt))
    return "; ".join(f"{', '.join(some)}: {value}" for value, some in having.items())


def minutes(record: Record) -> str:
    """What a record's command took."""
    return f"{record['seconds'] / 60:.1f}"


def _sentence(claim: Record) -> str:
    """What a referee would write, with the conditions that do not hold."""
    words = REFEREE[Verdict(claim["verdict"])]
    if not claim["violated"]:
        return words
    if claim["verdict"] == Verdict.OUT_OF_REGIME and claim["measured"] == Verdict.SUPPORTED:
        words = "holds outside the stated regime"
    return f"{words} (violated: {', '.join(c['id'] for c in claim['violated'])})"


def _number(claim: Record) -> str:
    """The value with its interval; a count where it is one."""
    low, high = (_short(end) for end in claim["interval"])
    count = f" ({claim['successes']}/{claim['trials']})" if claim["trials"] else ""
    return f"{_short(claim['value'])}{count} [{low}, {high}]"


def _aim(claim: Record) -> str:
    """What the interval is held against."""
    if claim["band"] is None:
        return f"> {_short(claim['threshold'])}"
    return f"in [{', '.join(_short(end) for end in claim['band'])}]"


def _short(value: float | None) -> str:
    """A number to three digits, or a dash where there is none."""
    return "-" if value is None else f"{value:.3g}"


def at(horizon: str) -> str:
    """When a claim is judged, in brackets."""
    return "" if horizon == "none" else f" ({horizon})"


def table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """A Markdown table; a bar within a cell is escaped."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(
        "| " + " | ".join(str(cell).replace("|", "\\|") for cell in line) + " |" for line in lines
    )
