"""A sweep run in this process, and what an undisturbed one comes to."""

import pytest
from typer.testing import CliRunner

from mrpverify.records.store import CACHE_VARIABLE
from mrpverify.sweep.__main__ import app
from tests.sweep.tiny import hash_in, write_plan


@pytest.fixture
def command(monkeypatch):
    """Runs `python -m mrpverify.sweep` in this process, on one worker."""

    def run(*arguments, cache, workers="1"):
        monkeypatch.setenv(CACHE_VARIABLE, str(cache))
        # Small enough to interrupt between two seeds of a cell; the undisturbed sweep has batches.
        monkeypatch.setattr("mrpverify.records.collect.TOGETHER", 1)
        more = [] if workers is None else ["--workers", workers]
        return CliRunner().invoke(app, [*map(str, arguments), *more])

    return run


@pytest.fixture(scope="session")
def undisturbed(tmp_path_factory):
    """(hash, bytes) of the table of a sweep that nothing happened to, by steps of its runs."""
    found = {}

    def tables(steps=12):
        if steps not in found:
            folder = tmp_path_factory.mktemp("undisturbed")
            plan, table = write_plan(folder, steps=steps), folder / "table.csv"
            with pytest.MonkeyPatch.context() as patch:
                patch.setenv(CACHE_VARIABLE, str(folder / "cache"))
                result = CliRunner().invoke(app, [str(plan), "--out", str(table), "--workers", "1"])
            assert result.exit_code == 0, result.output
            found[steps] = hash_in(result.stdout), table.read_bytes()
        return found[steps]

    return tables
