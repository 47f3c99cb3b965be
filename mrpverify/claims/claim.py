"""What a claim is: a statement, how it is measured, and the controls that must fail."""

from __future__ import annotations

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from inspect import isgeneratorfunction
from math import ceil
from typing import Any, Literal, TypeGuard, get_args

import xarray as xr

from .. import outside
from ..judge.findings import Picture
from ..judge.measurement import Measurement
from ..judge.verdicts import Verdict
from ..parameters import Framework, Parameters, relevant, symbols
from ..records.labelled import data_of
from ..theory.assumptions import violated
from ..theory.condition import Condition
from .legs import PRETRAINING, Leg, Legs

Role = Literal["gate", "finding"]
Horizon = Literal["T", "16 T_c", "crossing", "end", "none"]
"""When a claim is judged: T_c is the time of full coverage, "end" comes after a fixed number of
steps, "none" needs no run at all."""
Quantifier = Literal["with high probability", "on average", "of this regime", "of these pictures"]
"""Over what a claim is said: most draws of images and init (more than p0 of the seeds), the mean
over them, the numbers of a regime without any draw, or the pictures that were looked at."""
Runs = Mapping[str, xr.Dataset]
"""The labelled runs of all seeds, by leg."""
Asks = Generator[Legs, Runs, Measurement]
"""Yields the legs that it needs next, gets the runs of all legs so far, and may yield again, as a
bisection does; returns what it measured. Nothing else is kept between: it is asked anew for more
seeds, and of a control."""
Measure = Callable[[Any, Any], Measurement] | Callable[[Any], Asks]
"""Gets the regime and the runs: those of pretraining alone (a data set), or of every leg (Runs).
A claim that asks more than once is a generator of the regime alone (`Asks`), written with yield.
A claim about real networks gets its setup and its evidence."""

MOST_ROUNDS = 100
"""Of asking: a bisection of a number takes some fifty until rounding ends it."""


class EndlessError(RuntimeError):
    """A claim goes on asking for runs."""

    def __init__(self, rounds: int) -> None:
        super().__init__(f"asked for runs {rounds} times and measured nothing")


def lent(runs: Runs) -> Runs:
    """The runs for a claim to look at: a variable that it sets is not there for other claims."""
    return {name: run.copy(deep=False) for name, run in runs.items()}


def fixed(runs: xr.Dataset) -> xr.Dataset:
    """The same, and whoever writes into an array of it breaks: other claims look at it too."""
    for variable in runs.variables.values():
        variable.values.flags.writeable = False
    return runs


CONTROL_SEEDS = 4
"""Seeds of a control at first: none of four true refutes. Where one is, a claim that is judged in
rounds looks at more seeds of the control."""


INTRODUCTION = "[I]"
"""Provenance of what the paper's introduction reports about practice, and proves nowhere."""


@dataclass(frozen=True, eq=False)
class Control:
    """A run in which the claim's own statistic must be REFUTED, or the claim says nothing.

    Exactly one of the two is set: `change` trains again with other parameters (same salt and seeds,
    and of each seed the horizon T of the claim's own run); `look` measures the same runs in a way
    that cannot succeed. A change that pretraining does not see leaves its runs, and their T, as
    they are. Raises ValueError where none or both are set, and for less than one seed.
    """

    id: str
    expected: str
    change: Callable[[Parameters], Mapping[str, Any]] | None = None
    look: Callable[[Any, Any], Any] | None = None
    seeds: int = CONTROL_SEEDS
    """Seeds of a trained control; more where it falls below a threshold by a small amount only."""
    failed: Callable[[Any, Measurement], bool] = field(
        default=lambda parameters, measurement: measurement.measured is Verdict.REFUTED
    )

    def __post_init__(self) -> None:
        check_texts(self, ("id", "expected"))
        if (self.change is None) == (self.look is None):
            raise ValueError(f"control {self.id!r}: give it a change or a look, one of the two.")
        if self.seeds < 1:
            raise ValueError(f"control {self.id!r}: seeds={self.seeds}: give it at least 1.")

    def parameters(self, regime: Parameters, horizon: float) -> Parameters:
        """The control's regime at the claim's horizon (conditions are not asked of a control).

        Parameters are named or said by their symbols, as everywhere.
        No step is smaller than eta, so T/eta of them always reach T: a control never fails for
        want of steps. Raises TypeError where it changes what is no parameter.
        """
        changes = self.change(regime) if self.change is not None else {}
        if not isinstance(changes, Mapping):
            raise TypeError(f"control {self.id!r}: change returned {changes!r}, and no dictionary.")
        names = {item.name for item in fields(regime)}
        by_symbol = symbols(type(regime))
        changes = {k if k in names else by_symbol.get(k, k): v for k, v in changes.items()}
        unknown = set(changes) - names
        if unknown:
            raise TypeError(
                f"control {self.id!r} changes {', '.join(sorted(unknown))}, which is no parameter "
                "of a regime (mrpverify.Parameters has their names)."
            )
        changed = replace(regime, **changes)
        if horizon == 0 or relevant(changed) == relevant(regime):
            return changed
        if changed.framework != regime.framework:
            return changed  # the time of another objective is no measure: its own rule sets T
        steps = max(1, ceil(horizon / changed.step) + 1)
        return replace(changed, horizon=horizon, max_steps=steps)


def check_texts(of: object, names: Sequence[str]) -> None:
    """Raise ValueError where something that reports print is no text."""
    for name in names:
        given = getattr(of, name)
        if not isinstance(given, str):
            raise ValueError(f"{type(of).__name__}: {name}={given!r}, say it in words.")


@dataclass(frozen=True, eq=False)
class Claim:
    """One statement of the theory on one horizon.

    `measure` gets the regime and the labelled runs of all seeds; statistic, threshold and controls
    are fixed here, before any run. `legs` are the runs it needs where pretraining alone is not
    enough; a `measure` that is a generator asks for them itself. `relies_on` are the stages beside
    its framework whose regime conditions it depends on, `needs` names data that it reads. Raises
    ValueError for a role or a horizon that is none, and for controls that no framework has;
    TypeError for needs or relies_on that are no tuple of texts.
    """

    id: str
    name: str
    statement: str
    provenance: str
    role: Role
    role_reason: str
    horizon: Horizon
    measure: Measure
    controls: Mapping[Framework | None, tuple[Control, ...]]
    prediction: Callable[[Parameters], str] | None = None
    order: int = 0
    legs: Callable[[Parameters], Legs] | None = None
    relies_on: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    conditions: Callable[[Parameters], tuple[Condition, ...]] | None = None
    """What the claim's own regime must meet; by default those of its framework (section 1)."""
    per_seed: bool = False
    """Whether it is true or false in every seed (`share_of_seeds`): seeds are then run in rounds,
    until its sequential design decides. Any other claim has all its seeds at once."""

    def __post_init__(self) -> None:
        check_texts(self, ("id", "name", "statement", "provenance", "role_reason"))
        outside.check_tuples_of_texts(self.id, needs=self.needs, relies_on=self.relies_on)
        for name, known in (("role", get_args(Role)), ("horizon", get_args(Horizon))):
            given = getattr(self, name)
            if given not in known:
                raise ValueError(f"{self.id}: {name}={given!r}, choose from {', '.join(known)}.")
        if not isinstance(self.controls, Mapping) or not self.controls:
            raise ValueError(f"{self.id}: controls={{framework: (Control(...), ...)}} is needed.")
        for framework, own in self.controls.items():
            if not isinstance(own, (tuple, list)) or not all(isinstance(c, Control) for c in own):
                raise ValueError(f"{self.id}: controls of {framework} are no tuple of Controls.")

    def without_controls(self) -> Claim:
        """The claim as a measurement alone: on a map, or on the way of a search."""
        return replace(self, controls=dict.fromkeys(self.controls, ()))

    def broken(self, parameters: Parameters, framework: Framework) -> tuple[Condition, ...]:
        """Conditions the claim depends on in a framework that the regime violates."""
        if self.conditions is not None:
            return tuple(c for c in self.conditions(parameters) if not c.holds)
        stages = dict.fromkeys((framework, *self.relies_on))
        return tuple(dict.fromkeys(c for stage in stages for c in violated(parameters, stage)))

    def runs_needed(self, parameters: Parameters) -> Legs:
        """The legs of a regime, pretraining alone by default; none for a claim without runs.

        Raises TypeError where what it says is no mapping of names to legs.
        """
        if self.is_generator:
            asks = self.asks(parameters)
            return legs_of(self, next(asks, {}))
        if not self.needs_runs:
            return {}
        plain = {PRETRAINING: Leg(parameters)}
        return plain if self.legs is None else legs_of(self, self.legs(parameters))

    @property
    def is_generator(self) -> bool:
        """Whether it asks for its runs itself, as often as it needs."""
        return isgeneratorfunction(self.measure)

    def asks(self, parameters: Parameters) -> Asks:
        """The claim as a generator; one that is declared asks once."""
        measure: Any = self.measure
        return measure(parameters) if self.is_generator else self._asks_once(parameters)

    def _asks_once(self, parameters: Parameters) -> Asks:
        """The legs that are declared, then what they say."""
        measure: Any = self.measure
        runs = yield self.runs_needed(parameters)
        return measure(parameters, self.seen(runs))  # type: ignore[no-any-return]

    def measured_on(self, parameters: Parameters, runs: Runs) -> Measurement:
        """What it measures where the runs of all its legs are there already.

        Raises KeyError for a leg that it asks for and that is not, EndlessError for a claim that
        goes on asking.
        """
        asks, wanted = self.asks(parameters), None
        try:
            wanted = next(asks)
            for _ in range(MOST_ROUNDS):
                missing = [name for name in wanted if name not in runs]
                if missing and self.is_generator:
                    raise KeyError(f"{self.id}: asks for {missing[0]}, which was not run")
                wanted = asks.send(lent(runs))
        except StopIteration as done:
            return measurement_of(self, done.value)
        raise EndlessError(MOST_ROUNDS)

    def seen(self, runs: Runs) -> Any:
        """The runs in the form in which `measure` and a control's `look` get them."""
        return runs.get(PRETRAINING, xr.Dataset()) if self._sees_one else runs

    def looked_at(self, control: Control, parameters: Parameters, runs: Runs) -> Runs:
        """The runs as a control looks at them."""
        if control.look is None:
            return runs
        found = control.look(parameters, self.seen(lent(runs)))
        return {PRETRAINING: found} if self._sees_one else found

    @property
    def _sees_one(self) -> bool:
        """Whether it gets the runs of pretraining alone."""
        return self.legs is None and not self.is_generator

    @property
    def quantifier(self) -> Quantifier:
        """Over what it is said, at the sizes that are run; no claim is said of all sizes."""
        if None in self.controls:
            return "of these pictures"
        if not self.needs_runs:
            return "of this regime"
        return "with high probability" if self.per_seed else "on average"

    @property
    def needs_runs(self) -> bool:
        """Whether anything has to be trained for this claim."""
        return self.horizon != "none"

    @property
    def group(self) -> str:
        """Group of the claim on the command line, e.g. ``theorem1``."""
        return self.name.partition(".")[0]

    @property
    def frameworks(self) -> tuple[Framework | None, ...]:
        """Frameworks the claim is about; (None,) for one about real images."""
        return tuple(self.controls)


@dataclass(frozen=True, eq=False, kw_only=True)
class NetworkClaim(Claim):
    """A claim about real networks and real images: it has no regime (framework None).

    `evidence` looks at them, or trains on them, from a setup; `measure` and the controls' `look`
    get the setup and the evidence. Raises ValueError for what only a claim about a regime can have:
    legs, conditions, rounds of seeds, a prediction, a control that trains in another regime.
    """

    evidence: Callable[[Any], Any]
    pictures: Callable[[Any, Any], Sequence[Picture]] | None = None
    """Draws what was seen."""
    fits: Callable[[Any], None] | None = None
    """Raises SettingsError, before any work, where a setup asks for more than there is."""

    def __post_init__(self) -> None:
        super().__post_init__()
        for name in ("legs", "conditions", "per_seed", "prediction", "relies_on"):
            if getattr(self, name):
                raise ValueError(f"{self.id}: {name} is for a claim about a regime; leave it out.")
        if set(self.controls) != {None}:
            raise ValueError(f"{self.id}: it has no framework; say controls={{None: (...)}}.")
        if any(control.look is None for control in self.controls[None]):
            raise ValueError(f"{self.id}: a control has no regime to change; give it a look.")


def about_networks(claim: Claim) -> TypeGuard[NetworkClaim]:
    """Whether a claim is about real networks: it has evidence instead of a regime."""
    return isinstance(claim, NetworkClaim)


def data_needed(claims: Sequence[Claim], regimes: Mapping[Framework, Parameters]) -> set[str]:
    """Data sets that the claims read, and those that the regimes' laws draw from."""
    by_claims = {name for claim in claims for name in claim.needs}
    return by_claims.union(*(data_of(regime) for regime in regimes.values()))


def legs_of(claim: Claim, found: object) -> Legs:
    """What a claim asks for; raises TypeError where that is no mapping of names to legs."""
    if not isinstance(found, Mapping) or not all(isinstance(x, Leg) for x in found.values()):
        raise TypeError(f"{claim.id}: asked for {found!r}, which is no dictionary of legs by name")
    return found


def measurement_of(claim: Claim, found: object) -> Measurement:
    """What a claim returned; raises TypeError where that is no measurement."""
    if not isinstance(found, Measurement):
        raise TypeError(f"{claim.id}: returned {found!r}, which is no Measurement")
    return found
