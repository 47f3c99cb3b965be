"""A record with something else at one place: every reader answers, or says what is wrong."""

import copy
import json
import random
from pathlib import Path

import pytest

from mrpverify import results
from mrpverify.report.again import RecordError, read
from mrpverify.report.archiving import archived_files
from mrpverify.report.kept import compact, file_name
from mrpverify.report.results import BEGIN, END
from mrpverify.report.verifying import UnfoundedError, verify

FOLDER = Path(__file__).parents[2] / "docs" / "results"
SOME = (
    "comparison-a",
    "scaling-S.race-c",
    "transformer-a",
    "explanation-KD.transfer-KD.knowledge-KD.time-KD.smoothing-SD-a",
)
VALUES = (
    None, True, 0, -1, 1e150, 1e300, 10**400, float("nan"), "", "x", "\ud800", "../../x", [], [[]],
    {}, [None], {"": None}, "SUPPORTED", [1, 2, 3],
)  # fmt: skip
MARKS = "\n".join(
    f"<!-- results: {kind} * --><!-- results: end -->"
    for kind in ("verdicts", "numbers", "means", "controls", "notes")
)


def places(node, path=()):
    """The path of every value in a record."""
    pairs = node.items() if isinstance(node, dict) else enumerate(node)
    for key, value in pairs:
        yield (*path, key)
        if isinstance(value, dict | list):
            yield from places(value, (*path, key))


def mutated(record, draw):
    """A record with one value changed or taken out; outer ones as often as those far in."""
    record = copy.deepcopy(record)
    by_depth = {}
    for path in places(record):
        by_depth.setdefault(len(path), []).append(path)
    *way, last = draw.choice(by_depth[draw.choice(sorted(by_depth))])
    node = record
    for key in way:
        node = node[key]
    if draw.random() < 0.2:
        del node[last]
    else:
        node[last] = draw.choice(VALUES)
    return record


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    root = tmp_path_factory.mktemp("checkout")
    (root / "docs" / "results").mkdir(parents=True)
    (root / "README.md").write_text(f"{BEGIN}{END}")
    (root / "docs" / "tables.md").write_text(MARKS)
    return root


def published(path, root):
    record = compact(path)
    results.pages(root, {file_name(record): record})


def archived(path, _):
    archived_files([path], None, ())


READERS = {
    "verify": lambda path, _: verify(path),
    "from": lambda path, _: read(path),
    "results": published,
    "archive": archived,
}


@pytest.mark.parametrize("name", SOME)
@pytest.mark.parametrize("reader", READERS)
def test_a_changed_record_is_read_or_refused(checkout, name, reader):
    record = json.loads((FOLDER / f"{name}.json").read_text())
    draw, path = random.Random(f"{name} {reader}"), checkout / "changed.json"
    for _ in range(15 if reader == "archive" else 60):
        path.write_text(json.dumps(mutated(record, draw)))
        said = refusal(READERS[reader], path, checkout)
        assert said is None or (len(said) < 2000 and (str(path) in said or "docs/results/" in said))


def refusal(reader, path, root):
    """What a reader says of a file that it refuses; None where it takes it."""
    try:
        reader(path, root)
    except (RecordError, UnfoundedError) as error:
        return str(error)
    return None
