"""The command that trains one run by several processes, in one: its file and its exit codes."""

import numpy as np
import pytest
import torch
from typer.testing import CliRunner

from mrpverify import training_together
from mrpverify.records import netcdf
from mrpverify.regime import load_preset
from mrpverify.simulate.descend import pretrain
from mrpverify.together import app

SMALL = {"k": 3, "m": 3, "d": 12, "N": 21, "s": 0.3, "sigma_0": 0.1, "deadline": 20}


def run(*arguments):
    """The command with a small regime."""
    pairs = [word for key, value in SMALL.items() for word in ("--set", f"{key}={value}")]
    salt = () if "--salt" in arguments else ("--salt", "tests")
    return CliRunner().invoke(app, [*pairs, *salt, *map(str, arguments)])


@pytest.fixture(autouse=True)
def alone(monkeypatch):
    """No launcher around the tests."""
    monkeypatch.delenv("WORLD_SIZE", raising=False)


def test_one_process_writes_the_run_that_is_trained_anywhere(tmp_path):
    out = tmp_path / "run.nc"
    done = run("--framework", "supervised", "--seed", 3, "--out", out)
    assert done.exit_code == 0, done.output
    written = netcdf.read(out)
    regime = load_preset("quick").override(SMALL).regimes["supervised"]
    expected = pretrain(regime, "tests", [3])
    assert (written["final_weights"].values == expected.final_weights).all()
    assert np.linalg.norm(written["final_weights"] - written["initial_weights"]) > 0.01
    assert written.attrs["processes"] == 1


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--framework", "none"), "--framework none: expected one of"),
        (("--framework", "mae", "--memory", "0"), "--memory 0: give the GiB"),
        (("--framework", "mae", "--device", "tpu"), "--device tpu: expected auto, cpu or cuda"),
        (("--framework", "mae", "--seed", 10**26), "9999"),
        (("--framework", "mae", "--salt", "a\0b"), "a record holds no NUL"),
        (("--framework", "mae", "--set", "theta=2"), "theta=2"),
    ],
)
def test_what_cannot_be_meant_ends_with_2_and_names_it(tmp_path, arguments, words):
    done = run(*arguments, "--out", tmp_path / "run.nc")
    assert done.exit_code == 2
    assert words in done.output
    assert not (tmp_path / "run.nc").exists()


@pytest.fixture
def untrained(monkeypatch):
    """Nothing may be trained."""

    def no_run(*_):
        raise AssertionError("trained before it looked")

    monkeypatch.setattr(training_together, "pretrain", no_run)


@pytest.mark.usefixtures("untrained")
def test_where_the_run_cannot_be_put_nothing_is_trained(tmp_path, monkeypatch):
    precious = tmp_path / "precious.txt"
    precious.write_text("a thesis")
    refused = {
        tmp_path / "missing" / "run.nc": "cannot be written",
        precious: "is there and is no run",
        tmp_path: "this is a folder",
    }
    for out, words in refused.items():
        done = run("--framework", "supervised", "--out", out)
        assert done.exit_code == 2
        assert words in done.output
    assert precious.read_text() == "a thesis"
    monkeypatch.setenv("WORLD_SIZE", "x")
    done = run("--framework", "supervised", "--out", tmp_path / "run.nc")
    assert done.exit_code == 2
    assert "WORLD_SIZE='x'" in done.output
    if not torch.cuda.is_available():
        done = run("--framework", "mae", "--device", "cuda", "--out", tmp_path / "run.nc")
        assert done.exit_code == 2
        assert "no CUDA device" in done.output


def test_a_run_may_be_written_over_another_run(tmp_path):
    out = tmp_path / "run.nc"
    for seed in (3, 4):
        assert run("--framework", "supervised", "--seed", seed, "--out", out).exit_code == 0
        assert netcdf.read(out)["seed"] == seed
