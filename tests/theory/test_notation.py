"""The table of letters covers every parameter once and adds the theory's own quantities."""

from dataclasses import fields

from mrpverify.parameters import Parameters
from mrpverify.theory import notation


def test_every_parameter_has_exactly_one_letter() -> None:
    table = notation.letters()
    named = [letter.field for letter in table.values() if letter.field is not None]
    assert sorted(named) == sorted(f.name for f in fields(Parameters))
    assert all(letter.symbol.name == name and letter.meaning for name, letter in table.items())


def test_derived_letters_do_not_shadow_parameters() -> None:
    table = notation.letters()
    derived = {name for name, letter in table.items() if letter.field is None}
    assert {"lambda", "K", "A", "B", "Z", "R_v"} <= derived
    assert len(table) == len(derived) + len(fields(Parameters))
    assert table["q"].symbol is notation.q
    assert table["K"].symbol is notation.K
