"""The text beside a figure: what is seen, and everything that is needed to draw it again."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from typing import Any

from ..drawing.typeset import typeset
from ..images.folder import manifest
from ..parameters import PRETRAINING, Framework, Parameters, domains_of, regime_of, relevant
from ..records.labelled import Request, simulation_digest
from ..records.provenance import versions
from .figure import AnyFigure, Study

MOST_VALUES = 8
"""Values of a parameter that are listed; of more only the ends."""


def caption(figure: AnyFigure, data: Any, study: Study, preset: str, command: str) -> str:
    """The Markdown page of a figure that was drawn from these runs."""
    lines = [
        f"# {figure.name}: {typeset(figure.title)}",
        f"![{figure.title}]({figure.name}.svg)",
        figure.caption(data),
        f"The numbers are in [{figure.name}.csv]({figure.name}.csv).",
        "\n".join(f"- {item}" for item in _how(study, preset, command)),
    ]
    return "\n\n".join(lines) + "\n"


def _how(study: Study, preset: str, command: str) -> list[str]:
    """Command, preset and what differs from it, salt, seeds, versions; one line each."""
    items = [f"command: `{command}`"]
    if study.asked:
        runs = list(study.asked)
        shown = sorted({f"`{run.salt}`" for run in runs})
        items += [
            f"runs: {len(runs)}, seeds {_seeds(runs)}, salt {' and '.join(shown)}",
            *_regimes([run.parameters for run in runs], study.regimes, preset),
        ]
    elif study.shown:
        items += [
            f"images: drawn from their law with salt `{study.salt}`; nothing is trained",
            *_regimes(study.shown, study.regimes, preset),
        ]
    elif study.shown_records:
        return items + _of_records(study, preset)
    elif study.data:
        items += _of_real_images(study)
    items.append(f"mrpverify {versions()['mrpverify']}, simulation `{simulation_digest()[:12]}`")
    return items


def _of_records(study: Study, preset: str) -> list[str]:
    """Every record with the command that makes it again, then their regimes."""
    items = []
    for name, record in study.shown_records.items():
        words = shlex.join(record["command"])
        items.append(
            f"record `{name}`: `{words}`, {record['seeds']} seeds at most, "
            f"salt `{record['salt']}`, mrpverify {record['mrpverify']}, "
            f"simulation `{record['simulation'][:12]}`"
        )
    regimes = {
        regime_of({**values, "framework": framework})
        for record in study.shown_records.values()
        for framework, values in record["regime"].items()
    }
    told = _regimes(sorted(regimes, key=lambda p: p.framework), study.regimes, preset)
    return items + [f"{line}, and what each claim changes (docs/explanation.md)" for line in told]


def _of_real_images(study: Study) -> list[str]:
    """The data, and what was trained on them: seeds, salt and the settings that were read."""
    names = " ".join(study.data)
    told = ", ".join(f"`{name}`{_digest(name)}" for name in study.data)
    items = [f"data: {told}, from `mrpverify images fetch {names}`"]
    if not study.read or study.images is None:
        return [*items, "nothing is trained or drawn at random"]
    setup = study.images
    own = {name: value for name, value in setup.settings.model_dump().items() if name in study.read}
    settings = ", ".join(f"{name} = {value}" for name, value in own.items())
    return [*items, f"seeds: {setup.seeds}, salt `{setup.salt}`", f"settings: {settings}"]


def _digest(name: str) -> str:
    """The beginning of a data set's SHA-256 in brackets, where it has one for all of it."""
    found = manifest(name).get("digest")
    return "" if found is None else f" (`{found[:12]}`)"


def _seeds(runs: Iterable[Request]) -> str:
    """Seeds of all runs: their ends where none is left out."""
    seeds = sorted({run.seed for run in runs})
    whole = seeds == list(range(seeds[0], seeds[-1] + 1)) and len(seeds) > 1
    return f"{seeds[0]} to {seeds[-1]}" if whole else ", ".join(map(str, seeds))


def _regimes(
    asked: Iterable[Parameters], regimes: Mapping[Framework, Parameters], preset: str
) -> list[str]:
    """One line per objective: the regime it is nearest to in the preset, and what differs."""
    found: dict[tuple[str, Framework], list[dict[str, Any]]] = {}
    words: dict[str, str] = {}
    for parameters in dict.fromkeys(asked):
        words |= {name: domain.symbol for name, domain in domains_of(type(parameters)).items()}
        nearest, changes = _nearest(parameters, regimes)
        found.setdefault((parameters.framework, nearest), []).append(changes)
    lines = []
    for (framework, nearest), every in found.items():
        base = regimes[nearest]
        names = dict.fromkeys(name for changes in every for name in changes)
        told = ", ".join(
            f"{words[name]} = "
            + _values(
                {own[name] for own in ({**vars(base), **one} for one in every) if name in own}
            )
            for name in names
        )
        regime = f"table `[{nearest}]` of preset `{preset}`"
        lines.append(f"{framework}: {regime}" + (f" with {told}" if told else ""))
    return lines


def _nearest(
    parameters: Parameters, regimes: Mapping[Framework, Parameters]
) -> tuple[Framework, dict[str, Any]]:
    """The regime of the preset, and what differs from it.

    Pretraining has a regime of its own; of the others the one with the fewest differences is told.
    """
    own = {name: value for name, value in relevant(parameters).items() if name != "framework"}

    def differing(regime: Parameters) -> dict[str, Any]:
        return {name: value for name, value in own.items() if value != getattr(regime, name, None)}

    if parameters.framework in PRETRAINING and parameters.framework in regimes:
        return parameters.framework, differing(regimes[parameters.framework])
    name = min(regimes, key=lambda framework: len(differing(regimes[framework])))
    return name, differing(regimes[name])


def _values(values: Iterable[Any]) -> str:
    """The values of one parameter in a row, numbers first."""

    def order(value: Any) -> tuple[int, Any]:
        return (0, value) if isinstance(value, int | float) else (1, str(value))

    kinds = sorted(values, key=order)
    shown = [f"{value:g}" if isinstance(value, float) else str(value) for value in kinds]
    if len(shown) > MOST_VALUES:
        return f"{shown[0]} to {shown[-1]} ({len(shown)} values)"
    return ", ".join(shown)
