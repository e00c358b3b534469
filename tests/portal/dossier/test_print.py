"""The print engine: an uncontrolled copy for the eye, from a page that can reach nothing."""

from __future__ import annotations

import io
import os
import shutil
import socket
from collections.abc import Callable, Iterator
from html.parser import HTMLParser
from pathlib import Path

import pytest
from pypdf import PdfReader

from portal.dossier import blocks, charts
from portal.dossier import print as printer
from portal.dossier.blocks import Document

MATRIX = [[1, 1, 1, 2, 2], [1, 2, 2, 2, 3], [1, 2, 3, 3, 4], [1, 2, 3, 4, 5], [1, 2, 3, 4, 5]]
HOSTILE = '"><script>alert(1)</script><iframe src="file:///etc/passwd"></iframe>{{ 7*7 }}{% raw %}<!--'
QUICK = printer.Limits(wall=20)


@pytest.fixture
def engine() -> None:
    """Skip where the engine is missing, but never in continuous integration."""
    if shutil.which("wkhtmltopdf") is None and os.environ.get("CI") != "true":
        pytest.skip("wkhtmltopdf is not installed: apt-get install wkhtmltopdf")


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """Give a local server that nobody may call; a call would wait in its queue."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        yield server


def words(data: bytes) -> str:
    return "".join(page.extract_text() for page in PdfReader(io.BytesIO(data)).pages)


def full(make_document: Callable[..., Document], text: str) -> Document:
    return make_document(
        blocks.heading(1, text),
        blocks.text(text),
        blocks.facts([(text, text)]),
        blocks.table([text], [[text]], [1]),
        blocks.vector(*charts.risk_matrix(4, 3, MATRIX), 150),
        blocks.question(text, text, text, text, text, [text], [text], [text], "high"),
        blocks.page_break(),
        blocks.signature(text, text, text, text, text, text),
        title=text,
        subtitle=text,
        author=text,
        identifier=text,
        cover=((text, text),),
    )


class Tags(HTMLParser):
    """Collects the names of elements and the values of attributes."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.names: set[str] = set()
        self.values: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.names.add(tag)
        self.values += [value or "" for _, value in attrs]


def test_text_of_a_supplier_stays_text_in_the_page(make_document: Callable[..., Document]) -> None:
    page = printer.to_html(full(make_document, HOSTILE))
    tags = Tags(page)

    assert not tags.names & {"script", "iframe", "img", "link", "object"}
    assert not any(
        "file:" in value or "http" in value.replace("http://www.w3.org/2000/svg", "") for value in tags.values
    )
    assert page.count("{{ 7*7 }}") >= 20


def test_a_missing_engine_is_a_sentence_and_not_a_crash(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))

    assert not printer.available()
    assert "not installed" in printer.why_unavailable()
    with pytest.raises(printer.PrintFailed, match="not installed"):
        printer.html_to_pdf("<p>x</p>")


def test_the_engine_is_told_every_restriction_and_sees_nothing_of_our_environment(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    stand_in = tmp_path / "wkhtmltopdf"
    stand_in.write_text('#!/bin/sh\nprintf "%%PDF-\\n"; echo "$@"; /usr/bin/env; cat', encoding="utf-8")
    stand_in.chmod(0o700)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setenv("PORTAL_SECRET", "SECRET")

    command, *rest = printer.html_to_pdf('<meta name="pdfkit-allow" content="/">').decode().splitlines()[1:]
    for option in printer.OPTIONS:
        assert f"--{option}" in command
    for option in ("disable-local-file-access", "disable-javascript", "no-images", "proxy", "proxy-hostname-lookup"):
        assert option in printer.OPTIONS
    assert "--allow" not in command
    assert "SECRET" not in "".join(rest)


@pytest.mark.wkhtmltopdf
@pytest.mark.usefixtures("engine")
def test_the_copy_holds_the_whole_document_and_is_stamped_on_every_page(
    make_document: Callable[..., Document],
) -> None:
    rows = [[f"R{number:03d}", "Validation report"] for number in range(150)]
    document = make_document(blocks.heading(1, "Evidence"), blocks.table(["No", "File"], rows, [1, 4]))

    pages = [page.extract_text() for page in PdfReader(io.BytesIO(printer.render(document))).pages]
    assert printer.available()
    assert printer.why_unavailable() == ""
    assert len(pages) > 3
    assert all("UNCONTROLLEDCOPY" in "".join(text.upper().split()) for text in pages)
    assert all(row[0] in "".join(pages) for row in rows)
    assert document.digest in pages[0]


@pytest.mark.wkhtmltopdf
@pytest.mark.usefixtures("engine")
def test_text_of_a_supplier_stays_text_on_paper(make_document: Callable[..., Document]) -> None:
    shown = "".join(words(printer.render(full(make_document, HOSTILE))).split())

    assert shown.count("<script>alert(1)</script>") >= 15
    assert "root:x:0:0" not in shown


@pytest.mark.wkhtmltopdf
@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize(
    "html",
    [
        '<meta name="pdfkit-enable-local-file-access" content=""><iframe src="file://{secret}"></iframe>',
        '<meta name="pdfkit-enable-local-file-access" content=""><iframe src="{secret}"></iframe>',
        '<meta name="pdfkit-user-style-sheet" content="{secret}"><p>x</p>',
        '<meta name="pdfkit-allow" content="/"><object data="file://{secret}"></object>',
        '<meta http-equiv="refresh" content="0;url=file://{secret}">',
        '<link rel="stylesheet" href="file://{secret}"><p>x</p>',
        '<iframe src="file:///proc/self/environ"></iframe>',
        '<img src="file://{secret}">',
        '<script>document.write("SECRET")</script>',
        '<meta name="pdfkit-enable-javascript" content=""><body onload="document.write(\'SECRET\')">',
    ],
)
def test_a_hostile_page_sees_no_file_no_environment_and_runs_no_script(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, html: str
) -> None:
    monkeypatch.setenv("PORTAL_SECRET", "SECRET")
    secret = tmp_path / "secret.css"
    secret.write_text("body:before { content: 'SECRET' }", encoding="utf-8")

    try:
        shown = words(printer.html_to_pdf(f"<html><body>{html.format(secret=secret)}</body></html>", QUICK))
    except printer.PrintFailed as failed:
        shown = str(failed)
    assert "SECRET" not in shown


@pytest.mark.wkhtmltopdf
@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize(
    "html",
    [
        '<meta name="pdfkit-proxy" content="None"><iframe src="{url}"></iframe>',
        '<iframe src="{url}"></iframe>',
        '<img src="{url}">',
        '<link rel="stylesheet" href="{url}">',
        '<link rel="prefetch" href="{url}">',
        '<p style="background: url({url})">x</p>',
        '<video src="{url}"></video>',
        '<meta http-equiv="refresh" content="0;url={url}">',
        '<script>new Image().src = "{url}"</script>',
    ],
)
def test_a_hostile_page_reaches_no_server(listener: socket.socket, html: str) -> None:
    url = f"http://127.0.0.1:{listener.getsockname()[1]}/x"

    try:
        printer.html_to_pdf(f"<html><body>{html.replace('{url}', url)}</body></html>", QUICK)
    except printer.PrintFailed as failed:
        assert "outside itself" in str(failed)
    with pytest.raises(BlockingIOError):
        listener.accept()


@pytest.mark.wkhtmltopdf
@pytest.mark.usefixtures("engine")
def test_a_page_that_names_something_outside_is_an_error_and_not_half_a_page() -> None:
    with pytest.raises(printer.PrintFailed, match="outside itself"):
        printer.html_to_pdf('<p>x</p><link rel="stylesheet" href="http://192.0.2.1/a.css">', QUICK)


@pytest.mark.wkhtmltopdf
@pytest.mark.usefixtures("engine")
@pytest.mark.parametrize(
    ("limits", "message"),
    [
        (printer.Limits(wall=0.001), "took longer than 0.001 seconds"),
        (printer.Limits(memory=256 << 20), "printed nothing: code -"),
        (printer.Limits(written=10), "printed nothing: code -"),
    ],
)
def test_a_run_that_takes_too_much_is_stopped(limits: printer.Limits, message: str) -> None:
    with pytest.raises(printer.PrintFailed, match=message):
        printer.html_to_pdf("<p>x</p>" * 1000, limits)


@pytest.mark.wkhtmltopdf
@pytest.mark.usefixtures("engine")
def test_nothing_is_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))

    printer.html_to_pdf("<p>x</p>", QUICK)
    with pytest.raises(printer.PrintFailed):
        printer.html_to_pdf("<p>x</p>", printer.Limits(memory=256 << 20))
    assert list(tmp_path.iterdir()) == []
