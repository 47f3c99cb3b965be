"""KD.residual [D]: what smoothed labels leave of a label's residual, and how soon it teaches.

Soft labels that do not know the image teach lost views (KD.smoothing), faster than those that do
(KD.time). What they do is derived as a balance: they pull a held view down where it shows off
class, more than labels lift it again, and the residual of the label teaches the other view. It is
asked at several weights of the soft labels and several s/k, of one and of two kernels in a view.
"""

from __future__ import annotations

from dataclasses import replace
from math import log

import numpy as np
import xarray as xr

from ...judge.findings import Column, Table
from ...judge.measurement import Measurement
from ...judge.numbers import Number, Rival, all_numbers, mean_number
from ...objectives.distilled import residual as theory
from ...objectives.distilled.held import capped
from ...objectives.distilled.teachers import of_the_label, of_the_label_alone
from ...parameters import Parameters
from ...records.answers import multi_view_answers
from ...theory.undefined import UndefinedError, two_views
from ..accuracies import own_block
from ..claim import Claim, Control, Runs
from ..laws.exchange import exchange, of_another_seed, swapped
from ..laws.regimes import conditions, plain_supervised
from ..legs import Leg, Legs
from . import distillation, ensemble

AT_REST = 3000.0
"""T of the runs whose residual is read: on salt "explore" held views are within 0.02 of where they
are at twice this T (experiments/explored.md)."""
TYPICAL = (ensemble.PRESENCE, distillation.SOFT["taught_weight"])
LIGHT, HEAVY = (TYPICAL[0], 3.0), (TYPICAL[0], 30.0)
RARE, OFTEN = (0.1, TYPICAL[1]), (0.4, TYPICAL[1])
CASES = (TYPICAL, LIGHT, HEAVY, RARE, OFTEN)
"""(s/k, eta_KD)."""
ALONE, LABELS, LONG = "labels alone", "labels alone, as long as at rest", "taught, to T"

Case = tuple[float, float]


def regime(parameters: Parameters, case: Case, **changes: object) -> Parameters:
    """The student's, smoothed by its own answers; ENS's regime but for s/k."""
    presence, weight = case
    own = _alone(parameters, presence).parameters
    soft = {**distillation.SOFT, "taught_weight": weight, "soft_labels": "smoothed"}
    return replace(own, **{**soft, **changes})


def _alone(parameters: Parameters, presence: float, **changes: object) -> Leg:
    """Labels alone."""
    law = {"kernels_per_class": 4, "test_images": 400}
    return Leg(plain_supervised(parameters, presence, **{**law, **changes}))


def legs(parameters: Parameters) -> Legs:
    """A student at rest in every case; one to its T, and labels alone."""
    p = two_views(parameters)
    teacher = {presence: _alone(p, presence) for presence, _ in CASES}
    at_rest = {
        _name(case): Leg(regime(p, case, horizon=AT_REST), taught_by=(teacher[case[0]],))
        for case in CASES
    }
    return {
        **at_rest,
        LONG: Leg(regime(p, TYPICAL), taught_by=(teacher[TYPICAL[0]],)),
        ALONE: teacher[TYPICAL[0]],
        LABELS: _alone(p, TYPICAL[0], horizon=AT_REST),
    }


def _name(case: Case) -> str:
    return f"s/k = {case[0]:g}, eta_KD = {case[1]:g}"


def predict(parameters: Parameters) -> str:
    """Prediction, one sentence; raises UndefinedError where a held view never rests."""
    p = two_views(parameters)
    for case in CASES:
        if theory.rest(regime(p, case)).residual == 0:
            raise UndefinedError(f"{_name(case)}: soft labels take too little for a view to rest")
    return theory.predict_residual(regime(p, TYPICAL))


def measure(parameters: Parameters, runs: Runs) -> Measurement:
    """Logs over seeds: the residual and what it does, with its dependence on everything derived."""
    left = {case: _left(regime(parameters, case), runs[_name(case)]) for case in CASES}
    numbers = [
        _taught(parameters, runs[ALONE]),
        _level(parameters, left[TYPICAL]),
        _ratio(parameters, left, HEAVY, LIGHT),
        _ratio(parameters, left, OFTEN, RARE),
        _kernels(parameters, left),
        _time(parameters, runs),
    ]
    rows = [row for case in CASES for row in _rows(parameters, case, left[case])]
    return all_numbers(numbers, "log of a residual or a time", [_table(rows)])


def _left(parameters: Parameters, run: xr.Dataset) -> np.ndarray:
    """Residual by the number of kernels in the one held view of a class [seeds, 1 to m].

    Geometric mean over the classes of a seed, NaN where it has none: c differs from class to class
    with the images that it has drawn, and the residual is about exponential in c. Classes that hold
    both views are left out, as are those that hold none.
    """
    kernels = _held(parameters, run)
    number = np.where((kernels > 0).sum(-1) == 1, kernels.max(-1), 0)
    residual = residuals(parameters, run)[..., None]
    of = number[..., None] == np.arange(1, parameters.kernels_per_class + 1)
    of &= residual > 0
    logs = np.log(residual, out=np.zeros_like(residual), where=residual > 0)
    return np.asarray(np.exp(_share(np.where(of, logs, 0.0).sum(1), of.sum(1))))


def _held(parameters: Parameters, run: xr.Dataset) -> np.ndarray:
    """Kernels of its own block above varrho at T, of every view [seeds, classes, views]."""
    correlations = own_block(parameters, run["final_correlations"].values)
    return np.asarray((correlations >= parameters.linear_from).sum(-2))


def residuals(parameters: Parameters, run: xr.Dataset) -> np.ndarray:
    """Mean of 1 - p_y on multi-view test images of each class [seeds, classes]; NaN without any."""
    (logits,), labels = multi_view_answers(parameters, [run])
    wrong = -np.expm1(_log_answer(logits, labels))
    of = labels[..., None] == np.arange(parameters.classes)
    return _share((wrong[..., None] * of).sum(1), of.sum(1))


def _log_answer(logits: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """ln p_y [seeds, images]."""
    own = np.take_along_axis(logits, labels[..., None], -1)[..., 0]
    return np.asarray(own - np.logaddexp.reduce(logits, -1))


def _taught(parameters: Parameters, teachers: xr.Dataset) -> Number:
    """ln of the teachers' mean soft label of the label, on test images, over the derived one."""
    p = regime(parameters, TYPICAL)
    (logits,), labels = multi_view_answers(p, [teachers])
    said = _log_answer(capped(p, p.teacher_scale * logits), labels)
    derived = of_the_label(p)
    return mean_number(
        "ln of the mean soft label of the label over the derived one",
        np.log(np.exp(said).mean(-1) / derived),
        0.0,
        Rival("teachers see no other class", log(of_the_label_alone(p) / derived)),
    )


def _level(parameters: Parameters, left: np.ndarray) -> Number:
    """ln residual over the derived one, of views in one kernel."""
    p = regime(parameters, TYPICAL)
    derived = theory.rest(p).residual
    fitted = log(theory.smoothed_residual(p) / derived)
    rival = Rival("labels fitted as they are smoothed", fitted)
    return mean_number(
        "ln of the residual over the derived one", np.log(left[:, 0] / derived), 0.0, rival
    )


def _ratio(parameters: Parameters, left: dict[Case, np.ndarray], more: Case, less: Case) -> Number:
    """ln of what is left in one case over that in another."""
    high, low = (regime(parameters, case) for case in (more, less))
    derived = log(theory.rest(high).residual / theory.rest(low).residual)
    fitted = log(theory.smoothed_residual(high) / theory.smoothed_residual(low))
    return mean_number(
        f"ln of the residual at {_name(more)} over that at {_name(less)}",
        np.log(left[more][:, 0] / left[less][:, 0]),
        derived,
        Rival("labels fitted as they are smoothed", fitted),
    )


def _kernels(parameters: Parameters, left: dict[Case, np.ndarray]) -> Number:
    """ln residual of a view in two kernels over that of one in one, mean over the cases."""
    derived, found = [], []
    for case in CASES:
        one, two = (theory.rest(regime(parameters, case), n).residual for n in (1, 2))
        derived.append(log(two / one))
        # A seed need not know every case: what each deviates by is averaged.
        found.append(np.log(left[case][:, 1] / left[case][:, 0]) - derived[-1])
    mean = float(np.mean(derived))
    return mean_number(
        "ln of the residual of a view in two kernels over that in one",
        mean + _mean_of_known(np.stack(found, -1)),
        mean,
        Rival("the number of kernels does not matter", 0.0),
    )


def _mean_of_known(values: np.ndarray) -> np.ndarray:
    """Mean over the last axis of what is not NaN; NaN where nothing is."""
    known = np.isfinite(values)
    return _share(np.where(known, values, 0.0).sum(-1), known.sum(-1))


def _share(total: np.ndarray, number: np.ndarray) -> np.ndarray:
    """total/number, NaN where there is none."""
    none = np.full(total.shape, np.nan)
    return np.asarray(np.divide(total, number, out=none, where=number > 0))


def _time(parameters: Parameters, runs: Runs) -> Number:
    """ln of the time that lost views take over the derived one, lower median of a seed."""
    p = regime(parameters, TYPICAL)
    taken, kernels = _taken(p, runs[LONG])
    start = own_block(p, runs[ALONE]["final_correlations"].values).max(-2)[: len(taken)]
    lost = (start < p.linear_from) & (start[..., ::-1] >= p.linear_from)
    derived = np.full(taken.shape, np.inf)
    for place in zip(*np.nonzero(lost), strict=True):
        derived[place] = theory.crossing_time(p, float(start[place]), max(1, int(kernels[place])))
    # Both times are inversely proportional to the rate: their ratio is that of any start.
    alone = theory.off_class_time(p, p.linear_from / 2)
    beside = log(alone / theory.crossing_time(p, p.linear_from / 2))
    return mean_number(
        "ln of the time of lost views over the derived one",
        distillation.lower_medians(_logs(taken, derived), derived <= p.horizon),
        0.0,
        Rival("images of other classes alone teach it", beside),
    )


def _logs(taken: np.ndarray, derived: np.ndarray) -> np.ndarray:
    """ln(taken/derived), inf where nothing crosses, -inf where it took no time; same shape."""
    crosses = np.isfinite(taken) & np.isfinite(derived)
    ratio = np.divide(taken, derived, out=np.full(taken.shape, np.inf), where=crosses)
    with np.errstate(divide="ignore"):
        return np.asarray(np.log(ratio))


def _taken(parameters: Parameters, run: xr.Dataset) -> tuple[np.ndarray, np.ndarray]:
    """Of a class's views: time from the crossing of its other view on, kernels in that by then.

    Both [seeds, classes, 2]; the time is inf where it does not cross, 0 where it does so first.
    """
    crossing = own_block(parameters, run["crossing_time"].values)
    first = crossing.min(-2)
    other = crossing[..., ::-1]
    before = np.minimum(first, first[..., ::-1])
    taken = np.subtract(first, before, out=np.full(first.shape, np.inf), where=np.isfinite(first))
    by_then = np.minimum(first, parameters.horizon)[..., None, :]
    return taken, np.asarray((other < by_then).sum(-2))


def _rows(parameters: Parameters, case: Case, left: np.ndarray) -> list[dict[str, object]]:
    """Measured and derived residuals of a case, by kernels in a view."""
    p = regime(parameters, case)
    return [
        {
            "case": _name(case),
            "kernels": n + 1,
            "seeds": int(known.sum()),
            "residual": float(left[known, n].mean()),
            "derived": theory.rest(p, n + 1).residual,
        }
        for n in range(2)
        if (known := np.isfinite(left[:, n])).any()
    ]


def _table(rows: list[dict[str, object]]) -> Table:
    columns = (
        Column("case"), Column("kernels", "kernels in the view"), Column("seeds"),
        Column("residual", form="digits"), Column("derived", form="digits"),
    )  # fmt: skip
    return Table("residuals", rows, "what is left of the label's residual", columns)


def _labels_alone(parameters: Parameters, runs: Runs) -> Runs:
    """Labels alone in the place of every student, at rest and on its way."""
    del parameters
    students = [LONG, *map(_name, CASES)]
    return {**runs, **dict.fromkeys(students, runs[LABELS])}


def _other_classes(parameters: Parameters, runs: Runs) -> Runs:
    """The classes of another seed's kernels, and students at rest in the place of teachers."""
    del parameters
    found = {**runs, ALONE: runs[_name(TYPICAL)]}
    for name in map(_name, CASES):
        other = of_another_seed(runs[name])["final_correlations"].values
        run = runs[name]
        found[name] = run.assign(final_correlations=(run["final_correlations"].dims, other))
    return found


def _exchanged(parameters: Parameters, runs: Runs) -> Runs:
    """Light and heavy soft labels, rare and frequent views, in each other's place.

    And lost views as late as if soft labels counted a tenth.
    """
    del parameters
    late = runs[LONG].assign(crossing_time=10 * runs[LONG]["crossing_time"])
    places = swapped([_name(LIGHT), _name(RARE)], [_name(HEAVY), _name(OFTEN)])
    return {**exchange(runs, places), LONG: late}


CONTROLS = (
    Control("labels alone", "nothing keeps their residual", look=_labels_alone),
    Control("exchanged", "more soft labels cannot also leave less", look=_exchanged),
    Control(
        "kernels of another seed, students as teachers",
        "what a class leaves goes with its own kernels, and what is taught with who teaches",
        look=_other_classes,
    ),
)

CLAIMS = (
    Claim(
        id="KD.residual",
        name="explanation.soft_residual",
        statement=(
            "smoothed labels leave the residual at which a held view rests, and it teaches the "
            "lost one"
        ),
        provenance="[D] objectives/distilled/residual.py",
        role="finding",
        role_reason="no claim of the paper: why soft labels that know nothing teach lost views",
        horizon="T",
        measure=measure,
        controls={"supervised": CONTROLS},
        prediction=predict,
        order=18,
        legs=legs,
        conditions=conditions,
    ),
)
