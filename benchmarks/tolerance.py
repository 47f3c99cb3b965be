"""``python benchmarks/tolerance.py CLAIM...``: do verdicts hang on the tolerance of the flow?

The claims are judged twice on the same seeds: on their runs, and on runs of the same regimes (those
that teach and those that are gone on from, too) with a tenth of the tolerance. Controls are left
out. A row for every number: both values, both verdicts, and how far it moved in half-widths of its
90 % interval. Prints and appends to tolerance.csv.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Annotated, Any

import torch
import typer
import xarray as xr
from stored import keep

from mrpverify.claims.concluded import ClaimResult
from mrpverify.claims.evaluate import evaluate
from mrpverify.claims.registry import select
from mrpverify.judge.findings import Table
from mrpverify.parameters import Parameters
from mrpverify.records.collect import Machine, choose_machine, collect
from mrpverify.records.labelled import Request
from mrpverify.records.store import device_store
from mrpverify.regime import load_preset

Runs = dict[Request, xr.Dataset]


def compare(
    names: Annotated[list[str], typer.Argument(help="claims, as for check")],
    salt: Annotated[str, typer.Option(help="salt of the runs")] = "explore",
    seeds: Annotated[int, typer.Option(help="seeds", min=1)] = 24,
    finer: Annotated[float, typer.Option(help="part of the tolerance to compare with")] = 0.1,
    preset: Annotated[str, typer.Option(help="preset of the regimes")] = "quick",
    workers: Annotated[int, typer.Option(help="processes", min=1)] = 1,
) -> None:
    """Judge all claims at both tolerances and keep what they say."""
    claims = [claim.without_controls() for claim in select(names)]
    regimes, machine = load_preset(preset).regimes, choose_machine("cpu", workers)
    gradients = [0, 0]

    def judged(number: int, factor: float) -> list[ClaimResult]:
        def runs(requests: Sequence[Request]) -> Runs:
            found = _collected(requests, factor, machine)
            gradients[number] += sum(int(run["steps"].sum()) for run in found.values())
            return found

        return evaluate(claims, regimes, range(seeds), salt, runs)

    both = zip(judged(0, 1.0), judged(1, finer), strict=True)
    rows = [row for own, fine in both for row in _rows(own, fine)]
    ratio = round(gradients[1] / max(gradients[0], 1), 2)
    about = {"salt": salt, "seeds": seeds, "preset": preset, "finer": finer, "work_ratio": ratio}
    for row in rows:
        print(row)
    keep("tolerance", [about | row | {"torch": torch.__version__} for row in rows])


def _collected(requests: Sequence[Request], factor: float, machine: Machine) -> Runs:
    """The runs of finer requests, by what was asked for."""
    finer = {request: _finer(request, factor) for request in requests}
    found = collect(list(finer.values()), machine, device_store(machine.device))
    return {request: found[one] for request, one in finer.items()}


def _finer(request: Request, factor: float) -> Request:
    """The same run, and all that it needs, at a part of the tolerance."""
    start = request.start
    return replace(
        request,
        parameters=_regime(request.parameters, factor),
        start=_finer(start, factor)
        if isinstance(start, Request)
        else start and _regime(start, factor),
        taught_by=tuple(_finer(teacher, factor) for teacher in request.taught_by),
    )


def _regime(parameters: Parameters, factor: float) -> Parameters:
    """A flow at a part of its tolerance, with the work that takes; descent as it is."""
    p = parameters
    if factor == 1 or p.method != "flow":
        return p
    return replace(p, tolerance=factor * p.tolerance, work=math.ceil(p.work / factor))


def _rows(own: ClaimResult, fine: ClaimResult) -> Iterator[dict[str, object]]:
    """The claim's own number, then those of its tables."""
    about = {"claim": own.claim.id, "framework": own.framework}
    for (name, one), other in zip(_numbers(own), dict(_numbers(fine)).values(), strict=True):
        low, high = one["interval"]
        half = (high - low) / 2
        moved = abs(other["value"] - one["value"])
        yield about | {
            "number": name,
            "verdict": one["measured"].value,
            "verdict_finer": other["measured"].value,
            "value": f"{one['value']:.6g}",
            "value_finer": f"{other['value']:.6g}",
            "moved_in_half_widths": f"{moved / half:.2g}" if half > 0 else f"{moved:.2g} of 0",
        }


def _numbers(result: ClaimResult) -> Iterator[tuple[str, dict[str, Any]]]:
    """Value, interval and verdict of everything that a claim has measured."""
    found = result.measurement
    yield (
        found.statistic,
        {
            "value": found.value,
            "interval": found.interval,
            "measured": found.measured,
        },
    )
    for table in (one for one in found.findings if isinstance(one, Table)):
        for row in table.rows:
            if {"name", "value", "interval", "measured"} <= row.keys():
                yield str(row["name"]), dict(row)


if __name__ == "__main__":
    typer.run(compare)
