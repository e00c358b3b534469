"""Evidence: which kinds are taken, what a name may be, the same bytes twice, withdrawing, and a damaged store."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import pytest

from portal.db import db
from portal.errors import Conflict, Invalid, KindRefused, NotFound, TooBig, Unavailable
from portal.models.evidence import Evidence
from portal.services.assessments import answers, submitting
from portal.services.evidence import attaching, keeping, kinds, names
from portal.services.evidence.attaching import Upload
from portal.store import store
from tests import make
from tests.portal.services.test_names import NAMES
from tests.scopes import acting, entries, rows, trying

QUESTION = "P11-01"
PNG = bytes.fromhex("89504e470d0a1a0a0000000d49484452") + b"\0" * 20
JPEG = bytes.fromhex("ffd8ffe000104a464946000101") + b"\0" * 20


def office(folder: str, *more: str, types: str = "[Content_Types].xml") -> bytes:
    """Return an office file: an archive with a list of types and a folder that says which program made it."""
    target = io.BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        for name in (types, f"{folder}document.xml", *more):
            archive.writestr(name, "<x/>")
    return target.getvalue()


HTML = b"<!DOCTYPE html><html><script>alert(1)</script></html>"
SVG = b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'
MHT = (
    b"MIME-Version: 1.0\r\nContent-Type: multipart/related; boundary=x\r\n\r\n--x\r\nContent-Type: text/html\r\n\r\n"
    + HTML
)
TAKEN = {
    "validation.pdf": make.PDF,
    "VALIDATION.PDF": make.PDF,
    "plan.png": PNG,
    "photo.jpg": JPEG,
    "photo.jpeg": JPEG,
    "procedure.docx": office("word/"),
    "inventory.xlsx": office("xl/"),
    "training.pptx": office("ppt/"),
    "log.txt": b"08:00 audit trail on\n",
    "log \xe9t\xe9.txt": "08:00 \u30ed\u30b0\n".encode(),
    "list.csv": b"system,owner\nLIMS,QC\n",
}
REFUSED = {
    "page.html": HTML,
    "page.xhtml": HTML,
    "drawing.svg": SVG,
    "page.mht": MHT,
    "style.xml": b'<?xml-stylesheet href="x.xsl"?><x/>',
    "program.exe": b"MZ" + b"\0" * 60,
    "macro.xlsm": office("xl/", "xl/vbaProject.bin"),
    "no ending": make.PDF,
    "bundle.zip": office("word/"),
    # The ending is one that we take; the content is not what it says.
    "page.pdf": HTML,
    "page.txt": HTML,
    "page.csv": b"\n\n  <HTML><body onload=alert(1)>",
    "drawing.png": SVG,
    "photo.jpg": PNG,
    "macro.xlsx": office("xl/", "xl/VBAPROJECT.BIN"),
    "macro.docx": office("word/", "word/vbaProject.bin"),
    "letter.docx": office("xl/"),
    "empty.docx": office("word/", types="other.xml"),
    "broken.docx": b"PK\x03\x04 but no archive",
    "binary.txt": b"text\0and more",
    "wide.txt": "<html>".encode("utf-16"),
    "picture.csv": PNG,
    "validation.docx": make.PDF,
}


@pytest.fixture(scope="module")
def case(app) -> make.Sent:
    """An assessment that no test changes."""
    return make.sent(make.sponsor(app))


def attach(name: str, data: bytes, question: str = QUESTION) -> Evidence:
    return attaching.attach(question_id=question, uploads=[Upload(name, io.BytesIO(data))])[0]


def files(root: Path) -> set[Path]:
    return {path for path in root.rglob("*") if path.is_file()}


@pytest.mark.parametrize("name", TAKEN)
def test_a_kind_that_is_taken_is_stored_by_its_digest_and_named_by_its_content(case, name):
    with trying(case):
        row = attach(name, TAKEN[name])
        assert row.media_type == kinds.KINDS[name.rpartition(".")[2].lower()]
        assert row.size == len(TAKEN[name]) and row.uploaded_by == case.name
        assert store().path(row.digest).read_bytes() == TAKEN[name]


@pytest.mark.parametrize("name", REFUSED)
def test_a_kind_that_is_not_taken_is_refused_by_content_and_nothing_is_stored(case, name):
    with trying(case):
        before = files(store().root)
        with pytest.raises(KindRefused, match="We take PDF, PNG, JPEG, Word, Excel, PowerPoint"):
            attach(name, REFUSED[name])
        assert files(store().root) == before


@pytest.mark.parametrize("data", [b"", b"   \n\t \r\n", b" " * 20_000, b"\xef\xbb\xbf", b"\xef\xbb\xbf\r\n"])
@pytest.mark.parametrize("name", ["validation.pdf", "log.txt"])
def test_an_empty_file_and_one_of_blanks_are_refused_in_plain_words(case, name, data):
    with trying(case):
        before = files(store().root)
        with pytest.raises(kinds.Empty, match="nothing in it, or nothing but blanks") as refused:
            attach(name, data)
        assert (refused.value.title, refused.value.status) == ("This file is empty", 422)
        assert files(store().root) == before


def test_a_text_that_begins_with_many_blank_lines_is_not_empty(case):
    with trying(case):
        assert attach("log.txt", b"\n" * 20_000 + b"08:00 audit trail on").size == 20_020


def test_a_file_over_the_limit_is_refused_and_its_beginning_is_not_kept(case):
    with trying(case):
        before, limit = files(store().root), attaching.limit()
        assert attach("log.txt", b"a" * limit).size == limit
        with pytest.raises(TooBig, match="The limit is 1 MiB a file"):
            attach("log.txt", b"b" * (limit + 1))
        assert len(files(store().root) - before) == 1


@pytest.mark.parametrize("name", NAMES)
def test_whatever_a_file_is_called_it_lies_in_the_store_under_its_digest(case, name, settings):
    with trying(case):
        before = files(settings.data_dir)
        row = attach(name, make.PDF)
        assert files(settings.data_dir) - before <= {store().path(row.digest)}
        assert store().path(row.digest).parent.parent == store().root
        assert 0 < len(row.name) <= names.LONGEST and row.name.endswith("pdf")
        assert not set(row.name) & set('/\\\0\r\n\t"<>:|?*\u202e')
        assert row.name == row.name.strip(" .")


def test_the_same_bytes_under_the_same_question_are_there_already(case):
    with trying(case):
        first = attach("validation.pdf", make.PDF)
        assert attach("copy.pdf", make.PDF).id == first.id
        assert first.name == "validation.pdf"
        assert attach("validation.pdf", make.PDF, "P11-02").id != first.id
        assert db.session.query(Evidence).count() == 2


def test_the_same_bytes_twice_among_several_are_one_file(case):
    with trying(case):
        twice = [Upload(name, io.BytesIO(make.PDF)) for name in ("a.pdf", "b.pdf")]
        first, second = attaching.attach(question_id=QUESTION, uploads=twice)
        assert first.id == second.id and db.session.query(Evidence).count() == 1


def test_withdrawing_one_of_two_leaves_the_other_readable(case):
    with trying(case):
        first, second = attach("a.pdf", make.PDF), attach("a.pdf", make.PDF, "P11-02")
        keeping.withdraw(evidence_id=first.id, reason="Wrong version")
        chunks = keeping.open_file(evidence_id=second.id).chunks
        assert b"".join(chunks) == make.PDF
        # What is withdrawn may be given again: it counts from now on.
        assert attach("a.pdf", make.PDF).id != first.id


@pytest.mark.parametrize("reason", ["", "  ", "x", " no "])
def test_withdrawing_needs_a_reason(case, reason):
    with trying(case):
        row = attach("a.pdf", make.PDF)
        with pytest.raises(Invalid, match="Say in a few words why"):
            keeping.withdraw(evidence_id=row.id, reason=reason)
        assert row.withdrawn_at is None


def test_a_withdrawn_file_stays_on_record_and_leaves_what_is_signed(app):
    case = make.sent(make.sponsor(app))
    evidence_id = make.attached(case, QUESTION)
    with acting(case):
        answers.save(question_id=QUESTION, raw={"value": "no", "comment": ""}, version=0)
        assert len(submitting.content(answers.room())["answers"][0]["evidence"]) == 1
        keeping.withdraw(evidence_id=evidence_id, reason=" Wrong version ")
        assert submitting.content(answers.room())["answers"][0]["evidence"] == []
    row = rows(case.sponsor, Evidence)[0]
    assert (row.withdrawn_by, row.withdrawn_because) == (case.name, "Wrong version")
    with app.app_context():
        assert store().path(row.digest).read_bytes() == make.PDF
    entry, told = entries(case.sponsor, record_type="Evidence", action="changed")[0]
    assert entry.reason == told["withdrawn_because"] == "Wrong version"


def test_once_withdrawn_the_first_reason_stands(case):
    with trying(case):
        row = attach("a.pdf", make.PDF)
        for reason in ("Wrong version", "Another story"):
            keeping.withdraw(evidence_id=row.id, reason=reason)
        assert row.withdrawn_because == "Wrong version"


def test_files_are_neither_added_nor_withdrawn_after_the_submission(app):
    sponsor = make.sponsor(app)
    case = make.answered(sponsor)
    evidence_id = make.attached(case, QUESTION)
    make.signer(case)
    make.submit(case)
    with trying(case):
        with pytest.raises(Conflict):
            attach("late.pdf", make.PDF + b"late")
        with pytest.raises(Conflict):
            keeping.withdraw(evidence_id=evidence_id, reason="Second thoughts")


@pytest.mark.parametrize("question", ["P11-99", "P11-25"])
def test_a_question_that_is_not_asked_takes_no_file(case, question):
    with trying(case), pytest.raises(NotFound):
        attach("a.pdf", make.PDF, question)


@pytest.mark.parametrize("damage", [lambda path: path.write_bytes(b"%PDF-altered"), lambda path: path.unlink()])
def test_damaged_bytes_are_never_handed_out(case, damage):
    data = make.PDF + b"%% only here"
    with trying(case):
        row = attach("a.pdf", data)
        path = store().path(row.digest)
        path.chmod(0o640)
        damage(path)
        with pytest.raises(Unavailable, match=r"The file.*'portal verify'"):
            keeping.open_file(evidence_id=row.id)
        path.unlink(missing_ok=True)
