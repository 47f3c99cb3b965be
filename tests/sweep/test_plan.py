"""Plans: what is written, what it lays out, and what is refused before any work."""

import itertools
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mrpverify.sweep import sweeping
from mrpverify.sweep.plan import (
    Plan,
    PlanError,
    Range,
    lay_out,
    plan_path,
    read_plan,
    shipped_plans,
)
from tests.sweep.tiny import PLAN, records, write_plan


def plan(**changes):
    content = {"claims": ["T1.capture"], "frameworks": ["mae"], "grid": {"theta": [0.3, 0.5]}}
    return Plan.model_validate({**content, **changes})


@given(
    theta=st.lists(st.floats(0.01, 1), min_size=1, max_size=4, unique=True),
    m=st.lists(st.integers(1, 50), min_size=1, max_size=4, unique=True),
)
def test_the_grid_is_the_product_of_its_axes_in_their_order(theta, m):
    cells = lay_out(plan(grid={"theta": theta, "m": m}), "p").cells
    assert [tuple(cell.point.values()) for cell in cells] == list(itertools.product(theta, m))
    for cell in cells:
        regime = cell.regimes["mae"]
        assert (regime.visible, regime.kernels_per_class) == tuple(cell.point.values())


def test_zipped_axes_move_together_and_cross_the_others():
    grid = {"k": [4, 6], "theta": [0.3, 0.5, 0.7], "d": [16, 24]}
    cells = lay_out(plan(grid=grid, zip=[["k", "d"]]), "p").cells
    points = [tuple(cell.point.values()) for cell in cells]
    assert points == [(4, t, 16) for t in grid["theta"]] + [(6, t, 24) for t in grid["theta"]]


def test_a_cell_has_the_preset_the_settings_and_its_point():
    laid = lay_out(plan(set={"N": 77}), "p", settings={"k": "6"}, seeds=3, salt="z")
    assert (laid.seeds, laid.salt) == (3, "z")
    regime = laid.cells[0].regimes["mae"]
    assert (regime.images, regime.classes, regime.visible) == (77, 6, 0.3)
    assert regime.step == 1.25, "the rest is the preset's"


def test_values_of_an_axis_are_those_of_the_regime_whatever_they_were_written_as():
    assert lay_out(plan(grid={"m": ["5"]}), "p").cells[0].point == {"m": 5}


@given(st.floats(0.01, 1), st.floats(2, 100), st.integers(2, 20))
def test_a_log_range_has_equal_ratios(low, factor, points):
    given_range = Range(**{"from": low, "to": low * factor, "points": points, "scale": "log"})
    values = given_range.values()
    assert len(values) == points
    ratios = [b / a for a, b in itertools.pairwise(values)]
    assert ratios == pytest.approx([factor ** (1 / (points - 1))] * len(ratios), rel=1e-4)


def test_controls_are_left_out_unless_asked_for():
    without, with_controls = lay_out(plan(), "p"), lay_out(plan(controls=True), "p")
    assert not any(without.claims[0].controls.values())
    assert all(with_controls.claims[0].controls.values())
    assert without.claims[0].frameworks == with_controls.claims[0].frameworks


def test_only_the_frameworks_of_the_plan_are_built_and_a_bad_cell_is_named():
    assert list(lay_out(plan(), "p").cells[0].regimes) == ["mae"]
    with pytest.raises(PlanError, match=r"cell theta=0\.3, d=4: d=4: must be at least"):
        lay_out(plan(grid={"theta": [0.3], "d": [4]}), "p")


BAD = [
    ("claims = [", "not valid TOML"),
    (PLAN.replace("T1.capture", "T1.captur"), "did you mean T1.capture"),
    (PLAN.replace('"mae"', '"clip"'), "frameworks='clip'"),
    (PLAN.replace("claims", "claim"), "claims: field required"),
    (PLAN.replace("claims", "claim"), "allowed are claims, frameworks"),
    (PLAN.replace("tiny.toml", "absent.toml"), "cannot read"),
    (PLAN.replace("theta", "thetta"), "did you mean theta"),
    (PLAN.replace("0.9", "1.9"), "theta=1.9: must be a number > 0 and <= 1"),
    (PLAN.replace("0.9", "0.3"), "0.3 is given twice"),
    (PLAN.replace("[0.3, 0.5, 0.9]", "[]"), "[grid] theta=[]: list should have at least 1"),
    (PLAN.replace("[0.3, 0.5, 0.9]", "['0.3', 0.3]"), "theta=0.3, sigma_0=0.02 is there twice"),
    (PLAN.replace("[0.3, 0.5, 0.9]", "0.3"), "[grid] theta=0.3"),
    (PLAN.replace("points = 2", "points = 1"), "greater than or equal to 2"),
    (PLAN.replace("points = 2,", ""), "[grid] sigma_0 points: field required"),
    (PLAN.replace("from = 0.02", "from = nan"), "sigma_0 from=nan: input should be a finite"),
    (PLAN.replace("from = 0.02", "from = 0.08"), "from and to are both 0.08"),
    (PLAN.replace("[grid]", "seeds = true\n[grid]"), "seeds=True: input should be a valid integer"),
    (PLAN.replace("[grid]", "controls = 'no'\n[grid]"), "controls='no'"),
    (PLAN.replace("from = 0.02", "from = -1"), "a log scale needs both > 0"),
    (PLAN.replace("[grid]", "[set]\ntheta = 0.4\n[grid]"), "[grid] theta: given by [set] too"),
    (PLAN.replace("[grid]", "zip = [['theta', 'sigma_0']]\n[grid]"), "theta has 3, sigma_0 has 2"),
    (PLAN.replace("[grid]", "zip = [['theta', 'm']]\n[grid]"), "zip 'm'"),
    (PLAN.replace("[grid]", "seeds = 0\n[grid]"), "allowed are 1 to 10000"),
    (PLAN.replace("T1.capture", "SL.lottery"), "is about supervised"),
    (PLAN.replace("T1.capture", "images.gain"), "is about real images"),
    (PLAN.replace("sigma_0 =", "framework = ['mae']\nsigma_0 ="), "framework"),
    (PLAN.replace("points = 2", "points = 9999") + "s = {from = 0, to = 1, points = 9999}",
     "allowed are at most 100000"),
]  # fmt: skip


@pytest.mark.parametrize(("content", "part"), BAD, ids=lambda v: v[-40:])
def test_a_bad_plan_ends_in_one_message_and_exit_code_2(content, part, command, tmp_path):
    result = command(write_plan(tmp_path, content), "--out", tmp_path / "t.csv", cache=tmp_path)
    assert result.exit_code == 2, result.output
    assert part in result.stderr
    assert len(result.stderr.strip().splitlines()) == 1
    assert not records(tmp_path)


BAD_OPTIONS = [
    (["--out", "table.txt"], "must end in .csv or .parquet"),
    (["--out", "no/such/folder/t.csv"], "cannot be written"),
    (["--seeds", "0"], "allowed are 1 to 10000"),
    (["--set", "visible=0.2"], "[grid] theta: given by --set too; it is an axis or it is fixed"),
    (["--set", "N"], "expected key=value"),
    (["--device", "tpu"], "expected auto, cpu or cuda"),
    (["--scheduler", "tcp://127.0.0.1:1"], "no Dask scheduler answers"),
    (["--scheduler", "nonsense://x"], "no Dask scheduler answers"),
    (["--scheduler", "no-port"], "no Dask scheduler answers"),
]


@pytest.mark.parametrize(("options", "part"), BAD_OPTIONS, ids=str)
def test_bad_options_end_in_one_message_and_exit_code_2(
    options, part, command, tmp_path, monkeypatch
):
    monkeypatch.setattr("mrpverify.sweep.cluster.CONNECT_SECONDS", 1.0)
    monkeypatch.chdir(tmp_path)
    result = command(write_plan(tmp_path), *options, cache=tmp_path, workers=None)
    assert result.exit_code == 2, result.output
    assert part in result.stderr
    assert not records(tmp_path)


def test_workers_and_scheduler_exclude_each_other(command, tmp_path):
    result = command(write_plan(tmp_path), "--scheduler", "tcp://127.0.0.1:1", cache=tmp_path)
    assert result.exit_code == 2
    assert "--workers counts processes of this machine" in result.stderr


def test_nothing_is_trained_before_every_cell_is_known_to_be_valid(command, tmp_path, monkeypatch):
    monkeypatch.setattr(sweeping, "carry_out", lambda *_: pytest.fail("work began"))
    bad = PLAN.replace("0.9", "2")
    assert command(write_plan(tmp_path, bad), cache=tmp_path).exit_code == 2


def test_a_plan_may_name_claims_of_a_plugin(command, tmp_path):
    file = Path(__file__).parent.parent / "outside" / "two_views.py"
    plan = write_plan(tmp_path, PLAN.replace('"T1.lottery"', '"my.two_views"').replace(
        '"teacher-student", ', ""))  # fmt: skip
    table = tmp_path / "t.csv"
    result = command(plan, "--plugin", file, "--out", table, cache=tmp_path)
    assert result.exit_code == 0, result.output
    assert "my.two_views" in table.read_text()


def test_an_absent_plan_is_named(tmp_path):
    with pytest.raises(PlanError, match=r"absent\.toml: cannot be read"):
        read_plan(tmp_path / "absent.toml")


def test_shipped_plans_are_named_without_their_folder():
    names = shipped_plans()
    assert "map_gain" in names
    assert "quick" not in names
    for name in names:
        assert read_plan(plan_path(Path(name))).grid
    with pytest.raises(PlanError, match="map_gain"):
        read_plan(plan_path(Path("map_gian")))
