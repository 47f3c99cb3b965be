"""An objective, a data law and a claim of another distribution, without touching this one."""

import os
import pickle
import subprocess
import sys
import sysconfig
import venv
from dataclasses import asdict, replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

import mrpverify as mv
from mrpverify import outside
from mrpverify.derivations import no_prediction
from mrpverify.parameters import Parameters, changed, check_patches, regime_of, relevant
from mrpverify.records.labelled import Request
from mrpverify.records.store import CACHE_VARIABLE
from mrpverify.regime import RegimeError, load_preset
from mrpverify.simulate.sample import sample_images
from mrpverify.theory import data_law, theorem1
from mrpverify.theory.assumptions import applying
from mrpverify.theory.curvature import largest_curvature

EXAMPLE = Path(__file__).parent / "outside" / "example"
PACKAGE = EXAMPLE / "mrpverify_example"
SMALL = ("k=2", "d=10", "N=100", "m=6", "s=0.1", "sigma_0=0.01", "sigma_p=0.01", "theta=0.6")
REGIME = {
    "k": 2, "d": 10, "N": 100, "m": 6, "s": 0.1, "sigma_0": 0.02, "sigma_p": 0.01, "theta": 0.6,
}  # fmt: skip
SETTINGS = [part for pair in SMALL for part in ("--set", pair)]
ASKED = ("EX.every_view", "--framework", "dropped-patches", *SETTINGS)


@pytest.fixture(scope="module")
def plugin(tmp_path_factory):
    """All three in one file, as somebody has them who makes no distribution."""
    file = tmp_path_factory.mktemp("plugin") / "mine.py"
    names = {"dropped_patches": "OBJECTIVE", "three_views": "LAW", "every_view": "CLAIMS"}
    lines = [f"import sys; sys.path.insert(0, {str(EXAMPLE)!r})"]
    lines += [f"from mrpverify_example.{module} import {name}" for module, name in names.items()]
    file.write_text("\n".join(lines))
    return file


@pytest.fixture
def known(plugin, monkeypatch):
    """The file is in use, and is no more afterwards."""
    monkeypatch.setenv(outside.PLUGINS, str(plugin))
    return plugin


def command(python, *arguments, cache, **variables):
    environment = {**os.environ, CACHE_VARIABLE: str(cache), **variables}
    return subprocess.run(
        [str(python), "-m", "mrpverify.check", *arguments],
        capture_output=True, text=True, check=False, timeout=600, env=environment, cwd=cache,
    )  # fmt: skip


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Python of a fresh environment that has the built distribution beside this environment's."""
    folder = tmp_path_factory.mktemp("installed")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check"]
    built = subprocess.run(
        [*pip, "wheel", "--quiet", "--no-deps", str(EXAMPLE), "-w", str(folder / "dist")],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    if "No matching distribution found for hatchling" in built.stderr:
        pytest.skip("the build backend cannot be had here")
    assert built.returncode == 0, built.stderr
    (wheel,) = (folder / "dist").glob("*.whl")
    venv.create(folder / "env", with_pip=False)
    python = folder / "env" / "bin" / "python"
    site = sysconfig.get_path("purelib", vars={"base": str(folder / "env")})
    subprocess.run(
        [*pip, "install", "--quiet", "--no-deps", "--no-index", "--target", site, str(wheel)],
        check=True,
    )
    beside = [sysconfig.get_path("purelib"), str(Path(mv.__file__).parent.parent)]
    Path(site, "beside.pth").write_text("\n".join(beside) + "\n")
    return python


def test_a_built_and_installed_distribution_is_judged(installed, tmp_path):
    """EX.every_view holds in 16 of 16 seeds, and its control in none of four, at this regime."""
    found = command(installed, *ASKED, "--seeds", "16", cache=tmp_path)
    assert found.returncode == 0, found.stdout + found.stderr
    assert "SUPPORTED" in found.stdout
    law = ("--set", "law=three-views", "--set", "views=3", "--set", "S_3=0.9", "--quiet")
    found = command(installed, *ASKED, *law, "--seeds", "2", cache=tmp_path)
    assert found.returncode in (2, 4), found.stdout + found.stderr
    listed = subprocess.run(
        [str(installed), "-m", "mrpverify", "list", "parameters", "EX.*"],
        capture_output=True, text=True, check=True, env={**os.environ, "COLUMNS": "200"},
    ).stdout  # fmt: skip
    for name in ("EX.every_view", "S_3", "louder"):
        assert name in listed


def test_each_is_one_short_file_with_public_names_alone():
    for file in PACKAGE.glob("*.py"):
        text = file.read_text()
        assert len(text.splitlines()) <= 75
        own = [line for line in text.splitlines() if "import" in line and "mrpverify" in line]
        allowed = ("import mrpverify as mv", "from mrpverify import parts", '"""')
        assert all(line.startswith(allowed) for line in own), (file, own)
    assert len((PACKAGE / "every_view.py").read_text().splitlines()) <= 60


def test_the_document_shows_what_is_tested():
    written = (Path(__file__).parents[1] / "docs" / "from_outside.md").read_text()
    for file in ("dropped_patches", "three_views", "every_view"):
        assert f"```python\n{(PACKAGE / f'{file}.py').read_text()}```" in written
    groups = (EXAMPLE / "pyproject.toml").read_text().split('dependencies = ["mrpverify"]')[1]
    assert groups.strip() in written


def test_a_regime_has_the_parts_of_its_objective_and_its_law(known):
    p = mv.regime("dropped-patches", law="three-views", views=3, S_3=0.5, **REGIME)
    assert (p.third, p.louder, p.framework, p.views) == (0.5, True, "dropped-patches", 3)
    assert pickle.loads(pickle.dumps(p)) == p
    assert {"third", "louder", "visible", "labels"} < set(relevant(p))
    assert not {"gain", "target", "tolerance", "encoder_step"} & set(relevant(p))
    back = changed(p, framework="mae", law="multi-view")
    assert type(back) is Parameters
    assert back.visible == p.visible
    with pytest.raises(RegimeError, match=r"S_3=2.*<= 1"):
        mv.regime("dropped-patches", law="three-views", views=3, S_3=2, **REGIME)
    with pytest.raises(RegimeError, match="views=2: the law three-views has 3"):
        mv.regime("dropped-patches", law="three-views", **REGIME)
    with pytest.raises(RegimeError, match="has parameters of its own"):
        Parameters(framework="dropped-patches")
    with pytest.raises(RegimeError, match=r"S_3=0\.5: belongs to an objective or a data law"):
        load_preset("quick").override({"S_3": 0.5})
    with pytest.raises(RegimeError, match=r"law=three: must be"):
        mv.regime("mae", law="three")


def test_masks_of_fixed_size_need_an_objective_that_knows_them(known):
    with pytest.raises(RegimeError, match=r"masks=fixed: the objective dropped-patches"):
        mv.regime("dropped-patches", masks="fixed", **REGIME)
    theirs = outside.load(outside.OBJECTIVES, "dropped-patches")
    object.__setattr__(theirs, "fixed_masks", True)
    try:
        p = mv.regime("dropped-patches", masks="fixed", P=10, **{**REGIME, "theta": 0.5})
        assert p.mask_law.shown == 5
    finally:
        object.__setattr__(theirs, "fixed_masks", False)


def test_a_law_from_outside_that_does_not_fit_is_refused_with_its_own_number(known):
    """A regime cannot know how many patches images from outside will have."""
    p = mv.regime("mae", masks="fixed", P=5, theta=0.4, views=1, s=0.0, C_p=1, k=2, d=4)
    check_patches(p, [5, 10])
    with pytest.raises(RegimeError, match="images of 7 patches"):
        check_patches(p, [5, 7])
    check_patches(replace(p, masks="bernoulli"), [7])


def test_what_is_not_known_from_outside_is_a_clear_error(tmp_path, monkeypatch):
    monkeypatch.setenv(outside.PLUGINS, "")
    with pytest.raises(RegimeError, match="framework=dropped-patches: must be one of"):
        regime_of({"framework": "dropped-patches"})
    file = tmp_path / "broken.py"
    file.write_text("OBJECTIVES = (object(),)\n")
    found = command(sys.executable, "A.regime", "--plugin", file, cache=tmp_path)
    assert found.returncode == 2
    assert "has no name of its own" in found.stderr
    assert "Traceback" not in found.stderr


def test_a_file_brings_one_object_or_a_tuple_and_not_what_it_imports_of_this_package():
    mine, other = SimpleNamespace(name="mine"), SimpleNamespace(name="other")
    for group, name in ((outside.OBJECTIVES, "OBJECTIVE"), (outside.LAWS, "LAW")):
        ours = SimpleNamespace(name=outside.own(group)[0])
        for there, expected in (
            ({}, ()),
            ({name: mine}, (mine,)),
            ({name: ours}, ()),
            ({f"{name}S": (mine, other)}, (mine, other)),
            ({f"{name}S": (mine, other), name: mine}, (mine, other)),
        ):
            assert outside.brought(SimpleNamespace(**there), group) == expected


def test_each_file_of_the_example_can_be_named_alone(monkeypatch):
    monkeypatch.setenv(outside.PLUGINS, "")
    for group, name in ((outside.OBJECTIVES, "dropped-patches"), (outside.LAWS, "three-views")):
        outside.use(PACKAGE / f"{name.replace('-', '_')}.py")
        assert name in outside.names(group)
    assert mv.regime("dropped-patches", law="three-views", views=3, louder=False).views == 3


class NoDataClass:
    share = 0.5


@pytest.mark.parametrize(
    ("group", "name", "wrong", "told"),
    [
        (outside.OBJECTIVES, "mae", {"theory": None}, "theory=None is no Theory"),
        (outside.OBJECTIVES, "mae", {"parts": (NoDataClass,)}, "is no data class"),
        (outside.LAWS, "imperfect", {"parts": (NoDataClass,)}, "is no data class"),
    ],
)
def test_an_objective_or_a_law_that_is_none_is_refused_where_it_is_written(
    group, name, wrong, told
):
    with pytest.raises(TypeError, match=told):
        replace(outside.load(group, name), **wrong)


@pytest.mark.parametrize(
    ("name", "draw", "told"),
    [
        ("strengths", lambda n, count: torch.full((n, count), torch.nan), "not all that it gave"),
        ("strengths", lambda n, count: None, "of finite floating numbers, and gave a NoneType"),
        ("strengths", lambda n, count: torch.ones(n, count - 1), r"gave one of shape \[\d+, 5\]"),
        ("strengths", lambda n, count: torch.ones(n, count).long(), "gave torch.int64"),
        ("present", lambda n, count: None, "of True or False .torch.bool., and gave a NoneType"),
        ("present", lambda n, count: torch.ones(n), r"gave one of shape \[\d+\]"),
        ("present", lambda n, count: torch.ones(n, count), "gave torch.float32"),
    ],
)
def test_a_law_that_draws_none_of_what_it_should_is_named(known, monkeypatch, name, draw, told):
    p = mv.regime("dropped-patches", law="three-views", views=3, **REGIME)
    law = outside.load(outside.LAWS, "three-views")
    broken = replace(law, **{name: lambda p, labels, *given: draw(len(labels), p.features)})
    monkeypatch.setattr(outside, "load", lambda group, name: broken)
    with pytest.raises(ValueError, match=f"law three-views: {name} is to give .*{told}"):
        sample_images(p, "tests", [0])


def test_a_law_whose_roles_are_none_is_named(known, monkeypatch):
    p = mv.regime("dropped-patches", law="three-views", views=3, **REGIME)
    broken = replace(outside.load(outside.LAWS, "three-views"), roles=lambda p: 3)
    monkeypatch.setattr(outside, "load", lambda group, name: broken)
    with pytest.raises(outside.OutsideError, match="law three-views: its roles are 3"):
        data_law.roles(p)


def test_the_roles_of_a_law_have_the_moments_of_its_images(known):
    """|z| < 4.4 for three moments of one law: false alarm 3e-5."""
    p = mv.regime(
        "dropped-patches", law="three-views", views=3, S_3=0.6,
        **{**REGIME, "N": 20000, "mu": 0.3, "s": 0.5, "k": 4, "d": 12},
    )  # fmt: skip
    images = mv.sample(p, salt="roles")
    strength, number = images.strength[0], len(images.labels[0])
    for power in (1, 3, 6):
        drawn = (strength.clamp(min=0) ** power).sum(1) / p.features
        predicted = data_law.mean_power_sum(p, power)
        error = float(drawn.std()) / number**0.5
        assert abs(float(drawn.mean()) - predicted) < 4.4 * error
    usual = replace(p, third=1.0)
    assert data_law.mean_power_sum(usual, 3) == pytest.approx(
        data_law.mean_power_sum(changed(usual, law="multi-view"), 3)
    )


def test_a_run_depends_on_its_own_options_and_on_the_source_of_both(known, tmp_path, monkeypatch):
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    p = mv.regime("dropped-patches", **{**REGIME, "N": 40, "max_steps": 20})
    request = Request(p, "outside", 0)
    assert {"objective"} <= set(request.identity())
    assert "law" not in request.identity()
    assert "objective" not in Request(changed(p, framework="supervised"), "outside", 0).identity()
    other = replace(p, louder=False)
    assert Request(other, "outside", 0).key() != request.key()
    one, two = (mv.train(q, salt="outside", seeds=1, stored=False) for q in (p, other))
    assert not np.array_equal(one["final_weights"], two["final_weights"])
    stored = mv.train(p, salt="outside", seeds=2, workers=2)
    np.testing.assert_array_equal(stored["final_weights"][0], one["final_weights"][0])


def test_nothing_is_predicted_where_nothing_is_derived(known):
    p = mv.regime("dropped-patches", **REGIME)
    assert theorem1.predict_capture(p) == no_prediction("dropped-patches")
    assert np.isnan(theorem1.predicted_crossing_time(p))
    assert np.isnan(largest_curvature(p, p.framework))
    names = {condition.id for condition in applying(p, p.framework)}
    assert {"weak view", "initial scale"} < names
    assert not {"coverage", "leak race", "losing view"} & names


def test_the_gradient_from_outside_is_that_of_its_loss(known):
    """At theta = 1 no mask is drawn, and the loss is a function whose slope can be measured."""
    p = mv.regime("dropped-patches", **{**REGIME, "theta": 1.0, "sigma_0": 0.4})
    p = replace(p, precision="float64")
    objective = outside.load(outside.OBJECTIVES, "dropped-patches")
    images = mv.sample(p)
    weights = p.init_scale * torch.randn(1, p.kernels, p.dimension, dtype=torch.float64)
    state = objective.start(p, weights, "a", [0])
    move, _ = objective.direction(p, state, images, None)
    way = torch.randn_like(weights)
    losses = [
        objective.loss(p, {"weights": weights + step * way}, images, None) for step in (1e-5, -1e-5)
    ]
    slope = float((losses[0] - losses[1]) / 2e-5)
    assert slope == pytest.approx(-float((move["weights"] * way).sum()), rel=1e-6)


def test_asdict_makes_the_same_regime_again(known):
    p = mv.regime("dropped-patches", **REGIME)
    assert regime_of(asdict(p)) == p


@pytest.mark.parametrize(
    ("broken", "said"),
    [
        ("roles=lambda p: mv.multi_view_roles(p)[:2]", "its roles lack"),
        ("roles=lambda p: list(mv.multi_view_roles(p))", "and no tuple of Roles"),
        ("roles=lambda p: (*mv.multi_view_roles(p), 'off')", "and no tuple of Roles"),
        ("roles=lambda p: 1 / 0", "ZeroDivisionError"),
        ("roles=mv.multi_view_roles, conditions=lambda p: 1 / 0", "ZeroDivisionError"),
        ("roles=mv.multi_view_roles, complaints=lambda p: 1 / 0", "complaints failed (ZeroDivi"),
        ("roles=mv.multi_view_roles, complaints=lambda p: 'no'", "complaints returned 'no', where"),
        ("roles=mv.multi_view_roles, needs='digits'", "needs='digits' is no tuple of texts"),
    ],
)
def test_a_law_that_says_nothing_of_its_images_is_told_before_any_work(tmp_path, broken, said):
    """They ended in a traceback after all runs, and the result was lost."""
    (tmp_path / "mine.py").write_text(
        "import mrpverify as mv\n"
        f"LAW = mv.DataLaw(name='mine', parts=(), strengths=mv.strengths, {broken})\n"
    )
    asked = ("T1.capture", "--plugin", str(tmp_path / "mine.py"), "--set", "law=mine", *SETTINGS)
    ended = command(sys.executable, *asked, "--seeds", "2", cache=tmp_path)
    assert ended.returncode == 2, ended.stderr
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not list(tmp_path.glob("cpu/*/*")), "nothing was trained"


OBJECTIVE = """
from dataclasses import replace
import mrpverify as mv
from mrpverify.objectives.mae.gradient import OBJECTIVE
from mrpverify.objectives.mae.theory import THEORY
from mrpverify.claims.registry import select
OBJECTIVES = (replace(OBJECTIVE, name="mine", like="mae", theory=replace(THEORY, {theory})),)
(ONE,) = select(["T1.capture"])
CONTROLS = {{"mine": ONE.controls["mae"]}}
CLAIMS = (replace(ONE, id="mine.capture", name="mine.capture", controls=CONTROLS),)
"""


@pytest.mark.parametrize(
    ("theory", "said"),
    [
        ("conditions=lambda p: 1 / 0", "ZeroDivisionError"),
        ("conditions=lambda p: None", "objective mine: its conditions hold None"),
        ("conditions=lambda p: ('small',)", "objective mine: its conditions hold 'small'"),
        (
            "conditions=lambda p: (mv.Condition('c', 's', '[D]', ('mine',), 'one', 2.0),)",
            "condition 'c' holds 'one'",
        ),
    ],
)
def test_conditions_of_an_objective_that_are_none_are_told_before_any_work(tmp_path, theory, said):
    """They ended in a traceback while the report was printed."""
    (tmp_path / "mine.py").write_text(OBJECTIVE.format(theory=theory))
    asked = (str(tmp_path / "mine.py"), "--framework", "mine")
    ended = command(sys.executable, *asked, "--seeds", "2", "--set", "k=2", cache=tmp_path)
    assert ended.returncode == 2, ended.stderr
    assert said in ended.stderr
    assert "Traceback" not in ended.stderr
    assert not list(tmp_path.glob("cpu/*/*")), "nothing was trained"
