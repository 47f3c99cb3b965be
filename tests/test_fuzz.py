"""A derandomised part of the fuzz; `python tests/fuzz.py --count 1000000` is the rest of it."""

import io
import zipfile

import pytest

from mrpverify.report import archived
from mrpverify.report.again import RecordError
from tests import fuzz

pytest.importorskip("PIL", reason="photos need Pillow, extra [images]")


@pytest.mark.parametrize("kind", list(fuzz.KINDS))
def test_whatever_is_put_in_comes_back_as_one_error_of_ours(kind):
    """As many as its weight, twice: 2000 inputs of all kinds, the same in every run."""
    done, failures = fuzz.run(2 * fuzz.KINDS[kind].weight, "ci", [kind])
    assert done[kind][0] >= 10
    assert not failures, "\n".join(map(str, failures))


def test_a_door_that_raises_or_writes_beside_its_folder_is_told(monkeypatch, tmp_path):
    def broken(given, folder):
        raise KeyError(given)

    def escaping(given, folder):
        (folder.parent / "beside").write_text("x")

    for door, sign in ((broken, "KeyError"), (escaping, "beside")):
        monkeypatch.setitem(fuzz.KINDS, "salts", fuzz.Kind(lambda draw: draw.random(), door, 1))
        assert sign in str(fuzz.one("salts", "ci", 0, tmp_path))


@pytest.mark.parametrize(
    "kind",
    [zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA],
)
def test_an_archive_whose_packed_bytes_are_damaged_is_refused(kind, tmp_path):
    """Found by `--seed million-2 --kind archives --first 30 --count 1`."""
    buffer, content = io.BytesIO(), bytes(range(256)) * 8
    with zipfile.ZipFile(buffer, "w", kind) as file:
        file.writestr("x", content)
    whole = bytearray(buffer.getvalue())
    places, said = range(45, whole.index(b"PK\x01\x02") - 4), []
    for place in places:
        damaged = tmp_path / "damaged.zip"
        damaged.write_bytes(whole[:place] + bytes([whole[place] ^ 0xFF]) + whole[place + 1 :])
        try:
            # What ends a stream of LZMA may be damaged: what was packed is whole all the same.
            assert archived._of_zip(damaged) == {"x": content}
        except RecordError as error:
            said.append(str(error))
    assert len(said) > 0.9 * len(places)
    assert all("damaged" in one and "None" not in one for one in said)


def _renamed(tmp_path, old: bytes, new: bytes, *, flags: int = 0):
    """A ZIP of one file whose directory tells another name than was packed."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as file:
        file.writestr(old.decode(), b"{}")
    packed = bytearray(buffer.getvalue())
    at = packed.index(b"PK\x01\x02")
    packed[at + 8 : at + 10] = flags.to_bytes(2, "little")
    packed[at + 28 : at + 30] = len(new).to_bytes(2, "little")
    packed[at + 46 : at + 46 + len(old)] = new
    end = packed.index(b"PK\x05\x06")
    packed[end + 12 : end + 16] = (end - at).to_bytes(4, "little")
    path = tmp_path / "renamed.zip"
    path.write_bytes(packed)
    return path


def test_a_name_that_is_not_of_its_encoding_is_a_broken_archive(tmp_path):
    """Found by `--seed mut2-1 --kind archives --first 127 --count 1`."""
    utf8 = 0x800
    with pytest.raises(RecordError, match="broken"):
        archived.verify_archive(_renamed(tmp_path, b"records/a", b"records/\xe1", flags=utf8))


def test_a_file_without_a_name_is_refused(tmp_path):
    """Found by `--seed mut2-1 --kind archives --first 167 --count 1`."""
    with pytest.raises(RecordError, match="without a name"):
        archived.verify_archive(_renamed(tmp_path, b"records/a", b""))
