"""How many views a class has to have for what a claim says to mean anything."""

from __future__ import annotations

from ..parameters import Parameters
from ..theory.undefined import UndefinedError


def several_views(parameters: Parameters) -> Parameters:
    """The regime, for a claim about a second view; raises UndefinedError where there is none."""
    if parameters.views < 2:
        raise UndefinedError(f"views={parameters.views}: a class has no second view")
    return parameters


def two_views(parameters: Parameters) -> Parameters:
    """The regime, for numbers derived for two views a class; raises UndefinedError for others."""
    if parameters.views != 2:
        raise UndefinedError(f"views={parameters.views}: what is foretold is derived for two views")
    return parameters
