"""Whether the verdicts of a record follow from its numbers: all of them again, without training."""

from __future__ import annotations

import math
import shlex
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..judge.measurement import Measurement, judged_by, judged_by_e_value
from ..judge.sequential import design
from ..judge.verdicts import (
    Verdict,
    all_of,
    exit_code,
    final_verdict,
    measured_above,
    measured_within,
)
from . import known_claims
from .again import ASKED, RecordError, content_of
from .rebuilt import rebuilt, row_again, rows_of

EXIT_MISMATCH = 7
"""Exit code of a record in which something does not follow."""

DAMAGED = (LookupError, TypeError, ValueError, AttributeError, ArithmeticError, RecursionError)
"""What reading details raises that hold something else than a check writes."""

Row = Mapping[str, Any]
"""A claim or a control of a record."""


@dataclass(frozen=True)
class Verified:
    """What was recomputed, and what does not follow."""

    from_seeds: int
    """Measurements decided again from what every seed says or gave."""
    from_intervals: int
    """Measurements whose seeds are not in the record: held against their intervals alone."""
    mismatches: tuple[str, ...]


class UnfoundedError(ValueError):
    """A record whose verdicts do not follow from its numbers."""


def followed(path: Path, option: str) -> Row:
    """The record in a file, which an option names, whose verdicts all follow from its numbers.

    Raises RecordError for what is no such record, UnfoundedError where something does not follow.
    """
    content = content_of(path, option)
    check_followed(content, f"{option} {path}", f"check --verify {path}")
    return content  # type: ignore[no-any-return]


def check_followed(content: Any, name: str, see: str) -> None:
    """Raise UnfoundedError, with what to `see`, where a verdict does not follow; RecordError."""
    found = verify_content(content, name)
    if found.mismatches:
        raise UnfoundedError(
            f"{name}: its verdicts do not follow ({found.mismatches[0]}); see {see}"
        )


def verify(path: Path) -> Verified:
    """Every verdict of a record of ``check --json`` again; raises RecordError for no such record.

    A count of seeds is decided again from its outcomes, by the design or the e-value that the
    record names, with boundaries computed anew. A mean's interval is made again of what every seed
    gave; where that is not in the record (claims that sample no seeds, older records) SUPPORTED
    must lie inside its band and REFUTED not. Then the final verdict from controls and conditions,
    and the exit code from those of the gates. Of claims that this version knows, conditions and
    what controls did are held against regime and measurement too, and in a record of this version
    what they state, their roles and their designs against the source (`known_claims`).
    """
    return verify_content(content_of(path, "--verify"), f"--verify {path}")


def verify_content(record: Any, name: str) -> Verified:
    """What `verify` does, of a record that is read already; its name is for what is said of it."""
    claims = record.get("claims") if isinstance(record, dict) else None
    if not isinstance(claims, list) or not all(isinstance(claim, dict) for claim in claims):
        raise RecordError(f"{name}: no record of a check.")
    if not claims:
        raise RecordError(f"{name}: a record without claims; there is nothing to verify.")
    try:
        rows = [row for claim in record["claims"] for row in (claim, *claim["controls"])]
        counted = sum(_is_counted(row) or rebuilt(row) is not None for row in rows)
        found = tuple(_all(record))
    except DAMAGED as error:
        raise RecordError(
            f"{name}: it lacks what its verdicts rest on ({error!r}), as older "
            f"records do. Make it again: {_again(record, name.partition(' ')[2])} --json FILE."
        ) from None
    return Verified(counted, len(rows) - counted, found)


def _again(record: Row, name: str) -> str:
    """What to type to ask a record's question again; --from needs more than the oldest hold."""
    if all(key in record for key in ASKED):
        return f"check --from {name}"
    words = record.get("command")
    return shlex.join(map(str, words if isinstance(words, list) else ["check"]))


def _all(record: Row) -> Iterator[str]:
    """What does not follow: of regimes, claim by claim, then the exit code."""
    yield from known_claims.of_regimes(record)
    yield from known_claims.of_questions(record)
    yield from _twice(record["claims"])
    for claim in record["claims"]:
        name = f"{claim['id']} ({claim['framework'] or 'images'}, {claim['horizon']})"
        for words in (*known_claims.of_identity(record, claim), *_of_measurement(claim)):
            yield f"{name}: {words}"
        for control in claim["controls"]:
            for words in (*_of_measurement(control), *known_claims.of_control(claim, control)):
                yield f"{name}, control {control['id']!r}: {words}"
        for words in (*known_claims.of_conditions(record, claim), *_of_verdict(claim)):
            yield f"{name}: {words}"
    strict = "--strict" in record["command"]
    counts = [
        Verdict(claim["verdict"])
        for claim in record["claims"]
        if strict or claim["role"] == "gate" or claim["verdict"] == Verdict.ERROR
    ]
    if exit_code(counts) != record["exit_code"]:
        yield f"exit code {record['exit_code']}, recomputed {exit_code(counts)}"


def _twice(claims: Sequence[Row]) -> Iterator[str]:
    """Claims that a record has more than once: no check asks them twice."""
    names = Counter((c["id"], c["framework"], c["horizon"]) for c in claims)
    for (name, framework, horizon), times in names.items():
        if times > 1:
            yield f"{name} ({framework or 'images'}, {horizon}): stands there {times} times"


def _of_verdict(claim: Row) -> Iterator[str]:
    """Whether conditions are violated and the final verdict is what all of it says."""
    for condition in claim["violated"]:
        left, right = condition["left"], condition["right"]
        if left and right is not None and right / left > condition["needed_ratio"] * (1 + 1e-9):
            yield f"condition {condition['id']!r} holds, and is recorded as violated"
    failed = all(control["failed_as_it_should"] for control in claim["controls"])
    verdict = final_verdict(Verdict(claim["measured"]), failed, not claim["violated"])
    if verdict != claim["verdict"]:
        yield f"{claim['verdict']}, recomputed {verdict}"


def _is_counted(row: Row) -> bool:
    """Whether a measurement counts seeds that the record holds."""
    return row["outcomes"] is not None and "sequential" in row["details"]


def _of_measurement(row: Row) -> Iterator[str]:
    """Whether what is measured follows from the numbers beside it."""
    measured = Verdict(row["measured"])
    if measured is Verdict.ERROR:
        return
    if _is_counted(row):
        yield from _of_count(row)
    elif (again := rebuilt(row)) is not None:
        yield from _of_means(row, again)
    elif measured is not Verdict.INCONCLUSIVE and not _may_say(row, measured):
        yield f"measured {measured}, and its intervals say otherwise"


def _of_count(row: Row) -> Iterator[str]:
    """A count of seeds decided again, and its numbers counted again."""
    said = row["details"]["sequential"]
    blank = Measurement(
        "", float("nan"), (0.0, 1.0), row["threshold"], Verdict.INCONCLUSIVE,
        outcomes=tuple(row["outcomes"]),
    )  # fmt: skip
    judge = judged_by_e_value if said["by"] == "e-value" else judged_by
    again = judge(blank, design(said["looks"][-1], row["threshold"], said["level"]))
    if row["measured"] != again.measured:
        yield f"measured {row['measured']}, recomputed {again.measured}"
    for name, there, wanted in (
        ("seeds true", row["successes"], again.successes),
        ("seeds used", row["trials"], again.trials),
        ("threshold", row["threshold"], said["p0"]),
        ("value", row["value"], again.value),
        ("low end", row["interval"][0], again.interval[0]),
        ("high end", row["interval"][1], again.interval[1]),
    ):
        if not _close(there, wanted):
            yield f"{name} {there}, recomputed {wanted}"


def _of_means(row: Row, again: Measurement) -> Iterator[str]:
    """Every mean with its interval made again, then what they say together."""
    wanted = {
        "measured": again.measured, "value": again.value, "interval": again.interval,
        "threshold": again.threshold, "band": again.band,
    }  # fmt: skip
    yield from _differing("", row, wanted)
    rows = rows_of(row["details"])
    for name, one in rows.items():
        yield from _differing(f"{name}, ", one, row_again(one, len(rows)))


def _differing(name: str, there: Row, wanted: Row) -> Iterator[str]:
    """What of a row is not what it should be."""
    for key, value in wanted.items():
        if key != "over_seeds" and not _same(there[key], value):
            yield f"{name}{key.replace('_', ' ')} {there[key]}, recomputed {value}"


def _same(there: Any, wanted: Any) -> bool:
    """Whether what is recorded is what is recomputed, number by number."""
    if isinstance(wanted, list | tuple):
        return isinstance(there, list) and all(
            _same(one, other) for one, other in zip(there, wanted, strict=True)
        )
    if isinstance(wanted, bool | str) or wanted is None:
        return bool(there == wanted)
    return there is None if not math.isfinite(wanted) else _close(there, wanted)


def _close(there: Any, wanted: Any) -> bool:
    """Whether a recorded number is the recomputed one, up to its last digits."""
    return isinstance(there, int | float) and abs(there - wanted) <= 1e-9 * max(1.0, abs(wanted))


def _may_say(row: Row, measured: Verdict) -> bool:
    """Whether intervals allow SUPPORTED or REFUTED: those of the parts where there are several."""
    details = row["details"]
    parts = details.get("numbers") or list(details.get("parts", {}).values())
    if not parts:
        return _one_may_say(row, measured)
    together = all_of(Verdict(part["measured"]) for part in parts)
    return together is measured and all(
        _one_may_say(part, Verdict(part["measured"])) for part in parts if "outcomes" not in part
    )


def _one_may_say(part: Row, measured: Verdict) -> bool:
    """SUPPORTED lies inside, REFUTED does not; the level of a refutation may be another one."""
    if measured is Verdict.INCONCLUSIVE:
        return True
    low, high = (_end(x, side) for x, side in zip(part["interval"], (-1, 1), strict=True))
    if part.get("band") is not None:
        band = tuple(_end(x, side) for x, side in zip(part["band"], (-1, 1), strict=True))
        inside = measured_within((low, high), (band[0], band[1]))
    elif low == high == part["threshold"]:  # what is computed, not sampled, may lie on its edge
        inside = Verdict.SUPPORTED
    else:
        inside = measured_above((low, high), part["threshold"])
    return (inside is Verdict.SUPPORTED) == (measured is Verdict.SUPPORTED)


def _end(value: float | None, side: int) -> float:
    """An end of an interval; one that is open stands as null in a record."""
    return side * float("inf") if value is None else value
