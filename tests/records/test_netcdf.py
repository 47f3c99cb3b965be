"""The quick reader gives what xarray's own gives, for whatever a record may hold."""

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from mrpverify.records.netcdf import read

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
def test_both_readers_agree(tmp_path_factory, record):
    path = tmp_path_factory.mktemp("records") / "one.nc"
    packed = {key: {"zlib": True} for key in record.data_vars if record[key].size > 4}
    path.write_bytes(record.to_netcdf(engine="h5netcdf", encoding=packed))
    with xr.open_dataset(path, engine="h5netcdf") as opened:
        expected = opened.load()
    found = read(path)
    xr.testing.assert_identical(found, expected)
    assert {k: v.dtype for k, v in found.variables.items()} == {
        k: v.dtype for k, v in expected.variables.items()
    }


@pytest.mark.parametrize("content", [b"", b"no record", b"\x89HDF\r\n\x1a\n" + b"\0" * 600])
def test_what_is_no_record_is_an_oserror(tmp_path, content):
    path = tmp_path / "one.nc"
    path.write_bytes(content)
    with pytest.raises(OSError, match="open file"):
        read(path)
