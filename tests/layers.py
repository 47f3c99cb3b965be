"""The layers of the package, read from its source: ``python tests/layers.py`` prints them.

It ends with 1, and says which, where an import points back.
"""

import ast
import sys
from pathlib import Path

PACKAGE = Path(__file__).parent.parent / "mrpverify"

# Folder or module -> parts of the package it may import. `admissible` imports nothing. The folder
# of an objective is three of them: options, gradient, and theory, which is all the rest.
ALLOWED = {
    "admissible": set(),
    "regular": set(),
    "terminal": set(),
    "outside": {"admissible"},
    "parts": {"outside"},
    "objectives.options": {"parts"},
    "parameters": {"admissible", "outside", "parts", "objectives.options"},
    "derivations": {"outside", "parameters"},
    "callable_module": set(),
    "command_app": set(),
    "judgeable": {"parameters"},
    "regime": {
        "regular", "admissible", "outside", "parameters", "judgeable", "callable_module",
    },
    "theory": {"admissible", "parameters", "judgeable", "parts", "outside", "derivations"},
    "objectives.theory": {"parameters", "parts", "derivations", "theory"},
    "observe": {"parameters"},
    "judge": {"parameters"},
    "simulate": {"parameters", "parts", "outside", "derivations"},
    "objectives.gradient": {"parameters", "parts", "objectives.options", "simulate"},
    "records": {"terminal", "outside", "parameters", "theory", "simulate", "command_app"},
    "drawing": {"judge"},
    # Real images and the networks on them; their claims stand with the others.
    "images": {"regular", "judge", "simulate", "records", "drawing", "command_app"},
    # A law as a distribution from outside would bring it; nothing below the claims knows it.
    "dominoes": {"admissible", "parameters", "parts", "theory", "simulate", "records", "images"},
    "imperfect": {"parameters", "parts", "theory", "simulate"},
    "claims": {"regular",
        "outside", "parameters", "derivations", "theory", "objectives.theory", "observe", "judge",
        "records", "images", "dominoes",
    },
    # Figures stand above what they show: nothing but the command line may import them.
    "figures": {"regular",
        "outside", "parameters", "regime", "theory", "objectives.theory", "objectives.gradient",
        "simulate", "observe", "judge", "records", "images", "drawing", "claims", "sweep",
        "command_line", "command_app", "dominoes", "report",
    },
    "report": {"regular",
        "admissible", "parameters", "theory", "judge", "records", "drawing", "claims",
    },
    "command_line": {"outside", "records", "command_app"},
    "results": {"command_app", "command_line", "judge", "report"},
    # The judge on truths that are known: it needs nothing that is simulated by training.
    "calibration": {"parameters", "judge", "records", "command_line", "command_app"},
    "asking": {"parameters", "regime", "claims", "report", "images", "command_line"},
    "locking": {
        "asking", "regime", "judge", "claims", "images", "command_line", "command_app",
    },
    "archive": {"command_app", "command_line", "judge", "claims", "report"},
    "check": {"asking", "checking", "callable_module", "command_app"},
    "lock": {"asking", "locking", "command_app"},
    "together": {"training_together", "command_app"},
    "training_together": {
        "admissible", "parameters", "regime", "simulate", "records", "command_line",
    },
    "given": {"parameters", "regime"},
    "interactive": {
        "given", "parameters", "regime", "simulate", "judge", "records", "claims", "report",
        "images",
    },
    "__main__": {
        "archive", "calibration", "check", "checking", "command_app", "counterexample", "figures",
        "images", "lock", "records", "results", "sweep", "together",
    },
    "checking": {"terminal",
        "asking",
        "locking",
        "parameters",
        "regime",
        "judge",
        "records",
        "claims",
        "report",
        "images",
        "command_line",
        "command_app",
    },
    "counterexample": {
        "parameters", "regime", "judge", "records", "claims", "command_line", "command_app",
    },
    "sweep": {"regular",
        "parameters", "regime", "judge", "records", "claims", "report", "command_line",
        "command_app",
    },
}  # fmt: skip
THIRD_PARTY = {
    "admissible": set(),
    "outside": set(),
    "parts": set(),
    "parameters": set(),
    "derivations": set(),
    "given": {"numpy"},
    "objectives.options": set(),
    "theory": {"numpy", "scipy", "sympy"},
    "objectives.theory": {"numpy", "scipy", "sympy"},
    "observe": {"numpy"},
    "judge": {"numpy", "scipy"},
    "simulate": {"numba", "numpy", "threadpoolctl", "torch", "triton"},
    "objectives.gradient": {"numpy", "torch"},
}


def modules():
    return sorted(p for p in PACKAGE.rglob("*.py") if p.name != "__init__.py")


def part_of(path):
    return named(path.relative_to(PACKAGE).with_suffix("").parts)


def named(names):
    """The part that a module is of, from its names below the package."""
    if names[0] != "objectives" or len(names) < 3:
        return names[0]
    return f"objectives.{names[2] if names[2] in ('options', 'gradient') else 'theory'}"


def imported(path):
    """(parts of this package, top-level names of others) that a file imports."""
    own, others = set(), set()
    here = ["mrpverify", *path.relative_to(PACKAGE).parts[:-1]]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            others |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            others.add(node.module.split(".")[0])
        elif isinstance(node, ast.ImportFrom):
            base = here[: len(here) - node.level + 1] + (node.module or "").split(".")
            base = [name for name in base if name][1:]
            whole = len(base) < (3 if base[:1] == ["objectives"] else 1)
            names = [[*base, alias.name] for alias in node.names] if whole else [base]
            own |= {named(one) for one in names}
    return own, others - set(sys.stdlib_module_names)


def faults(path):
    """What a file imports and must not, in words."""
    part = part_of(path)
    own, others = imported(path)
    allowed = ALLOWED[part] | {part} | ({"claims"} if part == "claims" else set())
    found = [f"{part} must not import {name}" for name in sorted(own - allowed)]
    if "mrpverify" in others:
        found.append("inside the package, imports are relative")
    if part in THIRD_PARTY:
        found += [f"{part} must not import {name}" for name in sorted(others - THIRD_PARTY[part])]
    return found


def levels():
    """Parts by level: each imports only from levels before its own."""
    left, found = dict(ALLOWED), []
    while left:
        done = {part for level in found for part in level}
        free = sorted(part for part, needs in left.items() if needs - {part} <= done)
        if not free:
            raise ValueError(f"a circle among {', '.join(sorted(left))}")
        found.append(free)
        left = {part: needs for part, needs in left.items() if part not in free}
    return found


def main():
    """Print the layers, and every import that points back."""
    for number, parts in enumerate(levels()):
        print(f"{number:>2}  {', '.join(parts)}")
    wrong = [f"{path}: {fault}" for path in modules() for fault in faults(path)]
    print("\n".join(wrong) or f"{len(modules())} files, no import points back")
    return bool(wrong)


if __name__ == "__main__":
    sys.exit(main())
