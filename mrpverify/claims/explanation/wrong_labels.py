"""CMP.noise [D]: from wrong labels masks keep views that a pretrained encoder's head gives away.

With right labels both are right on every image (CMP.mask). Wrong labels pin what the views of a
class say together, and not how it is shared between them; masks pin each (theory/wrong_labels.py).
That is foretold as signs, with bands from a gain of order one: no size is derived.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from ...judge.findings import Table
from ...judge.measurement import Measurement
from ...judge.numbers import Number, Rival, all_numbers, mean_number
from ...parameters import Parameters, changed
from ...theory import wrong_labels as theory
from ...theory.undefined import several_views
from ..accuracies import (
    GAIN,
    MULTI_VIEW_ACCURACY,
    SINGLE_VIEW_ACCURACY,
    multi_view,
    of_one_view,
    resolution,
    share,
    single_view,
)
from ..claim import CONTROL_SEEDS, Claim, Control, Runs
from ..laws.exchange import of_another_seed
from ..legs import SUPERVISED, Leg, Legs, fine_tuned, masked_supervised, supervised
from .runs import MASKED
from .unequal_views import LAW, around_one

WRONG = 0.2
"""nu: one label in five (chosen on the salt "explore", where 0.1 and 0.4 say the same)."""
TUNED, BRIEFLY, LONG = (
    "fine-tuned",
    "fine-tuned, a quarter as long",
    "fine-tuned, four times as long",
)
LENGTHS = {TUNED: 1.0, BRIEFLY: 0.25, LONG: 4.0}
JUDGED = (TUNED, BRIEFLY, LONG, MASKED, SUPERVISED)
OF_RIGHT_LABELS = {name: f"{name}, right labels" for name in JUDGED}


def _tuned(parameters: Parameters, length: float) -> Leg:
    """Fine-tuning for so many times its steps."""
    p = parameters
    steps = round(length * p.downstream_steps)
    return fine_tuned(p, downstream_steps=steps, horizon=p.head_step * steps, max_steps=steps + 1)


def _learners(parameters: Parameters) -> Legs:
    """Every way of learning from labels, with right ones."""
    return {
        **{name: _tuned(parameters, length) for name, length in LENGTHS.items()},
        MASKED: masked_supervised(parameters),
        SUPERVISED: supervised(parameters),
    }


def _with_errors(leg: Leg) -> Leg:
    """The same images, some with wrong labels; the encoder that it goes on from saw none."""
    own = changed(leg.parameters, law=LAW, wrong_labels=WRONG)
    return Leg(own, leg.start)


def legs(parameters: Parameters) -> Legs:
    """Every way of learning with wrong labels, and a few seeds with right ones."""
    right = _learners(several_views(parameters))
    return {
        **{name: _with_errors(leg) for name, leg in right.items()},
        **{
            OF_RIGHT_LABELS[name]: Leg(leg.parameters, leg.start, CONTROL_SEEDS)
            for name, leg in right.items()
        },
    }


def measure(parameters: Parameters, runs: Runs) -> Measurement:
    """Means over seeds of paired differences in single-view accuracy, and of two accuracies."""
    p, accuracy = parameters, {name: single_view(runs[name]) for name in JUDGED}
    tuned, masked = accuracy[TUNED], accuracy[MASKED]
    lost = Rival("as fine-tuned pretraining", float(tuned.mean()))
    single = Rival("as its single-view images", float(tuned.mean()))
    numbers = [
        _gain(p, "masked minus fine-tuned", masked - tuned),
        _gain(p, "a quarter minus four times as long", accuracy[BRIEFLY] - accuracy[LONG]),
        _gain(p, "fine-tuned minus supervised", tuned - accuracy[SUPERVISED]),
        mean_number(
            "single-view accuracy, masked", masked, 1.0, lost, around_one(SINGLE_VIEW_ACCURACY),
            resolution(p),
        ),
        mean_number(
            "multi-view accuracy, fine-tuned", multi_view(runs[TUNED]), 1.0, single,
            around_one(MULTI_VIEW_ACCURACY), resolution(p),
        ),
    ]  # fmt: skip
    rows = [_row(p, runs, name) for name in (*JUDGED, *OF_RIGHT_LABELS.values()) if name in runs]
    return all_numbers(numbers, "learning from wrong labels", [Table("learners", rows)])


def _gain(p: Parameters, name: str, values: np.ndarray) -> Number:
    """A paired difference [seeds] of order one, at least GAIN: no size is derived, a sign is."""
    return mean_number(
        f"single-view accuracy, {name}", values, GAIN, Rival("no difference", 0.0), (GAIN, 1.0),
        resolution(p),
    )  # fmt: skip


def _row(p: Parameters, runs: Runs, name: str) -> dict[str, Any]:
    """Accuracies of one way of learning."""
    run, finest = runs[name], resolution(p)
    return {
        "learner": name,
        "single-view": share(single_view(run), finest),
        "multi-view": share(multi_view(run), finest),
        "training, multi-view": share(run["train_accuracy"].values[:, 0]),
    }


def _right_labels(parameters: Parameters, runs: Runs) -> Runs:
    """Runs with right labels in the place of those with wrong ones."""
    del parameters
    return {name: runs[OF_RIGHT_LABELS[name]] for name in JUDGED}


def _supervised_throughout(parameters: Parameters, runs: Runs) -> Runs:
    """Supervised learning of another seed in every place but its own, which masks take.

    Tested on images of one view alone.
    """
    del parameters
    other = of_one_view(of_another_seed(runs[SUPERVISED]))
    learners = dict.fromkeys((TUNED, BRIEFLY, LONG, MASKED), other)
    return {**runs, **learners, SUPERVISED: runs[MASKED]}


CLAIMS = (
    Claim(
        id="CMP.noise",
        name="explanation.wrong_labels",
        statement="with wrong labels pretraining still beats supervised learning, masks with "
        "labels beat pretraining, and a head that is trained for longer loses more views",
        provenance="[D] wrong labels pin views together, not each; sizes are not derived",
        role="finding",
        role_reason="the paper's labels are right; what pretraining adds to its masks is the issue",
        horizon="end",
        measure=measure,
        controls={
            "mae": (
                Control(
                    "right labels",
                    "every view is kept, with masks and without, however long the head is trained",
                    look=_right_labels,
                ),
                Control(
                    "supervised learning in every other place, on single-view images",
                    "it gains nothing over masks, and loses what shows its lost views alone",
                    look=_supervised_throughout,
                ),
            )
        },
        prediction=lambda parameters: theory.predict(parameters, WRONG),
        order=25,
        legs=legs,
        relies_on=("supervised", "fine-tuning"),
    ),
)
