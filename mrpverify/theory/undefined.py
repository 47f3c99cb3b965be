"""The error of what the theory, or a claim's own regime, does not have in a regime."""

from __future__ import annotations

from ..admissible import RegimeError as RegimeError


class UndefinedError(RegimeError):
    """What is not defined in a regime that may be asked for; the message says what, and why."""
