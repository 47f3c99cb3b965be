"""Accuracies from counts, and the confusion of shown and learned views."""

import numpy as np
import pytest

from mrpverify.observe.accuracy import (
    by_class,
    confusion,
    learned_names,
    multi_view_accuracy,
    single_view_accuracy,
)

# One seed, two classes; an image shows all views, view 1 alone, view 2 alone.
CORRECT = np.array([[[9, 4, 1], [10, 0, 5]]])
NUMBER = np.array([[[10, 5, 4], [10, 6, 5]]])


def test_accuracies_are_shares_of_their_kind_of_image():
    assert multi_view_accuracy(CORRECT, NUMBER) == pytest.approx(19 / 20)
    assert single_view_accuracy(CORRECT, NUMBER) == pytest.approx(10 / 20)
    among = np.array([[[True, False], [False, True]]])
    assert single_view_accuracy(CORRECT, NUMBER, among) == pytest.approx(9 / 10)
    assert single_view_accuracy(CORRECT, NUMBER, ~among) == pytest.approx(1 / 10)


def test_without_images_there_is_no_accuracy():
    nothing = np.zeros_like(NUMBER)
    assert np.isnan(multi_view_accuracy(nothing, nothing))
    assert np.isnan(single_view_accuracy(CORRECT, NUMBER, np.zeros((1, 2, 2), dtype=bool)))


def test_confusion_sets_what_is_shown_against_what_is_learned():
    learned = np.array([[[True, False], [True, True]]])
    assert learned_names(learned).tolist() == [["view 1 alone", "both views"]]
    rows = {(r["shown"], r["learned"]): (r["images"], r["accuracy"]) for r in confusion(
        CORRECT, NUMBER, learned
    )}  # fmt: skip
    assert rows == {
        ("all views", "view 1 alone"): (10, 0.9),
        ("all views", "both views"): (10, 1.0),
        ("view 1 alone", "view 1 alone"): (5, 0.8),
        ("view 1 alone", "both views"): (6, 0.0),
        ("view 2 alone", "view 1 alone"): (4, 0.25),
        ("view 2 alone", "both views"): (5, 1.0),
    }


@pytest.mark.parametrize(
    ("learned", "name"),
    [
        ([False, False], "no view"),
        ([False, True], "view 2 alone"),
        ([True, True, False], "several views"),
    ],
)
def test_what_a_class_has_learned_in_words(learned, name):
    assert learned_names(np.array(learned)) == name


def test_features_by_class():
    assert by_class(np.arange(6), 2).tolist() == [[0, 1], [2, 3], [4, 5]]
