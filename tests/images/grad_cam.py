"""The published package grad-cam as an oracle; it asks for torchvision, of which it needs no part.

In an environment of its own: pip install --no-deps grad-cam ttach opencv-python-headless
"""

import sys
import types

import pytest

_NEEDED = {
    "torchvision": {},
    "torchvision.ops": {"box_iou": None},
    "torchvision.transforms": dict.fromkeys(("Compose", "Normalize", "ToTensor")),
    "torchvision.transforms.functional": {"resize": None},
}


def published_projection():
    """Its first principal component of maps [n, channels, h, w]; skips where it is not there."""
    stubs = {}
    for name, values in _NEEDED.items():
        stubs[name] = types.ModuleType(name)
        stubs[name].__dict__.update(values)
        parent, _, own = name.rpartition(".")
        if parent:
            setattr(stubs[parent], own, stubs[name])
    before = {name: sys.modules.get(name) for name in stubs}
    sys.modules.update(stubs)
    try:
        module = pytest.importorskip(
            "pytorch_grad_cam.utils.svd_on_activations",
            reason="the oracle needs: pip install --no-deps grad-cam ttach opencv-python-headless",
            exc_type=ImportError,
        )
    finally:
        for name, old in before.items():
            sys.modules.pop(name) if old is None else sys.modules.update({name: old})
    return module.get_2d_projection
