"""Reading a stored record: netCDF-4 as xarray writes it through h5netcdf, read whole with h5py.

xarray's own reader looks up every dimension of every variable again and again, which for small
records costs ten times what reading them does. `tests/records/test_netcdf.py` holds the two equal.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import xarray as xr

NETCDF = frozenset(
    ("CLASS", "NAME", "REFERENCE_LIST", "DIMENSION_LIST", "_Netcdf4Dimid", "_Netcdf4Coordinates",
     "_NCProperties")
)  # fmt: skip
"""Attributes by which netCDF-4 tells dimensions in HDF5; the others are the record's own."""

REFERENCES = ("REFERENCE_LIST", "DIMENSION_LIST")
"""Slow to read, and said by numbers too."""

NO_VARIABLE = b"This is a netCDF dimension but not a netCDF variable"
"""How netCDF-4 names a dimension without coordinates."""

Attributes = dict[str, Any]


def read(path: Path) -> xr.Dataset:
    """The record in memory; raises OSError, ValueError or KeyError where it is none."""
    with h5py.File(path, "r") as file:
        found = {name: _attributes(data) for name, data in file.items()}
        names = {int(own["_Netcdf4Dimid"]): n for n, own in found.items() if "CLASS" in own}
        variables = {
            name: xr.Variable(list(_axes(own, names)), _values(file[name]), _kept(own))
            for name, own in found.items()
            if not own.get("NAME", b"").startswith(NO_VARIABLE)
        }
        return xr.decode_cf(xr.Dataset(variables, attrs=_kept(_attributes(file))))


def _attributes(item: Any) -> Attributes:
    """Attributes of a file or one of its arrays, without references."""
    return {key: item.attrs[key] for key in item.attrs if key not in REFERENCES}


def _axes(own: Attributes, names: dict[int, str]) -> Iterator[str]:
    """Names of an array's axes; a number without axes has none."""
    for number in own.get("_Netcdf4Coordinates", ()):
        yield names[int(number)]


def _values(data: Any) -> np.ndarray:
    """An array's values, text as text."""
    if h5py.check_string_dtype(data.dtype) is not None:
        return np.asarray(data.asstr()[()]).astype(str)
    return np.asarray(data[()])


def _kept(own: Attributes) -> Attributes:
    """The record's own attributes; netCDF stores a number as an array of one."""
    return {
        key: value[0] if np.shape(value) == (1,) else value
        for key, value in own.items()
        if key not in NETCDF
    }
