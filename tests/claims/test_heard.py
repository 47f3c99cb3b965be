"""Settings that change no run of a claim are named, and refused where no claim hears them."""

from dataclasses import replace

import pytest

import mrpverify as mv
from mrpverify.claims.heard import UnheardError, deaf_to_all, hears, unheard
from mrpverify.claims.registry import select
from mrpverify.regime import RegimeError, load_preset
from mrpverify.sweep.plan import Plan, PlanError, lay_out

PRESET = load_preset("quick")


def lines(names, **settings):
    return unheard(select(names), PRESET.regimes, PRESET.override(settings).regimes)


@pytest.mark.parametrize(
    ("name", "setting", "heard"),
    [
        ("T1.capture", {"k": 6}, True),
        ("T1.capture", {"eta_KD": 2}, False),
        ("KD.smoothing", {"s": 0}, False),
        ("KD.smoothing", {"mu": 0.1}, True),
        ("L1", {"k": 6}, False),
        ("L9", {"s": 0.5}, True),
        ("A.regime", {"s": 3}, True),
    ],
)
def test_a_claim_hears_what_changes_its_runs(name, setting, heard):
    """A.regime has no run: it looks at the regime."""
    if heard:
        assert lines([name], **setting) == ()
    else:
        ((symbol, value),) = setting.items()
        with pytest.raises(UnheardError, match=f"^{symbol}={value}.* changes no run of {name}"):
            lines([name], **setting)


def test_limits_that_a_flow_does_not_read_are_heard_by_whoever_may_descend_later():
    with pytest.raises(UnheardError, match=r"^max_steps=7000 changes no run of T1\.capture"):
        lines(["T1.capture"], max_steps=7000)
    (later,) = select(["T1.capture"])

    def measure(parameters):
        runs = yield {"pretraining": mv.Leg(parameters)}
        runs = yield {"descent": mv.Leg(replace(parameters, method="descent"))}
        return later.measure(parameters, runs)

    asks_again = replace(later, measure=measure)
    chosen = PRESET.override({"max_steps": 7000}).regimes
    assert unheard([asks_again], PRESET.regimes, chosen) == ()


def test_where_one_claim_hears_the_others_are_named():
    (line,) = lines(["L1", "L9"], s=0.5)
    assert line.startswith("s=0.5 changes no run of L1;")
    assert lines(["L1", "L9"]) == ()


def test_a_claim_that_is_not_judged_is_not_named():
    """L1 is not about the masked autoencoder."""
    mae = {"mae": PRESET.override({"s": 0.5}).regimes["mae"]}
    assert unheard(select(["L1", "L9"]), PRESET.regimes, mae) == ()


def test_the_value_that_it_had_is_no_setting():
    regime = PRESET.regimes["mae"]
    assert lines(["L1"], k=regime.classes) == ()


def test_a_claim_hears_through_any_of_its_frameworks():
    """A parameter that one objective alone reads."""
    (claim,) = select(["T1.capture"])
    changed = {f: replace(p, amplification=3.0) for f, p in PRESET.regimes.items()}
    assert hears(claim, "amplification", PRESET.regimes, changed)
    one = {"mae": changed["mae"]}
    assert not hears(claim, "amplification", PRESET.regimes, one)
    assert deaf_to_all(claim, PRESET.regimes, one)
    assert not deaf_to_all(claim, PRESET.regimes, PRESET.regimes), "nothing differs"


def test_what_has_no_such_regime_is_told_elsewhere():
    """Without the setting d there is no regime of k = 30; and L12 breaks at mu = 1."""
    assert lines(["T1.capture"], k=30, d=60) == ()


def test_from_python_a_verdict_about_other_regimes_is_refused():
    with pytest.raises(RegimeError, match="changes no run of L1: a verdict would be none"):
        mv.check("L1", mv.regime("teacher-student", k=20, d=60))


def plan(claims, **content):
    return Plan.model_validate({"claims": claims, "frameworks": ["teacher-student"], **content})


def test_a_sweep_along_what_nothing_hears_is_refused():
    with pytest.raises(PlanError, match=r"\[grid\] k: changes no run of L1: all cells would be"):
        lay_out(plan(["L1"], grid={"k": [4, 6]}), "p")
    with pytest.raises(PlanError, match=r"\[set\] or --set k=6 changes no run of L1"):
        lay_out(plan(["L1"], grid={"q": [3]}, set={"k": 6}), "p")
    assert lay_out(plan(["L1", "T1.capture"], grid={"k": [4, 6]}), "p").cells
