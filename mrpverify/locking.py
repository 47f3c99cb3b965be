"""Locks of the command line: written before a run, and kept by the check that is run."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

from .asking import Asked, Question, question_of
from .claims.claim import data_needed
from .claims.lock import LockError, differences, locked, read_lock, write_lock
from .claims.registry import UnknownClaimError
from .command_app import tell
from .command_line import UsageError, stop, writable_file
from .images.entries import entries
from .images.folder import MissingDataError
from .judge.verdicts import EXIT_USAGE
from .regime import RegimeError

EXIT_UNLOCKED = 8
"""Exit code of a check that is not the one that was locked; nothing was run."""


def lock_question(asked: Asked, path: Path) -> int:
    """Write down what would be asked, before any run; returns the exit code.

    Raises typer.Exit, after a message, for a request that cannot be asked.
    """
    try:
        question = question_of(asked)
        writable_file(path, "--lock")
        content = _locked(question)
    except (RegimeError, UnknownClaimError, UsageError, MissingDataError) as error:
        stop(f"error: {error}", EXIT_USAGE)
    if path.exists() and _locked_there(path) != content:
        stop(
            f"error: --lock {path}: there is another question in it, or something else, and a "
            "lock is there to be kept; name another file.",
            EXIT_USAGE,
        )
    try:
        write_lock(path, content)
    except OSError as error:
        stop(f"error: --lock {path}: cannot be written ({error.strerror or error}).", 1)
    number, words = len(content["claims"]), shlex.join(_words(asked, path))
    tell(f"{path}: {number} claims locked; ask them with mrpverify check {words}")
    return 0


def _words(asked: Asked, path: Path) -> list[str]:
    """What to type after check to ask just this."""
    given = [
        ("--preset", asked.preset, "quick"),
        ("--framework", asked.framework, "both"),
        ("--seeds", asked.seeds, None),
        ("--salt", asked.salt, "a"),
    ]
    options = [(option, str(value)) for option, value, usual in given if value != usual]
    options += [("--set", setting) for setting in asked.settings]
    options += [("--plugin", file) for file in asked.plugins]
    return [*asked.names, *(word for pair in options for word in pair), "--lock", str(path)]


def _locked_there(path: Path) -> Any:
    """What a file holds that a lock would be written to; None for what is no lock."""
    try:
        return read_lock(path)
    except LockError:
        return None


def _locked(question: Question) -> dict[str, Any]:
    """What a question asks, as a lock holds it; raises MissingDataError for data not there."""
    q = question
    data = entries(data_needed(q.claims, q.regimes))
    return locked(q.claims, q.regimes, q.seeds, q.salt, data)


def keep_lock(path: Path, question: Question) -> None:
    """Raise typer.Exit, naming what differs, where the question is not the one that was locked.

    Of what was locked some may be asked; the rest is named, so that nobody picks in silence.
    """
    lock, now = read_lock(path), _locked(question)
    found = list(differences(lock, now))
    if found:
        changed = "\n".join(f"  {line}" for line in found)
        stop(f"error: --lock {path}: this is not what was locked.\n{changed}", EXIT_UNLOCKED)
    if left := [name for name in lock["claims"] if name not in now["claims"]]:
        tell(f"--lock {path}: locked, and not asked now: {', '.join(left)}")
