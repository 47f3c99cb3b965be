"""What a record of a check holds: JSON as it is written, and the kinds of its values.

Versions differ in what they write, so nothing has to be there; what is there has its kind.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from ..judge.verdicts import Verdict

LARGEST_NUMBER = 1e150
"""Beyond it the square of a number, which every spread is made of, may leave its range."""

ZIP_BEGINS = b"PK\x03\x04"
"""How a ZIP file begins, also one whose end is missing."""

Row = Mapping[str, Any]
Kind = tuple[str, Callable[[Any], bool]]
"""What is wanted, in words, and whether a value is it."""


class SchemaError(ValueError):
    """What no record of a check can hold, with the place where it stands."""


def parsed(content: bytes) -> Any:
    """JSON as every reader knows it; raises SchemaError in one short line for anything else."""
    if content.startswith(ZIP_BEGINS):
        raise SchemaError("no JSON but a ZIP file; an archive is for check --verify alone")
    try:
        found = json.loads(
            content.decode(),
            parse_constant=_refused,
            parse_float=_finite,
            parse_int=_whole,
            object_pairs_hook=_named_once,
        )
        json.dumps(found, ensure_ascii=False).encode()
    except UnicodeDecodeError:
        raise SchemaError("no JSON (it is no text in UTF-8)") from None
    except UnicodeEncodeError:
        raise SchemaError("holds half a character (a lone surrogate), which is no text") from None
    except SchemaError:
        raise
    except (ValueError, RecursionError) as error:
        raise SchemaError(f"no JSON ({error})") from None
    return found


def _named_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object; raises SchemaError where readers would differ in which value they take."""
    found = dict(pairs)
    if len(found) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in found if names.count(name) > 1)
        raise SchemaError(f"no JSON that all read alike ({twice!r} stands twice in one object)")
    return found


def check_kinds(record: Any) -> None:
    """Raise SchemaError for a record with a value of another kind than a check writes."""
    if not isinstance(record, dict):
        raise SchemaError("no record of a check")
    for words in _wrong(record):
        raise SchemaError(f"no record of a check: {words}")


def _wrong(record: Row) -> Iterator[str]:
    """What is of another kind: of the record, then of every claim and its controls."""
    yield from _of(record, RECORD, "")
    for place, claim in enumerate(record.get("claims", ())):
        yield from _of(claim, CLAIM, f"claims[{place}].")
        for number, condition in enumerate(claim.get("violated", ())):
            yield from _of(condition, CONDITION, f"claims[{place}].violated[{number}].")
        for number, control in enumerate(claim.get("controls", ())):
            yield from _of(control, CONTROL, f"claims[{place}].controls[{number}].")


def _of(row: Row, kinds: Mapping[str, Kind], place: str) -> Iterator[str]:
    """The values of a row that are of another kind."""
    for name, (wanted, is_so) in kinds.items():
        if name in row and not is_so(row[name]):
            yield f"{place}{name} is {_short(row[name])}, expected {wanted}"


def _short(value: Any) -> str:
    """A value as it may stand in a line."""
    text = json.dumps(value)
    return text if len(text) <= 60 else f"{text[:60]}..."


def _refused(name: str) -> Any:
    """NaN and infinities, which JSON does not have."""
    raise SchemaError(f"no JSON ({name} is no number; a record has null for it)")


def _finite(text: str) -> float:
    """A number with a point or an exponent."""
    if not math.isfinite(value := float(text)) or abs(value) > LARGEST_NUMBER:
        raise SchemaError(f"holds the number {text[:40]}, expected one up to {LARGEST_NUMBER:g}")
    return value


def _whole(text: str) -> int:
    """A whole number; so many digits that no number is computed with are not read at all."""
    if len(text) > math.log10(LARGEST_NUMBER):
        raise SchemaError(f"holds the number {text[:40]}..., expected one up to {LARGEST_NUMBER:g}")
    return int(text)


def _is_whole(value: Any) -> bool:
    """A whole number; true and false are none."""
    return isinstance(value, int) and not isinstance(value, bool)


def _is_number(value: Any) -> bool:
    """A number; true and false are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def _is_pair(value: Any) -> bool:
    """Two ends, each a number or open."""
    return isinstance(value, list) and len(value) == 2 and all(map(NUMBER_OR_NULL[1], value))


def _list_of(is_so: Callable[[Any], bool]) -> Callable[[Any], bool]:
    """Whether a value is a list of such."""
    return lambda value: isinstance(value, list) and all(map(is_so, value))


def _mapping_of(is_so: Callable[[Any], bool]) -> Callable[[Any], bool]:
    """Whether a value is an object of such."""
    return lambda value: isinstance(value, dict) and all(map(is_so, value.values()))


def _or_null(kind: Kind) -> Kind:
    """The same, or null."""
    words, is_so = kind
    return f"{words} or null", lambda value: value is None or is_so(value)


def _is_text(value: Any) -> bool:
    """A text."""
    return isinstance(value, str)


def _is_mapping(value: Any) -> bool:
    """An object of JSON."""
    return isinstance(value, dict)


TEXT: Kind = ("a text", _is_text)
TEXTS: Kind = ("a list of texts", _list_of(_is_text))
BOOL: Kind = ("true or false", lambda value: isinstance(value, bool))
COUNT: Kind = ("a whole number of 0 or more", lambda value: _is_whole(value) and value >= 0)
SEEDS: Kind = ("a whole number of 1 or more", lambda value: _is_whole(value) and value >= 1)
WHOLE: Kind = ("a whole number", _is_whole)
NUMBER: Kind = ("a number", _is_number)
NUMBER_OR_NULL = _or_null(NUMBER)
SECONDS: Kind = ("a number of 0 or more", lambda value: _is_number(value) and value >= 0)
PAIR: Kind = ("two numbers (null where one is open)", _is_pair)
VERDICT: Kind = (f"one of {', '.join(Verdict)}", lambda value: value in tuple(map(str, Verdict)))
OUTCOMES: Kind = (
    "a list of true, false and null",
    _list_of(lambda value: value is None or isinstance(value, bool)),
)
OBJECT: Kind = ("an object", _is_mapping)
OBJECTS: Kind = ("a list of objects", _list_of(_is_mapping))
BY_NAME: Kind = ("texts by name", _mapping_of(_is_text))

RECORD: Mapping[str, Kind] = {
    "mrpverify": TEXT, "simulation": TEXT, "commit": _or_null(TEXT), "command": TEXTS,
    "regime": ("objects by framework", _mapping_of(_is_mapping)), "config_hash": BY_NAME,
    "conditions": OBJECT, "unheard": TEXTS, "seeds": SEEDS, "salt": TEXT, "device": TEXT,
    "versions": BY_NAME, "seconds": SECONDS, "exit_code": WHOLE, "claims": OBJECTS, "date": TEXT,
    "data": ("objects by data set", _mapping_of(_is_mapping)),
}  # fmt: skip
MEASURED: Mapping[str, Kind] = {
    "id": TEXT, "measured": VERDICT, "value": NUMBER_OR_NULL, "interval": PAIR,
    "threshold": NUMBER_OR_NULL, "band": _or_null(PAIR), "successes": _or_null(COUNT),
    "trials": _or_null(COUNT), "outcomes": _or_null(OUTCOMES), "details": OBJECT,
}  # fmt: skip
CLAIM: Mapping[str, Kind] = {
    **MEASURED, "name": TEXT, "horizon": TEXT, "role": TEXT, "framework": _or_null(TEXT),
    "statement": TEXT, "statistic": TEXT, "verdict": VERDICT, "violated": OBJECTS,
    "controls": OBJECTS, "prediction": _or_null(TEXT), "own_regime": _or_null(TEXT),
}  # fmt: skip
CONTROL: Mapping[str, Kind] = {**MEASURED, "expected": TEXT, "failed_as_it_should": BOOL}
CONDITION: Mapping[str, Kind] = {
    "id": TEXT, "left": NUMBER_OR_NULL, "right": NUMBER_OR_NULL, "needed_ratio": NUMBER,
}  # fmt: skip
