"""What so many seeds can decide, said before anything is trained."""

from __future__ import annotations

from collections.abc import Sequence

from ..judge.sequential import FIRST_LOOK, design, seeds_to_refute, seeds_to_support
from ..parameters import STAND_INS
from .claim import Claim


class TooFewSeedsError(ValueError):
    """Seeds that can decide none of the claims asked; the message names how many can."""


def too_few(claims: Sequence[Claim], seeds: int) -> list[str]:
    """A line for every per-seed claim that so many seeds cannot support, naming how many can.

    Claims that are no count of seeds (means, laws) have no exact least number and no line. Raises
    TooFewSeedsError where every claim is such a count and none of them can be decided either way.
    """
    p0 = STAND_INS["success_rate"].value
    rule, least = design(seeds, p0), seeds_to_support(p0)
    counted = [claim for claim in claims if claim.per_seed]
    if not counted or any(bound is not None for bound in rule.support):
        return []
    can_refute = any(bound is not None for bound in rule.refute)
    names = ", ".join(dict.fromkeys(claim.id for claim in counted))
    lines = [
        f"{names}: {seeds} seed{'s' * (seeds != 1)} cannot support a claim at p0 = {p0:g}, at "
        f"least {least} are needed (now {rule.words()})."
    ]
    if seeds < FIRST_LOOK:
        lines.append(
            f"{names}: controls need at least {FIRST_LOOK} seeds to fail as they should; with "
            f"{seeds} the verdict is UNINFORMATIVE unless the claim is refuted."
        )
    if len(counted) == len(claims) and not can_refute:
        raise TooFewSeedsError(
            f"--seeds {seeds} decides nothing: {names} can be refuted from {seeds_to_refute(p0)} "
            f"seeds on, with controls from {FIRST_LOOK}, and supported from {least}."
        )
    return lines
