"""EfficientNet-Lite0: shapes, paddings, what is hidden; state dicts are adopted or refused."""

import warnings

import numpy as np
import pytest
import torch

from mrpverify.images import efficientnet_lite as lite
from mrpverify.images.fetch import adopt
from mrpverify.images.folder import MissingDataError, is_there, manifest
from mrpverify.images.sources import source
from mrpverify.records.store import CACHE_VARIABLE


@pytest.fixture(scope="module")
def net():
    """A network whose BatchNorm does something."""
    torch.manual_seed(0)
    found = lite.random_network(3)
    for part in found.modules():
        if isinstance(part, torch.nn.BatchNorm2d):
            part.running_mean.normal_(0, 0.1)
            part.running_var.uniform_(0.5, 2)
    return found


@pytest.fixture
def cache(tmp_path, monkeypatch):
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    return tmp_path


def test_the_network_has_the_size_and_maps_of_the_published_one(net):
    assert sum(value.numel() for value in net.parameters()) == 4_652_008
    assert len(net._blocks) == 16
    shapes = []
    for block in net._blocks:
        block.register_forward_hook(lambda _, __, out: shapes.append(tuple(out.shape[1:3])))
    with torch.inference_mode():
        assert net(torch.zeros(1, 3, 224, 224)).shape == (1, 1000)
    assert shapes == [
        (16, 112), (24, 56), (24, 56), (40, 28), (40, 28), (80, 14), (80, 14), (80, 14),
        (112, 14), (112, 14), (112, 14), (192, 7), (192, 7), (192, 7), (192, 7), (320, 7),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("size", "side", "stride", "before"), [(6, 3, 2, 0), (7, 3, 2, 1), (6, 5, 2, 1), (6, 3, 1, 1)]
)
def test_an_odd_padding_lies_below_and_right(size, side, stride, before):
    """A kernel of a 1 in its first corner reads the pixel `before` above and left of the first."""
    conv = lite.Same(1, 1, side, stride)
    with torch.no_grad():
        conv.weight.zero_()
        conv.weight[0, 0, 0, 0] = 1
        picture = torch.arange(1.0, size * size + 1).reshape(1, 1, size, size)
        found = conv(picture)[0, 0]
    assert found.shape == (-(-size // stride),) * 2
    expected = np.zeros(found.shape)
    for row, column in np.ndindex(*found.shape):
        r, c = row * stride - before, column * stride - before
        if r >= 0 and c >= 0:
            expected[row, column] = picture[0, 0, r, c]
    np.testing.assert_array_equal(found, expected)


def test_prepared_bytes_have_the_middle_of_their_range_at_zero(net):
    x = net.prepared(np.full((1, 2, 2, 3), (127, 255, 0), np.uint8))
    np.testing.assert_allclose(x[0, :, 0, 0], [0, 1, -127 / 128], rtol=1e-6)


def test_a_state_dict_of_the_package_is_the_network_it_was(net, cache):
    torch.save(net.state_dict(), cache / "lite.pth")
    adopt(source("lite0"), cache / "lite.pth")
    assert manifest("lite0")["tensors"] == len([v for v in net.state_dict().values() if v.ndim])
    x = torch.randn(2, 3, 64, 64)
    with torch.inference_mode():
        torch.testing.assert_close(lite.load()(x), net(x))


def quantised(value):
    with warnings.catch_warnings(action="ignore"):
        return torch.quantize_per_tensor(value, 0.1, 0, torch.qint8)


@pytest.mark.parametrize(
    ("spoil", "part"),
    [
        (lambda s: {k: v for k, v in s.items() if k != "_fc.bias"}, "_fc.bias does not fit"),
        (lambda s: {**s, "more": torch.zeros(2)}, "more does not fit"),
        (lambda s: {**s, "_fc.bias": torch.zeros(10)}, "_fc.bias does not fit"),
        (lambda s: {**s, "epoch": 3}, "something else than tensors"),
        (lambda s: {**s, 7: torch.zeros(1)}, "something else than tensors"),
        (lambda s: {"model": print}, "refused, it holds something else than tensors"),
        (lambda s: {**s, "_fc.bias": s["_fc.bias"].to_sparse()}, "something else than tensors"),
        (lambda s: {**s, "_fc.bias": 1j * s["_fc.bias"]}, "something else than tensors"),
        (lambda s: {**s, "_fc.bias": quantised(s["_fc.bias"])}, "something else than tensors"),
        (lambda s: {**s, "_fc.bias": torch.nan * s["_fc.bias"]}, "_fc.bias holds NaN"),
        (lambda s: {**s, "_fc.bias": s["_fc.bias"].double() + 1e300}, "_fc.bias holds NaN or inf"),
    ],
)
def test_another_state_dict_is_refused_by_name(net, cache, spoil, part):
    torch.save(spoil(net.state_dict()), cache / "other.pth")
    with pytest.raises(MissingDataError, match=part) as refused:
        adopt(source("lite0"), cache / "other.pth")
    assert "weights_only" not in str(refused.value), "the advice to trust what is in it"
    assert not is_there("lite0")


def test_without_weights_it_says_what_to_fetch(cache):
    with pytest.raises(MissingDataError, match="images fetch lite0"):
        lite.load()
