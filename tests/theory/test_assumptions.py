"""Regime conditions: each can be violated by moving one parameter, and in that direction only."""

from dataclasses import replace
from math import inf, log, sqrt

import pytest

import mrpverify as mv
from mrpverify.objectives.fine_tuning import step_sizes as fine_tuning
from mrpverify.objectives.mae import theory as mae
from mrpverify.objectives.supervised.conditions import init_at_growth
from mrpverify.objectives.teacher_student.theory import final_correlation
from mrpverify.parameters import FRAMEWORKS, PRETRAINING, STAND_INS, Framework, Parameters
from mrpverify.regime import load_preset
from mrpverify.theory.assumptions import EVERY, applying, conditions, violated
from mrpverify.theory.condition import Condition, much_less
from mrpverify.theory.curvature import largest_curvature as curvature_of
from mrpverify.theory.supervised import horizon

STAGES = ("fine-tuning", "supervised")
"""What a pretraining regime is compared with and built upon."""

LAW = Parameters()
CALM = replace(
    LAW,
    step=0.5,
    init_scale=0.02,
    amplification=100.0,
    hold_width=0.1,
    patch_noise=0.006,
    dimension=400,
    single_view=0.001,
)
"""A regime with room in every condition, so that a move shows its own effect."""

MOVES = [
    ("weak view", "weak_view", 0.2, EVERY),
    ("single-view off-class", "single_view_off_class", 0.4, EVERY),
    ("off-class strength", "off_high", 0.5, EVERY),
    ("sparse presence", "off_class", 7.0, EVERY),
    ("initial scale", "init_scale", 0.2, EVERY),
    ("feature noise", "feature_noise", 0.01, EVERY),
    ("shown features", "coverage", 0.5, (*PRETRAINING, "fine-tuning")),
    ("shown features", "signal", False, (*PRETRAINING, "fine-tuning")),
    ("mask ratio", "visible", 1.0, ("teacher-student", "mae")),
    ("activation power", "power", 2, EVERY),
    ("noise reach", "patch_noise", 0.3, EVERY),
    ("step size", "step", 60.0, ("teacher-student", "mae")),
    ("step size", "supervised_step", 60.0, ("supervised",)),
    ("background noise", "patch_noise", 0.4, ("teacher-student",)),
    ("coverage", "kernels_per_class", 1, ("teacher-student",)),
    ("leak race", "init_scale", 0.01, ("teacher-student",)),
    ("leak race", "amplification", 2.0, ("teacher-student",)),
    ("leak race", "patch_noise", 0.03, ("teacher-student",)),
    ("leak race", "images", 20, ("teacher-student",)),
    ("losing view", "init_scale", 0.08, ("supervised",)),
    ("single-view drive", "horizon_factor", 5000.0, ("supervised",)),
    ("single-view drive", "supervised_step", 5000.0, ("supervised",)),
    ("weak view below foreign features", "weak_view", 0.1, ("supervised",)),
    ("kernels for every feature", "kernels_per_class", 3, ("mae",)),
    ("weak view above noise", "patch_noise", 0.02, ("supervised",)),
    ("weak view above noise", "weak_view", 0.01, ("supervised",)),
    ("weak view above feature noise", "weak_view", 0.004, ("supervised",)),
    ("encoder step", "encoder_step", 20.0, ("fine-tuning",)),
    ("head step", "head_step", 5.0, ("fine-tuning",)),
    ("probe step", "probe_step", 5000.0, ("fine-tuning",)),
    ("step order", "encoder_step", 0.6, ("fine-tuning",)),
    ("drawn init", "init", "cloned", EVERY),
    ("drawn init", "init", "features", EVERY),
    ("enough images", "images", 20, EVERY),
    ("stop gradient", "stop_gradient", False, ("teacher-student",)),
    ("given labels", "true_labels", False, ("supervised", "fine-tuning")),
    ("views to lose", "hide", False, ("supervised",)),
    ("kernels of a class", "kernels_per_class", 3, ("supervised",)),
]


def _one(p: Parameters, name: str, framework: str) -> Condition:
    (found,) = [c for c in conditions(p) if c.id == name and framework in c.applies_to]
    return found


@pytest.mark.parametrize("framework", EVERY)
def test_the_calm_regime_holds(framework: str) -> None:
    assert [c.id for c in violated(CALM, framework)] == []


@pytest.mark.parametrize(("name", "field", "value", "frameworks"), MOVES)
def test_moving_one_parameter_violates_the_condition(
    name: str, field: str, value: float, frameworks: tuple[str, ...]
) -> None:
    moved = replace(CALM, **{field: value})
    for framework in EVERY:
        broken = {c.id for c in violated(moved, framework)}
        assert (name in broken) == (framework in frameworks)
    for framework in frameworks:
        before, after = (_one(p, name, framework) for p in (CALM, moved))
        assert after.margin < before.margin


def test_every_condition_has_a_move() -> None:
    listed = conditions(LAW)
    assert {c.id for c in listed} == {name for name, *_ in MOVES}
    for framework in EVERY:
        names = [c.id for c in listed if framework in c.applies_to]
        assert len(names) == len(set(names))


@pytest.mark.parametrize(
    ("framework", "changes"),
    [
        ("mae", {"visible": 1.0}),
        ("mae", {"init_scale": 0.6}),
        ("teacher-student", {"init_scale": 0.6}),
        ("teacher-student", {"off_class": 7.5}),
        ("mae", {"off_class": 7.5}),
        ("teacher-student", {"kernels_per_class": 1}),
        ("teacher-student", {"gain": "constant", "tau": 1.6}),
    ],
)
def test_known_bad_regimes(framework: str, changes: dict[str, float]) -> None:
    assert violated(replace(LAW, framework=framework, **changes), framework)


def test_the_default_teacher_student_regime_holds() -> None:
    assert violated(LAW, "teacher-student") == ()


def test_numbers_at_the_default() -> None:
    """By hand: k = 8, km = 160, N = 300, sigma_0 = 0.06, m = 20, eta = 4; P = 40 is not raised."""
    law = replace(LAW, patches=40)
    start = _one(law, "initial scale", "mae")
    assert start.left == pytest.approx(0.06 * sqrt(2 * log(16 * 160)))
    assert (start.right, start.needed_ratio) == (0.5, 2.0)
    noise = _one(law, "noise reach", "mae")
    end = mae.final_correlation(law)
    assert noise.left == pytest.approx(0.035 * end * sqrt(2 * log(12_000)), rel=1e-4)
    assert _one(LAW, "coverage", "teacher-student").left == pytest.approx(2 * log(16_000))
    assert _one(LAW, "feature noise", "mae").margin == pytest.approx(0.06 / 8 / 0.002)
    halved = _one(replace(LAW, step=2.0), "step size", "mae").margin
    assert halved == pytest.approx(2 * _one(LAW, "step size", "mae").margin)


def test_background_noise_number() -> None:
    """P_background E[g_+^3] (sigma_p sqrt d)^3 with E[g_+^3] = sqrt(2/pi)."""
    p = replace(LAW, patches=40, off_class=0.0, split="equal", own_low=1.2, own_high=1.2)
    found = _one(p, "background noise", "teacher-student")
    assert found.left == pytest.approx(36 * sqrt(2 / 3.141592653589793) * (0.035 * sqrt(60)) ** 3)
    shown = 2 * 0.6**3
    weak = found.right / (2 * log(160)) ** 1.5
    assert weak == pytest.approx(shown)


@pytest.mark.parametrize("power", [3, 4])
@pytest.mark.parametrize("growth", [0.1, 0.45, 2.0])
def test_the_init_at_which_a_losing_view_grows_so_much(power: int, growth: float) -> None:
    p = replace(Parameters(), power=power)
    there = replace(p, init_scale=init_at_growth(p, growth))
    condition = _one(there, "losing view", "supervised")
    assert condition.left == pytest.approx(growth)
    assert condition.holds == (growth < 1 / STAND_INS["much_less"].value)
    for none in (replace(p, power=2), replace(p, views=1)):
        with pytest.raises(ValueError, match="no initial scale"):
            init_at_growth(none, growth)


def test_losing_view_number() -> None:
    """m = 1, two views: E[min(g, g')_+] = (1 - 1/sqrt 2)/sqrt(2 pi) by parts."""
    p = replace(LAW, kernels_per_class=1, split="equal", own_low=1.2, own_high=1.2)
    end = (log(300 * 7) + 2 / 3) / 1.2
    c_0 = 0.06 * (1 - 1 / sqrt(2)) / sqrt(2 * 3.141592653589793)
    expected = (0.6**2) * (c_0 / 0.5) * end / 0.5
    assert _one(p, "losing view", "supervised").left == pytest.approx(expected, rel=1e-6)
    assert _one(replace(p, views=1), "losing view", "supervised").left == 0


def test_single_view_drive_number() -> None:
    """m = 1: psi falls by S/varrho^2 mu/16 T, T = 2 (1/c - 1/varrho)/G; relative to 1/c_0."""
    p = replace(
        LAW, kernels_per_class=1, split="equal", own_low=1.2, own_high=1.2, supervised_step=1e-6
    )
    c_0 = 0.06 * (1 - 1 / sqrt(2)) / sqrt(2 * 3.141592653589793)
    expected = c_0 * (2 * 0.6**3 / 0.25) * 0.03 / 16 * horizon(p)
    assert _one(p, "single-view drive", "supervised").left == pytest.approx(expected)
    half = replace(p, horizon_factor=4.0)
    assert _one(half, "single-view drive", "supervised").left == pytest.approx(2 * expected)
    for changes in ({"views": 1}, {"hide": False}, {"single_view": 0.0}):
        assert _one(replace(p, **changes), "single-view drive", "supervised").left == 0


def test_weak_view_numbers() -> None:
    """sum z^3 = Z^3/4 for two equal patches, E Z^3 = 15 rho^3/4 on U[rho, 2 rho]."""
    p = replace(LAW, patches=40, split="equal")
    noise = _one(p, "weak view above noise", "supervised")
    assert noise.left == pytest.approx(40 * sqrt(2 / 3.141592653589793) * 0.035**3)
    assert noise.right == pytest.approx(15 / 16 * 0.02**3)
    off = replace(p, noise="off_span")
    assert _one(off, "weak view above noise", "supervised").left == 0
    plain = _one(p, "weak view above feature noise", "supervised")
    assert (plain.left, plain.right) == (0.002, 0.01)
    for changes in ({"views": 1}, {"hide": False}):
        for name in ("weak view above noise", "weak view above feature noise"):
            assert _one(replace(p, **changes), name, "supervised").left == 0


def test_step_conditions_are_step_times_curvature() -> None:
    for field, name, curvature in (
        ("encoder_step", "encoder step", fine_tuning.encoder_curvature),
        ("head_step", "head step", fine_tuning.head_curvature),
        ("probe_step", "probe step", fine_tuning.probe_curvature),
    ):
        p = replace(LAW, **{field: 0.3})
        assert _one(p, name, "fine-tuning").left == pytest.approx(0.3 * curvature(p))
    supervised = _one(replace(LAW, step=1e9, supervised_step=3.0), "step size", "supervised")
    assert supervised.left == pytest.approx(3 * curvature_of(LAW, "supervised"))


def test_noise_reach_of_fine_tuning_uses_its_own_end() -> None:
    tuned, before = (_one(LAW, "noise reach", f) for f in ("fine-tuning", "teacher-student"))
    grown = fine_tuning.end_state(LAW).correlation / final_correlation(LAW)
    assert grown > 2
    assert tuned.left == pytest.approx(grown * before.left)


@pytest.mark.parametrize("framework", FRAMEWORKS)
def test_quick_lies_inside_with_everything_built_on_it(framework: Framework) -> None:
    regime = load_preset("quick").regimes[framework]
    stages = ["supervised"] if framework == "supervised" else [framework, *STAGES]
    assert {stage: [c.id for c in violated(regime, stage)] for stage in stages} == {
        stage: [] for stage in stages
    }


@pytest.mark.parametrize("framework", EVERY)
def test_noise_off_the_span_reaches_as_far_as_any(framework: str) -> None:
    """Its patches teach a kernel what lies off the span too: it was said to stay as drawn."""
    both = [replace(LAW, noise=noise, patches=40) for noise in ("off_span", "isotropic")]
    off, everywhere = (_one(p, "noise reach", framework) for p in both)
    assert off.left == everywhere.left


@pytest.mark.parametrize(
    ("framework", "changes"),
    [
        ("supervised", {"feature_noise": 0.0, "weak_view": 0.0, "patch_noise": 0.0}),
        ("supervised", {"views": 1}),
        ("teacher-student", {"weak_view": 0.0, "single_view_off_class": 0.0}),
        ("mae", {"images": 2}),
    ],
)
def test_a_value_at_the_end_of_its_range_is_no_way_round_a_condition(
    framework: str, changes: dict[str, float]
) -> None:
    """0 << 0 held, and SL.test was REFUTED inside every condition where nothing hidden is left."""
    assert violated(replace(CALM, **changes), framework)


@pytest.mark.slow
def test_a_kernel_learns_noise_off_the_span_from_its_own_patches() -> None:
    """Measured on held-out patches: varrho is reached where the condition fails, and not before."""
    base = replace(
        load_preset("quick").regimes["supervised"],
        classes=3, dimension=24, images=60, noise="off_span", feature_noise=0.0,
    )  # fmt: skip
    for noise, holds in ((0.01, True), (0.5, False)):
        p = replace(base, patch_noise=noise)
        run = mv.train(p, seeds=2, stored=False)
        reached = float(run["background_response"].max())
        assert _one(p, "noise reach", "supervised").holds is holds
        assert (reached < p.linear_from) is holds


def test_condition_margins() -> None:
    strict = Condition("a", "", "", ("mae",), 1.0, 1.0, strict=True)
    plain = Condition("a", "", "", ("mae",), 1.0, 1.0)
    assert plain.holds
    assert not strict.holds
    assert plain.margin == 1.0
    assert Condition("a", "", "", ("mae",), 0.0, 1.0).margin == inf
    assert not much_less("a", "", "", ("mae",), 1.0, 1.99).holds
    assert Condition("a", "", "", ("mae",), 0.0, 0.0).holds
    assert not Condition("a", "", "", ("mae",), 0.0, 0.0, strict=True).holds
    assert not much_less("a", "", "", ("mae",), 0.0, 0.0).holds
    assert much_less("a", "", "", ("mae",), 1.0, 2.0).holds
    assert not Condition("a", "", "", ("mae",), inf, 1.0).holds
    assert not Condition("a", "", "", ("mae",), float("nan"), 1.0).holds


def test_unknown_framework() -> None:
    with pytest.raises(ValueError, match="'nobody'"):
        violated(LAW, "nobody")
    assert {c.id for c in applying(LAW, "contrastive")} < {c.id for c in applying(LAW, "mae")}


@pytest.mark.parametrize("p", [LAW, CALM, replace(LAW, classes=7, visible=0.3, power=4)])
def test_what_must_be_far_below_one_is_compared_with_one(p: Parameters) -> None:
    """The sentence and the number that is judged are written apart: they must agree."""
    far_below = [c for c in conditions(p) if c.statement.endswith("<< 1")]
    assert far_below
    assert [c.right for c in far_below] == [1.0] * len(far_below)


@pytest.mark.parametrize("framework", ["contrastive", "masked-supervised"])
def test_to_another_objective_applies_what_applies_to_every_one(framework: str) -> None:
    """What is asked of each of EVERY by itself, and what its own theory adds."""
    of_each = [{c.id for c in applying(LAW, name)} for name in EVERY]
    shared = [c for c in applying(LAW, framework) if set(EVERY) <= set(c.applies_to)]
    assert {c.id for c in shared} == {
        name for name in set.intersection(*of_each)
        if all(set(EVERY) <= set(c.applies_to) for c in conditions(LAW) if c.id == name)
    }  # fmt: skip
    assert {"weak view", "sparse presence", "initial scale"} <= {c.id for c in shared}
