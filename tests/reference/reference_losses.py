"""Network and losses in plain float64 numpy, from docs/theory.md section 2 alone.

The mask is never expected in closed form here: a loss is an average over masks that are given,
drawn (`sampled_masks`) or all of them with their probabilities (`all_masks`). Gradients are the
chain rule on one mask, averaged afterwards. Shapes: w [R, d], x [N, P, d]; masks [M, N, P] with
weights [M, N], which add up to one over M for every image.
"""

import itertools
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class Activation:
    """sReLU: u^q/(q varrho^(q-1)) on [0, varrho], then a line of slope one."""

    q: float
    varrho: float

    def value(self, u: np.ndarray) -> np.ndarray:
        low = np.clip(u, 0, self.varrho)
        power = low**self.q / (self.q * self.varrho ** (self.q - 1))
        return np.where(u > self.varrho, u - (1 - 1 / self.q) * self.varrho, power)

    def slope(self, u: np.ndarray) -> np.ndarray:
        return (np.clip(u, 0, self.varrho) / self.varrho) ** (self.q - 1)


@dataclass(frozen=True)
class Masks:
    """Visible patches [M, N, P] in {0, 1} and the weight of each mask [M, N]."""

    visible: np.ndarray
    weight: np.ndarray


def sampled_masks(theta: float, draws: int, shape: tuple[int, int], rng) -> Masks:
    """Independent Bernoulli(theta) masks, of equal weight."""
    visible = (rng.random((draws, *shape)) < theta).astype(float)
    return Masks(visible, np.full((draws, shape[0]), 1 / draws))


def all_masks(theta: float, shape: tuple[int, int]) -> Masks:
    """All 2^P masks with their probabilities; images are independent of each other."""
    count, width = shape
    one = np.array(list(itertools.product([0.0, 1.0], repeat=width)))
    weight = np.prod(np.where(one == 1, theta, 1 - theta), axis=1)
    visible = np.repeat(one[:, None], count, axis=1)
    return Masks(visible, np.repeat(weight[:, None], count, axis=1))


@dataclass(frozen=True)
class Value:
    """Loss of every mask and image [M, N] (their weighted mean is the loss) and minus gradients."""

    per_mask: np.ndarray
    loss: float
    drive: dict[str, np.ndarray]


def _value(per_mask: np.ndarray, masks: Masks, **drive: np.ndarray) -> Value:
    return Value(per_mask, float((masks.weight * per_mask).sum(0).mean()), drive)


def _activations(w, x, activation):
    u = np.einsum("rd,npd->npr", w, x)
    return activation.value(u), activation.slope(u)


def _through_encoder(per_output, slope, visible, weight, x):
    """sum over masks and images of (d loss / d h_r) dh_r/dw_r / N; per_output [M, N, R]."""
    per_patch = np.einsum("mn,mnr,mnp->npr", weight, per_output, visible) * slope
    return np.einsum("npr,npd->rd", per_patch, x) / len(x)


def teacher_student(w, x, activation, theta, masks: Masks, gain, teacher=None) -> Value:
    """1/(2N) sum_n sum_r (hhat_r - h_r(eps X)/theta)^2; the teacher gets no gradient.

    `gain` [R] is tau of every kernel, `teacher` its weights (a moving average, or w itself).
    """
    a, slope = _activations(w, x, activation)
    followed = w if teacher is None else teacher
    target = _activations(np.asarray(gain)[:, None] * followed, x, activation)[0].sum(1)
    student = np.einsum("mnp,npr->mnr", masks.visible, a) / theta
    missing = target[None] - student
    drive = _through_encoder(missing / theta, slope, masks.visible, masks.weight, x)
    return _value(0.5 * (missing**2).sum(-1), masks, w=drive)


def gain_constant(correlations, amplification, **_):
    """tau_1, whatever the state."""
    return np.full(len(correlations), amplification)


def gain_hold(correlations, amplification, varrho, width=0.1):
    """tau_1 below varrho, from there falling geometrically to 1 at (1 + width) varrho."""
    beyond = (correlations.max(1) - varrho) / (width * varrho)
    return amplification ** (1 - np.clip(beyond, 0, 1))


def gain_release(correlations, amplification, varrho, crossed):
    """tau_1 until the kernel's first crossing, 1 for ever after it."""
    return np.where(crossed | (correlations.max(1) >= varrho), 1.0, amplification)


def tau_one(q, theta, patches_per_feature, delta):
    """tau_1^q = K + Delta, K = 1 + lambda/C_p, lambda = (1 - theta)/theta."""
    return (1 + (1 - theta) / theta / patches_per_feature + delta) ** (1 / q)


def mae(w, b, x, activation, theta, masks: Masks, target="all", bias=False) -> Value:
    """1/(2N) sum_n ||S - bias - (1/theta) sum_r b_r h_r(eps X)||^2; the bias is at its optimum."""
    a, slope = _activations(w, x, activation)
    seen = np.einsum("mnp,npr->mnr", masks.visible, a) / theta
    shown = np.ones_like(masks.visible) if target == "all" else 1 - masks.visible
    missing = np.einsum("mnp,npd->mnd", shown, x) - seen @ b
    if bias:
        missing = missing - np.einsum("mn,mnd->d", masks.weight, missing) / len(x)
    per_output = missing @ b.T / theta
    drive_w = _through_encoder(per_output, slope, masks.visible, masks.weight, x)
    drive_b = np.einsum("mn,mnr,mnd->rd", masks.weight, seen, missing) / len(x)
    return _value(0.5 * (missing**2).sum(-1), masks, w=drive_w, b=drive_b)


def fine_tuning(w, head, x, labels, activation) -> Value:
    """Mean cross-entropy of F = head h(X), head [k, R]; no mask."""
    a, slope = _activations(w, x, activation)
    h = a.sum(1)
    logits = h @ head.T
    highest = logits.max(1, keepdims=True)
    log_sum = highest[:, 0] + np.log(np.exp(logits - highest).sum(1))
    right = np.arange(len(x)), labels
    error = -np.exp(logits - log_sum[:, None])
    error[right] += 1
    none = Masks(np.ones((1, *x.shape[:2])), np.ones((1, len(x))))
    drive_w = _through_encoder((error @ head)[None], slope, none.visible, none.weight, x)
    return _value((log_sum - logits[right])[None], none, w=drive_w, head=error.T @ h / len(x))


def supervised(w, x, labels, activation, classes) -> Value:
    """F_i = the sum of block i: fine-tuning with a fixed head of blocks."""
    head = np.kron(np.eye(classes), np.ones(len(w) // classes))
    value = fine_tuning(w, head, x, labels, activation)
    return Value(value.per_mask, value.loss, {"w": value.drive["w"]})
