"""Pictures of the same shape as the fetched ones, made here: no network, no data."""

import gzip

import numpy as np
import pytest

from mrpverify.images.fetch import adopt
from mrpverify.images.sources import source
from mrpverify.records.store import CACHE_VARIABLE

TRAIN, TEST = 40, 12
"""Pictures of each class."""


def idx(array):
    """An idx file of unsigned bytes."""
    sizes = b"".join(size.to_bytes(4) for size in array.shape)
    return bytes([0, 0, 8, array.ndim]) + sizes + array.astype(np.uint8).tobytes()


def write_idx(folder, seed, packed=False):
    """Ten classes: a bright block of its own for each, in noise."""
    random = np.random.default_rng(seed)
    folder.mkdir(parents=True, exist_ok=True)
    for stem, number in (("train", TRAIN), ("t10k", TEST)):
        labels = np.tile(np.arange(10), number)
        pictures = random.integers(0, 40, (len(labels), 28, 28))
        rows, columns = np.divmod(labels, 5)
        for picture, row, column in zip(pictures, rows, columns, strict=True):
            top = 14 * row + (seed % 2) * 7
            picture[top : top + 7, 5 * column : 5 * column + 5] += 200
        for name, array in (("images-idx3", pictures), ("labels-idx1", labels)):
            content = idx(array)
            file = folder / f"{stem}-{name}-ubyte"
            if packed:
                file.with_name(file.name + ".gz").write_bytes(gzip.compress(content))
            else:
                file.write_bytes(content)
    return folder


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    """A cache with made pictures in it."""
    cache = tmp_path_factory.mktemp("dominoes")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(CACHE_VARIABLE, str(cache))
        for seed, name in enumerate(("digits", "garments")):
            adopt(source(name), write_idx(cache / "copies" / name, seed, packed=bool(seed)))
    return cache


@pytest.fixture
def pictures(made, monkeypatch):
    """That cache is in use."""
    monkeypatch.setenv(CACHE_VARIABLE, str(made))
    return made
