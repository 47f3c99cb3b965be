"""The documentation site: made from the code, complete, and strict about its links."""

import ast
import re
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import mrpverify as mv
from mrpverify.__main__ import app

ROOT = Path(__file__).parent.parent
ZENSICAL = Path(sys.executable).with_name("zensical")


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, ROOT / "documentation" / "stage.py", folder]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def page(site, name):
    return (site / "source" / name).read_text(encoding="utf-8")


def test_every_page_of_the_navigation_is_there_and_every_page_is_in_it(site):
    told = tomllib.loads((site / "zensical.toml").read_text())["project"]["nav"]
    named = set(re.findall(r"'([^']+\.md)'", str(told)))
    there = {
        p.relative_to(site / "source").as_posix() for p in (site / "source" / "docs").rglob("*.md")
    }
    assert {name for name in named if name.startswith("docs/")} == there
    assert all((site / "source" / name).is_file() for name in named)


def test_every_command_and_option_is_on_the_page_of_commands(site):
    text = page(site, "docs/made/commands.md")
    names = {command.name for command in app.registered_commands}
    names |= {group.name for group in app.registered_groups}
    assert len(names) > 9
    assert all(f"## `mrpverify {name}`" in text for name in names)
    assert "--verify" in text


def test_every_public_name_is_on_the_page_of_the_api(site):
    text = page(site, "docs/made/api.md")
    assert {f"heading: mv.{name}" for name in mv.__all__ if name != "__version__"} == set(
        re.findall(r"heading: mv\.\w+", text)
    )
    assert all(f"::: mrpverify.{name}\n" in text for name in mv.NAMES)


def test_every_law_leads_to_functions_that_exist_and_back(site):
    formulas, code = page(site, "docs/made/formulas.md"), page(site, "docs/made/theory.md")
    theory = page(site, "docs/theory.md")
    links = re.findall(r"theory\.md#mrpverify\.([\w.]+)\.(\w+)\)", formulas)
    assert len(set(links)) > 100
    for module, name in set(links):
        tree = ast.parse((ROOT / "mrpverify" / f"{module.replace('.', '/')}.py").read_text())
        assert name in {getattr(node, "name", None) for node in tree.body}
    for number in range(1, 17):
        assert f"## L{number} {{ #l{number} }}" in formulas
        assert f"(made/formulas.md#l{number})" in theory
    assert "[L4](formulas.md#l4)" in code.partition("## plateau")[2].partition("\n## ")[0]
    l4 = formulas.partition("## L4 ")[2].partition("\n## ")[0]
    assert "saturates at u*" in l4
    assert "`plateau." in l4


def test_a_link_that_leads_nowhere_is_an_error(site, tmp_path):
    sys.path.insert(0, str(ROOT / "documentation"))
    try:
        from stage import missing
    finally:
        sys.path.pop(0)
    shutil.copytree(site / "source", tmp_path / "source")
    assert missing(tmp_path / "source") == []
    start = tmp_path / "source" / "docs" / "start_here.md"
    start.write_text(start.read_text() + "\n[gone](gone.ipynb) and `[code](gone)`\n")
    assert missing(tmp_path / "source") == ["docs/start_here.md: gone.ipynb"]


def build(folder):
    command = [ZENSICAL, "build", "--strict", "--config-file", folder / "zensical.toml"]
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder)


def docstrings(path):
    holders = (ast.Module, ast.ClassDef, ast.FunctionDef)
    nodes = [
        n for n in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(n, holders)
    ]
    return [text for text in map(ast.get_docstring, nodes) if text]


def test_no_docstring_reads_as_a_link_where_it_has_two_brackets():
    """Markdown takes `[shape] [D]` for a link called D; code in backticks is safe."""
    paths = sorted((ROOT / "mrpverify").rglob("*.py"))
    assert len(paths) > 300
    texts = {path: re.sub(r"`[^`]*`", "", "\n".join(docstrings(path))) for path in paths}
    pattern = re.compile(r"\[[^\[\]]*\][ \n]?\[[^\[\]]+\]|\]\(")
    assert [path.name for path, text in texts.items() if pattern.search(text)] == []


@pytest.mark.skipif(not ZENSICAL.exists(), reason="zensical is not installed (extra docs)")
def test_the_site_builds_strictly(site, tmp_path):
    done = build(site)
    assert done.returncode == 0, done.stdout + done.stderr
    unfolds = r"<details>\s*<summary>Every verdict[^<]*</summary>\s*<table>.*</table>\s*</details>"
    assert re.search(unfolds, (site / "site" / "index.html").read_text("utf-8"), re.DOTALL)
    shutil.copytree(site, tmp_path / "broken", ignore=shutil.ignore_patterns("site", ".cache"))
    start = tmp_path / "broken" / "source" / "docs" / "start_here.md"
    start.write_text(start.read_text() + "\n[gone](gone.md) [anchor](verdicts.md#gone)\n")
    assert build(tmp_path / "broken").returncode != 0
