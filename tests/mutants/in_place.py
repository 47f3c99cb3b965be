"""Mutants tried in forks of one session that has collected the tests: some hundredths of a second.

A mutant in a copy of the tree is imported anew, which takes longer than most tests that notice it.
Here a fork exchanges the code of the module's functions for the mutant's. So whole modules can be
tried. What changes on import alone is not seen to change: a survivor here is tried again in a copy
(`--again`), and only that counts. A test kills only if it passes where the code is exchanged for
its own.
"""

import functools
import importlib
import os
import resource
import sys
import tempfile
import types
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.mutants.drawing import ROOT, Mutant, applied, known_equivalents
from tests.mutants.mapped import Map
from tests.mutants.trying import Fate

PASSED, FAILED = 0, 1


def exchange(old: object, new: object, seen: set[int]) -> None:
    """Give a function, or the functions of a class, the code of another's."""
    if id(old) in seen or type(old) is not type(new):
        return
    seen.add(id(old))
    if isinstance(old, types.FunctionType):
        old.__code__, old.__defaults__ = new.__code__, new.__defaults__
        old.__kwdefaults__ = new.__kwdefaults__
        for mine, other in zip(old.__closure__ or (), new.__closure__ or (), strict=False):
            exchange(mine.cell_contents, other.cell_contents, seen)
    elif isinstance(old, property):
        exchange(old.fget, new.fget, seen)
    elif isinstance(old, staticmethod | classmethod):
        exchange(old.__func__, new.__func__, seen)
    elif isinstance(old, functools.cached_property):
        exchange(old.func, new.func, seen)
    elif isinstance(old, type):
        for name in vars(old).keys() & vars(new).keys():
            exchange(vars(old)[name], vars(new)[name], seen)
    if hasattr(old, "__wrapped__"):
        exchange(old.__wrapped__, new.__wrapped__, seen)
    if hasattr(old, "cache_clear"):
        old.cache_clear()


def put_into(module: types.ModuleType, source: str) -> None:
    """A module, and whoever took a constant from it, computes as a changed source says."""
    scratch = {k: v for k, v in vars(module).items() if k.startswith("__")}
    exec(compile(source, module.__file__, "exec"), scratch)
    seen: set[int] = set()
    for name, new in scratch.items():
        if name.startswith("__") or name not in vars(module):
            continue
        old = vars(module)[name]
        if isinstance(old, types.FunctionType | type) or hasattr(old, "__wrapped__"):
            if getattr(old, "__module__", None) == module.__name__:
                exchange(old, new, seen)
        elif not isinstance(old, types.ModuleType):
            _put_constant(name, old, new)


def _put_constant(name: str, old: object, new: object) -> None:
    """In every module that has it by this name."""
    for other in list(sys.modules.values()):
        if getattr(other, "__name__", "").startswith("mrpverify") and vars(other).get(name) is old:
            setattr(other, name, new)


class Session:
    """A pytest plugin: in place of running the tests it tries mutants."""

    def __init__(self, mutants: list[Mutant], tests: Map, seconds: float, note: Path) -> None:
        self.mutants, self.tests, self.seconds, self.note = mutants, tests, seconds, note
        self.sound: dict[tuple[str, str], bool] = {}
        self.fates: list[Fate] = []
        self.failed = False

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        self.items = {item.nodeid: item for item in session.items}
        known = known_equivalents()
        for mutant in self.mutants:
            fate, test = ("equivalent", "") if mutant.name in known else self.become(mutant)
            print(f"{fate:10} {mutant.line:4} {mutant.name}  [{test}]", file=sys.stderr, flush=True)
            self.fates.append(Fate(mutant, fate, test, 0.0))
        return True

    def become(self, mutant: Mutant) -> tuple[str, str]:
        """What becomes of it, and the test that failed; "untried" without what its module needs."""
        path = ROOT / "mrpverify" / mutant.module
        name = "mrpverify." + mutant.module.removesuffix(".py").replace("/", ".")
        try:
            module, source = importlib.import_module(name), path.read_text()
        except ImportError:  # a GPU's compiler
            return "untried", ""
        chosen = [test for test in self.tests.tests_of(mutant) if test in self.items]
        while chosen:
            code, test = self.forked(module, applied(source, mutant), chosen)
            if code != FAILED:
                return ("survived" if code == PASSED else "timeout"), ""
            place = mutant.module, test
            if test and place not in self.sound:
                self.sound[place] = self.forked(module, source, [test])[0] == PASSED
            if self.sound.get(place, True):
                return "killed", test
            chosen.remove(test)
        return "no tests", ""

    def forked(self, module: types.ModuleType, source: str, chosen: list[str]) -> tuple[int, str]:
        """Exit code of a fork that runs the tests until one fails, and that one."""
        self.note.write_text("")
        child = os.fork()
        if not child:
            try:
                os._exit(self.run(module, source, chosen))
            finally:
                os._exit(FAILED)
        return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), self.note.read_text()

    def run(self, module: types.ModuleType, source: str, chosen: list[str]) -> int:
        """In the fork."""
        nothing = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(nothing, stream)
        resource.setrlimit(resource.RLIMIT_CPU, (int(self.seconds), int(self.seconds) + 1))
        put_into(module, source)
        for test in chosen:
            item = self.items[test]
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=None)
            if self.failed:
                self.note.write_text(test)
                return FAILED
        return PASSED

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.failed |= report.failed


def fates_in_place(mutants: list[Mutant], seconds: float, tests: Map) -> Iterator[Fate]:
    """Try them, all in one session that collects the test files of the map."""
    files = sorted({t.split("::")[0] for m in mutants for t in tests.tests_of(m)})
    there = [str(ROOT / file) for file in files if (ROOT / file).is_file()]
    with tempfile.TemporaryDirectory() as folder:
        session = Session(mutants, tests, seconds, Path(folder) / "failed")
        options = ["-q", "-s", "-n", "0", "-m", "", "-p", "no:cacheprovider", "--tb=no"]
        pytest.main([*options, f"--rootdir={ROOT}", *there], plugins=[session])
        yield from session.fates
