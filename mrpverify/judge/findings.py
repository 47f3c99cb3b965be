"""What a claim found beside its verdict, by type: reports show it, records keep it.

A report asks a finding for its type and never reads a meaning out of a name. What stands in the
`details` of a record is said by the finding itself (`kept`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, get_args

import numpy as np

from .intervals import ANY, SHARE, mean_interval

Row = Mapping[str, Any]
Form = Literal["plain", "digits", "band", "yes", "verdict", "estimate"]
"""How a cell is written: three decimals; four digits; a band; yes or NO; a verdict; a mean with its
interval."""
FOR_MACHINES = "over_seeds"
"""Column of what every seed gave: a record keeps it, no report shows it."""


@dataclass(frozen=True)
class Column:
    """A column of a table: the key of its values, its head and how they are written."""

    key: str
    head: str = ""
    form: Form = "plain"
    beside: str | None = None
    """Key of a number that stands behind the value."""

    def __post_init__(self) -> None:
        if self.form not in get_args(Form):
            forms = ", ".join(get_args(Form))
            raise ValueError(f"column {self.key}: form={self.form!r}; choose one of {forms}.")

    @property
    def words(self) -> str:
        """The head, by default the key in words."""
        return self.head or self.key.replace("_", " ")


def columns(*keys: str, **forms: Form) -> tuple[Column, ...]:
    """Columns by their keys; those that are not written plainly have a form."""
    return tuple(Column(key, form=forms.get(key, "plain")) for key in keys)


@dataclass(frozen=True)
class Finding:
    """What was found, under the name it has in a record; always one of the types below."""

    name: str

    def details(self) -> Row:
        """What of it stands in a record's details, by name."""
        raise NotImplementedError(f"{type(self).__name__}: a finding says what a record keeps.")


@dataclass(frozen=True)
class Table(Finding):
    """Rows of plain values (numbers, text, intervals as lists) under the name a record has."""

    rows: Sequence[Row]
    title: str = ""
    columns: tuple[Column, ...] = ()
    """What is shown of the rows; by default every key but what is for machines."""
    kept: Row | None = None
    """What stands in a record's details where that is not the rows under the name."""

    @property
    def words(self) -> str:
        """The title, by default the name in words."""
        return self.title or self.name.replace("_", " ")

    @property
    def shown(self) -> tuple[Column, ...]:
        """The columns, in order; a key that only some rows have is one."""
        every = dict.fromkeys(key for row in self.rows for key in row)
        return self.columns or tuple(Column(key) for key in every if key != FOR_MACHINES)

    def details(self) -> Row:
        """As it stands in a record."""
        return {self.name: list(self.rows)} if self.kept is None else self.kept


@dataclass(frozen=True)
class Estimate(Finding):
    """A number, with its interval where it has one; None is a number that does not exist."""

    value: float | None
    interval: tuple[float, float] | None = None
    judged: Row | None = None
    """Where it is one of several statements: `threshold`, `band` and `measured`, with `needed`,
    `true_seeds` and `seeds` where each seed counts."""
    kept: Row | None = None

    @classmethod
    def of(
        cls,
        name: str,
        values: np.ndarray,
        finest: float = 0.0,
        possible: tuple[float, float] = ANY,
    ) -> Estimate:
        """Mean over the seeds [seeds] that have a value, with its 90 % t-interval.

        `finest` is how finely one of the values is known, `possible` what they can be.
        """
        finite = values[np.isfinite(values)]
        if not len(finite):  # a mean that does not exist lies nowhere
            return cls(name, None, ANY)
        interval = mean_interval(values, resolution=finest, possible=possible)
        return cls(name, float(finite.mean()), interval)

    @classmethod
    def of_share(cls, name: str, values: np.ndarray, finest: float = 0.0) -> Estimate:
        """The same of values in [0, 1], whose mean lies there too: what is beyond is cut off."""
        return cls.of(name, values, finest, SHARE)

    def summary(self) -> dict[str, Any]:
        """Mean and interval as plain values; a cell of a table too."""
        return {"mean": self.value, "interval": list(self.interval or (np.nan, np.nan))}

    def details(self) -> Row:
        """As it stands in a record."""
        if self.kept is not None:
            return self.kept
        return {self.name: self.value if self.interval is None else self.summary()}


@dataclass(frozen=True)
class Curve(Finding):
    """Measured `y` over `x` with its interval, what is predicted and what the rival says.

    All of one length; None is a point without a value.
    """

    x_label: str
    y_label: str
    x: Sequence[float]
    y: Sequence[float | None]
    low: Sequence[float]
    high: Sequence[float]
    prediction: Sequence[float]
    rival: Sequence[float]
    logarithmic: bool = False

    def details(self) -> Row:
        """As it stands in a record: all curves of a claim in one list."""
        return {"curves": [dict(vars(self))]}


@dataclass(frozen=True)
class Note(Finding):
    """Sentences; `about` says of what, where that is not the claim as a whole."""

    lines: tuple[str, ...]
    about: str = ""
    kept: Row | None = None

    def __post_init__(self) -> None:
        """Raise TypeError for one string: each of its letters would be a line."""
        given: object = self.lines
        if isinstance(given, str):
            raise TypeError(f"Note({self.name!r}, ...): lines is a tuple of lines, not one string")

    def details(self) -> Row:
        """As it stands in a record."""
        return {self.name: list(self.lines)} if self.kept is None else self.kept


@dataclass(frozen=True)
class Picture(Finding):
    """A figure, drawn when a page is written; its name is its title."""

    draw: Callable[[], Any] | None = field(default=None, compare=False)
    """Gives a matplotlib figure; none in a record that is read again."""

    def details(self) -> Row:
        """A record keeps no picture."""
        return {}


@dataclass(frozen=True)
class Recorded(Finding):
    """A plain value for the record alone: machines read it, no report shows it."""

    value: Any

    def details(self) -> Row:
        """As it stands in a record."""
        return {self.name: self.value}


Findings = Sequence[Finding]
SHOWN: Mapping[str, type[Finding]] = {
    "table": Table, "estimate": Estimate, "curve": Curve, "note": Note, "picture": Picture,
}  # fmt: skip
"""The types that reports show, as a record names them."""


def recorded(**values: Any) -> tuple[Recorded, ...]:
    """Plain values for the record alone, by name."""
    return tuple(Recorded(name, value) for name, value in values.items())


def checked(findings: Iterable[object]) -> tuple[Finding, ...]:
    """The findings as a tuple; raises TypeError for what is none, naming it."""
    found: list[Finding] = []
    for one in findings:
        if not isinstance(one, Finding):
            raise TypeError(
                f"{one!r} is no finding; give Table, Estimate, Curve, Note, Picture or Recorded of "
                f"mrpverify.judge.findings."
            )
        found.append(one)
    return tuple(found)


def details_of(findings: Findings) -> dict[str, Any]:
    """What a record keeps; lists and mappings of one name are put together."""
    details: dict[str, Any] = {}
    for finding in findings:
        for name, value in finding.details().items():
            details[name] = _joined(details.get(name), value)
    return details


def _joined(there: Any, value: Any) -> Any:
    """What came before under a name, with what comes now."""
    if isinstance(there, list) and isinstance(value, list):
        return [*there, *value]
    if isinstance(there, Mapping) and isinstance(value, Mapping):
        return {**there, **value}
    return value


def exchanged(findings: Findings, new: Findings) -> tuple[Finding, ...]:
    """The findings with new ones, each in the place of an earlier one of its name, or last."""
    later = {_place(one): one for one in new}
    there = {_place(one) for one in findings}
    return (
        *(later.get(_place(one), one) for one in findings),
        *(one for one in new if _place(one) not in there),
    )


def _place(finding: Finding) -> tuple[type, str, bool]:
    """What makes it the same finding; a statement that is judged may be named as an estimate is."""
    judged = isinstance(finding, Estimate) and finding.judged is not None
    return type(finding), finding.name, judged


def as_rows(findings: Findings) -> list[dict[str, Any]]:
    """How the findings stand in a record: their types, and what their details do not say."""
    return [_as_row(one) for one in findings if not isinstance(one, Recorded)]


def _as_row(finding: Finding) -> dict[str, Any]:
    """One finding."""
    kind = next(name for name, of in SHOWN.items() if isinstance(finding, of))
    row: dict[str, Any] = {"type": kind, "name": finding.name}
    match finding:
        case Table(title=title, columns=columns):
            row |= {"title": title, "columns": [dict(vars(column)) for column in columns]}
            if finding.kept is not None:
                row["rows"] = list(finding.rows)
        case Estimate(value=value, interval=interval, judged=judged):
            row |= {"value": value, "interval": interval and list(interval), "judged": judged}
        case Note(lines=lines, about=about):
            row |= {"lines": list(lines), "about": about}
    return row


def from_rows(rows: Sequence[Row], details: Row) -> tuple[Finding, ...]:
    """What `as_rows` wrote, with the details beside it.

    Raises KeyError, TypeError or ValueError for anything else.
    """
    return tuple(_from_row(row, details) for row in rows)


def _from_row(row: Row, details: Row) -> Finding:
    """One finding."""
    name = row["name"]
    match row["type"]:
        case "table":
            columns = tuple(Column(**column) for column in row["columns"])
            return Table(name, row["rows"] if "rows" in row else details[name],
                         row["title"], columns)  # fmt: skip
        case "estimate":
            interval = row["interval"]
            return Estimate(name, row["value"], interval and tuple(interval), row["judged"])
        case "curve":
            [curve] = [one for one in details["curves"] if one["name"] == name]
            return Curve(**curve)
        case "note":
            return Note(name, tuple(row["lines"]), row["about"])
        case "picture":
            return Picture(name)
    raise ValueError(f"findings: type {row['type']!r}; expected {', '.join(SHOWN)}.")


def by_case(name: str, values: Mapping[str, np.ndarray], finest: float = 0.0) -> Table:
    """A table of means over seeds [seeds], a row for each case; a record has them by case."""
    found = {case: Estimate.of(case, own, finest).summary() for case, own in values.items()}
    rows = [{"case": case, "mean": mean} for case, mean in found.items()]
    columns = (Column("case"), Column("mean", form="estimate"))
    return Table(name, rows, columns=columns, kept={name: found})
