"""Numbers and parts of which no control says no are told."""

from mrpverify.report.not_refuted import not_refuted
from mrpverify.report.status import status_page


def numbers(**measured):
    return {"numbers": [{"name": name, "measured": said} for name, said in measured.items()]}


def parts(**measured):
    return {"parts": {name: {"measured": said} for name, said in measured.items()}}


def claim(details, *controls):
    return {"details": details, "controls": [{"details": one} for one in controls]}


def test_a_number_that_every_control_leaves_as_it_is_is_named():
    own = numbers(slope="SUPPORTED", share="SUPPORTED", level="INCONCLUSIVE")
    one = numbers(slope="REFUTED", share="SUPPORTED", level="INCONCLUSIVE")
    other = numbers(slope="SUPPORTED", share="REFUTED", level="SUPPORTED")
    assert not_refuted(claim(own, one)) == ["share", "level"]
    assert not_refuted(claim(own, one, other)) == ["level"]


def test_parts_count_as_numbers_do_and_one_statement_alone_is_its_controls_matter():
    own = parts(gain="SUPPORTED", equal="SUPPORTED")
    assert not_refuted(claim(own, parts(gain="REFUTED", equal="INCONCLUSIVE"))) == ["equal"]
    assert not_refuted(claim(parts(gain="SUPPORTED"), {})) == []
    assert not_refuted(claim({}, {})) == []


def test_the_status_page_names_what_no_salt_refutes():
    def record(salt, one):
        own = numbers(slope="SUPPORTED", share="SUPPORTED")
        found = {
            "id": "L4",
            "horizon": "T",
            "framework": "mae",
            "name": "laws.L4",
            "verdict": "SUPPORTED",
        }
        return {
            "salt": salt, "seconds": 60.0, "command": ["mrpverify", "check", "L4"],
            "claims": [found | claim(own, numbers(**one))],
        }  # fmt: skip

    first = record("a", {"slope": "REFUTED", "share": "SUPPORTED"})
    both = record("b", {"slope": "REFUTED", "share": "REFUTED"})
    assert "| L4 (T) | mae | share |" in status_page([first])
    assert "| L4 (T) | mae | share |" not in status_page([first, both])
