"""CMP.ssl [A, introduction]: mask-reconstruction against contrastive and clustering pretraining.

One init, one data set, one encoder; every objective then gets the same two heads. The table of what
each learned is the result; the verdict asks whether masks beat the other two. The init is one from
which all of them arrive: sigma_c, for the plateau of an objective grows with its own power of it.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import xarray as xr

from ...judge.findings import Table
from ...judge.measurement import Measurement
from ...judge.per_seed import above, in_each_seed
from ...observe.capture import counts
from ...parameters import Framework, Parameters
from ...theory.curvature import stable_step
from ..accuracies import GAIN, estimates, multi_view, resolution, share, single_view
from ..claim import Claim, Control, Runs
from ..legs import SUPERVISED, Leg, Legs, compared, fine_tuned, probe, supervised
from ..observed import crossed, final, hold_level
from .runs import single_view_gain

MASKED: tuple[Framework, ...] = ("teacher-student", "mae")
OTHERS: tuple[Framework, ...] = ("contrastive", "clustering")
UNTRAINED = "untrained"
TUNED, PROBED = "fine-tuned", "linear probe"

SAFE_SHARE = 0.9
"""Share of the largest stable step (step condition) that an objective without a step of its own
takes."""

NO_TIME = 1e-9
"""A horizon that ends with the first step: kernels as they were drawn."""


def starts(parameters: Parameters) -> dict[str, Parameters]:
    """The regime of every objective, all from one init and one data set."""
    p = replace(parameters, init_scale=parameters.compared_scale)
    step = stable_step(replace(p, framework="mae"), "mae", SAFE_SHARE)
    return {
        "teacher-student": p,
        "mae": replace(p, framework="mae", step=min(p.step, step)),
        **{name: compared(p, name) for name in OTHERS},
        UNTRAINED: replace(p, horizon=NO_TIME, max_steps=1),
    }


def legs(parameters: Parameters) -> Legs:
    """Every objective, and its two heads; supervised learning beside them."""
    regimes = starts(parameters)
    found: dict[str, Leg] = {SUPERVISED: supervised(regimes["teacher-student"])}
    for name, regime in regimes.items():
        found[name] = Leg(regime)
        found[f"{name}, {TUNED}"] = fine_tuned(regime)
        found[f"{name}, {PROBED}"] = probe(regime)
    return found


def measure(parameters: Parameters, runs: Runs) -> Measurement:
    """Share of seeds with a paired gain of teacher-student over both others, single-view images."""
    masked = runs[f"teacher-student, {TUNED}"]
    parts = {
        f"single-view gain over {name}": above(
            single_view_gain(masked, runs[f"{name}, {TUNED}"]), GAIN
        )
        for name in OTHERS
    }
    rows = [_row(parameters, name, runs) for name in (*MASKED, *OTHERS, UNTRAINED)]
    scratch = runs[SUPERVISED]
    rows.append({"objective": SUPERVISED, **_held(parameters, scratch), **_scores(scratch, "")})
    gains = estimates(_masked_autoencoder(runs), resolution(parameters))
    beside = (Table("objectives", rows, "every objective"), *gains)
    return in_each_seed(
        "share of seeds with a single-view gain over both other objectives", parts, beside
    )


def _masked_autoencoder(runs: Runs) -> dict[str, np.ndarray]:
    """The same gains for the masked autoencoder at this init [seeds]."""
    own = runs[f"mae, {TUNED}"]
    return {
        f"single-view gain of mae over {name}": single_view_gain(own, runs[f"{name}, {TUNED}"])
        for name in OTHERS
    }


def _row(parameters: Parameters, name: str, runs: Runs) -> dict[str, Any]:
    """One line of the table."""
    heads = [_scores(runs[f"{name}, {head}"], f"{head}, ") for head in (TUNED, PROBED)]
    return {"objective": name, **_held(parameters, runs[name]), **heads[0], **heads[1]}


def _held(parameters: Parameters, runs: xr.Dataset) -> dict[str, float]:
    """Mean number of features held at all and class-purely."""
    level = hold_level(parameters)
    found = counts(np.nan_to_num(final(runs)), crossed(runs), parameters.views, level, level)
    return {name: float(found[name].mean()) for name in ("held", "class_pure")}


def _scores(runs: xr.Dataset, prefix: str) -> dict[str, Any]:
    """Mean accuracies with their intervals."""
    finest = 1 / float(runs["test_number"].isel(law=0, shown=0).sum("class").mean())
    kinds = {"multi-view": multi_view(runs), "single-view": single_view(runs)}
    return {f"{prefix}{kind}": share(values, finest) for kind, values in kinds.items()}


def _untrained_instead(parameters: Parameters, runs: Runs) -> Runs:
    """The drawn kernels in the place of the pretrained ones."""
    own = f"teacher-student, {TUNED}"
    return {**runs, own: runs[f"{UNTRAINED}, {TUNED}"]}


NO_PRETRAINING = Control(
    "untrained encoder",
    "fine-tuning from the drawn kernels does not beat objectives that were trained",
    look=_untrained_instead,
)

CLAIMS = (
    Claim(
        id="CMP.ssl",
        name="comparison.ssl",
        statement="mask-reconstruction pretraining beats contrastive and clustering pretraining",
        provenance="[I] better than contrastive and clustering pretraining; levels [D]",
        role="finding",
        role_reason="the theory says nothing about the other objectives; whoever wins is reported",
        horizon="T",
        measure=measure,
        controls={"teacher-student": (NO_PRETRAINING,)},
        per_seed=True,
        order=3,
        legs=legs,
        relies_on=("fine-tuning",),
    ),
)
