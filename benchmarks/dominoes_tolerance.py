"""``python benchmarks/dominoes_tolerance.py``: do verdicts on dominoes hang on the tolerance?

Pretraining of D.capture with its own tolerance and with a tenth of it, seed by seed: in how many
seeds every feature is held class-purely at T and at the crossings, in which the answer is another
one, by how much T and the crossing times move, and how many crossings one tolerance alone sees.
Prints and appends to dominoes_tolerance.csv. Needs the data of ``mrpverify images fetch digits
garments``.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, replace
from typing import Annotated

import numpy as np
import torch
import typer
from stored import keep

from mrpverify.claims.dominoes import arms, capture
from mrpverify.claims.legs import PRETRAINING
from mrpverify.parameters import Parameters
from mrpverify.records.collect import Job, choose_machine, train
from mrpverify.records.labelled import Request
from mrpverify.regime import load_preset


@dataclass(frozen=True)
class Outcome:
    """One seed at one tolerance."""

    at_horizon: bool
    at_crossing: bool
    horizon: float
    crossing: np.ndarray
    gradients: int
    seconds: float


def compare(
    salt: Annotated[str, typer.Option(help="salt of the runs")] = "explore",
    seeds: Annotated[int, typer.Option(help="seeds", min=1)] = 24,
    finer: Annotated[float, typer.Option(help="part of the tolerance to compare with")] = 0.1,
) -> None:
    """Run all seeds at both tolerances and keep the counts."""
    torch.set_num_threads(1)
    own = arms.regime(load_preset("quick").regimes["teacher-student"])
    fine = replace(own, tolerance=finer * own.tolerance, work=own.work / finer)
    pairs = [(_seed(own, salt, seed), _seed(fine, salt, seed)) for seed in range(seeds)]
    row = {"salt": salt, "seeds": seeds, "tol": own.tolerance, "finer": fine.tolerance}
    for name in ("at_horizon", "at_crossing"):
        kept = [[getattr(one, name) for one in pair] for pair in pairs]
        row[f"{name}_own"] = sum(one for one, _ in kept)
        row[f"{name}_finer"] = sum(other for _, other in kept)
        differ = [str(seed) for seed, (one, other) in enumerate(kept) if one != other]
        row[f"{name}_differ"] = len(differ)
        row[f"{name}_seeds"] = " ".join(differ)
    moved = np.array([abs(one.horizon / other.horizon - 1) for one, other in pairs])
    crossed = [[np.isfinite(x.crossing) for x in pair] for pair in pairs]
    row["crossings_of_one_alone"] = int(sum((one != other).sum() for one, other in crossed))
    each = np.concatenate(
        [
            np.abs(one.crossing[both] / other.crossing[both] - 1)
            for (one, other), both in zip(pairs, (a & b for a, b in crossed), strict=True)
        ]
    )
    row |= {f"horizon_moved_{name}": f"{f(moved):.2g}" for name, f in SUMMARIES.items()}
    row |= {f"crossing_moved_{name}": f"{f(each):.2g}" for name, f in SUMMARIES.items()}
    for name in ("gradients", "seconds"):
        totals = [sum(getattr(pair[i], name) for pair in pairs) for i in (0, 1)]
        row[f"{name}_ratio"] = round(totals[1] / totals[0], 2)
    print(row)
    keep("dominoes_tolerance", [row | {"torch": torch.__version__}])


SUMMARIES = {"median": np.median, "largest": np.max}


def _seed(parameters: Parameters, salt: str, seed: int) -> Outcome:
    """What D.capture says of one seed."""
    begin = time.process_time()
    job = Job((Request(parameters, salt, seed),))
    run = train(job, choose_machine("cpu", 1))[0]
    seconds = time.process_time() - begin
    asked = (capture.measure_at_horizon, capture.measure_at_crossing)
    found = (measure(parameters, {PRETRAINING: run}).successes == 1 for measure in asked)
    return Outcome(
        *found,
        float(run["final_time"].item()),
        run["crossing_time"].values,
        int(run["steps"].item()),
        seconds,
    )


if __name__ == "__main__":
    typer.run(compare)
