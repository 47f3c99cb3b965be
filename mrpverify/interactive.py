"""What a notebook needs, in a few words: regimes, runs, correlations and verdicts.

Everything here is reached as ``import mrpverify as mv; mv.train(...)``. Runs come from the record
store, or are trained in this process and stored, as the command line does it.
"""

from __future__ import annotations

import io
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from html import escape
from pathlib import Path
from typing import Any

import xarray as xr
from rich.console import Console

from .claims.asked_again import evaluate_noted
from .claims.claim import Claim, about_networks, data_needed
from .claims.concluded import ClaimResult, counts
from .claims.heard import deaf_to_all
from .claims.legs import Leg
from .claims.registry import all_claims, select
from .given import (
    REGIME,
    of_kind,
    plain,
    regime_of,
    regimes_by_framework,
    seeds_of,
    text_of,
    whole,
)
from .images.entries import entries
from .judge.verdicts import Verdict, exit_code
from .parameters import Framework, Parameters, check_device
from .records.collect import Collector, Machine, choose_machine, collect
from .records.labelled import join
from .records.store import device_store
from .regime import RegimeError, build, canonical, check_salt, check_seeds, load_preset
from .report.html import page
from .report.record import Run, record
from .report.text import print_report
from .simulate.sample import Images, sample_images

Seeds = int | Sequence[int]
"""How many, from 0 on, or which."""
REPORT_COLUMNS = 100
PRESET = "the name of a preset, or the path of a .toml file"
CLAIM = "a claim, a group or a file of claims, or a list of them"
GOES_ON = f"{REGIME}, or a leg"
"""What was wanted, in messages."""
PAGE_PIXELS = 600
"""Height of a report inside a notebook."""


def regime(framework: Framework, preset: str | Path = "quick", **changes: Any) -> Parameters:
    """The regime of a framework in a preset, with parameters by symbol (theta) or name (visible).

    Raises RegimeError for a framework, preset, name or value that does not exist, TypeError for a
    preset that is no text and no path.
    """
    regimes = load_preset(text_of(preset, "preset", PRESET)).regimes
    if not isinstance(framework, str) or framework not in regimes:
        raise RegimeError(
            f"framework={framework!r}: preset {preset} has {', '.join(regimes)}; choose one."
        )
    return build({**asdict(regimes[framework]), **canonical(plain(changes))})


def sample(regime: Parameters, salt: str = "a", seeds: Seeds = 1) -> Images:
    """Training images of the regime's data law, [seeds, images, patches, dimension] (section 1)."""
    return sample_images(regime_of(regime), check_salt(salt), seeds_of(seeds))


def train(
    regime: Parameters,
    salt: str = "a",
    seeds: Seeds = 2,
    *,
    start: Parameters | Leg | None = None,
    taught_by: Sequence[Parameters | Leg] = (),
    device: str = "cpu",
    workers: int = 1,
    stored: bool = True,
) -> xr.Dataset:
    """Runs of a regime with axes seed, step, kernel, feature; from the store where they are there.

    Fine-tuning goes on from the final kernels of `start`, distillation learns from the runs
    `taught_by`, each a regime or a leg (same salt and seeds); they are trained first.
    With more than one worker, processes are started: a script then needs a main guard.
    Raises TypeError, DeviceError, RegimeError for a number of seeds or workers, and OSError where
    nothing can be stored.
    """
    leg = Leg(regime_of(regime), _start(start), taught_by=_teachers(taught_by))
    requests = [leg.request(check_salt(salt), seed) for seed in seeds_of(seeds)]
    machine = _machine(device, workers)
    found = collect(requests, machine, device_store(machine.device) if stored else None)
    return join([found[request] for request in requests])


def _start(given: Parameters | Leg | None) -> Parameters | Leg | None:
    """Where a run goes on from; raises TypeError."""
    wanted = f"{GOES_ON}, or None"
    found: Parameters | Leg | None = of_kind(given, (Parameters, Leg, type(None)), "start", wanted)
    return found


def _teachers(given: Sequence[Parameters | Leg]) -> tuple[Leg, ...]:
    """Whose answers a run learns from; raises TypeError."""
    several = of_kind(given, Sequence, "taught_by", "a list of regimes or legs")
    found = [of_kind(one, (Parameters, Leg), "taught_by: teacher", GOES_ON) for one in several]
    return tuple(one if isinstance(one, Leg) else Leg(one) for one in found)


def correlations(run: xr.Dataset, *, final: bool = False) -> xr.DataArray:
    """C = <w_r, v_f> along the snapshots [seed, step, kernel, feature], with their `time`.

    With `final` those that each seed ended with [seed, kernel, feature]. Raises TypeError for what
    is no data set of runs.
    """
    of_kind(run, xr.Dataset, "run", "runs, as mrpverify.train(regime) returns them")
    if final:
        return run["final_correlations"]
    return run["correlations"].assign_coords(time=run["time"])


def claims() -> tuple[Claim, ...]:
    """Every claim there is, those of other installed packages included."""
    return all_claims()


@dataclass(frozen=True)
class Checked:
    """What a check came to; shows itself as the report of the command line."""

    run: Run
    results: tuple[ClaimResult, ...]

    @property
    def verdicts(self) -> dict[tuple[str, Framework | None, str], Verdict]:
        """Verdict by claim, framework and horizon."""
        return {(r.claim.id, r.framework, r.claim.horizon): r.verdict for r in self.results}

    @property
    def exit_code(self) -> int:
        """That of the command line: of the worst verdict among the gates."""
        return self.run.exit_code

    def record(self) -> dict[str, Any]:
        """The JSON record (docs/command_line.md)."""
        return record(self.run, self.results)

    def __repr__(self) -> str:
        file = io.StringIO()
        console = Console(
            file=file, width=REPORT_COLUMNS, markup=False, color_system=None, force_terminal=False
        )
        print_report(console, self.run, self.results, strict=False)
        return file.getvalue()

    def _repr_html_(self) -> str:
        """The report as a page of its own inside a notebook."""
        inside = escape(page(self.record()), quote=True)
        return f'<iframe srcdoc="{inside}" width="100%" height="{PAGE_PIXELS}"></iframe>'


def check(
    asked: str | Path | Claim | Sequence[str | Path | Claim],
    regimes: str | Path | Parameters | Mapping[Framework, Parameters] = "quick",
    salt: str = "a",
    seeds: int | None = None,
    framework: Framework | None = None,
    *,
    device: str = "cpu",
    workers: int = 1,
    stored: bool = True,
) -> Checked:
    """Verdicts of claims, groups or ids, in the regimes of a preset or in one's own.

    `seeds` is their number, by default the preset's; `framework` leaves out the others' regimes
    (``both``, as on the command line, none). Raises UnknownClaimError for a name, RegimeError (also
    where no claim is about a framework that is left, and for a regime under another framework's
    name), DeviceError, MissingDataError, TypeError, ValueError for claims about real images (asked
    by command).
    """
    start = time.monotonic()
    chosen = _claims([asked] if isinstance(asked, (str, os.PathLike, Claim)) else asked)
    by_value = isinstance(regimes, (Parameters, Mapping))
    preset = load_preset(
        "quick" if by_value else text_of(regimes, "regimes", f"{REGIME}, {PRESET}")
    )
    given = regimes if isinstance(regimes, (Parameters, Mapping)) else preset.regimes
    own = _regimes(given, None if framework == "both" else framework, chosen)
    unheard = _unheard(chosen, preset.regimes, own)
    check_salt(salt)
    number = check_seeds(preset.seeds if seeds is None else seeds)
    data = entries(data_needed(chosen, own))
    machine = _machine(device, workers)
    check_device(own.values(), machine.device)
    store = device_store(machine.device) if stored else None
    with Collector(machine, store) as getting:
        results = evaluate_noted(chosen, own, number, salt, getting, store)
    counted = [result.verdict for result in results if counts(result)]
    seconds, named = time.monotonic() - start, [claim.id for claim in chosen]
    run = Run(
        ["mrpverify.check", *named], own, number, salt, machine.name, seconds, exit_code(counted),
        unheard, data,
    )  # fmt: skip
    return Checked(run, tuple(results))


def _claims(asked: Sequence[str | Path | Claim]) -> tuple[Claim, ...]:
    """The claims themselves; raises RegimeError for none, ValueError for one of real images."""
    several = of_kind(asked, Iterable, "asked", CLAIM)
    found = [
        claim
        for one in several
        for claim in ([one] if isinstance(one, Claim) else select([text_of(one, "asked", CLAIM)]))
    ]
    if not found:
        raise RegimeError(f"asked={asked!r}: names no claim; expected {CLAIM}.")
    for claim in found:
        if about_networks(claim):
            raise ValueError(
                f"{claim.id} is about real images: python -m mrpverify.check {claim.id}"
            )
    return tuple(dict.fromkeys(found))


def _regimes(
    given: Parameters | Mapping[Framework, Parameters],
    framework: Framework | None,
    claims: Sequence[Claim],
) -> dict[Framework, Parameters]:
    """Regimes by framework, of those that the claims are about; raises RegimeError for none.

    A check without a verdict would look like a success.
    """
    by_name = {given.framework: given} if isinstance(given, Parameters) else given
    there = regimes_by_framework(by_name)
    about = {f for claim in claims for f in claim.frameworks if f is not None}
    chosen = {f: p for f, p in there.items() if f in about and framework in (f, None)}
    if not chosen:
        named = ", ".join(dict.fromkeys(claim.id for claim in claims))
        raise RegimeError(
            f"framework={framework!r}, regimes of {', '.join(there)}: {named} is about "
            f"{', '.join(sorted(about))}; choose that."
        )
    return chosen


def _unheard(
    claims: Sequence[Claim],
    plain: Mapping[Framework, Parameters],
    chosen: Mapping[Framework, Parameters],
) -> tuple[str, ...]:
    """A line for claims that have the preset's runs in other regimes; RegimeError where all do."""
    deaf = [claim.id for claim in claims if deaf_to_all(claim, plain, chosen)]
    if not deaf:
        return ()
    line = (
        f"regimes: what differs from the preset changes no run of {', '.join(dict.fromkeys(deaf))}"
    )
    if len(deaf) == len(claims):
        raise RegimeError(f"{line}: a verdict would be none about these regimes.")
    return (f"{line}; judged as without it.",)


def _machine(device: str, workers: int) -> Machine:
    """Where to train, and in how many processes; on a GPU in this one."""
    chosen, number = choose_machine(device), whole(workers, "workers", 1)
    return Machine(chosen.device, number if chosen.device == "cpu" else 1)
