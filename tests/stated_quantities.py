"""Whole numbers with a unit, and factors and shares in words, that a document states as measured.

A time, a size and a count of what was run always count. A factor or a share in words counts where
it is of a cost (``half the CPU time``), compares (``six times slower``), or is called approximate
(``about a third``): halves of an interval, of a class or of a patch are none.
"""

import re
from collections.abc import Iterable, Iterator

_NUMBER = r"(?:\d{1,3}(?:,\d{3})+|\d+)"
_TIMES = r"ms|s|min|minutes?|seconds?|hours?|h|days?|(?:CPU|GPU)[ -](?:s|seconds?|minutes?|hours?)"
_SIZES = r"[kMG]i?B|bytes"
_COUNTS = r"seeds?|runs?|images?|photos?|pictures?|draws?|records?|mutants?"
_SMALL = (
    "two|three|four|five|six|seven|eight|nine|ten|twelve|fifteen|sixteen|twenty|thirty|forty|fifty"
)
_FACTOR = rf"twice|thrice|(?:{_NUMBER}|{_SMALL}|a hundred|a thousand)(?:[ -]times|-fold| x)"
_PARTS = "half|third|quarter|fifth|sixth|seventh|eighth|ninth|tenth|hundredth|thousandth"
_SHARE = rf"half|(?:an?|one|{_SMALL}) (?:{_PARTS})s?"
_ABOUT = "about|nearly|almost|roughly|around|some|only|barely|well over|well under"
"""What is measured is about a share; more than half of something is what a definition asks for."""
_COST = (
    r"(?:CPU |wall |device )?"
    r"(?:time|cost|memory|work|price|seconds|gradients?|evaluations?|samples?)"
)
_MORE = r"\w+er|as (?:long|fast|slow|much|many|often|dear|cheap|large|small|far|high)|more|less"
_OF = r"(?:(?:of )?(?:the|its|that|their|this|all|a) )"
_THINGS = r"seeds|runs|images|photos|pictures|features|kernels|classes|views|draws|mutants"

_UNIT = re.compile(
    rf"(?<![\w.^{{/,-])(?:(?P<low>{_NUMBER}) (?:to|or|against|and) )?(?P<high>{_NUMBER})"
    rf"(?: |-)(?P<unit>{_TIMES}|{_SIZES}|{_COUNTS})(?![\w/^])"
)
_COUNTED = re.compile(r"\d of (?:the )?$")
_WORDS = re.compile(
    rf"(?<![\w.,-])(?:(?:half|(?:a|three) quarters? of) an? (?:hour|minute|second)"
    rf"|(?:{_SMALL}) (?:{_TIMES}|{_SIZES})\b"
    rf"|(?:{_ABOUT}) (?:{_SHARE}|{_FACTOR})\b(?! interval)"
    rf"|(?:{_SHARE}|{_FACTOR})"
    rf"(?: (?:{_MORE})\b| {_OF}?(?:[\w']+ )?{_COST}\b| {_OF}(?:[\w']+ )?(?:{_THINGS})\b))",
    re.IGNORECASE,
)
_TOLD = re.compile(
    rf"(?:took|takes|needed|cost) (?:(?:more than|{_ABOUT}) )?{_NUMBER}(?![\w.,]?\d)"
    rf"|(?<![\w.,/-]){_NUMBER} instead of {_NUMBER}(?![.,]?\d)"
)
"""What something took, and what there was before."""
_SETTING = re.compile(r"(?:[=<>~]|in \[)\s*-?$")


def quantities(text: str) -> Iterator[str]:
    """Whole numbers with their unit, and factors and shares in words, of a text without code."""
    plain = re.sub(r"\s+", " ", text)
    for found in _UNIT.finditer(plain):
        before = plain[: found.start()]
        if not _SETTING.search(before) and not _COUNTED.search(before):
            yield from (f"{n} {found['unit']}" for n in (found["low"], found["high"]) if n)
    yield from (found[0] for found in _TOLD.finditer(_UNIT.sub(" ", plain)))
    yield from (found[0] for found in _WORDS.finditer(plain))


def holds(
    quantity: str, seconds: Iterable[float], counts: Iterable[int], kept: Iterable[float]
) -> bool:
    """Whether records or a kept table hold a quantity; one in words nothing holds.

    `seconds` are what the records' commands took, `counts` what they drew, `kept` the numbers of
    the tables that a section links.
    """
    found = re.fullmatch(rf"({_NUMBER}) (.*)", quantity)
    if found is None:
        return False
    number, unit = int(found[1].replace(",", "")), found[2]
    if any(round(x) == number for x in kept):
        return True
    if re.fullmatch(_COUNTS, unit):
        return number in counts
    long = {"m": 60, "h": 3600}.get("" if unit == "ms" else unit[0], 1)
    return re.fullmatch(_TIMES, unit) is not None and any(
        round(x / long) == number for x in seconds
    )
