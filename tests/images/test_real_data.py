"""What was fetched is what it should be; skipped where nothing was (no test downloads)."""

import numpy as np
import pytest
import torch

from mrpverify.images import cifar10, efficientnet_lite, photos, resnet50, wordnet
from mrpverify.images.eigen_cam import eigen_cam
from mrpverify.images.folder import is_there, manifest
from tests.images.grad_cam import published_projection


def fetched(*names):
    absent = [name for name in names if not is_there(name)]
    return pytest.mark.skipif(
        bool(absent),
        reason=f"not here: python -m mrpverify.images fetch {' '.join(absent)}",
    )


@pytest.fixture(scope="module")
def net():
    return resnet50.load()


@fetched("cifar10")
def test_cifar10_is_the_published_one():
    arrays = cifar10.load()
    assert cifar10.content_digest(arrays) == cifar10.CONTENT == manifest("cifar10")["digest"]
    assert np.bincount(arrays["train_labels"]).tolist() == [5000] * 10
    means = arrays["train_images"].mean((0, 1, 2)) / 255
    np.testing.assert_allclose(means, [0.49140, 0.48216, 0.44653], atol=1e-5)


@fetched("resnet50", "photos")
def test_the_network_names_most_of_the_first_photos(net):
    own = photos.load()[:8]
    with torch.inference_mode():
        scores = net(net.prepared(np.stack([photo.crop() for photo in own])))
    best = scores.topk(5).indices.tolist()
    assert sum(photo.label in five for photo, five in zip(own, best, strict=True)) >= 7


@fetched("lite0", "photos")
def test_the_second_network_names_most_of_the_first_photos():
    second, own = efficientnet_lite.load(), photos.load()[:8]
    with torch.inference_mode():
        scores = second(second.prepared(np.stack([photo.crop() for photo in own])))
    best = scores.topk(5).indices.tolist()
    assert sum(photo.label in five for photo, five in zip(own, best, strict=True)) >= 6


@fetched("resnet50")
def test_classes_named_alike_are_neighbours():
    """The table's order is the head's: kinds of one thing have one word in common."""
    names = resnet50.class_names()
    for word, least in (("terrier", 15), ("snake", 9), ("spaniel", 5)):
        kinds = [index for index, name in enumerate(names) if name.split()[-1].lower() == word]
        assert len(kinds) >= least
        assert wordnet.neighbours()[np.ix_(kinds, kinds)].mean() > 0.5  # 0.01 of all


@fetched("resnet50", "photos")
def test_torchvisions_names_input_and_epsilon_give_the_same_network(net):
    """The package's weights, written as torchvision's, with the one difference of form undone."""
    if net.variant != resnet50.VARIANTS["caffe"]:
        pytest.skip("the weights here are torchvision's own")
    caffe, other = resnet50.VARIANTS["caffe"], resnet50.VARIANTS["torchvision"]
    state, written = net.state_dict(), {}
    for name in resnet50.ResNet50(other).state_dict():
        value = state[name].clone()
        layer, _, kind = name.rpartition(".")
        if kind == "running_mean":
            value -= state[f"{convolution_before(layer)}.bias"]
        if kind == "running_var":
            value += caffe.epsilon - other.epsilon
        if name == "conv1.weight":
            value = value.flip(1) * torch.tensor(other.spread)[:, None, None]
        written[name] = value
    same = resnet50.ResNet50(other)
    same.load_state_dict(written)
    for stage in (same.layer2, same.layer3, same.layer4):  # torchvision strides one layer later
        stage[0].conv1.stride, stage[0].conv2.stride = (2, 2), (1, 1)
    crop = photos.load()[0].crop()[None]
    with torch.inference_mode():
        ours, theirs = net(net.prepared(crop)), same.eval()(same.prepared(crop))
    assert ours.argmax() == theirs.argmax()
    # The training means differ by half a grey level.
    assert (ours - theirs).abs().max() < 0.01 * ours.abs().max()


def convolution_before(norm):
    """Name of the convolution whose output a BatchNorm of the state dict gets."""
    block, _, own = norm.rpartition(".")
    own = {"1": "0"}.get(own) or own.replace("bn", "conv")
    return f"{block}.{own}" if block else own


@fetched("resnet50", "photos")
def test_eigen_cam_of_photos_agrees_with_the_published_package_up_to_sign(net):
    theirs = published_projection()
    with torch.inference_mode():
        for photo in photos.load()[:3]:
            feature_map = net.last_map(net.prepared(photo.crop()[None]))[0].numpy()
            ours = eigen_cam(feature_map).signed
            other = theirs(feature_map[None])[0]
            assert abs(np.corrcoef(ours.ravel(), other.ravel())[0, 1]) > 0.999
            energy = np.linalg.norm(feature_map, axis=0)
            assert np.corrcoef(ours.ravel(), energy.ravel())[0, 1] > 0
