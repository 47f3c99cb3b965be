"""Which whole numbers and words of a document count as measured, and what holds them."""

import pytest

from tests import stated_numbers as numbers
from tests.stated_numbers import Section, unheld
from tests.stated_quantities import holds, quantities


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("reading takes 12 ms against 83 ms", ["12 ms", "83 ms"]),
        ("2 to 4 s, 3 min, 42 MB and 1,024 MiB", ["2 s", "4 s", "3 min", "42 MB", "1,024 MiB"]),
        ("of 75 CPU s, after 20 CPU seconds", ["75 CPU s", "20 CPU seconds"]),
        ("on 24 seeds, 3100 runs, 70 photos", ["24 seeds", "3100 runs", "70 photos"]),
        ("it takes five minutes, half an hour", ["five minutes", "half an hour"]),
        ("half the CPU time, twice the cost", ["half the CPU time", "twice the cost"]),
        ("six times slower, 13 times as much", ["six times slower", "13 times as much"]),
        ("about a third, nearly twice", ["about a third", "nearly twice"]),
        ("a quarter of the photos, two thirds of all classes",
         ["a quarter of the photos", "two thirds of all classes"]),
        ("it took 14000 evaluations, 288 instead of 148", ["took 14000", "288 instead of 148"]),
        ("a line\nbreaks after 12\nms", ["12 ms"]),
    ],
)  # fmt: skip
def test_measured_quantities_are_seen(text, found):
    assert list(quantities(text)) == found


@pytest.mark.parametrize("text", [
    "k = 8, N = 200 images, theta = 1 runs", "two layers, one half of the class, T occurs twice",
    "at least half of its largest one", "half-widths of a band", "section 4, laws L1 to L16",
    "12 of 55 photos", "1.5 times shorter", "version 3 s/k", "in 2026", "a second view",
])  # fmt: skip
def test_settings_definitions_and_ordinals_are_not(text):
    assert list(quantities(text)) == []


def test_a_time_is_held_by_what_a_record_took_and_by_a_kept_table():
    assert holds("57 minutes", [3434.0], (), ())
    assert holds("3434 s", [3434.2], (), ())
    assert not holds("57 s", [3434.0], (), ())
    assert not holds("58 minutes", [3434.0], (), ())
    assert holds("83 ms", (), (), [82.6])
    assert not holds("83 ms", [83.0 * 60], (), [84.0])


def test_seeds_are_held_by_what_was_drawn_and_words_by_nothing():
    assert holds("24 seeds", (), {24}, ())
    assert not holds("25 seeds", (), {24}, ())
    assert not holds("24 MB", [24.0], {24}, ())
    assert not holds("twice the cost", [2.0], {2}, [2.0])


def test_a_section_holds_its_quantities_by_the_record_of_the_claim_that_it_names(monkeypatch):
    claim = {"id": "X.one", "value": 0.5, "photos": 55}
    monkeypatch.setattr(numbers, "CLAIMS", [claim])
    monkeypatch.setattr(numbers, "SEEDS", {24})
    monkeypatch.setattr(numbers, "SECONDS", {id(claim): 120.0})
    text = "X.one took 2 minutes on 55 photos and 24 seeds."
    assert unheld(Section("docs/x.md", "X", text)) == []
    elsewhere = "It took 2 minutes on 55 photos and 24 seeds."
    assert unheld(Section("docs/x.md", "X", elsewhere)) == ["2 minutes", "55 photos"]
