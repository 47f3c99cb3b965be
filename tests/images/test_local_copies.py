"""``fetch NAME --from PATH``: a torchvision state dict, a photo folder, CIFAR-10 binary batches."""

import io
import json
import struct
import zlib
from contextlib import suppress

import numpy as np
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from mrpverify.images import __main__ as command
from mrpverify.images import cifar10, fetch, photos, resnet50
from mrpverify.images.folder import MANIFEST, MissingDataError, is_there, manifest
from mrpverify.records.store import CACHE_VARIABLE

Image = pytest.importorskip("PIL.Image", reason="photos need Pillow, extra [images]")


@pytest.fixture
def adopt(tmp_path, monkeypatch):
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))

    def invoke(name, path):
        return CliRunner().invoke(command.app, ["fetch", name, "--from", str(path)])

    return invoke


@pytest.fixture(scope="module")
def state():
    """A state dict as torchvision writes it: 320 entries, no convolution has a bias."""
    torch.manual_seed(0)
    state = resnet50.ResNet50(resnet50.VARIANTS["torchvision"]).state_dict()
    assert len(state) == 320
    for name, shape in {
        "conv1.weight": (64, 3, 7, 7),
        "layer1.0.downsample.1.running_mean": (256,),
        "layer3.5.conv2.weight": (256, 256, 3, 3),
        "layer4.2.bn3.num_batches_tracked": (),
        "fc.weight": (1000, 2048),
    }.items():
        assert state[name].shape == shape
    assert "layer1.0.conv1.bias" not in state
    return state


def test_a_torchvision_state_dict_is_the_network_it_was(adopt, state, tmp_path):
    torch.save(state, tmp_path / "resnet50.pth")
    done = adopt("resnet50", tmp_path / "resnet50.pth")
    assert done.exit_code == 0, done.output
    assert manifest("resnet50")["variant"] == "torchvision"
    own = resnet50.ResNet50(resnet50.VARIANTS["torchvision"])
    own.load_state_dict(state)
    pictures = np.random.default_rng(0).integers(0, 256, (1, 64, 64, 3), dtype=np.uint8)
    found = resnet50.load()
    with torch.inference_mode():
        x = found.prepared(pictures)
        torch.testing.assert_close(found(x), own.eval()(x))
    expected = (pictures / 255 - [0.485, 0.456, 0.406]) / [0.229, 0.224, 0.225]
    np.testing.assert_allclose(x.permute(0, 2, 3, 1), expected, atol=1e-4)
    assert resnet50.class_names()[7] == "7", "a state dict has no names"


@pytest.mark.parametrize(
    ("spoil", "part"),
    [
        (lambda s: {k: v for k, v in s.items() if k != "fc.bias"}, "fc.bias does not fit"),
        (lambda s: {**s, "layer5.weight": torch.zeros(1)}, "layer5.weight does not fit"),
        (lambda s: {**s, "fc.weight": torch.zeros(10, 2048)}, "fc.weight does not fit"),
        (lambda s: [1, 2], "something else than tensors"),
        (lambda s: {**s, "epoch": 3}, "something else than tensors"),
        (lambda s: {**s, "fc.bias": [0.0] * 1000}, "something else than tensors"),
        (lambda s: {**s, 7: torch.zeros(1)}, "something else than tensors"),
        (lambda s: {**s, "fc.bias": torch.zeros(1000).to_sparse()}, "something else than tensors"),
        (lambda s: {**s, "fc.bias": s["fc.bias"] / 0}, "fc.bias holds NaN or infinite numbers"),
        (lambda s: {**s, "fc.bias": torch.nan * s["fc.bias"]}, "fc.bias holds NaN"),
        (lambda s: {"model": print}, "something else than tensors"),
    ],
    ids=[
        "one missing",
        "one more",
        "ten classes",
        "a list",
        "a number",
        "a list inside",
        "a numbered one",
        "sparse",
        "infinite",
        "no number",
        "code",
    ],
)
def test_another_file_is_refused_in_one_line(spoil, part, adopt, state, tmp_path):
    torch.save(spoil(state), tmp_path / "net.pth")
    refused = adopt("resnet50", tmp_path / "net.pth")
    assert refused.exit_code == 2
    assert part in refused.stderr
    assert "Expected a torchvision ResNet50 state dict" in refused.stderr
    assert len(refused.stderr.strip().splitlines()) == 1
    assert not is_there("resnet50")


def picture(path, size=(50, 40), colour=(200, 30, 30)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path)


def test_photos_in_folders_by_index(adopt, tmp_path):
    for name in ("7/a.png", "0012/b.jpeg", "12/a.PNG"):
        picture(tmp_path / "own" / name)
    assert adopt("photos", tmp_path / "own").exit_code == 0
    found = {photo.name: photo.label for photo in photos.load()}
    assert found == {"7_a.png": 7, "0012_b.jpeg": 12, "12_a.PNG": 12}
    assert photos.load()[0].crop().shape == (photos.CROP, photos.CROP, 3)


def test_photos_in_folders_by_class_name_once_the_names_are_there(adopt, tmp_path):
    picture(tmp_path / "own" / "bald_eagle" / "a.png")
    refused = adopt("photos", tmp_path / "own")
    assert refused.exit_code == 2
    assert "no class; its folder must be an index" in refused.stderr
    folder = tmp_path / "cache" / "images" / "resnet50"
    folder.mkdir(parents=True)
    names = {str(i): f"class_{i}" for i in range(resnet50.CLASSES)} | {"22": "bald_eagle"}
    (folder / resnet50.NAMES).write_text(json.dumps(names))
    (folder / MANIFEST).write_text('{"digest": "made"}')
    assert adopt("photos", tmp_path / "own").exit_code == 0
    assert photos.load()[0].label == 22


def test_all_wordnet_ids_are_numbered_in_their_order(adopt, tmp_path):
    ids = [f"n{(9_999_991 * i) % 10**8:08d}" for i in range(1000)]
    picture(tmp_path / "one.png", (2, 2))
    content = (tmp_path / "one.png").read_bytes()
    for name in ids:
        (tmp_path / "val" / name).mkdir(parents=True)
        (tmp_path / "val" / name / "x.png").write_bytes(content)
    assert adopt("photos", tmp_path / "val").exit_code == 0
    assert [(p.name, p.label) for p in photos.load()] == [
        (f"{name}_x.png", number) for number, name in enumerate(sorted(ids))
    ]


def test_a_file_that_is_no_picture_is_named_and_what_was_there_stays(adopt, tmp_path):
    picture(tmp_path / "own" / "7" / "a.png")
    assert adopt("photos", tmp_path / "own").exit_code == 0
    (tmp_path / "own" / "7" / "b.png").write_bytes(b"no picture")
    refused = adopt("photos", tmp_path / "own")
    assert refused.exit_code == 2
    assert "b.png: no picture" in refused.stderr
    assert [p.name for p in photos.load()] == ["7_a.png"]


def test_binary_batches_are_taken_and_known_not_to_be_the_published_ones(adopt, tmp_path):
    rng = np.random.default_rng(0)
    for name in [*(f"data_batch_{n}" for n in range(1, 6)), "test_batch"]:
        rows = rng.integers(0, 256, (20, 3073), dtype=np.uint8)
        rows[:, 0] = np.arange(20) % 10
        (tmp_path / f"{name}.bin").write_bytes(rows.tobytes())
    assert adopt("cifar10", tmp_path).exit_code == 0
    assert manifest("cifar10")["as_published"] is False
    arrays = cifar10.load()
    assert arrays["train_images"].shape == (100, 32, 32, 3)
    row = np.fromfile(tmp_path / "data_batch_2.bin", np.uint8).reshape(20, 3073)[3]
    assert arrays["train_labels"][23] == row[0]
    for channel in range(3):
        plane = row[1 + 1024 * channel : 1 + 1024 * (channel + 1)].reshape(32, 32)
        np.testing.assert_array_equal(arrays["train_images"][23, :, :, channel], plane)
    (tmp_path / "data_batch_4.bin").unlink()
    refused = adopt("cifar10", tmp_path)
    assert refused.exit_code == 2
    assert "data_batch_4.bin: cannot be read" in refused.stderr


def test_a_copy_needs_one_name_and_a_place_that_is_there(adopt, tmp_path):
    missing = adopt("photos", tmp_path / "nowhere")
    assert missing.exit_code == 2
    assert "there is nothing" in missing.stderr
    without = CliRunner().invoke(command.app, ["fetch", "--from", str(tmp_path)])
    assert without.exit_code == 2
    assert "--from needs the name" in without.stderr


@pytest.mark.parametrize("path", ["", " ", "x" * 5000, "a\0b", "nowhere/" * 3])
def test_a_path_that_names_no_copy_is_refused(path, adopt, monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    refused = adopt("digits", path)
    assert refused.exit_code == 2
    assert "--from" in refused.stderr
    assert len(refused.stderr) < 300
    assert not is_there("digits")


def saved_as(value):
    """Bytes of a file of torch.save."""
    file = io.BytesIO()
    torch.save(value, file)
    return file.getvalue()


VALUES = st.recursive(
    st.one_of(
        st.none(), st.integers(), st.floats(), st.text(max_size=5),
        st.just(torch.zeros(2)), st.just(torch.zeros(1, dtype=torch.complex64)),
    ),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3), st.dictionaries(st.text(max_size=5), inner, max_size=3)
    ),
    max_leaves=5,
)  # fmt: skip
DAMAGED = st.tuples(VALUES.map(saved_as), st.integers(0, 10**6), st.integers(0, 255)).map(
    lambda drawn: bytes(
        byte ^ drawn[2] * (place == drawn[1] % len(drawn[0])) for place, byte in enumerate(drawn[0])
    )
)


@given(st.one_of(VALUES.map(saved_as), DAMAGED, st.binary(max_size=200)))
@settings(max_examples=60, suppress_health_check=[HealthCheck.too_slow])
def test_no_file_is_taken_for_a_state_dict_but_one(tmp_path_factory, content):
    path = tmp_path_factory.mktemp("state") / "net.pth"
    path.write_bytes(content)
    with pytest.raises(MissingDataError, match=r"net\.pth: "):
        resnet50.from_state_dict(path)


def test_no_file_is_taken_for_a_picture_but_one(tmp_path):
    """Bytes of a picture changed at every 7th place: taken or refused, in one line."""
    file = io.BytesIO()
    Image.new("RGB", (30, 20), (200, 100, 0)).save(file, format="PNG")
    whole = file.getvalue()
    path = tmp_path / "photo_7.png"
    for place in range(0, len(whole), 7):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 0x41]) + whole[place + 1 :])
        with suppress(MissingDataError):
            fetch._check_picture(path)
    for content in (b"", b"GIF89a", whole[:40], bomb()):
        path.write_bytes(content)
        with pytest.raises(MissingDataError, match=r"photo_7\.png: no picture"):
            fetch._check_picture(path)


def bomb():
    """A picture that says it has 4e9 pixels."""
    header = struct.pack(">IIBBBBB", 65_000, 65_000, 8, 2, 0, 0, 0)
    chunk = b"IHDR" + header
    crc = struct.pack(">I", zlib.crc32(chunk))
    return b"\x89PNG\r\n\x1a\n" + struct.pack(">I", len(header)) + chunk + crc


def test_two_photos_of_one_name_are_refused(adopt, tmp_path):
    for name in ("a/b_7.png", "a_b_7.png"):
        path = tmp_path / "photos" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (8, 8)).save(path)
    done = adopt("photos", tmp_path / "photos")
    assert done.exit_code == 2
    assert "a second photo is called a_b_7.png" in done.output
