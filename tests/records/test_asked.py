"""What a store remembers of being asked, whoever asks beside."""

from concurrent.futures import ThreadPoolExecutor

from mrpverify.records import asked


def test_those_who_ask_at_once_are_all_noted(tmp_path):
    """Every one reads before any has written: the notes of all of them stay."""
    everyone = [[f"{who}.{n}" for n in range(5)] for who in range(40)]
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda questions: asked.remember(tmp_path, questions, 24), everyone))
    assert asked.first_asked(tmp_path) == {one: 24 for few in everyone for one in few}


def test_the_first_note_counts_where_two_ask_the_same_at_once(tmp_path, monkeypatch):
    with monkeypatch.context() as blind:
        blind.setattr(asked, "first_asked", lambda folder: {})
        asked.remember(tmp_path, ["a"], 12)
        asked.remember(tmp_path, ["a"], 24)
    assert asked.first_asked(tmp_path) == {"a": 12}


def test_lines_that_say_nothing_are_passed_over_and_what_comes_after_is_kept(tmp_path):
    bad = ['{"question": "c", "se', "[]", '{"question": "b", "seeds": true}', "\0", "17", "\udcff"]
    text = '{"question": "a", "seeds": 3}\n' + "\n".join(bad)
    (tmp_path / asked.FILE).write_text(text, encoding="utf-8", errors="surrogateescape")
    asked.remember(tmp_path, ["a", "b"], 8)
    assert asked.first_asked(tmp_path) == {"a": 3, "b": 8}
