"""What is no claim is refused where it is written, before anything runs."""

from dataclasses import replace

import pytest

from mrpverify.claims.claim import Control
from mrpverify.claims.registry import select

(CLAIM,) = select(["T1.noise"])


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"role": "gait"}, "role='gait', choose from gate, finding"),
        ({"role": "Gate"}, "role='Gate', choose from gate, finding"),
        ({"horizon": "t"}, "horizon='t', choose from T, 16 T_c, crossing, end, none"),
        ({"controls": {}}, "controls={framework"),
        ({"controls": CLAIM.controls["mae"]}, "controls={framework"),
        ({"controls": {"mae": CLAIM.controls["mae"][0]}}, "no tuple of Controls"),
        ({"controls": {"mae": ("noise",)}}, "no tuple of Controls"),
    ],
)
def test_a_claim_that_is_none(wrong, told):
    with pytest.raises(ValueError, match=r"T1\.noise") as error:
        replace(CLAIM, **wrong)
    assert told in str(error.value)


@pytest.mark.parametrize("field", ["needs", "relies_on"])
def test_one_text_is_no_tuple_of_texts(field):
    """It was read letter by letter."""
    for wrong in ("digits", None, (1,)):
        with pytest.raises(TypeError, match=rf"T1\.noise: {field}=.* is no tuple of texts"):
            replace(CLAIM, **{field: wrong})


@pytest.mark.parametrize("wrong", [{}, {"change": dict, "look": min}, {"change": dict, "seeds": 0}])
def test_a_control_that_is_none(wrong):
    with pytest.raises(ValueError, match="control 'mine'"):
        Control("mine", "x", **wrong)
