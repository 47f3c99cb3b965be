"""Rates of false verdicts of every verdict function on every truth, as a table."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from ..judge.e_value import decide
from ..judge.measurement import (
    Measurement,
    Part,
    mean_above,
    mean_share_above,
    mean_share_over_seeds,
    mean_within,
    share_of_seeds,
    together,
)
from ..judge.numbers import Number, Rival, all_numbers, bracket_number, mean_number, share_number
from ..judge.per_seed import above, at_least, counted, in_each_seed, within
from ..judge.sequential import LEVEL, design
from ..judge.verdicts import Verdict
from ..parameters import STAND_INS
from .truths import (
    ACCURACIES,
    CONSTANT,
    EDGE,
    GOOD,
    GRID,
    NUMBERS,
    SHARES,
    STATEMENTS,
    TARGET,
    Truth,
    normal,
    statement,
)

SEEDS = (4, 8, 16, 24)
P0 = STAND_INS["success_rate"].value
RIVAL = Rival("twice as much", 2 * TARGET)
WIDTH = 0.05
"""Half-width of the band of an equivalence test here."""
TOGETHER = 3
"""Numbers of one law."""
PARTS = 8
"""Of one claim, as CMP.shift has them: the most."""


@dataclass(frozen=True)
class Judged:
    """What a verdict function said of one draw."""

    verdict: Verdict
    interval: tuple[float, float] | None = None


Judge = Callable[[np.random.Generator, int], Judged]
"""Draws so many seeds and judges them."""


@dataclass(frozen=True)
class Case:
    """A verdict function on one truth, and which of its verdicts are false there."""

    function: str
    truth: str
    judge: Judge
    false: frozenset[Verdict]
    covers: float | None = None
    """What its interval is to cover."""
    exact: bool = True
    """Whether it claims to hold at 5 % whatever the law; False: a t-interval, a control here."""


@dataclass(frozen=True)
class Rates:
    """Rates over the draws of one case at one number of seeds."""

    seeds: int
    draws: int
    supported: float | None
    """Of false SUPPORTED; None where that verdict is true."""
    refuted: float | None
    coverage: float | None


def rates(case: Case, seeds: int, draws: int, salt: str) -> Rates:
    """Rates of one case, with a stream of its own for each salt and number of seeds."""
    key = zlib.crc32(f"{salt} {case.function} {case.truth} {seeds}".encode())
    random = np.random.default_rng(key)
    found = [case.judge(random, seeds) for _ in range(draws)]

    def rate(verdict: Verdict) -> float | None:
        if verdict not in case.false:
            return None
        return float(np.mean([one.verdict is verdict for one in found]))

    intervals = [one.interval for one in found if one.interval is not None]
    covered = None
    if case.covers is not None and intervals:
        inside = [low <= case.covers <= high for low, high in intervals]
        covered = float(np.mean(inside))
    return Rates(seeds, draws, rate(Verdict.SUPPORTED), rate(Verdict.REFUTED), covered)


def allowed(draws: int, errors: float = 4.0) -> float:
    """The level with so many standard errors of the simulation."""
    return LEVEL + errors * float(np.sqrt(LEVEL * (1 - LEVEL) / draws))


def cases() -> tuple[Case, ...]:
    """Every verdict function on every truth that it is for."""
    return (*_of_seeds(), *_of_means(), *_of_numbers())


def _false(mean: float, threshold: float) -> frozenset[Verdict]:
    """Verdicts "above the threshold" that are false; both are at the threshold itself."""
    found = {Verdict.SUPPORTED} if mean <= threshold + GRID * 1e-6 else set()
    return frozenset(found | ({Verdict.REFUTED} if mean >= threshold - GRID * 1e-6 else set()))


def _judged(found: Measurement | Part) -> Judged:
    return Judged(found.measured, found.interval)


def _on(
    function: str,
    truth: Truth,
    judge: Callable[[np.ndarray], Judged],
    false: frozenset[Verdict],
    covers: float | None = None,
    exact: bool = True,
) -> Case:
    """A case that judges the values of a truth."""
    return Case(
        function, truth.name, lambda random, n: judge(truth.draw(random, n)), false, covers, exact
    )


def _of_seeds() -> Iterator[Case]:
    """Statements that are true or false in every seed."""
    for truth in STATEMENTS:
        false = _false(truth.mean, P0)
        yield _on(
            "share_of_seeds", truth, lambda v: Judged(share_of_seeds(v > 0, "").measured), false
        )
        yield _on("decide", truth, _by_e_value, false)
        yield _on("share_number", truth, _one_share, false, truth.mean)
    for truth in ACCURACIES:
        share = truth.good
        yield _on("in_each_seed", truth, _accuracy_and_gain, _false(share, P0))
        yield _on(
            "counted",
            truth,
            lambda v: _judged(counted(at_least(v, GOOD))),
            _false(share, P0),
            share,
        )
    yield Case(
        "decide", "p = 0.8, asked with 1, 2, 3 and 4 times so many", _asked_again, _false(P0, P0)
    )
    yield Case(
        "design",
        "p = 0.8, asked with 1, 2, 3 and 4 times so many until one supports",
        _peeked,
        frozenset({Verdict.SUPPORTED}),
        exact=False,
    )


def _by_e_value(values: np.ndarray) -> Judged:
    return Judged(decide([bool(v) for v in values], P0).verdict)


def _one_share(values: np.ndarray) -> Judged:
    number = share_number("share", values > 0, RIVAL)
    return Judged(all_numbers([number], "").measured, number.interval)


def _accuracy_and_gain(values: np.ndarray) -> Judged:
    """A collapsed seed also loses its gain, and is not equal to what did not collapse."""
    parts = {
        "accuracy": at_least(values, GOOD),
        "gain": above(values - 0.85, 0.02),
        "equal": within(values - 1.0, 0.0, 0.01),
    }
    return Judged(in_each_seed("", parts).measured)


def _asked_again(random: np.random.Generator, seeds: int) -> Judged:
    """At each of four numbers of seeds, the smallest being `seeds`."""
    outcomes = [bool(v) for v in random.random(4 * seeds) < P0]
    return Judged(decide(outcomes, P0).verdict)


def _peeked(random: np.random.Generator, seeds: int) -> Judged:
    """The same by designs that do not know of each other."""
    outcomes = [bool(v) for v in random.random(4 * seeds) < P0]
    said = [design(n * seeds, P0).decide(outcomes)[1] for n in (1, 2, 3, 4)]
    return Judged(Verdict.SUPPORTED if Verdict.SUPPORTED in said else said[-1])


def _of_means() -> Iterator[Case]:
    """Means of bounded values, the threshold at the mean; t-intervals as the control."""
    both = _false(0.0, 0.0)
    for truth in SHARES:
        mean = truth.mean

        def share(v: np.ndarray, at: float = mean) -> Judged:
            return _judged(mean_share_above(v, at))

        def old(v: np.ndarray, at: float = mean) -> Judged:
            return _judged(mean_share_over_seeds(v, at, ""))

        def by_t(v: np.ndarray, at: float = mean) -> Judged:
            return _judged(mean_above(v, at))

        def band(v: np.ndarray, at: float = mean) -> Judged:
            return _judged(mean_within(v, at + WIDTH, WIDTH))

        yield _on("mean_share_above", truth, share, both, mean)
        yield _on("mean_share_over_seeds", truth, old, both, mean)
        yield _on("mean_above", truth, by_t, both, mean, exact=False)
        if truth.name != CONSTANT.name:  # which is inside, at the edge
            yield _on("mean_within", truth, band, both, mean, exact=False)


def _of_numbers() -> Iterator[Case]:
    """Numbers of a law at the edge of their band, alone and several together."""
    both = _false(0.0, 0.0)
    for truth in NUMBERS:
        yield _on("mean_number", truth, _one_mean, both, truth.mean, exact=False)
        yield _on("bracket_number", truth, _bracket, both, truth.mean, exact=False)
    yield Case("all_numbers", f"{TOGETHER} normal numbers inside, a share at p0", _mixed(P0), both)
    yield Case("all_numbers", f"{TOGETHER} shares at p0", _several_shares, both)
    inside = frozenset({Verdict.REFUTED})
    yield Case("all_numbers", f"{TOGETHER} normal numbers at their edges", _edges, inside)
    yield Case("together", f"{PARTS} parts at their edges, seeds at p0 and means", _parts, inside)


def _one_mean(values: np.ndarray) -> Judged:
    number = mean_number("n", values, TARGET, RIVAL)
    return Judged(all_numbers([number], "").measured, number.interval)


def _bracket(values: np.ndarray) -> Judged:
    """Thresholds as bisection leaves them: between two points of a grid."""
    below = np.floor(values / GRID) * GRID
    number = bracket_number("b", below, below + GRID, TARGET, RIVAL)
    return Judged(all_numbers([number], "").measured, number.interval)


def _means(random: np.random.Generator, seeds: int, mean: float) -> list[Number]:
    law = normal(mean, 0.1)
    return [mean_number(f"n{i}", law.draw(random, seeds), TARGET, RIVAL) for i in range(TOGETHER)]


def _mixed(share: float) -> Judge:
    def judge(random: np.random.Generator, seeds: int) -> Judged:
        holds = statement(share).draw(random, seeds) > 0
        numbers = [*_means(random, seeds, TARGET), share_number("s", holds, RIVAL)]
        return Judged(all_numbers(numbers, "").measured)

    return judge


def _several_shares(random: np.random.Generator, seeds: int) -> Judged:
    holds = random.random((TOGETHER, seeds)) < P0
    numbers = [share_number(f"s{i}", row, RIVAL) for i, row in enumerate(holds)]
    return Judged(all_numbers(numbers, "").measured)


def _edges(random: np.random.Generator, seeds: int) -> Judged:
    return Judged(all_numbers(_means(random, seeds, EDGE), "").measured)


def _parts(random: np.random.Generator, seeds: int) -> Judged:
    """Every second one a share of seeds, every other one a normal mean."""
    law, parts = normal(EDGE, 0.1), {}
    for i in range(0, PARTS, 2):
        holds = (random.random(seeds) < P0).astype(float)
        parts[f"share {i}"] = counted(at_least(holds, GOOD))
        parts[f"mean {i}"] = mean_above(law.draw(random, seeds), EDGE)
    return Judged(together("", parts).measured)


def lines(draws: int, salt: str, tell: Callable[[str], None] = lambda line: None) -> list[str]:
    """The table in Markdown, a row per case; `tell` hears every row as it is made."""
    head = "| function | truth | " + " | ".join(f"{n} seeds" for n in SEEDS) + " | |"
    found = [head, "| --- " * (len(SEEDS) + 3) + "|"]
    for case in cases():
        own = [rates(case, seeds, draws, salt) for seeds in SEEDS]
        cells = " | ".join(_cell(one) for one in own)
        found.append(f"| `{case.function}` | {case.truth} | {cells} | {_word(case, own)} |")
        tell(found[-1])
    return found


def _cell(found: Rates) -> str:
    """False SUPPORTED, false REFUTED, coverage; a dash for what does not apply."""
    values = (found.supported, found.refuted, found.coverage)
    return " / ".join("-" if value is None else f"{value:.3f}" for value in values)


def _word(case: Case, found: Sequence[Rates]) -> str:
    """Whether the rates are what the function claims."""
    worst = max(max(one.supported or 0.0, one.refuted or 0.0) for one in found)
    if worst <= allowed(found[0].draws):
        return "holds"
    return "**FAILS**" if case.exact else "fails, approximate"
