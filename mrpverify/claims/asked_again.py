"""Claims that were asked before, with other seeds of the same salt: judged by their e-value alone.

The design of a claim is fixed before its run. To ask again with more seeds, or with just so few as
have agreed, after seeing what they say, is another test of the same draws, and no fixed design
covers that.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from ..parameters import Framework, Parameters
from ..records.asked import first_asked, remember
from ..records.labelled import config_hash
from ..records.store import Store
from .claim import Claim
from .concluded import ClaimResult
from .evaluate import Collect, evaluate

Asked = tuple[str, Framework]
"""A claim by its id, and the framework it is asked in."""


def evaluate_noted(
    claims: Sequence[Claim],
    regimes: Mapping[Framework, Parameters],
    seeds: int,
    salt: str,
    collect: Collect,
    store: Store | None,
) -> list[ClaimResult]:
    """`evaluate` that knows what this store was asked before, and notes what it is asked now."""
    question = claims, regimes, seeds, salt, store
    again = asked_again(*question)
    results = evaluate(claims, regimes, range(seeds), salt, collect, again)
    remember_asked(*question)
    return results


def asked_again(
    claims: Sequence[Claim],
    regimes: Mapping[Framework, Parameters],
    seeds: int,
    salt: str,
    store: Store | None,
) -> frozenset[Asked]:
    """Those of the per-seed claims that this store was first asked with another number of seeds."""
    before = {} if store is None else first_asked(store.folder)
    questions = _questions(claims, regimes, salt)
    return frozenset(asked for asked, key in questions.items() if before.get(key, seeds) != seeds)


def remember_asked(
    claims: Sequence[Claim],
    regimes: Mapping[Framework, Parameters],
    seeds: int,
    salt: str,
    store: Store | None,
) -> None:
    """Note what was asked; without a store nothing is. Raises OSError where it cannot be noted."""
    if store is not None:
        remember(store.folder, _questions(claims, regimes, salt).values(), seeds)


def _questions(
    claims: Sequence[Claim], regimes: Mapping[Framework, Parameters], salt: str
) -> dict[Asked, str]:
    """Every per-seed claim in every framework, with what makes it the same question."""
    return {
        (claim.id, framework): " ".join((claim.id, framework, config_hash(regime), salt))
        for framework, regime in regimes.items()
        for claim in claims
        if claim.per_seed and claim.needs_runs and framework in claim.frameworks
    }
