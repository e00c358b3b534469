"""The demo, as its reader starts it: one command, an address, sign-ins that work, mail in its mailbox."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, expect

from tests.bench.serving import free_port
from tests.journeys.browsers import Browsers

pytestmark = pytest.mark.browser
PORTAL = Path(sys.executable).with_name("portal")
LAST_LINE = "All names and data are invented"


@contextmanager
def demo(folder: Path, port: int) -> Iterator[str]:
    """Start the demo and yield what it prints, once it serves; end it as Ctrl+C does."""
    environment = {**os.environ, "DATA_DIR": str(folder), "PORT": str(port), "PYTHONUNBUFFERED": "1"}
    with subprocess.Popen([PORTAL, "demo"], env=environment, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        said = ""
        while LAST_LINE not in said:
            line = process.stdout.readline()
            assert line, f"the demo ended: {said}"
            said += line
        try:
            yield said
        finally:
            process.terminate()
            process.wait(timeout=30)


def test_the_demo_starts_signs_in_and_shows_its_mail(
    tmp_path: Path, new_context: Callable[..., BrowserContext], capsys: pytest.CaptureFixture[str]
) -> None:
    port = free_port()
    browsers = Browsers(new_context, f"http://127.0.0.1:{port}")
    with demo(tmp_path, port) as said:
        assert browsers.home in said
        page = browsers.open()
