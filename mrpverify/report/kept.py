"""Records as they are kept: what of a check's record, by which name, each in its own place."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ..claims.registry import all_claims
from ..records.atomic import replace_together
from .again import RecordError, content_of
from .glance import group_of
from .run import options_and_names, words_of
from .verifying import DAMAGED, check_followed, followed

OF_RECORD = (
    "mrpverify", "simulation", "commit", "command", "regime", "config_hash", "seeds", "salt",
    "device", "versions", "seconds", "exit_code",
)  # fmt: skip
NEWER, NEWER_OF_CLAIM = ("data", "unheard", "date"), ("own_regime",)
"""What older records do not have, and records of which nothing can be said keep none of."""
OF_CLAIM = (
    "id", "name", "horizon", "role", "framework", "statement", "verdict", "measured", "statistic",
    "value", "interval", "threshold", "band", "successes", "trials", "outcomes", "violated",
)  # fmt: skip
OF_CONTROL = (
    "id", "expected", "measured", "value", "interval", "threshold", "band", "successes", "trials",
    "outcomes", "failed_as_it_should",
)  # fmt: skip
OF_DETAILS = (
    "sequential", "numbers", "parts", "differences", "over_seeds", "seeds_not_known",
)  # fmt: skip
"""What of the details a verdict is recomputed from."""
SHORT = 3000
"""Characters of JSON: details of a claim that are no longer are kept too, for prose to name."""
ACCURACIES = ("multi_view", "single_view")
"""What is kept of the accuracies of a leg."""

OPTION = "results"
"""Who reads a record, in what is said of it."""

Record = Mapping[str, Any]


class StoredRecordError(RecordError):
    """A file that is no record of a check, or a document that asks what no record says."""


def compact(path: Path) -> dict[str, Any]:
    """What the tables, and ``check --verify``, need of a record of ``check --json``.

    Raises RecordError for what is no such record, UnfoundedError for one whose verdicts do not
    follow from its numbers.
    """
    return _compact(followed(path, OPTION), path)


def _told(record: Record, keys: Sequence[str]) -> dict[str, Any]:
    """What a record says of the keys, where it says something."""
    return {key: record[key] for key in keys if record.get(key)}


def _compact(record: Record, path: Path) -> dict[str, Any]:
    """The same of a record that is read; raises StoredRecordError for one that holds too little."""
    try:
        kept = {key: record[key] for key in OF_RECORD}
        kept |= _told(record, NEWER)
        kept["claims"] = [
            _kept(claim, OF_CLAIM, SHORT)
            | _told(claim, NEWER_OF_CLAIM)
            | {"controls": [_kept(control, OF_CONTROL, 0) for control in claim["controls"]]}
            for claim in record["claims"]
        ]
    except KeyError as error:
        raise StoredRecordError(
            f"{OPTION} {path}: no record of a check, it lacks {error}."
        ) from None
    except DAMAGED as error:
        raise StoredRecordError(f"{OPTION} {path}: no record of a check ({error!r}).") from None
    return kept | {"command": _repeatable(kept["command"])}


def _kept(row: Record, keys: Sequence[str], short: int) -> dict[str, Any]:
    """What is kept of a claim or a control; of other details those that are short."""
    details = {
        key: value
        for key, value in row["details"].items()
        if key in OF_DETAILS or len(json.dumps(value)) <= short
    }
    legs = row["details"].get("accuracies")
    if isinstance(legs, Mapping):  # claims about real images tell rows, which are short
        details["accuracies"] = _accuracies(legs)
    return {key: row[key] for key in keys} | {"details": details}


def _accuracies(legs: Record) -> dict[str, dict[str, Any]]:
    """Of the accuracies of legs their means and intervals, without who confuses what."""
    return {
        leg: {kind: row[kind] for kind in ACCURACIES if kind in row} for leg, row in legs.items()
    }


def file_name(record: Record) -> str:
    """Name of a stored record: its groups, what of them was asked alone, in what, and its salt.

    A salt that no file can be named by, or that looks like more of what was asked, has a digest
    behind it: two salts have two names.
    """
    groups = dict.fromkeys(group_of(claim) for claim in record["claims"])
    _, names = asked(record)
    alone = (name for name in names if name not in (*groups, "all"))
    changed = (text for _, text in (*changes(record), *_of_some_frameworks(record)))
    parts = [re.sub(r"[^\w.-]", "", name).strip(".") for name in (*groups, *alone, *changed)]
    salt = re.sub(r"[^\w.]", "_", record["salt"])
    if salt != record["salt"]:
        salt += "_" + hashlib.sha256(record["salt"].encode()).hexdigest()[:8]
    return f"{'-'.join(filter(None, parts))}-{salt}.json"


def asked(record: Record) -> tuple[list[tuple[str, str]], list[str]]:
    """Options and names of a record's command."""
    return options_and_names(words_of(record["command"])[1])


def changes(record: Record) -> list[tuple[str, str]]:
    """Options of a record's command by which its regimes are not those of preset quick."""
    options, _ = asked(record)
    return [
        (name, text)
        for name, text in options
        if name == "--set" or (name == "--preset" and text != "quick")
    ]


def as_usual(records: Mapping[str, Record]) -> dict[str, Record]:
    """Those in the regimes of preset quick, which all documents speak of that name no other."""
    return {name: record for name, record in records.items() if not changes(record)}


def _of_some_frameworks(record: Record) -> list[tuple[str, str]]:
    """The option by which a record has a claim in a part of its frameworks."""
    options, _ = asked(record)
    there = {(claim["id"], claim["framework"]) for claim in record["claims"]}
    ids = {id_ for id_, _ in there}
    all_there = all(
        (claim.id, framework) in there
        for claim in all_claims()
        if claim.id in ids
        for framework in claim.frameworks
    )
    return [] if all_there else [option for option in options if option[0] == "--framework"]


def stored(folder: Path) -> list[dict[str, Any]]:
    """The compact records of a folder, by name; raises RecordError, which names the file."""
    return list(stored_by_name(folder).values())


def stored_by_name(folder: Path) -> dict[str, dict[str, Any]]:
    """The same, by file name."""
    found: dict[str, dict[str, Any]] = {}
    for path in sorted(folder.glob("*.json")):
        found[path.name] = content_of(path, OPTION)
        _compact(found[path.name], path)
    return found


def with_new(
    before: Mapping[str, dict[str, Any]], new: Sequence[tuple[Path, dict[str, Any]]]
) -> dict[str, dict[str, Any]]:
    """Stored records by file name with new ones among them, each in the place of its earlier self.

    Raises StoredRecordError where one would take another's place: a second new one, or another
    salt; and where one answers a question that another one of preset quick answers, too.
    """
    found, taken = dict(before), dict[str, Path]()
    for path, record in new:
        name = file_name(record)
        if name in taken:
            raise StoredRecordError(
                f"{OPTION} {path}: is kept as {name}, and so is {taken[name]}; name one of them."
            )
        if name in before and before[name]["salt"] != record["salt"]:
            raise StoredRecordError(
                f"{OPTION} {path}: is kept as {name}, where there is a record of salt "
                f"{before[name]['salt']!r}; move that one away."
            )
        found[name], taken[name] = record, path
    for name, path in taken.items():
        _check_answered_once(name, path, found)
    return dict(sorted(found.items()))


def _check_answered_once(name: str, path: Path, records: Mapping[str, Record]) -> None:
    """Raise StoredRecordError where another record tells of a claim on the same salt, too."""
    usual = as_usual(records)
    for other, record in usual.items():
        both = _answers(usual.get(name, {})) & _answers(record)
        if other != name and both:
            claim, framework, horizon, salt = min(both, key=str)
            raise StoredRecordError(
                f"{OPTION} {path}: {claim} ({framework or 'images'}, {horizon}) on salt {salt!r} "
                f"is in {other} already, and would be kept in {name}, too; ask the same claims as "
                f"that one does, or move it away."
            )


def _answers(record: Record) -> set[tuple[Any, ...]]:
    """Claims of a record, with framework, horizon and salt."""
    return {
        (claim["id"], claim["framework"], claim["horizon"], record["salt"])
        for claim in record.get("claims", ())
    }


def check_stored(folder: Path, records: Mapping[str, Record]) -> None:
    """Raise UnfoundedError for a record that would be published and whose verdicts do not follow.

    Raises RecordError for one that lacks what they rest on.
    """
    for name, record in records.items():
        path = folder / name
        check_followed(record, f"{OPTION} {path}", f"check --verify {path}")


def write_records(folder: Path, records: Mapping[str, Record]) -> None:
    """Keep records, all of them or none; raises OSError."""
    folder.mkdir(parents=True, exist_ok=True)
    texts = {name: json.dumps(record, indent=1) + "\n" for name, record in records.items()}
    replace_together({folder / name: text.encode() for name, text in texts.items()})


def _repeatable(words: Sequence[str]) -> list[str]:
    """A command without the files it wrote and without --quiet: what one types to see it again."""
    kept, skip = [], False
    for word in words:
        if not skip and word not in ("--json", "--out", "--quiet"):
            kept.append(word)
        skip = word in ("--json", "--out")
    return kept
