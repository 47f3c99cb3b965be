"""Mathematics of claims and records as MathML and LaTeX; symbols lead to a glossary."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from markupsafe import Markup, escape

from ..drawing.typeset import typeset
from ..theory.notation import letters

_TERM = re.compile(
    r"\$(?P<factor>\d?)(?P<name>\\[A-Za-z]+|[A-Za-z])(?:_\{(?P<index>[^{}$]*|\\mathrm\{\w+\})\})?"
    r"(?:\^(?P<power>\*|\{(?:[^{}$]*)\}))?(?P<added>[-+]\d)?\$"
)
_NORM = re.compile(r"\$\\Vert (?P<name>\w) \\Vert(?:\^(?P<power>\w))?\$")
_PARTS = re.compile(r"\\mathrm\{(\w+)\}|([A-Za-z]+)|(\d+(?:\.\d+)?)|(\S)")
_RAISED = re.compile(r"(?<=[)\]])\^\{([^{}]*)\}")
"""A power of what stands in brackets."""
_ROOT = re.compile(r"\bsqrt ?(?=[(\w$])")
_GREEK = {"varrho": "\N{GREEK RHO SYMBOL}"}
"""Letters whose name in Unicode is another."""


@dataclass(frozen=True)
class Meaning:
    """One line of the glossary: anchor, the symbol as the command line spells it, its meaning."""

    key: str
    anchor: str
    words: str


def glossary(texts: Iterable[str]) -> list[Meaning]:
    """Symbols that occur in the texts and in what explains them, with their meaning; by letter."""
    found: set[str] = set()
    new = {key for text in texts for key in _keys(text)}
    while new:
        found |= new
        new = {key for known in new for key in _keys(_meaning(known).words)} - found
    return [_meaning(key) for key in sorted(found, key=lambda key: (key.lower(), key))]


def _keys(text: str) -> Iterator[str]:
    """Lines of the glossary that a text leads to."""
    return (key for _, part in _levels(text) for _, key in _terms(part) if key)


def in_mathml(text: str) -> Markup:
    """The text escaped, its symbols as MathML, each a link to its line of the glossary."""
    return Markup("").join(
        Markup("<sup>{}</sup>").format(_flat(part)) if raised else _flat(part)
        for raised, part in _levels(text)
    )


def in_latex(text: str, words: Callable[[str], str], raised: str) -> str:
    """The text with symbols between dollars; `words` escapes the rest, `raised` frames a power."""
    shown = ""
    for up, part in _levels(text):
        inside = "".join(
            term.replace("\u2212", "-") if key is not None else words(term)
            for term, key in _terms(part)
        )
        shown += raised.replace("POWER", inside) if up else inside
    return shown


def spelt_in_mathml(key: str) -> Markup:
    """A symbol of the command line (``sigma_0``) as MathML; names that are words stay."""
    part, *others = _terms(key)
    return _mathml(part[0]) if not others and part[1] is not None else escape(key)


def _levels(text: str) -> Iterator[tuple[bool, str]]:
    """Parts of a text: (whether it is a power of what stands in brackets before it, the part)."""
    return ((number % 2 == 1, part) for number, part in enumerate(_RAISED.split(text)) if part)


def _flat(text: str) -> Markup:
    """`in_mathml` of a part without powers of brackets."""
    shown = Markup("")
    for part, key in _terms(text):
        if key is None:
            shown += escape(_plain(part))
            continue
        math = _mathml(part)
        shown += _linked(math, key) if key else math
    return shown


def _terms(text: str) -> Iterator[tuple[str, str | None]]:
    """Parts of a text, each with the symbol of the glossary that it is.

    None for words, "" for a symbol without a line in the glossary. A text that holds a dollar
    sign of its own is one part.
    """
    if "$" in text:
        yield text, None
        return
    end, shown = 0, typeset(text)
    for found in re.finditer(r"\$[^$]*\$", shown):
        if not (_TERM.fullmatch(found[0]) or _NORM.fullmatch(found[0])):
            continue
        if found.start() > end:
            yield shown[end : found.start()], None
        law = found[0] == "$N$" and shown.startswith("(", found.end())  # normal, not a number
        yield found[0], "" if law else _key(found[0])
        end = found.end()
    if end < len(shown):
        yield shown[end:], None


def _key(term: str) -> str:
    """The line of the glossary for a term: that of letter and index, else that of the letter."""
    found = _TERM.fullmatch(term)
    if found is None:
        return "w" if "w" in term else ""
    name = found["name"].lstrip("\\")
    index = re.sub(r"\\mathrm|[{}]", "", found["index"] or "")
    known = letters()
    return next((key for key in (f"{name}_{index}", name) if key in known), "")


def _meaning(key: str) -> Meaning:
    """A symbol's line in the glossary."""
    return Meaning(key, "symbol-" + "".join(_safe(c) for c in key), letters()[key].meaning)


def _safe(character: str) -> str:
    """A character as part of an anchor; capitals are told apart from small letters by their own."""
    return character if character.isalnum() or character == "_" else f"-{ord(character)}-"


def _linked(math: Markup, key: str) -> Markup:
    """MathML inside a link to its meaning, which is shown on hover too."""
    line = _meaning(key)
    return Markup('<a class="symbol" href="#{}" title="{}: {}">{}</a>').format(
        line.anchor, key, line.words, math
    )


def _mathml(term: str) -> Markup:
    """One term between dollars as a <math> element."""
    norm = _NORM.fullmatch(term)
    if norm is not None:
        base = Markup("<mrow><mo>\u2016</mo>{}<mo>\u2016</mo></mrow>").format(_letter(norm["name"]))
        return _math(_scripts(base, "", norm["power"] or ""))
    found = _TERM.fullmatch(term)
    if found is None:
        raise ValueError(f"{term!r} is no term of mathematics")
    power = (found["power"] or "").strip("{}")
    symbol = _scripts(_letter(found["name"]), found["index"] or "", power)
    factor = _row(found["factor"]) if found["factor"] else Markup("")
    added = _row(found["added"], wrap=False) if found["added"] else Markup("")
    return _math(factor + symbol + added)


def _math(inside: Markup) -> Markup:
    """A formula within a line of text."""
    return Markup("<math>{}</math>").format(inside)


def _scripts(base: Markup, index: str, power: str) -> Markup:
    """A base with what stands below and above it."""
    if index and power:
        return Markup("<msubsup>{}{}{}</msubsup>").format(base, _row(index), _row(power))
    if index:
        return Markup("<msub>{}{}</msub>").format(base, _row(index))
    return Markup("<msup>{}{}</msup>").format(base, _row(power)) if power else base


def _row(text: str, wrap: bool = True) -> Markup:
    """An index, a power or a sum: letters, numbers, signs; words stand upright."""
    parts = []
    for word, name, number, sign in _PARTS.findall(text):
        if word:
            parts.append(Markup("<mtext>{}</mtext>").format(word))
        elif name:
            parts += [_letter(name)] if _is_greek(name) else [_letter(c) for c in name]
        elif number:
            parts.append(Markup("<mn>{}</mn>").format(number))
        else:
            parts.append(Markup("<mo>{}</mo>").format({"-": "\u2212"}.get(sign, sign)))
    inside = Markup("").join(parts)
    return Markup("<mrow>{}</mrow>").format(inside) if wrap and len(parts) != 1 else inside


def _letter(name: str) -> Markup:
    """A letter; Greek ones by their name, with or without a backslash."""
    plain = name.lstrip("\\")
    return Markup("<mi>{}</mi>").format(_greek(plain) if _is_greek(plain) else plain)


def _is_greek(name: str) -> bool:
    """Whether a name is that of a Greek letter."""
    return _greek(name) != name


def _greek(name: str) -> str:
    """The Greek letter of this name; the name itself where there is none."""
    size = "CAPITAL" if name[:1].isupper() else "SMALL"
    spelt = {"lambda": "lamda"}.get(name.lower(), name)
    try:
        return _GREEK.get(name) or unicodedata.lookup(f"GREEK {size} LETTER {spelt.upper()}")
    except KeyError:
        return name


def _plain(text: str) -> str:
    """Words between symbols, with the sign of the root."""
    return _ROOT.sub("\u221a", text)
