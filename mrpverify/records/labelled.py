"""A run as an xarray data set: named axes, provenance in the attributes."""

from __future__ import annotations

import hashlib
import json
import platform
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, fields
from datetime import UTC, datetime
from functools import cache
from importlib import metadata
from pathlib import Path

import numpy as np
import xarray as xr

from .. import parameters as parameters_module
from .. import simulate
from ..parameters import Parameters, check_start, relevant
from ..simulate.held_out import test_laws
from ..simulate.trajectory import Trajectory, snapshot_steps

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
    "largest_curvature": ("seed",),
    "final_head": ("seed", "class", "kernel"),
    "test_correct": ("seed", "law", "class", "shown"),
    "test_number": ("seed", "law", "class", "shown"),
    "train_accuracy": ("seed", "kind"),
    "train_margin": ("seed", "kind"),
}


@dataclass(frozen=True)
class Request:
    """One run: a regime, a salt and a seed. Equal requests give equal numbers on one machine."""

    parameters: Parameters
    salt: str
    seed: int
    start: Parameters | None = None
    """Regime of the run (same salt and seed) whose final kernels this one goes on from."""

    def __post_init__(self) -> None:
        """Raise RegimeError where a start is missing or of another shape."""
        before = self.before()
        shape = (1, before.parameters.kernels, before.parameters.dimension) if before else None
        check_start(self.parameters, shape, seeds=1)

    def key(self) -> str:
        """Content hash (SHA-256, hexadecimal) of everything that determines the run."""
        return config_hash(
            self.parameters,
            salt=self.salt,
            seed=self.seed,
            start=None if self.start is None else relevant(self.start),
            simulation=simulation_digest(),
            torch=versions()["torch"],
        )

    def before(self) -> Request | None:
        """The run this one goes on from."""
        return None if self.start is None else Request(self.start, self.salt, self.seed)


def config_hash(parameters: Parameters, **more: object) -> str:
    """SHA-256 of the parameters that can change a run and whatever else is given."""
    content = json.dumps({**relevant(parameters), **more}, sort_keys=True)
    return hashlib.sha256(content.encode()).hexdigest()


@cache
def simulation_digest() -> str:
    """SHA-256 of the simulation's source: a record of other code is never taken for a new one."""
    digest = hashlib.sha256(Path(parameters_module.__file__).read_bytes())
    for path in sorted(Path(simulate.__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return digest.hexdigest()


@cache
def versions() -> dict[str, str]:
    """Versions of Python and of the libraries that a number may depend on."""
    libraries = ("mrpverify", "torch", "numpy", "scipy", "xarray")
    return {"python": platform.python_version()} | {name: _version(name) for name in libraries}


def label(trajectory: Trajectory, requests: Sequence[Request], device: str) -> list[xr.Dataset]:
    """One data set per seed, with its provenance; axes and units in the attributes."""
    return [_one(trajectory, index, request, device) for index, request in enumerate(requests)]


def join(runs: Sequence[xr.Dataset]) -> xr.Dataset:
    """All seeds of one regime along `seed`; later snapshots of shorter runs are NaN."""
    return xr.concat(
        runs, dim="seed", join="outer", data_vars="all", coords="minimal", compat="override",
        combine_attrs="drop_conflicts",
    )  # fmt: skip


def _one(trajectory: Trajectory, index: int, request: Request, device: str) -> xr.Dataset:
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
    return xr.Dataset(
        arrays,
        coords={"seed": [request.seed], "step": steps[kept], **_names(request, arrays)},
        attrs={
            "parameters": json.dumps(asdict(request.parameters), sort_keys=True),
            "config_hash": request.key(),
            "start": json.dumps(None if request.start is None else asdict(request.start)),
            "salt": request.salt,
            "device": device,
            "versions": json.dumps(versions()),
            "written": datetime.now(UTC).isoformat(timespec="seconds"),
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


def _version(name: str) -> str:
    """Installed version of a library, 'not installed' where there is none."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"
