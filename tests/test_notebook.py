"""The notebook a student opens first: it runs from top to bottom and says what it promises."""

import ast
import re
from pathlib import Path

import pytest

import mrpverify as mv
from mrpverify.records.store import CACHE_VARIABLE

nbformat = pytest.importorskip("nbformat", reason="the extra notebook is not installed")
pytest.importorskip("ipykernel", reason="the extra notebook is not installed")
nbclient = pytest.importorskip("nbclient", reason="the extra notebook is not installed")

FILE = Path(__file__).parent.parent / "notebooks" / "first_look.ipynb"
SECONDS = 300
"""Under five minutes, or it fails."""


@pytest.fixture(scope="module")
def notebook():
    return nbformat.read(FILE, as_version=4)


def test_it_is_kept_without_outputs_and_is_a_notebook(notebook):
    nbformat.validate(notebook)
    code = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert all(not cell.outputs and cell.execution_count is None for cell in code)
    assert FILE.stat().st_size < 20_000


def test_it_uses_public_names_alone(notebook):
    code = "\n".join(cell.source for cell in notebook.cells if cell.cell_type == "code")
    tree = ast.parse(code)
    of_mv = (n for n in ast.walk(tree) if getattr(getattr(n, "value", None), "id", "") == "mv")
    used = {node.attr for node in of_mv if isinstance(node, ast.Attribute)}
    assert {"regime", "sample", "train", "correlations", "check"} <= used <= set(mv.__all__)
    modules = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import)
               for alias in node.names}  # fmt: skip
    assert modules == {"matplotlib.pyplot", "numpy", "mrpverify"}
    assert not any(isinstance(node, ast.ImportFrom) for node in ast.walk(tree))


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_it_runs_and_the_verdict_changes(notebook, tmp_path, monkeypatch):
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    client = nbclient.NotebookClient(
        notebook, timeout=SECONDS, resources={"metadata": {"path": tmp_path}}
    )
    done = client.execute()
    outputs = [out for cell in done.cells for out in cell.get("outputs", [])]
    text = "".join(out.text for out in outputs if out.output_type == "stream")
    assert sum("image/png" in out.get("data", {}) for out in outputs) == 2
    masked, labelled = re.findall(r"seed by seed: \[(\d), (\d)\] of 4", text)
    assert masked == ("4", "4")
    assert labelled < ("4", "4")
    assert "sigma_0 = 0.05: SUPPORTED" in text
    assert "sigma_0 = 0.5: OUT_OF_REGIME" in text
    assert re.search(r"violated: sigma_0 .* mends it: \{'sigma_0': 0\.\d+", text)
