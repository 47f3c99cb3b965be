"""Validation, presets and --set: every complaint names the value, the range and what to do."""

import tomllib
from dataclasses import asdict, fields, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mrpverify import outside
from mrpverify.claims.registry import select
from mrpverify.parameters import DOMAINS, STAND_INS, Parameters, check_start, symbols
from mrpverify.regime import (
    PRESETS,
    RegimeError,
    build,
    check_seeds,
    load_preset,
    parse_settings,
    preset_folder,
)
from mrpverify.theory.assumptions import violated

# As spelt in the theory; the command line promises exactly these names.
PROMISED = [
    "k",
    "views",
    "m",
    "s",
    "d",
    "P",
    "N",
    "C_p",
    "q",
    "varrho",
    "sigma_0",
    "sigma_p",
    "theta",
    "mu",
    "rho",
    "Gamma",
    "gamma",
    "eta",
    "target",
    "bias",
    "decoder",
    "gain",
    "Delta",
]


def test_defaults_are_a_valid_regime():
    assert build({}) == Parameters()


@pytest.mark.parametrize("symbol", PROMISED)
def test_promised_symbols_exist(symbol):
    assert symbol in symbols()


def test_every_parameter_says_what_it_is_and_what_is_allowed():
    for item in fields(Parameters):
        assert len(item.metadata["meaning"]) > 10, item.name
        assert DOMAINS[item.name].words
    assert len(set(symbols().values())) == len(fields(Parameters))


def test_every_stand_in_has_a_reason():
    for name, item in STAND_INS.items():
        assert len(item.reason) > 20, name
        assert item.replaces, name


def test_symbols_and_names_mean_the_same():
    assert build({"k": 5, "theta": "0.25"}) == build({"classes": 5, "visible": 0.25})


@pytest.mark.parametrize(
    ("settings", "parts"),
    [
        ({"theta": 1.5}, ["theta=1.5", "<= 1", "--set theta="]),
        ({"theta": 0}, ["theta=0", "> 0"]),
        ({"theta": "half"}, ["theta=half", "a number"]),
        ({"theta": "nan"}, ["theta=nan"]),
        ({"sigma_0": "inf"}, ["sigma_0=inf"]),
        ({"k": 2.5}, ["k=2.5", "whole number"]),
        ({"k": 1}, ["k=1", ">= 2"]),
        ({"q": 1}, ["q=1", ">= 2"]),
        ({"bias": "perhaps"}, ["bias=perhaps", "true or false"]),
        ({"target": "some"}, ["target=some", "all, masked"]),
        ({"d": 15}, ["d=15", "16", "Raise d"]),
        ({"s": 9}, ["s=9", "k = 8"]),
        ({"gain": "ema", "stop_gradient": False}, ["stop_gradient=false", "another gain"]),
        ({"gain": "release", "method": "flow"}, ["gain=release", "method=descent"]),
        ({"gain": "ema", "method": "flow"}, ["gain=ema", "no flow"]),
        ({"horizon": 5}, ["horizon=5", "horizon_factor"]),
        ({"z_own_low": 2}, ["z_own_low=2", "z_own_high"]),
        ({"thetta": 0.5}, ["thetta=0.5", "did you mean theta"]),
        ({"nois": 1}, ["nois=1", "did you mean noise?"]),
        ({"zzz": 1}, ["zzz=1", "--list"]),
    ],
)
def test_bad_values_are_named_with_their_range(settings, parts):
    with pytest.raises(RegimeError) as caught:
        build(settings)
    for part in parts:
        assert part in str(caught.value)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("decoder", "typo"),
        ("target", "visible"),
        ("gain", "emaa"),
        ("similarity", "dot"),
        ("noise", "offspan"),
        ("precision", "float16"),
        ("framework", "simclr"),
        ("visible", 1.5),
        ("visible", "0.5"),
        ("step", float("nan")),
        ("step", float("inf")),
        ("step", 10**400),
        ("images", 2.5),
        ("images", True),
        ("images", float("inf")),
        ("bias", 1),
        ("bias", None),
        ("gain", ["hold"]),
        ("dimension", 15),
        ("off_class", 9),
        ("own_low", 2.0),
        ("horizon_factor", 0.5),
    ],
)
def test_a_regime_is_checked_wherever_it_is_made_with_the_message_of_build(name, value):
    with pytest.raises(RegimeError) as replaced:
        replace(Parameters(), **{name: value})
    with pytest.raises(RegimeError) as made:
        Parameters(**{name: value})
    assert str(made.value) == str(replaced.value)
    assert f"{DOMAINS[name].symbol}={value}" in str(made.value)
    if not isinstance(value, str) or DOMAINS[name].choices:  # text is read by build alone
        with pytest.raises(RegimeError) as built:
            build({name: value})
        assert str(built.value) == str(made.value)


def test_every_complaint_is_heard_at_once():
    with pytest.raises(RegimeError, match=r"theta=2: .*; eta=-1: "):
        Parameters(visible=2, step=-1)


def test_a_number_is_kept_in_the_type_of_its_field():
    """Or equal regimes would have different keys."""
    p = Parameters(horizon=5, visible=np.float32(0.5), classes=np.int64(8), images=30.0)
    assert [type(v) for v in (p.horizon, p.visible, p.classes, p.images)] == [
        float,
        float,
        int,
        int,
    ]
    assert p == Parameters(horizon=5.0, visible=0.5, classes=8, images=30)


def test_laws_may_end_at_coverage_but_a_judged_regime_may_not():
    assert Parameters(horizon_factor=1.0).horizon_factor == 1
    with pytest.raises(RegimeError, match=r"horizon_factor=1: must be a number >= 2"):
        build({"horizon_factor": 1})


def test_clocks_of_their_own_need_room_after_coverage():
    """Where T is asked of coverage: the regimes of some laws have a T of their own."""
    free = Parameters(horizon_factor=1.1, method="flow")
    with pytest.raises(RegimeError, match=r"horizon_factor=1: under method=flow"):
        check_start(replace(free, horizon_factor=1.0), None, 1)
    for known in ({"framework": "mae"}, {"method": "descent"}, {"horizon": 10.0}):
        check_start(replace(free, horizon_factor=1.0, **known), None, 1)
    for claim in select(["L16", "S.*"]):
        for leg in claim.runs_needed(load_preset("quick").regimes["teacher-student"]).values():
            assert leg.requests("a", [0])


@pytest.mark.parametrize("pair", ["theta", "=3", "theta=", ""])
def test_set_needs_key_and_value(pair):
    with pytest.raises(RegimeError, match="key=value"):
        parse_settings([pair])


def test_framework_is_not_set_by_set():
    with pytest.raises(RegimeError, match="--framework"):
        parse_settings(["framework=mae"])


@pytest.mark.parametrize("name", PRESETS)
def test_shipped_presets_load_and_have_enough_seeds(name):
    preset = load_preset(name)
    assert preset.seeds >= 24
    for framework, regime in preset.regimes.items():
        assert regime.framework == framework


@pytest.mark.parametrize("name", PRESETS)
def test_shipped_presets_lie_inside_the_regime(name):
    """Pretraining is followed by fine-tuning and compared with supervised runs from its init."""
    for framework, regime in load_preset(name).regimes.items():
        after = () if framework == "supervised" else ("supervised", "fine-tuning")
        for stage in (framework, *after):
            assert [c.id for c in violated(regime, stage)] == [], (framework, stage)


def test_presets_hold_no_unknown_words():
    for path in preset_folder().glob("*.toml"):
        assert tomllib.loads(path.read_text()), path


def test_override_reaches_every_framework_and_is_checked():
    preset = load_preset("quick").override({"theta": "0.9"})
    assert {regime.visible for regime in preset.regimes.values()} == {0.9}
    with pytest.raises(RegimeError, match="theta"):
        preset.override({"theta": "2"})


@pytest.mark.parametrize(
    ("content", "part"),
    [
        ("seeds = 0", "1 to 10000"),
        ("seeds = 2.5", "whole number"),
        ("[shared]\nthetta = 1", "did you mean"),
        ("[mae]\ntheta = 7", "[mae]"),
        ("[banana]\nk = 2", "'banana'"),
        ('[shared]\nk = "2"', "k='2': is a text"),
        ('[mae]\nbias = "false"', "bias='false': is a text"),
        ("mae = 3", "must be a table"),
        ("= = =", "not valid TOML"),
    ],
)
def test_bad_presets_are_explained(tmp_path, content, part):
    path = tmp_path / "own.toml"
    path.write_text(content)
    with pytest.raises(RegimeError) as caught:
        load_preset(str(path))
    assert part in str(caught.value)


def test_missing_and_unknown_presets_are_explained(tmp_path):
    with pytest.raises(RegimeError, match="cannot read"):
        load_preset(str(tmp_path / "absent.toml"))
    with pytest.raises(RegimeError, match="quick, paper, large"):
        load_preset("quickly")


@pytest.mark.parametrize("seeds", [True, 2.0, "3", 0, -1, 10_001])
def test_impossible_seed_numbers_are_refused(seeds):
    with pytest.raises(RegimeError, match="seeds="):
        check_seeds(seeds)


@given(st.fixed_dictionaries({"theta": st.floats(0.01, 1), "m": st.integers(1, 50)}))
def test_a_regime_survives_the_way_through_text(values):
    first = build(values)
    assert build({k: str(v) for k, v in asdict(first).items()}) == first


def test_an_objective_that_changes_something_after_a_step_has_no_flow(monkeypatch):
    """Of one from outside nothing was heard: under a flow no step is told of."""
    objective = outside.load(outside.OBJECTIVES, "teacher-student")
    flow = replace(Parameters(), method="flow")
    check_start(flow, None, 1)
    changing = replace(objective, in_steps=None)
    monkeypatch.setattr(outside, "load", lambda group, name: changing)
    with pytest.raises(RegimeError, match="no flow to follow"):
        check_start(flow, None, 1)
    check_start(replace(flow, method="descent"), None, 1)
