"""The tables of README and docs/results.md say what the stored records say, and nothing else."""

import copy
import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mrpverify import results
from mrpverify.report.results import (
    BEGIN,
    END,
    GROUPS,
    absent,
    compact,
    results_page,
    stored,
    summary_table,
    with_table,
)

ROOT = Path(__file__).parent.parent
RECORDS = stored(ROOT / "docs" / "results")


def test_readme_and_page_are_those_of_the_stored_records():
    for path, text in results.pages(ROOT).items():
        assert path.read_text(encoding="utf-8") == text, f"{path} is stale; run mrpverify results"


def test_records_are_there_and_small():
    assert RECORDS
    assert all(f.stat().st_size < 60_000 for f in (ROOT / "docs" / "results").glob("*.json"))


def test_a_changed_record_changes_both_tables():
    changed = copy.deepcopy(RECORDS)
    changed[0]["claims"][0]["value"] = 0.1234
    changed[0]["claims"][0]["verdict"] = "REFUTED"
    assert summary_table(changed) != summary_table(RECORDS)
    assert "fails in this regime" in results_page(changed)
    assert "0.123" in results_page(changed)


def test_groups_without_a_record_are_said_not_to_have_run():
    assert absent([]) == list(GROUPS)
    assert summary_table([]).count("not run") == len(GROUPS)


def test_the_command_sees_what_is_stale(tmp_path):
    (tmp_path / "docs" / "results").mkdir(parents=True)
    (tmp_path / "README.md").write_text(f"a\n{BEGIN}\n{END}\nb\n")
    ask = ["--root", str(tmp_path)]
    assert CliRunner().invoke(results.app, [*ask, "--check"]).exit_code == 1
    assert CliRunner().invoke(results.app, ask).exit_code == 0
    assert CliRunner().invoke(results.app, [*ask, "--check"]).exit_code == 0
    bad = tmp_path / "bad.json"
    bad.write_text(json.dumps({"claims": []}))
    assert CliRunner().invoke(results.app, [*ask, str(bad)]).exit_code == 2


def test_the_table_stands_between_its_markers():
    assert with_table(f"a{BEGIN}old{END}b", "new") == f"a{BEGIN}\nnew\n{END}b"
    with pytest.raises(ValueError, match="markers"):
        with_table("nothing", "new")


def test_files_that_were_written_are_no_part_of_the_command(tmp_path):
    record = {**RECORDS[0], "command": ["check", "X", "--json", "f", "--quiet", "--salt", "b"]}
    record["claims"] = [{**claim, "violated": []} for claim in record["claims"]]
    path = tmp_path / "r.json"
    path.write_text(json.dumps(record))
    assert compact(path)["command"] == ["check", "X", "--salt", "b"]
