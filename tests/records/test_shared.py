"""A store that several processes use, some of them stopped, killed or interrupted."""

import fcntl
import json
import os
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
import typer
import xarray as xr

from mrpverify.parameters import Parameters
from mrpverify.records import collect as collecting
from mrpverify.records import cores, housekeeping, waiting
from mrpverify.records.collect import Machine, collect
from mrpverify.records.labelled import Request
from mrpverify.records.reservations import LOCKS, NOTES
from mrpverify.records.store import CACHE_VARIABLE, SET_ASIDE, Store, device_store

pytestmark = pytest.mark.usefixtures("one_seed_a_job")

TINY = Parameters(classes=2, kernels_per_class=3, dimension=8, images=20, max_steps=12)
HERE = Machine("cpu")


def requests(count=3):
    return [Request(TINY, "shared", seed) for seed in range(count)]


HOLDING = """
import sys, time
sys.path.insert(0, sys.argv[2])
from pathlib import Path
from mrpverify.records.store import Store
from test_shared import requests
store = Store(Path(sys.argv[1]).parent)
for request in requests(2):
    assert store.reserve(request)
print("reserved", flush=True)
time.sleep(600)
"""


@contextmanager
def somebody(store):
    """Another process that has the first two runs reserved."""
    command = [sys.executable, "-c", HOLDING, store.folder, Path(__file__).parent]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout.readline() == "reserved\n"
        yield process
        process.kill()


def test_runs_of_a_stopped_process_are_said_and_done_here(store, monkeypatch, caplog):
    monkeypatch.setattr(waiting, "SAY_SECONDS", 0.5)
    monkeypatch.setattr(waiting, "LOST_SECONDS", 4.0)
    alone = collect(requests(), HERE, None)
    with somebody(store) as process:
        os.kill(process.pid, signal.SIGSTOP)
        begin = time.monotonic()
        found = collect(requests(), HERE, store)
        assert 4.0 <= time.monotonic() - begin < 60
        os.kill(process.pid, signal.SIGCONT)
    for request in requests():
        xr.testing.assert_identical(found[request].drop_attrs(), alone[request].drop_attrs())
        assert store.load(request) is not None
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == 2, said
    assert said[0].startswith(f"waiting for runs reserved by process {process.pid} on ")
    assert ", since 20" in said[0]
    assert said[1].startswith(f"no sign of process {process.pid} on ")


def test_a_process_that_goes_on_is_waited_for(store, monkeypatch, caplog):
    """Longer than one without a sign is: two beats are seen in that time."""
    monkeypatch.setattr(waiting, "LOST_SECONDS", 5.0)
    with somebody(store) as process:
        threading.Timer(12.0, process.kill).start()
        begin = time.monotonic()
        assert len(collect(requests(2), HERE, store)) == 2
        assert time.monotonic() - begin > 10
    assert not [r for r in caplog.records if "no sign" in r.getMessage()]


def test_an_interruption_gives_every_reservation_back(store, monkeypatch):
    """As in a notebook, whose process lives on."""

    def interrupt(*_):
        assert not free_elsewhere(store, requests(1)[0])
        assert len(list((store.folder / NOTES).iterdir())) == 1
        raise KeyboardInterrupt

    monkeypatch.setattr(collecting, "train", interrupt)
    with pytest.raises(KeyboardInterrupt):
        collect(requests(), HERE, store)
    assert list((store.folder / NOTES).iterdir()) == []
    assert all(free_elsewhere(store, request) for request in requests())


def free_elsewhere(store, request):
    """Whether another process could reserve the run."""
    ask = (
        "import sys; from pathlib import Path; "
        "from mrpverify.records.reservations import Reservations; "
        "sys.exit(not Reservations(Path(sys.argv[1])).take(sys.argv[2]))"
    )
    return not subprocess.run([sys.executable, "-c", ask, store.folder, request.key()]).returncode


def test_a_check_leaves_no_open_file_and_no_thread(tmp_path):
    """A notebook asks a thousand times."""
    before = threading.active_count()
    descriptors = len(os.listdir("/proc/self/fd")) if Path("/proc/self/fd").is_dir() else 0
    for number in range(20):
        collect([Request(TINY, "shared", number)], HERE, Store(tmp_path))
    end = time.monotonic() + 60
    while threading.active_count() > before + 1 and time.monotonic() < end:
        time.sleep(0.1)
    assert threading.active_count() <= before + 1
    if descriptors:
        assert len(os.listdir("/proc/self/fd")) <= descriptors


def test_a_damaged_or_foreign_file_is_set_aside_with_one_line(store, caplog):
    one, two, three = requests()
    runs = collect([one, two, three], HERE, store)
    store.path(one).write_bytes(store.path(one).read_bytes()[:-7])
    foreign = store.path(two).read_bytes()
    store.path(three).write_bytes(foreign)
    again = collect([one, two, three], HERE, store)
    for request in (one, two, three):
        xr.testing.assert_identical(again[request].drop_attrs(), runs[request].drop_attrs())
    said = [record.getMessage() for record in caplog.records]
    assert [str(store.path(r)) in line for r, line in zip((one, three), said, strict=True)]
    assert "is damaged: set aside" in said[0]
    assert "is the record of another run: set aside" in said[1]
    assert (store.folder / SET_ASIDE / store.path(three).name).read_bytes() == foreign


def test_a_file_that_cannot_be_read_is_said_once_and_stays(store, caplog):
    request = requests(1)[0]
    store.path(request).mkdir(parents=True)
    assert store.load(request) is None
    assert store.load(request) is None
    assert len(caplog.records) == 1
    assert "cannot be read (Is a directory)" in caplog.records[0].getMessage()
    assert store.path(request).is_dir()


def test_a_lock_that_somebody_has_on_a_record_costs_nothing(store, monkeypatch):
    request = requests(1)[0]
    collect([request], HERE, store)
    monkeypatch.setattr(collecting, "train", lambda *_: pytest.fail("trained again"))
    with store.path(request).open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        assert request in collect([request], HERE, store)


ORPHANS = """
import os, sys, time
from mrpverify.records.workers import Processes
def work(task):
    print(os.getpid(), flush=True)
    time.sleep(600)
if __name__ == "__main__":
    workers = Processes(work, 2)
    workers.start(1)
    workers.start(2)
    time.sleep(600)
"""


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_workers_end_with_their_parent_in_the_middle_of_a_task(number, tmp_path):
    program = tmp_path / "program.py"
    program.write_text(ORPHANS)
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2])}
    with subprocess.Popen(
        [sys.executable, program], stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        workers = [int(process.stdout.readline()) for _ in range(2)]
        process.send_signal(number)
        # Their end of the pipe is closed when the last of them has ended.
        begin = time.monotonic()
        assert process.stdout.read() == ""
        assert time.monotonic() - begin < 60, "they sleep for 600 seconds"
    assert workers[0] != workers[1]


def test_sigterm_to_a_check_says_what_is_kept(tmp_path):
    command = [sys.executable, "-m", "mrpverify.check", "T1.capture", "--framework", "mae",
               "--seeds", "24", "--workers", "2"]  # fmt: skip
    environment = {**os.environ, "MRPVERIFY_CACHE": str(tmp_path)}
    environment["PYTHONPATH"] = str(Path(__file__).parents[2])
    with subprocess.Popen(
        command, stderr=subprocess.PIPE, stdout=subprocess.DEVNULL, text=True, env=environment
    ) as process:
        while not list(tmp_path.glob("cpu/reserved/*.json")):
            assert process.poll() is None
            time.sleep(0.05)
        begin = time.monotonic()
        process.terminate()
        said = process.stderr.read()
        assert time.monotonic() - begin < 60, "its runs take minutes"
    assert process.returncode == 1
    kept = "interrupted: finished runs are stored; the same command goes on from there."
    assert said.splitlines()[-1] == kept
    assert not list(tmp_path.rglob("*.part"))
    assert not list(tmp_path.glob("cpu/reserved/*.json"))


@pytest.mark.parametrize(
    ("own", "limits", "expected"),
    [
        ("0::/a/b\n", {"a/b": "max 100000", "a": "150000 100000", "": "max 100000"}, 1),
        ("0::/a/b\n", {"a/b": "400000 100000", "a": "250000 100000"}, 2),
        ("0::/\n", {"": "50000 100000"}, 1),
        ("0::/\n", {"": "max 100000"}, 8),
        ("12:cpu:/old\n", {}, 8),
        ("0::/a\n", {"a": "nonsense"}, 8),
    ],
)
def test_the_default_number_of_workers_keeps_to_the_quota(
    own, limits, expected, tmp_path, monkeypatch
):
    for group, text in limits.items():
        (tmp_path / group).mkdir(parents=True, exist_ok=True)
        (tmp_path / group / "cpu.max").write_text(text)
    (tmp_path / "own").write_text(own)
    monkeypatch.setattr(cores, "GROUPS", tmp_path)
    monkeypatch.setattr(cores, "OWN_GROUP", tmp_path / "own")
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    monkeypatch.setattr(os, "process_cpu_count", lambda: 8, raising=False)
    assert cores.default_workers() == expected


@pytest.mark.parametrize(("limits", "expected"), [({}, 2**36), ({"a": "max", "": "4096\n"}, 4096)])
def test_the_memory_here_is_what_the_group_is_granted(limits, expected, tmp_path, monkeypatch):
    (tmp_path / "a").mkdir()
    for group, text in limits.items():
        (tmp_path / group / "memory.max").write_text(text)
    (tmp_path / "own").write_text("0::/a\n")
    monkeypatch.setattr(cores, "GROUPS", tmp_path)
    monkeypatch.setattr(cores, "OWN_GROUP", tmp_path / "own")
    monkeypatch.setattr(os, "sysconf", {"SC_PAGE_SIZE": 2**12, "SC_PHYS_PAGES": 2**24}.get)
    assert cores.memory_here() == expected


def test_a_note_that_is_half_written_names_nobody(store):
    request = requests(1)[0]
    assert store.holder(request).text == "another process"
    note = store.folder / NOTES / f"{request.key()}.json"
    note.parent.mkdir(parents=True)
    for text in ("", "{", "[]", json.dumps({"process": 3})):
        note.write_text(text)
        assert store.holder(request).text == "another process"


def test_verify_finds_the_damaged_and_the_exchanged(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    store = device_store("cpu")
    one, two, three = requests()
    collect([one, two, three], HERE, store)
    assert housekeeping.verify() == 0
    store.path(two).write_bytes(store.path(one).read_bytes())
    store.path(three).write_bytes(store.path(three).read_bytes()[1:])
    (store.path(one).parent / "killed.part").write_bytes(b"half")
    assert housekeeping.verify() == 1
    said = capsys.readouterr().out
    assert "3 records, 2 damaged" in said
    assert str(store.path(two)) in said
    assert str(store.path(three)) in said
    assert str(store.path(one)) not in said
    assert store.load(three) is None
    assert housekeeping.clear(True) == 0
    assert "2 records removed" in capsys.readouterr().out
    assert [p.name for p in tmp_path.rglob("*") if p.is_file()] == [LOCKS]


def test_a_link_to_nowhere_is_damaged_and_stops_no_command(monkeypatch, tmp_path, capsys):
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    (tmp_path / "cpu" / "ab").mkdir(parents=True)
    (tmp_path / "cpu" / "ab" / "abc.nc").symlink_to(tmp_path / "nowhere")
    housekeeping.show()
    housekeeping.size()
    assert "1 records, 0.0 MB" in capsys.readouterr().out
    assert housekeeping.verify() == 1
    assert housekeeping.clear(True) == 0
    assert not list(tmp_path.rglob("*.nc"))


def test_a_store_that_is_no_folder_does_not_look_empty(monkeypatch, tmp_path, capsys):
    """One that is not made yet is empty."""
    file = tmp_path / "file"
    file.touch()
    monkeypatch.setenv("MRPVERIFY_CACHE", str(file))
    for command in (housekeeping.show, housekeeping.size, housekeeping.verify):
        with pytest.raises(typer.Exit) as stopped:
            command()
        assert stopped.value.exit_code == 2
    assert str(file) in capsys.readouterr().err
    monkeypatch.setenv("MRPVERIFY_CACHE", str(tmp_path / "later"))
    assert housekeeping.verify() == 0
