"""``python benchmarks/gpu.py``: what a gradient, a step and a check cost on a GPU, in five minutes.

One row for every preset, objective and number of seeds: the two matrix products that a gradient
needs at least, the faster of those whose sums over rows are whole and in pieces; over them either,
all products of the objective (a masked autoencoder has more), the gradient, the gradient with
torch's own passes, compiled by torch, replayed as a CUDA graph (small regimes), and a whole step of
descent; the products in TF32, and by how much the gradient moves with them; the most memory that a
gradient takes, over its activations. One kernel of every class holds a
feature, so that the teacher's own passes count. Then `check theorem1` of preset quick from an empty
store. Every row is printed and appended to gpu.csv as it is measured, so that an end from outside
costs the rest alone. What does not fit into --seconds is left out, and said.

``--device cpu --tiny`` tries the script without a GPU, at sizes of which no time says anything.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import partial
from os import environ
from statistics import median
from typing import Annotated, Any

import torch
import typer
from stored import keep

from mrpverify.parameters import Parameters
from mrpverify.regime import load_preset
from mrpverify.simulate import passes
from mrpverify.simulate.arithmetic import TF32, products_as_asked
from mrpverify.simulate.descend import descend
from mrpverify.simulate.encoder import over_rows, project
from mrpverify.simulate.execution import Execution, executing
from mrpverify.simulate.flow import Field
from mrpverify.simulate.objective import State
from mrpverify.simulate.replay import Replayed
from mrpverify.simulate.run import as_computed, correlate, objective_of
from mrpverify.simulate.sample import Images, sample_background, sample_images, sample_weights

CASES = (
    ("quick", "teacher-student", 24),
    ("quick", "mae", 24),
    ("large", "teacher-student", 1),
    ("large", "teacher-student", 4),
    ("large", "mae", 4),
    ("large", "supervised", 4),
    ("large", "fine-tuning", 4),
    ("large", "teacher-student", 16),
    ("large", "mae", 16),
)
"""(preset, framework, seeds), the cheapest first; with small sizes all have two seeds."""
TINY = {"classes": 3, "dimension": 12, "kernels_per_class": 2, "images": 20, "off_class": 0.3}
LEAST = 30.0
"""Seconds that a check is given at least, or it is not begun."""
FEW, MANY = 10, 40
"""Steps of two runs, of whose times the difference is that of steps alone."""
HELD = 1.02
"""Correlation of a kernel with the feature that it holds, over varrho."""
SALT = "explore"
COLUMNS = (
    "preset", "framework", "seeds", "products_ms", "whole", "pieces", "needed", "gradient", "torch",
    "compiled", "compile_s", "replayed", "step", "memory", "tf32_ms", "tf32_difference", "seconds",
)  # fmt: skip
WIDTHS = {"preset": 6, "framework": 15, "seeds": 5}


def measure(
    device: Annotated[str, typer.Option(help="cuda or cpu")] = "cuda",
    seconds: Annotated[float, typer.Option(help="device time that all of it may take")] = 300.0,
    repeats: Annotated[int, typer.Option(help="gradients timed")] = 30,
    tiny: Annotated[bool, typer.Option("--tiny", help="small sizes, no check")] = False,
    store: Annotated[bool, typer.Option(help="append the table to gpu.csv")] = True,
    compiled: Annotated[bool, typer.Option(help="torch.compile, too: seconds of a case")] = True,
) -> None:
    """Measure every case, and keep what was measured."""
    if device == "cuda" and not torch.cuda.is_available():
        raise SystemExit("no CUDA device here; try --device cpu --tiny")
    begin, show = time.perf_counter(), _Shown(device, store)
    for preset, framework, seeds in [case for case in CASES if not tiny or case[2] != 16]:
        row: dict[str, Any] = {"preset": preset, "framework": framework, "seeds": seeds}
        if time.perf_counter() - begin < seconds:
            regimes = load_preset(preset).regimes
            p = replace(regimes.get(framework, regimes["supervised"]), framework=framework)
            p = replace(p, **TINY) if tiny else p
            try:
                row |= Case(p, 2 if tiny else seeds, device, repeats, compiled).row()
            except torch.OutOfMemoryError:
                row |= {"products_ms": "no memory"}
        else:
            row |= {"products_ms": "no time left"}
        show.row(row)
    left = seconds - (time.perf_counter() - begin)
    row = {"preset": "quick", "framework": "check theorem1", "seeds": 24}
    show.row(row | {"seconds": "not run" if tiny or left < LEAST else checked(device, left)})
    print(f"{_name(device)}, torch {torch.__version__}, {time.perf_counter() - begin:.0f} s in all")


class _Shown:
    """Rows on standard output and, where they are kept, in gpu.csv."""

    def __init__(self, device: str, store: bool) -> None:
        self._common = {"device": _name(device), "version": torch.__version__}
        self._store = store
        print(self._line(dict(zip(COLUMNS, COLUMNS, strict=True))), flush=True)

    def row(self, row: Mapping[str, Any]) -> None:
        """Show and keep one row."""
        print(self._line(row), flush=True)
        if self._store:
            keep("gpu", [{**self._common, **dict.fromkeys(COLUMNS, ""), **row}])

    @staticmethod
    def _line(row: Mapping[str, Any]) -> str:
        return "  ".join(
            str(row.get(name, "")).ljust(WIDTHS.get(name, len(name))) for name in COLUMNS
        )


@dataclass
class Case:
    """One preset, objective and number of seeds on a device."""

    parameters: Parameters
    seeds: int
    device: str
    repeats: int
    compiled: bool

    def row(self) -> dict[str, Any]:
        """Milliseconds of the products, and all else over them."""
        p = replace(self.parameters, precision="float32")
        with torch.inference_mode():
            images, state = held_data(p, self.seeds, self.device)
            largest = correlate(state["weights"], images).amax(2)
            arguments = (p, state, images, largest)
            whole = self._time(lambda: needed("", state, images, 1))
            pieces = self._time(lambda: needed("", state, images))
            own = [self._time(partial(needed, p.framework, state, images, c)) for c in (1, None)]
            floor = min(whole, pieces)
            plain = objective_of(p).direction
            gradient = self._time(lambda: plain(*arguments))
            with passes.without(numba=True, triton=True):
                torchs = self._time(lambda: plain(*arguments))
            memory = self._peak(lambda: plain(*arguments), images, state)
            compiled = self._compiled(p, arguments, floor) if self.compiled else {}
            reduced = self._reduced(arguments, plain)
            replayed = self._replayed(p, images, state)
            step = self._step(p, images)
        return {
            "products_ms": _rounded(1e3 * floor),
            "whole": _rounded(whole / floor),
            "pieces": _rounded(pieces / floor),
            "needed": _rounded(min(own) / floor),
            "gradient": _rounded(gradient / floor),
            "torch": _rounded(torchs / floor),
            "replayed": _rounded(replayed / floor) if replayed else "",
            "step": _rounded(step / floor),
            "memory": memory,
            **compiled,
            **reduced,
        }

    def _compiled(self, p: Parameters, arguments: Any, floor: float) -> dict[str, Any]:
        """The gradient that torch compiles, over the products, and what compiling took."""
        with executing(Execution(compiled=True)):
            direction = as_computed(p).direction
            begin = time.perf_counter()
            direction(*arguments)
            _wait(self.device)
            compilation = time.perf_counter() - begin
            taken = self._time(lambda: direction(*arguments))
        return {"compiled": _rounded(taken / floor), "compile_s": _rounded(compilation)}

    def _time(self, work: Callable[[], object]) -> float:
        """Median seconds of some calls, after one that is not counted."""
        work()
        taken = []
        for _ in range(self.repeats):
            _wait(self.device)
            begin = time.perf_counter()
            work()
            _wait(self.device)
            taken.append(time.perf_counter() - begin)
        return median(taken)

    def _step(self, p: Parameters, images: Images) -> float:
        """Seconds of a whole step of descent, of all seeds at once."""
        taken, numbers = [], list(range(self.seeds))
        weights, held_out = sample_weights(p, SALT, numbers), sample_background(p, SALT, numbers, 2)
        for steps in (FEW, MANY):
            law = replace(p, method="descent", max_steps=steps, horizon=1e9, test_images=2)
            _wait(self.device)
            begin = time.perf_counter()
            descend(law, images, weights, held_out, SALT, numbers, self.device)
            _wait(self.device)
            taken.append(time.perf_counter() - begin)
        return (taken[1] - taken[0]) / (MANY - FEW)

    def _replayed(self, p: Parameters, images: Images, state: State) -> float:
        """Seconds of a gradient that is launched as one graph; 0 where it is too large for that."""
        field = Field(p, images, state)
        if not field.small:
            return 0.0
        packed, derivative = field.layout.pack(state), Replayed(field)
        every = torch.arange(packed.shape[1], device=packed.device).expand(packed.shape[:2])
        return self._time(lambda: derivative(packed, every))

    def _reduced(self, arguments: Any, direction: Callable[..., Any]) -> dict[str, Any]:
        """The gradient in TF32, and how far it is from that in float32."""
        if self.device != "cuda":
            return {"tf32_ms": "", "tf32_difference": ""}
        exact, _ = direction(*arguments)
        with products_as_asked(replace(arguments[0], precision=TF32)):
            taken = self._time(lambda: direction(*arguments))
            found, _ = direction(*arguments)
        apart = max(float((found[n] - exact[n]).norm() / exact[n].norm()) for n in exact)
        return {"tf32_ms": _rounded(1e3 * taken), "tf32_difference": f"{apart:.1e}"}

    def _peak(self, work: Callable[[], object], images: Images, state: State) -> Any:
        """The most memory that a call takes beyond what is there, over its activations."""
        if self.device != "cuda":
            return ""
        before = torch.cuda.memory_allocated()
        torch.cuda.reset_peak_memory_stats()
        work()
        taken = torch.cuda.max_memory_allocated() - before
        rows = images.patches.shape[0] * images.patches.shape[1] * images.patches.shape[2]
        return _rounded(taken / (4 * rows * state["weights"].shape[1]))


def needed(framework: str, state: State, images: Images, pieces: int | None = None) -> None:
    """All products of a gradient, sums over rows in so many pieces (None: as the gradient).

    Those are two, kernels on patches and a signal back on them, and five more of "mae".
    """
    w, x = state["weights"], images.patches
    u = project(w, x).flatten(1, 2)
    over_rows(u, x.flatten(1, 2), pieces)
    if framework == "mae":
        over_rows(u, u, pieces)
        torch.bmm(u, torch.bmm(w, w.transpose(1, 2)))
        of_images, seen = u[:, : x.shape[1]], x[:, :, 0]
        torch.bmm(of_images, w)
        torch.bmm(seen, w.transpose(1, 2))
        over_rows(of_images, seen, pieces)


def held_data(p: Parameters, seeds: int, device: str) -> tuple[Images, State]:
    """Images and a state in which the first kernel of every class holds its first feature."""
    numbers = list(range(seeds))
    images = sample_images(p, SALT, numbers).to(device, torch.float32)
    weights = sample_weights(p, SALT, numbers).to(device, torch.float32)
    weights[:, :: p.kernels_per_class] = HELD * p.linear_from * images.features[:, :: p.views]
    return images, objective_of(p).start(p, weights, SALT, numbers)


def checked(device: str, limit: float) -> float | str:
    """Seconds of `check theorem1`, quick, from an empty store; "too long" beyond the limit."""
    with tempfile.TemporaryDirectory() as folder:
        own = {**environ, "MRPVERIFY_CACHE": folder}
        command = ["-m", "mrpverify.check", "theorem1", "--salt", SALT, "--quiet"]
        begin = time.perf_counter()
        try:
            subprocess.run(  # noqa: S603 - our own command
                [sys.executable, *command, "--device", device],
                env=own, timeout=limit, stdout=subprocess.DEVNULL, check=False,
            )  # fmt: skip
        except subprocess.TimeoutExpired:
            return "too long"
        return round(time.perf_counter() - begin, 1)


def _wait(device: str) -> None:
    """Until the device has done what it was given."""
    if device == "cuda":
        torch.cuda.synchronize()


def _name(device: str) -> str:
    """The device in words."""
    return torch.cuda.get_device_name() if device == "cuda" else "cpu"


def _rounded(value: float) -> float:
    """Three significant digits."""
    return float(f"{value:.3g}")


if __name__ == "__main__":
    typer.run(measure)
