"""A run as an xarray data set: named axes, provenance in the attributes."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from .. import outside
from ..parameters import Parameters, as_read, check_start, check_teachers, relevant
from ..simulate import descend
from ..simulate.data_law import law_of
from ..simulate.held_out import test_laws
from ..simulate.run import objective_of
from ..simulate.trajectory import Trajectory, snapshot_steps
from .provenance import Addressed, provenance, versions
from .source import imported_files, source_digest

AXES: dict[str, tuple[str, ...]] = {
    "time": ("seed", "step"),
    "loss": ("seed", "step"),
    "correlations": ("seed", "step", "kernel", "feature"),
    "initial_correlations": ("seed", "kernel", "feature"),
    "final_correlations": ("seed", "kernel", "feature"),
    "crossing_time": ("seed", "kernel", "feature"),
    "crossing_correlations": ("seed", "kernel", "feature"),
    "coverage_time": ("seed",),
    "reference_correlations": ("seed", "kernel", "feature"),
    "final_time": ("seed",),
    "steps": ("seed",),
    "reached_horizon": ("seed",),
    "diverged": ("seed",),
    "own_activity": ("seed", "feature"),
    "squared_activity": ("seed", "feature"),
    "patch_activity": ("seed", "feature"),
    "final_weights": ("seed", "kernel", "dimension"),
    "initial_weights": ("seed", "kernel", "dimension"),
    "final_decoder": ("seed", "kernel", "dimension"),
    "features": ("seed", "feature", "dimension"),
    "background_response": ("seed", "kernel"),
    "patch_count": ("seed",),
    "cannot_cover": ("seed",),
    "largest_curvature": ("seed",),
    "final_head": ("seed", "class", "kernel"),
    "test_correct": ("seed", "law", "class", "shown"),
    "test_number": ("seed", "law", "class", "shown"),
    "train_accuracy": ("seed", "kind"),
    "train_margin": ("seed", "kind"),
}


OWN_AXES = ("seed", "step")
"""Those along which runs of one regime differ."""


@dataclass(frozen=True)
class Request(Addressed):
    """One run: a regime, a salt and a seed. Equal requests give equal numbers on one machine."""

    parameters: Parameters
    salt: str
    seed: int
    start: Parameters | Request | None = None
    """The run whose final kernels this one goes on from; a regime stands for its run of the same
    salt and seed that needs no other run."""
    taught_by: tuple[Request, ...] = ()
    """The runs (same salt and seed) whose answers this one learns from."""

    def __post_init__(self) -> None:
        """Leave out what the run does not read, so that equal runs are one request.

        Raises RegimeError where a start or a teacher is missing or does not fit, ValueError for one
        of another salt or seed.
        """
        object.__setattr__(self, "parameters", as_read(self.parameters))
        if isinstance(self.start, Parameters):
            object.__setattr__(self, "start", as_read(self.start))
        before = self.before()
        shape = (1, before.parameters.kernels, before.parameters.dimension) if before else None
        check_start(self.parameters, shape, seeds=1)
        check_teachers(self.parameters, [teacher.parameters for teacher in self.taught_by])
        for need in self.needs():
            if (need.salt, need.seed) != (self.salt, self.seed):
                raise ValueError(
                    f"salt {self.salt!r}, seed {self.seed}: needs a run of salt {need.salt!r}, "
                    f"seed {need.seed}, which has other features. Ask for the same salt and seed."
                )

    def identity(self) -> dict[str, Any]:
        """Everything that determines the run but the kind of device."""
        return {
            "parameters": relevant(self.parameters),
            "salt": self.salt,
            "seed": self.seed,
            "start": self._begin(),
            **({"taught_by": [run.key() for run in self.taught_by]} if self.taught_by else {}),
            "simulation": simulation_digest(),
            **{library: versions()[library] for library in ("torch", "numpy")},
            **_from_outside(self.parameters),
        }

    def before(self) -> Request | None:
        """The run this one goes on from."""
        if isinstance(self.start, Parameters):
            return Request(self.start, self.salt, self.seed)
        return self.start

    def needs(self) -> tuple[Request, ...]:
        """The runs that have to be there before this one, each once."""
        before = self.before()
        return tuple(dict.fromkeys([*([] if before is None else [before]), *self.taught_by]))

    def lineage(self) -> str:
        """Its regime and those of all it needs: equal among the seeds of a leg."""
        before = self.before()
        others = [None if before is None else before.lineage()]
        others += [run.lineage() for run in self.taught_by]
        return repr((asdict(self.parameters), self.salt, others))

    def _begin(self) -> dict[str, Any] | str | None:
        """What the start adds to the identity; the key of one that needs runs itself."""
        before = self.before()
        if before is None:
            return None
        return before.key() if before.needs() else relevant(before.parameters)


def data_of(parameters: Parameters) -> tuple[str, ...]:
    """Data sets that the regime's law draws from."""
    return law_of(parameters).needs


def _from_outside(parameters: Parameters) -> dict[str, str]:
    """Digests of the source of an objective or a law from outside; none for those of here."""
    objective, law = objective_of(parameters), law_of(parameters)
    used: dict[str, tuple[Any, ...]] = {
        "objective": (objective.start, objective.direction, objective.after_step),
        "law": tuple(filter(None, (law.present, law.strengths, law.draw))),
    }
    digests = {}
    for name, functions in used.items():
        foreign = {outside.file_of(function) for function in functions} - simulation_files()
        if foreign:
            digests[name] = _digest_of(
                frozenset((file, file.stat().st_mtime_ns) for file in foreign)
            )
    return digests


@cache
def _digest_of(entries: frozenset[tuple[Path, int]]) -> str:
    """SHA-256 of what modules and what they import say, read once: parsing takes half a second.

    An entry is a file and when it was changed.
    """
    return source_digest(imported_files(*(file for file, _ in entries)))


def config_hash(parameters: Parameters) -> str:
    """SHA-256 of the parameters that can change a run."""
    return hashlib.sha256(json.dumps(relevant(parameters), sort_keys=True).encode()).hexdigest()


@cache
def simulation_digest() -> str:
    """SHA-256 of the simulation's source: a record of other code is never taken for a new one."""
    return source_digest(simulation_files())


@cache
def simulation_files() -> set[Path]:
    """The source files that a run's numbers come from: those of every objective of ours."""
    ours = (outside.load(outside.OBJECTIVES, name) for name in outside.own(outside.OBJECTIVES))
    entries = [Path(descend.__file__), *(outside.file_of(one.direction) for one in ours)]
    return imported_files(*entries)


def label(
    trajectory: Trajectory, requests: Sequence[Request], device: str, name: str
) -> list[xr.Dataset]:
    """One data set per seed, with its provenance; axes and units in the attributes.

    `device` is the kind, cpu or cuda; `name` says which one it was.
    """
    runs = (_one(trajectory, index, request) for index, request in enumerate(requests))
    return [
        run.assign_attrs(provenance(request, device, request.parameters.precision), device=name)
        for request, run in zip(requests, runs, strict=True)
    ]


def join(runs: Sequence[xr.Dataset]) -> xr.Dataset:
    """All seeds of one regime along `seed`; later snapshots of shorter runs are NaN."""
    if not _alike(runs):
        return _joined_by_xarray(runs)
    steps = np.unique(np.concatenate([run["step"].values for run in runs]))
    variables = {name: _along_seeds(str(name), runs, steps) for name in runs[0].variables}
    coords = {name: variables.pop(name) for name in runs[0].coords}
    attrs = {key: value for run in reversed(runs) for key, value in run.attrs.items()}
    same = {k: x for k, x in attrs.items() if all(run.attrs.get(k, x) == x for run in runs)}
    return xr.Dataset(variables, coords, same)


def _alike(runs: Sequence[xr.Dataset]) -> bool:
    """Whether runs have the variables of AXES and the same names, and sizes but for their steps."""

    def kind(run: xr.Dataset) -> list[tuple[Any, ...]]:
        return [
            (name, x.dims, x.dtype, [n for axis, n in x.sizes.items() if axis not in OWN_AXES])
            for name, x in sorted(run.variables.items(), key=lambda item: str(item[0]))
        ]

    first = kind(runs[0])
    known = all(name in run.coords or name in AXES for run in runs for name in run.variables)
    named = [name for name in runs[0].coords if name not in OWN_AXES]
    return known and all(
        kind(run) == first and all(run[name].equals(runs[0][name]) for name in named)
        for run in runs[1:]
    )


def _along_seeds(name: str, runs: Sequence[xr.Dataset], steps: np.ndarray) -> xr.Variable:
    """One variable of runs that are alike, at all steps that any of them has."""
    own = [run.variables[name] for run in runs]
    first = own[0]
    if "seed" not in first.dims:
        return first if name != "step" else xr.Variable("step", steps, first.attrs)
    if "step" not in first.dims:
        return xr.Variable(first.dims, np.concatenate([x.values for x in own]), first.attrs)
    filled = np.full((sum(map(len, own)), len(steps), *first.shape[2:]), np.nan, first.dtype)
    begin = 0
    for run, x in zip(runs, own, strict=True):
        there = np.searchsorted(steps, run["step"].values)
        filled[begin : begin + len(x), there] = x.values
        begin += len(x)
    return xr.Variable(first.dims, filled, first.attrs)


def _joined_by_xarray(runs: Sequence[xr.Dataset]) -> xr.Dataset:
    """The same of any runs; for hundreds that are alike it takes ten times as long."""
    return xr.concat(
        runs, dim="seed", join="outer", data_vars="all", coords="minimal", compat="override",
        combine_attrs="drop_conflicts",
    )  # fmt: skip


def _one(trajectory: Trajectory, index: int, request: Request) -> xr.Dataset:
    """The data set of one seed."""
    values = {f.name: getattr(trajectory, f.name) for f in fields(Trajectory)}
    steps = values.pop("snapshot_step")
    # The others of a batch end elsewhere; their snapshots are not this seed's.
    kept = np.isfinite(values["time"][index])
    if request.parameters.method == "descent":
        kept &= np.isin(steps, [*snapshot_steps(int(steps[-1])), trajectory.steps[index]])
    arrays = {}
    for name, array in values.items():
        if array is None:
            continue
        own = array[index : index + 1]
        arrays[name] = (AXES[name], own[:, kept] if "step" in AXES[name] else own)
    before, taught = request.before(), [run.key() for run in request.taught_by]
    return xr.Dataset(
        arrays,
        coords={"seed": [request.seed], "step": steps[kept], **_names(request, arrays)},
        attrs={
            "parameters": json.dumps(asdict(request.parameters), sort_keys=True),
            "start": json.dumps(None if before is None else asdict(before.parameters)),
            **({"taught_by": json.dumps(taught)} if taught else {}),
            "salt": request.salt,
            "units": "correlations in feature lengths; time is the sum of step sizes",
        },
    )


def _names(request: Request, arrays: Mapping[str, object]) -> dict[str, list[str]]:
    """Names along the axes of a test: laws, what an image shows, kinds of training images."""
    if "test_correct" not in arrays:
        return {}
    views = [f"view {view + 1}" for view in range(request.parameters.views)]
    return {
        "law": list(test_laws(request.parameters)),
        "shown": ["all views", *views],
        "kind": ["multi-view", "single-view"],
    }
