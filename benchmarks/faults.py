"""``python benchmarks/faults.py``: damaged and exchanged records, and processes that are killed.

Three questions, each with a count that must be 0. Damaged and exchanged files (bits, ends, blocks,
other runs', other versions'): how many are believed and give other numbers? Processes that are
killed (SIGKILL at a random moment of their work): how many finished runs are lost, how many runs of
the same work gone on with differ? Whole commands with two workers that are killed: the same, and
how many workers are left. Appends to faults.csv.
"""

from __future__ import annotations

import logging
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import torch
import typer
import xarray as xr
from stored import keep

from mrpverify.parameters import Parameters
from mrpverify.records.collect import Machine, collect, train_missing
from mrpverify.records.labelled import Request
from mrpverify.records.netcdf import SEAL_BYTES, write
from mrpverify.records.provenance import IDENTITY
from mrpverify.records.store import Store
from mrpverify.regime import load_preset

HERE = Machine("cpu")
TINY = Parameters(classes=2, kernels_per_class=3, dimension=8, images=20, max_steps=40)
SETTINGS = ("k=2", "d=10", "N=60", "m=4", "s=0.1", "sigma_0=0.1", "sigma_p=0.01")
"""Of the commands: a second of training for six seeds."""

PATIENCE_SECONDS = 10.0
"""How long workers may take to end; they may be importing torch."""

Runs = dict[Request, xr.Dataset]


def measure(
    damaged: Annotated[int, typer.Option(help="files that are damaged or exchanged")] = 10_000,
    kills: Annotated[int, typer.Option(help="processes that are killed")] = 500,
    commands: Annotated[int, typer.Option(help="commands with workers that are killed")] = 20,
    salt: Annotated[str, typer.Option(help="of the moments and of the damage")] = "a",
) -> None:
    """Ask the questions with a number above 0 and keep the counts."""
    torch.set_num_threads(1)
    rng = random.Random(salt)  # noqa: S311 - no secrets
    questions = {
        "damaged or exchanged files": (_damage, damaged),
        "killed processes": (_kill_processes, kills),
        "killed commands, two workers": (_kill_commands, commands),
    }
    rows = [_row(what, ask, number, rng) for what, (ask, number) in questions.items() if number]
    keep("faults", rows)
    raise typer.Exit(int(any(row["wrong"] or row["lost"] for row in rows)))


def _row(
    what: str, ask: Callable[[int, random.Random], Counter[str]], number: int, rng: random.Random
) -> dict[str, object]:
    """One question's counts, printed."""
    begin = time.monotonic()
    found = ask(number, rng)
    row = {
        "what": what,
        "tried": number,
        "wrong": found.pop("wrong", 0),
        "lost": found.pop("lost", 0),
        "others": " ".join(f"{name}:{count}" for name, count in sorted(found.items())),
        "seconds": round(time.monotonic() - begin),
    }
    print(row, flush=True)
    return row


# --- damaged and exchanged files


def _damage(number: int, rng: random.Random) -> Counter[str]:
    """Load a run from a file that something has happened to, again and again."""
    counts: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as name:
        store = Store(Path(name))
        others = (TINY, replace(TINY, visible=0.6), replace(TINY, framework="mae"))
        asked = [Request(p, salt, seed) for p in others for salt in "ab" for seed in range(3)]
        runs = collect(asked, HERE, store)
        files = {request: store.path(request).read_bytes() for request in asked}
        logging.disable(logging.WARNING)
        for _ in range(number):
            request, kind = rng.choice(asked), rng.choice(list(KINDS))
            content = KINDS[kind](request, files, runs, rng)
            store.path(request).write_bytes(content)
            found = store.load(request)
            if found is None:
                counts[f"refused ({kind})"] += 1
            elif found.identical(runs[request]):
                counts["whole" if content == files[request] else "harmless"] += 1
            else:
                counts["wrong"] += 1
        logging.disable(logging.NOTSET)
    return counts


Files = dict[Request, bytes]


def _bits(request: Request, files: Files, runs: Runs, rng: random.Random) -> bytes:
    """One to four bits flipped."""
    content = bytearray(files[request])
    for _ in range(rng.randint(1, 4)):
        content[rng.randrange(len(content))] ^= 1 << rng.randrange(8)
    return bytes(content)


def _end(request: Request, files: Files, runs: Runs, rng: random.Random) -> bytes:
    """Cut off, or with something behind it."""
    content = files[request]
    if rng.random() < 0.8:
        return content[: rng.randrange(len(content))]
    return content + rng.randbytes(rng.randint(1, 100))


def _block(request: Request, files: Files, runs: Runs, rng: random.Random) -> bytes:
    """A block of zeros, of noise, or of another record, as after a crash of the machine."""
    content = bytearray(files[request])
    begin, size = rng.randrange(len(content)), rng.choice((16, 512, 4096))
    other = files[rng.choice(list(files))][begin : begin + size]
    piece = rng.choice((bytes(size), rng.randbytes(size), other))
    content[begin : begin + size] = piece
    return bytes(content[: len(files[request])])


def _exchanged(request: Request, files: Files, runs: Runs, rng: random.Random) -> bytes:
    """Another run's whole record: another seed's, salt's or regime's."""
    return files[rng.choice([other for other in files if other != request])]


def _other_version(request: Request, files: Files, runs: Runs, rng: random.Random) -> bytes:
    """A whole record of this run by other code, another library, on another device, or unsealed."""
    if rng.random() < 0.25:
        return files[request][:-SEAL_BYTES]
    run = runs[request]
    own = str(run.attrs[IDENTITY])
    digest = own.split('"simulation": "')[1][:64]
    changed = rng.choice(
        (
            own.replace(digest, f"{rng.getrandbits(256):064x}"),
            own.replace('"torch": "', '"torch": "0.'),
            own.replace('"device": "cpu"', '"device": "cuda"'),
        )
    )
    return write((run * 1.01).assign_attrs({**run.attrs, IDENTITY: changed}))


KINDS = {
    "bits": _bits, "end": _end, "block": _block, "exchanged": _exchanged,
    "version": _other_version,
}  # fmt: skip


# --- killed processes


def _kill_processes(number: int, rng: random.Random) -> Counter[str]:
    """Kill a process that trains and stores; what it told as finished must be there."""
    asked = [Request(replace(TINY, max_steps=400), "kill", seed) for seed in range(6)]
    expected = collect(asked, HERE, None)
    seconds = _duration(asked)
    counts: Counter[str] = Counter()
    for _ in range(number):
        with tempfile.TemporaryDirectory() as name:
            told = _killed_after(rng.uniform(0, 1.1 * seconds), asked, Path(name))
            store = Store(Path(name))
            there = {request: run for request in asked if (run := store.load(request)) is not None}
            counts["lost"] += sum(asked[index] not in there for index in told)
            counts["stored before"] += len(there)
            found = collect(asked, HERE, store)
            counts["wrong"] += not _equal(found, expected)
            counts["killed at work"] += len(told) < len(asked)
    return counts


def _duration(asked: Sequence[Request]) -> float:
    """Seconds the work takes undisturbed."""
    with tempfile.TemporaryDirectory() as name:
        begin = time.monotonic()
        _killed_after(60.0, asked, Path(name))
        return time.monotonic() - begin


def _killed_after(seconds: float, asked: Sequence[Request], folder: Path) -> list[int]:
    """Places of the runs that a process told as stored before it was killed, or ended."""
    here, there = os.pipe()
    process = os.fork()
    if process == 0:
        os.close(here)
        for alone in asked:  # one a batch, as in runs of a common size
            for request, _ in train_missing([alone], HERE, Store(folder)):
                os.write(there, bytes([asked.index(request)]))
        os._exit(0)
    os.close(there)
    end, over = time.monotonic() + seconds, False
    while not over and time.monotonic() < end:
        time.sleep(0.0005)
        over = os.waitpid(process, os.WNOHANG) != (0, 0)
    if not over:
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
    with os.fdopen(here, "rb") as told:
        return list(told.read())


def _equal(found: Runs, expected: Runs) -> bool:
    """Whether all runs have the same numbers, to the last bit."""
    return found.keys() == expected.keys() and all(
        run.drop_attrs().identical(expected[request].drop_attrs()) for request, run in found.items()
    )


# --- killed commands


def _kill_commands(number: int, rng: random.Random) -> Counter[str]:
    """Kill a whole check with two workers, then let it go on, and compare the stored numbers."""
    counts: Counter[str] = Counter()
    regime = load_preset("quick").override(dict(pair.split("=") for pair in SETTINGS))
    expected = collect([Request(regime.regimes["mae"], "a", seed) for seed in range(6)], HERE, None)
    for _ in range(number):
        with tempfile.TemporaryDirectory() as name:
            process = _command(Path(name))
            while process.poll() is None and not list(Path(name).glob("cpu/reserved/*.json")):
                time.sleep(0.01)
            time.sleep(rng.uniform(0.0, 3.0))
            workers = _children(process.pid)
            process.kill()
            process.wait()
            counts["workers seen"] += len(workers)
            counts["workers left"] += _left(workers, PATIENCE_SECONDS)
            store = Store(Path(name))
            paths = {r: store.path(r) for r in expected}
            before = {r: p.stat().st_mtime_ns for r, p in paths.items() if p.exists()}
            counts["stored before"] += len(before)
            _command(Path(name)).wait()
            after = {r: run for r in expected if (run := store.load(r)) is not None}
            counts["lost"] += sum(paths[r].stat().st_mtime_ns != t for r, t in before.items())
            counts["wrong"] += not _equal(after, expected)
    return counts


def _command(folder: Path) -> subprocess.Popen[bytes]:
    """A check that trains six seeds in two processes."""
    settings = [word for pair in SETTINGS for word in ("--set", pair)]
    program = (
        "import runpy, sys; from mrpverify.records import collect; collect.WORTH_A_POOL = 0; "
        "collect.TOGETHER = 1; sys.argv[0] = 'check'; "
        "runpy.run_module('mrpverify.check', run_name='__main__')"
    )
    return subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", program, "T1.capture", "--framework", "mae", "--seeds", "6",
         "--workers", "2", "--quiet", *settings],
        env={**os.environ, "MRPVERIFY_CACHE": str(folder)},
        stderr=subprocess.DEVNULL,
    )  # fmt: skip


def _children(process: int) -> list[int]:
    """Processes that a process has started, where the system tells."""
    try:
        text = Path(f"/proc/{process}/task/{process}/children").read_text(encoding="utf-8")
    except OSError:
        return []
    return [int(word) for word in text.split()]


def _left(processes: Sequence[int], seconds: float) -> int:
    """How many go on after some seconds; they may still be starting."""
    end = time.monotonic() + seconds
    while (left := sum(map(_alive, processes))) and time.monotonic() < end:
        time.sleep(0.05)
    return left


def _alive(process: int) -> bool:
    """Whether a process goes on; one that has ended and is not yet reaped does not."""
    try:
        state = Path(f"/proc/{process}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return False
    return state[0] not in ("Z", "X")


if __name__ == "__main__":
    typer.run(measure)
