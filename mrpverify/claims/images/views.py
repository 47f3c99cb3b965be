"""images.views [A], images.places: two windows that one network chooses and another one judges.

Fixed before the second network had looked at any window:

- the photos: those that ResNet50 and EfficientNet-Lite0 both recognise whole (first of 1000);
- the windows: 96 px wide, every 32 px, alone in the photo (0 elsewhere);
- the choice: of all disjoint pairs the one whose worse window has the higher log-probability of
  the class asked for, by the network that chooses and by nothing else; each network chooses once;
- images.views counts photos whose chosen windows are both called by the class by both networks.
  Null: the same places in the other photos (of another class), asked for this photo's class; the
  network that did not choose calls both. One view in a photo, and a lenient network, predict that;
- images.places counts photos whose chosen windows are both called by the class by the network that
  did not choose. Null: the places that were chosen in the other photos. A photo that shows its
  class anywhere (or in the middle, as all do) predicts that;
- with h of m others, a photo's chance under the null is (h + 1)/(m + 1): under the null its own
  windows (places) are exchangeable with the others'. Photos are taken as independent;
- SUPPORTED where the 90 % interval of the share lies above the 95 % quantile of the null's share,
  for both networks' choices; false alarm below 5 %. REFUTED where a count does not exceed the
  quantile. At FEWEST photos a true share of 1/4 is then missed with probability below 5 %.

Prediction: views, shares near 1/2 against a quantile below 0.1, for the theory says that most
images show two views, and windows of a fifth of the crop have shown two in 12 to 35 of 55 photos
to one network (images.multiview); places, a share above the others' by a third at least.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from ...images.repeated import repeated_objects
from ...images.resnet50 import class_names
from ...images.setup import Setup
from ...images.window_pairs import (
    chosen,
    disjoint_pairs,
    most_named,
    named_elsewhere,
    named_in_others,
    not_neighbour,
)
from ...images.window_scores import RANDOM, TRAINED, WINDOWS, collect_scores
from ...images.wordnet import neighbours
from ...judge.chance import largest_by_chance, probability_of
from ...judge.findings import Finding, Note, Picture, Table, columns
from ...judge.intervals import clopper_pearson
from ...judge.measurement import Measurement
from ...judge.verdicts import Verdict, all_of
from ..claim import Control, NetworkClaim

if TYPE_CHECKING:
    from ...images.figures.views_against_chance import Compared

FEWEST = 30
"""Fewer photos refute nothing."""
COLUMNS = columns(
    "chosen_by", "judged_by", "photos", "called", "share", "interval", "null_share", "threshold",
    "p", "measured", measured="verdict", p="digits",
)  # fmt: skip


def evidence(setup: Setup) -> xr.Dataset:
    """Every photo that both networks recognise, with the class asked for: its own."""
    scores = collect_scores(setup.store, setup.progress)
    asked = scores["label"].expand_dims(network=scores["network"])
    names = dict(enumerate(class_names()))
    return scores.assign(asked=asked).assign_attrs(choosing=TRAINED, class_names=names)


def measure_views(setup: Setup, scores: xr.Dataset) -> Measurement:
    """Photos with two windows that both networks call by the class, against other photos."""
    del setup
    rows = [_views(scores, *pair) for pair in directions(scores)]
    return _all_above(
        "share of photos with two disjoint windows, chosen by one network, that both call by the "
        "class asked for", rows, _beside(scores),
    )  # fmt: skip


def measure_places(setup: Setup, scores: xr.Dataset) -> Measurement:
    """Photos whose chosen windows are called by the class, against places chosen in others."""
    del setup
    rows = [_places(scores, *pair) for pair in directions(scores)]
    return _all_above(
        "share of photos whose two windows, chosen by one network, the other calls by the class",
        rows,
    )


def directions(scores: xr.Dataset) -> list[tuple[str, str]]:
    """Who chooses and who judges; raises ValueError where there is no photo."""
    if scores.sizes["photo"] == 0:
        raise ValueError(
            "0 photos are recognised whole by both networks, at least 1 is needed; others: "
            "mrpverify images fetch photos --from FOLDER"
        )
    return [(one, other) for one in scores.attrs["choosing"] for other in TRAINED if one != other]


def _views(scores: xr.Dataset, choosing: str, judging: str) -> dict[str, Any]:
    """The statistic of images.views in one direction."""
    asked, places = _asked(scores, choosing), places_of(scores, choosing)
    judged = named_in_others(_first(scores, judging), places, asked)
    own = judged.diagonal() & named_in_others(_first(scores, choosing), places, asked).diagonal()
    other_class = asked[:, None] != scores["label"].values[None]
    return _row(choosing, judging, own, judged, other_class & ~np.eye(len(own), dtype=bool))


def _places(scores: xr.Dataset, choosing: str, judging: str) -> dict[str, Any]:
    """The statistic of images.places in one direction."""
    asked, places = _asked(scores, choosing), places_of(scores, choosing)
    judged = named_elsewhere(_first(scores, judging), places, asked)
    return _row(choosing, judging, judged.diagonal(), judged, ~np.eye(len(judged), dtype=bool))


def places_of(scores: xr.Dataset, choosing: str) -> np.ndarray:
    """The two windows that a network chooses in every photo [photo, 2]."""
    of_windows = scores["windows"].sel(network=choosing).values
    return chosen(of_windows, _asked(scores, choosing), disjoint_pairs(WINDOWS))


def _first(scores: xr.Dataset, network: str) -> np.ndarray:
    """The class that a network ranks first for every window [photo, window]."""
    return np.asarray(scores["windows"].sel(network=network).argmax("class").values)


def _asked(scores: xr.Dataset, network: str) -> np.ndarray:
    """The class that is asked for where a network chooses [photo]."""
    return np.asarray(scores["asked"].sel(network=network).values)


def _row(
    choosing: str, judging: str, own: np.ndarray, others: np.ndarray, allowed: np.ndarray
) -> dict[str, Any]:
    """A count of photos [photo] held against the null: `others` [i, j] where it is `allowed`."""
    chances = ((others & allowed).sum(1) + 1) / (allowed.sum(1) + 1)
    called, photos, by_chance = int(own.sum()), len(own), largest_by_chance(chances)
    row = {
        "chosen_by": choosing,
        "judged_by": judging,
        "photos": photos,
        "called": called,
        "share": called / photos,
        "interval": list(clopper_pearson(called, photos)),
        "null_share": float(chances.mean()),
        "threshold": by_chance / photos,
        "p": probability_of(chances, called),
    }
    return row | {"measured": _verdict(row, by_chance)}


def _verdict(row: dict[str, Any], by_chance: int) -> Verdict:
    """What one count says: above the null's quantile, not above it, or neither for certain."""
    if row["interval"][0] > row["threshold"]:
        return Verdict.SUPPORTED
    enough = row["photos"] >= FEWEST
    return Verdict.REFUTED if enough and row["called"] <= by_chance else Verdict.INCONCLUSIVE


def _all_above(
    statistic: str, rows: list[dict[str, Any]], beside: tuple[Finding, ...] = ()
) -> Measurement:
    """The direction with the smallest share gives the numbers; every one is judged."""
    least = min(rows, key=lambda row: row["share"])
    return Measurement(
        f"{statistic} (smaller of {len(rows)}: {least['chosen_by']} chooses)",
        least["share"],
        tuple(least["interval"]),
        least["threshold"],
        all_of(row["measured"] for row in rows),
        least["called"],
        least["photos"],
        findings=(Table("numbers", rows, columns=COLUMNS), *beside),
    )


def _beside(scores: xr.Dataset) -> tuple[Finding, ...]:
    """Photos by number of windows, without repeated objects, and what neighbours leave."""
    return (
        Table(
            "windows_called", [_by_number(name, n) for name, n in called_windows(scores).items()]
        ),
        Table("no_neighbour_in_two_windows", _no_neighbours(scores)),
        Note("lines", (_without_repeated(scores),)),
    )


def called_windows(scores: xr.Dataset) -> dict[str, np.ndarray]:
    """Largest number of disjoint windows called by the photo's class, by who calls [photo]."""
    label = scores["label"].values
    first = {name: _first(scores, name)[None] for name in TRAINED}
    first["both"] = np.concatenate(list(first.values()))
    return {name: most_named(named, label, WINDOWS) for name, named in first.items()}


def _by_number(name: str, number: np.ndarray) -> dict[str, Any]:
    """Photos with none, one, two, three and four such windows."""
    words = ("none", "one", "two", "three", "four")
    photos = np.bincount(number, minlength=len(words)).tolist()
    many = int((number >= 2).sum())
    return {
        "called_by": name,
        **dict(zip(words, photos, strict=True)),
        "two_or_more": many / len(number),
        "interval": list(clopper_pearson(many, len(number))),
    }


def _without_repeated(scores: xr.Dataset) -> str:
    """The shares of photos that show nothing several times, in words."""
    single = ~np.isin(scores["photo"].values, list(repeated_objects()))
    rows = (
        [_views(scores.isel(photo=single), *pair) for pair in directions(scores)]
        if any(single)
        else []
    )
    parts = [f"{row['called']} of {row['photos']} ({row['chosen_by']} chooses)" for row in rows]
    return f"photos that show nothing several times: {', '.join(parts) or 'none'}"


def _no_neighbours(scores: xr.Dataset) -> list[dict[str, Any]]:
    """Photos whose best class that is no neighbour is called in two windows by both networks."""
    names = scores.attrs["class_names"]
    other = ask_no_neighbour(scores)
    found = []
    for choosing, judging in directions(scores):
        asked, places = _asked(other, choosing), places_of(other, choosing)
        called = np.logical_and.reduce(
            [
                named_elsewhere(_first(other, n), places, asked).diagonal()
                for n in (choosing, judging)
            ]
        )
        found += [
            {
                "photo": str(other["photo"].values[i]),
                "class": names.get(int(other["label"].values[i])),
                "asked_for": names.get(int(asked[i])),
                "chosen_by": choosing,
            }
            for i in np.flatnonzero(called)
        ]
    return found


def ask_no_neighbour(scores: xr.Dataset) -> xr.Dataset:
    """Asked for the class that a network ranks best of those that are no neighbour in WordNet."""
    label = scores["label"].values
    asked = [
        not_neighbour(scores["whole"].sel(network=name).values, label, neighbours())
        for name in scores["network"].values
    ]
    return scores.assign(asked=(("network", "photo"), np.array(asked)))


def ask_another(scores: xr.Dataset) -> xr.Dataset:
    """Asked for the class of the next photo in the order of names that has another class."""
    label = scores["label"].values
    after = [np.concatenate([label[i:], label[:i]]) for i in range(len(label))]
    asked = [row[row != row[0]][0] if (row != row[0]).any() else row[0] for row in after]
    return scores.assign(asked=(("network", "photo"), np.tile(asked, (scores.sizes["network"], 1))))


def _by_chance(setup: Setup, measurement: Measurement) -> bool:
    """Whether no direction of a control is above its null."""
    del setup
    rows = measurement.details.get("numbers", ())
    return bool(rows) and all(row["measured"] is Verdict.REFUTED for row in rows)


def _not_supported(setup: Setup, measurement: Measurement) -> bool:
    """Whether a control is not above its null in both directions."""
    del setup
    return measurement.measured in (Verdict.REFUTED, Verdict.INCONCLUSIVE)


NO_NEIGHBOUR = Control(
    "the best class that is no neighbour in WordNet",
    "windows do not name just any likely class: no more often than by chance",
    look=lambda setup, scores: ask_no_neighbour(scores),
    failed=_by_chance,
)
ANOTHER = Control(
    "the class of another photo",
    "the choice of windows alone makes no class appear: no more often than by chance",
    look=lambda setup, scores: ask_another(scores),
    failed=_by_chance,
)
RANDOM_CHOICE = Control(
    "places chosen by random weights",
    "places that nobody knows are no better than those of other photos",
    look=lambda setup, scores: scores.assign_attrs(choosing=(RANDOM,)),
    failed=_not_supported,
)


def compared(scores: xr.Dataset) -> Compared:
    """Rows of every claim and control for the figure, by their names."""
    asked = {"own class": scores, NO_NEIGHBOUR.id: ask_no_neighbour(scores)}
    asked |= {ANOTHER.id: ask_another(scores)}
    random = scores.assign_attrs(choosing=(RANDOM,))
    return {
        "same places, other photos": {
            name: [_views(seen, *pair) for pair in directions(seen)] for name, seen in asked.items()
        },
        "same photo, others' places": {
            "own class": [_places(scores, *pair) for pair in directions(scores)],
            RANDOM_CHOICE.id: [_places(random, *pair) for pair in directions(random)],
        },
    }


def pictures(setup: Setup, scores: xr.Dataset) -> tuple[Picture, ...]:
    """Shares against their nulls, and photos by the number of windows."""
    from ...images.figures import views_against_chance

    del setup
    title = "Two windows chosen by one network, judged by another: shares against their nulls"
    return (
        Picture(
            title,
            lambda: views_against_chance.draw((compared(scores), called_windows(scores)))[0],
        ),
    )


_SHARED: dict[str, Any] = {
    "horizon": "none",
    "evidence": evidence,
    "needs": ("resnet50", "lite0", "photos"),
}

CLAIMS = (
    NetworkClaim(
        id="images.views",
        name="images.views",
        statement="photos show two disjoint windows that two networks call by the class, one "
        "having chosen them, more often than other photos do at the same places",
        provenance="[A] abstract (multi-view data); choice, null and numbers [D]",
        role="gate",
        role_reason="the data law of every theorem here rests on it",
        measure=measure_views,
        controls={None: (NO_NEIGHBOUR, ANOTHER)},
        order=1,
        pictures=pictures,
        **_SHARED,
    ),
    NetworkClaim(
        id="images.places",
        name="images.places",
        statement="the two windows lie where the photo has its views: places chosen in other "
        "photos are called by the class less often",
        provenance="[D] beside images.views",
        role="finding",
        role_reason="where it fails a photo may still show many views: its class may be anywhere",
        measure=measure_places,
        controls={None: (RANDOM_CHOICE,)},
        order=1,
        **_SHARED,
    ),
)
