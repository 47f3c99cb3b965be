"""One training run: everything that determines it, and its address in the store."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any, Literal

from ...records.provenance import Addressed, versions
from ...records.source import source_digest

Task = Literal["pixels", "teacher", "labels", "probe"]
"""What is learned: masked pixels (MAE-style), the features of a teacher that sees the whole image
(data2vec-style), labels, or labels by a linear head on frozen features."""

Precision = Literal["float32", "bfloat16"]
"""Of the products in training; weights, optimiser and whatever is measured are float32."""

Pictures = Literal["labelled", "all", "noise"]
"""What a run sees: the labelled images, all images of the pool, or Gaussian noise (a control)."""


@dataclass(frozen=True, kw_only=True)
class Training(Addressed):
    """One run on CIFAR-10. Equal trainings give equal numbers up to the rounding of float32.

    On one processor or GPU they are the same to the last bit.

    Labelled sets of one seed are nested: the first 1000 labels are among its first 2000.
    """

    task: Task
    salt: str
    seed: int
    """Draws images, labels and, with `init`, everything else."""
    init: int = 0
    """Draws initial weights, masks and batches again on the same images."""
    data: str
    """SHA-256 of the data set."""
    pool: int
    """Images in all, drawn per seed, equally many of each class."""
    labels: int
    """Labelled images, at most `pool`."""
    pictures: Pictures = "labelled"
    width: int = 64
    """Kernels of the first stage; the second has twice as many."""
    steps: int
    batch: int
    rate: float
    """Largest learning rate of AdamW (a probe has none)."""
    mask_ratio: float = 0.0
    """Share of patches hidden from the encoder, 1 - theta; 0 when labels are learned."""
    shuffled: bool = False
    """Labels permuted among the labelled images (a control)."""
    snapshots: int = 0
    """States kept on the way, evenly spaced, the last one the final state."""
    start: Training | None = None
    """Pretraining it goes on from; None: a fresh network."""
    precision: Precision = "float32"
    device: str = "cpu"
    """Kind of device: cpu or cuda."""

    def __post_init__(self) -> None:
        """Raise ValueError for bfloat16 on a CPU, whose numbers follow its instruction set."""
        if self.precision == "bfloat16" and self.device == "cpu":
            raise ValueError(
                "images.precision=bfloat16: allowed is float32 on a CPU, where bfloat16 depends on "
                "the instruction set. Use --device cuda or --set images.precision=float32."
            )

    def identity(self) -> dict[str, Any]:
        """Everything that determines the run but the kind of device."""
        return {"training": asdict(self), "source": _source(), "torch": versions()["torch"]}


@cache
def _source() -> str:
    """Digest of the training's source: a record of other code is never taken for a new one."""
    return source_digest(Path(__file__).parent.glob("*.py"))
