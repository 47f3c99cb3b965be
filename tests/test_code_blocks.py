"""Every block of code in the documents runs, or is shown to be asked rightly where it trains."""

import os
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest
from typer.main import get_command
from typer.testing import CliRunner

from mrpverify.__main__ import app
from mrpverify.asking import Asked, question_of
from mrpverify.claims.registry import select
from mrpverify.figures.catalogue import figures
from mrpverify.records.store import CACHE_VARIABLE
from mrpverify.sweep.plan import plan_path, read_plan
from tests.documents import DOCUMENTS, Block, arguments, blocks, commands, shell_lines

ELSEWHERE = {
    "import mrpverify as mv\n\nregime": "README, From Python: tests/test_front_door.py runs it",
    '"""Supervised learning on randomly masked': "an example's file: tests/test_from_outside.py",
    '"""Images of three views a class': "an example's file: tests/test_from_outside.py",
    '"""Does supervised learning learn every view': "an example's file: tests/test_from_outside.py",
    '"""A claim from outside: in most seeds': "a tested file: tests/test_front_door.py",
    "from dask_jobqueue": "needs a cluster and a library of its own: only compiled here",
}
"""Beginnings of Python blocks that another test runs, and the one that cannot run here."""

CHEAP = ("--list", "list", "A.regime", "figures", "records list", "lock")
"""Commands that train nothing: these are run. The others are parsed down to what they ask."""

NOT_THERE = ("my_claim.py", "two_views.py", "my.siblings", "mine.py", "every_view.py")
"""Files and claims that a document tells the reader to write: other tests write them, and run."""


def test_every_block_has_a_language_that_is_tried():
    known = {"python", "bash", "sh", "toml", "text", ""}  # text: what a record tells
    assert {block.language for block in blocks()} <= known
    assert len(blocks()) > 15
    silent = [block.id for block in blocks("")]
    assert len(silent) <= 1, f"what a command printed is shown once (sweeps): {silent}"


@pytest.mark.parametrize("block", blocks("python"), ids=lambda block: block.id)
def test_python(block, tmp_path):
    compile(block.text, block.id, "exec")
    if any(block.text.startswith(start) for start in ELSEWHERE):
        return
    if "from ...judge" in block.text:  # a module of the package itself
        told = {"__name__": "mrpverify.claims.theorem1.mine",
                "__package__": "mrpverify.claims.theorem1"}  # fmt: skip
        exec(compile(block.text, block.id, "exec"), told)
        assert told["CLAIMS"][0].controls["mae"]
        return
    done = subprocess.run(
        [sys.executable, "-"], input=block.text, text=True, capture_output=True, check=False,
        env={**os.environ, CACHE_VARIABLE: str(tmp_path)},
    )  # fmt: skip
    assert done.returncode == 0, done.stderr


def test_blocks_that_another_test_runs_are_still_there():
    texts = [block.text for block in blocks("python")]
    assert all(any(text.startswith(start) for text in texts) for start in ELSEWHERE)


@pytest.mark.parametrize("block", blocks("toml"), ids=lambda block: block.id)
def test_toml(block, tmp_path):
    told = tomllib.loads(block.text)
    if "grid" in told:
        path = tmp_path / "plan.toml"
        path.write_text(block.text)
        assert read_plan(path).claims
    else:
        assert all(name.startswith("mrpverify.") for name in told["project"]["entry-points"])


@pytest.mark.parametrize("block", blocks("bash", "sh"), ids=lambda block: block.id)
def test_a_shell_takes_every_shell_block(block):
    subprocess.run(["bash", "-n", "-c", block.text], check=True)


@pytest.mark.parametrize("command", commands())
def test_every_command_asks_what_there_is(command):
    group = get_command(app)
    words = arguments(command)
    if not words:
        return
    name, *rest = words
    found = group.get_command(None, name)
    assert found is not None, f"{command}: no such command"
    while hasattr(found, "get_command") and rest:
        found, rest = found.get_command(None, rest[0]), rest[1:]
    told = found.make_context(name, rest, resilient_parsing=not rest).params
    if not words[1:] or any(stranger in command for stranger in NOT_THERE):
        return
    if name == "check" and not told["list_all"] and told["verified"] is None:
        assert asked(told).claims
    elif name == "sweep":
        assert read_plan(plan_path(Path(told["plan"]))).claims
    elif name == "counterexample" and rest:
        assert select([told["claim"]])
    elif name == "figures":
        assert all("*" in x or x in figures() for x in told["names"] or [])


def asked(told):
    """What a check would ask, without asking it."""
    names = ("preset", "framework", "seeds", "salt", "device", "json_file", "out",
             "no_cache", "quiet", "strict", "workers")  # fmt: skip
    kept = {name: told[name] for name in names}
    return question_of(Asked(names=told["names"] or [], settings=told["settings"] or [], **kept))


def cheap():
    """What the program is given by commands that train nothing, each once."""
    found = {}
    for command in commands():
        words = arguments(command)
        known = any(" ".join(words).startswith(x) or x in words for x in CHEAP)
        drawn = words[:1] == ["figures"] and len(words) > 1
        bare = words == ["lock"]
        if known and not drawn and not bare and not any(x in command for x in NOT_THERE):
            found[tuple(words)] = command
    return sorted(found)


@pytest.mark.parametrize("words", cheap(), ids=" ".join)
def test_commands_that_train_nothing_run(words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path / "cache"))
    done = CliRunner().invoke(app, list(words))
    out_of_regime = 6 if "--set" in words else 0  # an example may lie outside, and says so
    assert done.exit_code in {0, out_of_regime}, done.output
    assert done.output


def test_a_command_in_a_block_is_found_however_it_is_written():
    text = "a && .venv/bin/mrpverify list # words\npython -m mrpverify.check \\\n  A.regime\n"
    assert shell_lines(text) == [".venv/bin/mrpverify list", "python -m mrpverify.check A.regime"]
    assert arguments("python -m mrpverify.check A.regime") == ["check", "A.regime"]
    assert arguments("python -m mrpverify check X") == ["check", "X"]
    assert Block(DOCUMENTS[0], 1, "bash", "").id == "README.md:1"
