"""Whether CIFAR-10, as it lies here, has as many images as the settings ask for."""

from __future__ import annotations

from . import networks
from .cifar_runs import data, largest_pool
from .setup import LEAST_LOOKED_AT, PREFIX, SettingsError, Setup, check_precision


def check_training(setup: Setup) -> None:
    """Raise SettingsError where a class has too few images for an equal share of the pool.

    Also for a precision that the machine does not have.
    """
    check_precision(setup)
    asked, there = setup.settings.pool, largest_pool()
    if asked > there:
        raise SettingsError(
            f"{PREFIX}pool={asked}: allowed are at most {there} here, 10 times the images "
            f"of the rarest class. Set {PREFIX}pool, and {PREFIX}labels with it, or fetch all of "
            "cifar10."
        )


def check_matched(setup: Setup) -> None:
    """The same, and where there are too few test images to match networks on and to look at."""
    check_training(setup)
    asked = setup.settings.looked_at
    there = max(len(data()[1]) - networks.MATCHED_ON, 0)
    if asked > there:
        raise SettingsError(
            f"{PREFIX}looked_at={asked}: allowed are at most {there} here, the test "
            f"images beside the {networks.MATCHED_ON} that networks are matched on. Set it, where "
            f"at least {LEAST_LOOKED_AT} are left, or fetch all of cifar10."
        )
