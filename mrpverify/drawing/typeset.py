"""Mathematics as claims and records spell it, in plain letters, as matplotlib typesets it."""

from __future__ import annotations

import re

_GREEK = (
    "sigma", "varrho", "rho", "theta", "tau", "Delta", "lambda", "Lambda", "gamma", "Gamma", "mu",
    "eta", "delta", "alpha", "beta", "phi",
)  # fmt: skip
_LETTERS = "qkmnstuvcdwTKPNCEABZR"
"""Single letters that stand for quantities; others, like the article, are words."""

_SIGNS = {"<<": "\u226a", ">>": "\u226b", ">=": "\u2265", "<=": "\u2264", " ~ ": " \u221d "}
_DRAWN_FROM = re.compile(r" ~ (?=[NU][(\[])")
_INDEX = r"_(?:\{[^}]*\}|\w+)"
_POWER = r"\^(?:\{[^}]*\}|\w|\*)|\*"
_POWER_IN_BRACKETS = re.compile(r"(?<=\w)\^(?:\(([^(){}]*)\)|(\d+\.\d+))")
_SOURCE = r"(?<=\[)(?<!\w\[)[ARD]\]"
"""The mark of where a statement comes from, as docs/theory.md has it: no symbol."""
_SYMBOL = re.compile(
    rf"(?<![\w'$\\.|])(?!{_SOURCE})(\d?)({'|'.join(_GREEK)}|[{_LETTERS}])({_INDEX})?({_POWER})?([-+]\d)?(?![\w']|\.\w)"
)
_RAISED = re.compile(r"(?<=[)\]])\^\{([^{}]*)\}")
"""A power of what stands in brackets."""
_NORM = re.compile(r"\|\|(\w)\|\|(\^\w)?")
_MINUS = re.compile(r"(?<=[\w$)\]]) - (?=[\w$(\u2016])")
_NEGATIVE = re.compile(r"(?<![\w$)}-])-(?=\d)")


def typeset(text: str) -> str:
    """The text with its symbols as mathtext: ``sigma_0`` gets an index, ``2q-2`` is one term.

    Text that already holds mathtext (a dollar sign) is returned as it is.
    """
    if "$" in text:
        return text
    braced = _POWER_IN_BRACKETS.sub(lambda found: f"^{{{found[1] or found[2]}}}", text)
    parts = _RAISED.split(_DRAWN_FROM.sub(" \u223c ", braced))
    shown = "".join(
        f"$^{{{part}}}$" if number % 2 else _SYMBOL.sub(_symbol, part)
        for number, part in enumerate(parts)
    )
    shown = _NORM.sub(lambda found: rf"$\Vert {found[1]} \Vert{found[2] or ''}$", shown)
    for plain, sign in _SIGNS.items():
        shown = shown.replace(plain, sign)
    return _NEGATIVE.sub("\u2212", _MINUS.sub(" \u2212 ", shown))


def _symbol(found: re.Match[str]) -> str:
    """One quantity with its factor, index, power and what is added to it."""
    factor, name, index, power, added = found.groups()
    letter = rf"\{name}" if name in _GREEK else name
    index = _braced(index)
    power = "^*" if power == "*" else _braced(power)
    return f"${factor}{letter}{index}{power}{added or ''}$"


def _braced(part: str | None) -> str:
    """An index or a power with braces; words in it stand upright."""
    if not part:
        return ""
    mark, inside = part[0], part[1:].strip("{}")
    if re.fullmatch(r"[A-Za-z]{2,}", inside) and inside not in _GREEK:
        inside = rf"\mathrm{{{inside}}}"
    return f"{mark}{{{inside}}}"
