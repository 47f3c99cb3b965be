"""What a regime that is asked for must meet, beyond what every regime that can be trained does.

A law may end a run early or follow it at a scale of its own; a claim about a regime that somebody
asks for, with a preset or ``--set``, is judged at the T of the theory.
"""

from __future__ import annotations

from .parameters import Parameters, domains_of

MAGNITUDES = 1e-12, 1e12
"""Smallest and largest size of a number: in float64 its powers up to 25 are numbers too."""


def unjudgeable(parameters: Parameters) -> list[str]:
    """Why a regime is refused that somebody asks for, in words; nothing where it is not."""
    return [*_hasty(parameters), *_beyond_numbers(parameters)]


def _hasty(p: Parameters) -> list[str]:
    """What would let a claim be judged before its time, in words."""
    complaints = []
    if p.horizon > 0:
        complaints.append(
            f"horizon={p.horizon:g}: T follows full coverage, so that no claim is judged early; "
            f"set horizon_factor instead."
        )
    if p.horizon_factor < 2:
        complaints.append(
            f"horizon_factor={p.horizon_factor:g}: must be a number >= 2, so that what is captured "
            f"has as long again to be lost. Change it in the preset or with --set "
            f"horizon_factor=VALUE."
        )
    return complaints


def _beyond_numbers(p: Parameters) -> list[str]:
    """Numbers of which powers, sums and products leave the range of floats, in words."""
    least, largest = MAGNITUDES
    return [
        f"{domain.symbol}={value:g}: a number other than 0 must be between {least:g} and "
        f"{largest:g} in size, so that its powers are numbers too. Change it in the preset or with "
        f"--set {domain.symbol}=VALUE."
        for name, domain in domains_of(type(p)).items()
        if isinstance(value := getattr(p, name), float | int)
        and value != 0
        and not least <= abs(value) <= largest
    ]
