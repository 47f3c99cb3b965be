"""Regimes drawn inside the conditions, what theory predicts of their runs, and how it is asserted.

`test_predicted_regimes.py` says what the null is; here a failure names kernel, prediction and the
command that shows it.
"""

import shlex
from dataclasses import dataclass, fields, replace

import numpy as np
from hypothesis import assume
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from mrpverify.observe.capture import PURE_RATIO, is_apart
from mrpverify.observe.correlations import first_crossed
from mrpverify.parameters import Parameters, least_patches
from mrpverify.regime import load_preset
from mrpverify.simulate.descend import pretrain
from mrpverify.simulate.sample import sample_images
from mrpverify.theory import growth, leak, leak_race, mae_plateau, reduced_dynamics, supervised
from mrpverify.theory.activation import smoothed_relu
from mrpverify.theory.data_law import mean_power_sum_product
from mrpverify.theory.resting import rest

SALT, SEEDS = "predicted", [0, 1]
QUICK = load_preset("quick").regimes
DEVIATIONS = 5.0
WIDEST_BAND = 0.25
"""Kernels whose prediction is in more doubt than this are not judged."""
EARLY = 3.0
"""Times of a seed's first crossing up to which others are predicted: what is captured for long
moves the rest [E]."""
TIE = 0.8
"""Share of varrho from which on a runner-up at the crossing is a tie within the band."""
SETTLED = 0.05
"""Lag of a decoder, as theory bounds it, up to which its stationarity is judged."""
FASTEST = 3.0
"""a of b ~ t^-a, t since a crossing: at most 1 in the end (L15), more while w settles [E]."""


# --- regimes


def between(low: float, high: float):
    """One of a thousand and one numbers: short ones, that a command shows as they are."""
    return st.integers(0, 1000).map(lambda n: round(low + (high - low) * n / 1000, 8))


@st.composite
def regimes(draw, framework: str):
    """k, views, q, theta, masks, s, C_p, Delta, target, bias, noise, split, m, N inside section 1.

    The law treats the views of a class alike; drawn images do not (counts, strengths, and who is
    hidden in single-view images), and that is what predictions are made from.
    """
    mae = framework == "mae"
    classes, power = draw(st.integers(2, 3 if mae else 4)), draw(st.sampled_from([3, 4]))
    views, patches = draw(st.integers(1 if framework != "supervised" else 2, 3)), draw(
        st.integers(2 if mae else 1, 3)
    )  # fmt: skip
    p = replace(
        QUICK[framework],
        classes=classes,
        views=min(views, 2) if mae else views,
        power=power,
        linear_from=0.5,
        off_class=round(draw(between(0.0, 0.1)) * classes, 8),
        patches_per_feature=patches,
        split=draw(st.sampled_from(["random", "equal"])),
        single_view=draw(st.sampled_from([0.0, 0.05])),
        weak_view=0.02,
        kernels_per_class=draw(st.integers(3, 6)),
        init_scale=draw(between(0.05, 0.08)),
        dimension=3 * classes + draw(st.integers(2, 10)),
        images=draw(st.integers(60, 120) if mae else st.integers(100, 200)),
        patch_noise=draw(between(0.0, 0.004)),
        noise=draw(st.sampled_from(["isotropic", "off_span"])),
        feature_noise=draw(between(0.0, 0.0005)),
        **INTEGRATED,
    )
    return {"mae": _masked, "teacher-student": _taught, "supervised": _labelled}[framework](draw, p)


INTEGRATED = {
    "method": "flow",
    "step": 1.0,
    "supervised_step": 1.0,
    "tolerance": 1e-4,
    "work": 20000,
    "deadline": 1e7,
    "precision": "float64",
}
"""The flow, to a tolerance far below the bands."""


def _under_masks(draw, p: Parameters) -> Parameters:
    """Masks drawn patch by patch, or of fixed size: half of the patches, room for every feature."""
    if draw(st.sampled_from(["bernoulli", "bernoulli", "fixed"])) == "bernoulli":
        return replace(p, visible=draw(between(0.4, 0.8)), masks="bernoulli")
    room = least_patches(0.5, p.patches_per_feature * p.features)
    return replace(p, visible=0.5, patches=max(8, room), masks="fixed")


def _taught(draw, p: Parameters) -> Parameters:
    """Long enough for a kernel 1.2 sigma_0 ahead and its rest: coverage would need many kernels."""
    p = _under_masks(draw, replace(p, amplification=draw(between(16.0, 64.0)), hold_width=0.1))
    rate = growth.growth_rate(p)
    ahead = growth.hitting_time(1.2 * p.init_scale, rate, p.power, p.linear_from)
    return replace(p, horizon=2 * ahead)


def _masked(draw, p: Parameters) -> Parameters:
    """At q = 4 a larger init, as the plateau goes with its power 1 - q."""
    own = {
        "target": draw(st.sampled_from(["all", "masked"])),
        "bias": draw(st.booleans()),
        "init_scale": round(p.init_scale * (1.5 if p.power == 4 else 1.0), 8),
    }
    p = _under_masks(draw, replace(p, **own))
    # A hidden patch predicts its siblings; what is left without the bias's part may be nothing.
    pull = mae_plateau.drive_matrix(p)[0, 0] / mean_power_sum_product(p, p.power, 1)
    assume(pull > 0.1)
    return replace(p, horizon=1.5 * mae_plateau.crossing_time(p, 1.3 * p.init_scale))


def _labelled(draw, p: Parameters) -> Parameters:
    """Four times as long as a class needs that starts 1.2 sigma_0 ahead."""
    p = replace(p, init_scale=0.01)
    return replace(p, horizon=4 * supervised.hitting_time(p, 1.2 * p.init_scale))


# --- the command that shows a regime


def words(p: Parameters) -> list[str]:
    """A check in preset quick, with what the regime has otherwise.

    A check lets nobody choose T, as a horizon; ending uncovered runs at T shows the same crossings.
    """
    preset = QUICK[p.framework]
    if p.horizon > 0:
        p = replace(p, horizon=0.0, deadline=p.horizon)
    claim = "SL.lottery" if p.framework == "supervised" else "T1.lottery"
    changed = [
        f"--set={f.name}={getattr(p, f.name)}"
        for f in fields(p)
        if getattr(p, f.name) != getattr(preset, f.name)
    ]
    asked = ["--framework", p.framework, "--salt", SALT, "--seeds", str(len(SEEDS))]
    return ["mrpverify", "check", claim, *asked, *changed]


def command(p: Parameters) -> str:
    """The same, for a shell."""
    return shlex.join(words(p))


# --- the doubt of a prediction, and moments of the very images


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


def drawn_strengths(p: Parameters, seed: int) -> np.ndarray:
    """z of the very images that the run was trained on [images, P, features]."""
    return sample_images(p, SALT, [SEEDS[seed]]).coefficients()[0].numpy()


def drawn_moments(p: Parameters, seed: int) -> reduced_dynamics.Moments:
    """J = E[A_v A_u] and B = E sum z^2q of those images."""
    z = drawn_strengths(p, seed)
    a = (z**p.power).sum(1)
    return reduced_dynamics.Moments(a.T @ a / len(a), (z ** (2 * p.power)).sum(1).mean(0))


def drawn_drive(p: Parameters, seed: int) -> np.ndarray:
    """M of `mae_plateau` of those images [v of the activation, u of the target]."""
    z = drawn_strengths(p, seed)
    a, total = (z**p.power).sum(1), z.sum(1)
    joint = a.T @ total / len(z)
    mean = np.outer(a.mean(0), total.mean(0)) if p.bias else 0.0
    if p.target == "all":
        return joint - mean
    pairs = joint - np.diag((z ** (p.power + 1)).sum(1).mean(0))
    return p.mask_law.across * pairs - (1 - p.visible) * mean


# --- teacher-student


def assert_teacher_student_as_predicted(p: Parameters) -> int:
    """Every kernel's first feature, crossing time, correlations there, rest and purity; how many.

    Counted are the kernels whose crossing is judged.
    """
    run, judged = pretrain(p, SALT, SEEDS), 0
    assert run.reached_horizon.all(), f"T was not reached\n{command(p)}"
    for seed in range(len(SEEDS)):
        moments, doubt = drawn_moments(p, seed), band(p, run, seed, 2 * p.power - 1)
        for kernel, start in enumerate(run.initial_correlations[seed]):
            course = reduced_dynamics.course(p, moments, start)
            error = _doubt_of_crossing(p, moments, course, doubt[kernel])
            late = course.hitting_time * (1 + error) >= run.final_time[seed]
            if error < WIDEST_BAND and not late:
                assert_crosses(p, run, seed, kernel, course, error)
                judged += 1
    assert judged >= 2, f"{judged} kernels judged: nothing grew\n{command(p)}"
    return judged


def _doubt_of_crossing(p, moments, course, doubt) -> float:
    """Noise, the time from the teacher's bend on, and a floor for what no term stands for."""
    if course.hitting_time == 0:
        return np.inf  # held at the start
    lead = int(course.correlations[-1].argmax())
    rate = reduced_dynamics.velocity(p, moments, np.eye(p.features)[lead])[lead]
    bend = growth.hitting_time(p.linear_from / p.start_gain, rate, p.power, p.linear_from)
    return float(doubt[lead] + bend / course.hitting_time + 0.01)


def assert_crosses(p: Parameters, run, seed: int, kernel: int, course, error: float) -> None:
    """When, for which feature, with which correlations, and what it is at T."""
    end = course.correlations[-1]
    lead = int(end.argmax())
    found = run.crossing_time[seed, kernel].min()
    first = first_crossed(run.crossing_time[seed], run.crossing_correlations[seed])[kernel]
    where = f"seed {seed}, kernel {kernel}: predicted {course.hitting_time:.4g} for feature {lead},"
    where += f" found {found:.4g} for {first}, band {error:.3f}\n{command(p)}"
    assert abs(found / course.hitting_time - 1) <= error, where
    if np.sort(end)[-2] >= TIE * p.linear_from:
        return
    assert first == lead, where
    every = np.ones(p.features, dtype=bool)
    assert_others(p, run, seed, kernel, end, every, error, 2 * p.power - 2, where)
    assert_rests(p, run.final_correlations[seed, kernel], lead, found, where, run, seed)
    assert_stays_pure(p, run, seed, kernel, end, where)


def assert_others(p, run, seed, kernel, end, free, error, n, where) -> None:
    """The `free` correlations at the crossing but the leading one, in the band that `error` makes.

    c^-n falls at a constant rate: an error of the drive or of T moves log c by ((c/c_0)^n - 1)/n
    times itself. To this a share of varrho/10, for what has hardly grown.
    """
    others = free & (np.arange(p.features) != end.argmax())
    start, predicted = run.initial_correlations[seed, kernel][others], end[others]
    grown = np.maximum(predicted / np.where(start > 0, start, np.inf), 1.0)
    steepness = 1 + (grown**n - 1) / n
    off = np.abs(run.crossing_correlations[seed, kernel][others] - predicted)
    allowed = error * (steepness * np.abs(predicted) + 0.1 * p.linear_from)
    assert (off <= allowed).all(), f"other correlations at the crossing: {end}; {where}"


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


def assert_stays_pure(p: Parameters, run, seed: int, kernel: int, end, where: str) -> None:
    """Class-pure at T, where L2, L6 and L16 leave it no time to be anything else.

    Twice the time that is left, a drive from every pair of views of the two classes, and five
    deviations of the drift that noise makes.
    """
    own = np.arange(p.features) // p.views == end.argmax() // p.views
    foreign = max(end[~own].max(), 1e-9)
    left = run.final_time[seed] - run.crossing_time[seed, kernel].min()
    drive = p.views**2 * leak.foreign_drive(p)
    grown = leak.leak_times(p, np.array(foreign), drive, p.linear_from / 2)
    # Where its gain at rest is above the threshold (patches beyond varrho) features grow by L2.
    rate = growth.growth_rate(p, rest(p).gain)
    if rate > 0:
        grown = min(grown, growth.hitting_time(foreign, rate, p.power, p.linear_from / 2))
    g = leak_race.drift(p)
    drifted = foreign + left * (g.mean + DEVIATIONS * g.spread)
    if grown > 2 * left and drifted < 0.4 * p.linear_from:
        final = run.final_correlations[seed, kernel]
        share = final[~own].max() / final.max()
        assert share < PURE_RATIO, f"not class-pure at T, {share:.2f}; {where}"


# --- masked autoencoder


@dataclass(frozen=True)
class Ahead:
    """A kernel that crosses before others of its class take its target away."""

    kernel: int
    time: float
    end: np.ndarray
    """Its correlations at the crossing [features]."""
    free: np.ndarray
    """Features of classes that no other kernel has taken by then [features], bool."""
    answered: float
    """By how much of its drive the reconstruction, which the plateau leaves out, slows it down."""


@dataclass(frozen=True)
class Course:
    """Of one kernel on its plateau: when it crosses, and with which correlations [features]."""

    time: float
    end: np.ndarray
    growth: float = np.inf
    """Mean over that time of what is left out over the drive, as a multiple of its start."""


def masked_course(p: Parameters, drive: np.ndarray, start: np.ndarray) -> Course:
    """Of one kernel with a tied init (`mae_plateau`).

    What is left out goes with c^q |b|^2, the drive with e.
    """
    n = p.features
    if start.max() <= 0:
        return Course(np.inf, start)

    def slope(_, state):
        c, e = state[None, :n], state[None, n : 2 * n]
        moved = np.concatenate([part[0] for part in mae_plateau.velocity(p, drive, c, e)])
        folds = np.abs(moved).max() / np.abs(state[: 2 * n]).max()
        return np.append(moved, 1.0) / folds if folds > 0 else np.zeros_like(state)

    def crossed(_, state):
        return state[:n].max() - p.linear_from

    crossed.terminal = True
    begin = np.concatenate([start, start, [0.0]])
    way = solve_ivp(slope, (0, 60), begin, events=crossed, rtol=1e-7, atol=1e-10)
    end, time = way.y[:n, -1], way.y[-1]
    if way.status != 1:
        return Course(np.inf, end)
    lead = int(end.argmax())
    c, e = way.y[lead] / way.y[lead, 0], way.y[n + lead] / way.y[n + lead, 0]
    return Course(time[-1], end, float(np.trapezoid(c**p.power * e, time) / time[-1]))


def answered_at_start(p: Parameters, run, seed: int, kernel: int, feature: int) -> float:
    """Part of a kernel's drive that the reconstruction takes away, of the very images.

    -dL/dw along a feature is linear in B h where it is the plateau's drive, and quadratic where it
    is this: target c S - beta, minus B h and its mean where there is a bias, and the penalty.
    """
    x = sample_images(p, SALT, [SEEDS[seed]]).patches[0].numpy().astype(np.float64)
    w, law, v = run.initial_weights[seed], p.mask_law, run.features[seed, feature]
    u = x @ w.T
    a = smoothed_relu(u, p.power, p.linear_from)
    slope = np.clip(u[..., kernel] / p.linear_from, 0, 1) ** (p.power - 1) * (x @ v)
    target = x.sum(1) * (1.0 if p.target == "all" else law.across)
    seen = a.sum(1) @ w @ w[kernel]
    asked = (target @ w[kernel])[:, None] + np.zeros(x.shape[1])
    if p.target == "masked":
        asked -= law.across * x @ w[kernel]
    taken = ((1 - law.shared) * seen)[:, None] + law.own * a @ w @ w[kernel]
    if p.bias:
        meant = 1.0 if p.target == "all" else 1 - p.visible
        asked = asked - meant * (x.sum(1) @ w[kernel]).mean()
        taken = taken - seen.mean()
    return abs(float((slope * taken).sum() / (slope * asked).sum()))


def ahead(p: Parameters, run, seed: int) -> list[Ahead]:
    """The first kernel of every class, of the first class alone where a decoder bias links them.

    A class is taken as soon as a kernel crosses with half of varrho on it, be it its second choice:
    where its first one is taken it turns there. With a bias a decoder of one class is minus a part
    of the others' (1/(k - 1) of each).
    """
    drive = drawn_drive(p, seed)
    courses = [masked_course(p, drive, start) for start in run.initial_correlations[seed]]
    label = np.arange(p.features) // p.views
    first, taken = [], np.zeros(p.classes, dtype=bool)
    for kernel in np.argsort([course.time for course in courses]):
        course, end = courses[kernel], courses[kernel].end
        if not taken[label[end.argmax()]] and np.isfinite(course.time):
            answered = course.growth * answered_at_start(p, run, seed, kernel, int(end.argmax()))
            first.append(Ahead(int(kernel), course.time, end, ~taken[label], answered))
        taken[label[end >= PURE_RATIO * p.linear_from]] = True
    early = [one for one in first if one.time <= EARLY * first[0].time]
    return first[:1] if p.bias else early


def assert_mae_as_predicted(p: Parameters, least_settled: int = 0) -> int:
    """Feature, time, correlations and purity of the kernels ahead, and their decoder at T.

    Of so many kernels at least the decoder has to be one that is judged.
    """
    run, judged, settled = pretrain(p, SALT, SEEDS), 0, 0
    assert run.reached_horizon.all(), f"T was not reached\n{command(p)}"
    for seed in range(len(SEEDS)):
        doubt = band(p, run, seed, p.power)
        lag = decoder_lag(p, run, seed)
        for one in ahead(p, run, seed):
            error = float(doubt[one.kernel, one.end.argmax()]) + one.answered + 0.02
            if error < WIDEST_BAND and one.time * (1 + error) < run.final_time[seed]:
                assert_ahead(p, run, seed, one, error)
                settled += assert_decoder_settled(p, run, seed, one.kernel, lag)
                judged += 1
    assert judged, f"no kernel judged: nothing grew\n{command(p)}"
    assert settled >= least_settled, f"{settled} decoders judged\n{command(p)}"
    return judged


def assert_ahead(p: Parameters, run, seed: int, one: Ahead, error: float) -> None:
    """When, for which feature, with which correlations; class-pure there."""
    times = run.crossing_time[seed]
    found, lead = times[one.kernel].min(), int(one.end.argmax())
    first = first_crossed(times, run.crossing_correlations[seed])[one.kernel]
    where = f"seed {seed}, kernel {one.kernel}: predicted {one.time:.4g} for feature {lead}, "
    where += f"found {found:.4g} for {first}, band {error:.3f}\n{command(p)}"
    assert abs(found / one.time - 1) <= error, where
    if np.sort(one.end)[-2] >= TIE * p.linear_from:
        return
    assert first == lead, where
    assert_others(p, run, seed, one.kernel, one.end, one.free, error, p.power - 1, where)
    foreign = np.arange(p.features) // p.views != lead // p.views
    if one.end[foreign].max() < 0.4 * p.linear_from:
        there = run.crossing_correlations[seed, one.kernel]
        assert is_apart(there, p.views)[lead], f"not class-pure where it crosses: {there}; {where}"


@dataclass(frozen=True)
class Lag:
    """How far the decoders of a seed are from their least squares, rows of -dL/db [kernels]."""

    pull: np.ndarray
    """Norm of what the target asks for."""
    missing: np.ndarray
    """Norm of what is left of it."""
    unpenalised: np.ndarray
    """The same where the mask's penalty is forgotten: the rival."""


def decoder_lag(p: Parameters, run, seed: int) -> Lag:
    """-dL/db on the drawn images, split into its terms (section 2, both targets and masks)."""
    x = sample_images(p, SALT, [SEEDS[seed]]).patches[0].numpy().astype(np.float64)
    a = smoothed_relu(x @ run.final_weights[seed].T, p.power, p.linear_from)
    h, b, count, law = a.sum(1), run.final_decoder[seed], len(x), p.mask_law
    target = x.sum(1) * (1.0 if p.target == "all" else 1 - p.visible)
    pull = h.T @ target
    if p.target == "masked":
        pull = law.across * (h.T @ x.sum(1) - np.einsum("npr,npd->rd", a, x))
    bias = (target - h @ b).mean(0) if p.bias else 0.0
    left = pull - h.T @ (h @ b + bias)
    penalty = law.own * np.einsum("npr,nps->rs", a, a) - law.shared * h.T @ h
    norms = [np.linalg.norm(rows, axis=1) / count for rows in (pull, left - penalty @ b, left)]
    return Lag(*norms)


def assert_decoder_settled(p: Parameters, run, seed: int, kernel: int, lag: Lag) -> bool:
    """Stationarity: |db/dt| is what is missing; b ~ t^-a asks for a |b|/t of it.

    A decoder moves for every feature that another kernel takes: t counts from the last crossing of
    the seed, and nothing is said while a kernel is on its way. Whether something was said.
    """
    times = run.crossing_time[seed]
    waiting = ~np.isfinite(times).any(1)
    if (run.final_correlations[seed][waiting] > p.linear_from / 2).any():
        return False
    since = run.final_time[seed] - times[np.isfinite(times)].max()
    allowed = FASTEST * np.linalg.norm(run.final_decoder[seed, kernel]) / since
    missing, pull, rival = (part[kernel] for part in (lag.missing, lag.pull, lag.unpenalised))
    if allowed >= SETTLED * pull:
        return False
    where = f"kernel {kernel}: {missing:.3g} of {pull:.3g} is missing, allowed {allowed:.3g}"
    assert missing <= allowed, f"decoder of {where}\n{command(p)}"
    assert rival > missing, f"without the penalty {rival:.3g}; {where}\n{command(p)}"
    return True


# --- supervised learning


def assert_winners_as_predicted(p: Parameters) -> int:
    """The view of every class whose kernels cross first, where the start decides; how many."""
    run, judged = pretrain(p, SALT, SEEDS), 0
    assert run.reached_horizon.all(), f"T was not reached\n{command(p)}"
    own = np.repeat(np.arange(p.classes), p.kernels_per_class)
    for seed in range(len(SEEDS)):
        c = run.initial_correlations[seed]
        winner = supervised.winning_view(p, c, run.own_activity[seed])
        largest = supervised.initial_largest(p, c)
        score = largest * _activity_weights(p, run, seed)
        doubt = band(p, run, seed, p.power - 1)
        for i in range(p.classes):
            block = slice(p.views * i, p.views * (i + 1))
            error = doubt[own == i][:, block].min(0).max() / (p.power - 2)
            # Off-class appearances pull against a view, by (s/k) (A off/A own)/(1 - 1/k) at most.
            error += 2 * p.off_class / p.classes * (p.off_high / p.own_low) ** p.power
            second, best = np.sort(score[i])[-2:]
            if winner[i] < 0 or second > (1 - 2 * error) * best:
                continue
            if 1.5 * supervised.hitting_time(p, largest[i, winner[i]]) < run.final_time[seed]:
                times = run.crossing_time[seed][own == i][:, block].min(0)
                where = f"seed {seed}, class {i}: predicted {winner[i]}, crossings {times}"
                assert np.isfinite(times).any(), f"{where}\n{command(p)}"
                assert times.argmin() == winner[i], f"{where}\n{command(p)}"
                judged += 1
    assert judged, f"no class judged: nothing grew\n{command(p)}"
    return judged


def _activity_weights(p: Parameters, run, seed: int) -> np.ndarray:
    """S^{1/(q-2)} of the drawn images [classes, views]."""
    return run.own_activity[seed].reshape(p.classes, p.views) ** (1 / (p.power - 2))
