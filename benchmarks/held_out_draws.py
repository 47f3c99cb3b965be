"""``python benchmarks/held_out_draws.py``: what remembering the noise of held-out images saves.

Supervised learning, fine-tuning, probe and few labels of one pretraining, preset quick, few steps:
everything is tested on the same ten draws of a seed. CPU time of one process, from no stored run,
with the noise remembered and without, in turn. Prints and appends to held_out_draws.csv; exit code
1 where a number of the two differs.
"""

from __future__ import annotations

import time
from dataclasses import replace
from statistics import median
from typing import Annotated

import typer
import xarray as xr
from stored import keep

from mrpverify.claims import legs
from mrpverify.records.collect import Machine, collect
from mrpverify.records.labelled import Request
from mrpverify.regime import load_preset
from mrpverify.simulate import sample

STEPS = 20


def requests(seeds: int) -> list[Request]:
    """The runs of four legs."""
    regime = replace(load_preset("quick").regimes["mae"], max_steps=STEPS, downstream_steps=STEPS)
    chosen = (
        legs.supervised(regime),
        legs.fine_tuned(regime),
        legs.probe(regime),
        legs.fine_tuned(regime, labels=4),
    )
    return [leg.request("explore", seed) for leg in chosen for seed in range(seeds)]


def timed(wanted: list[Request], remembered: int) -> tuple[float, dict[Request, xr.Dataset]]:
    """CPU seconds of training and testing, and the runs."""
    sample._remembered.cache_clear()
    sample.REMEMBERED_BYTES = remembered
    begin = time.process_time()
    runs = dict(collect(wanted, Machine("cpu"), None, None))
    return time.process_time() - begin, runs


def compare(
    seeds: Annotated[int, typer.Option(help="seeds of every leg")] = 2,
    repeats: Annotated[int, typer.Option(help="pairs of runs")] = 5,
) -> None:
    """Time both in turn and keep the seconds."""
    wanted, most = requests(seeds), sample.REMEMBERED_BYTES
    rows, same = [], True
    for _ in range(repeats):
        with_memory, one = timed(wanted, most)
        without, other = timed(wanted, 0)
        same &= all(one[r].drop_attrs().identical(other[r].drop_attrs()) for r in wanted)
        rows.append(
            {
                "runs": len(wanted),
                "remembered_s": round(with_memory, 3),
                "drawn_again_s": round(without, 3),
                "saved_ms_a_run": round(1e3 * (without - with_memory) / len(wanted), 1),
            }
        )
        print(rows[-1])
    keep("held_out_draws", rows)
    print(f"median saved: {median(row['saved_ms_a_run'] for row in rows)} ms a run")
    raise typer.Exit(0 if same else 1)


if __name__ == "__main__":
    typer.run(compare)
