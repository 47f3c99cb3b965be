"""Carrying out a search for a counterexample: from what is asked for to what is said."""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import xarray as xr

from ..claims.claim import Claim
from ..claims.concluded import ClaimResult
from ..claims.evaluate import evaluate
from ..claims.few_seeds import TooFewSeedsError, too_few
from ..claims.heard import UnheardError, hears, unheard
from ..claims.registry import UnknownClaimError, select
from ..command_app import say, tell
from ..command_line import (
    UsageError,
    progress_shown,
    readable_store,
    resumable,
    stop,
    use_plugins,
)
from ..judge.verdicts import EXIT_CODES, EXIT_USAGE, Verdict
from ..parameters import Framework, Parameters, check_device
from ..records.collect import DeviceError, KeptTrainers, Machine, choose_machine, collect
from ..records.labelled import Request
from ..records.store import Store
from ..regime import (
    Preset,
    RegimeError,
    canonical,
    check_salt,
    check_seeds,
    load_preset,
    parse_settings,
)
from .nearest import Budget, Point, distance, nearest_failure

NOT_FOUND = EXIT_CODES[Verdict.INCONCLUSIVE]


@dataclass(frozen=True, kw_only=True)
class Asked:
    """What the command line asks for, unchecked."""

    name: str
    vary: Sequence[str]
    framework: str
    preset: str
    settings: Sequence[str]
    seeds: int
    budget: int
    salt: str
    confirm: str
    device: str
    quiet: bool
    at: str = ""
    """Horizon of the claim; any where it is judged at one alone."""
    plugins: Sequence[str] = ()
    workers: int | None = None


@dataclass(frozen=True)
class Search:
    """A checked request: everything needed before the first run starts."""

    claim: Claim
    framework: Framework
    preset: Preset
    settings: Mapping[str, str]
    start: Point
    seeds: int
    machine: Machine
    store: Store
    trainers: KeptTrainers
    """To be stopped in the end."""
    quiet: bool
    files: Sequence[str] = ()
    """Files of claims that a check of this claim needs."""

    def judge(self, point: Point, salt: str) -> ClaimResult | None:
        """The claim at a point, without its controls; None where there is no such regime."""
        shown = ", ".join(f"{name}={value:.4g}" for name, value in point.items())
        try:
            regime = self.preset.override(point).regimes[self.framework]
        except RegimeError:
            self._say(f"{shown}: no such regime")
            return None
        with progress_shown(self.quiet) as show:

            def get(requests: Sequence[Request]) -> Mapping[Request, xr.Dataset]:
                return collect(requests, self.machine, self.store, show, self.trainers)

            plain, regimes = self.claim.without_controls(), {self.framework: regime}
            (result,) = evaluate([plain], regimes, range(self.seeds), salt, get)
        self._say(f"{shown}: {result.measurement.measured} {_outside(result)}")
        return result

    def fails(self, point: Point, salt: str) -> bool:
        """Whether the claim is REFUTED at a point; where there is no regime it is not."""
        result = self.judge(point, salt)
        return result is not None and result.measurement.measured is Verdict.REFUTED

    def command(self, point: Point, salt: str) -> str:
        """The check that shows the counterexample, controls included."""
        varied = canonical(dict(point))
        fixed = {k: v for k, v in self.settings.items() if not canonical({k: v}).keys() & varied}
        changes = {**fixed, **{name: repr(value) for name, value in point.items()}}
        settings = [word for pair in changes.items() for word in ("--set", "=".join(pair))]
        plugins = [word for file in self.files for word in ("--plugin", str(file))]
        where = ["--preset", self.preset.name, "--framework", self.framework]
        draws = ["--seeds", str(self.seeds), "--salt", salt]
        words = ["python", "-m", "mrpverify.check", self.claim.id, *plugins, *where, *settings]
        return shlex.join([*words, *draws])

    def _say(self, text: str) -> None:
        if not self.quiet:
            tell(text)


def search(asked: Asked) -> None:
    """Check the request, search, and say what came out.

    Raises typer.Exit for every other end than a confirmed counterexample.
    """
    try:
        checked = _search(asked)
    except (RegimeError, UnknownClaimError, DeviceError, UsageError) as error:
        stop(f"error: {error}", EXIT_USAGE)
    with resumable("search"):
        try:
            _carry_out(checked, asked.budget, asked.salt, asked.confirm)
        finally:
            checked.trainers.stop()


def _carry_out(search: Search, budget: int, salt: str, confirm: str) -> None:
    """Search, confirm and say what came out."""
    begin = search.judge(search.start, salt)
    _check_begin(begin)
    found = nearest_failure(search.start, Budget(lambda point: search.fails(point, salt), budget))
    if found is None:
        stop("no counterexample within the budget; that is no proof that there is none.", NOT_FOUND)
    again = search.judge(found, confirm)
    if again is None or again.measurement.measured is not Verdict.REFUTED:
        stop(f"not confirmed on salt {confirm}: {_values(found)}", NOT_FOUND)
    say(f"REFUTED at {_values(found)} {_outside(again)}")
    say(f"{distance(search.start, found):.3g} from the start, as logarithm of ratios")
    say(search.command(found, confirm))


def _check_begin(begin: ClaimResult | None) -> None:
    """Raise typer.Exit where the claim is not SUPPORTED at the start, or broke there."""
    measured = None if begin is None else begin.measurement.measured
    if begin is not None and measured is Verdict.ERROR:
        stop(f"error: the claim {begin.measurement.statistic} where the search starts.", 1)
    if measured is not Verdict.SUPPORTED:
        where = f"{measured or 'without a regime'}, not SUPPORTED where the search starts"
        stop(f"the claim is {where}: nothing to search.", NOT_FOUND)


def _values(point: Point) -> str:
    """A point in words."""
    return ", ".join(f"{name}={value!r}" for name, value in point.items())


def _outside(result: ClaimResult) -> str:
    """The regime conditions that do not hold there, in words."""
    names = ", ".join(condition.id for condition in result.violated)
    return f"(violates: {names})" if names else "(inside every condition)"


def _search(asked: Asked) -> Search:
    """The checked request; raises UsageError, RegimeError, UnknownClaimError or DeviceError."""
    if check_salt(asked.salt) == check_salt(asked.confirm):
        raise UsageError(f"--confirm {asked.confirm}: must differ from --salt; name another one.")
    use_plugins(asked.plugins)
    claim, framework = _claim(asked.name, asked.framework, asked.plugins, asked.at)
    files = [*asked.plugins, *([asked.name] if asked.name.endswith(".py") else [])]
    settings = parse_settings(list(asked.settings))
    preset = load_preset(asked.preset)
    loaded = preset.override(settings)
    chosen = replace(loaded, name=asked.preset, regimes={framework: loaded.regimes[framework]})
    start = _start(chosen.regimes[framework], asked.vary)
    _check_heard(claim, preset, chosen, start)
    _check_enough(claim, check_seeds(asked.seeds))
    machine = choose_machine(asked.device, asked.workers)
    check_device(chosen.regimes.values(), machine.device)
    return Search(
        claim, framework, chosen, settings, start,
        check_seeds(asked.seeds), machine, readable_store(machine.device),
        KeptTrainers(machine), asked.quiet, files,
    )  # fmt: skip


def _claim(
    name: str, framework: str, plugins: Sequence[str], at: str = ""
) -> tuple[Claim, Framework]:
    """The one claim that is meant, in the framework; raises UsageError or UnknownClaimError."""
    meant = select([name], plugins)
    there = ", ".join(sorted({f for c in meant for f in c.frameworks if f}))
    if not there:
        raise UsageError(f"{name}: claims about real images have no regime to vary.")
    own = [c for c in meant if framework in c.frameworks]
    found = [c for c in own if at in ("", c.horizon)]
    if len(found) != 1:
        one_id = len({c.id for c in own}) == 1 and len(own) > 1
        ends = " or ".join(f"--at '{c.horizon}'" for c in own)
        raise UsageError(
            f"{name} with --framework {framework} means {len(found)} claims; name exactly one"
            + (f": {ends}." if one_id else f" (frameworks: {there}).")
        )
    return found[0], framework


def _check_enough(claim: Claim, seeds: int) -> None:
    """Raise UsageError for seeds that could not support the claim where the search starts."""
    try:
        short = too_few([claim], seeds)
    except TooFewSeedsError as error:
        raise UsageError(str(error)) from None
    if short:
        raise UsageError(f"--seeds {seeds}: a search starts from a SUPPORTED claim. {short[0]}")


def _check_heard(claim: Claim, preset: Preset, chosen: Preset, start: Point) -> None:
    """Raise UsageError where something set or varied changes no run of the claim."""
    try:
        unheard([claim], preset.regimes, chosen.regimes)
    except UnheardError as error:
        raise UsageError(f"--set {error}") from None
    for name, value in start.items():
        (field,) = canonical({name: None})
        moved = _moved(chosen, name, value)
        if moved is not None and not hears(claim, field, chosen.regimes, moved.regimes):
            raise UsageError(
                f"--vary {name}: changes no run of {claim.id}, which has a regime of its own or "
                "does not look at it; vary another."
            )


def _moved(chosen: Preset, name: str, value: float) -> Preset | None:
    """The regimes at half or, where there are none, at twice a value; None where neither is."""
    for factor in (0.5, 2.0):
        try:
            return chosen.override({name: value * factor})
        except RegimeError:
            continue
    return None


def _start(regime: Parameters, vary: Sequence[str]) -> dict[str, float]:
    """Where the search starts; raises UsageError or RegimeError for what cannot be varied."""
    start = {}
    for parameter in vary:
        (field,) = canonical({parameter: None})
        value = getattr(regime, field, None)
        if value is None:
            raise UsageError(f"--vary {parameter}: the regime has no such parameter; vary another.")
        if not isinstance(value, float):
            raise UsageError(f"--vary {parameter}: {value!r} is no number > 0 with decimals.")
        if value <= 0:
            raise UsageError(
                f"--vary {parameter}: {value:g} has no logarithm; start it above 0 with --set "
                f"{parameter}=..."
            )
        start[parameter] = value
    canonical(start)  # a parameter by symbol and by name is one too many
    return start
