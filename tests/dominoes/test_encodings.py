"""From whitened to raw: windows, pixels, what is measured of them, and the claims over them."""

from dataclasses import replace

import numpy as np
import pytest
import torch
import xarray as xr

import mrpverify as mv
from mrpverify.claims.dominoes import encodings, mean
from mrpverify.claims.dominoes import map as encoded
from mrpverify.claims.dominoes.encodings import CELLS, Cell
from mrpverify.claims.registry import select
from mrpverify.dominoes import pictures as encoding
from mrpverify.dominoes.draw import choose, pairing
from mrpverify.dominoes.measured import conditions, decoder_rates, mean_lead, mean_patch, measured
from mrpverify.dominoes.pictures import Code, directions, of_classes
from mrpverify.dominoes.responses import responses
from mrpverify.figures import dominoes_map
from mrpverify.judge.verdicts import Verdict
from mrpverify.parameters import changed
from mrpverify.regime import RegimeError
from mrpverify.simulate.run import objective_of
from tests.dominoes.conftest import TRAIN
from tests.dominoes.test_law import regime

PIXELS = {"encoding": "pixels", "dimension": 784, "centred": "no"}


def test_windows_are_the_parts_of_a_picture_row_by_row():
    pictures = np.arange(2 * 784.0).reshape(2, 784)
    code = Code(20, "whitened", "together", 16, 12)
    assert code.windows == 4
    found = code.cut(pictures).reshape(2, 4, 16, 16)
    whole = pictures.reshape(2, 28, 28)
    for window, (top, left) in enumerate([(0, 0), (0, 12), (12, 0), (12, 12)]):
        part = whole[:, top : top + 16, left : left + 16]
        np.testing.assert_array_equal(found[:, window], part)
    assert Code(40, "whitened", "together", 28, 7).cut(pictures) is pictures
    assert Code(40, "whitened", "together", 14, 7).windows == 9


@pytest.mark.usefixtures("pictures")
def test_raw_pixels_are_the_pixels_up_to_one_scale_and_centring_takes_its_mean_off():
    p = regime(**PIXELS)
    codes = encoding.bank(p).of["train"]
    shown = np.concatenate([x for s in codes for x in codes[s]])
    pixels = np.concatenate([x for s, c in (("digits", (3, 4, 5)), ("garments", (6, 7, 8)))
                             for x in of_classes(s, "train", c)])  # fmt: skip
    scale = shown.sum() / pixels.sum()
    np.testing.assert_allclose(shown, scale * pixels, rtol=1e-4)
    for centred, small in (("each", "each source"), ("together", "both together")):
        own = encoding.bank(replace(p, centred=centred)).of["train"]
        middles = [np.concatenate(own[s]).mean(0) for s in own]
        whole = np.linalg.norm(np.mean(middles, axis=0))
        apart = max(np.linalg.norm(m) for m in middles)
        assert whole < 1e-4, small
        assert (apart < 1e-4) == (centred == "each"), small


@pytest.mark.usefixtures("pictures")
def test_a_rotation_is_what_principal_components_about_zero_are():
    """Training pictures lie in the span of as many components as there are of them."""
    p = regime(**PIXELS)
    rotated = replace(p, encoding="principal", dimension=6 * TRAIN)
    a, b = (np.concatenate(encoding.bank(q).of["train"]["digits"]) for q in (p, rotated))
    np.testing.assert_allclose(b @ b.T, a @ a.T, rtol=1e-3)


@pytest.mark.usefixtures("pictures")
def test_a_picture_cut_up_shows_all_its_windows_under_one_owner():
    p = regime(window=16, stride=12)
    images, whole = mv.sample(p, seeds=1), mv.sample(regime(), seeds=1)
    assert images.patches.shape == (1, p.images, 4 * whole.patches.shape[2], 12)
    np.testing.assert_array_equal(images.owner[:, :, ::4], whole.owner)
    np.testing.assert_array_equal(images.owner[:, :, 3::4], whole.owner)
    kept = encoding.bank(p)
    shown = choose(p, kept, "a", 0, "data")
    place, picture = int(shown.place[0, 0]), int(shown.picture[0, 0])
    code = kept.of["train"]["digits"][place][picture].reshape(4, 12)
    np.testing.assert_allclose(images.patches[0, 0, :4], p.loudness * code, rtol=1e-6)
    torch.testing.assert_close(
        images.features[0].norm(dim=1), torch.ones(p.features, dtype=torch.float64)
    )
    lengths = np.concatenate([m.reshape(-1, 12) for m in kept.means.values()])
    assert np.linalg.norm(lengths, axis=1).mean() == pytest.approx(1, abs=1e-5)


def test_one_direction_for_several_windows_is_the_one_that_holds_most_of_them():
    random = np.random.default_rng(0)
    axis = random.normal(size=5)
    axis /= np.linalg.norm(axis)
    amounts = np.array([3.0, -1.0, 0.5])
    means = (amounts[:, None] * axis + 1e-6 * random.normal(size=(3, 5))).reshape(1, 15)
    np.testing.assert_allclose(directions(means, 5)[0], axis, atol=1e-5)
    np.testing.assert_allclose(directions(-means, 5)[0], -axis, atol=1e-5)
    whole = random.normal(size=(4, 5))
    np.testing.assert_allclose(
        directions(whole, 5), whole / np.linalg.norm(whole, axis=1, keepdims=True)
    )


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"encoding": "pixels"}, r"d=12: raw pixels of window=28 have d = 784"),
        ({"encoding": "pixels", "window": 14}, r"d=12: raw pixels of window=14 have d = 196"),
        ({"window": 29}, "window=29: must be a whole number >= 2 and <= 28"),
        ({"stride": 0}, "stride=0: must be a whole number >= 1 and <= 28"),
        ({"centred": "all"}, "must be one of together, each, no"),
    ],
)
@pytest.mark.usefixtures("pictures")
def test_what_cannot_be_encoded_is_refused(changes, said):
    with pytest.raises(RegimeError, match=said):
        mv.sample(regime(**changes))


@pytest.mark.usefixtures("pictures")
def test_windows_are_held_against_one_direction_and_whole_pictures_are_not():
    p = regime()
    found = {c.id: c for c in conditions(p, measured(p))}
    assert "one direction" not in found
    cut = regime(window=16, stride=12)
    shares = measured(cut).shared
    assert (shares > 0.25 - 1e-9).all()  # four windows: the best direction holds a quarter at least
    assert (shares < 1).all()
    (one,) = (c for c in conditions(cut, measured(cut)) if c.id == "one direction")
    assert one.left == pytest.approx(1 - shares.min())
    assert measured(p).shared == pytest.approx(1)


@pytest.mark.usefixtures("pictures")
@pytest.mark.parametrize("bias", [True, False])
def test_the_rate_near_zero_is_that_of_the_exact_gradient(bias):
    """Terms beyond it are (c/varrho)^q smaller: at c = 10^-3 varrho next to nothing."""
    own = ("law", "content", "classes", "digits", "garments", "images", "patches_per_feature")
    shown = {name: getattr(regime(), name) for name in own} | PIXELS
    p = changed(mv.regime("mae"), **shown, bias=bias, target="all", precision="float64")
    images = mv.sample(p, seeds=1)
    v = images.features[0, 2]
    c = 1e-3 * p.linear_from
    state = {"weights": (c * v)[None, None], "decoder": (c * v)[None, None]}
    moves, _ = objective_of(p).direction(p, state, images, torch.zeros(1, 1))
    (rate,) = decoder_rates(images.patches[0].numpy(), v[None].numpy(), p.power, bias)
    expected = rate * c**p.power / p.linear_from ** (p.power - 1)
    assert float(moves["weights"][0, 0] @ v) == pytest.approx(expected, rel=1e-3)
    assert float(moves["decoder"][0, 0] @ v) == pytest.approx(expected / p.power, rel=1e-3)


@pytest.mark.usefixtures("pictures")
def test_the_mean_picture_leads_on_raw_pixels_alone():
    p = regime(**PIXELS)
    plain = replace(p, framework="mae", bias=False)
    assert mean_lead(plain, "a", 0) > 2 * mean_lead(replace(plain, bias=True), "a", 0)
    assert np.linalg.norm(mean_patch(plain, "a", 0)) > 0.3
    assert np.linalg.norm(mean_patch(replace(plain, centred="each"), "a", 0)) < 0.1


@pytest.mark.usefixtures("pictures")
def test_an_answer_is_the_mean_output_on_test_pictures():
    p = regime(window=16, stride=12)
    weights = np.random.default_rng(1).normal(0, 0.3, (5, 12)).astype(np.float32)
    found = responses(p, weights, "a", 0)
    assert found.shape == (5, p.features)
    place = int(pairing(p, "a", 0)[1, 1])
    patches = p.loudness * encoding.bank(p).of["test"]["garments"][place].reshape(-1, 4, 12)
    u = patches @ weights.T
    q, varrho = p.power, p.linear_from
    out = np.where(u <= varrho, np.clip(u, 0, None) ** q / (q * varrho ** (q - 1)),
                   u - (1 - 1 / q) * varrho)  # fmt: skip
    np.testing.assert_allclose(found[:, 3], out.sum(1).mean(0), rtol=1e-4)


def test_an_answer_counts_where_other_classes_get_less_than_half_of_it():
    p = mv.regime("teacher-student")
    p = replace(p, classes=2, views=2, linear_from=0.5, power=3)
    loud = p.linear_from
    found = np.array([[loud, 0, 0.4 * loud, 0], [0, 0, 0.6 * loud, loud], [0, 1e-3, 0, 0]])
    assert encodings.answered(p, found).tolist() == [True, False, True, True]
    spoilt = np.array([[loud, 0, 0.6 * loud, 0]])
    assert not encodings.answered(p, spoilt).any()


SEEDS = 16
FORETOLD = [name for name in CELLS if "whitened" in name]


def cell(captured, tuned=0.95, supervised=0.6, seeds=SEEDS):
    filled = [np.full(seeds, value) for value in (captured, captured, tuned, tuned, supervised, 1)]
    return Cell(*filled)


@pytest.fixture
def judged(monkeypatch):
    """D.map on made numbers: {cell: Cell}, those not named as foretold."""
    done = xr.Dataset(
        {name: ("seed", np.full(SEEDS, name == "reached_horizon"))
         for name in ("reached_horizon", "diverged")}
    )  # fmt: skip
    runs = {encodings.named(name, encodings.BEFORE): done for name in CELLS}
    monkeypatch.setattr(
        encodings, "carries", lambda p, changes: changes in [CELLS[name] for name in FORETOLD]
    )

    def judge(**cells):
        own = {name: cell(1.0 if name in FORETOLD else 0.4) for name in CELLS} | {
            name: cells[key] for key, name in
            {"white": FORETOLD[0], "raw": encodings.PIXELS}.items() if key in cells
        }  # fmt: skip
        monkeypatch.setattr(encodings, "seen", lambda p, runs, name, changes: own[name])
        return encoded.measure(mv.regime("teacher-student"), runs)

    return judge


def test_the_map_is_supported_where_exactly_the_foretold_cells_capture_and_gain(judged):
    found = judged()
    assert found.measured is Verdict.SUPPORTED
    assert found.details["cells foretold rightly"] == 1
    rival = found.details["cells that the rival foretells rightly: all capture"]
    assert rival == pytest.approx(len(FORETOLD) / len(CELLS))


@pytest.mark.parametrize(
    "cells",
    [
        {"raw": cell(0.9)},
        {"white": cell(0.8)},
        {"white": cell(1.0, tuned=0.61)},
    ],
    ids=["raw ones are captured too", "two of ten missing", "nothing gained"],
)
def test_the_map_is_refuted_where_it_is_wrong(judged, cells):
    assert judged(**cells).measured is Verdict.REFUTED


@pytest.mark.parametrize("foretold", [[], list(CELLS)])
def test_a_map_without_a_border_says_nothing(judged, monkeypatch, foretold):
    monkeypatch.setattr(
        encodings, "carries", lambda p, changes: changes in [CELLS[name] for name in foretold]
    )
    assert judged().measured is Verdict.REFUTED


@pytest.mark.usefixtures("pictures")
def test_the_control_shows_another_encodings_kernels_no_pictures():
    p = regime(dimension=20)
    run = xr.Dataset({"final_weights": (("seed", "kernel", "d"), np.zeros((2, 3, 60)))})
    assert np.isnan(encodings._answered(p, run.assign_attrs(salt="a"))).all()


def test_the_mean_is_refuted_by_its_control_and_by_a_mean_that_does_not_lead(monkeypatch):
    accuracy = {mean.PLAIN: 0.2, mean.BIAS: 0.97, mean.CENTRED: 0.98}
    leads = {mean.PLAIN: 1.1, mean.BIAS: 0.7, mean.CENTRED: 0.2}
    done = xr.Dataset(
        {name: ("seed", np.full(SEEDS, name == "reached_horizon"))
         for name in ("reached_horizon", "diverged")}
    )  # fmt: skip
    runs = dict.fromkeys(mean.CASES, done) | {
        mean._probe(name): done.assign(at=("seed", np.full(SEEDS, value)))
        for name, value in accuracy.items()
    }
    monkeypatch.setattr(encodings, "both_views", lambda run: run["at"].values)
    monkeypatch.setattr(mean, "cosines", lambda p, run, name: np.ones(run.sizes["seed"]))
    monkeypatch.setattr(mean, "lead", lambda p, run, name: np.full(run.sizes["seed"], leads[name]))
    p = mv.regime("mae")
    assert mean.measure(p, runs).measured is Verdict.SUPPORTED
    (control,) = mean.CLAIMS[0].controls["mae"]
    assert mean.measure(p, control.look(p, runs)).measured is Verdict.REFUTED
    leads[mean.PLAIN] = 0.9
    assert mean.measure(p, runs).measured is Verdict.REFUTED


@pytest.mark.usefixtures("pictures")
def test_every_arm_of_a_cell_stands_on_its_own_pictures():
    p = regime()
    (claim,) = select(["D.map"])
    legs = claim.runs_needed(p)
    assert len(legs) == 4 * len(CELLS)
    for name, changes in CELLS.items():
        own = [
            legs[encodings.named(name, arm)].parameters
            for arm in (encodings.BEFORE, encodings.TUNED, encodings.PROBE, encodings.SUPERVISED)
        ]
        for changed_name, value in changes.items():
            assert {getattr(q, changed_name) for q in own} == {value}
    said = encoded.prediction(p)
    assert all(name in said for name in CELLS)


def test_the_figure_of_the_map_has_a_number_for_every_cell():
    rows = [
        dominoes_map.Row(f, name, name in FORETOLD, {"foreign response": 0.3}, np.full(5, 0.5))
        for f in ("teacher-student", "mae")
        for name in CELLS
    ]
    figure, numbers = dominoes_map.draw(rows)
    assert len(numbers) == 2 * len(CELLS)
    assert {row["captured"] for row in numbers} == {0.5}
    assert [len(axes.texts) for axes in figure.axes] == [5 * len(CELLS)] * 2
    assert len(dominoes_map._cells()) == len(CELLS) + len(encodings.BEYOND)
    assert "2 encodings above the rule" in dominoes_map.FIGURE.caption(rows)
