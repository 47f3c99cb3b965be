"""What a notebook needs, in a few words: regimes, runs, correlations and verdicts.

Everything here is reached as ``import mrpverify as mv; mv.train(...)``. Runs come from the record
store, or are trained in this process and stored, as the command line does it.
"""

from __future__ import annotations

import io
import time
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from html import escape
from typing import Any

import xarray as xr
from rich.console import Console

from .claims.asked_again import evaluate_noted
from .claims.claim import Claim, about_networks
from .claims.evaluate import ClaimResult, counts
from .claims.legs import Leg
from .claims.registry import all_claims, select
from .judge.verdicts import Verdict, exit_code
from .parameters import Framework, Parameters
from .records.collect import Machine, choose_machine, collect
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
PAGE_PIXELS = 600
"""Height of a report inside a notebook."""


def regime(framework: Framework, preset: str = "quick", **changes: Any) -> Parameters:
    """The regime of a framework in a preset, with parameters by symbol (theta) or name (visible).

    Raises RegimeError for a framework, preset, name or value that does not exist.
    """
    regimes = load_preset(preset).regimes
    if framework not in regimes:
        raise RegimeError(
            f"framework={framework!r}: preset {preset} has {', '.join(regimes)}; choose one."
        )
    return build({**asdict(regimes[framework]), **canonical(changes)})


def sample(regime: Parameters, salt: str = "a", seeds: Seeds = 1) -> Images:
    """Training images of the regime's data law, [seeds, images, patches, dimension] (section 1)."""
    return sample_images(regime, check_salt(salt), _numbers(seeds))


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
    Raises DeviceError, RegimeError for a number of seeds, and OSError where nothing can be stored.
    """
    teachers = tuple(one if isinstance(one, Leg) else Leg(one) for one in taught_by)
    leg = Leg(regime, start, taught_by=teachers)
    requests = [leg.request(check_salt(salt), seed) for seed in _numbers(seeds)]
    machine = _machine(device, workers)
    found = collect(requests, machine, device_store(machine.device) if stored else None)
    return join([found[request] for request in requests])


def correlations(run: xr.Dataset, *, final: bool = False) -> xr.DataArray:
    """C = <w_r, v_f> along the snapshots [seed, step, kernel, feature], with their `time`.

    With `final` those that each seed ended with [seed, kernel, feature].
    """
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
    asked: str | Claim | Sequence[str | Claim],
    regimes: str | Parameters | Mapping[Framework, Parameters] = "quick",
    salt: str = "a",
    seeds: int | None = None,
    framework: Framework | None = None,
    *,
    device: str = "cpu",
    workers: int = 1,
    stored: bool = True,
) -> Checked:
    """Verdicts of claims, groups or ids, in the regimes of a preset or in one's own.

    `seeds` is their number, by default the preset's; `framework` leaves out the others' regimes.
    Raises UnknownClaimError for a name, RegimeError (also where no claim is about a framework that
    is left), DeviceError, ValueError for claims about real images (those are asked by command).
    """
    start = time.monotonic()
    chosen = _claims([asked] if isinstance(asked, (str, Claim)) else asked)
    preset = load_preset(regimes if isinstance(regimes, str) else "quick")
    given = preset.regimes if isinstance(regimes, str) else regimes
    own = _regimes(given, framework, chosen)
    check_salt(salt)
    number = check_seeds(preset.seeds if seeds is None else seeds)
    machine = _machine(device, workers)
    store = device_store(machine.device) if stored else None
    results = evaluate_noted(
        chosen, own, number, salt, lambda requests: collect(requests, machine, store), store
    )
    counted = [result.verdict for result in results if counts(result)]
    seconds, named = time.monotonic() - start, [claim.id for claim in chosen]
    run = Run(
        ["mrpverify.check", *named], own, number, salt, machine.name, seconds, exit_code(counted)
    )
    return Checked(run, tuple(results))


def _claims(asked: Sequence[str | Claim]) -> tuple[Claim, ...]:
    """The claims themselves; raises ValueError for one about real images."""
    found = [
        claim for one in asked for claim in ([one] if isinstance(one, Claim) else select([one]))
    ]
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
    there = {given.framework: given} if isinstance(given, Parameters) else dict(given)
    about = {f for claim in claims for f in claim.frameworks if f is not None}
    chosen = {f: p for f, p in there.items() if f in about and framework in (f, None)}
    if not chosen:
        named = ", ".join(dict.fromkeys(claim.id for claim in claims)) or "no claim"
        raise RegimeError(
            f"framework={framework!r}, regimes of {', '.join(there)}: {named} is about "
            f"{', '.join(sorted(about)) or 'nothing'}; choose that."
        )
    return chosen


def _numbers(seeds: Seeds) -> list[int]:
    """The seeds; raises RegimeError for a number out of range or a negative seed."""
    numbers = list(range(check_seeds(seeds))) if isinstance(seeds, int) else list(seeds)
    if any(seed < 0 for seed in numbers) or not numbers:
        raise RegimeError(f"seeds={seeds}: expected a number of seeds, or seeds from 0 on.")
    return numbers


def _machine(device: str, workers: int) -> Machine:
    """Where to train, and in how many processes; on a GPU in this one."""
    chosen = choose_machine(device)
    return Machine(chosen.device, workers if chosen.device == "cpu" else 1)
