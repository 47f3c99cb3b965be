"""Unpacking refuses what leads out; CIFAR-10 batches and photo folders are read as they are."""

import io
import tarfile

import numpy as np
import pytest

from mrpverify.images import cifar10, photos
from mrpverify.images.folder import MissingDataError, missing_message
from mrpverify.images.unpack import unpack
from mrpverify.records.store import CACHE_VARIABLE


def archive(path, *members):
    with tarfile.open(path, "w:gz") as packed:
        for info, content in members:
            info.size = len(content)
            packed.addfile(info, io.BytesIO(content))
    return path


def test_only_what_is_wanted_is_unpacked(tmp_path):
    packed = archive(
        tmp_path / "a.tgz",
        (tarfile.TarInfo("p/data_1"), b"x"),
        (tarfile.TarInfo("p/setup.py"), b"y"),
    )
    assert [p.name for p in unpack(packed, ("p/data_",), tmp_path / "out")] == ["data_1"]


@pytest.mark.parametrize("name", ["../data", "/data", "p/../../data"])
def test_names_that_lead_out_are_refused(tmp_path, name):
    packed = archive(tmp_path / "a.tgz", (tarfile.TarInfo(name), b"x"))
    with pytest.raises(MissingDataError, match="unsafe"):
        unpack(packed, ("p/", "../", "/"), tmp_path / "out")


def test_links_are_refused(tmp_path):
    link = tarfile.TarInfo("p/link")
    link.type, link.linkname = tarfile.SYMTYPE, "data"
    with pytest.raises(MissingDataError, match="no regular file"):
        unpack(archive(tmp_path / "a.tgz", (link, b"")), ("p/",), tmp_path / "out")


def test_batches_are_read_and_their_digest_is_that_of_their_bytes(tmp_path):
    import hashlib

    rng = np.random.default_rng(0)
    digest = hashlib.sha256()
    for name in [*(f"data_batch_{n}" for n in range(1, 6)), "test_batch"]:
        rows = rng.integers(0, 256, (4, 3073), dtype=np.uint8)
        rows[:, 0] %= 10
        digest.update(rows.tobytes())
        (tmp_path / f"{name}.bin").write_bytes(rows.tobytes())
    arrays = cifar10.from_batches(tmp_path)
    assert arrays["train_images"].shape == (20, 32, 32, 3)
    assert cifar10.content_digest(arrays) == digest.hexdigest()
    (tmp_path / "test_batch.bin").write_bytes(b"123")
    with pytest.raises(MissingDataError, match="whole number"):
        cifar10.from_batches(tmp_path)


def test_a_photo_without_a_class_is_named(tmp_path):
    (tmp_path / "243").mkdir()
    (tmp_path / "243" / "dog.jpg").write_bytes(b"")
    (tmp_path / "x_7.png").write_bytes(b"")
    assert sorted(photos.found_in(tmp_path, []).values()) == [7, 243]
    (tmp_path / "nothing.png").write_bytes(b"")
    with pytest.raises(MissingDataError, match=r"nothing\.png"):
        photos.found_in(tmp_path, [])


def test_absent_data_names_the_command(tmp_path, monkeypatch):
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    assert "python -m mrpverify.images fetch cifar10" in missing_message(["cifar10"])
    several = missing_message(["resnet50", "photos", "photos"])
    assert several.endswith(
        "are not here; get with: python -m mrpverify.images fetch resnet50 photos"
    )
