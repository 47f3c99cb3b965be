"""The mutation tool tells a noticed change from an unnoticed one; a fixed sample is noticed."""

from tests import mutation


def test_mutants_compile_and_change_something():
    mutants = mutation.every_mutant()
    assert len(mutants) > 2000
    assert all(m.before != m.after for m in mutants)
    assert {m.module.split("/")[0] for m in mutants} == set(mutation.FOLDERS)


def test_a_fixed_sample_is_killed():
    """One mutant a kind, in modules whose tests take a second."""
    wanted = ("judge/verdicts.py", "observe/correlations.py")
    drawn = [next(m for m in mutation.every_mutant() if m.module == name) for name in wanted]
    found = mutation.score(drawn, 60.0)
    assert found.get("killed") == drawn, found
