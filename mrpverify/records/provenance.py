"""What a record is the record of, and what made it: its address and its attributes."""

from __future__ import annotations

import hashlib
import json
import platform
import subprocess
from abc import ABC, abstractmethod
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import cache
from importlib import metadata
from pathlib import Path
from typing import Any

IDENTITY = "identity"
"""Attribute of a record by which the store knows it again."""

GIT_SECONDS = 10
"""How long git may take to name the commit."""


class Addressed(ABC):
    """What a record belongs to: a run, or a look at a real image."""

    @abstractmethod
    def identity(self) -> dict[str, Any]:
        """Everything that determines the record's numbers but the kind of device, for JSON."""

    def key(self) -> str:
        """Content hash (SHA-256, hexadecimal) of the identity."""
        return hashlib.sha256(_text(self.identity()).encode()).hexdigest()


def stamp(request: Addressed, device: str) -> str:
    """Identity of a record made on a kind of device, cpu or cuda: they differ in their rounding."""
    return _text({**request.identity(), "device": device})


def key_of(attributes: Mapping[str, Any]) -> tuple[str, str]:
    """Key and kind of device that a record says it has; raises KeyError, ValueError, TypeError."""
    identity = json.loads(attributes[IDENTITY])
    device = identity.pop("device")
    return hashlib.sha256(_text(identity).encode()).hexdigest(), str(device)


def provenance(request: Addressed, device: str, precision: str) -> dict[str, str]:
    """Attributes of every record, from the kind of device and the type of its numbers."""
    return {
        IDENTITY: stamp(request, device),
        "arithmetic": f"{device} {precision}",
        "commit": json.dumps(commit()),
        "versions": json.dumps(versions()),
        "written": datetime.now(UTC).isoformat(timespec="seconds"),
    }


@cache
def versions() -> dict[str, str]:
    """Versions of Python and of the libraries that a number may depend on."""
    libraries = ("mrpverify", "torch", "numba", "numpy", "scipy", "xarray")
    return {"python": platform.python_version()} | {name: _version(name) for name in libraries}


@cache
def commit() -> str | None:
    """Git commit of this checkout, marked -dirty where files differ; None where it is installed."""
    checkout = Path(__file__).resolve().parents[2]
    if not (checkout / ".git").exists():
        return None
    # A commit alone, not the nearest tag; no lock, for others may use the checkout.
    describe = ["describe", "--always", "--abbrev=40", "--dirty", "--exclude=*"]
    command = ["git", "--no-optional-locks", "-C", str(checkout), *describe]
    try:
        told = subprocess.run(  # noqa: S603
            command, capture_output=True, text=True, check=True, timeout=GIT_SECONDS
        )
    except (OSError, subprocess.SubprocessError):
        return None
    return told.stdout.strip()


def _text(identity: dict[str, Any]) -> str:
    """JSON that is equal where identities are."""
    return json.dumps(identity, sort_keys=True)


def _version(name: str) -> str:
    """Installed version of a library, 'not installed' where there is none."""
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "not installed"
