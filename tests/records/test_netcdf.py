"""The quick way to a file and back gives what xarray's own gives, whatever a record may hold."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from mrpverify.records.netcdf import DamagedError, read, write

KINDS = st.sampled_from([np.float64, np.float32, np.int64, np.int32, np.int8, np.uint8, np.bool_])
TEXT = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=9)


@st.composite
def records(draw):
    """Some arrays over some of three axes, of which one has names and one numbers."""
    sizes = {"seed": draw(st.integers(1, 3)), "kernel": draw(st.integers(1, 4)), "law": 2}
    variables = {}
    for name in draw(st.lists(st.sampled_from("abcdef"), unique=True, min_size=1)):
        axes = draw(st.lists(st.sampled_from(sorted(sizes)), unique=True))
        shape = tuple(sizes[axis] for axis in axes)
        values = draw(arrays.arrays(draw(KINDS), shape))
        variables[name] = (axes, values, {"unit": draw(TEXT)} if draw(st.booleans()) else {})
    coords = {"seed": np.arange(sizes["seed"]), "law": ["training", "größer"]}
    own = {"salt": draw(TEXT), "seeds": draw(st.integers(-9, 9))}
    return xr.Dataset(variables, coords=coords, attrs=own)


@given(records())
@settings(max_examples=60)
def test_both_ways_agree(tmp_path_factory, record):
    """Ours is read by xarray as itself and as what xarray itself writes."""
    folder = tmp_path_factory.mktemp("records")
    ours, theirs = folder / "ours.nc", folder / "theirs.nc"
    ours.write_bytes(write(record))
    record.to_netcdf(theirs, engine="h5netcdf")
    found = read(ours)
    for path in (ours, theirs):
        with xr.open_dataset(path, engine="h5netcdf") as opened:
            expected = opened.load()
        xr.testing.assert_identical(found, expected)
        assert {k: v.dtype for k, v in found.variables.items()} == {
            k: v.dtype for k, v in expected.variables.items()
        }


FILLED = xr.Dataset(
    {"a": (("seed", "kernel"), np.arange(300.0).reshape(3, 100)), "n": ((), 3)},
    coords={"seed": [4, 5, 6], "place": ("kernel", np.arange(100))},
    attrs={"salt": "a"},
)


@pytest.mark.parametrize("content", [b"", b"no record", b"\x89HDF\r\n\x1a\n" + b"\0" * 600])
def test_what_is_no_record_is_refused(tmp_path, content):
    path = tmp_path / "one.nc"
    path.write_bytes(content)
    with pytest.raises(DamagedError, match=r"one\.nc is no record, or it is damaged"):
        read(path)


@given(st.data())
@settings(max_examples=60)
def test_a_file_with_a_changed_bit_or_a_missing_end_is_refused(tmp_path_factory, data):
    path = tmp_path_factory.mktemp("records") / "one.nc"
    content = bytearray(write(FILLED))
    path.write_bytes(content)
    xr.testing.assert_identical(read(path), FILLED)
    place = data.draw(st.integers(0, len(content) - 1))
    if data.draw(st.booleans()):
        content[place] ^= 1 << data.draw(st.integers(0, 7))
    else:
        del content[place:]
    path.write_bytes(content)
    with pytest.raises(DamagedError):
        read(path)
