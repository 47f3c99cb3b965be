"""What becomes of mutants: killed, survived, out of time, equivalent."""

import tempfile
import time
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.mutants.drawing import TESTS, Mutant, apply, known_equivalents
from tests.mutants.mapped import Map
from tests.mutants.near import files_of
from tests.mutants.warm import Warm, copy_tree

NAMED = TESTS / "mutants_named.toml"
SECONDS = 90.0
FIRST = 25
"""So many tests are tried before all the others are imported."""


@dataclass(frozen=True)
class Fate:
    """What became of a mutant: killed, survived, timeout, equivalent, no tests, or broken test."""

    mutant: Mutant
    name: str
    test: str
    seconds: float


def noticed(
    warm: Warm, tree: Path, mutant: Mutant, seconds: float, known: Map | None
) -> tuple[str, str]:
    """What becomes of an applied mutant: few near tests first, then all the others."""
    tests, fate = known.tests_of(mutant) if known else [], ("no tests", "")
    if known is None or not (tests or mutant.statement):
        return warm.run(tree, files_of(mutant.module), seconds)
    for some in filter(None, (tests[:FIRST], tests[FIRST:])):
        chosen = {test: known.seconds[test] for test in some}
        files = list(dict.fromkeys(test.split("::")[0] for test in some))
        fate = warm.run(tree, files, seconds, {"chosen": chosen})
        if fate[0] != "survived":
            break
    return fate


def fates(mutants: list[Mutant], seconds: float, tests: Map | None = None) -> Iterator[Fate]:
    """Try them one after the other, each on the tests of its line or module.

    A test kills only if it passes on the tree without a mutant: a copy may lack what it reads.
    """
    known, sound = known_equivalents(), {}
    with tempfile.TemporaryDirectory() as folder, Warm() as warm:
        tree = Path(folder)
        copy_tree(tree)
        for mutant in mutants:
            begin, fate, test = time.monotonic(), "equivalent", ""
            if mutant.name not in known:
                before = apply(mutant, tree)
                fate, test = noticed(warm, tree, mutant, seconds, tests)
                (tree / "mrpverify" / mutant.module).write_text(before)
                if test and tests is None and test not in sound:
                    sound[test] = warm.run(tree, [test], seconds)[0] in ("survived", "no tests")
                fate = fate if sound.get(test, True) else "broken test"
            yield Fate(mutant, fate, test, time.monotonic() - begin)


def named() -> Iterator[tuple[str, str, str]]:
    """What is changed by each entry of the list of names, what became of it, and which test."""
    entries = tomllib.loads(NAMED.read_text(encoding="utf-8"))["mutant"]
    with tempfile.TemporaryDirectory() as folder, Warm() as warm:
        tree = Path(folder)
        copy_tree(tree)
        for entry in entries:
            path = tree / "mrpverify" / entry["module"]
            before = path.read_text()
            if before.count(entry["before"]) != 1:
                raise ValueError(f"{entry['what']}: not once in {entry['module']}; mend {NAMED}")
            path.write_text(before.replace(entry["before"], entry["after"]))
            fate, test = warm.run(tree, entry["tests"], SECONDS)
            path.write_text(before)
            if fate == "killed" and warm.run(tree, [test], SECONDS)[0] != "survived":
                fate = "broken test"
            yield entry["what"], fate, test
