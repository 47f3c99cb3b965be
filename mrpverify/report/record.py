"""The JSON record of a check (contract: docs/command_line.md)."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Any

from ..claims.concluded import ClaimResult, ControlResult
from ..judge.findings import as_rows
from ..judge.measurement import Measurement
from ..parameters import Framework, Parameters
from ..records.labelled import config_hash, simulation_digest
from ..records.provenance import commit, versions
from ..theory.assumptions import applying, conditions
from ..theory.condition import Condition
from .next_steps import next_steps, what_mends
from .own_regime import own_regime
from .run import Run as Run
from .shown import seen


def conditions_of(regime: Parameters) -> tuple[Condition, ...]:
    """What a record has of a regime, whatever was asked; raises what a law from outside does."""
    return conditions(regime)


def ask_conditions(framework: str, regime: Parameters) -> None:
    """Compute what a record and a report have of a regime; raises what is outside and broken."""
    conditions_of(regime)
    applying(regime, framework)


def record(run: Run, results: Sequence[ClaimResult]) -> dict[str, Any]:
    """Everything a reviewer needs, as plain JSON values (null for infinite or undefined)."""
    content = {
        "mrpverify": versions()["mrpverify"],
        "simulation": simulation_digest(),
        "commit": commit(),
        "command": list(run.command),
        "regime": {framework: asdict(regime) for framework, regime in run.regimes.items()},
        "unheard": list(run.unheard),
        "data": {name: dict(found) for name, found in run.data.items()},
        "config_hash": {framework: config_hash(p) for framework, p in run.regimes.items()},
        "conditions": {
            f: [_condition(c) | _mends(run, f, c) for c in conditions_of(p)]
            for f, p in run.regimes.items()
        },
        "seeds": run.seeds,
        "salt": run.salt,
        "device": run.device,
        "versions": versions(),
        "date": datetime.now(UTC).date().isoformat(),
        "seconds": round(run.seconds, 3),
        "exit_code": run.exit_code,
        "claims": [_claim(run, result) for result in results],
    }
    return json.loads(json.dumps(_finite(content)))  # type: ignore[no-any-return]


def as_json(content: Mapping[str, Any]) -> str:
    """A record as text that ends with a line feed."""
    return json.dumps(content, indent=2) + "\n"


def _claim(run: Run, result: ClaimResult) -> dict[str, Any]:
    """One claim of the record."""
    claim, measurement = result.claim, result.measurement
    return {
        "id": claim.id,
        "name": claim.name,
        "horizon": claim.horizon,
        "role": claim.role,
        "role_reason": claim.role_reason,
        "framework": result.framework,
        "statement": claim.statement,
        "provenance": claim.provenance,
        "quantifier": claim.quantifier,
        "prediction": result.prediction,
        "own_regime": own_regime(claim, _regime(run, result)),
        "verdict": result.verdict,
        "measured": measurement.measured,
        "violated": [
            _condition(condition) | _mends(run, result.framework, condition)
            for condition in result.violated
        ],
        "statistic": measurement.statistic,
        "value": measurement.value,
        "interval": list(measurement.interval),
        "threshold": measurement.threshold,
        "band": None if measurement.band is None else list(measurement.band),
        "successes": measurement.successes,
        "trials": measurement.trials,
        "outcomes": _outcomes(measurement),
        "next": next_steps(result, run),
        "details": measurement.details,
        "findings": as_rows(measurement.findings),
        "controls": [_control(item) for item in result.controls],
    }


def _regime(run: Run, result: ClaimResult) -> Parameters | None:
    """The regime that the claim was asked in; None for one about real images."""
    return None if result.framework is None else run.regimes.get(result.framework)


def _outcomes(measurement: Measurement) -> list[bool | None] | None:
    """What every seed says, in their order (None: not known); None where no seed is counted."""
    return None if measurement.outcomes is None else list(measurement.outcomes)


def _control(item: ControlResult) -> dict[str, Any]:
    """One control of a claim."""
    return {
        "id": item.control.id,
        "expected": item.control.expected,
        "observed": observed(item),
        "measured": item.measurement.measured,
        "value": item.measurement.value,
        "interval": list(item.measurement.interval),
        "threshold": item.measurement.threshold,
        "band": None if item.measurement.band is None else list(item.measurement.band),
        "successes": item.measurement.successes,
        "trials": item.measurement.trials,
        "outcomes": _outcomes(item.measurement),
        "details": item.measurement.details,
        "failed_as_it_should": item.failed_as_it_should,
    }


def observed(item: ControlResult) -> str:
    """What the control's own measurement showed, with what its numbers alone say."""
    return f"{seen(item)}: {item.measurement.measured}"


def _condition(condition: Condition) -> dict[str, Any]:
    """A regime condition with its margin."""
    return {
        "id": condition.id,
        "statement": condition.statement,
        "source": condition.source,
        "applies_to": list(condition.applies_to),
        "left": condition.left,
        "right": condition.right,
        "margin": condition.margin,
        "needed_ratio": condition.needed_ratio,
        "holds": condition.holds,
    }


def _mends(run: Run, framework: Framework | None, condition: Condition) -> dict[str, Any]:
    """Values of one parameter each that mend a violated condition, where they were looked for."""
    if condition.holds:
        return {"mends": {}}
    found = what_mends(run.regimes, framework, condition)
    return {} if found is None else {"mends": {mend.symbol: mend.value for mend in found}}


def _finite(value: Any) -> Any:
    """The same structure with infinite and undefined numbers replaced by None."""
    if isinstance(value, dict):
        return {key: _finite(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(item) for item in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value
