"""Draws of mrpverify.simulate.sample against those of the second implementation and closed forms.

Every comparison is a test at the level ALARM = 1e-5, about 60 in all: a right sampler raises an
alarm with probability below 1e-3 for a salt chosen at random; the salts are fixed.
"""

from dataclasses import dataclass

import numpy as np
import pytest
from scipy import stats

from mrpverify.parameters import Parameters
from mrpverify.simulate.sample import sample_images
from mrpverify.theory.data_law import mean_power_sum
from tests.reference import reference_data as ref

ALARM, IMAGES = 1e-5, 4000
SIGMA = stats.norm.isf(ALARM / 2)

LAWS = {
    "as stated": ref.Law(noise=0.05, gamma=0.03),
    "equal, off the span": ref.Law(
        classes=4, patches_per_feature=3, patches=27, off_class=1.2, single_view=0.6, rho=0.05,
        gamma_off=0.2, noise=0.1, gamma=0.01, noise_off_features=True, equal_split=True,
    ),
    "one view": ref.Law(classes=5, views=1, patches=12, off_class=1.0, noise=0.03, gamma=0.02),
}  # fmt: skip


def parameters(law: ref.Law) -> Parameters:
    return Parameters(
        classes=law.classes, views=law.views, dimension=law.dimension, images=IMAGES,
        patches_per_feature=law.patches_per_feature, patches=law.patches, off_class=law.off_class,
        single_view=law.single_view, weak_view=law.rho, single_view_off_class=law.gamma_off,
        feature_noise=law.gamma, patch_noise=law.noise, basis="random", precision="float64",
        noise="off_span" if law.noise_off_features else "isotropic",
        split="equal" if law.equal_split else "random",
    )  # fmt: skip


@dataclass(frozen=True)
class Read:
    """What can be compared without knowing which basis was drawn."""

    counts: dict[str, np.ndarray]
    values: dict[str, np.ndarray]


def read(law: ref.Law, images: ref.Drawn) -> Read:
    """Counts (for z tests) and values (for Kolmogorov-Smirnov) of a data set."""
    number = law.classes * law.views
    shows = images.owner[..., None] == np.arange(number)
    present = shows.any(1)
    z = np.where(shows, images.strength[..., None], 0.0).sum(1)
    class_of, view_of = np.divmod(np.arange(number), law.views)
    own = class_of == images.labels[:, None]
    single = (images.shown != ref.MULTI_VIEW)[:, None]
    weak = own & single & (view_of != images.shown[:, None])
    assert present[own].all()
    assert (shows.sum(1)[present] == law.patches_per_feature).all()
    basis = np.vstack([images.features, np.zeros(images.features.shape[1])])
    rest = images.patches - images.strength[..., None] * basis[images.owner]
    assert images.strength[images.owner < 0].max() == 0
    inside = rest @ images.features.T
    outside = rest - inside @ images.features
    first = shows[:, 0].any(1)  # the first patch of an image: no position is special
    counts = {
        "label": images.labels == 0,
        "single": single[:, 0],
        "second view": images.shown[single[:, 0]] == law.views - 1,
        "off class": present[~own],
        "first patch owned": first,
    }
    values = {
        "own": z[own & ~weak],
        "off, multi": z[~own & present & ~single],
        "off, single": z[~own & present & single],
        "inside": inside[:, 0, 0],
        "outside": np.linalg.norm(outside[:, 0], axis=-1),
        "one patch of the own": images.strength[shows[..., 0]],
    }
    if weak.any():
        values["weak"] = z[weak]
    return Read(counts, values)


@pytest.fixture(scope="module", params=list(LAWS))
def drawn(request):
    law = LAWS[request.param]
    images = sample_images(parameters(law), "reference", [0])
    theirs = ref.Drawn(
        *(getattr(images, name)[0].numpy() for name in
          ("patches", "labels", "shown_view", "owner", "strength", "features"))
    )  # fmt: skip
    assert images.patches.shape[2] == law.patches, "P was raised: the laws are no longer the same"
    mine = ref.draw(law, IMAGES, np.random.default_rng(1))
    return law, read(law, theirs), read(law, mine)


def test_the_two_samplers_agree(drawn):
    _, theirs, mine = drawn
    for name, values in mine.values.items():
        assert len(values) > 30, f"{name}: nothing is compared"
        if np.ptp(values) == 0:
            assert np.ptp(theirs.values[name]) == 0
        else:
            assert stats.ks_2samp(theirs.values[name], values).pvalue > ALARM, name
    for name, hits in mine.counts.items():
        table = [[h.sum(), (~h).sum()] for h in (hits, theirs.counts[name])]
        assert stats.fisher_exact(table).pvalue > ALARM, name


def test_closed_forms(drawn):
    """Frequencies and uniform sums as the text has them."""
    law, theirs, _ = drawn
    shares = {
        "label": 1 / law.classes,
        "single": law.single_view,
        "second view": 1 / law.views,
        "off class": law.off_class / law.classes,
    }
    for name, share in shares.items():
        hits = theirs.counts[name]
        assert stats.binomtest(int(hits.sum()), hits.size, share).pvalue > ALARM, name
    ranges = {
        "own": (1.0, 1.3),
        "off, multi": (0.2, 0.4),
        "off, single": (law.gamma_off / 2, law.gamma_off),
        "weak": (law.rho, 2 * law.rho),
    }
    for name, (low, high) in ranges.items():
        if name in theirs.values:
            found = stats.kstest(theirs.values[name], stats.uniform(low, high - low).cdf)
            assert found.pvalue > ALARM, name


@pytest.mark.parametrize("name", list(LAWS))
def test_mean_power_sums_of_the_theory(name):
    """E[1_v sum z^n] of mrpverify.theory against draws of the second implementation."""
    law = LAWS[name]
    images = ref.draw(law, IMAGES, np.random.default_rng(2))
    shows = images.owner[..., None] == np.arange(law.classes * law.views)
    for power in (1, 3, 6):
        sums = np.where(shows, images.strength[..., None] ** power, 0.0).sum(1).mean(1)
        error = sums.std(ddof=1) / np.sqrt(IMAGES)
        assert abs(sums.mean() - mean_power_sum(parameters(law), power)) < SIGMA * error, power


@pytest.mark.parametrize(
    ("change", "name"),
    [
        ({"rho": 0.03}, "weak"),
        ({"gamma_off": 0.33}, "off, single"),
        ({"noise": 0.053}, "outside"),
        ({"off_class": 0.45}, "off class"),
        ({"equal_split": True}, "one patch of the own"),
    ],
)
def test_the_comparison_sees_another_law(change, name):
    law = LAWS["as stated"]
    mine = read(law, ref.draw(law, IMAGES, np.random.default_rng(3)))
    other = ref.Law(**{**vars(law), **change})
    theirs = read(other, ref.draw(other, IMAGES, np.random.default_rng(4)))
    if name in mine.values:
        assert stats.ks_2samp(mine.values[name], theirs.values[name]).pvalue < ALARM
    else:
        pairs = [[h.sum(), (~h).sum()] for h in (mine.counts[name], theirs.counts[name])]
        assert stats.fisher_exact(pairs).pvalue < ALARM
