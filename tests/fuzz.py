"""What is put in comes back as one error of ours: `python tests/fuzz.py --count 1000000`.

Null: no input makes anything but the error that its door promises, and none writes outside the
folder it was given. A kind of input is a way to make one from a random stream and a door that it
goes through, without a process or a training; every input is told by seed, kind and number, so that
`--kind K --seed S --first N --count 1` is the one that failed. Weighted towards what is cheap.
Exit code 1 where something else came back. `tests/test_hostile.py` goes through the command line.
"""

import argparse
import contextlib
import gzip
import io
import json
import random
import sys
import tarfile
import tempfile
import time
import warnings
import zipfile
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import torch

from mrpverify.admissible import RegimeError
from mrpverify.claims.registry import UnknownClaimError, all_claims, select
from mrpverify.images import fetch, idx, photos, resnet50, unpack
from mrpverify.images.folder import MissingDataError
from mrpverify.outside import OutsideError
from mrpverify.parameters import DOMAINS, symbols
from mrpverify.regime import check_salt, load_preset, parse_settings, preset_folder
from mrpverify.report import again, archived, verifying
from mrpverify.sweep.plan import PlanError, lay_out, read_plan

Stream = random.Random
OURS = (
    RegimeError,
    PlanError,
    UnknownClaimError,
    again.RecordError,
    MissingDataError,
    OutsideError,
)


# --- pieces


ODD = ["", " ", "\0", "\ud800", "..", "../../x", "/etc/passwd", "nan", "inf", "-inf", "1e400", "-0",
       "0x10", "1_000", "٣", "=", "==", "[", "]", "{", '"', "'", "\\", "\n", "%s", "{0}", "*", "[!",
       "T1.*", "é", "true", "null", "9" * 400, "1e-320", "theta", "k", "a" * 300]  # fmt: skip


def text(draw: Stream) -> str:
    """A few characters, or something that has made trouble elsewhere."""
    if draw.random() < 0.5:
        return draw.choice(ODD)
    return "".join(chr(draw.choice([draw.randrange(128), draw.randrange(0x11000)]))
                   for _ in range(draw.randrange(9)))  # fmt: skip


def number(draw: Stream) -> float | int:
    """Of any size."""
    return draw.choice([0, -1, 1, 2**63, -(10**40), 1e300, 1e-320, float("nan"), float("inf"),
                        draw.random(), draw.randrange(100), draw.gauss(0, 10)])  # fmt: skip


def edited(draw: Stream, content: bytes) -> bytes:
    """A content with up to three places changed, cut, repeated or grown."""
    for _ in range(draw.randrange(1, 4)):
        begin = draw.randrange(len(content) + 1)
        end = min(len(content), begin + draw.choice([0, 1, 1, 4, 30]))
        piece = draw.choice([
            b"", draw.randbytes(draw.randrange(5)), str(number(draw)).encode(),
            text(draw).encode("utf-8", "surrogatepass"), content[begin:end] * 2,
        ])  # fmt: skip
        content = content[:begin] + piece + content[end:]
    return content[: draw.randrange(len(content) + 1)] if draw.random() < 0.1 else content


def changed(draw: Stream, value: object, depth: int = 0) -> object:
    """A JSON value of which one part, at some depth, is another."""
    if isinstance(value, dict | list) and value and draw.random() < 0.85:
        key = draw.choice(list(value) if isinstance(value, dict) else range(len(value)))
        copy = value.copy()
        if draw.random() < 0.1:
            copy.pop(key)
        else:
            copy[key] = changed(draw, value[key], depth + 1)
        return copy
    return draw.choice([None, True, number(draw), text(draw), [], {}, [value], {text(draw): value}])


# --- kinds


@dataclass(frozen=True)
class Kind:
    """A kind of input and its door; the door may use the folder."""

    make: Callable[[Stream], object]
    door: Callable[[object, Path], object]
    weight: int


def _settings(draw: Stream) -> list[str]:
    names = [*DOMAINS, *symbols(), text(draw)]
    value = draw.choice([number(draw), text(draw), draw.choice(["true", "hold", "mae", "fixed"])])
    more = draw.randrange(3)
    return [f"{draw.choice(names)}={value}", *(text(draw) for _ in range(more * (more - 1)))]


def _through_settings(pairs: object, folder: Path) -> None:
    preset().override(parse_settings(pairs))


@cache
def preset():
    return load_preset("quick")


def _shipped(name: str) -> bytes:
    return (preset_folder() / f"{name}.toml").read_bytes()


def _through_file(read: Callable[[Path], object], name: str) -> Callable[[object, Path], object]:
    """A door that reads a file."""

    def door(content: object, folder: Path) -> object:
        path = folder / name
        path.write_bytes(content)
        return read(path)

    return door


@cache
def record() -> dict:
    """What a check of two claims writes, as far as it is read again, with a control and a mean."""
    from tests.report.test_verifying import TRUE, counted, made

    whole = made(counted(TRUE))
    plain = json.loads(json.dumps(whole))
    for claim in plain["claims"]:
        claim.setdefault("framework", "mae")
        claim.setdefault("horizon", "T")
    plain["regime"] = {"mae": {"classes": 3, "visible": 0.5}}
    return plain


def _record(draw: Stream) -> bytes:
    if draw.random() < 0.2:
        return edited(draw, json.dumps(record()).encode())
    found = record()
    for _ in range(draw.randrange(1, 4)):
        found = changed(draw, found)
    return json.dumps(found).encode()


def _through_record(path: Path) -> None:
    """Asked again, and its verdicts recomputed: two doors."""
    for door in (again.read, verifying.verify):
        with contextlib.suppress(*OURS):
            door(path)


def _name(draw: Stream) -> str:
    """A member's name; some lead out."""
    inside = draw.choice(["records/", "", "wanted/", "../", "/", "wanted/../../", "C:\\", "a/../"])
    return (inside + draw.choice(["r.json", "x", text(draw), "ro-crate-metadata.json"]))[:80] or "x"


def _zip(draw: Stream) -> bytes:
    """A ZIP with any names and contents, broken at times."""
    buffer = io.BytesIO()
    with warnings.catch_warnings(), zipfile.ZipFile(buffer, "w") as file:
        warnings.simplefilter("ignore")
        for _ in range(draw.randrange(4)):
            kind = draw.choice([zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_LZMA,
                                zipfile.ZIP_BZIP2])  # fmt: skip
            content = draw.choice([b"{}", json.dumps(record()).encode(), draw.randbytes(30)])
            try:
                file.writestr(_name(draw), content, kind)
            except (UnicodeEncodeError, ValueError, IndexError):  # zipfile ends a name at NUL
                file.writestr("wanted/x", content, kind)
    whole = buffer.getvalue()
    return edited(draw, whole) if draw.random() < 0.6 else whole


MEMBERS = (*[tarfile.REGTYPE] * 3, tarfile.SYMTYPE, tarfile.LNKTYPE, tarfile.CHRTYPE,
           tarfile.FIFOTYPE, tarfile.DIRTYPE)  # fmt: skip


def _tar(draw: Stream) -> bytes:
    """A gzipped tar with any names, links and devices, broken at times."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w:gz", compresslevel=1) as file:
        for _ in range(draw.randrange(4)):
            member = tarfile.TarInfo(_name(draw).encode("ascii", "replace").decode())
            member.type = draw.choice(MEMBERS)
            member.linkname = draw.choice(["", "/etc/passwd", "../../x"])
            content = draw.randbytes(draw.randrange(20)) if member.isreg() else b""
            member.size = len(content)
            file.addfile(member, io.BytesIO(content))
    whole = buffer.getvalue()
    return edited(draw, whole) if draw.random() < 0.4 else whole


def _through_unpacking(path: Path) -> object:
    return unpack.unpack(path, ("wanted",), path.parent / "unpacked")


@cache
def _pictures() -> tuple[bytes, ...]:
    """Small pictures of several kinds, under the suffix of one."""
    from PIL import Image

    found = []
    for kind in ("PNG", "JPEG", "GIF", "TIFF", "BMP", "WEBP"):
        buffer = io.BytesIO()
        Image.linear_gradient("L").resize((9, 7)).convert("RGB").save(buffer, kind)
        found.append(buffer.getvalue())
    return tuple(found)


def _photo(draw: Stream) -> tuple[str, bytes]:
    stem = draw.choice(["a_3", "a_9999", "x", "_1", "a_-1", "a_٣"])
    return stem + draw.choice([".png", ".jpg", ".JPEG"]), edited(draw, draw.choice(_pictures()))


def _through_photos(given: object, folder: Path) -> None:
    """The folder is looked through, and each picture opened as it would be taken."""
    name, content = given
    own = folder / "photos"
    own.mkdir()
    (own / name).write_bytes(content)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for path in photos.found_in(own, ["tench"]):
            fetch._check_picture(path)


@cache
def _state() -> bytes:
    buffer = io.BytesIO()
    torch.save({"conv1.weight": torch.ones(2, 3), "fc.bias": torch.arange(3)}, buffer)
    return buffer.getvalue()


def _state_dict(draw: Stream) -> bytes:
    """A changed file, or a file of something that is no state dict."""
    if draw.random() < 0.9:
        return edited(draw, _state())
    buffer = io.BytesIO()
    torch.save(draw.choice([[1], {"a": 1}, "x", None, {1: torch.ones(1)}, number(draw)]), buffer)
    return buffer.getvalue()


def _idx(draw: Stream) -> dict[str, bytes]:
    """The four files of a set of pictures, one of them changed."""
    files = {}
    for stem in ("train", "t10k"):
        files[f"{stem}-images-idx3-ubyte"] = bytes(
            [0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 28, 0, 0, 0, 28]
        )
        files[f"{stem}-images-idx3-ubyte"] += bytes(784)
        files[f"{stem}-labels-idx1-ubyte"] = bytes([0, 0, 8, 1, 0, 0, 0, 1, draw.randrange(12)])
    name = draw.choice(list(files))
    content = files.pop(name)
    if draw.random() < 0.5:
        files[name] = edited(draw, content)
    else:
        files[f"{name}.gz"] = edited(draw, gzip.compress(content, 1))
    return files


def _through_idx(files: object, folder: Path) -> None:
    for name, content in files.items():
        (folder / name).write_bytes(content)
    idx.from_idx(folder)


def _pattern(draw: Stream) -> str:
    """A claim's name with a piece changed, or anything."""
    if draw.random() < 0.5:
        claim = draw.choice(all_claims())
        return edited(draw, draw.choice([claim.id, claim.name]).encode()).decode("utf-8", "replace")
    return text(draw) + draw.choice(["", "*", "[", "?", "[a-", "]"])


def _through_salt(salt: object, folder: Path) -> None:
    assert check_salt(salt).encode().decode() == salt


KINDS = {
    "salts": Kind(lambda d: d.choice([text(d), number(d), None, [text(d)]]), _through_salt, 400),
    "patterns": Kind(_pattern, lambda given, _: select([given]), 150),
    "settings": Kind(_settings, _through_settings, 250),
    "records": Kind(_record, _through_file(_through_record, "r.json"), 120),
    "presets": Kind(lambda d: edited(d, _shipped("quick")),
                    _through_file(lambda p: load_preset(str(p)), "p.toml"), 20),
    "plans": Kind(lambda d: edited(d, _shipped("map_gain")),
                  _through_file(lambda p: lay_out(read_plan(p), "plan", seeds=2), "p.toml"), 5),
    "archives": Kind(_zip, _through_file(archived.verify_archive, "a.zip"), 20),
    "packages": Kind(lambda d: d.choice([_zip, _tar])(d),
                     _through_file(_through_unpacking, "a.tgz"), 15),
    "photos": Kind(_photo, _through_photos, 10),
    "state dicts": Kind(_state_dict, _through_file(resnet50.from_state_dict, "s.pth"), 5),
    "pictures": Kind(_idx, _through_idx, 15),
}  # fmt: skip
"""Weights are shares of a thousand: about what each costs."""


# --- going through


@dataclass(frozen=True)
class Failure:
    """An input that came back as something else."""

    kind: str
    index: int
    error: BaseException | str

    def __str__(self) -> str:
        return f"{self.kind} {self.index}: {self.error!r}"


def one(name: str, seed: str, index: int, root: Path) -> Failure | None:
    """One input through its door; the folder is empty before and nothing lies beside it after."""
    kind = KINDS[name]
    given = kind.make(Stream(f"{seed}:{name}:{index}"))
    with tempfile.TemporaryDirectory(dir=root) as folder:
        own = Path(folder) / "own"
        own.mkdir()
        try:
            kind.door(given, own)
        except OURS:
            pass
        except Exception as error:
            return Failure(name, index, error)
        beside = {p.name for p in Path(folder).iterdir()} - {"own"}
    outside = {p.name for p in root.iterdir()}
    return Failure(name, index, f"wrote {beside | outside}") if beside or outside else None


def run(count: int, seed: str, kinds: list[str], first: int = 0) -> tuple[dict, list[Failure]]:
    """How many of each kind went through, and what came back wrong."""
    whole = sum(KINDS[name].weight for name in kinds)
    done, failures = {}, []
    with tempfile.TemporaryDirectory() as folder:
        for name in kinds:
            share = count if len(kinds) == 1 else -(-count * KINDS[name].weight // whole)
            begin = time.process_time()
            for index in range(first, first + share):
                failure = one(name, seed, index, Path(folder))
                failures += [failure] if failure else []
            done[name] = share, time.process_time() - begin
    return done, failures


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=10_000, help="inputs of all kinds together")
    parser.add_argument("--first", type=int, default=0, help="number of the first one of each kind")
    parser.add_argument("--seed", default="a", help="which ones are drawn")
    parser.add_argument("--kind", choices=KINDS, action="append", help="of these kinds alone")
    asked = parser.parse_args()
    done, failures = run(asked.count, asked.seed, asked.kind or list(KINDS), asked.first)
    for name, (number_of, seconds) in done.items():
        print(f"{name:12} {number_of:8} inputs {seconds:8.1f} CPU s")
    for failure in failures[:50]:
        print(failure)
    print(f"{sum(n for n, _ in done.values())} inputs, {len(failures)} came back as something else")
    return int(bool(failures))


if __name__ == "__main__":
    sys.exit(main())
