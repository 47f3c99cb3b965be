"""The record beside a sweep's table: what was asked, on what it ran, and the table's hash."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from ..claims.concluded import ClaimResult
from ..judge.verdicts import Verdict
from ..records.labelled import config_hash
from ..records.provenance import versions
from .plan import Sweep


def sweep_record(
    sweep: Sweep,
    results: Sequence[Sequence[ClaimResult]],
    command: Sequence[str],
    device: str,
    digest: str,
    seconds: float,
) -> dict[str, Any]:
    """Provenance of a table as plain JSON values."""
    return {
        "mrpverify": versions()["mrpverify"],
        "command": list(command),
        "name": sweep.name,
        "axes": {axis: _values(sweep, axis) for axis in sweep.axes},
        "claims": list(dict.fromkeys(claim.id for claim in sweep.claims)),
        "controls": any(own for c in sweep.claims for own in c.controls.values()),
        "seeds": sweep.seeds,
        "salt": sweep.salt,
        "config_hash": sweep_hash(sweep),
        "first_cell": {f: asdict(regime) for f, regime in sweep.cells[0].regimes.items()},
        "device": device,
        "versions": versions(),
        "seconds": round(seconds, 3),
        "written": datetime.now(UTC).isoformat(timespec="seconds"),
        "sha256": digest,
        "errors": _errors(sweep, results),
    }


def sweep_hash(sweep: Sweep) -> str:
    """SHA-256 of everything that determines the table but the code."""
    content = {
        "cells": [[config_hash(p) for p in cell.regimes.values()] for cell in sweep.cells],
        "claims": [[c.name, c.horizon, [len(own) for own in c.controls.values()]]
                   for c in sweep.claims],
        "seeds": sweep.seeds,
        "salt": sweep.salt,
    }  # fmt: skip
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def at(point: Mapping[str, object]) -> str:
    """A point of the grid in words."""
    return ", ".join(f"{name}={value}" for name, value in point.items())


def _values(sweep: Sweep, axis: str) -> list[Any]:
    """The values of an axis, in the order of the grid."""
    return list(dict.fromkeys(cell.point[axis] for cell in sweep.cells))


def _errors(sweep: Sweep, results: Sequence[Sequence[ClaimResult]]) -> list[str]:
    """One line for every claim that could not be measured."""
    return [
        f"{result.claim.id}, {result.framework}, at {at(cell.point)}: "
        f"{result.measurement.statistic}"
        for cell, own in zip(sweep.cells, results, strict=True)
        for result in own
        if result.verdict is Verdict.ERROR
    ]
