"""Prints HTML with wkhtmltopdf, through pdfkit: quick copies of pages, never a controlled record.

Both programs are no longer maintained, so the page is treated as hostile: pdfkit 1.0.0 lets a meta tag in the
page set any option (CVE-2025-26240), and the engine would fetch what the page names.
"""

from __future__ import annotations

import re
import resource
import secrets
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

from jinja2 import Environment, StrictUndefined, Template
from pdfkit import PDFKit
from pdfkit.configuration import Configuration

from portal.dossier.blocks import Document
from portal.dossier.palette import INK, WASH

PROGRAM = "wkhtmltopdf"
UNAVAILABLE = f"{PROGRAM} is not installed on this machine (Linux), so a page cannot be printed from HTML."

OPTIONS = {
    "page-size": "A4",
    "margin-top": "16mm",
    "margin-bottom": "16mm",
    "margin-left": "14mm",
    "margin-right": "18mm",
    "encoding": "utf-8",
    "disable-javascript": "",
    "disable-plugins": "",
    "disable-local-file-access": "",
    "disable-external-links": "",
    "no-images": "",
    "load-error-handling": "abort",
    "load-media-error-handling": "abort",
    # Nothing answers there, and names are left to the proxy: neither a request nor a name leaves the machine.
    "proxy": "http://127.0.0.1:1",
    "proxy-hostname-lookup": "",
}


@dataclass(frozen=True)
class Limits:
    """Bound one run: wall and processor time in seconds, memory and written files in bytes."""

    wall: float = 60
    processor: int = 60
    # The engine reserves 1 GiB of addresses before it reads the page.
    memory: int = 2 << 30
    written: int = 128 << 20


LIMITS = Limits()


class PrintFailed(RuntimeError):
    """Says why the print engine gave no file."""


def available() -> bool:
    """Say whether the print engine is installed, on a system that can put limits on it."""
    return sys.platform == "linux" and shutil.which(PROGRAM) is not None


def why_unavailable() -> str:
    """Return a sentence for the person who cannot print, or an empty text."""
    return "" if available() else UNAVAILABLE


def render(document: Document) -> bytes:
    """Print a document as an uncontrolled copy; raises PrintFailed.

    A character without a font is drawn as an empty box here; the controlled record (pdf.render) refuses it.
    """
    return html_to_pdf(to_html(document))


def to_html(document: Document) -> str:
    """Write a document as one plain HTML page, stamped as uncontrolled copy; every text is escaped."""
    # The stamps run down the margin; there are more than any page needs, and the page cuts off the rest.
    stamps = len(document.as_json()) // 40 + 20
    return _page().render(**vars(document) | {"digest": document.digest, "stamps": stamps, "ink": INK, "wash": WASH})


def html_to_pdf(html: str, limits: Limits = LIMITS) -> bytes:
    """Print a page that is complete in itself; raises PrintFailed, also when it asks for anything outside."""
    program = shutil.which(PROGRAM)
    if program is None or not available():
        raise PrintFailed(UNAVAILABLE)
    with tempfile.TemporaryDirectory() as room:
        # An empty mapping would make pdfkit hand over the whole environment, with its secrets.
        environment = {"HOME": room, "TMPDIR": room, "XDG_RUNTIME_DIR": room, "LANG": "C.UTF-8"}
        # The prefix cannot be guessed, so no meta tag of the page is read as an option.
        settings = Configuration(program, secrets.token_hex(16), environment)
        command = PDFKit(html, "string", options=OPTIONS, configuration=settings).command()
        with _child(command, environment, room, limits) as child:
            pdf, complaint = _talk(child, html.encode(), limits.wall)
    if child.returncode != 0 or not pdf.startswith(b"%PDF-"):
        raise PrintFailed(f"{PROGRAM} printed nothing: {_reason(child.returncode, complaint)}.")
    return pdf


@contextmanager
def _child(
    command: list[str], environment: dict[str, str], room: str, limits: Limits
) -> Iterator[subprocess.Popen[bytes]]:
    pipe = subprocess.PIPE
    # The command holds our own options and no text of the page.
    with subprocess.Popen(  # noqa: S603
        command, stdin=pipe, stdout=pipe, stderr=pipe, env=environment, cwd=room
    ) as child:
        try:
            # The engine has not seen one byte of the page yet.
            for kind, most in (
                (resource.RLIMIT_CPU, limits.processor),
                (resource.RLIMIT_AS, limits.memory),
                (resource.RLIMIT_FSIZE, limits.written),
                (resource.RLIMIT_CORE, 0),
            ):
                resource.prlimit(child.pid, kind, (most, most))
            yield child
        finally:
            child.kill()


def _talk(child: subprocess.Popen[bytes], page: bytes, seconds: float) -> tuple[bytes, bytes]:
    try:
        return child.communicate(page, timeout=seconds)
    except subprocess.TimeoutExpired as late:
        raise PrintFailed(f"{PROGRAM} took longer than {seconds} seconds and was stopped.") from late


def _reason(code: int, complaint: bytes) -> str:
    # What else it writes are stack traces and the paths of this machine.
    refused = re.search(rb"network error: \w+", complaint)
    return f"the page asked for something outside itself ({refused[0].decode()})" if refused else f"code {code}"


@cache
def _page() -> Template:
    source = files("portal.dossier").joinpath("printed.html").read_text(encoding="utf-8")
    return Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True).from_string(source)
