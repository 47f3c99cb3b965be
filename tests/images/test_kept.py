"""What lies in the cache is held against its manifest: other content, broken files, no files."""

import json
import os
import shutil

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from mrpverify import check as command
from mrpverify import checking
from mrpverify.dominoes import options
from mrpverify.images import __main__ as images
from mrpverify.images import cifar10, efficientnet_lite, fetch, idx, photos, resnet50
from mrpverify.images.folder import MANIFEST, MissingDataError, is_there, missing_message
from mrpverify.images.sources import SOURCES, source
from mrpverify.records.store import CACHE_VARIABLE
from tests.dominoes.conftest import write_idx
from tests.images.generated import write_batches

Image = pytest.importorskip("PIL.Image", reason="photos need Pillow, extra [images]")


@pytest.fixture(scope="module")
def filled(tmp_path_factory):
    """A cache in which there is something of every kind."""
    folder = tmp_path_factory.mktemp("kept")
    torch.manual_seed(0)
    net = resnet50.ResNet50(resnet50.VARIANTS["torchvision"])
    torch.save(net.state_dict(), folder / "resnet50.pth")
    torch.save(efficientnet_lite.random_network(0).state_dict(), folder / "lite0.pth")
    write_batches(folder / "batches", train_each=10, test_each=10)
    (folder / "own" / "7").mkdir(parents=True)
    for name, colour in (("a", 100), ("b", 200)):
        noise = np.random.default_rng(colour).integers(0, 255, (60, 70, 3), dtype=np.uint8)
        Image.fromarray(noise).save(folder / "own" / "7" / f"{name}.png")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(CACHE_VARIABLE, str(folder / "cache"))
        for seed, name in enumerate(("digits", "garments")):
            fetch.adopt(source(name), write_idx(folder / name, seed))
        for name, path in {
            "resnet50": "resnet50.pth", "lite0": "lite0.pth", "cifar10": "batches", "photos": "own",
        }.items():  # fmt: skip
            fetch.adopt(source(name), folder / path)
    return folder / "cache"


@pytest.fixture
def here(filled, tmp_path, monkeypatch):
    """A copy of it that is in use; its folder of data.

    Large files are links, so whoever changes one removes it first.
    """

    def copied(one, other):
        return os.link(one, other) if one.endswith(".npz") else shutil.copy2(one, other)

    shutil.copytree(filled, tmp_path / "cache", copy_function=copied)
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    return tmp_path / "cache" / "images"


LOADS = {
    "digits": lambda: idx.load("digits"),
    "garments": lambda: idx.load("garments"),
    "cifar10": cifar10.load,
    "resnet50": resnet50.load,
    "lite0": efficientnet_lite.load,
    "photos": photos.load,
}
FILES = {name: item.file or "7_a.png" for name, item in SOURCES.items()}


def other_content(path):
    """Another file of the same kind, whole."""
    if path.suffix == ".png":
        Image.new("RGB", (60, 70)).save(path)
        return
    with np.load(path) as stored:
        arrays = {name: stored[name].copy() for name in stored.files}
    name = max(arrays, key=lambda name: arrays[name].size)
    arrays[name].flat[0] += 1
    path.unlink()
    np.savez(path, **arrays)


def cut(path):
    content = path.read_bytes()
    path.unlink()
    path.write_bytes(content[:-100])


def one_array(path):
    """A file of numpy's other kind."""
    path.unlink()
    with path.open("wb") as file:
        np.save(file, np.zeros(3))


SPOILT = {
    "other content": other_content,
    "cut": cut,
    "one array": one_array,
    "gone": lambda path: path.unlink(),
}


def refused(action, *parts):
    with pytest.raises(MissingDataError) as error:
        action()
    for part in parts:
        assert part in str(error.value)


def test_what_is_as_it_was_is_read_and_hashed_once(here, monkeypatch):
    for load in LOADS.values():
        load()
    monkeypatch.setattr("mrpverify.images.kept.file_sha256", lambda path: pytest.fail("again"))
    monkeypatch.setattr(idx, "content_digest", lambda arrays: pytest.fail("again"))
    for name in ("digits", "resnet50", "photos"):
        LOADS[name]()


@pytest.mark.parametrize("spoil", SPOILT.values(), ids=SPOILT)
@pytest.mark.parametrize("name", LOADS)
def test_a_file_that_is_not_what_was_fetched_is_named(name, spoil, here):
    LOADS[name]()
    path = here / name / FILES[name]
    spoil(path)
    refused(LOADS[name], str(path), f"python -m mrpverify.images fetch --again {name}")
    said = CliRunner().invoke(images.app, ["list"])
    assert said.exit_code == 0
    line = next(line for line in said.stdout.splitlines() if line.startswith(name))
    assert "BROKEN" in line
    assert str(path) in line


BAD = [b"", b"[]", b"{}", b"\xff\xfe", b'{"digest": 3}', b"[" * 100_000, b'{"labels": {"../a": 1}}']


@pytest.mark.parametrize("content", BAD, ids=range(len(BAD)))
@pytest.mark.parametrize("name", LOADS)
def test_a_manifest_that_is_none_is_named(name, content, here):
    path = here / name / MANIFEST
    path.write_bytes(content)
    refused(LOADS[name], str(path), f"fetch --again {name}")
    assert not is_there(name)
    assert str(path) in missing_message([name])
    assert options.known()[0] == options.PUBLISHED


def test_a_list_of_parameters_needs_no_data(here):
    (here / "digits" / MANIFEST).write_bytes(b"\xff")
    listed = CliRunner().invoke(command.app, ["parameters", "--list"])
    assert listed.exit_code == 0
    assert "content" in listed.stdout


def test_variants_and_names_that_are_none_are_named(here):
    manifest = here / "resnet50" / MANIFEST
    found = json.loads(manifest.read_text())
    manifest.write_text(json.dumps({**found, "variant": "other"}))
    refused(resnet50.load, str(manifest), "variant='other'")
    (here / "resnet50" / resnet50.NAMES).write_text("[]")
    refused(resnet50.class_names, resnet50.NAMES, "fetch --again resnet50")


def test_weights_that_are_no_numbers_are_not_believed_where_they_lie(here):
    """Taken before they were looked at."""
    path = here / "lite0" / SOURCES["lite0"].file
    with np.load(path) as stored:
        arrays = {name: stored[name] for name in stored.files}
    path.unlink()
    np.savez(path, **{**arrays, "_fc.bias": np.nan * arrays["_fc.bias"]})
    manifest = here / "lite0" / MANIFEST
    manifest.write_text(json.dumps({"digest": fetch.file_sha256(path)}))
    refused(efficientnet_lite.load, str(path), "_fc.bias holds something else than finite numbers")


@pytest.mark.parametrize(
    ("claim", "name"),
    [("D.lottery", "garments"), ("D.transformer", "digits"), ("images.multiview", "resnet50")],
)
@pytest.mark.parametrize("spoil", SPOILT.values(), ids=SPOILT)
def test_a_check_is_refused_before_any_work(claim, name, spoil, here, monkeypatch):
    monkeypatch.setattr(checking, "_carry_out", lambda order: pytest.fail("work began"))
    spoil(here / name / FILES[name])
    outcome = CliRunner().invoke(command.app, [claim, "--seeds", "1"])
    assert outcome.exit_code == 2, outcome.output
    assert f"{here / name / FILES[name]}: " in outcome.stderr
    assert f"fetch --again {name}" in outcome.stderr
