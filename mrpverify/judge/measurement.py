"""A statistic with its interval, its threshold and what the numbers alone say."""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from ..parameters import STAND_INS
from . import e_value
from .findings import Estimate, Finding, Findings, Note, Recorded, checked, details_of, exchanged
from .intervals import ANY, APPROXIMATE, CONFIDENCE, share_interval
from .over_seeds import OverSeeds
from .sequential import LEVEL, Design, Outcome, design
from .verdicts import Verdict, all_of, measured_above, measured_within


@dataclass(frozen=True)
class Measurement:
    """One measured claim: what was counted, its interval and what it is held against."""

    statistic: str
    value: float
    interval: tuple[float, float]
    threshold: float
    measured: Verdict
    successes: int | None = None
    trials: int | None = None
    findings: tuple[Finding, ...] = ()
    """What was found beside the verdict, by type: reports show it."""
    band: tuple[float, float] | None = None
    """Where the whole interval has to lie, in a claim about a number; `threshold` predicts it."""
    outcomes: tuple[Outcome, ...] | None = None
    """What every seed says, in the seeds' order, where the statement is true or false in each."""

    def __post_init__(self) -> None:
        """Raise TypeError for a statistic that is no text, and for findings that are none."""
        if not isinstance(self.statistic, str):
            raise TypeError(f"statistic={self.statistic!r}: say in words what is measured.")
        object.__setattr__(self, "findings", checked(self.findings))

    @property
    def details(self) -> dict[str, Any]:
        """The findings as plain values under the names that they have in a record."""
        return details_of(self.findings)

    def beside(self, *new: Finding) -> Measurement:
        """The same with further findings; one takes the place of an earlier one of its name."""
        return replace(self, findings=exchanged(self.findings, new))


FEWEST_SEEDS = 16
"""A mean over fewer seeds supports nothing: the t-interval of a handful of values is no evidence
for a claim. It can still speak against one, which is what a control has to do."""


T_ASSUMES = f"{APPROXIMATE}; one by betting, which is not, would be wider than such a band"


@dataclass(frozen=True)
class Part:
    """One of several statements that a claim makes at once: a mean over seeds and its target."""

    over_seeds: OverSeeds
    threshold: float
    band: tuple[float, float] | None = None
    """Where the whole interval has to lie, an equivalence test (two one-sided tests, TOST); without
    one it has to lie above `threshold`."""
    fewest: int = 0
    """Seeds that it takes to support it, where that is more than the interval asks for."""

    @property
    def value(self) -> float:
        """Mean over the seeds that have a value, NaN where none has."""
        return self.over_seeds.value

    @property
    def interval(self) -> tuple[float, float]:
        """The central 90 % interval."""
        return self.over_seeds.interval()

    @property
    def measured(self) -> Verdict:
        """What it says alone."""
        return self.as_one_of(1)

    def as_one_of(self, together: int) -> Verdict:
        """What it says as one of `together` parts, of which one is enough to refute a claim.

        Refuted at a level divided by their number (Bonferroni). Supported at the usual level, for
        all of them have to be (an intersection-union test), and from enough seeds.
        """
        if self._said(1 - (1 - CONFIDENCE) / together) is Verdict.REFUTED:
            return Verdict.REFUTED
        supported = self._said(CONFIDENCE) is Verdict.SUPPORTED
        enough = self.over_seeds.seeds >= self.fewest
        return Verdict.SUPPORTED if supported and enough else Verdict.INCONCLUSIVE

    def _said(self, confidence: float) -> Verdict:
        """What the interval at a confidence says."""
        interval = self.over_seeds.interval(confidence)
        if self.band is None:
            return measured_above(interval, self.threshold)
        return measured_within(interval, self.band)

    @property
    def assumes(self) -> str | None:
        """What the interval takes for granted; None where it is exact."""
        return None if self.over_seeds.assumes is None else T_ASSUMES

    def summary(self, together: int = 1) -> dict[str, Any]:
        """The part as it stands in a record, as one of `together`."""
        return {
            "mean": self.value,
            "interval": list(self.interval),
            "threshold": self.threshold,
            "band": None if self.band is None else list(self.band),
            "measured": self.as_one_of(together),
            "fewest": self.fewest,
            "over_seeds": self.over_seeds.summary(),
        }


def mean_above(values: np.ndarray, threshold: float, resolution: float = 0.0) -> Part:
    """A number per seed [seeds] whose mean must lie above `threshold`: t-interval, approximate."""
    return Part(OverSeeds.of("t", values, resolution), threshold, fewest=FEWEST_SEEDS)


def mean_within(
    values: np.ndarray,
    target: float,
    delta: float,
    resolution: float = 0.0,
    possible: tuple[float, float] = ANY,
) -> Part:
    """A number per seed [seeds] whose mean must lie within `target` +- `delta`: equivalence test.

    Two one-sided tests (TOST): the whole t-interval, approximate and no further than the `possible`
    values, has to lie in the band.
    """
    band = (target - delta, target + delta)
    return Part(OverSeeds.of("t", values, resolution, possible), target, band, FEWEST_SEEDS)


def mean_share_above(values: np.ndarray, threshold: float) -> Part:
    """A share in [0, 1] per seed [seeds] whose mean must lie above `threshold`: betting interval.

    Valid however rare a loss is. A seed without a share (NaN) counts as 0. Raises ValueError for a
    share outside [0, 1].
    """
    part = Part(OverSeeds.of("betting", np.nan_to_num(values, nan=0.0)), threshold)
    part.interval  # noqa: B018 - raises for a share outside [0, 1], here and not later
    return part


PARTS = "parts"
"""Where the statements of a claim stand in the details of a record."""
JUDGED = ("threshold", "band", "measured", "needed", "true_seeds", "seeds")
"""What is shown of one of them beside its mean."""


def part_row(name: str, row: Mapping[str, Any]) -> Estimate:
    """One of several statements of a claim as a finding; `row` is how it stands in a record."""
    low, high = row["interval"]
    judged = {key: row[key] for key in JUDGED if key in row}
    return Estimate(name, row["mean"], (low, high), judged, {PARTS: {name: dict(row)}})


def assumptions(assumed: Mapping[str, str]) -> tuple[Note, ...]:
    """What intervals take for granted, by the number's name: a note for all that take the same."""
    return tuple(
        Note(
            f"assumes, {text}", (text,), ", ".join(names),
            {"assumes": dict.fromkeys(names, text)},
        )
        for text in dict.fromkeys(assumed.values())
        if (names := [name for name in assumed if assumed[name] == text])
    )  # fmt: skip


def together(statistic: str, parts: Mapping[str, Part], findings: Findings = ()) -> Measurement:
    """A claim of several parts: refuted by one, supported by all; the first gives its numbers."""
    first, number = next(iter(parts.values())), len(parts)
    assumed = {name: part.assumes for name, part in parts.items() if part.assumes is not None}
    return Measurement(
        statistic,
        first.value,
        first.interval,
        first.threshold,
        all_of(part.as_one_of(number) for part in parts.values()),
        findings=(
            *(part_row(name, part.summary(number)) for name, part in parts.items()),
            *assumptions(assumed),
            *findings,
        ),
        band=first.band,
    )


def with_unknown(measurement: Measurement, unknown: int, seeds: int) -> Measurement:
    """The same measurement where `unknown` of its `seeds` could have come out either way.

    A count of seeds is held against both extremes, `share_of_seeds` does that seed by seed. A mean
    of shares, accuracies or gains moves by at most unknown/seeds times the range 1, and is then
    decided by none of its numbers. One that has counted them itself, or is an ERROR, stays.
    """
    m = measurement
    if m.measured is Verdict.ERROR or "seeds_not_known" in m.details:
        return m
    low, high = m.interval
    wide = (low - unknown / seeds, high + unknown / seeds)
    return replace(m, interval=wide, measured=Verdict.INCONCLUSIVE).beside(_not_known(unknown))


def _not_known(seeds: int) -> Note:
    """How many seeds could have come out either way; nothing is said where there are none."""
    line = (
        f"{seeds} seeds ran out of steps or work before T; not known there, raise work (flow) or "
        f"max_steps (descent)"
    )
    return Note("seeds_not_known", (line,) if seeds else (), kept={"seeds_not_known": seeds})


def seeds_not_known(measurement: Measurement, unknown: np.ndarray) -> Measurement:
    """A count of seeds judged again with those seeds open that are `unknown` [seeds], bool.

    One that has marked its open seeds itself stays as it is.
    """
    m = measurement
    if m.outcomes is None or "seeds_not_known" in m.details or m.measured is Verdict.ERROR:
        return m
    pairs = zip(m.outcomes, unknown, strict=True)
    outcomes = tuple(None if is_open else seed for seed, is_open in pairs)
    opened = [part_row(name, _opened(row, unknown)) for name, row in _seed_parts(m).items()]
    marked = replace(m, outcomes=outcomes).beside(_not_known(0), *opened)
    return judged_by(marked, design(len(outcomes), m.threshold))


def _seed_parts(measurement: Measurement) -> Mapping[str, Mapping[str, Any]]:
    """The statements that each seed must meet at once (`per_seed`), none where it has no such."""
    rows: Mapping[str, Mapping[str, Any]] = measurement.details.get(PARTS, {})
    return rows if all("outcomes" in row for row in rows.values()) else {}


def _opened(row: Mapping[str, Any], unknown: np.ndarray) -> dict[str, Any]:
    """One of them with those seeds open that are `unknown` [seeds], bool."""
    pairs = zip(row["outcomes"], unknown, strict=True)
    return {**row, "outcomes": [None if is_open else seed for seed, is_open in pairs]}


def judged_by(measurement: Measurement, rule: Design) -> Measurement:
    """A count of seeds judged by a sequential design: at its own look, by the seeds up to there.

    Seeds beyond the look that decides are not used. The interval is the exact one of a fixed number
    of seeds, shown beside the verdict and not corrected for looking. What is no count of seeds, or
    is an ERROR, stays as it is.
    """
    m = measurement
    if m.outcomes is None or m.measured is Verdict.ERROR:
        return m
    used, verdict = rule.decide(m.outcomes)
    sequential = {
        "by": "design", **rule.summary(), "seeds_used": used, "words": rule.words(),
        "e_values": _wealths(e_value.decide(m.outcomes[:used], m.threshold)),
    }  # fmt: skip
    return _looked_at(m, used, verdict, sequential, rule)


def judged_by_e_value(measurement: Measurement, rule: Design) -> Measurement:
    """A count of seeds that was first asked with another cap: judged by its e-value, `rule` aside.

    That holds at 5 % however often and with however many seeds it is asked (Ville's inequality).
    """
    m = measurement
    if m.outcomes is None or m.measured is Verdict.ERROR:
        return m
    found = e_value.decide(m.outcomes[: rule.cap], m.threshold)
    sequential = {
        "by": "e-value", "p0": m.threshold, "level": LEVEL, "looks": [rule.cap],
        "seeds_used": found.seeds, "e_values": _wealths(found),
        "words": f"asked again with other seeds: decided by the e-value alone, {found.support:.3g} "
        f"for and {found.refute:.3g} against, needed {1 / LEVEL:g}",
    }  # fmt: skip
    return _looked_at(m, found.seeds, found.verdict, sequential, rule)


def _wealths(found: e_value.EValues) -> dict[str, float]:
    """Both e-values as they stand in a record."""
    return {"support": found.support, "refute": found.refute}


def _looked_at(
    m: Measurement, used: int, verdict: Verdict, sequential: Mapping[str, Any], rule: Design
) -> Measurement:
    """The measurement by its first `used` seeds."""
    looked = (m.outcomes or ())[:used]
    successes, open_seeds = sum(s is True for s in looked), sum(s is None for s in looked)
    found: list[Finding] = [_asked(verdict, sequential)]
    if "seeds_not_known" in m.details:
        found.append(_not_known(open_seeds))
    if rows := _seed_parts(m):
        parts = _parts_judged(rows, rule, used)
        refuted = [name for name, row in parts.items() if row["measured"] is Verdict.REFUTED]
        found += [*itertools.starmap(part_row, parts.items()), Recorded("refuted_parts", refuted)]
    return replace(
        m,
        value=successes / used,
        interval=share_interval(successes, open_seeds, used),
        measured=verdict,
        successes=successes,
        trials=used,
    ).beside(*found)


def _asked(verdict: Verdict, sequential: Mapping[str, Any]) -> Note:
    """By how many seeds it is decided, and by which rule."""
    line = (
        f"{verdict} after {sequential['seeds_used']} of at most {sequential['looks'][-1]} seeds "
        f"({sequential['words']})"
    )
    return Note("sequential", (line,), kept={"sequential": dict(sequential)})


def _parts_judged(
    rows: Mapping[str, Mapping[str, Any]], rule: Design, used: int
) -> dict[str, dict[str, Any]]:
    """The statements that a seed must meet at once, each alone by the same design and seeds."""
    found = {}
    for name, row in rows.items():
        looked = row["outcomes"][:used]
        true = sum(seed is True for seed in looked)
        measured = rule.decide(looked)[1]
        found[name] = {**row, "true_seeds": true, "seeds": used, "measured": measured}
    return found


def share_of_seeds(
    holds: np.ndarray,
    statistic: str,
    findings: Findings = (),
    known: np.ndarray | None = None,
) -> Measurement:
    """A per-seed true/false claim [seeds] against p0, by the sequential design of so many seeds.

    A seed that is not `known` (it never got to where the claim is judged) counts as false below and
    as true above. Raises ValueError where there is no seed, and for what is neither true nor false.
    """
    if len(holds) == 0:
        raise ValueError("a share of seeds needs at least one seed")
    true = _truths(holds, "holds")
    sure = np.ones_like(true) if known is None else _truths(known, "known")
    outcomes: Sequence[Outcome] = [
        bool(one) if is_known else None for one, is_known in zip(true, sure, strict=True)
    ]
    p0 = STAND_INS["success_rate"].value
    blank = Measurement(
        statistic,
        float("nan"),
        (0.0, 1.0),
        p0,
        Verdict.INCONCLUSIVE,
        findings=(*findings, *(() if known is None else (_not_known(0),))),
        outcomes=tuple(outcomes),
    )
    return judged_by(blank, design(len(outcomes), p0))


def _truths(values: np.ndarray, name: str) -> np.ndarray:
    """The same as bool [seeds]; NaN or a share would silently count as true."""
    given = np.asarray(values)
    if given.ndim != 1 or not np.isin(given, (0, 1)).all():
        raise ValueError(
            f"{name} has to be true or false once in every seed, [seeds], got {given.tolist()}: "
            "hold numbers against a threshold first, and say which seeds are `known`."
        )
    return given.astype(bool)


def mean_share_over_seeds(
    values: np.ndarray,
    threshold: float,
    statistic: str,
    findings: Findings = (),
) -> Measurement:
    """A share in [0, 1] per seed [seeds] whose mean must lie above `threshold`: betting interval.

    Valid however rare a loss is. NaN marks a seed in which the share does not exist; it counts
    as 0. Fewer than FEWEST_SEEDS values say nothing: the interval is (0, 1). Raises ValueError for
    a share outside [0, 1].
    """
    mean = mean_share_above(values, threshold)
    enough = len(values) >= FEWEST_SEEDS
    interval = mean.interval if enough else (0.0, 1.0)
    kept = (Recorded("over_seeds", mean.over_seeds.summary()),) if enough else ()
    return Measurement(
        statistic,
        mean.value,
        interval,
        threshold,
        measured_above(interval, threshold),
        findings=(*findings, *kept),
    )
