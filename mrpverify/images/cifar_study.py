"""The runs of the CIFAR-10 study: which networks are trained, on what, from where, for how long.

Supervised learning comes with two budgets: ``short``, the steps of fine-tuning, and ``long``, which
adds steps that show as many images as pretraining did. Architecture, augmentation, label set,
optimiser and learning rate of fine-tuning and supervised learning are the same.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

from .learn.training import Pictures, Training
from .setup import ImageSettings, Setup

Method = Literal["pixels", "teacher"]
METHODS: tuple[Method, ...] = ("pixels", "teacher")
"""MAE-style and data2vec-style mask reconstruction."""
SEEN: tuple[Pictures, ...] = ("labelled", "all")
ARMS: tuple[tuple[Method, Pictures], ...] = tuple(
    (method, pictures) for method in METHODS for pictures in SEEN
)
"""What is compared with supervised learning: each method on the labelled images and on all."""
NOISE: tuple[Method, Pictures] = ("pixels", "noise")
OTHER_INIT = 1


def name_of(method: str, pictures: str, labels: int) -> str:
    """Name of a fine-tuned arm, e.g. ``pixels all 1000``."""
    return f"{method} {pictures} {labels}"


class Study:
    """The runs of one seed, by name."""

    def __init__(
        self, settings: ImageSettings, salt: str, seed: int, data: str, device: str = "cpu"
    ) -> None:
        self.settings = settings
        self._base = Training(
            task="labels", salt=salt, seed=seed, data=data, pool=settings.pool,
            width=settings.width, labels=settings.labels[0], steps=settings.label_steps,
            batch=settings.label_batch, rate=settings.label_rate,
            precision=settings.precision, device=device,
        )  # fmt: skip

    @property
    def few(self) -> int:
        """The smallest number of labels."""
        return self.settings.labels[0]

    def pretraining(
        self, method: Method, pictures: Pictures, ratio: float | None = None, init: int = 0
    ) -> Training:
        """Mask reconstruction on the labelled images (few), all of the pool, or noise."""
        s = self.settings
        return replace(
            self._base, task=method, pictures=pictures, init=init,
            steps=s.pretraining_steps, batch=s.pretraining_batch,
            rate=s.pixels_rate if method == "pixels" else s.teacher_rate,
            mask_ratio=s.mask_ratio if ratio is None else ratio,
        )  # fmt: skip

    def tuned(self, start: Training | None, labels: int, snapshots: int = 0) -> Training:
        """Fine-tuning; from a fresh network it is supervised learning with the short budget."""
        init = 0 if start is None else start.init
        return replace(self._base, labels=labels, start=start, snapshots=snapshots, init=init)

    def supervised(
        self, labels: int, snapshots: int = 0, init: int = 0, shuffled: bool = False
    ) -> Training:
        """Supervised learning with the long budget: steps of fine-tuning and of pretraining."""
        steps = self.settings.label_steps + self.settings.extra_label_steps
        return replace(
            self._base, labels=labels, steps=steps, snapshots=snapshots, init=init,
            shuffled=shuffled,
        )  # fmt: skip

    def probe(self, start: Training | None) -> Training:
        """Linear probe with few labels; None: of the fresh encoder."""
        return replace(self._base, task="probe", steps=1, batch=1, rate=1.0, start=start)

    def runs(self) -> dict[str, Training]:
        """Every run that has test logits, by name."""
        few, kept = self.few, self.settings.snapshots
        found = dict(self._with_few_labels())
        found["supervised long"] = self.supervised(few, kept)
        found["supervised short"] = self.tuned(None, few)
        found["probe random"] = self.probe(None)
        for labels in self.settings.labels[1:]:
            found |= self._with_more_labels(labels)
        return found

    def twins(self, init: int = 0) -> dict[str, Training]:
        """Runs with few labels that are done from two initialisations on the same images."""
        kept = self.settings.snapshots
        seen: dict[str, Pictures] = {"pixels": "all", "noise": "noise"}
        starts = {arm: self.pretraining("pixels", seen[arm], init=init) for arm in seen}
        return {
            "supervised long": self.supervised(self.few, kept, init),
            "supervised short": replace(self.tuned(None, self.few), init=init),
            **{arm: self.tuned(start, self.few, kept) for arm, start in starts.items()},
            "shuffled": self.shuffled(init),
        }

    def compared(self) -> tuple[Training, Training]:
        """With few labels after MAE-style pretraining on all, and supervised learning beside it."""
        kept = self.settings.snapshots
        start = self.pretraining("pixels", "all")
        return self.tuned(start, self.few, kept), self.supervised(self.few, kept)

    def shuffled(self, init: int = 0) -> Training:
        """Supervised learning with permuted labels (a control)."""
        return self.supervised(self.few, init=init, shuffled=True)

    def _with_few_labels(self) -> Iterator[tuple[str, Training]]:
        """Both methods pretrained on the labelled images, on all and on noise; probes of them."""
        kept = self.settings.snapshots
        for method, pictures in (*ARMS, NOISE):
            start = self.pretraining(method, pictures)
            name = name_of(method, pictures, self.few)
            yield name, self.tuned(start, self.few, 0 if pictures == "labelled" else kept)
            yield f"probe {name}", self.probe(start)

    def _with_more_labels(self, labels: int) -> Iterator[tuple[str, Training]]:
        """Both budgets and all arms again with more labels: the curve over label counts."""
        yield f"supervised long {labels}", self.supervised(labels)
        yield f"supervised short {labels}", self.tuned(None, labels)
        for method, pictures in ARMS:
            start = self._pretraining_for(labels, method, pictures)
            yield name_of(method, pictures, labels), self.tuned(start, labels)

    def _pretraining_for(self, labels: int, method: Method, pictures: Pictures) -> Training:
        """Pretraining on as many labelled images; all of the pool labelled is all of the pool."""
        if pictures == "labelled" and labels < self.settings.pool:
            return replace(self.pretraining(method, pictures), labels=labels)
        return self.pretraining(method, "all")

    def sweep(self) -> dict[float, Training]:
        """Fine-tuned with few labels after MAE-style pretraining on all, by mask ratio."""
        ratios = sorted({self.settings.mask_ratio, *self.settings.sweep_ratios})
        found = {}
        for ratio in ratios:
            start = self.pretraining("pixels", "all", ratio)
            kept = self.settings.snapshots if ratio == self.settings.mask_ratio else 0
            found[ratio] = self.tuned(start, self.few, kept)
        return found


def studies(setup: Setup, data: str) -> list[Study]:
    """One study per training seed; `data` is the SHA-256 of the data set."""
    device = setup.machine.device
    return [Study(setup.settings, setup.salt, seed, data, device) for seed in range(setup.seeds)]
