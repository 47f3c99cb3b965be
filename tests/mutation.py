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
import ast
import csv
import importlib
import json
import math
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
FOLDERS = ("theory", "objectives", "simulate", "observe", "judge", "claims")
KNOWN = HERE / "mutants_known.txt"
NAMED = HERE / "mutants_named.toml"
SECONDS = 90.0
NO_ANSWER = 70
"""Exit code of a run that pytest did not end."""
TOO_LONG = 71
"""Exit code of a run of which one test took ten times what it takes."""
TESTED = ("observe", "judge", "theory", "simulate", "reference", "claims", ".")
FIRST = 25
"""So many tests are tried before all the others are imported."""
SLOW = {"test_learning", "test_predicted_regimes"}

COMPARE = {ast.Lt: ast.LtE, ast.LtE: ast.Lt, ast.Gt: ast.GtE, ast.GtE: ast.Gt, ast.Eq: ast.NotEq}
ARITHMETIC = {ast.Add: ast.Sub, ast.Sub: ast.Add, ast.Mult: ast.Div, ast.Div: ast.Mult,
              ast.Pow: ast.Mult, ast.BitAnd: ast.BitOr, ast.BitOr: ast.BitAnd}  # fmt: skip
NAMES = {"min": "max", "max": "min", "minimum": "maximum", "maximum": "minimum", "amax": "amin",
         "amin": "amax", "argmax": "argmin", "all": "any", "any": "all"}  # fmt: skip


@dataclass(frozen=True)
class Mutant:
    """One change: path below mrpverify/, position, and the text before and after."""

    module: str
    line: int
    column: int
    before: str
    after: str
    statement: range = field(default=range(0), compare=False)
    """Lines of the statement, none where it runs on import."""
    text: str = field(default="", compare=False)
    """The line, and at which of its characters."""

    @property
    def name(self) -> str:
        """Told by its text, not by its line, so that edits above do not rename it."""
        return f"{self.module}: {self.text}: {self.before} -> {self.after}"


def changes(node: ast.AST) -> Iterator[ast.AST]:
    """Changed copies of one node."""
    if isinstance(node, ast.Compare) and type(node.ops[0]) in COMPARE:
        yield ast.Compare(node.left, [COMPARE[type(node.ops[0])](), *node.ops[1:]],
                          node.comparators)  # fmt: skip
    elif isinstance(node, ast.BinOp) and type(node.op) in ARITHMETIC:
        yield ast.BinOp(node.left, ARITHMETIC[type(node.op)](), node.right)
    elif isinstance(node, ast.BoolOp):
        yield ast.BoolOp(ast.Or() if isinstance(node.op, ast.And) else ast.And(), node.values)
    elif isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub | ast.Not | ast.Invert):
        yield node.operand
    elif isinstance(node, ast.Constant) and type(node.value) in (int, float):
        yield ast.Constant(
            node.value + 1 if isinstance(node.value, int) else 1.1 * node.value or 1.0
        )
    elif isinstance(node, ast.Attribute) and node.attr in NAMES:
        yield ast.Attribute(node.value, NAMES[node.attr], node.ctx)
    elif isinstance(node, ast.Name) and node.id in NAMES:
        yield ast.Name(NAMES[node.id], node.ctx)


def nodes(node: ast.AST) -> Iterator[ast.AST]:
    """All nodes that compute, in the order of the source."""
    yield from (child for child, _ in placed(node))


def placed(node: ast.AST, inside: range | None = None) -> Iterator[tuple[ast.AST, range]]:
    """The same with the lines of their statements; none for what runs on import."""
    if isinstance(node, ast.Raise | ast.JoinedStr | ast.Import | ast.ImportFrom):
        return
    for name, value in ast.iter_fields(node):
        if name in ("annotation", "returns", "decorator_list"):
            continue
        body = name == "body" and isinstance(node, ast.FunctionDef | ast.Lambda)
        for child in value if isinstance(value, list) else [value]:
            if isinstance(child, ast.AST):
                runs = inside if inside is not None else range(0) if body else None
                if runs is not None and isinstance(child, ast.stmt):
                    runs = lines_of(child)
                elif body and isinstance(node, ast.Lambda):
                    runs = range(node.lineno, node.end_lineno + 1)
                yield child, runs or range(0)
                yield from placed(child, runs)


def lines_of(statement: ast.stmt) -> range:
    """Lines of a statement without those of its body."""
    body = getattr(statement, "body", None)
    return range(statement.lineno, body[0].lineno if body else statement.end_lineno + 1)


def mutants_of(path: Path) -> Iterator[Mutant]:
    """All mutants of one module."""
    module, source = path.relative_to(ROOT / "mrpverify").as_posix(), path.read_text()
    for node, statement in placed(ast.parse(source)):
        if hasattr(node, "lineno"):
            line = source.splitlines()[node.lineno - 1]
            at = node.col_offset - (len(line) - len(line.lstrip()))
            for changed in changes(node):
                yield Mutant(module, node.lineno, node.col_offset, ast.unparse(node),
                             ast.unparse(changed), statement, f"{line.strip()} @{at}")  # fmt: skip


def every_mutant() -> list[Mutant]:
    """All mutants of the package's numeric folders."""
    paths = sorted(p for f in FOLDERS for p in (ROOT / "mrpverify" / f).rglob("*.py"))
    return [mutant for path in paths for mutant in mutants_of(path)]


def apply(mutant: Mutant, tree: Path) -> str:
    """Write the mutant into a copied tree; the text of the module before."""
    path = tree / "mrpverify" / mutant.module
    text = path.read_text()
    parsed = ast.parse(text)
    for node in nodes(parsed):
        where = getattr(node, "lineno", 0), getattr(node, "col_offset", 0)
        if where == (mutant.line, mutant.column) and ast.unparse(node) == mutant.before:
            lines = text.encode().splitlines(keepends=True)
            start = sum(map(len, lines[: node.lineno - 1])) + node.col_offset
            end = sum(map(len, lines[: node.end_lineno - 1])) + node.end_col_offset
            raw = text.encode()
            path.write_bytes(raw[:start] + f"({mutant.after})".encode() + raw[end:])
            return text
    raise ValueError(f"no such place: {mutant}")


def imports(path: Path) -> set[str]:
    """Last parts of everything a file imports: modules and names."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom):
            found |= {alias.name for alias in node.names} | set((node.module or "").split("."))
    return found


SIMULATED = ("tests/reference/test_losses.py", "tests/reference/test_trajectory.py")


def files_of(module: str) -> list[str]:
    """Test files in the order in which they are likely to notice: of the module's own name, then
    those that import it, then all of its folder where none does; the second implementation last."""
    folder, *objective, stem = module.removesuffix(".py").split("/")
    if objective:
        folder, stem = "simulate" if stem == "gradient" else "theory", objective[0]
    near = [f for f in sorted((ROOT / "tests" / folder).glob("test_*.py")) if f.stem not in SLOW]
    second = sorted((ROOT / "tests" / "reference").glob("test_*.py"))
    own = [f for f in near if f.stem == f"test_{stem}"]
    importing = [f for f in (*near, *second) if stem in imports(f)]
    files = [*own, *importing] or near
    if folder == "observe":
        files.append(ROOT / "tests" / "claims" / "test_deciding.py")
    found = [str(f.relative_to(ROOT)) for f in files]
    return list(dict.fromkeys([*found, *(SIMULATED if folder == "simulate" else ())]))


class Map:
    """Which test runs which lines, and how many CPU seconds it takes (`--make-map`)."""

    def __init__(self, path: Path) -> None:
        told = json.loads(path.read_text())
        self.seconds: dict[str, float] = told["seconds"]
        self.lines: dict[str, dict[str, set[int]]] = {
            module: {test: set(lines) for test, lines in of.items()}
            for module, of in told["lines"].items()
        }

    def tests_of(self, mutant: Mutant) -> list[str]:
        """Those that run its statement, or anything of its module, the fastest first."""
        of = self.lines.get(mutant.module, {})
        wanted = set(mutant.statement)
        tests = [test for test, lines in of.items() if not wanted or lines & wanted]
        return sorted(tests, key=lambda test: self.seconds[test])


def make_map(path: Path, places: list[str], seconds: float) -> None:
    """Run test files, or those of folders, once on the package as it is; add what they run."""
    below = [ROOT / "tests" / place for place in places]
    files = [f for at in below for f in (sorted(at.glob("test_*.py")) if at.is_dir() else [at])]
    told = json.loads(path.read_text()) if path.exists() else {"seconds": {}, "lines": {}}
    with tempfile.TemporaryDirectory() as folder, Warm() as warm:
        tree = Path(folder) / "tree"
        copy_tree(tree)
        for file in files:
            name, part = str(file.relative_to(ROOT)), Path(folder) / "part.json"
            part.unlink(missing_ok=True)
            fate, test = warm.run(tree, [name], seconds, {"record": str(part)})
            print(f"{fate:10} {name}  [{test}]", flush=True)
            if part.exists():
                found = json.loads(part.read_text())
                told["seconds"] |= found["seconds"]
                for module, of in found["lines"].items():
                    told["lines"].setdefault(module, {}).update(of)
                path.write_text(json.dumps(told))


class Warm:
    """Runs tests in forks of a process that has imported what all of them need.

    Importing takes longer than most tests that notice a mutant. It is a process of its own, so that
    tests may use it too, and imports nothing of this package.
    """

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, __file__, "--serve"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True, cwd=tempfile.gettempdir(),
        )  # fmt: skip

    def __enter__(self) -> "Warm":
        return self

    def __exit__(self, *error: object) -> None:
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()

    def run(
        self, tree: Path, tests: list[str], seconds: float, more: dict | None = None
    ) -> tuple[str, str]:
        """Killed, survived or timeout, and the test that failed; time is that of the processor."""
        asked = {"tree": str(tree), "tests": tests, "seconds": seconds} | (more or {})
        self.process.stdin.write(json.dumps(asked) + "\n")
        self.process.stdin.flush()
        answer = json.loads(self.process.stdout.readline())
        code = answer["code"]
        if code < 0:
            return ("timeout" if -code in (signal.SIGXCPU, signal.SIGKILL) else "killed"), ""
        fates = {0: "survived", 1: "killed", 2: "killed", TOO_LONG: "killed"}
        return fates.get(code, "no tests"), answer["failed"]


class Noted:
    """A pytest plugin: writes the first test, or file, that fails."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def pytest_runtest_logreport(self, report) -> None:
        if report.failed:
            self.path.write_text(report.nodeid)

    pytest_collectreport = pytest_runtest_logreport


class Chosen:
    """A pytest plugin: runs the named tests alone, in their order, none ten times as long."""

    def __init__(self, seconds: dict[str, float], note: Path) -> None:
        self.seconds, self.note = seconds, note
        self.order = {name: place for place, name in enumerate(seconds)}

    def pytest_collection_modifyitems(self, items: list) -> None:
        items[:] = sorted((i for i in items if i.nodeid in self.order),
                          key=lambda i: self.order[i.nodeid])  # fmt: skip

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        def stop(*_: object) -> None:
            self.note.write_text(nodeid)
            os._exit(TOO_LONG)

        signal.signal(signal.SIGVTALRM, stop)
        signal.setitimer(signal.ITIMER_VIRTUAL, 5.0 + 10.0 * self.seconds[nodeid])


class Recorded:
    """A pytest plugin: writes which lines of the package each test runs, and its CPU seconds.

    After half of the seconds that a file may take no further test is begun.
    """

    def __init__(self, path: Path, tree: Path, seconds: float) -> None:
        import coverage

        self.path, self.package, self.limit = path, tree / "mrpverify", seconds / 2
        self.coverage = coverage.Coverage(data_file=None, include=[f"{self.package}/*"])
        self.seconds: dict[str, float] = {}
        self.failed: set[str] = set()
        self.begun = 0.0

    def pytest_sessionstart(self, session) -> None:
        self.session = session
        self.coverage.start()

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        self.coverage.switch_context(nodeid)
        self.begun = time.process_time()

    def pytest_runtest_logreport(self, report) -> None:
        if report.failed or report.skipped:
            self.failed.add(report.nodeid)

    def pytest_runtest_logfinish(self, nodeid: str) -> None:
        self.seconds[nodeid] = round(time.process_time() - self.begun, 3)
        self.coverage.switch_context("between")
        if time.process_time() > self.limit:
            self.session.shouldstop = "the map has no more time for this file"

    def pytest_sessionfinish(self) -> None:
        self.coverage.stop()
        passed = self.seconds.keys() - self.failed
        data, lines = self.coverage.get_data(), {}
        for file in data.measured_files():
            of = lines.setdefault(Path(file).relative_to(self.package).as_posix(), {})
            for line, tests in data.contexts_by_lineno(file).items():
                for test in passed.intersection(tests):
                    of.setdefault(test, []).append(line)
        told = {"seconds": {test: self.seconds[test] for test in passed}, "lines": lines}
        self.path.write_text(json.dumps(told))


def serve() -> None:
    """A request a line on standard input, an answer a line on standard output."""
    for name in ("numpy", "scipy.integrate", "scipy.optimize", "scipy.stats", "sympy", "torch",
                 "xarray", "pandas", "h5netcdf", "pydantic", "typer", "pytest"):  # fmt: skip
        importlib.import_module(name)
    answers = os.fdopen(os.dup(1), "w")
    with tempfile.TemporaryDirectory() as folder:
        note = Path(folder) / "failed"
        for line in sys.stdin:
            note.write_text("")
            child = os.fork()
            if not child:
                try:
                    os._exit(_run_pytest(json.loads(line), note))
                except BaseException as error:  # a fork never goes on with its parent's work
                    note.write_text(repr(error))
                    os._exit(NO_ANSWER)
            status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
            print(
                json.dumps({"code": status, "failed": note.read_text()}), file=answers, flush=True
            )


def _run_pytest(asked: dict, note: Path) -> int:
    """In the fork: pytest on the tests of a tree, within so many CPU seconds."""
    import pytest

    limit = math.ceil(asked["seconds"])
    resource.setrlimit(resource.RLIMIT_CPU, (limit, limit + 5))
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in (0, 1, 2):
        os.dup2(nothing, stream)
    sys.dont_write_bytecode = True
    elsewhere = [p for p in sys.path if Path(p or ".").resolve() not in (HERE, ROOT)]
    sys.path[:] = [asked["tree"], *elsewhere]
    os.environ |= {"PYTHONDONTWRITEBYTECODE": "1", "PYTHONPATH": os.pathsep.join(sys.path)}
    os.chdir(asked["tree"])
    options = ["-q", "-n", "0", "-p", "no:cacheprovider"]
    plugins: list[object] = [Noted(note)]
    if "record" in asked:
        plugins.append(Recorded(Path(asked["record"]), Path(asked["tree"]), asked["seconds"]))
    else:
        options.append("-x")
    if "chosen" in asked:
        plugins.append(Chosen(asked["chosen"], note))
    return int(pytest.main([*options, *asked["tests"]], plugins=plugins))


def known_equivalents() -> dict[str, str]:
    """Name -> reason of the mutants that compute the same, or differ by what nobody asks for."""
    lines = [x for x in KNOWN.read_text().splitlines() if not x.startswith("#")]
    pairs = [line.rsplit("  # ", 1) for line in lines if "  # " in line]
    return {name.strip(): reason for name, reason in pairs}


def copy_tree(target: Path) -> None:
    """What the tests read."""
    for name in ("mrpverify", "tests", "experiments", "docs"):
        shutil.copytree(ROOT / name, target / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, target)


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


def score(
    mutants: list[Mutant], seconds: float, write: Path | None = None, tests: Map | None = None
) -> dict[str, list[Mutant]]:
    """What became of them, by fate; printed one by one, and kept in `write`."""
    found: dict[str, list[Mutant]] = {}
    for fate in fates(mutants, seconds, tests):
        found.setdefault(fate.name, []).append(fate.mutant)
        print(f"{fate.name:10} {fate.seconds:5.0f} s  {fate.mutant.line:4} {fate.mutant.name}"
              f"  [{fate.test}]", flush=True)  # fmt: skip
        if write:
            with write.open("a", newline="", encoding="utf-8") as file:
                m = fate.mutant
                row = [fate.name, m.module, m.line, m.before, m.after, fate.test]
                csv.writer(file).writerow(row)
    return found


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
             score(mutants[asked.skip :], asked.seconds, asked.write, tests).items()}  # fmt: skip
    judged = sum(found.values()) - found.get("equivalent", 0)
    print(f"{found.get('killed', 0)} of {judged} noticed within {asked.seconds:g} CPU s: {found}")
    return int(found.get("killed", 0) < judged)


def main() -> int:
    if sys.argv[1:] == ["--serve"]:
        serve()
        return 0
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
    parser.add_argument("--map", type=Path, help="which test runs which line")
    parser.add_argument("--make-map", type=Path, help="add to that (needs coverage), and end")
    parser.add_argument("--tests", nargs="+", default=TESTED, help="files or folders of it")
    asked = parser.parse_args()
    if asked.named:
        return try_named()
    if asked.make_map:
        make_map(asked.make_map, asked.tests, asked.seconds)
        return 0
    return try_drawn(asked)


if __name__ == "__main__":
    sys.exit(main())
