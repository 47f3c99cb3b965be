"""The runs behind a claim: pretraining, and what follows it from the same data and the same init.

A leg is a run by its parameters and the legs it needs: in fine-tuning the one whose kernels it goes
on from, in distillation those that teach it. All legs of a regime share salt and seeds, so they see
the same features, images and initial kernels.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from math import ceil

from ..parameters import Parameters
from ..records.labelled import Request

PRETRAINING = "pretraining"
"""Name of the leg that trains the encoder; the other legs are named by the claims."""

SUPERVISED = "supervised"
"""Name of the leg that learns from scratch."""

FEW_LABELS = 5
"""Labelled images per class of the leg with few labels."""

MOST_STEPS = 40_000
"""Steps after which masked supervised learning ends and is not known: several times the slowest."""

NO_RULE = 1e9
"""A horizon no run reaches: the run ends with its number of steps."""


@dataclass(frozen=True)
class Leg:
    """One run of a study; it goes on from the final kernels of `start`, a leg or a regime."""

    parameters: Parameters
    start: Parameters | Leg | None = None
    seeds: int | None = None
    """Only the first of the claim's seeds, where a few say it all."""
    taught_by: tuple[Leg, ...] = ()
    """The legs whose answers it learns from, any number of them."""

    def requests(self, salt: str, seeds: Sequence[int]) -> tuple[Request, ...]:
        """The runs of the seeds it needs."""
        return tuple(self.request(salt, seed) for seed in seeds[: self.seeds])

    def request(self, salt: str, seed: int) -> Request:
        """The run of one seed, with those it needs."""
        start = self.start.request(salt, seed) if isinstance(self.start, Leg) else self.start
        taught_by = tuple(leg.request(salt, seed) for leg in self.taught_by)
        return Request(self.parameters, salt, seed, start, taught_by)


Legs = Mapping[str, Leg]


def supervised(regime: Parameters, **changes: object) -> Leg:
    """Supervised learning from scratch: the regime's data and init, its own step and horizon."""
    p = regime
    steps = ceil(p.deadline / p.supervised_step) + 1 if p.deadline > 0 else p.max_steps
    own = replace(
        p,
        framework="supervised",
        step=p.supervised_step,
        horizon=0.0,
        coverage=1.0,
        max_steps=steps,
    )
    return Leg(replace(own, **changes))  # type: ignore[arg-type]


def masked_supervised(regime: Parameters, **changes: object) -> Leg:
    """Supervised learning on masked images, until every view is learned or MOST_STEPS are over.

    Data and init are the regime's, the step is supervised learning's; masks have no flow.
    """
    p = regime
    own = replace(
        p,
        framework="masked-supervised",
        method="descent",
        step=p.supervised_step,
        horizon=0.0,
        coverage=1.0,
        deadline=0.0,
        max_steps=MOST_STEPS,
    )
    return Leg(replace(own, **changes))  # type: ignore[arg-type]


def fine_tuned(regime: Parameters, **changes: object) -> Leg:
    """Head and encoder trained from the regime's pretrained kernels, on images with every feature.

    Changes are those of the downstream run alone.
    """
    p = regime
    own = replace(
        p,
        framework="fine-tuning",
        step=p.head_step,
        horizon=p.head_step * p.downstream_steps,
        coverage=1.0,
        max_steps=p.downstream_steps + 1,
        deadline=0.0,
    )
    return Leg(replace(own, **changes), start=p)  # type: ignore[arg-type]


def probe(regime: Parameters, **changes: object) -> Leg:
    """A linear probe: the head alone, on the frozen encoder."""
    p = regime
    own = {"encoder_step": 0.0, "step": p.probe_step, "horizon": p.probe_step * p.downstream_steps}
    return fine_tuned(p, **{**own, **changes})


def compared(regime: Parameters, framework: str) -> Parameters:
    """Contrastive or clustering pretraining from the regime's init on its images, for `budget`."""
    return replace(
        regime,
        framework=framework,
        step=regime.compared_step,
        horizon=NO_RULE,
        max_steps=regime.budget,
        deadline=0.0,
    )
