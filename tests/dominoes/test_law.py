"""The law of dominoes on made pictures: what it shows, and what a run of it belongs to."""

from dataclasses import replace

import numpy as np
import pytest
import torch

import mrpverify as mv
from mrpverify.claims.dominoes import arms
from mrpverify.dominoes import pictures as encoding
from mrpverify.dominoes.draw import choose, pairing
from mrpverify.dominoes.measured import conditions, measured, table
from mrpverify.dominoes.options import PUBLISHED, fetched
from mrpverify.images.folder import MissingDataError
from mrpverify.parameters import changed
from mrpverify.records.labelled import Request
from mrpverify.records.store import CACHE_VARIABLE
from mrpverify.regime import RegimeError
from mrpverify.simulate.held_out import ALL_VIEWS, SINGLE_VIEW, held_out
from mrpverify.simulate.images import BACKGROUND, MULTI_VIEW
from mrpverify.theory.assumptions import applying
from mrpverify.theory.data_law import expected_features, off_class_probability
from tests.dominoes.conftest import TEST, TRAIN


def regime(**changes):
    small = {"dimension": 12, "images": 120, "digits": 345, "garments": 678, "classes": 3}
    return changed(arms.regime(mv.regime("teacher-student")), **{**small, **changes})


@pytest.mark.usefixtures("pictures")
def test_an_image_shows_its_own_views_and_fainter_ones_of_other_classes():
    p = regime(single_view=0.5)
    shown = choose(p, encoding.bank(p), "a", 0, "data")
    own = shown.feature // p.views == shown.labels[:, None]
    assert (own.sum(1) == 2 * p.patches_per_feature).all()
    off = shown.contrast[~own]
    assert (off >= p.contrast_low).all()
    assert (off <= p.contrast_high).all()
    others = shown.feature[~own].view(p.images, p.off_features, p.off_pictures)
    assert (others[..., 0] == others[..., 1]).all()
    assert (others[:, 0, 0] != others[:, 1, 0]).all()
    for view in (0, 1):
        at = own & (shown.shown_view == view)[:, None]
        told = shown.feature % p.views == view
        assert (shown.contrast[at & told] == 1).all()
        assert (shown.contrast[at & ~told] <= p.weak_high).all()
        assert (shown.contrast[at & ~told] >= p.weak_low).all()
    assert (shown.contrast[own & (shown.shown_view == MULTI_VIEW)[:, None]] == 1).all()
    unhidden = choose(replace(p, hide=False), encoding.bank(p), "a", 0, "data")
    assert (unhidden.contrast[own] == 1).all()


@pytest.mark.usefixtures("pictures")
def test_test_images_show_test_pictures_alone():
    """Codes of made pictures are all different: which one a patch is can be read off it."""
    p = regime(contrast_low=1.0, contrast_high=1.0)
    kept = encoding.bank(p)
    codes = {
        part: {tuple(np.round(c, 4)) for group in kept.of[part].values() for x in group for c in x}
        for part in ("train", "test")
    }
    assert not codes["train"] & codes["test"]
    assert (len(codes["train"]), len(codes["test"])) == (6 * TRAIN, 6 * TEST)
    training = mv.sample(p, seeds=1)
    tested = held_out(replace(p, test_images=120), "a", [0], ALL_VIEWS)
    for images, part in ((training, "train"), (tested, "test")):
        patches = images.patches[0][images.shown_view[0] == MULTI_VIEW] / p.loudness
        seen = {tuple(np.round(c, 4)) for c in patches.flatten(0, 1).numpy().astype(np.float32)}
        assert seen <= codes[part]
    single = held_out(p, "a", [0], SINGLE_VIEW)
    assert (single.shown_view >= 0).all()


@pytest.mark.usefixtures("pictures")
def test_the_code_is_white_and_the_features_are_the_measured_means():
    p = regime(classes=10, digits=9876543210, garments=9876543210, dimension=30)
    kept = encoding.bank(p)
    groups = [x.astype(np.float64) for source in kept.of["train"].values() for x in source]
    every = np.concatenate(groups)
    covariance = every.T @ every / len(every)
    np.testing.assert_allclose(covariance / covariance[0, 0], np.eye(30), atol=1e-3)
    lengths = [np.linalg.norm(x.mean(0)) for x in groups]
    assert np.mean(lengths) == pytest.approx(1, abs=1e-5)
    images = mv.sample(p, seeds=2)
    for seed in (0, 1):
        pairs = pairing(p, "a", seed).numpy()
        for feature in (0, 7, 19):
            source = ("digits", "garments")[feature % 2]
            mean = kept.of["train"][source][pairs.flatten()[feature]].mean(0, dtype=np.float64)
            np.testing.assert_allclose(images.features[seed, feature], mean / np.linalg.norm(mean))
    found = torch.einsum("snpd,sd->snp", images.patches, images.features[:, 0])
    first = images.owner == 0
    np.testing.assert_allclose(images.strength[first], found[first])


@pytest.mark.usefixtures("pictures")
def test_a_seed_is_drawn_alike_in_every_batch_and_pairs_differ_between_seeds():
    p = regime()
    alone, beside = mv.sample(p, seeds=[1]), mv.sample(p, seeds=[0, 1])
    torch.testing.assert_close(alone.patches[0], beside.patches[1], rtol=0, atol=0)
    assert len({tuple(pairing(p, "a", seed).flatten().tolist()) for seed in range(8)}) > 4


@pytest.mark.usefixtures("pictures")
@pytest.mark.parametrize("lacking", ["digits", "garments", "two garments"])
def test_what_is_lacking_is_blank(lacking):
    p = regime(lacking=lacking)
    images, whole = mv.sample(p, seeds=1), mv.sample(regime(), seeds=1)
    gone = (images.owner[0] == BACKGROUND) & (whole.owner[0] != BACKGROUND)
    assert (images.patches[0][gone] == 0).all()
    torch.testing.assert_close(images.patches[0][~gone], whole.patches[0][~gone])
    features = set(whole.owner[0][gone].tolist())
    views = {feature % 2 for feature in features}
    assert views == ({0} if lacking == "digits" else {1})
    assert len(features) == (2 if lacking == "two garments" else 3)


@pytest.mark.usefixtures("pictures")
def test_shuffled_pairing_frees_the_garment_of_the_label():
    p = regime(pairing="image", images=600)
    shown = choose(p, encoding.bank(p), "a", 0, "data")
    garments = shown.place[:, p.patches_per_feature]
    for label in range(p.classes):
        number = torch.bincount(garments[shown.labels == label], minlength=3)
        assert (number > 30).all()  # 200 images a class, a third each: 6 sigma off
    digits = shown.place[:, 0]
    assert all(len(set(digits[shown.labels == label].tolist())) == 1 for label in range(3))


@pytest.mark.usefixtures("pictures")
def test_noise_is_as_loud_as_pictures_and_owns_nothing():
    p = regime(images=600)
    images, noise = mv.sample(p, seeds=1), mv.sample(replace(p, signal=False), seeds=1)
    assert (noise.owner == BACKGROUND).all()
    assert (noise.strength == 0).all()
    loud = images.patches.square().mean((0, 1, 2)) / noise.patches.square().mean((0, 1, 2))
    assert (loud - 1).abs().max() < 0.15


@pytest.mark.usefixtures("pictures")
def test_a_run_belongs_to_its_pictures(monkeypatch, tmp_path):
    p = regime()
    request = Request(p, "a", 0)
    assert request.identity()["parameters"]["content"] == fetched() != PUBLISHED
    assert "law" in request.identity()
    other = replace(p, content=PUBLISHED)
    assert Request(other, "a", 0).key() != request.key()
    with pytest.raises(MissingDataError, match=r"content=.*the pictures here are"):
        mv.sample(other)
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    with pytest.raises(MissingDataError, match="images fetch digits"):
        arms.regime(mv.regime("teacher-student"))


@pytest.mark.usefixtures("pictures")
@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"digits": 3345}, "digits=3345: must be k = 3 different numerals"),
        ({"garments": 12}, "garments=12: must be k = 3 different numerals"),
        ({"encoding": "wide"}, "must be one of whitened, principal"),
        ({"content": "something"}, "content=something: must be one of"),
        ({"contrast_low": -1.0}, "c_low=-1.0: must be a number >= 0"),
    ],
)
def test_what_cannot_be_drawn_is_refused(changes, said):
    with pytest.raises(RegimeError, match=said):
        mv.sample(regime(**changes))


@pytest.mark.usefixtures("pictures")
def test_the_law_says_of_itself_what_it_draws():
    p = regime(classes=10, digits=9876543210, garments=9876543210, dimension=20, images=2000)
    shown = choose(p, encoding.bank(p), "a", 0, "data")
    number = [len(set(row)) for row in shown.feature.tolist()]
    assert np.mean(number) == pytest.approx(expected_features(p))
    assert off_class_probability(p) != p.off_features / (p.features - p.views)  # of another law


@pytest.mark.usefixtures("pictures")
def test_the_theory_is_held_against_what_is_measured():
    p = arms.regime(mv.regime("teacher-student"))
    found = {c.id: c for c in conditions(p, measured(p))}
    assert found["sparse presence"].left == 0.25
    assert not found["sparse presence"].holds
    assert not found["coverage"].holds
    assert found["initial scale"].holds
    assert found["off-class strength"].holds
    assert conditions(replace(p, kernels_per_class=20), measured(p))[-1].holds
    said = arms.standing(mv.regime("teacher-student"))
    assert "VIOLATED" in said
    assert "sparse presence (0.25 against 0.2)" in said
    lines = table(p)
    assert len(lines["features"]) == 1 + p.features
    assert sum(line.startswith("VIOLATED") for line in lines["conditions"]) == sum(
        not c.holds for c in found.values()
    )


@pytest.mark.usefixtures("pictures")
def test_conditions_of_a_regime_are_those_of_its_pictures():
    """Not what the paper's law would say of its strengths, its noise and its presence."""
    p = regime()
    asked = applying(p, "teacher-student")
    ids = [condition.id for condition in asked]
    assert len(set(ids)) == len(ids)
    own = {c.id: c for c in conditions(p, measured(p))}
    assert own.keys() <= set(ids)
    assert {c for c in asked if c.id in own} == set(own.values())
    assert own["sparse presence"].left == p.off_features / (p.features - p.views)
    quiet = changed(p, patch_noise=0.0, weak_view=1e-9, off_high=1e-6, off_low=0.0)
    again = {c.id: c.margin for c in applying(quiet, "teacher-student")}
    assert {name: again[name] for name in own} == {name: c.margin for name, c in own.items()}


@pytest.mark.usefixtures("pictures")
@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"digits": 334}, "digits=334: must be k = 3 different numerals"),
        ({"classes": 4}, "garments=678: must be k = 4 different numerals"),
        ({"contrast_low": 0.9}, "c_low=0.9: must be at most c_high=0.6"),
        ({"weak_low": 0.9}, "w_low=0.9: must be at most w_high=0.1"),
        ({"off_features": 5}, "F_off=5: other classes have 4 features"),
    ],
)
def test_what_does_not_fit_is_refused_where_the_regime_is_made(changes, words):
    with pytest.raises(RegimeError, match=words):
        regime(**changes)
