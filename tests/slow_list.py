"""What a run of the suite leaves out unless it is asked for (`-m slow`), listed in slow.txt."""

from pathlib import Path

SLOW = {
    line
    for line in (Path(__file__).parent / "slow.txt").read_text().splitlines()
    if not line.startswith("#")
}
"""Files, and tests as FILE::NAME with all of their parameters."""


def is_slow(node: str) -> bool:
    """Whether a test, as pytest names it, or its file is listed."""
    test = node.partition("[")[0]
    return bool({test, test.partition("::")[0]} & SLOW)
