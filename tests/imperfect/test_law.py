"""The imperfect law: the paper's own images at its defaults, and what each option changes of them.

Statistical tests draw from fixed salts; |z| <= 5 is a false alarm with probability 6e-7 each.
"""

from dataclasses import replace

import numpy as np
import pytest
import torch

import mrpverify as mv
from mrpverify.parameters import changed
from mrpverify.regime import RegimeError, load_preset
from mrpverify.simulate.data_law import MULTI_VIEW_IMAGES
from mrpverify.simulate.held_out import SINGLE_VIEW, held_out
from mrpverify.simulate.sample import sample_images
from mrpverify.theory.assumptions import violated
from mrpverify.theory.data_law import mean_power_sum, roles

PAPER = replace(mv.regime("mae"), images=300, single_view=0.2, feature_noise=0.01)
SEEDS = [0, 3]


def regime(**options):
    return changed(PAPER, law="imperfect", **options)


def images(parameters, purpose="data"):
    return sample_images(parameters, "imperfect", SEEDS, purpose)


def same(left, right, *names):
    return all(torch.equal(getattr(left, name), getattr(right, name)) for name in names)


def last_view(parameters, found):
    return (found.owner >= 0) & (found.owner % parameters.views == parameters.views - 1)


def test_by_default_it_is_the_papers_law():
    plain, found = images(PAPER), images(regime())
    assert same(plain, found, *vars(plain))
    assert same(images(PAPER, "test 1"), images(regime(), "test 1"), *vars(plain))
    assert MULTI_VIEW_IMAGES.roles is None
    assert roles(regime()) == roles(PAPER)


@pytest.mark.parametrize("purpose", ["data", "test 0"])
def test_the_last_view_is_fainter_and_nothing_else_changes(purpose):
    p = regime(faintness=0.6)
    plain, found = images(PAPER, purpose), images(p, purpose)
    last = last_view(p, plain)
    assert last.any()
    assert (plain.strength[last] > 0).any()
    torch.testing.assert_close(found.strength[last], 0.6 * plain.strength[last])
    assert torch.equal(found.strength[~last], plain.strength[~last])
    assert same(plain, found, "labels", "shown_view", "owner", "features")
    shown = (found.coefficients() @ found.features.unsqueeze(1)) - found.patches
    noise = (plain.coefficients() @ plain.features.unsqueeze(1)) - plain.patches
    torch.testing.assert_close(shown, noise)


def test_the_last_view_is_turned_towards_the_first():
    p = regime(alignment=0.4, faintness=0.8)
    plain, found = images(PAPER), images(p)
    products = found.features @ found.features.transpose(1, 2)
    pair = torch.tensor([[1.0, 0.4], [0.4, 1.0]], dtype=torch.float64)
    expected = torch.block_diag(*[pair] * p.classes).expand_as(products)
    torch.testing.assert_close(products, expected)
    assert torch.equal(found.features[:, :: p.views], plain.features[:, :: p.views])
    signal = found.coefficients() @ found.features.unsqueeze(1)
    noise = plain.patches - plain.coefficients() @ plain.features.unsqueeze(1)
    torch.testing.assert_close(found.patches, signal + noise)


def test_training_labels_are_wrong_as_often_as_asked_and_test_labels_never():
    p = replace(regime(wrong_labels=0.3), images=20_000)
    plain, found = images(replace(PAPER, images=20_000)), images(p)
    assert same(plain, found, "patches", "owner", "strength", "shown_view", "features")
    moved = (found.labels - plain.labels) % p.classes
    share = (moved > 0).double().mean(1)
    assert (abs(share - 0.3) < 5 * (0.3 * 0.7 / p.images) ** 0.5).all()
    for seed in moved:
        counts = torch.bincount(seed, minlength=p.classes)[1:].double()
        expected = counts.sum() / (p.classes - 1)
        assert (abs(counts - expected) < 5 * expected.sqrt()).all()
    assert same(
        held_out(PAPER, "a", [0], SINGLE_VIEW), held_out(p, "a", [0], SINGLE_VIEW), "labels"
    )


def test_a_larger_share_of_wrong_labels_has_the_smaller_ones():
    few, many = (images(regime(wrong_labels=nu)).labels for nu in (0.1, 0.4))
    right = images(PAPER).labels
    wrong = few != right
    assert wrong.any()
    assert torch.equal(many[wrong], few[wrong])
    assert (many != right).sum() > 2 * wrong.sum()


def test_one_view_a_class_has_no_last_one():
    alone = replace(PAPER, views=1)
    p = changed(alone, law="imperfect", faintness=0.5, alignment=0.5)
    assert same(images(alone), images(p), "patches", "features", "strength")
    assert roles(p) == roles(alone)


def test_roles_are_those_of_what_is_drawn():
    """E[1_v sum z^q] averaged over the features, against 40,000 drawn images."""
    p = replace(regime(faintness=0.7), images=20_000)
    found = images(p)
    total = (found.strength.clamp(min=0) ** p.power).sum(2).flatten().numpy() / p.features
    error = abs(total.mean() - mean_power_sum(p, p.power)) / (total.std() / np.sqrt(len(total)))
    assert error < 5
    assert mean_power_sum(p, p.power) < 0.8 * mean_power_sum(PAPER, p.power)


@pytest.mark.parametrize(
    ("options", "named"),
    [
        ({"faintness": 0.0}, "zeta=0"),
        ({"faintness": 1.2}, "zeta=1.2"),
        ({"alignment": 1.0}, "kappa=1"),
        ({"alignment": -0.1}, "kappa=-0.1"),
        ({"wrong_labels": 1.5}, "nu=1.5"),
        ({"wrong_labels": "half"}, "nu=half"),
    ],
)
def test_what_is_not_admissible_is_named(options, named):
    with pytest.raises(RegimeError, match=named):
        regime(**options)


def test_its_options_belong_to_it_alone():
    with pytest.raises(TypeError, match="faintness"):
        replace(PAPER, faintness=0.5)
    assert not hasattr(changed(regime(faintness=0.5), law="multi-view"), "faintness")
    found = mv.regime("mae", law="imperfect", zeta=0.5, nu=0.1)
    assert (found.faintness, found.wrong_labels) == (0.5, 0.1)


@pytest.mark.parametrize(
    ("options", "condition"),
    [
        ({"faintness": 0.1}, "off-class strength"),
        ({"alignment": 0.9}, "orthonormal features"),
        ({"wrong_labels": 0.9}, "right labels"),
    ],
)
def test_what_is_imperfect_breaks_the_condition_that_it_is_about(options, condition):
    """As the paper's own law at the defaults, whatever the fields of that law say."""
    paper = {f: load_preset("quick").regimes[f] for f in ("mae", "supervised")}
    for framework, p in paper.items():
        calm = {c.id for c in violated(changed(p, law="imperfect"), framework)}
        assert calm == {c.id for c in violated(p, framework)} == set()
        found = {c.id for c in violated(changed(p, law="imperfect", **options), framework)}
        assert (condition in found) is (condition != "right labels" or framework == "supervised")


@pytest.mark.parametrize(
    ("kappa", "lost"), [(0.0, True), (0.005, True), (0.1, False), (0.3, False)]
)
def test_views_at_an_angle_leave_no_lottery_long_before_they_are_not_orthonormal(kappa, lost):
    """At a cosine of 0.1 supervised learning loses nothing (CMP.angle), inside every condition."""
    p = changed(load_preset("quick").regimes["supervised"], law="imperfect", alignment=kappa)
    assert ("head start" not in {c.id for c in violated(p, "supervised")}) is lost
    mae = changed(load_preset("quick").regimes["mae"], law="imperfect", alignment=kappa)
    assert "head start" not in {c.id for c in violated(mae, "mae")}
