"""The readable report of a check."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Column, Table
from rich.text import Text

from ..claims.evaluate import ClaimResult, ControlResult
from ..judge.numbers import ABOVE_ZERO
from ..judge.sequential import LEVEL
from ..judge.verdicts import Verdict
from ..parameters import Framework, Parameters
from ..records.provenance import versions
from ..theory.assumptions import applying
from ..theory.condition import Condition
from .next_steps import mended, next_steps, what_mends
from .record import Run, cell, seen, tables

ROOMY = 120
"""Columns from which verdicts, conditions and controls are tables."""

STYLES = {
    Verdict.SUPPORTED: "bold green",
    Verdict.REFUTED: "bold red",
    Verdict.ERROR: "bold red",
    Verdict.INCONCLUSIVE: "bold yellow",
    Verdict.UNINFORMATIVE: "bold magenta",
    Verdict.OUT_OF_REGIME: "bold blue",
}


def print_report(console: Console, run: Run, results: Sequence[ClaimResult], strict: bool) -> None:
    """Conditions, verdicts, controls and features of every framework, then the outcome."""
    for framework, regime in run.regimes.items():
        own = [result for result in results if result.framework == framework]
        title = Text(f"{framework}  ({in_one_line(regime)})", "bold")
        if console.width < ROOMY:  # a rule would cut it
            console.print(title)
        else:
            console.rule(title, align="left")
        _print_conditions(console, framework, regime)
        if own:
            _print_verdicts(console, own)
            _print_controls(console, own)
        for result in own:
            _print_details(console, result)
    _print_images(console, [result for result in results if result.framework is None])
    _print_outcome(console, run, results, strict)


def _print_images(console: Console, results: Sequence[ClaimResult]) -> None:
    """Claims about real images: verdicts, controls, and the tables and lines of their details."""
    if not results:
        return
    console.rule(Text("real images", "bold"), align="left")
    _print_verdicts(console, results)
    _print_controls(console, results)
    for result in results:
        for title, rows in tables(result.measurement.details).items():
            console.print(_rows(f"{result.claim.id}, {title}", rows))
        for line in result.measurement.details.get("lines", ()):
            console.print(Text(f"{result.claim.id}: {line}"))


def _rows(title: str, rows: Sequence[Mapping[str, object]]) -> Table:
    """A table of rows that share their keys."""
    table = _table(*(key.replace("_", " ") for key in rows[0]), title=title)
    for row in rows:
        table.add_row(*(cell(value) for value in row.values()))
    return table


def in_one_line(p: Any) -> str:
    """A regime (whatever has the fields of Parameters) in one line, in the paper's letters."""
    fixed = getattr(p, "masks", "bernoulli") != "bernoulli"  # older records do not name masks
    masks = f" masks={p.masks} P={p.patches}" if fixed else ""
    return (
        f"k={p.classes} m={p.kernels_per_class} s={p.off_class:g} N={p.images} d={p.dimension} "
        f"q={p.power} varrho={p.linear_from:g} sigma_0={p.init_scale:g} theta={p.visible:g}"
        f"{masks}"
    )


def _table(*headers: str, title: str) -> Table:
    """A table that folds what is too long for it and never cuts it."""
    columns = [Column(header, overflow="fold") for header in headers]
    return Table(*columns, title=title, title_justify="left")


def _print_conditions(console: Console, framework: Framework, regime: Parameters) -> None:
    """Every condition of the regime with its margin: a table, or lines where there is no room."""
    own = applying(regime, framework)
    if console.width < ROOMY:
        console.print(Text("Regime conditions", "italic"))
        for item in own:
            margin = f" {item.id}: {item.statement}; margin {item.margin:.3g}"
            console.print(Text.assemble(_mark(item), f"{margin}, needs {item.needed_ratio:g}"))
        return
    table = _table(
        "condition", "statement", "left", "right", "margin", "needed", "",
        title="Regime conditions",
    )  # fmt: skip
    for item in own:
        table.add_row(
            item.id, Text(item.statement), f"{item.left:.3g}", f"{item.right:.3g}",
            f"{item.margin:.3g}", f"{item.needed_ratio:g}", _mark(item),
        )  # fmt: skip
    console.print(table)


def _mark(item: Condition) -> Text:
    """Whether a condition holds."""
    return Text("holds", "green") if item.holds else Text("VIOLATED", "bold red")


def _print_verdicts(console: Console, results: Sequence[ClaimResult]) -> None:
    """What was found for every claim: a table, or lines where there is no room for one."""
    if console.width < ROOMY:
        console.print(Text("Verdicts", "italic"))
        for result in results:
            claim, at = result.claim, f" at {result.claim.horizon}"
            console.print(
                Text.assemble(
                    (claim.id, "bold"), "" if claim.horizon == "none" else at,
                    f" ({claim.role}): ", _verdict(result),
                )
            )  # fmt: skip
            value, interval, aim = _numbers_in_words(result)
            console.print(Text(f"    {value}, 90 % interval {interval}, needed {aim}"))
            console.print(Text(f"    {result.measurement.statistic}"))
        return
    table = _table(
        "claim", "at", "role", "verdict", "value", "90 % interval", "threshold", "statistic",
        title="Verdicts",
    )  # fmt: skip
    for column in table.columns[:-1]:
        column.no_wrap = True
    for result in results:
        claim = result.claim
        table.add_row(
            claim.id, claim.horizon, claim.role, _verdict(result), *_numbers_in_words(result),
            result.measurement.statistic,
        )  # fmt: skip
    console.print(table)


def _verdict(result: ClaimResult) -> Text:
    """The verdict, and what the numbers alone say where that is another."""
    verdict = Text(result.verdict, STYLES[result.verdict])
    measured = result.measurement.measured
    return verdict if result.verdict == measured else verdict.append(f" (measured {measured})")


def _numbers_in_words(result: ClaimResult) -> tuple[str, str, str]:
    """Value, interval, and what they are held against."""
    m = result.measurement
    value = f"{m.value:.3f}" + (f" ({m.successes}/{m.trials})" if m.trials else "")
    return value, f"[{m.interval[0]:.3f}, {m.interval[1]:.3f}]", target(m.threshold, m.band)


def target(threshold: float, band: Sequence[float] | None) -> str:
    """What an interval is held against, in words."""
    return f"> {threshold:g}" if band is None else f"in {band_in_words(band, 3)}"


def band_in_words(band: Sequence[float], digits: int) -> str:
    """A band as an interval; one that just excludes 0 begins with an open bracket."""
    low, high = band
    start = "(0" if low == ABOVE_ZERO else f"[{low:.{digits}g}"
    return f"{start}, {high:.{digits}g}]"


def _print_controls(console: Console, results: Sequence[ClaimResult]) -> None:
    """Whether every control failed, as it should: a table, or lines where there is no room."""
    if console.width < ROOMY:
        console.print(Text("Negative controls", "italic"))
        for result in results:
            for item in result.controls:
                name = f"{result.claim.id}, {item.control.id}: "
                words = f" ({seen(item)}); expected: {item.control.expected}"
                console.print(Text.assemble(name, _came_out(item), words))
        return
    table = _table("claim", "control", "came out", "seen", "expected", title="Negative controls")
    table.columns[0].no_wrap = table.columns[2].no_wrap = True
    for result in results:
        for item in result.controls:
            claim = f"{result.claim.id} ({result.claim.horizon})"
            expected = item.control.expected
            table.add_row(claim, item.control.id, _came_out(item), seen(item), expected)
    console.print(table)


def _came_out(item: ControlResult) -> Text:
    """What became of a control."""
    if item.failed_as_it_should:
        return Text("failed, as it should", "green")
    return Text("DID NOT FAIL", "bold red")


def _print_details(console: Console, result: ClaimResult) -> None:
    """Feature lines of a capture claim, predictions, rules, violated conditions."""
    details = result.measurement.details
    if "features" in details:
        console.print(_features(details["features"]))
    if "accuracies" in details:
        console.print(_accuracies(result.claim.id, details["accuracies"]))
        for leg, row in details["accuracies"].items():
            console.print(_confusion(result.claim.id, leg, row["confusion"]))
    if "numbers" in details:
        console.print(_numbers(result.claim.id, details["numbers"]))
    if "objectives" in details:
        console.print(_objectives(details["objectives"]))
    for name in ("steps", "horizons"):
        if name in details:
            console.print(_rows(f"{result.claim.id}, {name}", details[name]))
    for line in _findings(result):
        console.print(Text(line))
    if result.prediction is not None:
        console.print(
            Text(f"{result.claim.id} at {result.claim.horizon}, predicted: {result.prediction}")
        )


def _findings(result: ClaimResult) -> list[str]:
    """What a claim measured beside its verdict, in lines."""
    details = result.measurement.details
    name = f"{result.claim.id} at {result.claim.horizon}"
    lines = [f"{name}, {part}: {_part(row)}" for part, row in details.get("parts", {}).items()]
    lines += _assumptions(name, details.get("assumes", {}))
    lines += [
        f"{name}, {key}: {_estimate(row)}"
        for key, row in details.items()
        if isinstance(row, Mapping) and set(row) == {"mean", "interval"}
    ]
    lines += [
        f"{name}, {key}: {value:.4g}"
        for key, value in details.items()
        if "predicted" in key and isinstance(value, float)
    ]
    if "mean_counts" in details:
        lines += [
            f"{name}, features of {details['features_in_all']} on average, at {level}: "
            + ", ".join(f"{form.replace('_', ' ')} {number:.2f}" for form, number in row.items())
            for level, row in details["mean_counts"].items()
        ]
    for key in ("mean_share_not_class_pure", "mean_share_with_second_feature"):
        if details.get(key) is not None:
            low, high = details["interval_of_mean_share"]
            share = f"{details[key]:.3f} [{low:.3f}, {high:.3f}]"
            lines.append(f"{name}, {key.replace('_', ' ')}: {share}")
    if "rules" in details:
        rules = "; ".join(
            f"{rule}: {row['mean']:.3f}"
            for rule, row in details["rules"].items()
            if row["mean"] is not None
        )
        lines.append(f"{name}, rules: {rules} (chance {details['chance']:.3f})")
    if "sequential" in details:
        rule = details["sequential"]
        lines.append(
            f"{name}: {result.measurement.measured} after {rule['seeds_used']} of at most "
            f"{rule['looks'][-1]} seeds ({rule['words']})"
        )
    if details.get("seeds_not_known"):
        lines.append(
            f"{name}: {details['seeds_not_known']} seeds ran out of steps or work before T; not "
            f"known there, raise work (flow) or max_steps (descent)"
        )
    for key in ("diverged", "unfinished", "pictures"):
        lines += [f"{name}: {line}" for line in details.get(key, ())]
    return lines


def _part(row: Mapping[str, Any]) -> str:
    """One of several statements of a claim: a count of seeds, or a mean."""
    if "outcomes" in row:
        true = f"{row['needed']} in {row['true_seeds']} of {row['seeds']} seeds"
        return f"{true}: {row['measured']}; mean {_estimate(row)}"
    return f"{_estimate(row)}, {_aim(row)}: {row['measured']}"


def _assumptions(name: str, assumed: Mapping[str, str]) -> list[str]:
    """What intervals take for granted: one line for all that take the same."""
    return [
        f"{name}, {', '.join(part for part in assumed if assumed[part] == text)}: {text}"
        for text in dict.fromkeys(assumed.values())
    ]


def _estimate(row: Mapping[str, Any]) -> str:
    """A mean with its interval."""
    if row["mean"] is None:
        return "no value"
    low, high = row["interval"]
    return f"{row['mean']:.4f} [{low:.4f}, {high:.4f}]"


def _aim(part: Mapping[str, Any]) -> str:
    """What a part of a claim is held against."""
    return target(part["threshold"], part["band"])


def _accuracies(claim: str, legs: Mapping[str, Mapping[str, Any]]) -> Table:
    """One line per leg: accuracies on test and training images, share of features learned."""
    kinds = ("multi_view", "single_view", "overall", "train_multi_view", "train_single_view")
    table = _table(
        "leg", *(kind.replace("_", " ") for kind in kinds), "features learned",
        title=f"{claim}, accuracies",
    )  # fmt: skip
    for leg, row in legs.items():
        table.add_row(leg, *(_estimate(row[kind]) for kind in kinds), f"{row['learned_share']:.3f}")
    return table


def _confusion(claim: str, leg: str, rows: Sequence[Mapping[str, Any]]) -> Table:
    """View shown in the image against views learned by its class: accuracy and images."""
    learned = sorted({row["learned"] for row in rows})
    table = _table(
        "image shows", *(f"class learned {name}" for name in learned),
        title=f"{claim}, {leg}: accuracy (images)",
    )  # fmt: skip
    cells = {
        (row["shown"], row["learned"]): f"{row['accuracy']:.3f} ({row['images']})" for row in rows
    }
    for shown in dict.fromkeys(row["shown"] for row in rows):
        table.add_row(shown, *(cells.get((shown, name), "-") for name in learned))
    return table


def _objectives(rows: Sequence[Mapping[str, Any]]) -> Table:
    """One line per objective: features held, accuracies with each head."""
    columns = dict.fromkeys(key for row in rows for key in row)
    table = _table(*(key.replace("_", " ") for key in columns),
                   title="CMP.ssl, every objective")  # fmt: skip
    for row in rows:
        table.add_row(*(cell(row.get(key)) for key in columns))
    return table


def _numbers(claim: str, rows: Sequence[Mapping[str, Any]]) -> Table:
    """One line per number of a law: value, prediction, band and rival."""
    table = _table(
        "number", "seeds", "value", "90 % interval", "prediction", "band", "rival",
        "rival excluded", "",
        title=f"{claim}, every number",
    )  # fmt: skip
    for row in rows:
        low, high = row["interval"]
        table.add_row(
            row["name"], str(row["seeds"]), f"{row['value']:.4g}", f"[{low:.4g}, {high:.4g}]",
            f"{row['prediction']:.4g}", band_in_words(row["band"], 4),
            f"{row['rival']}: {row['rival_value']:.3g}", "yes" if row["rival_excluded"] else "NO",
            Text(row["measured"], STYLES[row["measured"]]),
        )  # fmt: skip
    return table


def _features(rows: Sequence[dict[str, object]]) -> Table:
    """One line per feature."""
    table = _table(
        "class", "view", "captured", "90 % interval", "median correlation",
        title="T1.capture, every feature",
    )  # fmt: skip
    for row in rows:
        low, high = row["interval"]  # type: ignore[misc]
        median = row["median_correlation"]
        table.add_row(
            str(row["class"]), str(row["view"]), f"{row['captured_share']:.3f}",
            f"[{low:.3f}, {high:.3f}]", "-" if median is None else f"{median:.3f}",  # type: ignore[has-type]
        )  # fmt: skip
    return table


def _print_outcome(
    console: Console, run: Run, results: Sequence[ClaimResult], strict: bool
) -> None:
    """Gates, findings, violated conditions and the exit code."""
    for role in ("gate", "finding"):
        own = [result for result in results if result.claim.role == role]
        if not own:
            continue
        line = Text(f"{role}s: ")
        for result in own:
            name = f"{result.claim.id}/{result.framework or 'images'}/{result.claim.horizon} "
            line.append(name).append(f"{result.verdict}  ", STYLES[result.verdict])
        console.print(line)
    if len(results) > 1:
        console.print(Text(family(len(results))))
    for framework, condition in sorted(
        {(r.framework, c) for r in results for c in r.violated}, key=str
    ):
        console.print(
            Text(
                f"{framework}: outside the regime, {condition.id}: {condition.statement} "
                f"has margin {condition.margin:.3g}, needs {condition.needed_ratio:g}"
                + mended(what_mends(run.regimes, framework, condition)),
                "bold blue",
            )
        )
    for result in results:
        name = f"{result.claim.id} ({result.framework or 'images'}, {result.claim.horizon})"
        for words in next_steps(result):
            console.print(Text(f"next, {name}: {words}"))
    counted = "gates and findings" if strict else "gates"
    console.print(
        f"{run.seeds} seeds, salt {run.salt!r}, {run.device}, {run.seconds:.0f} s; "
        f"exit code {run.exit_code} (from the {counted})"
    )
    console.print(Text(quotable(run, results), "bold"), soft_wrap=True)


def family(verdicts: int) -> str:
    """What holds of several verdicts at once: the family-wise rule, in one line."""
    return (
        f"{verdicts} verdicts: each is false with a chance of at most {LEVEL:.0%} on its own, more "
        f"or less where it is called approximate; at most {LEVEL * verdicts:.2g} false ones are "
        f"expected"
    )


def quotable(run: Run, results: Sequence[ClaimResult]) -> str:
    """The outcome in one line that can be quoted: claims by verdict, draws and version."""
    found = []
    for verdict in STYLES:
        own = [result for result in results if result.verdict == verdict]
        names = dict.fromkeys(f"{r.claim.id} ({r.framework or 'images'})" for r in own)
        if own:
            found.append(f"{verdict}: {', '.join(names)}")
    version = versions()["mrpverify"]
    return f"{'; '.join(found)} [{run.seeds} seeds, salt {run.salt}, mrpverify {version}]"
