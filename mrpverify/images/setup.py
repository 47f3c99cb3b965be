"""What claims about real images work with: sizes of the CIFAR-10 study, seeds, device, store."""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from ..records.collect import Machine
from ..records.store import Store
from ..regular import read_settings
from .learn.encoder import CLASSES
from .learn.training import Precision

PREFIX = "images."
"""What an image setting begins with in ``--set``."""

LEAST_LOOKED_AT = 100
"""About ten test images of each class at least: the directions of a class need several."""

Ratio = Annotated[float, Field(gt=0, lt=1)]
Count = Annotated[int, Field(ge=1)]
Rate = Annotated[float, Field(gt=0, le=1)]


class SettingsError(ValueError):
    """A setting that cannot be used; the message names it, what is allowed and what to do."""


class ImageSettings(BaseModel):
    """Sizes of the CIFAR-10 study, the same numbers for every arm; and of a transformer."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    seeds: Count = 5
    """Training seeds: images, labels, init and batches are drawn again for each."""
    pool: Annotated[int, Field(ge=CLASSES, le=50_000)] = 10_000
    """Images in all, labelled or not."""
    labels: tuple[Count, ...] = (1_000, 3_000, 10_000)
    """Numbers of labelled images, rising; the first is 'few', the last at most `pool`."""
    precision: Precision = "float32"
    """Of the products in training; bfloat16 is for GPUs."""
    width: Annotated[int, Field(ge=8, le=512, multiple_of=8)] = 32
    pretraining_steps: Count = 500
    pretraining_batch: Count = 128
    label_steps: Count = 400
    """Steps of fine-tuning, and of supervised learning with the short budget."""
    label_batch: Count = 64
    pixels_rate: Rate = 4e-3
    teacher_rate: Rate = 2e-3
    label_rate: Rate = 3e-3
    """Of supervised learning and of fine-tuning."""
    mask_ratio: Ratio = 0.6
    sweep_ratios: tuple[Ratio, ...] = (0.3, 0.9)
    """Mask ratios tried beside `mask_ratio`, on the first `sweep_seeds` seeds."""
    sweep_seeds: Count = 2
    snapshots: Count = 8
    """States kept on the way of the runs that are matched on accuracy."""
    looked_at: Annotated[int, Field(ge=LEAST_LOOKED_AT, le=8_000)] = 500
    """Test images of the occlusion scan, beside the 2000 that networks are matched on."""
    transformer: Literal["tiny", "small", "full"] = "small"
    """Size of the transformer on dominoes: `tiny` says only that it runs, `full` is for a GPU."""

    @model_validator(mode="after")
    def _labels_fit(self) -> Self:
        """Label counts rise, are shared equally by the classes and exist."""
        sizes = (*self.labels, self.pool)
        if list(self.labels) != sorted(set(self.labels)) or self.labels[-1] > self.pool:
            raise ValueError(f"{self._told}: labels must rise and end at most at the pool")
        if any(size % CLASSES for size in sizes):
            raise ValueError(f"{self._told}: both must be multiples of {CLASSES}, the classes")
        return self

    @property
    def _told(self) -> str:
        """Labels and pool as they are set."""
        return f"{PREFIX}labels={','.join(map(str, self.labels))}, {PREFIX}pool={self.pool}"

    @property
    def extra_label_steps(self) -> int:
        """Label steps that show as many images as pretraining does."""
        return -(-self.pretraining_steps * self.pretraining_batch // self.label_batch)


@dataclass(frozen=True)
class Setup:
    """One request for claims about real images."""

    settings: ImageSettings
    seeds: int
    salt: str
    machine: Machine
    store: Store | None
    progress: Callable[[int, int], None] = lambda done, total: None


def check_precision(setup: Setup) -> None:
    """Raise SettingsError for bfloat16 on a CPU, whose numbers follow its instruction set."""
    if setup.settings.precision == "bfloat16" and setup.machine.device == "cpu":
        raise SettingsError(
            f"{PREFIX}precision=bfloat16: allowed is float32 on a CPU, where bfloat16 depends on "
            f"the instruction set. Use --device cuda or --set {PREFIX}precision=float32."
        )


def load_settings(path: Path, changes: Mapping[str, str]) -> ImageSettings:
    """Settings from the table ``[images]`` of a TOML preset; raises SettingsError."""
    try:
        content = tomllib.loads(read_settings(path)).get("images", {})
    except (OSError, tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise SettingsError(f"{path}: cannot be read ({error}).") from None
    if not isinstance(content, dict):
        raise SettingsError(f"{path}: images={content!r} is no table; write [images] above them.")
    values: dict[str, Any] = dict(content)
    for name, text in changes.items():
        is_list = isinstance(ImageSettings.model_fields.get(name, Field()).default, tuple)
        values[name] = text.split(",") if is_list else text
    try:
        return ImageSettings.model_validate(values)
    except ValidationError as error:
        raise SettingsError("; ".join(_explain(item) for item in error.errors())) from None


def _explain(item: Any) -> str:
    """One pydantic complaint in words."""
    remedy = "Change it in the preset or with --set."
    if not item["loc"]:  # a rule between several says their values; the input is all
        return f"{item['msg'].removeprefix('Value error, ')}. {remedy}"
    name = ".".join(str(part) for part in item["loc"])
    if item["type"] == "extra_forbidden":
        known = ", ".join(ImageSettings.model_fields)
        return f"{PREFIX}{name}: no setting has this name; there is {known}."
    return f"{PREFIX}{name}={item['input']!r}: {item['msg']}. {remedy}"
