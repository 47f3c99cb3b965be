"""The README keeps its promise: two fenced commands in Quick start, the second one run by CI."""

import re
import subprocess
from pathlib import Path

ROOT = Path(__file__).parent.parent


def quick_start():
    text = (ROOT / "README.md").read_text()
    section = text.split("## Quick start")[1].split("\n## ")[0]
    return re.findall(r"```bash\n(.*?)```", section, re.DOTALL)


def test_exactly_two_commands_that_install_and_run():
    first, second = quick_start()
    assert "pip install" in first
    assert "mrpverify.check theorem1" in first
    assert "pip install" in second
    assert "pytest" in second
    for command in (first, second):
        assert command.startswith("python3 -m venv"), "from a bare Python"
        assert "-c constraints.txt" in command
        assert command.count("\n") == 1, "one command each"


def test_ci_reads_the_commands_from_the_readme():
    script = (ROOT / ".ci" / "run").read_text()
    assert "quick_start 1" in script
    assert "quick_start 2" in script
    function = script[
        script.index("quick_start()") : script.index("README.md\n}") + len("README.md\n}")
    ]
    for number, command in enumerate(quick_start(), 1):
        shown = subprocess.run(
            ["bash", "-c", f"{function}\nquick_start {number}"],
            cwd=ROOT, capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert shown.stdout == command


def test_constraints_pin_everything_the_project_names():
    pinned = {
        re.split(r"==", line)[0].lower().replace("_", "-")
        for line in (ROOT / "constraints.txt").read_text().splitlines()
        if "==" in line
    }
    project = (ROOT / "pyproject.toml").read_text()
    named = re.findall(r'^\s+"([a-z0-9-]+)>=', project, re.MULTILINE)
    assert len(named) > 8
    assert set(named) <= pinned
