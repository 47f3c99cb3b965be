"""Running claims: their runs, their controls' runs, measurements and verdicts."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

import xarray as xr

from ..judge.measurement import Measurement
from ..judge.verdicts import Verdict, final_verdict
from ..parameters import Framework, Parameters
from ..records.labelled import Request, join
from ..theory.assumptions import violated
from ..theory.condition import Condition
from .claim import CONTROL_SEEDS, Claim, Control

Collect = Callable[[Sequence[Request]], Mapping[Request, xr.Dataset]]
"""Gets the runs of requests, from a store or by training."""


Key = TypeVar("Key")


@dataclass(frozen=True)
class ControlResult:
    """What a control did: its measurement, and whether it failed as it should."""

    control: Control
    measurement: Measurement
    failed_as_it_should: bool


@dataclass(frozen=True)
class ClaimResult:
    """A claim in one framework with everything its verdict rests on."""

    claim: Claim
    framework: Framework
    measurement: Measurement
    controls: tuple[ControlResult, ...]
    violated: tuple[Condition, ...]
    verdict: Verdict
    prediction: str | None


def evaluate(
    claims: Sequence[Claim],
    regimes: Mapping[Framework, Parameters],
    seeds: Sequence[int],
    salt: str,
    collect: Collect,
) -> list[ClaimResult]:
    """Verdicts of all claims in all given frameworks (their runs first, then the controls')."""
    pairs = [(claim, f) for f in regimes for claim in claims if f in claim.frameworks]
    trained = [(claim, f) for claim, f in pairs if claim.needs_runs]
    main = {f: [Request(regimes[f], salt, seed) for seed in seeds] for _, f in trained}
    runs = _joined(main, collect)
    controls = {
        (control, f): control_requests(control, regimes[f], runs[f], salt)
        for claim, f in trained
        for control in claim.controls[f]
        if control.change is not None
    }
    control_runs = _joined(controls, collect)
    nothing = xr.Dataset()
    return [_judge(claim, f, regimes[f], runs.get(f, nothing), control_runs) for claim, f in pairs]


def _joined(requests: Mapping[Key, Sequence[Request]], collect: Collect) -> dict[Key, xr.Dataset]:
    """The runs of each group of requests along `seed`, all collected in one go."""
    found = collect([request for group in requests.values() for request in group])
    return {key: join([found[request] for request in group]) for key, group in requests.items()}


def control_requests(
    control: Control, regime: Parameters, runs: xr.Dataset, salt: str
) -> list[Request]:
    """A control's runs: the claim's first seeds and salt, at the largest horizon of those seeds."""
    seeds = [int(seed) for seed in runs["seed"].values[:CONTROL_SEEDS]]
    horizon = float(runs["final_time"].values[:CONTROL_SEEDS].max())
    parameters = control.parameters(regime, horizon)
    return [Request(parameters, salt, seed) for seed in seeds]


def _judge(
    claim: Claim,
    framework: Framework,
    regime: Parameters,
    runs: xr.Dataset,
    control_runs: Mapping[tuple[Control, Framework], xr.Dataset],
) -> ClaimResult:
    """Measure a claim and its controls with the same statistic, and conclude."""
    measurement = _measure(claim, regime, runs)
    results = tuple(
        _judge_control(claim, control, regime, runs, control_runs.get((control, framework)))
        for control in claim.controls[framework]
    )
    broken = violated(regime, framework)
    verdict = final_verdict(
        measurement.measured,
        controls_failed=all(result.failed_as_it_should for result in results),
        in_regime=not broken,
    )
    prediction = claim.prediction(regime) if claim.prediction is not None else None
    return ClaimResult(claim, framework, measurement, results, broken, verdict, prediction)


def _measure(claim: Claim, parameters: Parameters, runs: xr.Dataset) -> Measurement:
    """The claim's measurement; a claim that breaks is an ERROR of its own, the others go on."""
    try:
        return claim.measure(parameters, runs)
    except Exception as error:
        undefined = float("nan")
        return Measurement(
            statistic=f"failed with {type(error).__name__}: {error}",
            value=undefined,
            interval=(undefined, undefined),
            threshold=undefined,
            measured=Verdict.ERROR,
            details={"traceback": traceback.format_exc()},
        )


def _judge_control(
    claim: Claim,
    control: Control,
    regime: Parameters,
    runs: xr.Dataset,
    trained: xr.Dataset | None,
) -> ControlResult:
    """The claim's own statistic on the control."""
    if control.look is not None:
        parameters, observed = regime, control.look(regime, runs)
    else:
        observed = runs if trained is None else trained
        parameters = control.parameters(regime, regime.horizon)
    measurement = _measure(claim, parameters, observed)
    return ControlResult(control, measurement, control.failed(parameters, measurement))
