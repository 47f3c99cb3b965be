"""The page of the Python API: every public name of ``import mrpverify as mv``, where it lives."""

from pathlib import Path

import mrpverify as mv
from mrpverify import _HOMES, CALLABLE, MODULES, NAMES

PACKAGE = Path(mv.__file__).parent
TITLES = {
    "interactive": "From regime to verdict",
    "claims.claim": "Claims of your own",
    "judge.measurement": "Measuring",
    "simulate.objective": "Objectives of your own",
    "simulate.data_law": "Data laws of your own",
}
"""Headings of the modules that a user writes against; the others stand under their own names."""


def homes() -> dict[str, tuple[str, ...]]:
    """Public names by the module that defines them, all of them but the version."""
    found = {home: tuple(names) for home, names in _HOMES.items()}
    found["interactive"] = tuple(sorted({*found["interactive"], *CALLABLE}))
    missing = {*mv.__all__} - {"__version__"} - {name for own in found.values() for name in own}
    if missing:
        raise ValueError(f"public names without a home: {', '.join(sorted(missing))}")
    first = [home for home in TITLES if home in found]
    return {home: found[home] for home in (*first, *sorted(found.keys() - {*first}))}


def api_page() -> str:
    """Every public name with its docstring."""
    about = "Everything here is reached as `import mrpverify as mv`, but the modules at the end."
    parts = ["# Python API", about]
    for home, names in homes().items():
        parts.append(f"## {TITLES.get(home, home)}")
        parts += [
            f"::: mrpverify.{home}.{name}\n    options:\n      heading_level: 3\n"
            f"      show_root_heading: true\n      heading: mv.{name}"
            for name in names
        ]
    return "\n\n".join([*parts, *_modules()]) + "\n"


def _modules() -> list[str]:
    """The public modules; those of the theory have a page of their own."""
    parts = ["## Public modules"]
    for name, meaning in MODULES.items():
        parts.append(f"### mrpverify.{name}\n\n{meaning[0].upper()}{meaning[1:]}.")
        for module in _shown(name):
            parts.append(f"::: mrpverify.{module}\n    options:\n      heading_level: 4")
    parts += [
        f"::: mrpverify.{name}\n    options:\n      heading_level: 3\n      show_root_heading: true"
        for name in NAMES
    ]
    parts.append("[The theory as code](theory.md) has the functions of `theory` and `objectives`.")
    return parts


def _shown(name: str) -> list[str]:
    """A module, or those of a folder; not those that stand on the page of the theory."""
    if name in ("theory", "objectives"):
        return []
    folder = PACKAGE.joinpath(*name.split("."))
    inside = [f"{name}.{path.stem}" for path in sorted(folder.glob("[!_]*.py"))]
    return inside if folder.is_dir() else [name]
