"""What a check would ask, fixed before the run: a lock, and what differs from it later."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

from ..derivations import theory_files
from ..outside import file_of
from ..parameters import STAND_INS, Framework, Parameters
from ..records.atomic import replace_whole
from ..records.labelled import config_hash, simulation_digest
from ..records.source import imported_files, source_digest
from ..regular import read_regular
from .claim import Claim


class LockError(ValueError):
    """A file that is no lock."""


def locked(
    claims: Sequence[Claim],
    regimes: Mapping[Framework, Parameters],
    seeds: int,
    salt: str,
    data: Mapping[str, Mapping[str, Any]] | None = None,
) -> dict[str, Any]:
    """Everything that a verdict depends on and that is chosen before the run, by name.

    Statement, role, horizon and controls of every claim in words; by hash its regime, and the
    source of the module that measures it with all that it imports: statistic, threshold, band.
    `data` is what lies there of the data sets that they read (`images.entries`).
    """
    return {
        "seeds": seeds,
        "salt": salt,
        "simulation": simulation_digest(),
        "stand-ins": _hash({name: item.value for name, item in STAND_INS.items()}),
        "data": {name: dict(found) for name, found in (data or {}).items()},
        "claims": {
            f"{claim.id} ({framework or 'images'}, {claim.horizon})": _of_claim(
                claim, framework, regimes.get(framework) if framework else None
            )
            for claim in claims
            for framework in claim.frameworks
            if framework is None or framework in regimes
        },
    }


def write_lock(path: Path, content: Mapping[str, Any]) -> None:
    """Write a lock, whole or not at all; raises OSError where it cannot be written."""
    replace_whole(path, (json.dumps(content, indent=1) + "\n").encode())


def read_lock(path: Path) -> dict[str, Any]:
    """A lock; raises LockError where the file cannot be read or is none."""
    try:
        content = json.loads(read_regular(path).decode())
    except (OSError, ValueError, RecursionError) as error:
        raise LockError(f"--lock {path}: cannot be read as a lock ({error}).") from None
    if not isinstance(content, dict) or not isinstance(content.get("claims"), dict):
        raise LockError(f"--lock {path}: no lock; make one with mrpverify lock NAME --lock FILE.")
    return content


def differences(lock: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    """What is asked now and was locked otherwise, or not at all, one line each.

    A lock of more claims than are asked holds for those that are.
    """
    for name in ("seeds", "salt", "simulation", "stand-ins"):
        if lock.get(name) != now[name]:
            yield f"{name}: locked {_short(lock.get(name))}, now {_short(now[name])}"
    for kind in ("data", "claims"):
        there = lock.get(kind)
        yield from _entries(there if isinstance(there, dict) else {}, now[kind])


def _entries(lock: Mapping[str, Any], now: Mapping[str, Any]) -> Iterator[str]:
    """What differs of claims, or of data sets."""
    for name, asked in now.items():
        before = lock.get(name)
        if not isinstance(before, dict):
            yield f"{name}: not locked"
            continue
        for part, value in asked.items():
            if before.get(part) != value:
                yield f"{name}, {part}: locked {_short(before.get(part))}, now {_short(value)}"


def _of_claim(
    claim: Claim, framework: Framework | None, regime: Parameters | None
) -> dict[str, Any]:
    """One claim in one framework."""
    return {
        "statement": claim.statement,
        "role": claim.role,
        "provenance": claim.provenance,
        "quantifier": claim.quantifier,
        "controls": [f"{control.id}: {control.expected}" for control in claim.controls[framework]],
        "regime": None if regime is None else config_hash(regime),
        "measured by": _source(file_of(claim.measure)),
    }


@cache
def _source(file: Path) -> str:
    """Digest of the module that measures a claim and of all that it imports, as they are now.

    The theory of an objective is found by its name, so all of ours count.
    """
    return source_digest(imported_files(file, *theory_files()))


def _hash(content: object) -> str:
    """SHA-256 of what JSON can say."""
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _short(value: object) -> str:
    """A value in a line; of a hash its beginning."""
    text = str(value)
    is_hash = len(text) == 64 and set(text) <= set("0123456789abcdef")
    return text[:12] if is_hash else text
