"""What `mrpverify.together` does: one run in the processes of a group, written by the first."""

from __future__ import annotations

import os
from pathlib import Path

from .admissible import RegimeError
from .command_line import UsageError, stop, writable_file
from .parameters import Parameters
from .records.atomic import replace_whole
from .records.collect import choose_machine
from .records.labelled import Request, label
from .records.netcdf import write
from .regime import check_salt, load_preset, parse_settings
from .simulate.descend import pretrain
from .simulate.execution import Execution, budget_of, executing
from .simulate.processes import started_by_torchrun

HDF5 = b"\x89HDF"
"""How the file of a run begins."""


def train(
    framework: str,
    out: Path,
    preset: str,
    settings: list[str],
    salt: str,
    seed: int,
    device: str,
    memory: str | None,
) -> None:
    """Train the run of one seed in all processes; the first writes it.

    Raises typer.Exit, after a message: 2 before any work for what cannot be meant, 1 for a file
    that cannot be written in the end.
    """
    try:
        regime = _regime(preset, settings, framework)
        budget = budget_of(memory, "--memory ")
        check_salt(salt)
        device = choose_machine(device).device
        _check_file(out)
        with started_by_torchrun(device) as group, executing(Execution(budget, group)):
            trajectory = pretrain(regime, salt, [seed], device)
    except (ValueError, UsageError) as error:
        stop(f"error: {error}", 2)
    if group.rank > 0:
        return
    (run,) = label(trajectory, [Request(regime, salt, seed)], device, device)
    run = run.assign_attrs(processes=group.world)
    try:
        replace_whole(out, write(run))
    except OSError as error:
        stop(f"error: --out {out}: cannot be written ({error.strerror}).", 1)


def _check_file(out: Path) -> None:
    """Raise UsageError where the run cannot be put there, or something else would be lost.

    The first process looks, for all of them write the same file.
    """
    if os.environ.get("RANK", "0") != "0":
        return
    writable_file(out, "--out")
    if out.exists() and not _is_run(out):
        raise UsageError(f"--out {out}: is there and is no run; name another file.")


def _is_run(path: Path) -> bool:
    """Whether it is a file, no pipe say, and begins as a run does."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(len(HDF5)) == HDF5


def _regime(preset: str, settings: list[str], framework: str) -> Parameters:
    """The regime of one framework; raises RegimeError."""
    regimes = load_preset(preset).override(parse_settings(settings)).regimes
    if framework not in regimes:
        raise RegimeError(f"--framework {framework}: expected one of {', '.join(regimes)}.")
    return regimes[framework]
