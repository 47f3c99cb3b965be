"""The two data sets: idx files, Debian packages, and what is said where something is wrong."""

import gzip
import io
import tarfile

import numpy as np
import pytest

from mrpverify.images import registries
from mrpverify.images.fetch import adopt
from mrpverify.images.folder import MissingDataError, manifest, missing_message
from mrpverify.images.idx import content_digest, from_idx, load
from mrpverify.images.sources import source
from mrpverify.images.unpack import unpack
from mrpverify.records.store import CACHE_VARIABLE
from tests.dominoes.conftest import TEST, TRAIN, idx, write_idx


def test_packed_and_plain_files_are_the_same_pictures(tmp_path):
    plain = from_idx(write_idx(tmp_path / "plain", 0))
    packed = from_idx(write_idx(tmp_path / "packed", 0, packed=True))
    assert content_digest(plain) == content_digest(packed)
    assert plain["train_images"].shape == (10 * TRAIN, 28, 28)
    assert plain["test_labels"].shape == (10 * TEST,)
    changed = {**plain, "test_labels": plain["test_labels"][::-1]}
    assert content_digest(changed) != content_digest(plain)


def test_a_local_copy_is_known_not_to_be_the_published_one(tmp_path, monkeypatch):
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    assert "images fetch digits garments" in missing_message(["digits", "garments"])
    adopt(source("digits"), write_idx(tmp_path / "copy", 0))
    assert manifest("digits")["as_published"] is False
    np.testing.assert_array_equal(load("digits")["test_labels"][:10], np.arange(10))
    assert missing_message(["digits"]) == ""  # and no Pillow is asked for


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (lambda f: (f / "t10k-images-idx3-ubyte").unlink(), "has no t10k-images"),
        (lambda f: (f / "train-labels-idx1-ubyte").write_bytes(b"\0\0"), "is no idx file"),
        (lambda f: (f / "train-labels-idx1-ubyte").write_bytes(idx(np.zeros(3))), "expected n of"),
        (lambda f: too_large(f / "train-images-idx3-ubyte"), "is no idx file of the kind 2051"),
        (lambda f: cut(f / "train-images-idx3-ubyte"), "is no idx file of the kind 2051"),
        (lambda f: bad_gzip(f / "train-images-idx3-ubyte"), "cannot be read"),
    ],
)
def test_a_spoilt_copy_is_refused(spoil, said, tmp_path, monkeypatch):
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    folder = write_idx(tmp_path / "copy", 0)
    spoil(folder)
    with pytest.raises(MissingDataError, match=f"{said}.*Expected a folder with train-images"):
        adopt(source("digits"), folder)


def too_large(path):
    """Three axes whose product is 2^64: nothing, in 64 bits."""
    axes = b"".join(size.to_bytes(4) for size in (2**31, 2**31, 4))
    path.write_bytes(bytes([0, 0, 8, 3]) + axes)


def cut(path):
    path.write_bytes(path.read_bytes()[:-1])


def bad_gzip(path):
    path.with_name(path.name + ".gz").write_bytes(gzip.compress(path.read_bytes())[:-9])
    path.unlink()


def deb(path, files, data="data.tar.xz"):
    """A Debian package: an ar file whose members start at even places."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:xz") as tar:
        for name, content in files.items():
            member = tarfile.TarInfo(name)
            member.size = len(content)
            tar.addfile(member, io.BytesIO(content))
    parts = {"debian-binary": b"2.0", "control.tar.xz": b"odd", data: packed.getvalue()}
    path.write_bytes(b"!<arch>\n" + b"".join(ar_member(*part) for part in parts.items()))
    return path


def ar_member(name, content):
    header = f"{name:<16}{0:<12}{0:<6}{0:<6}{100644:<8}{len(content):<10}`\n".encode()
    return header + content + b"\n" * (len(content) % 2)


def test_a_debian_package_gives_its_wanted_files_alone(tmp_path):
    files = {"./usr/share/datasets/x/a.gz": b"a", "./usr/share/doc/b": b"b"}
    written = unpack(deb(tmp_path / "x.deb", files), ("./usr/share/datasets/",), tmp_path / "out")
    assert [(path.name, path.read_bytes()) for path in written] == [("a.gz", b"a")]
    with pytest.raises(MissingDataError, match="without data"):
        unpack(deb(tmp_path / "y.deb", files, "other"), ("./",), tmp_path / "none")


def test_apt_is_asked_for_the_address_and_may_have_none(monkeypatch):
    (archive,) = source("garments").archives
    said = "'https://a.registry/pool/x%7e1_all.deb' x_1_all.deb 12 SHA256:00"
    asked = []
    monkeypatch.setattr(registries, "_said", lambda command: asked.append(command) or said)
    assert registries.address(archive) == "https://a.registry/pool/x%7e1_all.deb"
    assert asked[0][-1] == f"dataset-fashion-mnist={archive.version}"
    monkeypatch.setattr(registries, "_said", lambda command: "")
    with pytest.raises(MissingDataError, match=r"apt-get update.*--from with a local copy"):
        registries.address(archive)
