"""Runs tests in forks of a process that has imported what all of them need: a file of its own.

It is run by its path and imports nothing of the package or of its tests, so that a fork reads those
of the tree that it is told.
"""

import importlib
import json
import math
import os
import resource
import signal
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
ROOT = HERE.parents[1]
NO_ANSWER = 70
"""Exit code of a run that pytest did not end."""
TOO_LONG = 71
"""Exit code of a run of which one test took ten times what it takes."""


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
    options = ["-q", "-n", "0", "-m", "", "-p", "no:cacheprovider"]
    plugins: list[object] = [Noted(note)]
    if "record" in asked:
        plugins.append(Recorded(Path(asked["record"]), Path(asked["tree"]), asked["seconds"]))
    else:
        options.append("-x")
    if "chosen" in asked:
        plugins.append(Chosen(asked["chosen"], note))
    return int(pytest.main([*options, *asked["tests"]], plugins=plugins))


class Noted:
    """A pytest plugin: writes the first test, or file, that fails; slow tests are run last."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def pytest_collection_modifyitems(self, items: list) -> None:
        items.sort(key=lambda item: item.get_closest_marker("slow") is not None)

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


if __name__ == "__main__":
    serve()
