"""AUG.capture [D]: the mask alone, with labels and without reconstruction, learns every view."""

from __future__ import annotations

from ...judge.findings import Estimate
from ...judge.measurement import Measurement, share_of_seeds
from ...objectives.masked_supervised.theory import predict_capture
from ...parameters import Parameters
from ..accuracies import block_views, resolution, single_view
from ..claim import Asks, Claim, Runs
from ..legs import Legs, masked_supervised
from ..observed import known_at_horizon, reached
from .runs import MASKED, as_long, instead


def legs(parameters: Parameters) -> Legs:
    """Masked supervised learning alone."""
    return {MASKED: masked_supervised(parameters)}


def asks(parameters: Parameters) -> Asks:
    """Masked learning, then the same without what explains for as long; both measured."""
    runs = yield legs(parameters)
    runs = yield as_long(parameters, runs)
    return measure(parameters, runs)


def measure(parameters: Parameters, runs: Runs) -> Measurement:
    """Share of seeds in which the block of every class holds all of its views at T."""
    own = runs[MASKED]
    held = block_views(parameters, own)  # [seeds, classes, views]
    finest = resolution(parameters)
    beside = (
        Estimate.of_share("views held", held.mean((1, 2)), 1 / parameters.features),
        Estimate.of_share("single-view accuracy", single_view(own), finest),
    )
    return share_of_seeds(
        held.all((1, 2)) & reached(own),
        "share of seeds that hold every view of every class",
        beside,
        known=known_at_horizon(own),
    )


CLAIMS = (
    Claim(
        id="AUG.capture",
        name="explanation.capture",
        statement="supervised learning on masked images learns every view of every class",
        provenance="[D] laws2, AUG: a rival of 'reconstruction learns what labels cannot'",
        role="finding",
        role_reason="the paper does not speak of it; its explanation has to be told from this one",
        horizon="T",
        measure=asks,
        controls={
            "supervised": (
                instead("nothing masked", "one view a class wins: supervised learning's lottery"),
                instead("background masked", "the winning view is always seen, the other waits"),
                instead("shuffled labels", "what labels do not tell no mask can teach"),
            )
        },
        prediction=predict_capture,
        per_seed=True,
        order=1,
    ),
)
