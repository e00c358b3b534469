"""The Makefile: it says what can be made, and what is missing on the machine."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]


def make(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["make", "-C", ROOT, "--no-print-directory", *words], capture_output=True, text=True, timeout=60
    )


def test_help_names_each_target_with_what_it_does():
    targets = re.search(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert targets is not None
    told = dict(line.split(maxsplit=1) for line in make("help").stdout.splitlines())
    assert list(told) == targets[1].split()


@pytest.mark.parametrize(
    ("answers", "said"),
    [
        ("exit 1", "is not Python 3.11 or newer"),
        ('case "$2" in *version_info*) exit 0;; *) exit 1;; esac', "apt install python3-venv"),
    ],
    ids=["too old", "without venv"],
)
def test_a_python_that_will_not_do_is_named_with_what_to_do(tmp_path, answers, said):
    python = tmp_path / "python"
    python.write_text(f"#!/bin/sh\n{answers}\n")
    python.chmod(0o700)
    result = make("install", f"PYTHON={python}", f"VENV={tmp_path / 'environment'}")
    assert result.returncode == 2
    assert f"{python} " in result.stderr
    assert said in result.stderr
    assert not (tmp_path / "environment").exists()
