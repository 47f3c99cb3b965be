"""The claims on dominoes, on made pictures and without any; real ones where they are fetched."""

import os
import subprocess
import sys

import numpy as np
import pytest
import xarray as xr

import mrpverify as mv
from mrpverify.claims.dominoes import arms, capture, leak, lottery
from mrpverify.claims.heard import UnheardError, unheard
from mrpverify.claims.legs import SUPERVISED
from mrpverify.claims.registry import select
from mrpverify.claims.supervised.runs import observed_winner, predicted_winner
from mrpverify.dominoes.measured import measured
from mrpverify.figures.drawing_order import drawable
from mrpverify.images.folder import MissingDataError, is_there, missing_message
from mrpverify.images.idx import CONTENT, content_digest, load
from mrpverify.judge.verdicts import Verdict
from mrpverify.parameters import changed
from mrpverify.records.store import CACHE_VARIABLE
from mrpverify.regime import load_preset
from mrpverify.report.own_regime import own_regime

CLAIMS = [claim.id for claim in select(["dominoes", "encodings"])]


def small():
    """Three classes of made pictures, which are so clean that few kernels and images do."""
    own = arms.regime(mv.regime("teacher-student"))
    return changed(
        own, classes=3, digits=345, garments=678, dimension=12, images=90, kernels_per_class=10,
        off_features=1, single_view=0.05, test_images=60, downstream_steps=100,
    )  # fmt: skip


FOUR, ONE = ("D.capture", "D.gain", "D.retain", "D.cover"), (
    "D.lottery", "D.baseline", "D.mask", "D.init", "D.time", "D.leak", "D.map",
)  # fmt: skip
MAE = ("D.mean",)


@pytest.fixture(scope="module")
def checked(made):
    """Results by claim: some on four seeds, the others on one, which only has to work."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(CACHE_VARIABLE, str(made))
        patch.setattr(arms, "MASKED_STEP", 1.0)
        decoded = changed(small(), framework="mae")
        found = [
            result
            for names, seeds, regime in ((FOUR, 4, small()), (ONE, 1, small()), (MAE, 1, decoded))
            for result in mv.check(names, regime, salt="made", seeds=seeds).results
        ]
    return {
        f"{r.claim.id} {r.claim.horizon}" if r.claim.id == "D.capture" else r.claim.id: r
        for r in found
    }


def test_every_claim_of_the_issue_is_there_and_asks_for_its_data():
    assert {"D.capture", "D.lottery", "D.retain", "D.gain", "D.mask", "D.init"} < set(CLAIMS)
    assert {"D.cover", "D.time", "D.leak"} < set(CLAIMS)
    assert all(claim.needs == ("digits", "garments") for claim in select(["dominoes"]))
    assert not [claim for claim in select(["all"]) if claim.group == "dominoes"]


def test_nothing_breaks_and_no_verdict_hangs_on_a_condition(checked):
    assert {r.claim.id for r in checked.values()} == set(CLAIMS) == {*FOUR, *ONE, *MAE}
    for result in checked.values():
        assert result.verdict is not Verdict.ERROR, result.measurement.details
        assert result.violated == ()
        assert all(r.measurement.measured is not Verdict.ERROR for r in result.controls)


def test_the_controls_fail_on_made_pictures(checked):
    for name in ("D.capture T", "D.gain", "D.retain", "D.cover"):
        failed = {r.control.id: r.failed_as_it_should for r in checked[name].controls}
        # In twelve dimensions a kernel of noise may well point at one of six features.
        failed.pop("pictures of noise", None)
        if name == "D.gain":  # decayed kernels are a small init, and clean pictures teach it both
            failed.pop("gain 1")
        assert failed
        assert all(failed.values()), (name, failed)


def test_pretraining_holds_what_supervised_learning_does_not(checked):
    """Of made pictures both views of every class are held in every seed of four."""
    capture = checked["D.capture T"].measurement
    assert capture.successes == 4
    gain = checked["D.gain"].measurement
    assert gain.details["parts"]["single-view gain"]["mean"] > 0.1
    assert gain.details["accuracies"]["fine-tuned"]["single_view"]["mean"] > 0.95


def test_what_was_hidden_is_missing_and_a_control_that_saw_it_is_refuted(checked):
    result = checked["D.cover"]
    for lacking in ("garments", "digits", "two garments"):
        assert result.measurement.details[f"hidden views, lacking {lacking}"]["mean"] < 0.5
    whole, other = result.controls
    assert whole.measurement.measured is Verdict.REFUTED
    # What was shown is lost then: on the other part of the claim it is refuted.
    assert other.measurement.measured is Verdict.REFUTED


def test_a_rule_that_foretells_the_other_view_is_right_where_the_rule_is_wrong(pictures):
    """Of two views one is favoured: turned round, the other one is, and nothing else changes."""
    p, rng = small(), np.random.default_rng(0)
    shape = (4, p.kernels, p.features)
    run = xr.Dataset(
        {
            "initial_correlations": (("seed", "kernel", "feature"), rng.uniform(0.01, 0.1, shape)),
            "own_activity": (("seed", "feature"), rng.uniform(0.5, 1.5, (4, p.features))),
            "crossing_time": (("seed", "kernel", "feature"), rng.uniform(1, 9, shape)),
        }
    )
    control = next(c for c in lottery.CONTROLS if c.id == "the other view foretold")
    turned = control.look(p, {SUPERVISED: run})[SUPERVISED]
    favoured, other = (predicted_winner(p, one) for one in (run, turned))
    assert set(favoured.ravel()) == {0, 1}
    np.testing.assert_array_equal(other, 1 - favoured)
    np.testing.assert_array_equal(observed_winner(p, turned), observed_winner(p, run))


def leaking(parameters, late, seeds=24):
    """Runs of kernels that hold one feature each, of which a share `late` leaks later."""
    p = parameters
    pure = np.zeros((seeds, p.kernels, p.features))
    pure[..., 0] = 1.0
    then = pure.copy()
    then[:, : round(late * p.kernels), p.views] = 1.0
    where = ("seed", "kernel", "feature")
    return xr.Dataset(
        {
            "crossing_time": (where, np.where(pure > 0, 1.0, np.inf)),
            "crossing_correlations": (where, pure),
            "final_correlations": (where, then),
        }
    )


@pytest.mark.parametrize(
    ("late", "alone", "verdict"),
    [
        (0.4, 0.0, Verdict.SUPPORTED),
        (0.4, 0.3, Verdict.SUPPORTED),
        (0.4, 0.4, Verdict.INCONCLUSIVE),
        (0.4, 0.5, Verdict.REFUTED),
        (0.0, 0.0, Verdict.REFUTED),
    ],
)
def test_a_leak_is_told_from_none_and_from_one_without_off_class_pictures(
    pictures, late, alone, verdict
):
    p = small()
    own = leaking(p, late)
    runs = {leak.PRETRAINING: own, leak.LATE: own, leak.ALONE: leaking(p, alone)}
    assert leak.measure(p, runs).measured is verdict
    for control in leak.CONTROLS:
        failed = leak.measure(p, control.look(p, runs)).measured
        assert failed is Verdict.REFUTED or verdict is not Verdict.SUPPORTED


def test_a_regime_of_dominoes_is_taken_as_it_is(pictures):
    p = small()
    assert arms.regime(p) is p
    assert arms.supervised(p).parameters.horizon == arms.SL_TIME
    assert arms.supervised(p, 5.0).parameters.horizon == 5 * arms.SL_TIME
    assert arms.downstream(changed(p, lacking="digits")).parameters.lacking == "nothing"
    length = arms.untrained(p).init_scale * p.dimension**0.5
    assert length == pytest.approx(arms.MRP_LENGTH)


def command(*arguments, cache):
    return subprocess.run(
        [sys.executable, "-m", *arguments],
        capture_output=True, text=True, check=False, env={**os.environ, CACHE_VARIABLE: str(cache)},
    )  # fmt: skip


def test_without_data_a_check_ends_with_2_and_names_the_command(tmp_path):
    found = command("mrpverify.check", "dominoes", cache=tmp_path)
    assert found.returncode == 2
    assert "get with: python -m mrpverify.images fetch digits garments" in found.stderr
    assert "Traceback" not in found.stderr


def test_without_data_the_figure_is_left_out(tmp_path, monkeypatch, capsys):
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    assert "dominoes" not in [figure.name for figure in drawable(["all"], published=False)]
    assert "left out dominoes: digits garments are not here" in capsys.readouterr().err
    with pytest.raises(MissingDataError, match="images fetch digits garments"):
        drawable(["dominoes"], published=False)
    with pytest.raises(MissingDataError, match="not ours to publish"):
        drawable(["dominoes"], published=True)


@pytest.mark.skipif(
    not (is_there("digits") and is_there("garments")), reason=missing_message(arms.NEEDS) or "here"
)
def test_the_fetched_pictures_are_the_published_ones():
    assert {name: content_digest(load(name)) for name in CONTENT} == dict(CONTENT)
    found = measured(arms.regime(mv.regime("teacher-student")))
    assert np.abs(found.gram - np.eye(10)).max() < 0.2
    assert found.strength.mean() == pytest.approx(1.1, abs=1e-3)


@pytest.mark.usefixtures("pictures")
def test_settings_are_heard_where_the_law_is_chosen_and_told_where_it_is_not():
    """Without `law=dominoes` a claim takes its recipe whatever the preset says."""
    claim, _ = select(["D.capture"])
    preset = load_preset("quick")
    with pytest.raises(UnheardError, match=r"k=6 changes no run of D\.capture"):
        unheard([claim], preset.regimes, preset.override({"k": 6}).regimes)
    chosen = preset.override({"law": "dominoes", "k": 3, "digits": 345, "garments": 678}).regimes
    assert unheard([claim], preset.regimes, chosen) == ()
    own = own_regime(claim, preset.regimes["teacher-student"])
    assert own.startswith("law=dominoes, k=5, m=12, N=500, d=40")


def test_the_cosine_of_what_is_held_forgets_how_long_a_kernel_is():
    weights = np.array([[[3.0, 0.0], [0.0, 0.5], [0.6, 0.8], [0.0, 0.0]]])
    dims = ("seed", "kernel", "feature")
    run = xr.Dataset(
        {
            "final_weights": (("seed", "kernel", "dimension"), weights),
            "final_correlations": (dims, weights),  # two features along the axes
        }
    )
    np.testing.assert_allclose(capture._cosine(run), [np.median([1, 1, 0.8, 0])])
