"""Does a test notice? `python tests/mutation.py --sample 50 --salt a`.

A mutant is the package with one constant, sign, axis, comparison, min/max or and/or changed, in a
copy of the tree. One test that fails on it kills it. Printed: the mutant, what became of it, and
the score over all that are not known to be equivalent (tests/mutants_known.txt). Exit code 1 where
one survives.

With a map (`--make-map FILE`, then `--map FILE`) the tests that run the changed line are tried, the
fastest first; a test that takes ten times what it took counts as failed. Without one, the test
files that belong to the module.

A tool of our own, because each mutant must run few tests (the suite takes minutes), and axes, min
against max and parts of a float are what numeric code gets wrong.
"""

import argparse
import csv
import random
import sys
from pathlib import Path

if __name__ == "__main__":  # of its own tree, not of one that is installed
    sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from tests.mutants.drawing import FOLDERS, Mutant, every_mutant
from tests.mutants.in_place import fates_in_place
from tests.mutants.mapped import TESTED, Map, make_map
from tests.mutants.trying import SECONDS, fates, named


def score(
    mutants: list[Mutant],
    seconds: float,
    write: Path | None = None,
    tests: Map | None = None,
    in_place: bool = False,
) -> dict[str, list[Mutant]]:
    """What became of them, by fate; printed one by one, and kept in `write`."""
    found: dict[str, list[Mutant]] = {}
    tried = fates_in_place if in_place else fates
    for fate in tried(mutants, seconds, tests):
        found.setdefault(fate.name, []).append(fate.mutant)
        print(f"{fate.name:10} {fate.seconds:5.0f} s  {fate.mutant.line:4} {fate.mutant.name}"
              f"  [{fate.test}]", flush=True)  # fmt: skip
        if write:
            with write.open("a", newline="", encoding="utf-8") as file:
                m = fate.mutant
                row = [fate.name, m.module, m.line, m.before, m.after, fate.test]
                csv.writer(file).writerow(row)
    return found


def try_named() -> int:
    """Print them; 1 where one is not noticed."""
    found = []
    for what, fate, test in named():
        print(f"{fate:10} {what}  [{test}]", flush=True)
        found.append(fate)
    return int(found.count("killed") < len(found))


def not_noticed(path: Path, mutants: list[Mutant]) -> list[Mutant]:
    """Those of an earlier run that no test killed, where they still are."""
    with path.open(newline="", encoding="utf-8") as file:
        left = {tuple(row[1:5]) for row in csv.reader(file) if row[0] != "killed"}
    return [m for m in mutants if (m.module, str(m.line), m.before, m.after) in left]


def try_drawn(asked: argparse.Namespace) -> int:
    """Draw, try and count; 1 where one is not noticed in its time."""
    mutants = [m for m in every_mutant()
               if m.module.split("/")[0] in asked.folders and asked.only in m.module]  # fmt: skip
    if asked.again:
        mutants = not_noticed(asked.again, mutants)
    elif asked.sample:
        drawn = random.Random(asked.salt).sample(mutants, min(asked.sample, len(mutants)))
        print(f"{len(drawn)} of {len(mutants)} mutants, salt {asked.salt}", flush=True)
        mutants = drawn
    tests = Map(asked.map) if asked.map else None
    found = {name: len(of) for name, of in
             score(mutants[asked.skip :], asked.seconds, asked.write, tests,
                   asked.in_place).items()}  # fmt: skip
    judged = sum(found.values()) - found.get("equivalent", 0) - found.get("untried", 0)
    print(f"{found.get('killed', 0)} of {judged} noticed within {asked.seconds:g} CPU s: {found}")
    return int(found.get("killed", 0) < judged)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--sample", type=int, default=50, help="mutants drawn (0: all)")
    parser.add_argument("--salt", default="a", help="which ones are drawn")
    parser.add_argument("--skip", type=int, default=0, help="of these, so many were tried before")
    parser.add_argument("--again", type=Path, help="those not noticed in such a CSV file")
    parser.add_argument("--folders", nargs="+", default=FOLDERS, help=f"of {' '.join(FOLDERS)}")
    parser.add_argument("--only", default="", help="modules whose path holds this text")
    parser.add_argument("--seconds", type=float, default=SECONDS, help="CPU seconds of one mutant")
    parser.add_argument("--write", type=Path, help="append what became of each to this CSV file")
    parser.add_argument("--named", action="store_true", help="those of tests/mutants_named.toml")
    parser.add_argument("--in-place", action="store_true", help="in forks of one session")
    parser.add_argument("--map", type=Path, help="which test runs which line")
    parser.add_argument("--make-map", type=Path, help="add to that (needs coverage), and end")
    parser.add_argument("--tests", nargs="+", default=TESTED, help="files or folders of it")
    asked = parser.parse_args()
    if asked.in_place and not asked.map:
        parser.error("--in-place needs --map: which tests are collected")
    if asked.named:
        return try_named()
    if asked.make_map:
        make_map(asked.make_map, asked.tests, asked.seconds)
        return 0
    return try_drawn(asked)


if __name__ == "__main__":
    sys.exit(main())
