"""The tables of README and docs say what the stored records say, and nothing else."""

import copy
import json
import re
import shlex
from pathlib import Path

import pytest
from typer.testing import CliRunner

from mrpverify import results
from mrpverify.__main__ import app
from mrpverify.claims.registry import select
from mrpverify.report.again import RecordError
from mrpverify.report.glance import at_a_glance
from mrpverify.report.kept import StoredRecordError, compact, file_name, stored
from mrpverify.report.prose import filled
from mrpverify.report.results import (
    BEGIN,
    END,
    GROUPS,
    absent,
    by_salt,
    claims_of,
    grouped,
    results_page,
    summary_table,
    unrecorded,
    with_table,
)
from mrpverify.report.status import status_page
from mrpverify.report.tables import tabled
from mrpverify.report.verifying import verify_content
from tests.report.test_verifying import counted, made

ROOT = Path(__file__).parent.parent
RECORDS = stored(ROOT / "docs" / "results")


def test_readme_and_page_are_those_of_the_stored_records():
    for path, text in results.pages(ROOT).items():
        assert path.read_text(encoding="utf-8") == text, f"{path} is stale; run mrpverify results"


def test_records_are_there_and_small():
    assert RECORDS
    assert all(f.stat().st_size < 500_000 for f in (ROOT / "docs" / "results").glob("*.json"))


def test_a_changed_record_changes_both_tables():
    changed = copy.deepcopy(RECORDS)
    changed[0]["claims"][0]["value"] = 0.1234
    changed[0]["claims"][0]["verdict"] = "REFUTED"
    assert summary_table(changed) != summary_table(RECORDS)
    assert "fails in this regime" in results_page(changed)
    assert "0.123" in results_page(changed)


def glance(records):
    head, rows = at_a_glance(claims_of(records))
    return head, {row[-1].strip("`").split()[-1]: dict(zip(head, row, strict=True)) for row in rows}


def test_the_glance_counts_every_verdict_once_and_names_whatever_does_not_hold():
    head, rows = glance(RECORDS)
    every = [claim for _, claim in claims_of(RECORDS)]
    counted = [map(int, row["verdicts SUPPORTED"].split(" of ")) for row in rows.values()]
    holds, asked = (sum(numbers) for numbers in zip(*counted, strict=True))
    assert holds == sum(claim["verdict"] == "SUPPORTED" for claim in every)
    assert asked == len(every)
    words = {"REFUTED": "refuted", "INCONCLUSIVE": "not decided"}
    for claim in every:
        row = rows[claim["name"].partition(".")[0]]
        if claim["verdict"] in words:
            assert claim["id"] in re.split(r"[; ]+", row[words[claim["verdict"]]])
    assert "outside its regime" not in head  # no record says so today


def test_the_glance_says_which_salts_where_not_all_agree():
    (record, claim) = next(p for p in claims_of(RECORDS) if p[1]["id"] == "T2.cover")
    said = {"a": "REFUTED", "b": "SUPPORTED", "c": "REFUTED"}
    pairs = [({**record, "salt": salt}, {**claim, "verdict": v}) for salt, v in said.items()]
    head, (row,) = at_a_glance(pairs)
    assert head == ["question", "verdicts SUPPORTED", "refuted", "command"]
    assert row[1:] == ["1 of 3", "T2.cover on a, c", "`mrpverify check theorem2`"]
    other = {**claim, "framework": "another"}
    _, (row,) = at_a_glance([(record, {**claim, "verdict": "ERROR"}), (record, other)])
    assert row[2] == f"T2.cover ({claim['framework']})"


def test_the_glance_stands_before_the_table_of_readme():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    first = readme.index("| question | verdicts SUPPORTED | refuted |")
    assert readme.index(BEGIN) < first < readme.index("| statement | framework | verdict |")


def test_the_long_table_unfolds_and_the_legend_stands_below_it():
    made = summary_table(RECORDS)
    rows = sum(line.startswith("| ") for line in made.partition("<details")[2].splitlines()) - 2
    assert f"<summary>Every verdict with its number ({rows} rows)</summary>\n\n| statement" in made
    assert re.search(r"\|\n\n</details>\n\nLetters before a colon", made)


def test_a_row_says_regime_and_minutes_and_the_page_what_they_mean():
    changed = copy.deepcopy(RECORDS)
    record, claim = next(p for p in claims_of(changed) if p[1]["id"] == "T2.cover")
    record["seconds"], record["command"] = 5400, [*record["command"], "--preset", "paper"]
    record["regime"] = {claim["framework"]: {
        "classes": 77, "kernels_per_class": 3, "off_class": 1, "images": 9, "dimension": 5,
        "power": 3, "linear_from": 1, "init_scale": 1, "visible": 0.5}}  # fmt: skip
    made = summary_table(changed)
    (row,) = [x for x in made.splitlines()
              if x.startswith("| T2.cover") and f"| {claim['framework']} |" in x]  # fmt: skip
    assert "| paper |" in row
    assert f"{record['salt']}: 90.0" in row
    assert f"- {claim['framework']}: k=77 m=3" in made
    assert "| [own](docs/laws.md) |" in next(x for x in made.splitlines() if x.startswith("| L12"))
    rate = next(x for x in made.splitlines() if x.startswith("| AUG.rate"))
    assert "| [from quick](docs/explanation.md) |" in rate


def test_claims_without_a_record_are_named():
    everything = {claim.id for claim in select(["*"])}
    assert set(unrecorded([])) == everything
    named = set(unrecorded(RECORDS))
    assert named == everything - {claim["id"] for _, claim in claims_of(RECORDS)}
    page = results_page(RECORDS)
    line = next(x for x in page.splitlines() if x.startswith("Without a stored record"))
    assert all(re.search(rf"[ ,]{re.escape(name)}[,.]", line) for name in named)


def test_the_page_says_what_kind_of_reproduction_it_is():
    page = results_page(RECORDS)
    assert "*replication* in the words of ReScience" in page
    assert "*Results Reproduced*" in page
    assert "No badge has been awarded" in page
    assert "ImageNet" in page


def test_readme_shows_the_theory_before_the_table():
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    shown = re.findall(r"^!\[[^\]]+\]\(([^)]+)\)", readme.partition(BEGIN)[0], re.MULTILINE)
    assert shown
    assert all((ROOT / path).is_file() for path in shown)


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
    absent = CliRunner().invoke(results.app, [*ask, "absent.json"])
    assert absent.exit_code == 2
    assert "absent.json: cannot be read" in absent.stderr
    assert "checkout" not in absent.stderr


@pytest.fixture
def checkout(tmp_path):
    """A small checkout with one stored record, and what its files hold."""
    folder = tmp_path / "docs" / "results"
    folder.mkdir(parents=True)
    (tmp_path / "README.md").write_text(f"a\n{BEGIN}\n{END}\nb\n")
    (tmp_path / "good.json").write_text(json.dumps(made(counted([True] * 16))))
    told = asked_in(tmp_path, tmp_path / "good.json")
    assert told.exit_code == 0, told.output
    return tmp_path


def asked_in(root, *words):
    return CliRunner().invoke(results.app, ["--root", str(root), *map(str, words)])


def held(root):
    return {path: path.read_bytes() for path in root.rglob("*") if path.is_file()}


def changed(record, **values):
    """A record whose first claim says something else."""
    return {**record, "claims": [{**record["claims"][0], **values}]}


REFUSED = {
    "a verdict that does not follow": (lambda r: changed(r, verdict="REFUTED"), 7, "recomputed"),
    "no time": (lambda r: {**r, "seconds": None}, 2, "seconds is null, expected a number"),
    "a value in words": (lambda r: changed(r, value="x"), 2, 'value is "x", expected a number'),
    "no versions": (lambda r: {**r, "versions": None}, 2, "versions is null"),
    "a condition without a name": (lambda r: changed(r, violated=[{}]), 2, "lacks what"),
}


@pytest.mark.parametrize("change", REFUSED)
@pytest.mark.parametrize("stored_so", [False, True], ids=["given", "stored"])
def test_what_is_refused_is_named_and_nothing_is_written(checkout, change, stored_so):
    by, code, said = REFUSED[change]
    (kept,) = (checkout / "docs" / "results").iterdir()
    bad = kept if stored_so else checkout / "bad.json"
    bad.write_text(json.dumps(by(json.loads((checkout / "good.json").read_text()))))
    before = held(checkout)
    told = asked_in(checkout, *([] if stored_so else [bad]))
    assert (told.exit_code, said in told.output, str(bad) in told.output) == (code, True, True)
    assert held(checkout) == before


def test_a_stored_file_that_is_no_json_is_named(checkout):
    bad = checkout / "docs" / "results" / "z.json"
    bad.write_text("{")
    told = asked_in(checkout)
    assert (told.exit_code, f"{bad}: no JSON" in told.output) == (2, True)


def test_a_table_that_a_record_cannot_fill_names_the_record():
    record = changed(made(counted([True] * 16)), details={"parts": [1]})
    with pytest.raises(StoredRecordError, match=r"theorem1-a\.json: cannot be shown"):
        tabled("<!-- results: means T1.capture --><!-- results: end -->", [record])
    other = changed({**record, "salt": "0"}, details={})
    record["claims"][0]["details"]["x"] = [5]
    with pytest.raises(StoredRecordError, match=r"theorem1-a\.json: cannot be shown"):
        tabled("<!-- results: rows T1.capture x --><!-- results: end -->", [other, record])


def test_a_record_of_another_regime_takes_nobodys_place(checkout):
    check = ["python", "-m", "mrpverify.check", "theorem1"]
    usual = {**made(counted([True] * 16)), "command": check}
    asked = (["--preset", "quick"], ["--preset", "large"], ["--set", "k=4"], ["--set=k=5"],
             ["--framework", "mae"])  # fmt: skip
    others = [{**usual, "command": [*check, *words]} for words in asked]
    names = [file_name(record) for record in (usual, *others)]
    assert names[1] == names[0]  # it says what is so anyway
    assert len(set(names)) == len(names) - 1
    assert names[2] == "theorem1-large-a.json"
    before = {path: path.read_text() for path in (checkout / "docs").rglob("*.*")}
    (checkout / "large.json").write_text(json.dumps(others[1]))
    told = asked_in(checkout, checkout / "large.json")
    assert told.exit_code == 0, told.output
    new = {path: path.read_text() for path in (checkout / "docs").rglob("*.*")}
    changed = {path.name for path, text in new.items() if before.get(path) != text}
    assert changed == {"theorem1-large-a.json", "results.md", "status.md"}
    assert "| a --preset large |" in (checkout / "docs" / "results.md").read_text()


def test_a_salt_is_answered_once(checkout):
    """T1.capture alone would stand beside theorem1 on the same salt, with another verdict."""
    record = made(counted([True] * 16))
    record["command"] = ["python", "-m", "mrpverify.check", "T1.capture"]
    before = {path: path.read_text() for path in (checkout / "docs").rglob("*.*")}
    (checkout / "again.json").write_text(json.dumps(record))
    told = asked_in(checkout, checkout / "again.json")
    assert told.exit_code == 2
    assert "is in theorem1-a.json already" in " ".join(told.output.split())
    assert {path: path.read_text() for path in (checkout / "docs").rglob("*.*")} == before


def test_a_salt_has_a_name_of_its_own(checkout):
    record = made(counted([True] * 16))
    names = [file_name({**record, "salt": salt}) for salt in ("a b", "a_b", "a-b", "a/b", "")]
    assert len(set(names)) == len(names)
    assert not any(set(name) & set(" /") for name in names)
    odd = changed(record, name="../../x.y")
    assert "/" not in file_name(odd)
    (kept,) = (checkout / "docs" / "results").iterdir()
    kept.write_text(json.dumps({**json.loads(kept.read_text()), "salt": "z"}))
    told = asked_in(checkout, checkout / "good.json")
    assert (told.exit_code, "there is a record of salt 'z'" in told.output) == (2, True)
    kept.unlink()
    (checkout / "again.json").write_text((checkout / "good.json").read_text())
    told = asked_in(checkout, checkout / "good.json", checkout / "again.json")
    assert (told.exit_code, "name one of them" in told.output) == (2, True)


@pytest.mark.parametrize("what", ["record: T1.capture mae T value 2", "results: means T1.capture"])
def test_a_mark_without_its_end_is_told_with_its_page(checkout, what):
    page = checkout / "docs" / "page.md"
    page.write_text(f"<!-- {what} -->1\n\n<!-- {what} -->2<!-- {what.partition(':')[0]}: end -->")
    told = asked_in(checkout, "--check")
    assert told.exit_code == 2
    assert f"{page}: '{what}': lacks its" in told.output
    page.write_text(f"<!-- {what.replace('T1.capture', 'X')} --><!-- {what[:6]}: end -->")
    assert str(page) in asked_in(checkout, "--check").output
    assert filled("no mark", []) == "no mark"


def test_pages_and_records_keep_who_may_read_them(checkout):
    page = checkout / "docs" / "results.md"
    page.chmod(0o640)
    page.write_text("stale")
    assert asked_in(checkout).exit_code == 0
    assert page.stat().st_mode & 0o777 == 0o640
    (kept,) = (checkout / "docs" / "results").iterdir()
    other = checkout / "other"
    other.write_text("")
    assert kept.stat().st_mode == other.stat().st_mode


def test_an_archive_is_no_record(tmp_path):
    path = tmp_path / "a.zip"
    path.write_bytes(b"PK\x03\x04" + bytes(range(256)) * 10)
    told = CliRunner().invoke(results.app, ["--root", str(tmp_path), str(path)])
    assert (told.exit_code, "a ZIP file" in told.output) == (2, True)
    assert len(told.output) < 300
    path.write_bytes(b"\xff" * 1000)
    told = CliRunner().invoke(results.app, ["--root", str(tmp_path), str(path)])
    assert (told.exit_code, "no text in UTF-8" in told.output) == (2, True)
    assert len(told.output) < 300


def test_the_table_stands_between_its_markers():
    assert with_table(f"a{BEGIN}old{END}b", "new") == f"a{BEGIN}\nnew\n{END}b"
    with pytest.raises(ValueError, match="markers"):
        with_table("nothing", "new")


def test_files_that_were_written_are_no_part_of_the_command(tmp_path):
    record = made(counted([True] * 16))
    record["command"] = ["check", "X", "--json", "f", "--quiet", "--salt", "b"]
    path = tmp_path / "r.json"
    path.write_text(json.dumps(record))
    assert compact(path)["command"] == ["check", "X", "--salt", "b"]


def test_a_record_that_is_kept_can_still_be_recomputed(tmp_path):
    record = made(counted([False] * 4))
    (tmp_path / "r.json").write_text(json.dumps(record))
    kept = compact(tmp_path / "r.json")
    assert verify_content(kept, "kept") == verify_content(record, "whole")
    kept["claims"][0]["outcomes"][0] = True
    assert verify_content(kept, "kept").mismatches


def test_every_kept_record_is_archived_and_verified(tmp_path):
    paths = sorted((ROOT / "docs" / "results").glob("*.json"))
    ask = lambda *words: CliRunner().invoke(app, [str(w) for w in words])  # noqa: E731
    packed = tmp_path / "all.zip"
    told = ask("archive", packed, *paths)
    assert told.exit_code == 0, told.output
    told = ask("check", "--verify", packed)
    assert told.exit_code == 0, told.output
    assert f"0 changed; {len(paths)} records" in told.output


def test_a_record_without_what_its_verdicts_rest_on_is_refused(tmp_path):
    record = copy.deepcopy(RECORDS[0])
    for claim in record["claims"]:
        del claim["controls"]
    old = tmp_path / "old.json"
    old.write_text(json.dumps(record))
    told = CliRunner().invoke(app, ["archive", str(tmp_path / "old.zip"), str(old)])
    assert (told.exit_code, "Make it again: " in told.output) == (2, True)


def test_short_details_are_kept_for_prose_and_long_ones_are_not(tmp_path):
    record = made(counted([True] * 16))
    details = record["claims"][0]["details"]
    details |= {"rules": {"argmax": 0.97}, "curve": [0.123456] * 500}
    record["claims"][0]["controls"][0]["details"] |= {"rules": {"x": 1}}
    (tmp_path / "r.json").write_text(json.dumps(record))
    (claim,) = compact(tmp_path / "r.json")["claims"]
    assert claim["details"]["rules"] == {"argmax": 0.97}
    assert "curve" not in claim["details"]
    assert claim["details"]["sequential"] == details["sequential"]
    assert "rules" not in claim["controls"][0]["details"]
    details["accuracies"] = [{"arm": "tuned", "training": {"mean": 0.5, "interval": [0, 1]}}]
    (tmp_path / "r.json").write_text(json.dumps(record))
    (claim,) = compact(tmp_path / "r.json")["claims"]
    assert claim["details"]["accuracies"] == details["accuracies"], "rows stay as they are"
    record["claims"][0]["details"] = []
    (tmp_path / "r.json").write_text(json.dumps(record))
    with pytest.raises(RecordError, match=r"details is \[\], expected an object"):
        compact(tmp_path / "r.json")


def test_the_status_table_says_minutes_and_what_ought_to_come_out():
    page = status_page(RECORDS)
    rows = [line for line in page.splitlines() if line.startswith("| T1.capture")]
    assert len(rows) == len(
        {c["framework"] for _, c in claims_of(RECORDS) if c["id"] == "T1.capture"}
    )
    assert all("`mrpverify check theorem1 --salt a`" in row for row in rows)
    changed = copy.deepcopy(RECORDS)
    record, claim = next(p for p in claims_of(changed) if p[1]["id"] == "T1.capture")
    record["seconds"], claim["verdict"] = 3600 * 7, "UNINFORMATIVE"
    lines = [x for x in status_page(changed).splitlines() if x.startswith("| T1.capture")]
    (row,) = [x for x in lines if "UNINFORMATIVE" in x]
    assert "a: UNINFORMATIVE; b, c: SUPPORTED" in row
    assert "a: 420.0" in row
    for line in page.splitlines():  # what is typed is a command of the program
        if line.startswith("| ") and "`" in line:
            words = shlex.split(line.split("`")[1])
            assert words[:2] == ["mrpverify", "check"]
            names = [w for w in words[2:] if not w.startswith("-")]
            assert select(names[:1])


def test_a_row_of_the_status_leaves_out_what_no_verdict_hangs_on():
    changed = copy.deepcopy(RECORDS)
    for number, record in enumerate(changed):
        for option, value in (("--workers", str(number + 1)), ("--device", "cpu")):
            record["command"] += [] if option in record["command"] else [option, value]
    assert status_page(changed) == status_page(RECORDS)


def test_salts_stand_together_before_the_value_they_share():
    assert grouped("abc", ["1", "0", "1"]) == "a, c: 1; b: 0"
    assert grouped("a", ["1"]) == "a: 1"
    assert by_salt("ab", ["1", "1"]) == "1"
    assert by_salt("ab", ["1", "2"]) == "a: 1; b: 2"


def test_a_stored_record_keeps_what_was_not_heard_and_the_regimes_of_claims(tmp_path):
    content, path = made(counted([True] * 16)), tmp_path / "r.json"
    content["unheard"] = ["L1 does not hear k"]
    content["claims"][0]["own_regime"] = "m=4"
    path.write_text(json.dumps(content))
    kept = compact(path)
    assert kept["unheard"] == ["L1 does not hear k"]
    assert kept["claims"][0]["own_regime"] == "m=4"
    content["unheard"], content["claims"][0]["own_regime"] = [], None
    path.write_text(json.dumps(content))
    kept = compact(path)
    assert "unheard" not in kept
    assert "own_regime" not in kept["claims"][0]
