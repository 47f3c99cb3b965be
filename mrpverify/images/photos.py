"""The labelled ImageNet photos: file names with their class, and the network's crop."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from . import kept
from .folder import MissingDataError, broken, data_folder, manifest, need_pillow
from .resnet50 import CLASSES

CROP, SHORT_SIDE = 224, 256
"""Side of the network's crop, and of the shorter side of the photo it is taken from."""
SUFFIXES = (".jpg", ".jpeg", ".png")


@dataclass(frozen=True)
class Photo:
    """One photo: name of its file, class index, path."""

    name: str
    label: int
    path: Path

    def crop(self, side: int = CROP) -> np.ndarray:
        """Centre crop [side, side, 3] of bytes: shorter side to 8/7 of it, bicubic, then cut.

        Raises MissingDataError for a file that is no whole picture.
        """
        image = need_pillow()
        try:
            with image.open(self.path) as opened:
                rgb = opened.convert("RGB")
        except (OSError, SyntaxError, ValueError) as error:
            raise broken("photos", self.path, f"no picture ({error})") from None
        scale = SHORT_SIDE * side / CROP / min(rgb.size)
        width, height = (max(side, round(s * scale)) for s in rgb.size)
        rgb = rgb.resize((width, height), image.Resampling.BICUBIC)
        left, top = (width - side) // 2, (height - side) // 2
        return np.array(rgb.crop((left, top, left + side, top + side)))


def load() -> tuple[Photo, ...]:
    """The fetched photos in the order of their names; raises MissingDataError, naming the file."""
    labels: dict[str, int] = manifest("photos")["labels"]
    kept.check_photos()
    folder = data_folder() / "photos"
    return tuple(Photo(name, labels[name], folder / name) for name in sorted(labels))


def label_in_name(path: Path) -> int | None:
    """Class index at the end of a file name, ``..._243.jpg``; None where there is none."""
    found = re.search(r"_(\d{1,4})$", path.stem)
    return int(found[1]) if found and int(found[1]) < CLASSES else None


def found_in(folder: Path, names: list[str]) -> dict[Path, int]:
    """Photos of a folder with their class; raises MissingDataError for one without.

    A photo's class is the number at the end of its name, or its folder: an index, a class name, or
    a WordNet id where all 1000 of them are there (their sorted order is that of the classes).
    """
    files = sorted(p for p in folder.rglob("*") if p.suffix.lower() in SUFFIXES)
    parents = sorted({path.parent.name for path in files})
    by_folder = {name: index for index, name in enumerate(names)}
    by_folder |= {str(index): index for index in range(CLASSES)}
    by_folder |= {f"{index:04d}": index for index in range(CLASSES)}
    if len(parents) == CLASSES and all(re.fullmatch(r"n\d{8}", name) for name in parents):
        by_folder |= {name: index for index, name in enumerate(parents)}
    labelled: dict[Path, int] = {}
    for path in files:
        label = by_folder.get(path.parent.name.replace("_", " "), label_in_name(path))
        if label is None:
            raise MissingDataError(
                f"{path}: no class; its folder must be an index 0-999, a class name or one of all "
                f"1000 WordNet ids, or its name must end in _<index>."
            )
        labelled[path] = label
    if not labelled:
        raise MissingDataError(f"{folder} holds no photo ({', '.join(SUFFIXES)}).")
    return labelled
