"""The page of the Python API: every public name of ``import mrpverify as mv``, where it lives."""

import mrpverify as mv
from mrpverify import _HOMES, CALLABLE

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
    parts = ["# Python API", "Everything here is reached as `import mrpverify as mv`."]
    for home, names in homes().items():
        parts.append(f"## {TITLES.get(home, home)}")
        parts += [
            f"::: mrpverify.{home}.{name}\n    options:\n      heading_level: 3\n"
            f"      show_root_heading: true\n      heading: mv.{name}"
            for name in names
        ]
    return "\n\n".join(parts) + "\n"
