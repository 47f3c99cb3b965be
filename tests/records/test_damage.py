"""Zero wrong numbers: whatever happens to a file, its run is the stored one, or trained again.

`python benchmarks/faults.py` does the same ten thousand times, and kills processes.
"""

import tempfile
from dataclasses import replace
from functools import cache
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from mrpverify.parameters import Parameters
from mrpverify.records.collect import Machine, collect
from mrpverify.records.labelled import Request
from mrpverify.records.netcdf import SEAL_BYTES, write
from mrpverify.records.provenance import IDENTITY
from mrpverify.records.store import SET_ASIDE, Store

TINY = Parameters(classes=2, kernels_per_class=3, dimension=8, images=20, max_steps=12)
ASKED = [
    Request(parameters, salt, seed)
    for parameters in (TINY, replace(TINY, visible=0.6), replace(TINY, framework="mae"))
    for salt in ("damage", "other")
    for seed in (0, 1)
]


@cache
def stored():
    """A store with all runs, the runs, and their files."""
    store = Store(Path(tempfile.mkdtemp()))
    runs = collect(ASKED, Machine("cpu"), store)
    return store, runs, {request: store.path(request).read_bytes() for request in ASKED}


def flipped(draw, request):
    content = bytearray(stored()[2][request])
    for place in draw(st.lists(st.integers(0, len(content) - 1), min_size=1, max_size=4)):
        content[place] ^= 1 << draw(st.integers(0, 7))
    return bytes(content)


def cut_or_longer(draw, request):
    content = stored()[2][request]
    return draw(
        st.one_of(
            st.integers(0, len(content) - 1).map(lambda end: content[:end]),
            st.binary(min_size=1, max_size=50).map(lambda more: content + more),
        )
    )


def overwritten(draw, request):
    """A block of zeros, of anything, or of another record."""
    files = stored()[2]
    content, size = bytearray(files[request]), draw(st.sampled_from([16, 512, 4096]))
    begin = draw(st.integers(0, len(content) - 1))
    other = files[draw(st.sampled_from(ASKED))][begin : begin + size]
    piece = draw(st.one_of(st.just(bytes(size)), st.binary(min_size=9), st.just(other)))
    content[begin : begin + len(piece)] = piece
    return bytes(content)


def exchanged(draw, request):
    return stored()[2][draw(st.sampled_from([other for other in ASKED if other != request]))]


def of_another_version(draw, request):
    """Whole and sealed, but by other code, another library, another device; or without a seal."""
    _, runs, files = stored()
    own = str(runs[request].attrs[IDENTITY])
    digest = own.split('"simulation": "')[1][:64]
    changed = draw(
        st.sampled_from(
            [
                own.replace(digest, "0" * 64),
                own.replace('"torch": "', '"torch": "0.'),
                own.replace('"device": "cpu"', '"device": "cuda"'),
                None,
            ]
        )
    )
    if changed is None:
        return files[request][:-SEAL_BYTES]
    return write((2 * runs[request]).assign_attrs({**runs[request].attrs, IDENTITY: changed}))


@given(
    st.data(),
    st.sampled_from(ASKED),
    st.sampled_from([flipped, cut_or_longer, overwritten, exchanged, of_another_version]),
)
@settings(max_examples=300)
def test_a_damaged_or_foreign_file_never_gives_another_number(data, request, damage):
    store, runs, files = stored()
    content = damage(data.draw, request)
    store.path(request).write_bytes(content)
    aside = store.folder / SET_ASIDE / store.path(request).name
    aside.unlink(missing_ok=True)
    found = store.load(request)
    if content == files[request]:
        assert found.identical(runs[request])
    else:
        assert found is None
        assert aside.read_bytes() == content
        assert not store.path(request).exists()
