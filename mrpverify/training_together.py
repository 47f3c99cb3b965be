"""What `mrpverify.together` does: one run in the processes of a group, written by the first."""

from __future__ import annotations

from pathlib import Path

from .admissible import RegimeError
from .command_line import stop
from .parameters import Parameters
from .records.labelled import Request, label
from .records.netcdf import write
from .regime import load_preset, parse_settings
from .simulate.descend import pretrain
from .simulate.execution import Execution, budget_of, executing
from .simulate.processes import started_by_torchrun


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
    """Train the run of one seed in all processes; the first writes it."""
    try:
        regime = _regime(preset, settings, framework)
        budget = budget_of(memory, "--memory ")
        with started_by_torchrun(device) as group, executing(Execution(budget, group)):
            trajectory = pretrain(regime, salt, [seed], device)
    except ValueError as error:
        stop(str(error), 2)
    if group.rank > 0:
        return
    (run,) = label(trajectory, [Request(regime, salt, seed)], device, device)
    run = run.assign_attrs(processes=group.world)
    try:
        out.write_bytes(write(run))
    except OSError as error:
        stop(f"--out {out}: cannot be written ({error.strerror}).", 1)


def _regime(preset: str, settings: list[str], framework: str) -> Parameters:
    """The regime of one framework; raises RegimeError."""
    regimes = load_preset(preset).override(parse_settings(settings)).regimes
    if framework not in regimes:
        raise RegimeError(f"--framework {framework}: expected one of {', '.join(regimes)}.")
    return regimes[framework]
