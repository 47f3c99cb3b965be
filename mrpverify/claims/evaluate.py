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
    """A control's runs: at least four seeds, the claim's salt and the largest T of its own seeds.

    Seeds that diverged or ran out of steps count with the time they got to.
    """
    horizon = float(runs["final_time"].values[:CONTROL_SEEDS].max())
    parameters = control.parameters(regime, horizon)
    return [Request(parameters, salt, seed) for seed in range(CONTROL_SEEDS)]


def _judge(
    claim: Claim,
    framework: Framework,
    regime: Parameters,
    runs: xr.Dataset,
    control_runs: Mapping[tuple[Control, Framework], xr.Dataset],
) -> ClaimResult:
    """Measure a claim and its controls with the same statistic, and conclude."""
    measurement = _measure(lambda: claim.measure(regime, runs))
    results = tuple(
        _judge_control(claim, control, regime, runs, control_runs.get((control, framework)))
        for control in claim.controls[framework]
    )
    broken = violated(regime, framework)
    failing = any(r.measurement.measured is Verdict.ERROR for r in results)
    verdict = final_verdict(
        Verdict.ERROR if failing else measurement.measured,
        controls_failed=all(result.failed_as_it_should for result in results),
        in_regime=not broken,
    )
    prediction = claim.prediction(regime) if claim.prediction is not None else None
    return ClaimResult(claim, framework, measurement, results, broken, verdict, prediction)


def _judge_control(
    claim: Claim,
    control: Control,
    regime: Parameters,
    runs: xr.Dataset,
    trained: xr.Dataset | None,
) -> ControlResult:
    """The claim's own statistic on the control."""
    parameters = control.parameters(regime, regime.horizon)
    observed = runs if trained is None else trained
    look = control.look
    measurement = _measure(
        lambda: claim.measure(parameters, look(parameters, runs) if look else observed)
    )
    enough = not claim.needs_runs or observed.sizes["seed"] >= CONTROL_SEEDS
    sound = measurement.measured is not Verdict.ERROR
    failed = enough and sound and control.failed(parameters, measurement)
    return ControlResult(control, measurement, failed)


def _measure(measure: Callable[[], Measurement]) -> Measurement:
    """A measurement; one that breaks is an ERROR of its own claim, the others go on."""
    try:
        return measure()
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
