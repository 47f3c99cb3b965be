"""The stored table of hypernyms, and how it is made from WordNet's file of nouns."""

import numpy as np
import pytest

from mrpverify.images import wordnet
from mrpverify.images.resnet50 import CLASSES

NOUNS = """\
  1 a line of the licence
00000010 03 n 01 thing 0 000 | what is
00000020 03 n 02 animal 0 beast 0 001 @ 00000010 n 0000 | it lives
00000030 05 n 01 dog 0 003 @ 00000020 n 0000 ~ 00000040 n 0000 %p 00000010 n 0000 | it barks
00000040 05 n 01 terrier 0 001 @ 00000030 n 0000 | a dog
00000050 05 n 0a a 0 b 0 c 0 d 0 e 0 f 0 g 0 h 0 i 0 Rex 0 001 @i 00000040 n 0000 | one | of them
"""


def test_hypernyms_are_read_whatever_other_pointers_and_words_there_are():
    above = wordnet.hypernyms(NOUNS)
    assert above["n00000010"] == ()
    assert above["n00000030"] == ("n00000020",)
    assert above["n00000050"] == ("n00000040",), "ten words are 0a in hexadecimal; an instance"


def test_the_table_goes_two_steps_up():
    assert wordnet.table(NOUNS, ["n00000050", "n00000020"]) == (
        "n00000050 n00000040 n00000030\nn00000020 n00000010\n"
    )
    with pytest.raises(KeyError):
        wordnet.table(NOUNS, ["n00000060"])


def test_the_stored_table_has_one_line_a_class_and_the_licence():
    text = wordnet.TABLE.read_text(encoding="utf-8")
    assert "WordNet 3.0 Copyright 2006 by Princeton University" in text
    ids = [line.split()[0] for line in wordnet._lines(text)]
    assert len(ids) == CLASSES
    assert ids == sorted(ids)


def test_neighbours_are_mutual_few_and_as_known():
    found = wordnet.neighbours()
    assert found.diagonal().all()
    assert (found == found.T).all()
    others = found.sum(1) - 1
    assert (np.median(others), others.max(), (others == 0).sum()) == (9, 62, 74)
    cello, violin = 486, 889
    tabby, tiger_cat, eagle, kite, mosque, dome = 281, 282, 22, 21, 668, 538
    assert found[cello, violin]
    assert found[tabby, tiger_cat]
    assert found[eagle, kite]
    assert not found[mosque, dome]
    assert not found[cello, tabby]
