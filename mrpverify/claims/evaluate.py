"""Running claims: their runs, their controls' runs, measurements and verdicts."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from math import inf
from typing import TypeVar, cast

from ..judge.measurement import Measurement, judged_by, judged_by_e_value
from ..judge.sequential import FIRST_LOOK, USUAL_CAP, Design, design
from ..judge.verdicts import Verdict
from ..parameters import STAND_INS, Framework, Parameters
from ..records.labelled import Request, join
from ..theory.assumptions import measured_step_size
from ..theory.condition import Condition
from .claim import (
    MOST_ROUNDS,
    Asks,
    Claim,
    Control,
    EndlessError,
    Runs,
    fixed,
    legs_of,
    lent,
    measurement_of,
)
from .concluded import (
    BREAKS,
    ClaimResult,
    ControlResult,
    broke,
    concluded,
    control_result,
    measured,
)
from .defined import predicted, without_runs
from .driver import Asking, answered
from .driver import Collect as Collect
from .legs import PRETRAINING, Legs
from .unfinished import with_unfinished

Key = TypeVar("Key")
LegsOfSeed = Callable[[int], Legs]
"""What is run of a seed."""


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
    their next one together with the controls', whose horizons are those of the claim. A claim
    that is true or false in every seed asks for the seeds of its next look only while it is
    undecided, and so do its controls; any other has all seeds at once. A claim that is not defined
    in a regime, a step of 1/0 say, is OUT_OF_REGIME, and has no runs. Claims asked `again` with
    more seeds, by id and framework, are judged by their e-value alone.
    """
    every = [(claim, f) for f in regimes for claim in claims if f in claim.frameworks]
    ended = {
        (claim, f): result
        for claim, f in every
        if (result := without_runs(claim, regimes[f], f)) is not None
    }
    pairs = [pair for pair in every if pair not in ended]
    own: dict[_Asked, _Study] = {
        (claim, f, None): _Study.of_claim(claim, regimes[f], seeds, (claim.id, f) in again)
        for claim, f in pairs
    }

    def controls(
        answers: Mapping[_Asked, _Answer], going: Collection[_Asked]
    ) -> dict[_Asked, _Study]:
        return {
            (claim, f, control): _Study.of_control(
                claim, control, regimes[f], answers[claim, f, None].runs, len(seeds)
            )
            for claim, f in pairs
            for control in claim.controls[f]
            if control.change is not None and claim.needs_runs
            if (claim, f, None) not in going
            or _horizons_known(answers[claim, f, None].runs) >= control.seeds
        }

    answers = yield from _in_rounds(own, salt, controls)
    return [
        ended[claim, f] if (claim, f) in ended else _judge(claim, f, own[claim, f, None], answers)
        for claim, f in every
    ]


@dataclass(frozen=True)
class _Answer:
    """What a claim came to, and the runs of all legs that it asked for."""

    runs: Runs
    found: Measurement


@dataclass(frozen=True)
class _Study:
    """Runs that one measurement needs: their legs, their seeds, and how many at first."""

    claim: Claim
    parameters: Parameters
    """What the claim measures with."""
    legs: LegsOfSeed
    seeds: Sequence[int]
    """As many as may be needed."""
    first: int
    is_control: bool = False
    again: bool = False
    """Whether it was first asked with another number of seeds."""

    @classmethod
    def of_claim(
        cls, claim: Claim, regime: Parameters, seeds: Sequence[int], again: bool
    ) -> _Study:
        """The claim's own runs."""
        first = min(FIRST_LOOK, len(seeds)) if claim.per_seed else len(seeds)
        legs = claim.runs_needed(regime)
        return cls(claim, regime, lambda seed: legs, seeds, first, again=again)

    @classmethod
    def of_control(
        cls, claim: Claim, control: Control, regime: Parameters, runs: Runs, cap: int
    ) -> _Study:
        """The runs of a control that trains."""
        legs = control_legs(claim, control, regime, runs)
        number = max(control.seeds, cap, USUAL_CAP)
        parameters = control.parameters(regime, regime.horizon)
        return cls(claim, parameters, legs, range(number), control.seeds, is_control=True)

    def measured(self, answer: _Answer) -> Measurement:
        """The claim's statistic; a claim's own open seeds count as open."""
        if self.is_control:
            return answer.found
        legs = self.legs(self.seeds[0])
        return measured(lambda: with_unfinished(answer.found, legs, answer.runs))

    def judged(self, answer: _Answer) -> Measurement:
        """The claim's statistic by the rule that was fixed for it."""
        judge = judged_by_e_value if self.again else judged_by
        return judge(self.measured(answer), _rule(len(self.seeds)))

    def next_look(self, answer: _Answer, used: int) -> int | None:
        """Seeds of the next look, None where the seeds so far decide or are all there are."""
        if used >= len(self.seeds) or not (self.claim.per_seed or self.is_control):
            return None
        cap = len(self.seeds)
        found = self.judged(answer)
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
    controls: Callable[[Mapping[_Asked, _Answer], Collection[_Asked]], Mapping[_Asked, _Study]],
) -> Asking[dict[_Asked, _Answer]]:
    """The answer of every study, look by look: all studies that go on are trained together.

    Those of controls follow from looks of their claims, and join the next one.
    """
    answers: dict[_Asked, _Answer] = {}
    studies = dict(own)
    number = {key: study.first for key, study in studies.items()}
    while number:
        asked = {key: (studies[key], studies[key].seeds[:n]) for key, n in number.items()}
        answers |= yield from _answers(asked, salt)
        then = {key: studies[key].next_look(answers[key], n) for key, n in number.items()}
        number = {key: n for key, n in then.items() if n is not None}
        every = controls(answers, number)
        new = {key: study for key, study in every.items() if key not in studies}
        studies |= new
        number |= {key: study.first for key, study in new.items()}
    return answers


def _answers(
    asked: Mapping[Key, tuple[_Study, Sequence[int]]], salt: str
) -> Asking[dict[Key, _Answer]]:
    """What every study says on its seeds; what all of them ask for next is asked for in one go."""
    asks = {key: study.claim.asks(study.parameters) for key, (study, _) in asked.items()}
    said = {key: _said(asked[key][0].claim, own, None, asked[key][1]) for key, own in asks.items()}
    runs: dict[Key, Runs] = {key: {} for key in asks}
    answers: dict[Key, _Answer] = {}
    for round_ in range(MOST_ROUNDS):
        for key, one in said.items():
            if isinstance(one, Measurement):
                answers[key] = _Answer(runs[key], one)
        # The first legs are those of the study: a control's have the horizons of its claim.
        wanted = {
            key: _requests(_of_any(one) if round_ else asked[key][0].legs, asked[key][1], salt)
            for key, one in said.items()
            if not isinstance(one, Measurement)
        }
        if not wanted:
            return answers
        found = yield from _joined(wanted)
        runs |= {key: {**runs[key], **new} for key, new in found.items()}
        said = {
            key: _said(asked[key][0].claim, asks[key], runs[key], asked[key][1]) for key in wanted
        }
    ended = {key: one for key, one in said.items() if isinstance(one, Measurement)}
    endless = dict.fromkeys(said, broke(EndlessError(MOST_ROUNDS)))
    return answers | {key: _Answer(runs[key], one) for key, one in (endless | ended).items()}


def _said(claim: Claim, asks: Asks, runs: Runs | None, seeds: Sequence[int]) -> Legs | Measurement:
    """What a claim asks for next, or what it measured; one that breaks is an ERROR of its own."""
    try:
        given = None if runs is None else lent(runs)
        return legs_of(claim, asks.send(cast(Runs, given)))  # the first time None, as it has to be
    except StopIteration as done:
        value = done.value
        ran = {run.sizes["seed"] for run in (runs or {}).values()} or {len(seeds)}
        return measured(lambda: _of_every_seed(measurement_of(claim, value), ran))
    except BREAKS as error:
        return broke(error)


def _of_every_seed(found: Measurement, ran: Collection[int]) -> Measurement:
    """The same; raises ValueError where it tells of a number of seeds that no leg ran.

    A leg may need only the first of the claim's seeds.
    """
    if found.outcomes is not None and len(found.outcomes) not in ran:
        number = " or ".join(map(str, sorted(ran)))
        raise ValueError(f"true or false in {len(found.outcomes)} seeds, and {number} were run")
    return found


LegRequests = Mapping[str, tuple[Request, ...]]


def _of_any(legs: Legs) -> LegsOfSeed:
    """The same legs for all seeds."""
    return lambda seed: legs


def _requests(legs: LegsOfSeed, seeds: Sequence[int], salt: str) -> LegRequests:
    """The runs of every leg."""
    first = legs(seeds[0])
    return {
        name: tuple(legs(seed)[name].request(salt, seed) for seed in seeds[: leg.seeds])
        for name, leg in first.items()
    }


def _joined(requests: Mapping[Key, LegRequests]) -> Asking[dict[Key, Runs]]:
    """The runs of each leg along `seed`, all asked for in one go."""
    groups = dict.fromkeys(group for legs in requests.values() for group in legs.values())
    found = yield [request for group in groups for request in group]
    joined = {group: fixed(join([found[request] for request in group])) for group in groups}
    return {
        key: {name: joined[group] for name, group in legs.items()} for key, legs in requests.items()
    }


def control_requests(
    claim: Claim, control: Control, regime: Parameters, runs: Runs, salt: str
) -> LegRequests:
    """The first runs of a control: at least four seeds, the claim's salt."""
    legs = control_legs(claim, control, regime, runs)
    return _requests(legs, range(control.seeds), salt)


def _horizons_known(runs: Runs) -> float:
    """Seeds whose T a control can share; no bound where there is no such time."""
    return float(runs[PRETRAINING].sizes["seed"]) if PRETRAINING in runs else inf


def control_legs(claim: Claim, control: Control, regime: Parameters, runs: Runs) -> LegsOfSeed:
    """A control's legs, each seed with the T of the claim's own run of it: the same images, init.

    Where that run is not there or did not come to its T, the longest T there is, and where none
    is, the longest time. T is that of pretraining; what follows it has a horizon of its own.
    """
    times, longest = dict[int, float](), 0.0
    if PRETRAINING in runs:
        own = runs[PRETRAINING]
        seeds, ends = own["seed"].values.tolist(), own["final_time"].values.tolist()
        there = own["reached_horizon"].values.tolist()
        times = {seed: t for seed, t, came in zip(seeds, ends, there, strict=True) if came}
        longest = max(times.values() or ends)

    @cache
    def until(horizon: float) -> Legs:
        return claim.runs_needed(control.parameters(regime, horizon))

    return lambda seed: until(times.get(seed, longest))


def _judge(
    claim: Claim,
    framework: Framework,
    study: _Study,
    every: Mapping[_Asked, _Answer],
) -> ClaimResult:
    """Measure a claim and its controls with the same statistic, and conclude."""
    regime, cap, answer = study.parameters, len(study.seeds), every[claim, framework, None]
    results = tuple(
        _judge_control(
            claim, control, regime, answer.runs, every.get((claim, framework, control)), cap
        )
        for control in claim.controls[framework]
    )
    return concluded(
        claim,
        framework,
        study.judged(answer) if claim.per_seed else study.measured(answer),
        results,
        _broken(claim, regime, framework, answer.runs),
        predicted(claim, regime),
    )


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
    trained: _Answer | None,
    cap: int,
) -> ControlResult:
    """The claim's own statistic on the control: on its own runs, or on the claim's as it looks."""
    parameters = control.parameters(regime, regime.horizon)
    if trained is None:
        observed = runs
        measurement = measured(
            lambda: claim.measured_on(parameters, claim.looked_at(control, parameters, runs))
        )
    else:
        observed, measurement = trained.runs, trained.found
    # No laxer than the usual design, in which one success in four seeds refutes nothing.
    measurement = judged_by(measurement, _rule(max(cap, USUAL_CAP)))
    enough = all(leg.sizes["seed"] >= control.seeds for leg in observed.values())
    return control_result(control, parameters, measurement, enough)
