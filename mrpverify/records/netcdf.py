"""A stored record: a netCDF-4 file with a checksum behind it, written and read whole with h5py.

xarray's own way to such a file looks up every dimension of every variable again and again, which
for small records costs ten times what writing or reading them does. The files are netCDF-4 all the
same: xarray and netCDF's own tools open them. `tests/records/test_netcdf.py` holds both ways equal.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import h5py
import numpy as np
import xarray as xr
from xarray.conventions import cf_encoder, encode_dataset_coordinates

NETCDF = frozenset(
    ("CLASS", "NAME", "REFERENCE_LIST", "DIMENSION_LIST", "_Netcdf4Dimid", "_Netcdf4Coordinates",
     "_NCProperties")
)  # fmt: skip
"""Attributes by which netCDF-4 tells dimensions in HDF5; the others are the record's own."""

REFERENCES = ("REFERENCE_LIST", "DIMENSION_LIST")
"""Slow to read, and said by numbers too."""

NO_VARIABLE = b"This is a netCDF dimension but not a netCDF variable."
"""How netCDF-4 names a dimension without coordinates."""

SEAL_BYTES = hashlib.sha256().digest_size
"""Of the checksum behind the HDF5 file, which HDF5 does not look at."""

WORTH_PACKING = 64
"""Values above which an array is compressed."""

Attributes = Mapping[str, Any]


class DamagedError(OSError):
    """A file that is not what was written."""


def write(record: xr.Dataset) -> bytes:
    """Content of the record's file; numbers, truth values and text, in arrays and attributes.

    Made in memory: where a disk is full, HDF5 crashes the process instead of raising.
    """
    numbers = {axis: number for number, axis in enumerate(record.sizes)}
    variables, attributes = cf_encoder(*encode_dataset_coordinates(record))
    with h5py.File("record", "w", driver="core", backing_store=False) as file:
        _describe(file, attributes)
        scales = _scales(file, record.sizes, variables)
        for name, variable in variables.items():
            data = file[name] if name in scales else _array(file, name, variable)
            _describe(data, variable.attrs)
            if name not in scales:
                _lay_out(data, {numbers[axis]: scales[axis] for axis in variable.dims})
        file.flush()
        content: bytes = file.id.get_file_image()
    return content + _seal(content)


def read(path: Path) -> xr.Dataset:
    """The record in a file; raises DamagedError where the file is not as it was written."""
    try:
        return parse(path.read_bytes())
    except DamagedError:
        raise DamagedError(f"{path} is no record, or it is damaged; delete it.") from None


def parse(sealed: bytes) -> xr.Dataset:
    """The record in a file's content; raises DamagedError where that is not as it was written.

    Nothing is asked of HDF5 before the checksum is right, and no lock of the file at all.
    """
    with h5py.File(h5py.h5f.open_file_image(_unsealed(sealed))) as file:
        found = {name: _attributes(data) for name, data in file.items()}
        names = {int(own["_Netcdf4Dimid"]): n for n, own in found.items() if "CLASS" in own}
        variables = {
            name: xr.Variable(list(_axes(own, names)), _values(file[name]), _kept(own))
            for name, own in found.items()
            if not own.get("NAME", b"").startswith(NO_VARIABLE)
        }
        return xr.decode_cf(xr.Dataset(variables, attrs=_kept(_attributes(file))))


def attributes(sealed: bytes) -> dict[str, Any]:
    """The record's own attributes alone, a tenth of the work; raises as `parse` does."""
    with h5py.File(h5py.h5f.open_file_image(_unsealed(sealed))) as file:
        return _kept(_attributes(file))


def _unsealed(sealed: bytes) -> bytes:
    """What HDF5 wrote; raises DamagedError where the checksum is another one."""
    content = sealed[:-SEAL_BYTES]
    if sealed[-SEAL_BYTES:] != _seal(content):
        raise DamagedError("no record, or a damaged one")
    return content


def _seal(content: bytes) -> bytes:
    """Checksum of a file's content."""
    return hashlib.sha256(content).digest()


def _scales(
    file: Any, sizes: Mapping[Any, int], variables: Mapping[Any, xr.Variable]
) -> dict[Any, Any]:
    """Axis name -> its dimension scale in the file: its coordinates, or a mere size."""
    scales = {}
    for number, (name, size) in enumerate(sizes.items()):
        if name in variables:
            scale, title = _array(file, name, variables[name]), name.encode()
        else:
            scale, title = file.create_dataset(name, (size,), ">f4"), NO_VARIABLE + b"%10d" % size
        h5py.h5ds.set_scale(scale.id, title)
        scale.attrs["_Netcdf4Dimid"] = np.int32(number)
        scales[name] = scale
    return scales


def _array(file: Any, name: Any, variable: xr.Variable) -> Any:
    """A variable's values in the file, text as text, long arrays compressed."""
    values = np.asarray(variable.values)
    if values.dtype.kind in "UO":
        return file.create_dataset(name, data=values.astype(object), dtype=h5py.string_dtype())
    packing = {"compression": "gzip", "compression_opts": 1, "shuffle": True}
    long = values.size > WORTH_PACKING
    return file.create_dataset(
        name, data=values, **({"chunks": values.shape, **packing} if long else {})
    )


def _describe(item: Any, attributes: Attributes) -> None:
    """Write attributes of a file or of one of its arrays; netCDF stores a number as an array."""
    for key, value in attributes.items():
        item.attrs[key] = value if isinstance(value, str) else np.atleast_1d(value)


def _lay_out(data: Any, scales: Mapping[int, Any]) -> None:
    """Say what an array's axes are, to those who read references and to those who read numbers."""
    for axis, scale in enumerate(scales.values()):
        h5py.h5ds.attach_scale(data.id, scale.id, axis)
    if scales:
        data.attrs["_Netcdf4Coordinates"] = np.array(list(scales), np.int32)


def _attributes(item: Any) -> dict[str, Any]:
    """Attributes of a file or one of its arrays, without references."""
    return {key: item.attrs[key] for key in item.attrs if key not in REFERENCES}


def _axes(own: Attributes, names: dict[int, str]) -> Iterator[str]:
    """Names of an array's axes; a number without axes has none."""
    numbers = [own["_Netcdf4Dimid"]] if "CLASS" in own else own.get("_Netcdf4Coordinates", ())
    for number in numbers:
        yield names[int(number)]


def _values(data: Any) -> np.ndarray:
    """An array's values, text as text."""
    if h5py.check_string_dtype(data.dtype) is not None:
        return np.asarray(data.asstr()[()]).astype(str)
    return np.asarray(data[()])


def _kept(own: Attributes) -> dict[str, Any]:
    """The record's own attributes; netCDF stores a number as an array of one."""
    return {
        key: value[0] if np.shape(value) == (1,) else value
        for key, value in own.items()
        if key not in NETCDF
    }
