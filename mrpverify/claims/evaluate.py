"""Running claims: their runs, their controls' runs, measurements and verdicts."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from ..judge.measurement import Measurement, judged_by, judged_by_e_value
from ..judge.sequential import FIRST_LOOK, USUAL_CAP, Design, design
from ..judge.verdicts import Verdict, final_verdict
from ..parameters import STAND_INS, Framework, Parameters
from ..records.labelled import Request, join
from ..theory.assumptions import measured_step_size
from ..theory.condition import Condition
from .claim import Claim, Control, Runs
from .driver import Asking, answered
from .driver import Collect as Collect
from .legs import PRETRAINING, Legs
from .unfinished import with_unfinished

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
    framework: Framework | None
    measurement: Measurement
    controls: tuple[ControlResult, ...]
    violated: tuple[Condition, ...]
    verdict: Verdict
    prediction: str | None
    draw: Callable[[], Mapping[str, Any]] | None = None
    """Draws what was seen: title -> matplotlib figure (claims about real images). Asked for when a
    page is written, because it looks at images again."""


def counts(result: ClaimResult) -> bool:
    """Whether a claim counts for the exit code: gates do, and whatever broke."""
    return result.claim.role == "gate" or result.verdict is Verdict.ERROR


def evaluate(
    claims: Sequence[Claim],
    regimes: Mapping[Framework, Parameters],
    seeds: Sequence[int],
    salt: str,
    collect: Collect,
    again: Collection[tuple[str, Framework]] = (),
) -> list[ClaimResult]:
    """Verdicts of all claims in all given frameworks, with runs from `collect` (`judging`)."""
    return answered(judging(claims, regimes, seeds, salt, again), collect)


def judging(
    claims: Sequence[Claim],
    regimes: Mapping[Framework, Parameters],
    seeds: Sequence[int],
    salt: str,
    again: Collection[tuple[str, Framework]] = (),
) -> Asking[list[ClaimResult]]:
    """Verdicts of all claims in all given frameworks.

    It asks for what all claims need next in one go: the runs of their first look, then those of
    their next one together with the controls', whose horizon is that of the first seeds. A claim
    that is true or false in every seed asks for the seeds of its next look only while it is
    undecided, and so do its controls; any other has all seeds at once. A claim that has no runs in
    a regime outside its own one, a step of 1/0 say, is OUT_OF_REGIME. Claims asked `again` with
    more seeds, by id and framework, are judged by their e-value alone.
    """
    every = [(claim, f) for f in regimes for claim in claims if f in claim.frameworks]
    outside = {
        (claim, f): reason
        for claim, f in every
        if (reason := _no_runs(claim, regimes[f], f)) is not None
    }
    pairs = [pair for pair in every if pair not in outside]
    own: dict[_Asked, _Study] = {
        (claim, f, None): _Study.of_claim(claim, regimes[f], seeds, (claim.id, f) in again)
        for claim, f in pairs
    }

    def controls(runs: Mapping[_Asked, Runs]) -> dict[_Asked, _Study]:
        return {
            (claim, f, control): _Study.of_control(
                claim, control, regimes[f], runs[claim, f, None], len(seeds)
            )
            for claim, f in pairs
            for control in claim.controls[f]
            if control.change is not None and claim.needs_runs
        }

    runs = yield from _in_rounds(own, salt, controls)
    return [
        _not_run(claim, f, regimes[f], outside[claim, f])
        if (claim, f) in outside
        else _judge(claim, f, own[claim, f, None], runs)
        for claim, f in every
    ]


@dataclass(frozen=True)
class _Study:
    """Runs that one measurement needs: their legs, their seeds, and how many at first."""

    claim: Claim
    parameters: Parameters
    """What the claim measures with."""
    legs: Legs
    seeds: Sequence[int]
    """As many as may be needed."""
    first: int
    is_control: bool = False
    again: bool = False
    """Whether it was asked before with fewer seeds."""

    @classmethod
    def of_claim(
        cls, claim: Claim, regime: Parameters, seeds: Sequence[int], again: bool
    ) -> _Study:
        """The claim's own runs."""
        first = min(FIRST_LOOK, len(seeds)) if claim.per_seed else len(seeds)
        return cls(claim, regime, claim.runs_needed(regime), seeds, first, again=again)

    @classmethod
    def of_control(
        cls, claim: Claim, control: Control, regime: Parameters, runs: Runs, cap: int
    ) -> _Study:
        """The runs of a control that trains."""
        legs = control_legs(claim, control, regime, runs)
        number = max(control.seeds, cap, USUAL_CAP)
        parameters = control.parameters(regime, regime.horizon)
        return cls(claim, parameters, legs, range(number), control.seeds, is_control=True)

    def measured(self, runs: Runs) -> Measurement:
        """The claim's statistic; a claim's own open seeds count as open."""
        claim, seen = self.claim, self.claim.seen(runs)
        if self.is_control:
            return measured(lambda: claim.measure(self.parameters, seen))
        return measured(
            lambda: with_unfinished(claim.measure(self.parameters, seen), self.legs, runs)
        )

    def judged(self, runs: Runs) -> Measurement:
        """The claim's statistic by the rule that was fixed for it."""
        judge = judged_by_e_value if self.again else judged_by
        return judge(self.measured(runs), _rule(len(self.seeds)))

    def next_look(self, runs: Runs, used: int) -> int | None:
        """Seeds of the next look, None where the seeds so far decide or are all there are."""
        if used >= len(self.seeds) or not (self.claim.per_seed or self.is_control):
            return None
        cap = len(self.seeds)
        found = self.judged(runs)
        if found.outcomes is None or found.measured is not Verdict.INCONCLUSIVE:
            return None
        return _rule(cap).after(used)


def _rule(cap: int) -> Design:
    """The design of a per-seed claim with so many seeds at most."""
    return design(cap, STAND_INS["success_rate"].value)


_Asked = tuple[Claim, Framework, Control | None]
"""A claim's own runs in a framework, or those of one of its controls."""


def _in_rounds(
    own: Mapping[_Asked, _Study],
    salt: str,
    controls: Callable[[Mapping[_Asked, Runs]], Mapping[_Asked, _Study]],
) -> Asking[dict[_Asked, Runs]]:
    """The runs of every study, look by look: all studies that go on are trained together.

    Those of controls follow from the first look, and join the second one.
    """
    runs: dict[_Asked, Runs] = {}
    studies = dict(own)
    number = {key: study.first for key, study in studies.items()}
    while number:
        seeds = {key: studies[key].seeds[:n] for key, n in number.items()}
        wanted = {key: _requests(studies[key].legs, own, salt) for key, own in seeds.items()}
        found = yield from _joined(wanted)
        asked = {
            key: (studies[key].claim, studies[key].parameters, own) for key, own in seeds.items()
        }
        yield from _complete(found, asked, salt)
        runs.update(found)
        then = {key: studies[key].next_look(runs[key], n) for key, n in number.items()}
        number = {key: n for key, n in then.items() if n is not None}
        if len(studies) == len(own):
            studies |= controls(runs)
            number |= {key: studies[key].first for key in studies.keys() - own.keys()}
    return runs


def _no_runs(claim: Claim, regime: Parameters, framework: Framework) -> str | None:
    """Why a claim, or a control of it, has no runs outside its regime; None where it has them."""
    try:
        claim.runs_needed(regime)
        for control in claim.controls[framework]:
            if control.change is not None:
                claim.runs_needed(control.parameters(regime, regime.horizon))
    except (ArithmeticError, ValueError) as error:
        if not claim.broken(regime, framework):
            raise
        return str(error)
    return None


def _not_run(claim: Claim, framework: Framework, regime: Parameters, reason: str) -> ClaimResult:
    """A claim without runs, with the conditions that its regime violates."""
    measurement = _without_number(
        f"not run, no run is defined here: {reason}", Verdict.INCONCLUSIVE
    )
    broken = claim.broken(regime, framework)
    return ClaimResult(claim, framework, measurement, (), broken, Verdict.OUT_OF_REGIME, None)


LegRequests = Mapping[str, tuple[Request, ...]]


def _requests(legs: Legs, seeds: Sequence[int], salt: str) -> LegRequests:
    """The runs of every leg."""
    return {name: leg.requests(salt, seeds) for name, leg in legs.items()}


def _joined(requests: Mapping[Key, LegRequests]) -> Asking[dict[Key, Runs]]:
    """The runs of each leg along `seed`, all asked for in one go."""
    groups = dict.fromkeys(group for legs in requests.values() for group in legs.values())
    found = yield [request for group in groups for request in group]
    joined = {group: join([found[request] for request in group]) for group in groups}
    return {
        key: {name: joined[group] for name, group in legs.items()} for key, legs in requests.items()
    }


def _complete(
    runs: dict[Key, Runs],
    asked: Mapping[Key, tuple[Claim, Parameters, Sequence[int]]],
    salt: str,
) -> Asking[None]:
    """Add the legs that claims ask for once they see their runs, round by round to the last."""
    asked = {key: entry for key, entry in asked.items() if entry[0].more is not None}
    while asked:
        wanted = {
            key: _requests(claim.more(regime, runs[key]), seeds, salt)
            for key, (claim, regime, seeds) in asked.items()
            if claim.more is not None
        }
        asked = {key: entry for key, entry in asked.items() if wanted[key]}
        found = yield from _joined({key: wanted[key] for key in asked})
        for key, more in found.items():
            runs[key] = {**runs[key], **more}


def control_requests(
    claim: Claim, control: Control, regime: Parameters, runs: Runs, salt: str
) -> LegRequests:
    """The first runs of a control: at least four seeds, the claim's salt."""
    legs = control_legs(claim, control, regime, runs)
    return _requests(legs, range(control.seeds), salt)


def control_legs(claim: Claim, control: Control, regime: Parameters, runs: Runs) -> Legs:
    """A control's legs, with the largest T of the claim's first seeds.

    As many of them as the control has at first, four: a later look changes no horizon. T is that of
    pretraining; what follows it has a horizon of its own. Seeds that diverged or ran out of steps
    count with the time they got to.
    """
    horizon = 0.0
    if PRETRAINING in runs:
        horizon = float(runs[PRETRAINING]["final_time"].values[: control.seeds].max())
    return claim.runs_needed(control.parameters(regime, horizon))


def _judge(
    claim: Claim,
    framework: Framework,
    study: _Study,
    every: Mapping[_Asked, Runs],
) -> ClaimResult:
    """Measure a claim and its controls with the same statistic, and conclude."""
    regime, cap, runs = study.parameters, len(study.seeds), every[claim, framework, None]
    measurement = study.judged(runs) if claim.per_seed else study.measured(runs)
    results = tuple(
        _judge_control(claim, control, regime, runs, every.get((claim, framework, control)), cap)
        for control in claim.controls[framework]
    )
    broken = _broken(claim, regime, framework, runs)
    failing = any(r.measurement.measured is Verdict.ERROR for r in results)
    verdict = final_verdict(
        Verdict.ERROR if failing else measurement.measured,
        controls_failed=all(result.failed_as_it_should for result in results),
        in_regime=not broken,
    )
    prediction = _predicted(claim, regime)
    return ClaimResult(claim, framework, measurement, results, broken, verdict, prediction)


def _predicted(claim: Claim, regime: Parameters) -> str | None:
    """What the claim predicts; why it cannot, where it breaks: that takes nothing from its runs."""
    if claim.prediction is None:
        return None
    try:
        return claim.prediction(regime)
    except Exception as error:
        return f"none, the prediction failed with {type(error).__name__}: {error}"


def _broken(
    claim: Claim, regime: Parameters, framework: Framework, runs: Runs
) -> tuple[Condition, ...]:
    """Violated conditions; what pretraining has measured takes the place of what is derived."""
    broken = claim.broken(regime, framework)
    if claim.conditions is not None or "largest_curvature" not in runs.get(PRETRAINING, ()):
        return broken
    curvature = float(runs[PRETRAINING]["largest_curvature"].values.max())
    found = measured_step_size(regime, curvature)
    if found is None:
        return broken
    others = [c for c in broken if (c.id, c.applies_to) != (found.id, found.applies_to)]
    return (*others, *([] if found.holds else [found]))


def _judge_control(
    claim: Claim,
    control: Control,
    regime: Parameters,
    runs: Runs,
    trained: Runs | None,
    cap: int,
) -> ControlResult:
    """The claim's own statistic on the control."""
    parameters = control.parameters(regime, regime.horizon)
    observed = runs if trained is None else trained
    look = control.look
    seen = claim.seen(observed)
    measurement = measured(
        lambda: claim.measure(parameters, look(parameters, seen) if look else seen)
    )
    # No laxer than the usual design, in which one success in four seeds refutes nothing.
    measurement = judged_by(measurement, _rule(max(cap, USUAL_CAP)))
    enough = all(leg.sizes["seed"] >= control.seeds for leg in observed.values())
    sound = measurement.measured is not Verdict.ERROR
    failed = enough and sound and control.failed(parameters, measurement)
    return ControlResult(control, measurement, failed)


def measured(measure: Callable[[], Measurement]) -> Measurement:
    """A measurement; one that breaks is an ERROR of its own claim, the others go on."""
    try:
        return measure()
    except Exception as error:
        return _without_number(
            f"failed with {type(error).__name__}: {error}",
            Verdict.ERROR,
            traceback=traceback.format_exc(),
        )


def _without_number(statistic: str, verdict: Verdict, **details: str) -> Measurement:
    """What is said of a claim that came to no number."""
    undefined = float("nan")
    return Measurement(
        statistic=statistic,
        value=undefined,
        interval=(undefined, undefined),
        threshold=undefined,
        measured=verdict,
        details=details,
    )
