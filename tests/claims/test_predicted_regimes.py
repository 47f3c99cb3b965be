"""What theory predicts, kernel by kernel, in regimes drawn inside its conditions.

Null: gradient flow on the drawn images follows the one-kernel equations of L2 with co-occurrence
(moments of these very images), up to what they leave out, which `band` bounds:

- patch noise shifts every u = z c by n ~ N(0, (sigma_p |w|)^2), x = sigma_p |w|/(z c_0) of it; a
  drive of degree 2q-1 (q-1 supervised) moves by degree x/sqrt(own patches) at random, five
  standard deviations of which are allowed, and by degree (degree-1)/2 x^2 on average;
- feature noise shifts u by at most gamma sum |c|: degree times that share;
- the teacher bends at varrho/tau, before the kernel crosses: the time from there on is in doubt.

False alarms: five standard deviations are 6e-7 a kernel, at most 2000 kernels in profile ci: below
1e-2 for a fresh draw, and none where the profile is derandomised and green. Regimes just outside a
condition must fail the same assertions.

HYPOTHESIS_PROFILE=nightly draws hundreds; a failing regime is printed as the command showing it.
"""

import os
import shlex
from dataclasses import fields, replace

import numpy as np
import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from mrpverify.observe.correlations import first_crossed
from mrpverify.parameters import Parameters
from mrpverify.simulate.descend import pretrain
from mrpverify.simulate.sample import sample_images
from mrpverify.theory import growth, reduced_dynamics, supervised
from mrpverify.theory.resting import rest

SALT, SEEDS = "predicted", [0, 1]
EXAMPLES = 200 if os.environ.get("HYPOTHESIS_PROFILE") == "nightly" else 3
DRAWN = settings(
    max_examples=EXAMPLES, phases=[Phase.generate], suppress_health_check=[HealthCheck.too_slow]
)
DEVIATIONS = 5.0


@st.composite
def regimes(draw, framework: str):
    """k, q, theta, s, C_p, Delta, noise, split, m and N inside the conditions of section 1."""
    classes, power = draw(st.integers(2, 4)), draw(st.sampled_from([3, 4]))
    teacher = framework == "teacher-student"
    p = Parameters(
        framework=framework,
        classes=classes,
        power=power,
        visible=draw(st.floats(0.4, 0.8)),
        off_class=draw(st.floats(0.0, 0.1)) * classes,
        patches_per_feature=draw(st.integers(1, 3)),
        split=draw(st.sampled_from(["random", "equal"])),
        single_view=draw(st.sampled_from([0.0, 0.05])),
        amplification=draw(st.floats(16.0, 64.0)),
        hold_width=0.1 if teacher else 0.0,
        kernels_per_class=draw(st.integers(3, 6)),
        init_scale=draw(st.floats(0.05, 0.08)) if teacher else 0.01,
        dimension=2 * classes + draw(st.integers(2, 10)),
        images=draw(st.integers(100, 200)),
        patch_noise=draw(st.floats(0.0, 0.004)),
        noise=draw(st.sampled_from(["isotropic", "off_span"])),
        feature_noise=draw(st.floats(0.0, 0.0005)),
        method="flow",
        step=1.0,
        deadline=1e7,
        precision="float64",
    )
    if not teacher:
        return p
    # Long enough for a kernel 1.2 sigma_0 ahead and its rest: coverage would need many kernels.
    ahead = 1.2 * p.init_scale
    horizon = 2 * growth.hitting_time(ahead, growth.growth_rate(p), power, p.linear_from)
    return replace(p, horizon=horizon)


def command(p: Parameters) -> str:
    """What shows a regime at the command line."""
    plain = Parameters(framework=p.framework)
    claim = "SL.lottery" if p.framework == "supervised" else "T1.lottery"
    changed = [
        f"--set {f.name}={getattr(p, f.name)}"
        for f in fields(p)
        if f.name != "framework" and getattr(p, f.name) != getattr(plain, f.name)
    ]
    words = f"python -m mrpverify.check {claim} --framework {p.framework} --salt {SALT}"
    return f"{words} --seeds {len(SEEDS)} {shlex.join(changed).replace(chr(39), '')}"


def band(p: Parameters, run, seed: int, degree: int) -> np.ndarray:
    """Relative doubt of a drive of that degree in C(0), for every pair [kernels, features]."""
    c = run.initial_correlations[seed]
    length = np.linalg.norm(run.initial_weights[seed], axis=-1)[:, None]
    z = (p.own_low + p.own_high) / 2 / p.patches_per_feature
    seen = np.maximum(z * c, 1e-12)  # of a feature that never grows the doubt is without bound
    x = p.patch_noise * length / seen
    feature_noise = p.feature_noise * np.abs(c).sum(1, keepdims=True) / seen
    own = p.images / p.classes * p.patches_per_feature
    average = degree * (degree - 1) / 2 * x**2
    return DEVIATIONS * degree * x / np.sqrt(own) + average + degree * feature_noise


def drawn_moments(p: Parameters, seed: int) -> reduced_dynamics.Moments:
    """J = E[A_v A_u] and B = E sum z^2q of the very images that the run was trained on."""
    z = sample_images(p, SALT, [SEEDS[seed]]).coefficients()[0].numpy()
    a = (z**p.power).sum(1)
    return reduced_dynamics.Moments(a.T @ a / len(a), (z ** (2 * p.power)).sum(1).mean(0))


def assert_teacher_student_as_predicted(p: Parameters) -> int:
    """First feature, crossing time and rest of every kernel; how many were judged."""
    run, judged = pretrain(p, SALT, SEEDS), 0
    assert run.reached_horizon.all(), f"T was not reached\n{command(p)}"
    for seed in range(len(SEEDS)):
        moments, doubt = drawn_moments(p, seed), band(p, run, seed, 2 * p.power - 1)
        first = first_crossed(run.crossing_time[seed], run.crossing_correlations[seed])
        for kernel, start in enumerate(run.initial_correlations[seed]):
            course = reduced_dynamics.course(p, moments, start)
            lead = int(course.correlations[-1].argmax())
            rate = reduced_dynamics.velocity(p, moments, np.eye(p.features)[lead])[lead]
            bend = growth.hitting_time(p.linear_from / p.start_gain, rate, p.power, p.linear_from)
            error = doubt[kernel, lead] + bend / course.hitting_time + 0.01
            if not error < 0.25:
                continue
            found = run.crossing_time[seed, kernel].min()
            where = f"seed {seed}, kernel {kernel}: predicted {course.hitting_time:.4g} "
            where += f"for feature {lead}, found {found:.4g} for {first[kernel]}, band {error:.3f}"
            where += f"\n{command(p)}"
            if course.hitting_time * (1 + error) < run.final_time[seed]:
                assert abs(found / course.hitting_time - 1) <= error, where
                judged += 1
                # A runner-up near varrho at the crossing is a tie within the band.
                second = np.sort(course.correlations[-1])[-2] / p.linear_from
                if second < 0.8:
                    assert first[kernel] == lead, where
                assert_rests(p, run.final_correlations[seed, kernel], lead, found, where, run, seed)
    assert judged >= p.classes, f"{judged} kernels judged: nothing grew\n{command(p)}"
    return judged


def assert_rests(p, final, lead, crossed_at, where, run, seed) -> None:
    """A kernel alone with its feature rests where theory says, within a tenth of the fall of tau.

    Its signs: nothing else above a tenth of it (u^q there is below 1e-3), crossed before T/2.
    """
    others = np.delete(final, lead)
    if others.max() < 0.1 * final[lead] and crossed_at < run.final_time[seed] / 2:
        level = rest(p).correlation
        assert abs(final[lead] - level) <= 0.1 * p.hold_width * p.linear_from, (
            f"rests at {final[lead]:.4f}, predicted {level:.4f}; {where}"
        )


def assert_winners_as_predicted(p: Parameters) -> int:
    """The view of every class whose kernels cross first, where the start decides; how many."""
    run, judged = pretrain(p, SALT, SEEDS), 0
    assert run.reached_horizon.all(), f"T was not reached\n{command(p)}"
    own = np.repeat(np.arange(p.classes), p.kernels_per_class)
    for seed in range(len(SEEDS)):
        c = run.initial_correlations[seed]
        winner = supervised.winning_view(p, c, run.own_activity[seed])
        largest = supervised.initial_largest(p, c)
        share = run.own_activity[seed].reshape(p.classes, p.views) ** (1 / (p.power - 2))
        doubt = band(p, run, seed, p.power - 1)
        for i in range(p.classes):
            score = np.sort(largest[i] * share[i])
            block = slice(p.views * i, p.views * (i + 1))
            error = doubt[own == i][:, block].min(0).max() / (p.power - 2)
            # Off-class appearances pull against a view, by (s/k) (A off/A own)/(1 - 1/k) at most.
            error += 2 * p.off_class / p.classes * (p.off_high / p.own_low) ** p.power
            if score[-2] > (1 - 2 * error) * score[-1] or winner[i] < 0:
                continue
            times = run.crossing_time[seed][own == i][:, block].min(0)
            where = f"seed {seed}, class {i}: predicted {winner[i]}, crossings {times}\n"
            where += command(p)
            assert np.isfinite(times).any(), where
            assert times.argmin() == winner[i], where
            judged += 1
    assert judged >= p.classes, f"{judged} classes judged\n{command(p)}"
    return judged


@DRAWN
@given(p=regimes("teacher-student"))
def test_every_kernel_crosses_where_and_when_predicted(p):
    assert_teacher_student_as_predicted(p)


@DRAWN
@given(p=regimes("supervised"))
def test_the_predicted_view_of_every_class_wins(p):
    assert_winners_as_predicted(p)


INSIDE = Parameters(
    classes=3, off_class=0.15, kernels_per_class=4, init_scale=0.06, dimension=12, images=150,
    amplification=32.0, hold_width=0.1, patch_noise=0.003, feature_noise=0.0005, method="flow",
    step=1.0, deadline=1e7, precision="float64",
)  # fmt: skip


def test_inside_the_conditions_the_assertion_holds():
    assert assert_teacher_student_as_predicted(INSIDE) >= INSIDE.kernels
    labelled = replace(INSIDE, framework="supervised", init_scale=0.01, hold_width=0.0)
    assert assert_winners_as_predicted(labelled) >= INSIDE.classes


@pytest.mark.parametrize(
    "outside",
    [
        {"amplification": 0.0, "deadline": 300.0},  # L3: nothing grows
        {"init_scale": 0.4},  # held at the start: no plateau
        {"images": 6, "patch_noise": 0.15},  # few noisy images
        {"gain": "release"},  # decays after its crossing (L7): no rest
    ],
)
def test_outside_one_condition_the_same_assertion_fails(outside):
    with pytest.raises(AssertionError):
        assert_teacher_student_as_predicted(replace(INSIDE, **{"deadline": 3e3, **outside}))
