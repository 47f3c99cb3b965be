"""What a record says of claims that this version knows, held against what it knows of them.

Which conditions a regime violates, and whether a control failed as it should, are no numbers of a
run: they follow from the regime and from what the control measured. What a claim states, its role
and its design stand in the source: a record of this version has to say the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any

from ..claims.claim import Claim, Control, about_networks
from ..claims.defined import broken_or_undefined
from ..claims.registry import known
from ..judge.verdicts import Verdict
from ..parameters import STAND_INS, Parameters, regime_of
from ..records.labelled import config_hash, simulation_digest
from ..records.provenance import versions
from .run import options_and_names, words_of

Row = Mapping[str, Any]
MEASURED = "step size"
"""A condition that a run's measured curvature decides (`evaluate`), and the regime does not."""
WORDS = ("name", "statement", "role")
"""What of a claim a record repeats, as the source has it."""
FIELDS = {item.name for item in fields(Parameters)}
"""Names that a record gives parameters."""
USUAL_RULE = next(item.default for item in fields(Control) if item.name == "failed")


def of_regimes(record: Row) -> Iterator[str]:
    """Regimes that are not those whose hash stands beside them; other code has other hashes."""
    for framework, given in record["regime"].items():
        strange = set(given) - FIELDS
        if strange and _is_of_this_version(record):
            names = ", ".join(sorted(strange))
            yield f"regime of {framework}: this version has no parameter {names}"
        regime = _regime(record, framework)
        if regime is None or config_hash(regime) == record["config_hash"][framework]:
            continue
        # Asked last: the digest reads every file of the simulation.
        if record.get("simulation") == simulation_digest():
            yield f"regime of {framework}: its config hash is another one"


def of_questions(record: Row) -> Iterator[str]:
    """What a record's command asks for, and the record does not say: claims, salt, seeds."""
    words = record.get("command")
    if not isinstance(words, list) or not words:
        return
    options, names = options_and_names(words_of(words)[1])
    for name in ("salt", "seeds"):
        asked = dict(options).get(f"--{name}")
        if asked is not None and not _is_same(asked, record[name]):
            yield f"its command says --{name} {asked}, and the record {name} {record[name]}"
    there, ids = {row["id"] for row in record["claims"]}, {claim.id for claim in known()}
    for name in dict.fromkeys(names):
        if name in ids - there:
            yield f"{name}: its command asks for it, and nothing is said of it"


def _is_same(word: str, value: Any) -> bool:
    """Whether a word of a command line says a value of a record."""
    return word == str(value) or (
        isinstance(value, int) and word.isdecimal() and int(word) == value
    )


def of_conditions(record: Row, row: Row) -> Iterator[str]:
    """Conditions of a claim that its regime violates and its row does not."""
    claim, regime = _claim(row), _regime(record, row["framework"])
    if claim is None or about_networks(claim) or regime is None:
        return
    there = {condition["id"] for condition in row["violated"]} | {MEASURED}
    for condition in broken_or_undefined(claim, regime, row["framework"]):
        if condition.id not in there:
            yield f"condition {condition.id!r} is violated, and is not recorded"


def of_control(row: Row, control: Row) -> Iterator[str]:
    """Whether a control that has no rule of its own failed as it should."""
    claim = _claim(row)
    own = () if claim is None else claim.controls.get(row["framework"], ())
    rules = [one.failed for one in own if one.id == control["id"]]
    if rules != [USUAL_RULE]:
        return
    said, refuted = control["failed_as_it_should"], control["measured"] == Verdict.REFUTED
    if said and not refuted:
        yield f"is recorded to have failed as it should, and measured {control['measured']}"


def of_identity(record: Row, row: Row) -> Iterator[str]:
    """Whether a row is the claim that it names, as this version has it; other versions may differ.

    Whatever the version, no claim has an outcome of more seeds than were asked.
    """
    if len(row["outcomes"] or ()) > record["seeds"]:
        yield f"outcomes of {len(row['outcomes'])} seeds, and {record['seeds']} were asked"
    if not _is_of_this_version(record):
        return
    claim = _claim(row)
    if claim is None:
        if row["id"] in {one.id for one in known()}:
            yield "this version has no such claim of that framework and horizon"
        return
    yield from _of_controls([one.id for one in claim.controls.get(row["framework"], ())], row)
    for name in WORDS:
        if row[name] != getattr(claim, name):
            yield f"{name} {row[name]!r}, of this version {getattr(claim, name)!r}"
    if claim.per_seed:
        yield from _of_design(record, row)


def _of_controls(own: Sequence[str], row: Row) -> Iterator[str]:
    """Whether a row has the controls of its claim, all of which its verdict rests on."""
    there = [control["id"] for control in row["controls"]]
    if not there and row["verdict"] in (Verdict.ERROR, Verdict.OUT_OF_REGIME):
        return  # it may have ended before there was anything to control
    if own and not there:
        yield f"no control, and this version has {len(own)}, which its verdict rests on"
        return
    for name in own:
        if name not in there:
            yield f"no control {name!r}, which its verdict rests on"
    for name in there:
        if name not in own:
            yield f"control {name!r}, which this version does not have"


def _of_design(record: Row, row: Row) -> Iterator[str]:
    """Whether a count of seeds is judged by the design of so many seeds as were asked."""
    said = row["details"].get("sequential")
    if said is None:  # it broke, or its statistic is no count in this regime
        return
    wanted = STAND_INS["success_rate"].value
    if said["p0"] != wanted:
        yield f"threshold {said['p0']}, of this version {wanted}"
    if said["looks"][-1] != record["seeds"]:
        yield f"judged by a design of {said['looks'][-1]} seeds, and {record['seeds']} were asked"


def _is_of_this_version(record: Row) -> bool:
    """Whether a record says that this version made it, or one that simulates the same."""
    if record.get("mrpverify") == versions()["mrpverify"]:
        return True
    return bool(record.get("simulation") == simulation_digest())


def _claim(row: Row) -> Claim | None:
    """The claim of a row as this version has it; one id may stand for one in every framework."""
    wanted = (row["id"], row["horizon"])
    found = (c for c in known() if (c.id, c.horizon) == wanted and row["framework"] in c.frameworks)
    return next(found, None)


def _regime(record: Row, framework: str | None) -> Parameters | None:
    """A record's regime; None for one that this version does not know."""
    try:
        return regime_of({**record["regime"][framework], "framework": framework})
    except (ValueError, KeyError, TypeError, AttributeError, ArithmeticError):
        return None
