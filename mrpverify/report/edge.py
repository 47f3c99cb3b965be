"""Where to look for the edge of a claim that was refuted: the command of a search for it."""

from __future__ import annotations

import shlex
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from ..claims.claim import Claim
from ..claims.concluded import ClaimResult
from ..claims.registry import known
from ..parameters import DOMAINS, Framework, Parameters, domains_of, relevant
from .run import Run, options_and_names, words_of

FIRST = ("sigma_0", "theta", "varrho")
"""What a search varies unless somebody says otherwise: the first of them that a claim depends on.
The theory's conditions are about them."""
MOVED = 0.95
"""Factor by which a parameter is moved to see whether the claim's runs are others then."""


def edge(result: ClaimResult, run: Run) -> list[str]:
    """The command that looks for the nearest regime in which a refuted claim fails, or why none.

    A run that set numbers is searched along them, from the preset on; any other along the first
    of `FIRST` that the claim's runs depend on.
    """
    if result.framework is None:
        return ["no regime stands behind real images: no edge is searched for"]
    claim, regime = result.claim, run.regimes[result.framework]
    settings, kept = _settings(run)
    vary = _reaching(claim, regime, settings) or _reaching(claim, regime, FIRST)[:1]
    if not vary:
        return [
            "its regime is its own, and no parameter of a check reaches it: no edge is searched for"
        ]
    fixed = [f"--set={symbol}={x}" for symbol, x in settings.items() if symbol not in vary]
    words = ["python", "-m", "mrpverify.counterexample", claim.id]
    words += [
        "--framework",
        result.framework,
        *_horizon(claim, result.framework),
        *(w for name in vary for w in ("--vary", name)),
    ]
    command = shlex.join([*words, *kept, *fixed])
    return [
        f"the edge of where it fails: {command}; it begins where the claim holds, so give such a "
        f"regime (--set), or another parameter to vary (--list parameters)"
    ]


def _horizon(claim: Claim, framework: Framework) -> list[str]:
    """The option that tells it from claims of the same id, which are judged at another time."""
    same = [one for one in known() if one.id == claim.id and framework in one.frameworks]
    return ["--at", claim.horizon] if len(same) > 1 else []


def _reaching(claim: Claim, regime: Parameters, symbols: Iterable[str]) -> list[str]:
    """Those symbols that stand for a number > 0 on which the claim's runs depend."""
    names = {domain.symbol: name for name, domain in domains_of(type(regime)).items()}
    return [s for s in symbols if s in names and _reaches(claim, regime, names[s])]


def _settings(run: Run) -> tuple[dict[str, str], list[str]]:
    """What a run set, by symbol, and the options that a search takes over from it."""
    options, names = options_and_names(words_of(run.command)[1])
    pairs = [text.partition("=") for name, text in options if name == "--set"]
    symbols = {name: domain.symbol for name, domain in DOMAINS.items()}
    settings = {symbols.get(key.strip(), key.strip()): value.strip() for key, _, value in pairs}
    files = [text for name, text in options if name == "--plugin"]
    files += [name for name in names if name.endswith(".py")]
    presets = [word for name, x in options if name == "--preset" for word in (name, x)]
    return settings, presets + [word for file in files for word in ("--plugin", file)]


def _reaches(claim: Claim, regime: Parameters, name: str) -> bool:
    """Whether the first runs of a claim are others where a parameter is a little less."""
    value = getattr(regime, name, None)
    if not isinstance(value, float) or value <= 0:
        return False
    changed: dict[str, Any] = {name: MOVED * value}
    try:
        moved = replace(regime, **changed)
        return _runs(claim, moved) != _runs(claim, regime)
    except Exception:  # legs may be a file's own, or need data that is not here
        return False


def _runs(claim: Claim, regime: Parameters) -> list[dict[str, Any]]:
    """What of the legs that a claim asks for first can change their runs."""
    return [relevant(leg.parameters) for leg in claim.runs_needed(regime).values()]
