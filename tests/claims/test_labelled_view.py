"""One labelled image a class that shows one view: CMP.labels and CMP.link on known runs."""

from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

from mrpverify.claims.explanation import labelled_view as claim
from mrpverify.claims.legs import fine_tuned
from mrpverify.judge.verdicts import Verdict
from mrpverify.parameters import Parameters
from mrpverify.records.drawn import labelled_views
from mrpverify.simulate.sample import sample_images
from mrpverify.theory import labelled_view as theory

LAW = Parameters(
    framework="mae", classes=3, dimension=8, kernels_per_class=2, images=40, single_view=0.3,
    linear_from=0.7, test_images=60,
)  # fmt: skip
SEEDS = 16
SALT = "labelled"


def drawn(seeds: int, **variables: object) -> xr.Dataset:
    """A run of so many seeds that knows its salt."""
    return xr.Dataset(variables, coords={"seed": range(seeds)}, attrs={"salt": SALT})


@pytest.mark.parametrize("labels", [0, 1, 3])
def test_labelled_views_are_those_of_the_first_images(labels: int) -> None:
    p = replace(LAW, labels=labels)
    found, images = labelled_views(p, drawn(3)), sample_images(p, SALT, [0, 1, 2])
    for seed in range(3):
        for of_class in range(p.classes):
            mine = np.flatnonzero(images.labels[seed].numpy() == of_class)
            mine = mine[:labels] if labels else mine
            shown = images.shown_view[seed].numpy()[mine]
            for view in range(p.views):
                assert found[seed, of_class, view] == any(s in (-1, view) for s in shown)


def test_one_labelled_image_shows_one_view() -> None:
    own = fine_tuned(LAW, **claim.ONE_VIEW).parameters
    assert (labelled_views(own, drawn(4)).sum(-1) == 1).all()
    assert labelled_views(fine_tuned(LAW, **claim.BOTH_VIEWS).parameters, drawn(4)).all()


def encoder(together: np.ndarray) -> xr.Dataset:
    """Kernels that hold both views of the classes [seeds, classes] where told, else one each."""
    p = LAW
    held = np.zeros((len(together), p.classes, 2, p.classes, p.views))
    for i in range(p.classes):
        held[:, i, 0, i, 0] = held[:, i, 1, i, 1] = 1.0
        held[:, i, 0, i, 1] = together[:, i]
    held = held.reshape(len(together), p.kernels, p.features)
    pairs = ("seed", "kernel", "feature")
    return drawn(
        len(together),
        final_correlations=(pairs, held),
        crossing_time=(pairs, np.where(held > 0, 1.0, np.inf)),
    )


def test_linked_classes_have_a_kernel_with_both_views() -> None:
    together = np.random.default_rng(0).random((5, LAW.classes)) < 0.5
    assert (claim.linked(LAW, encoder(together)) == together).all()


def answers(accuracy: np.ndarray) -> xr.Dataset:
    """A run with these accuracies on images of one view [seeds, classes, views], 100 of each."""
    right = np.concatenate([np.ones_like(accuracy[..., :1]), accuracy], -1)[:, None]
    shape = ("seed", "law", "class", "shown")
    found = drawn(
        len(accuracy),
        test_correct=(shape, np.round(100 * right).astype(int)),
        test_number=(shape, np.full(right.shape, 100)),
    )
    return found.assign_coords(law=["in distribution"])


def link_runs(accuracy):
    """Two of three classes linked, in turn; `accuracy` of labelled, linked and other views."""
    together = (np.arange(SEEDS)[:, None] + np.arange(LAW.classes)) % 3 != 0
    views = claim.groups(LAW, encoder(together), drawn(SEEDS)).values()
    right = sum(a * among for a, among in zip(accuracy, views, strict=True))
    return {claim.ENCODER: encoder(together), claim.TUNED: answers(np.asarray(right))}


@pytest.mark.parametrize(
    ("accuracy", "expected"),
    [
        ((1.0, 1.0, 0.3), Verdict.SUPPORTED),
        ((1.0, 0.98, 0.98), Verdict.SUPPORTED),
        ((1.0, 0.3, 0.3), Verdict.REFUTED),
        ((0.9, 1.0, 0.3), Verdict.REFUTED),
    ],
)
def test_links_hand_a_label_on(accuracy, expected) -> None:
    found = claim.measure_link(LAW, link_runs(accuracy))
    assert found.measured is expected
    assert found.details["classes linked"]["mean"] == pytest.approx(2 / 3)
    shown = found.details[f"accuracy, {claim.NOT_LINKED}"]["mean"]
    assert shown == pytest.approx(accuracy[2], abs=0.005)


def test_links_of_the_next_class_say_nothing() -> None:
    exchanged = claim.OTHER_CLASS.look(LAW, link_runs((1.0, 1.0, 0.3)))
    assert claim.measure_link(LAW, exchanged).measured is Verdict.REFUTED


def test_a_seed_without_links_is_no_support() -> None:
    nobody = np.zeros((SEEDS, LAW.classes))
    runs = {claim.ENCODER: encoder(nobody), claim.TUNED: answers(np.ones((SEEDS, 3, 2)))}
    assert claim.measure_link(LAW, runs).measured is Verdict.REFUTED


@pytest.mark.parametrize(
    ("masked", "expected"),
    [
        ((0.8, 0.7), Verdict.SUPPORTED),
        ((0.99, 0.99), Verdict.REFUTED),
        ((0.8, 0.99), Verdict.REFUTED),
        ((0.99, 0.8), Verdict.REFUTED),
    ],
)
def test_the_gain_is_paired_by_seed_over_the_better_length(
    masked: tuple[float, float], expected: Verdict
) -> None:
    def always(value: float) -> xr.Dataset:
        return answers(np.full((SEEDS, 3, 2), value))

    few, tuned = slice(claim.LABELLED_SEEDS), always(1.0)
    runs = {claim.TUNED: tuned, claim.BOTH_TUNED: tuned.isel(seed=few)}
    for length, value in zip(claim.LENGTHS, masked, strict=True):
        runs[claim.masked_leg("one view", length)] = always(value)
        runs[claim.masked_leg("both views", length)] = tuned.isel(seed=few)
    assert claim.measure_labels(LAW, runs).measured is expected
    assert claim.measure_labels(LAW, claim.ALL_LABELLED.look(LAW, runs)).measured is Verdict.REFUTED


def test_predictions_follow_what_the_mask_leaves() -> None:
    assert "for the sibling" in theory.predict_labels(LAW)
    for changes in ({"framework": "teacher-student"}, {"visible": 1.0}, {"target": "masked"}):
        assert "no gain" in theory.predict_labels(replace(LAW, **changes))
        assert "no class" in theory.predict_link(replace(LAW, **changes))
    assert "no prediction" in theory.predict_labels(replace(LAW, framework="contrastive"))
