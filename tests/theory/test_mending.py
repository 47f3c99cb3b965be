"""What mends a violated condition: told by the conditions themselves, on both sides of the edge."""

from dataclasses import replace
from decimal import Decimal
from types import SimpleNamespace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mrpverify.parameters import symbols
from mrpverify.regime import load_preset
from mrpverify.theory import mending
from mrpverify.theory.assumptions import applying, violated
from mrpverify.theory.mending import Mend, mends
from tests.theory.generic import FIXED, POINT

QUICK = load_preset("quick").regimes
BROKEN = [
    ("mae", {"off_class": 4.0}),
    ("mae", {"weak_view": 0.2}),
    ("mae", {"patch_noise": 0.2}),
    ("teacher-student", {"amplification": 1.0}),
    ("teacher-student", {"patch_noise": 0.2}),
    ("supervised", {"single_view": 0.4}),
]


def held(p, framework):
    return {c.id for c in applying(p, framework) if c.holds}


@pytest.mark.parametrize(("framework", "change"), BROKEN)
def test_a_mend_meets_its_condition_breaks_no_other_and_is_the_nearest(framework, change):
    p = replace(QUICK[framework], **change)
    bad = violated(p, framework)
    assert bad, "the regime was to be outside"
    for condition in bad:
        found = mends(p, framework, condition.id)
        for mend in found:
            name = symbols()[mend.symbol]
            kind = type(getattr(p, name))
            moved = replace(p, **{name: kind(mend.value)})
            assert held(moved, framework) >= held(p, framework) | {condition.id}
            # A little nearer to today's value it is not met: the edge is there.
            now = getattr(p, name)
            if kind is float:
                nearer = replace(p, **{name: mend.value * (now / mend.value) ** 0.2})
                far = abs(mend.value / now - 1) < 0.1
                assert far or not held(nearer, framework) >= held(p, framework) | {condition.id}


def test_the_change_itself_is_among_the_mends():
    for framework, change in BROKEN[:3]:
        p = replace(QUICK[framework], **change)
        (name,) = change
        found = [m.symbol for c in violated(p, framework) for m in mends(p, framework, c.id)]
        assert next(s for s, field in symbols().items() if field == name) in found


@settings(max_examples=5, deadline=None)
@given(st.floats(1.0, 6.0))
def test_sparse_presence_is_mended_at_its_limit(off_class):
    """s/k <= 0.2 at k = 8: s = 1.6, or more classes."""
    p = replace(QUICK["mae"], off_class=1.7 + off_class)
    by_name = {m.symbol: m.value for m in mends(p, "mae", "sparse presence")}
    assert by_name.get("s", 1.6) == pytest.approx(1.6, rel=0.07)
    assert by_name.get("s", 0) <= 1.6


def test_a_condition_that_one_parameter_cannot_mend_has_no_mend_and_unknown_names_are_refused():
    p = replace(QUICK["mae"], power=2)
    (condition,) = [c.id for c in violated(p, "mae") if "power" in c.id]
    found = mends(p, "mae", condition)
    assert all(m.symbol == "q" for m in found)
    with pytest.raises(KeyError):
        mends(p, "mae", "no such condition")
    with pytest.raises(ValueError, match="nobody"):
        mends(p, "nobody", condition)


def test_a_neighbour_without_a_value_is_no_mend():
    """Of one patch no two are hidden: masks of fixed size have no correction there."""
    p = replace(
        load_preset("quick").regimes["supervised"], masks="fixed", patches=2, patches_per_feature=1,
        classes=3, off_class=0.0, visible=0.5,
    )  # fmt: skip
    for condition in applying(p, "teacher-student"):
        mends(p, "teacher-student", condition.id)


def test_a_mend_reads_as_a_setting():
    assert str(Mend("s", 1.6)) == "s=1.6"
    assert str(Mend("k", 20.0)) == "k=20"
    assert str(Mend("theta", 1 / 3)) == f"theta={1 / 3!r}", "of 6 patches no whole number otherwise"


def test_masks_of_fixed_size_are_mended_by_whole_patches():
    """One visible patch of 32 leaks too fast; a nudge of theta is no regime, the next patch is."""
    p = replace(QUICK["teacher-student"], masks="fixed", patches=32, visible=1 / 32)
    assert "leak race" not in held(p, "teacher-student")
    (theta,) = [m.value for m in mends(p, "teacher-student", "leak race") if m.symbol == "theta"]
    assert theta == 2 / 32
    moved = replace(p, visible=theta)
    assert held(moved, "teacher-student") >= held(p, "teacher-student") | {"leak race"}


def test_a_mend_is_a_setting_that_is_taken():
    """T is at least twice the time of coverage for whoever asks; one that is less was proposed."""
    changes = {"Delta": 4e4, "m": 24, "sigma_0": 0.004, "C_p": 4}
    preset = load_preset("quick").override(changes)
    p = preset.regimes["teacher-student"]
    found = mends(p, "teacher-student", "leak race")
    assert "varrho" in {mend.symbol for mend in found}
    for mend in found:
        load_preset("quick").override({**changes, mend.symbol: mend.value})


@settings(max_examples=50)
@given(st.floats(1.0, 6.0), st.booleans())
def test_a_moved_parameter_is_the_next_setting_beyond(factor, up):
    """Whole numbers by one, masks of fixed size by a visible patch, all else by its last digit."""

    def next_to(now, found, unit):
        exact = now * factor if up else now / factor
        beyond = found - exact if up else exact - found
        assert -1e-9 * unit <= beyond <= (1 + 1e-9) * unit

    for name in ("images", "kernels_per_class", "power"):
        found = mending._value(POINT, name, factor, up)
        assert isinstance(found, int)
        next_to(getattr(POINT, name), found, 1)
    for name in ("off_class", "init_scale", "visible", "weak_view"):
        found = mending._value(POINT, name, factor, up)
        last = Decimal(repr(found)).normalize().as_tuple()
        assert len(last.digits) <= mending.DIGITS
        now = getattr(POINT, name)
        place = Decimal(now * factor if up else now / factor).adjusted()
        next_to(now, found, 10.0 ** (place - mending.DIGITS + 1))
    for p in (replace(POINT, patches=61), replace(FIXED, visible=1.0, patches=61)):
        found = mending._value(p, "patches", factor, up)
        assert isinstance(found, int)
        next_to(61, found, 1)
    next_to(137, mending._value(FIXED, "images", factor, up), 1)
    # Of 20 patches 7 are the fewest of which 0.35 is a whole number.
    found = mending._value(FIXED, "patches", factor, up)
    assert found % 20 == 0
    next_to(60, found, 20)
    found = mending._value(FIXED, "visible", factor, up)
    assert found * 60 == pytest.approx(round(found * 60))
    next_to(0.35, found, 1 / 60)


def stubbed(patch, edges, held=frozenset()):
    """A condition that holds once one of some parameters is so many times what it was."""

    def one(p, framework, condition):
        ratios = [getattr(p, name) / getattr(POINT, name) / edge for name, edge in edges.items()]
        return SimpleNamespace(holds=max(ratios) >= 1, margin=sum(ratios))

    def moved(p, name, factor, up):
        return replace(p, **{name: getattr(p, name) * (factor if up else 1 / factor)})

    patch.setattr(mending, "_one", one)
    patch.setattr(mending, "_moved", moved)
    patch.setattr(mending, "_held", lambda p, framework: held)
    patch.setattr(mending, "_numbers", lambda p: iter(edges))


@pytest.mark.parametrize("farthest", [4.0, 32.0])
def test_an_edge_is_found_within_a_part_of_a_doubling_and_none_beyond_the_farthest(
    farthest, monkeypatch
):
    """The last doubling is halved HALVINGS times, on a log scale."""
    near = 2 ** (1 / 2**mending.HALVINGS)
    for number in range(1, 60):
        edge = 1.0003 * farthest ** (number / 48)
        stubbed(monkeypatch, {"init_scale": edge})
        found = mending._least_factor(POINT, "mae", "init_scale", True, "any", farthest)
        if edge > farthest:
            assert found is None
        else:
            assert edge <= found < near * edge


def test_what_lies_much_farther_than_the_nearest_mend_is_not_looked_for(monkeypatch):
    """And nothing at all beyond 2^DOUBLINGS; the nearest comes first."""
    edges = {"init_scale": 7.9, "patch_noise": 1.9, "weak_view": 3.5, "off_class": 1.3}
    stubbed(monkeypatch, edges)
    found = mending.mends.__wrapped__(POINT, "mae", "any")
    assert [mend.symbol for mend in found] == ["s", "sigma_p", "sigma_0"]
    largest = 2.0**mending.DOUBLINGS
    for edge, number in ((0.99 * largest, 1), (1.01 * largest, 0)):
        stubbed(monkeypatch, {"init_scale": edge})
        assert len(mending.mends.__wrapped__(POINT, "mae", "any")) == number


def test_a_mend_may_not_break_what_holds(monkeypatch):
    for before, after, mended in ((0, 0, True), (1, 0, False), (1, 2, True), (2, 1, False)):
        stubbed(monkeypatch, {"init_scale": 1.5})
        sets = [frozenset(range(before)), frozenset(range(after))]
        monkeypatch.setattr(mending, "_held", lambda p, _, s=sets: s[p is not POINT])
        assert bool(mending.mends.__wrapped__(POINT, "mae", "any")) is mended
