"""The table: its rows, its hash, and that the files give it back."""

import json
import sys

import numpy as np
import pandas as pd
import pytest

from mrpverify.judge.numbers import Rival, all_numbers, mean_number
from mrpverify.records import collect as collecting
from mrpverify.sweep.table import STATISTIC, _numbers, read_table, table_hash
from tests.sweep.tiny import RUNS, hash_in, records, write_plan


@pytest.fixture(scope="module")
def cache(tmp_path_factory):
    return tmp_path_factory.mktemp("cache")


def test_a_row_for_every_cell_framework_claim_and_quantity(command, cache, tmp_path):
    path = tmp_path / "t.csv"
    result = command(write_plan(tmp_path), "--out", path, cache=cache)
    assert result.exit_code == 0, result.output
    table = read_table(path)
    own = table[table["quantity"] == STATISTIC]
    assert len(own) == 3 * 2 * 2 * 2
    assert not table.duplicated(["cell", "framework", "claim", "horizon", "quantity"]).any()
    assert set(own["measured"]) <= {"SUPPORTED", "REFUTED", "INCONCLUSIVE"}
    capture = own[own["claim"] == "T1.capture"]
    np.testing.assert_array_equal(capture["value"], capture["successes"] / capture["trials"])
    assert (own["low"] <= own["value"]).all()
    assert (own["value"] <= own["high"]).all()
    assert sorted(set(table["theta"])) == [0.3, 0.5, 0.9]
    assert len(records(cache)) == RUNS


def test_hash_and_bytes_do_not_change_with_time_workers_or_format(
    undisturbed, command, cache, tmp_path, monkeypatch
):
    digest, content = undisturbed()
    command(write_plan(tmp_path), "--out", tmp_path / "t.csv", cache=cache)
    monkeypatch.setattr(collecting, "train", lambda *_: pytest.fail("trained again"))
    again = command(write_plan(tmp_path), "--out", tmp_path / "u.parquet", cache=cache)
    assert again.exit_code == 0, again.output
    assert hash_in(again.stdout) == digest
    assert (tmp_path / "t.csv").read_bytes() == content
    csv, parquet = read_table(tmp_path / "t.csv"), read_table(tmp_path / "u.parquet")
    assert table_hash(csv) == table_hash(parquet) == digest
    pd.testing.assert_frame_equal(csv, parquet, check_dtype=False)


def test_another_salt_or_seed_gives_another_hash(undisturbed, command, cache, tmp_path):
    digests = {undisturbed()[0]}
    for options in (["--salt", "b"], ["--seeds", "1"]):
        result = command(write_plan(tmp_path), "--out", tmp_path / "t.csv", *options, cache=cache)
        digests.add(hash_in(result.stdout))
    assert len(digests) == 3


def test_the_record_says_where_the_table_comes_from(command, cache, tmp_path):
    result = command(write_plan(tmp_path), "--out", tmp_path / "t.csv", cache=cache)
    record = json.loads((tmp_path / "t.json").read_text())
    assert record["sha256"] == hash_in(result.stdout)
    assert (record["seeds"], record["salt"], record["device"]) == (2, "a", "cpu")
    assert set(record["versions"]) >= {"python", "torch", "numpy", "mrpverify"}
    assert record["axes"] == {"theta": [0.3, 0.5, 0.9], "sigma_0": [0.02, 0.08]}
    assert record["errors"] == []
    assert record["config_hash"]
    assert record["command"][:3] == ["python", "-m", "mrpverify.sweep"]


def test_numbers_of_details_are_found_however_deep():
    details = {
        "a": 1,
        "words": "no number",
        "rows": [{"class": 1}],
        "parts": {"gain": {"mean": 0.5, "interval": [0.4, 0.6], "threshold": 0.1, "band": None}},
        "deep": {"mean": 1.0, "interval": [0.0, 2.0], "n": {"x": np.float32(3)}},
        "none": {"mean": None, "interval": [float("-inf"), float("inf")]},
    }
    found = {
        name: tuple(row.get(k) for k in ("value", "low", "high", "threshold"))
        for name, row in _numbers(details)
    }
    assert found == {
        "a": (1.0, None, None, None),
        "parts/gain": (0.5, 0.4, 0.6, 0.1),
        "deep": (1.0, 0.0, 2.0, None),
        "deep/n/x": (3.0, None, None, None),
        "none": (None, float("-inf"), float("inf"), None),
    }


def test_every_number_of_a_law_is_a_row():
    values = np.linspace(0.9, 1.1, 24)
    rival = Rival("other", 3.0)
    law = all_numbers([mean_number(name, values, 1.0, rival) for name in ("x", "y")], "law")
    rows = dict(_numbers(law.details))
    assert list(rows) == ["x", "y"]
    assert rows["x"]["threshold"] == 1.0
    assert (rows["x"]["band_low"], rows["x"]["band_high"]) == (0.5, 1.5)
    assert rows["x"]["measured"] == "SUPPORTED"
    assert rows["x"]["low"] < rows["x"]["value"] < rows["x"]["high"]


def test_verdicts_count_only_when_asked(command, cache, tmp_path):
    plain = command(write_plan(tmp_path), "--out", tmp_path / "t.csv", cache=cache)
    strict = command(write_plan(tmp_path), "--out", tmp_path / "t.csv", "--verdicts", cache=cache)
    assert plain.exit_code == 0
    # Two seeds of twelve steps support nothing: inconclusive, and outside the regime.
    assert strict.exit_code in (3, 4, 6)


def test_without_pyarrow_parquet_is_refused_with_a_way_out(command, tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    result = command(write_plan(tmp_path), "--out", tmp_path / "t.parquet", cache=tmp_path)
    assert result.exit_code == 2
    assert "mrpverify[parquet]" in result.stderr


def test_a_claim_that_breaks_is_exit_code_1_and_named(command, cache, tmp_path, monkeypatch):
    def broken(*_):
        raise ZeroDivisionError("by zero")

    monkeypatch.setattr("mrpverify.claims.theorem1.capture.captured", broken)
    result = command(write_plan(tmp_path), "--out", tmp_path / "t.csv", cache=cache)
    assert result.exit_code == 1
    assert "T1.capture, mae, at theta=0.3, sigma_0=0.02: failed with" in result.stderr
    assert (read_table(tmp_path / "t.csv")["measured"] == "ERROR").any()


def test_a_record_of_something_else_is_not_written_over(command, cache, tmp_path):
    other = tmp_path / "t.json"
    other.write_text('{"claims": []}')
    result = command(write_plan(tmp_path), "--out", tmp_path / "t.csv", cache=cache)
    assert result.exit_code == 2
    assert "t.json, which is no sweep's" in result.stderr
    assert other.read_text() == '{"claims": []}'
