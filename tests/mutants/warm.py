"""The warm process that runs tests, asked; and the tree that they are run in."""

import json
import shutil
import signal
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.mutants import server
from tests.mutants.drawing import ROOT


class Warm:
    """Runs tests in forks of a process that has imported what all of them need.

    Importing takes longer than most tests that notice a mutant. It is a process of its own, so that
    tests may use it too, and imports nothing of this package.
    """

    def __init__(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, server.__file__], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
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
        fates = {0: "survived", 1: "killed", 2: "killed", server.TOO_LONG: "killed"}
        return fates.get(code, "no tests"), answer["failed"]


def copy_tree(target: Path) -> None:
    """What the tests read."""
    for name in ("mrpverify", "tests", "experiments", "docs"):
        shutil.copytree(ROOT / name, target / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "README.md"):
        shutil.copy(ROOT / name, target)
