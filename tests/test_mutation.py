"""The mutation tool tells a noticed change from an unnoticed one; a fixed sample is noticed."""

import tomllib

from tests import mutation
from tests.mutants import drawing, trying


def test_mutants_compile_and_change_something():
    mutants = drawing.every_mutant()
    assert len(mutants) > 2000
    assert all(m.before != m.after for m in mutants)
    assert {m.module.split("/")[0] for m in mutants} == set(drawing.FOLDERS)


def test_a_fixed_sample_is_killed():
    """One mutant a kind, in modules whose tests take a second."""
    wanted = ("judge/verdicts.py", "observe/correlations.py")
    drawn = [next(m for m in drawing.every_mutant() if m.module == name) for name in wanted]
    found = mutation.score(drawn, 60.0)
    assert found.get("killed") == drawn, found


def test_the_named_ones_are_still_to_be_made():
    """`--named` tries them; a change in the package that moves one of them shows here."""
    entries = tomllib.loads(trying.NAMED.read_text(encoding="utf-8"))["mutant"]
    assert len(entries) == 13
    for entry in entries:
        text = (drawing.ROOT / "mrpverify" / entry["module"]).read_text(encoding="utf-8")
        assert text.count(entry["before"]) == 1, entry["what"]
        assert all((drawing.ROOT / test).is_file() for test in entry["tests"])


def test_what_is_known_to_be_equivalent_is_a_mutant_with_a_reason():
    names = {mutant.name for mutant in drawing.every_mutant()}
    known = drawing.known_equivalents()
    assert known.keys() <= names
    assert all(len(reason) > 20 for reason in known.values())
