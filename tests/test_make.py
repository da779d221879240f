"""Setting up with make: what a machine without a fitting Python is told, and stamps."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

pytestmark = pytest.mark.skipif(shutil.which("make") is None, reason="needs make")


@pytest.fixture
def folder(tmp_path):
    """A project folder with nothing but the Makefile, so that no set-up can have happened."""
    shutil.copy(ROOT / "Makefile", tmp_path)
    for name in ("requirements.lock", "requirements-check.lock", "pyproject.toml"):
        (tmp_path / name).touch()
    return tmp_path


def make(folder, *arguments, **environment):
    """Run make there and return the finished process."""
    command = ["make", *arguments]
    path = {"PATH": "/usr/bin:/bin", "HOME": str(folder)} | environment
    return subprocess.run(
        command, cwd=folder, env=path, capture_output=True, text=True, check=False
    )


def program(folder, name, body):
    """Write an executable shell script and return its path."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    path.chmod(0o755)
    return path


def test_too_old_a_python_is_named_with_what_to_do(folder):
    old = program(folder, "old-python", 'test "$1" = --version && echo Python 3.9.2 || exit 1')
    done = make(folder, "setup", f"PYTHON={old}")
    assert done.returncode != 0
    assert f"This needs Python 3.11 or newer; {old} is Python 3.9.2." in done.stderr
    assert "make setup PYTHON=" in done.stderr
    assert not (folder / ".venv").exists()


def test_a_python_without_venv_is_told_which_package_to_install(folder):
    bare = program(folder, "bare-python", '[ "$1" = -m ] && exit 1; echo Python 3.12.0')
    done = make(folder, "setup", f"PYTHON={bare}")
    assert done.returncode != 0
    assert "apt install python3-venv" in done.stderr


def test_no_python_at_all_is_said_in_a_sentence(folder):
    tools = folder / "tools"
    tools.mkdir()
    for name in ("sh", "make", "touch", "env"):
        (tools / name).symlink_to(shutil.which(name))
    done = subprocess.run(
        [str(tools / "make"), "setup"],
        cwd=folder,
        env={"PATH": str(tools)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode != 0
    assert "This needs Python 3.11 or newer; found: none." in done.stderr


def test_a_second_set_up_does_nothing(folder):
    stamps = folder / ".venv"
    stamps.mkdir()
    for name in (".created", ".installed"):
        (stamps / name).touch()
    done = make(folder, "setup", f"PYTHON={sys.executable}")
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_help_lists_the_targets(folder):
    done = make(folder)
    for target in ("serve", "test", "setup", "check", "bench", "lock", "clean"):
        assert f"make {target} " in done.stdout
