"""A check asked again from its record: what it asked, and what came out then and now."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.table import Table

from ..claims.concluded import ClaimResult
from ..parameters import Framework, Parameters, regime_of
from ..regular import read_regular
from .schema import SchemaError, check_kinds, parsed

ASKED = ("regime", "seeds", "salt", "claims")
"""What of a record is asked again."""


class RecordError(ValueError):
    """A file that is no record of a check, or of one that cannot be asked again."""


@dataclass(frozen=True)
class Earlier:
    """What a record says: the question, its simulation, and the claims as they came out."""

    regimes: Mapping[Framework, Parameters]
    seeds: int
    salt: str
    simulation: str | None
    claims: Sequence[Mapping[str, Any]]

    @property
    def names(self) -> list[str]:
        """Ids of the claims, each once."""
        return list(dict.fromkeys(claim["id"] for claim in self.claims))


def read(path: Path) -> Earlier:
    """The record in a file; raises RecordError where it is none, or is about real images."""
    content = content_of(path, "--from")
    missing = [name for name in ASKED if not isinstance(content, dict) or name not in content]
    if missing:
        raise RecordError(f"--from {path}: no record of a check, it lacks {', '.join(missing)}.")
    if not isinstance(content["claims"], list) or not all(map(_is_claim, content["claims"])):
        raise RecordError(f"--from {path}: no record of a check, its claims are not readable.")
    if not content["claims"]:
        raise RecordError(f"--from {path}: a record without claims; there is nothing to ask again.")
    if any(claim["framework"] is None for claim in content["claims"]):
        raise RecordError(f"--from {path}: asks about real images; ask those by their command.")
    regimes = _regimes(path, content["regime"])
    lacking = {claim["framework"] for claim in content["claims"]} - regimes.keys()
    if lacking:
        raise RecordError(
            f"--from {path}: its claims are about {', '.join(sorted(lacking))}, of which it has no "
            "regime; ask by its command."
        )
    return Earlier(
        regimes,
        content["seeds"],
        content["salt"],
        content.get("simulation"),
        content["claims"],
    )


def content_of(path: Path, option: str) -> Any:
    """What a JSON file holds that an option names.

    Raises RecordError where it cannot be read or is no record: no JSON, or values of other kinds.
    """
    try:
        content = read_regular(path)
    except OSError as error:
        raise RecordError(f"{option} {path}: cannot be read ({error.strerror}).") from None
    return record_in(content, f"{option} {path}")


def record_in(content: bytes, name: str) -> Any:
    """The record in the content of a file; raises RecordError, by that name, where it is none."""
    try:
        found = parsed(content)
        check_kinds(found)
    except SchemaError as error:
        raise RecordError(f"{name}: {error}; name a record of --json.") from None
    return found


def compared(earlier: Earlier, results: Sequence[ClaimResult]) -> Table:
    """Verdict and value of every claim, then and now."""
    table = Table("claim", "framework", "then", "now", "value then", "value now", title="Again")
    now = {(r.claim.id, r.framework, r.claim.horizon): r for r in results}
    for claim in earlier.claims:
        found = now.get((claim["id"], claim["framework"], claim["horizon"]))
        table.add_row(
            f"{claim['id']} ({claim['horizon']})",
            claim["framework"],
            claim["verdict"],
            "-" if found is None else found.verdict,
            _number(claim["value"]),
            "-" if found is None else _number(found.measurement.value),
        )
    return table


def _is_claim(given: Any) -> bool:
    """Whether an entry says what is compared with what comes out now."""
    kinds = {
        "id": str,
        "horizon": str,
        "verdict": str,
        "framework": str | None,
        "value": int | float | None,
    }
    return isinstance(given, dict) and all(
        name in given and isinstance(given[name], kind) for name, kind in kinds.items()
    )


def _number(value: float | None) -> str:
    """A value to six digits, as many as runs of one simulation agree to."""
    return "-" if value is None else f"{value:.6g}"


def _regimes(path: Path, given: Mapping[str, Any]) -> dict[Framework, Parameters]:
    """The regimes as parameters; raises RecordError for one that this version does not know."""
    try:
        return {name: regime_of({**values, "framework": name}) for name, values in given.items()}
    except (ValueError, KeyError, TypeError, AttributeError, ArithmeticError) as error:
        raise RecordError(
            f"--from {path}: its regime is not one of this version ({error}); ask by its command."
        ) from None
