"""The commit a record names: that of the checkout, and none where the package is installed."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from mrpverify.records import provenance

SAY = "from mrpverify.records.provenance import commit; print(commit())"


def git(folder, *words):
    own = ["-c", "user.name=a", "-c", "user.email=a@b"]
    done = subprocess.run(
        ["git", "-C", folder, *own, *words], capture_output=True, text=True, check=True
    )
    return done.stdout.strip()


@pytest.fixture
def copy(tmp_path):
    """The part of the package that says the commit, somewhere else."""
    folder = tmp_path / "mrpverify" / "records"
    folder.mkdir(parents=True)
    for own in (folder, folder.parent):
        (own / "__init__.py").touch()
    shutil.copy(provenance.__file__, folder)
    return tmp_path


def said(folder):
    done = subprocess.run(
        [sys.executable, "-B", "-c", SAY], cwd=folder, env={}, capture_output=True, text=True
    )
    return done.stdout.strip()


@pytest.mark.skipif(shutil.which("git", path="/usr/bin:/bin") is None, reason="no git here")
def test_a_checkout_names_its_commit_and_whether_files_differ(copy):
    git(copy, "init", "-q")
    git(copy, "add", ".")
    git(copy, "commit", "-qm", "first")
    git(copy, "tag", "-am", "v1", "v1")
    head = git(copy, "rev-parse", "HEAD")
    assert said(copy) == head
    with Path(copy, "mrpverify", "__init__.py").open("a") as file:
        file.write("# changed\n")
    assert said(copy) == head + "-dirty"


def test_an_installed_package_names_none_even_inside_another_repository(copy):
    inside = copy / "site-packages"
    inside.mkdir()
    shutil.move(copy / "mrpverify", inside)
    assert said(inside) == "None"
    git(copy, "init", "-q")
    git(copy, "commit", "-q", "--allow-empty", "-m", "other")
    assert said(inside) == "None"
