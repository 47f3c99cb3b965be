"""The error of what the theory, or a claim's own regime, does not have in a regime."""

from __future__ import annotations

from ..admissible import RegimeError as RegimeError
from ..parameters import Parameters


class UndefinedError(RegimeError):
    """What is not defined in a regime that may be asked for; the message says what, and why."""


def several_views(parameters: Parameters) -> Parameters:
    """The regime, for what is said of a second view; raises UndefinedError where there is none."""
    if parameters.views < 2:
        raise UndefinedError(f"views={parameters.views}: a class has no second view")
    return parameters


def two_views(parameters: Parameters) -> Parameters:
    """The regime, for numbers derived for two views a class; raises UndefinedError for others."""
    if parameters.views != 2:
        raise UndefinedError(f"views={parameters.views}: what is foretold is derived for two views")
    return parameters
