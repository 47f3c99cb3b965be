"""D.mean: from a tiny init a masked autoencoder learns the mean picture of raw pixels first.

Near zero a kernel along v grows at dc/dt = R_v c^q with R_v = E[<S, v> sum_p (<v, x_p>^+)^q] /
varrho^{q-1}. Of raw pixels the mean picture has the largest R, and the kernel that learns it holds
every feature. A decoder bias takes E S off S, centring takes it off the pictures: either leaves the
class means in front.
"""

from __future__ import annotations

import numpy as np
import xarray as xr

from ...dominoes.measured import mean_lead, mean_patch
from ...judge.intervals import SHARE
from ...judge.measurement import Measurement
from ...judge.per_seed import above, at_least, in_each_seed
from ...parameters import Parameters
from ..accuracies import estimates
from ..claim import Claim, Control, Runs
from ..legs import Leg, Legs
from ..observed import known_at_horizon
from . import arms, encodings

PLAIN, BIAS, CENTRED = "no bias", "decoder bias", "each source centred, no bias"
CASES = {
    PLAIN: {**encodings.CELLS[encodings.PIXELS], "bias": False},
    BIAS: {**encodings.CELLS[encodings.PIXELS], "bias": True},
    CENTRED: {**encodings.CELLS[encodings.CENTRED], "bias": False},
}
USELESS, USEFUL = 0.5, 0.9
"""Accuracy of a linear probe, multi-view and single-view: chance is 1/5."""


def legs(parameters: Parameters) -> Legs:
    """Pretraining on raw pixels in three ways, each with a linear probe."""
    found: dict[str, Leg] = {}
    for name, changes in CASES.items():
        p = encodings.regime(parameters, **changes)
        found |= {name: Leg(p), _probe(name): arms.probed(p, work=encodings.PROBE_WORK)}
    return found


def _probe(name: str) -> str:
    return f"{name}, probe"


def measure(parameters: Parameters, runs: Runs) -> Measurement:
    """Share of seeds in which R's order is met, and a probe is useless without bias alone."""
    probe = {name: encodings.both_views(runs[_probe(name)]) for name in CASES}
    ahead = {name: lead(parameters, runs[name], name) for name in CASES}
    parts = {
        "the mean's rate over the class means', no bias": above(ahead[PLAIN], 1.0),
        "error of the probe, no bias": above(1 - probe[PLAIN], 1 - USELESS, SHARE),
    }
    for name in (BIAS, CENTRED):
        parts[f"class means' rate over the mean's, {name}"] = above(1 / ahead[name], 1.0)
        parts[f"probe, {name}"] = at_least(probe[name], USEFUL, SHARE)
    angles = {
        f"cosine of the loudest kernel with the mean picture, {name}": cosines(
            parameters, runs[name], name
        )
        for name in CASES
    }
    known = np.all([known_at_horizon(runs[name]) for name in CASES], axis=0)
    return in_each_seed(
        "share of seeds in which the mean picture is in front without a bias, and only then",
        parts,
        estimates(angles),
        known,
    )


def lead(parameters: Parameters, run: xr.Dataset, name: str) -> np.ndarray:
    """R along the mean picture over the largest R of a class mean [seeds]."""
    p, salt = encodings.regime(parameters, **CASES[name]), str(run.attrs["salt"])
    return np.array([mean_lead(p, salt, int(seed)) for seed in run["seed"].values])


def cosines(parameters: Parameters, run: xr.Dataset, name: str) -> np.ndarray:
    """Cosine of the longest kernel with the mean patch of the training images [seeds]."""
    p, salt = encodings.regime(parameters, **CASES[name]), str(run.attrs["salt"])
    found = []
    for kernels, seed in zip(run["final_weights"].values, run["seed"].values, strict=True):
        middle = mean_patch(p, salt, int(seed))
        longest = kernels[np.linalg.norm(kernels, axis=1).argmax()]
        found.append(longest @ middle / np.linalg.norm(longest) / np.linalg.norm(middle))
    return np.array(found)


def _centred_instead(parameters: Parameters, runs: Runs) -> Runs:
    """Kernels of centred pictures in the place of those that saw the mean."""
    del parameters
    return arms.first({**runs, _probe(PLAIN): runs[_probe(CENTRED)]})


CLAIMS = (
    Claim(
        id="D.mean",
        name="encodings.mean",
        statement="on raw pixels a masked autoencoder without a decoder bias learns the mean "
        "picture first and is useless; with a bias, or with each source centred, it is not",
        provenance="[D] growth near zero, L13 in part",
        role="finding",
        role_reason=arms.ROLE_REASON,
        horizon="T",
        measure=measure,
        controls={
            "mae": (
                Control(
                    "each source centred",
                    "pictures without a mean leave nothing to learn first",
                    look=_centred_instead,
                ),
            )
        },
        per_seed=True,
        order=12,
        legs=legs,
        needs=arms.NEEDS,
        conditions=arms.no_conditions,
    ),
)
