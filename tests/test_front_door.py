"""The package from Python, from a notebook and from outside: public names, commands, claims."""

import json
import os
import subprocess
import sys
import tomllib
from importlib.metadata import EntryPoint
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

import mrpverify as mv
from mrpverify.claims import outside, registry
from mrpverify.records.store import CACHE_VARIABLE
from mrpverify.regime import RegimeError

NOTEBOOK = """\
import mrpverify as mv
regime = mv.regime("mae", k=2, d=10, N=60, m=4, s=0.1, sigma_0=0.1, sigma_p=0.01)
run = mv.train(regime, salt="notebook", seeds=2)
largest = mv.correlations(run).max("kernel")
print(largest.isel(step=-1).values.round(2))
answer = mv.check("T1.capture", regime, seeds=2)
print(answer)
print(answer.verdicts, "iframe" in answer._repr_html_())
"""
CLAIM = Path(__file__).parent / "outside" / "two_views.py"
TWICE = CLAIM.with_name("asked_twice.py")
SMALL = ("k=2", "d=10", "N=60", "m=4", "s=0.1", "sigma_0=0.1", "sigma_p=0.01")


def python(*arguments, cache, **options):
    environment = {**os.environ, CACHE_VARIABLE: str(cache), **options.pop("variables", {})}
    return subprocess.run(
        [sys.executable, *arguments],
        capture_output=True, text=True, check=False, timeout=300, env=environment, **options,
    )  # fmt: skip


@pytest.fixture(scope="module")
def regime():
    return mv.regime("mae", k=2, d=10, N=60, m=4, s=0.1, sigma_0=0.1, sigma_p=0.01)


@pytest.mark.parametrize("way", ["script", "standard input"])
def test_a_notebook_of_twelve_lines_without_a_main_guard(way, tmp_path):
    assert len(NOTEBOOK.splitlines()) <= 12
    if way == "script":
        (tmp_path / "notebook.py").write_text(NOTEBOOK)
        found = python(str(tmp_path / "notebook.py"), cache=tmp_path / "store")
    else:
        found = python("-", cache=tmp_path / "store", input=NOTEBOOK)
    assert found.returncode == 0, found.stderr
    assert "T1.capture" in found.stdout
    assert found.stdout.rstrip().endswith("True")


def test_names_come_without_torch_and_stay_callable_beside_modules_of_their_name(tmp_path):
    script = (
        "import sys, mrpverify as mv; "
        "assert not {'torch', 'numpy', 'xarray', 'typer'} & set(sys.modules); "
        "import mrpverify.regime, mrpverify.claims, mrpverify.check; "
        "from mrpverify.regime import load_preset; "
        "assert mv.regime('mae', theta=0.3).visible == 0.3; assert len(mv.claims()) > 30; "
        "assert set(mv.__all__) <= set(dir(mv)); assert mv.__version__; "
        "[getattr(mv, name) for name in mv.__all__]"
    )
    found = python("-c", script, cache=tmp_path)
    assert found.returncode == 0, found.stderr
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = mv.nothing


def test_a_run_is_what_the_command_line_trains(regime, tmp_path, monkeypatch):
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    run = mv.train(regime, seeds=[1, 0])
    assert run["seed"].values.tolist() == [1, 0]
    settings = [part for pair in SMALL for part in ("--set", pair)]
    asked = ("-m", "mrpverify.check", "T1.lottery", "--framework", "mae", "--seeds", "2", "--quiet")
    python(*asked, *settings, cache=tmp_path)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.glob("cpu/*/*.nc")}
    again = mv.train(regime, seeds=2)
    np.testing.assert_array_equal(again["final_weights"][0], run["final_weights"][1])
    assert {path: path.stat().st_mtime_ns for path in tmp_path.glob("cpu/*/*.nc")} == before
    path = mv.correlations(run)
    assert path.dims == ("seed", "step", "kernel", "feature")
    np.testing.assert_array_equal(path[0, 0], run["initial_correlations"][0])
    np.testing.assert_array_equal(mv.correlations(run, final=True), run["final_correlations"])
    images = mv.sample(regime, seeds=2)
    assert images.patches.shape[:2] == (2, regime.images)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda p: mv.regime("mea"), "framework='mea'"),
        (lambda p: mv.regime("mae", thta=0.5), "thta"),
        (lambda p: mv.regime("mae", theta=2), "theta"),
        (lambda p: mv.train(p, seeds=0), "seeds"),
        (lambda p: mv.train(p, seeds=[-1]), "seeds"),
        (lambda p: mv.check("T1.capture", p, framework="supervised"), "T1.capture is about mae"),
        (lambda p: mv.check("SL.test", p, seeds=1), "about supervised"),
        (lambda p: mv.check([], p), "no claim"),
        (lambda p: mv.regime(["mae"]), "framework=.*choose one"),
        (lambda p: mv.train(p, seeds=[0, 0]), "each of them once"),
        (lambda p: mv.train(p, seeds=2.0), "whole number"),
        (lambda p: mv.train(p, workers=0), "workers=0"),
        (lambda p: mv.check("T1.capture", {"teacher-student": p}), "is a regime of 'mae'"),
    ],
)
def test_what_cannot_be_asked_is_said(call, message, regime):
    with pytest.raises(RegimeError, match=message):
        call(regime)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda p: mv.train("mae"), "regime='mae': expected a regime"),
        (lambda p: mv.sample(None), "regime=None"),
        (lambda p: mv.regime("mae", None), "preset=None"),
        (lambda p: mv.train(p, seeds=[0.5]), "seed=0.5"),
        (lambda p: mv.train(p, seeds="2"), "seed='2'"),
        (lambda p: mv.train(p, workers="2"), "workers='2'"),
        (lambda p: mv.train(p, start="mae"), "start='mae'"),
        (lambda p: mv.train(p, taught_by=p), "taught_by="),
        (lambda p: mv.train(p, taught_by=["mae"]), "teacher='mae'"),
        (lambda p: mv.correlations(p), "run=Parameters"),
        (lambda p: mv.check(p, "T1.capture"), "asked=Parameters"),
        (lambda p: mv.check([3], p), "asked=3"),
        (lambda p: mv.check("A.regime", [p]), "regimes="),
        (lambda p: mv.check("A.regime", {"mae": "quick"}), r"regimes\['mae'\]='quick'"),
    ],
)
def test_what_is_of_the_wrong_kind_says_what_was_wanted(call, message, regime):
    with pytest.raises(TypeError, match=message):
        call(regime)


def test_numbers_of_numpy_and_paths_are_taken(regime, tmp_path, monkeypatch):
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    changes = {"k": np.int64(3), "sigma_0": np.float64(0.1), "bias": np.bool_(False)}
    changed = mv.regime("mae", **changes)
    assert (changed.classes, changed.init_scale, changed.bias) == (3, 0.1, False)
    assert len(mv.sample(regime, seeds=np.int64(2)).labels) == 2
    assert len(mv.sample(regime, seeds=np.array(2)).labels) == 2
    assert mv.train(regime, seeds=np.arange(1)).seed.values.tolist() == [0]
    preset = tmp_path / "mine.toml"
    preset.write_text("[shared]\nk = 4\n")
    assert mv.regime("mae", preset).classes == 4
    assert mv.check("A.regime", preset, seeds=np.int64(2)).run.regimes["mae"].classes == 4
    assert mv.check("A.regime", regime, seeds=2, framework="both").exit_code in (0, 4, 6)
    with pytest.raises(registry.UnknownClaimError, match="no such file"):
        mv.check(tmp_path / "none.py", regime)


def test_a_check_in_one_framework_of_a_preset():
    answer = mv.check("A.regime", framework="mae", seeds=1)
    assert {framework for _, framework, _ in answer.verdicts} == {"mae"}
    assert list(answer.run.regimes) == ["mae"]


def test_claims_about_real_images_are_asked_by_command(regime):
    with pytest.raises(ValueError, match="real images"):
        mv.check("images", regime)


COMMANDS = [
    "mrpverify", "mrpverify check", "mrpverify list", "mrpverify sweep", "mrpverify counterexample",
    "mrpverify images", "mrpverify images fetch", "mrpverify images list", "mrpverify records",
    "mrpverify records list", "mrpverify records size", "mrpverify records verify",
    "mrpverify records clear", "mrpverify.check", "mrpverify.sweep", "mrpverify.counterexample",
    "mrpverify.images", "mrpverify.records", "mrpverify results", "mrpverify.results",
    "mrpverify lock", "mrpverify.lock", "mrpverify archive", "mrpverify.archive",
]  # fmt: skip


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_short_help_and_says_its_version(command, tmp_path):
    for option in ("-h", "--help"):
        found = python("-m", *command.split(), option, cache=tmp_path)
        assert found.returncode == 0, found.stderr
        assert "Usage:" in found.stdout
    found = python("-m", *command.split(), "--version", cache=tmp_path)
    assert found.returncode == 0, found.stderr
    assert found.stdout.strip() == f"mrpverify {mv.__version__}"


def test_help_names_the_commands_and_waits_for_no_library(tmp_path):
    script = (
        "import sys; sys.argv = ['mrpverify', '--help']\n"
        "from mrpverify.__main__ import app\n"
        "try: app()\n"
        "finally: assert not {'torch', 'numpy', 'scipy', 'xarray'} & set(sys.modules)"
    )
    found = python("-c", script, cache=tmp_path)
    assert found.returncode == 0, found.stderr
    for words in ("A verdict for every claim", "Claims over a grid", "What the record store holds"):
        assert words in found.stdout


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("ch", {"check"}),
        ("check th", {"theorem1", "theorem2"}),
        ("check --framew", {"--framework"}),
        ("check --framework m", {"mae"}),
        ("check --preset l", {"large"}),
        ("check zz", set()),
    ],
)
def test_a_shell_completes_commands_groups_and_choices(typed, offered):
    script = "from mrpverify.__main__ import app; app(prog_name='mrpverify')"
    asked = {
        "_MRPVERIFY_COMPLETE": "complete_bash",
        "COMP_WORDS": f"mrpverify {typed}",
        "COMP_CWORD": str(len(typed.split())),
    }
    found = subprocess.run(
        [sys.executable, "-c", script], env=os.environ | asked, capture_output=True, text=True
    )
    assert set(found.stdout.split()) == offered


def test_the_installed_command_is_the_module_of_all_commands():
    project = tomllib.loads((Path(__file__).parent.parent / "pyproject.toml").read_text())
    value = project["project"]["scripts"]["mrpverify"]
    assert callable(EntryPoint("mrpverify", value, "console_scripts").load())


@pytest.mark.parametrize("command", ["mrpverify check", "mrpverify.check"])
def test_a_record_names_the_check_that_can_be_asked_again(command, tmp_path):
    file = str(tmp_path / "r.json")
    asked = ["A.regime", "--quiet", "--json", file]
    assert python("-m", *command.split(), *asked, cache=tmp_path).returncode == 0
    named = json.loads(Path(file).read_text())["command"]
    assert named == ["python", "-m", "mrpverify.check", *asked]


@pytest.mark.parametrize("module", ["mrpverify.check", "mrpverify check"])
def test_a_check_draws_nothing_and_needs_no_drawing_backend(module, tmp_path):
    """A notebook's backend outlives the notebook in the shells it starts, its module does not."""
    missing = {"MPLBACKEND": "module://matplotlib_inline.backend_inline"}
    (tmp_path / "matplotlib_inline.py").write_text("raise ImportError('not here')")
    missing["PYTHONPATH"] = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    page = tmp_path / "out"
    found = python(
        "-m", *module.split(), "A.regime", "--out", str(page), cache=tmp_path, variables=missing
    )
    assert found.returncode == 0, found.stderr
    assert "SUPPORTED" in found.stdout
    assert "A.regime" in (page / "report.html").read_text()


def asked_of_four_seeds(claim, cache):
    """A check of a claim in a file, at a small size."""
    settings = [part for pair in SMALL for part in ("--set", pair)]
    return python(
        "-m", "mrpverify", "check", str(claim), "--framework", "mae", "--seeds", "4", *settings,
        cache=cache,
    )  # fmt: skip


def test_a_claim_in_a_file_of_ones_own(tmp_path):
    assert len(CLAIM.read_text().splitlines()) <= 60
    found = asked_of_four_seeds(CLAIM, tmp_path)
    assert found.returncode == 4, found.stderr  # four seeds support nothing
    assert "my.two_views" in found.stdout
    assert "1.000 (4/4)" in found.stdout
    assert "failed, as it should" in found.stdout
    assert "0 of 4 seeds" in found.stdout


def test_a_claim_of_ones_own_that_asks_twice(tmp_path):
    assert len(TWICE.read_text().splitlines()) <= 60
    found = asked_of_four_seeds(TWICE, tmp_path)
    assert found.returncode == 4, found.stderr  # four seeds support nothing
    assert "1.000 (4/4)" in found.stdout
    assert "the second leg was asked for when the first was there" in found.stdout
    assert "features crossed by 2 T: 1.0000" in found.stdout
    assert "0 of 4 seeds" in found.stdout  # of the control


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (None, "no such file"),
        ("import nothing_like_this", "cannot be imported"),
        ("CLAIMS = ()", "has no CLAIMS"),
        ("CLAIMS = (1,)", "no Claim"),
        (CLAIM.read_text().replace('id="my.two_views"', 'id="T1.capture"'), "rename yours"),
        (
            CLAIM.read_text().replace('name="my.two_views"', 'name="theorem1.capture"'),
            "rename yours",
        ),
        (CLAIM.read_text().replace("(NOTHING_SHOWN,)", "()"), "has no control"),
        (CLAIM.read_text().replace("(NOTHING_SHOWN,)", "NOTHING_SHOWN"), "no tuple of Controls"),
        (CLAIM.read_text().replace('"mae": (', '"mea": ('), "no such objective"),
        (CLAIM.read_text().replace('role="', 'role="a '), "choose from gate, finding"),
        (CLAIM.read_text().replace('role="', 'needs=("digts",), role="'), "no such data set"),
        ("raise SystemExit(3)", "cannot be imported (SystemExit: 3)"),
        (CLAIM.read_text() + "CLAIMS += (mv.Claim(**vars(CLAIMS[0])),)", "my.two_views twice"),
    ],
)
def test_a_file_without_a_claim_is_a_usage_error(text, message, tmp_path, monkeypatch):
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    path = tmp_path / "mine.py"
    if text is not None:
        path.write_text(text)
    found = CliRunner().invoke(mv.check.app, [str(path)])
    assert found.exit_code == 2
    assert message in found.stderr


def test_files_of_claims_are_imported_once_and_may_hold_data_classes(tmp_path):
    path = tmp_path / "numpy.py"  # the name of a library is no trouble
    held = "\n\n@dataclass\nclass Held:\n    share: float\n"
    start = "from __future__ import annotations\nfrom dataclasses import dataclass\n"
    path.write_text(start + CLAIM.read_text() + held)
    (claim,) = registry.select([str(path), "my.two_views"], [str(path)])
    assert claim.id == "my.two_views"
    with pytest.raises(registry.UnknownClaimError, match=r"my\.two_views already"):
        registry.select([str(path), str(CLAIM)])


def test_a_plugin_is_there_to_be_named_listed_and_asked_again(tmp_path):
    settings = [part for pair in SMALL for part in ("--set", pair)]
    plugin, file = ("--plugin", str(CLAIM)), str(tmp_path / "r.json")
    asked = ("-m", "mrpverify.check", "my.two_views", *plugin, "--framework", "mae", "--seeds", "2")
    found = python(*asked, *settings, "--quiet", "--json", file, cache=tmp_path)
    assert found.returncode == 4, found.stderr
    again = python("-m", "mrpverify.check", "--from", file, *plugin, cache=tmp_path)
    assert again.returncode == 4, again.stderr
    assert "--plugin" in python("-m", "mrpverify.check", "--from", file, cache=tmp_path).stderr
    assert "my.two_views" in python("-m", "mrpverify", "list", *plugin, cache=tmp_path).stdout
    missing = python("-m", "mrpverify", "list", "--plugin", "none.py", cache=tmp_path)
    assert (missing.returncode, "no such file" in missing.stderr) == (2, True)


def test_documents_show_what_is_tested(tmp_path):
    root = CLAIM.parents[2]
    written = (root / "docs" / "writing_a_claim.md").read_text()
    for file in (CLAIM, TWICE):
        assert f"```python\n{file.read_text()}```" in written
    section = (root / "README.md").read_text().split("## From Python")[1]
    found = python("-", cache=tmp_path, input=section.split("```python\n")[1].split("```")[0])
    assert found.returncode == 0, found.stderr
    assert "T1.capture" in found.stdout


def test_claims_of_other_distributions_are_found(monkeypatch):
    entry = EntryPoint("mine", "tests.outside.two_views", outside.ENTRY_POINTS)
    monkeypatch.setattr(outside, "entry_points", lambda group: [entry])
    registry.all_claims.cache_clear()
    try:
        (claim,) = registry.select(["my.two_views"])
        assert claim.group == "my"
        taken = EntryPoint("taken", "tests.outside.two_views", outside.ENTRY_POINTS)
        monkeypatch.setattr(outside, "entry_points", lambda group: [entry, taken])
        registry.all_claims.cache_clear()
        with pytest.raises(registry.UnknownClaimError, match=r"entry point taken.*already"):
            registry.select(["T1.capture"])
        broken = EntryPoint("broken", "tests.outside.nothing_here", outside.ENTRY_POINTS)
        monkeypatch.setattr(outside, "entry_points", lambda group: [broken])
        registry.all_claims.cache_clear()
        with pytest.raises(registry.UnknownClaimError, match="entry point broken"):
            registry.select(["T1.capture"])
    finally:
        registry.all_claims.cache_clear()


def test_the_store_is_counted_verified_and_cleared(regime, tmp_path, monkeypatch):
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    mv.train(regime, salt="kept", seeds=2)
    assert "2 records" in python("-m", "mrpverify", "records", "size", cache=tmp_path).stdout
    assert "kept" in python("-m", "mrpverify", "records", "list", cache=tmp_path).stdout
    assert python("-m", "mrpverify", "records", "verify", cache=tmp_path).returncode == 0
    one = next(tmp_path.glob("cpu/*/*.nc"))
    one.write_bytes(one.read_bytes()[:-100])
    damaged = python("-m", "mrpverify", "records", "verify", cache=tmp_path)
    assert damaged.returncode == 1
    assert str(one) in damaged.stdout.replace("\n", "")
    assert python("-m", "mrpverify", "records", "clear", cache=tmp_path).returncode == 2
    assert len(list(tmp_path.glob("cpu/*/*.nc"))) == 2
    assert python("-m", "mrpverify", "records", "clear", "--yes", cache=tmp_path).returncode == 0
    assert not list(tmp_path.glob("cpu/*/*.nc"))


WITHOUT_GUARD = """\
import mrpverify.records.collect as collecting
collecting.WORTH_A_POOL, collecting.default_workers = 0, lambda: 2
from mrpverify.check import app
app(["T1.capture", "--framework", "mae", "--seeds", "4", "--device", "cpu", "--quiet"{settings}])
"""


@pytest.mark.parametrize("way", ["script", "standard input"])
def test_a_program_without_a_main_guard_ends_and_says_why(way, tmp_path):
    """It hung: every process of the pool ran the program again and waited for the others."""
    program = WITHOUT_GUARD.format(settings="".join(f', "--set", "{pair}"' for pair in SMALL))
    if way == "script":
        (tmp_path / "program.py").write_text(program)
        found = python(str(tmp_path / "program.py"), cache=tmp_path / "store")
        assert found.returncode == 1
        assert "__main__" in found.stderr
    else:
        found = python("-", cache=tmp_path / "store", input=program)
        # Four seeds support nothing, and at this size a control may not be decided either.
        assert found.returncode in (4, 5), found.stderr


WITH_GUARD = """\
import mrpverify.records.collect as collecting
collecting.WORTH_A_POOL, collecting.default_workers = 0, lambda: 2
from mrpverify.check import app
if __name__ == "__main__":
    app(["{claim}", "--framework", "mae", "--seeds", "4", "--device", "cpu", "--quiet"{settings}])
"""


def test_a_claim_of_a_file_is_judged_on_runs_of_worker_processes(tmp_path):
    settings = "".join(f', "--set", "{pair}"' for pair in SMALL)
    (tmp_path / "program.py").write_text(WITH_GUARD.format(claim=CLAIM, settings=settings))
    found = python(str(tmp_path / "program.py"), cache=tmp_path / "store")
    assert found.returncode == 4, found.stderr  # four seeds support nothing
