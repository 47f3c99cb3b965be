"""D.transformer: a transformer as a real masked autoencoder on dominoes, one rung up from kernels.

The same statements as D.gain, D.mask and D.baseline make of the theory's own network, about a small
vision transformer on the canvas of the same pictures. The theory says nothing of such a network:
these are findings. Each is judged seed by seed (exact); beside it stand the means, with intervals
that hold for any distribution between -1 and 1 (by betting).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import xarray as xr

from ...dominoes.options import SIDE, fetched
from ...dominoes.transformer.arms import (
    ARMS,
    LONGER,
    MASKED,
    MASKED_LONGER,
    MULTI,
    PRETRAINING,
    PROBE,
    RANDOM,
    SHUFFLED,
    SINGLE,
    SUPERVISED,
    TUNED,
)
from ...dominoes.transformer.runs import Comparison, collect
from ...dominoes.transformer.size import SIZES
from ...images.setup import Setup, check_precision
from ...judge.betting import bounded_interval
from ...judge.findings import Column, Finding, Note, Table, recorded
from ...judge.measurement import Measurement
from ...judge.per_seed import above, in_each_seed
from ...parameters import Parameters, changed
from ..accuracies import GAIN
from ..claim import Control, NetworkClaim
from ..paired import not_supported
from .arms import NEEDS, OWN

PIXELS = {"encoding": "pixels", "dimension": SIDE**2, "centred": "no"}
"""The recipe's images in raw pixels, nothing taken off."""
ARM_COLUMNS = (
    Column("arm"),
    *(Column(kind, form="estimate") for kind in ("multi-view", "single-view", "training")),
)
DIFFERENCE_COLUMNS = (
    Column("images"),
    Column("difference"),
    Column("mean", form="estimate"),
    Column("seeds_above_0", "seeds above 0"),
    Column("seeds"),
)


def regime(size: str) -> Parameters:
    """The law of the recipe in raw pixels; raises MissingDataError where nothing is fetched."""
    own = {"images": SIZES[size].images, "test_images": SIZES[size].test_images}
    return changed(Parameters(), **{**OWN, **PIXELS, **own}, content=fetched())


def evidence(setup: Setup) -> xr.Dataset:
    """``accuracy`` [seed, arm, images] of every arm, trained or from the store."""
    size = setup.settings.transformer
    asked = [
        Comparison(
            parameters=regime(size), size=size, salt=setup.salt, seed=seed,
            device=setup.machine.device, precision=setup.settings.precision,
        )
        for seed in range(setup.seeds)
    ]  # fmt: skip
    runs = collect(asked, setup.machine, setup.store, setup.progress)
    final = [[float(run[f"loss {arm}"].values[-1]) for run in runs] for arm in (PRETRAINING, TUNED)]
    return xr.Dataset(
        {
            "accuracy": (("seed", "arm", "images"), np.stack([r["accuracy"].values for r in runs])),
            "final_loss": (("trained", "seed"), np.array(final)),
        },
        coords={"arm": list(ARMS), "images": runs[0]["images"].values},
        attrs={
            "size": size,
            "device": setup.machine.name,
            "written": ", ".join(sorted({run.attrs["written"][:10] for run in runs})),
            "precision": setup.settings.precision,
        },
    )


def accuracy(found: xr.Dataset, arm: str, images: str = SINGLE) -> np.ndarray:
    """Accuracies of an arm [seeds]."""
    return np.asarray(found["accuracy"].sel(arm=arm, images=images).values)


def _gains(own: str, others: Sequence[str], words: str) -> Any:
    """A measure: in each seed, `own` is above all `others` by more than 0.02, single-view."""

    def measure(setup: Setup, found: xr.Dataset) -> Measurement:
        del setup
        parts = {
            f"single-view gain over {other}": above(
                accuracy(found, own) - accuracy(found, other), GAIN
            )
            for other in others
        }
        return in_each_seed(f"share of seeds in which {words}", parts, _beside(found, own, others))

    return measure


def _beside(found: xr.Dataset, own: str, others: Sequence[str]) -> tuple[Finding, ...]:
    """Paired differences, all accuracies, and what was trained."""
    differences = [
        _difference(f"{own} - {other}", images, accuracy(found, own, images)
                    - accuracy(found, other, images))
        for images in (SINGLE, MULTI)
        for other in others
    ]  # fmt: skip
    arms = [
        {"arm": arm, **{str(images): _share(accuracy(found, arm, images)) for images in
                        found["images"].values}}
        for arm in ARMS
    ]  # fmt: skip
    every = {
        arm: {str(images): accuracy(found, arm, images).tolist()
              for images in found["images"].values}
        for arm in ARMS
    }  # fmt: skip
    return (
        Table("differences", differences, columns=DIFFERENCE_COLUMNS),
        Table("accuracies", arms, columns=ARM_COLUMNS),
        Note("lines", (_line(found),)),
        *recorded(accuracy_of_each_seed=every, size=dict(vars(SIZES[found.attrs["size"]]))),
    )


def _difference(name: str, images: str, values: np.ndarray) -> dict[str, Any]:
    """A paired difference per seed, in [-1, 1]; its interval holds whatever the distribution."""
    interval = list(bounded_interval(values, (-1.0, 1.0)))
    return {
        "images": images,
        "difference": name,
        "mean": {"mean": float(values.mean()), "interval": interval},
        "seeds_above_0": int((values > 0).sum()),
        "seeds": len(values),
    }


def _share(values: np.ndarray) -> Mapping[str, Any]:
    """A mean accuracy, with the like interval."""
    return {"mean": float(values.mean()), "interval": list(bounded_interval(values, (0.0, 1.0)))}


def _line(found: xr.Dataset) -> str:
    """The network, its training and what pretraining left of the pixels' variance."""
    own, (rest, _) = SIZES[found.attrs["size"]], found["final_loss"].values.mean(1)
    return (
        f"size {found.attrs['size']}: {own.layers} layers of width {own.width}, patches of "
        f"{own.side} x {own.side}, {own.hidden:.0%} hidden; pretraining {own.pretraining_steps} "
        f"steps of {own.pretraining_batch} images, labels {own.label_steps} steps of "
        f"{own.label_batch} ({own.longer} times that: longer), {own.images} images; pretraining "
        f"leaves {rest:.2f} of the variance of hidden pixels; {found.attrs['precision']}, "
        f"{found.attrs['written']}, {found.attrs['device']}"
    )


def _instead(own: str, other: str, expected: str) -> Control:
    """A control that sees another arm in the place of the claim's own."""

    def look(setup: Setup, found: xr.Dataset) -> xr.Dataset:
        del setup
        values = found["accuracy"].copy(deep=True)
        values.loc[{"arm": own}] = found["accuracy"].sel(arm=other).values
        return found.assign(accuracy=values)

    return Control(f"{other}, in the place of {own}", expected, look=look, failed=not_supported)


_SHARED: dict[str, Any] = {
    "role": "finding",
    "role_reason": "the theory is not about transformers: what is found counts either way",
    "horizon": "none",
    "evidence": evidence,
    "needs": NEEDS,
    "fits": check_precision,
}

CLAIMS = (
    NetworkClaim(
        id="D.transformer",
        name="transformer.gain",
        statement="a transformer pretrained as a masked autoencoder on dominoes beats supervised "
        "learning from the same init on single-view images, also where that is five times longer",
        provenance="[A] abstract; network, pictures, sizes [D]",
        measure=_gains(
            TUNED, (SUPERVISED, LONGER), "fine-tuned pretraining gains over supervised learning"
        ),
        controls={
            None: (
                _instead(TUNED, SHUFFLED, "labels that say nothing teach nothing"),
                _instead(TUNED, SUPERVISED, "without pretraining nothing is gained"),
            )
        },
        order=0,
        **_SHARED,
    ),
    NetworkClaim(
        id="D.transformer-mask",
        name="transformer.mask",
        statement="a transformer pretrained as a masked autoencoder beats supervised learning on "
        "masked images too, as long and five times longer, on single-view images",
        provenance="[D] the rival of D.mask",
        measure=_gains(
            TUNED, (MASKED, MASKED_LONGER), "fine-tuned pretraining gains over masks with labels"
        ),
        controls={None: (_instead(TUNED, MASKED, "masks with labels gain nothing on themselves"),)},
        order=1,
        **_SHARED,
    ),
    NetworkClaim(
        id="D.transformer-probe",
        name="transformer.probe",
        statement="a linear probe tells a pretrained transformer from a random one of its init, on "
        "single-view images",
        provenance="[D] the honest baseline of D.baseline",
        measure=_gains(PROBE, (RANDOM,), "a probe of pretraining gains over one of the init"),
        controls={None: (_instead(PROBE, RANDOM, "a random encoder gains nothing on itself"),)},
        order=2,
        **_SHARED,
    ),
)
