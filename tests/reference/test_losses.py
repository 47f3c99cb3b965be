"""Losses and gradients of mrpverify.simulate against the second implementation.

Two ways: all masks with their probabilities (no statistics, rounding only), and masks that are
drawn. A drawn comparison takes the mean of 40 independent batches in t-distributed units; with
ALARM = 1e-6 a side and, in all, fewer than 500 numbers compared, a right program raises an alarm
with probability below 1e-3 (and, as the draws are fixed, always or never).
"""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import t as student_t

from mrpverify.parameters import Parameters
from mrpverify.simulate.encoder import smoothed_relu
from mrpverify.simulate.run import correlate
from mrpverify.simulate.sample import sample_images
from tests.built_in import OBJECTIVES
from tests.reference import reference_losses as ref

ALARM, BATCHES = 1e-6, 40
LIMIT = student_t.isf(ALARM / 2, BATCHES - 1)
EXACT = 1e-10

FEW = settings(max_examples=12)


@st.composite
def regimes(draw, framework):
    """Small enough for all 2^P masks; initial scales that reach both pieces of sReLU."""
    views = draw(st.sampled_from([1, 2]))
    own = draw(st.integers(1, 2))
    tied = {"target": draw(st.sampled_from(["all", "masked"])), "bias": draw(st.booleans())}
    gain = {
        "gain": draw(st.sampled_from(["constant", "hold", "release", "ema"])),
        "tau": draw(st.floats(0.8, 2.0)),
        "amplification": draw(st.floats(0.2, 3.0)),
        "hold_width": 0.1,
    }
    return Parameters(
        framework=framework,
        classes=2,
        views=views,
        kernels_per_class=draw(st.integers(1, 2)),
        dimension=5,
        patches_per_feature=own,
        patches=own * views + draw(st.integers(1, 2)),
        off_class=0.0,
        images=draw(st.integers(2, 5)),
        power=draw(st.integers(2, 5)),
        linear_from=draw(st.floats(0.3, 0.9)),
        visible=draw(st.floats(0.2, 0.95)),
        patch_noise=0.2,
        feature_noise=0.05,
        single_view=0.3,
        precision="float64",
        **{"mae": tied, "teacher-student": gain}.get(framework, {}),
    )


class Both:
    """One state of one regime in both implementations."""

    def __init__(self, p: Parameters, seed: int) -> None:
        self.p, random = p, np.random.default_rng(seed)
        self.images = sample_images(p, "reference", [seed])
        self.x, self.labels = self.images.patches[0].numpy(), self.images.labels[0].numpy()
        shape = (p.kernels, p.dimension)
        self.w, self.b, self.teacher = (0.5 * random.normal(size=shape) for _ in range(3))
        self.head = random.normal(size=(p.classes, p.kernels))
        self.released = random.random(p.kernels) < 0.5
        self.activation = ref.Activation(p.power, p.linear_from)

    def package(self) -> tuple[float, dict[str, np.ndarray]]:
        """Loss and minus gradients of the package."""
        objective = OBJECTIVES[self.p.framework]
        tensors = {"weights": self.w}
        if self.p.framework == "mae":
            tensors["decoder"] = self.b
        if self.p.framework == "fine-tuning":
            tensors["head"] = self.head
        if self.p.framework == "teacher-student":
            tensors["released"] = self.released
            if self.p.gain == "ema":
                tensors["teacher"] = self.teacher
        state = {name: torch.as_tensor(value)[None] for name, value in tensors.items()}
        largest = correlate(state["weights"], self.images).amax(2)
        loss = objective.loss(self.p, state, self.images, largest)
        drive, _ = objective.direction(self.p, state, self.images, largest)
        names = {"weights": "w", "decoder": "b", "head": "head"}
        return float(loss[0]), {names[n]: d[0].numpy() for n, d in drive.items()}

    def reference(self, masks: ref.Masks | None) -> ref.Value:
        """The same of the second implementation under given masks."""
        p, q = self.p, self.activation
        if p.framework == "supervised":
            return ref.supervised(self.w, self.x, self.labels, q, p.classes)
        if p.framework == "fine-tuning":
            return ref.fine_tuning(self.w, self.head, self.x, self.labels, q)
        if p.framework == "mae":
            return ref.mae(self.w, self.b, self.x, q, p.visible, masks, p.target, p.bias)
        teacher = self.teacher if p.gain == "ema" else None
        return ref.teacher_student(self.w, self.x, q, p.visible, masks, self.gain(), teacher)

    def gain(self) -> np.ndarray:
        """tau of every kernel by the text."""
        p, c = self.p, self.w @ self.images.features[0].numpy().T
        first = ref.tau_one(p.power, p.visible, p.patches_per_feature, p.amplification)
        if p.gain == "hold":
            return ref.gain_hold(c, first, p.linear_from, p.hold_width)
        if p.gain == "release":
            crossed = self.released
            # "until first crossing": the package notes a crossing after the step that made it.
            return ref.gain_release(np.full_like(c, -1.0), first, p.linear_from, crossed)
        return ref.gain_constant(c, p.tau)


def assert_equal(p: Parameters, seed: int) -> None:
    both = Both(p, seed)
    masks = ref.all_masks(p.visible, both.x.shape[:2])
    loss, drive = both.package()
    value = both.reference(masks)
    assert loss == pytest.approx(value.loss, rel=EXACT)
    assert loss > 0
    assert set(drive) == set(value.drive)
    for name, expected in value.drive.items():
        if p.framework == "fine-tuning" and name == "w":
            expected = expected * p.encoder_step / p.head_step
        scale = max(np.abs(expected).max(), loss * 1e-6)
        assert np.abs(drive[name] - expected).max() <= EXACT * scale, name


@pytest.mark.parametrize("framework", ["teacher-student", "mae", "supervised", "fine-tuning"])
def test_all_masks_give_the_same_loss_and_gradient(framework):
    @FEW
    @given(p=regimes(framework), seed=st.integers(0, 99))
    def check(p, seed):
        assert_equal(p, seed)

    check()


def with_sampled_masks(both: Both, random) -> tuple[np.ndarray, np.ndarray]:
    """Per batch the loss and the drive of each tensor along a random direction; the exact ones."""
    directions: dict[str, np.ndarray] = {}
    losses, drives = [], []
    for _ in range(BATCHES):
        masks = ref.sampled_masks(both.p.visible, 400, both.x.shape[:2], random)
        value = both.reference(masks)
        for name, drive in value.drive.items():
            directions.setdefault(name, random.normal(size=drive.shape))
        losses.append(value.loss)
        drives.append([(value.drive[n] * directions[n]).sum() for n in directions])
    _, exact = both.package()
    wanted = [(exact[n] * directions[n]).sum() for n in directions]
    return np.column_stack([losses, drives]), np.array([both.package()[0], *wanted])


# The optimum of a bias is a mean over the sampled masks: biased by 1/masks, so not here.
@pytest.mark.parametrize("framework", ["teacher-student", "mae"])
def test_sampled_masks_agree_within_their_error(framework):
    @settings(max_examples=5)
    @given(p=regimes(framework), seed=st.integers(0, 99))
    def check(p, seed):
        both = Both(p if framework != "mae" else Parameters(**{**vars(p), "bias": False}), seed)
        found, exact = with_sampled_masks(both, np.random.default_rng(seed))
        error = found.std(0, ddof=1) / np.sqrt(BATCHES)
        rounding = 1e-9 * np.abs(exact)
        assert (np.abs(found.mean(0) - exact) <= LIMIT * error + rounding).all()

    check()


@pytest.mark.parametrize("framework", ["teacher-student", "mae"])
def test_the_sampled_comparison_sees_a_mask_penalty_that_is_off(framework):
    """The band is narrow enough to mean something: theta moved so that lambda grows by 25 %."""
    p = Parameters(
        framework=framework, classes=2, kernels_per_class=2, dimension=5, patches=5, images=4,
        patches_per_feature=1, off_class=0.0, patch_noise=0.2, visible=0.5, bias=False,
        gain="constant", tau=1.5, precision="float64",
    )  # fmt: skip
    both = Both(p, 3)
    found, _ = with_sampled_masks(both, np.random.default_rng(0))
    both.p = Parameters(**{**vars(p), "visible": 1 / 2.25})
    wrong = both.package()[0]
    error = found[:, 0].std(ddof=1) / np.sqrt(BATCHES)
    assert abs(found[:, 0].mean() - wrong) > LIMIT * error


@pytest.mark.parametrize("framework", ["teacher-student", "mae", "fine-tuning"])
def test_the_reference_gradient_is_the_slope_of_its_loss(framework):
    """Central differences; the teacher is held fixed, as its gradient is stopped."""
    p = Parameters(
        framework=framework, classes=2, kernels_per_class=2, dimension=5, patches=5, images=4,
        patches_per_feature=1, off_class=0.0, patch_noise=0.2, visible=0.6, precision="float64",
        gain="ema", target="masked",
    )  # fmt: skip
    both, random, step = Both(p, 1), np.random.default_rng(2), 1e-5
    masks = ref.all_masks(p.visible, both.x.shape[:2])
    for name, drive in both.reference(masks).drive.items():
        along = random.normal(size=drive.shape)
        start, found = getattr(both, name), []
        for sign in (1, -1):
            setattr(both, name, start + sign * step * along)
            found.append(both.reference(masks).loss)
        setattr(both, name, start)
        slope = (found[0] - found[1]) / (2 * step)
        assert -slope == pytest.approx((drive * along).sum(), rel=1e-6), name


@given(u=st.floats(-2, 4), q=st.integers(2, 6), varrho=st.floats(0.1, 1.5))
def test_activation(u, q, varrho):
    value, slope = smoothed_relu(torch.tensor([u], dtype=torch.float64), q, varrho)
    mine = ref.Activation(q, varrho)
    assert float(value) == pytest.approx(float(mine.value(np.array(u))), rel=1e-11, abs=1e-300)
    assert float(slope) == pytest.approx(float(mine.slope(np.array(u))), rel=1e-11, abs=1e-300)
