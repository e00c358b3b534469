"""Files over HTTP: where a big one is cut, how a stored one is handed out, and who gets to it."""

from __future__ import annotations

import hashlib
import html
import io
import re
import threading
from urllib.parse import quote, unquote

import pytest

from portal.models.evidence import Evidence
from portal.services.assessments import answers
from portal.services.evidence import attaching
from portal.services.evidence.attaching import Upload
from portal.store import store
from tests import make
from tests.portal.services.test_attaching import Held
from tests.portal.services.test_evidence import HTML, SVG, office
from tests.portal.services.test_names import NAMES
from tests.scopes import acting, entries, rows

JSON = {"Accept": "application/json"}
ADDRESS = "/answering/evidence/P11-01"
MIB = 1024 * 1024
MULTIPART = "multipart/form-data; boundary=x"
HEAD = b'--x\r\nContent-Disposition: form-data; name="file"; filename="big.txt"\r\nContent-Type: text/plain\r\n\r\n'


@pytest.fixture
def case(house) -> make.Sent:
    return make.sent(house)


@pytest.fixture(scope="module")
def shared(house, inbox):
    """A case with a file, and its respondent's browser; no test changes them."""
    found = make.sent(house)
    return found, make.visitor(found, inbox), make.attached(found, "P11-02", "kept.pdf")


def upload(client, name: str = "validation.pdf", data: bytes = make.PDF, **headers: str):
    return client.post(ADDRESS, data={"file": (io.BytesIO(data), name)}, headers=headers)


def kept(case: make.Sent) -> list[Evidence]:
    return list(rows(case.sponsor, Evidence, assessment_id=case.assessment_id, question_id="P11-01"))


def leftovers(app) -> list[str]:
    with app.app_context():
        return [path.name for path in store().root.glob("incoming-*")]


class Flood(io.RawIOBase):
    """A body without an end that counts how much of it was read."""

    def __init__(self) -> None:
        self.taken, self._start = 0, HEAD

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:
        data = self._start[: len(buffer)] or b"a" * len(buffer)
        self._start = self._start[len(data) :]
        buffer[: len(data)] = data
        self.taken += len(data)
        return len(data)


def flooded(client, length: int | None):
    """Post a body without an end, with the length that is announced, or none as in chunks."""
    flood = Flood()
    chunked = {"wsgi.input_terminated": True, "HTTP_TRANSFER_ENCODING": "chunked"}
    sized = chunked if length is None else {"CONTENT_LENGTH": str(length)}
    answer = client.post(
        ADDRESS, content_type=MULTIPART, headers=JSON, environ_overrides={"wsgi.input": flood, **sized}
    )
    return answer, flood.taken


def test_ten_gigabytes_that_are_announced_are_refused_before_a_byte_is_read(app, shared):
    answer, taken = flooded(shared[1], 10 * 1024 * MIB)
    assert (answer.status_code, taken) == (413, 0)
    assert "over the limit" in answer.json["text"]
    assert leftovers(app) == [] and kept(shared[0]) == []


def test_a_body_without_a_length_is_cut_at_the_limit(app, shared, settings):
    answer, taken = flooded(shared[1], None)
    assert answer.status_code == 413
    assert taken <= settings.upload_limit + 2 * MIB
    assert leftovers(app) == [] and kept(shared[0]) == []


def test_who_is_not_in_the_room_sends_no_byte_of_a_file(app, monkeypatch):
    monkeypatch.setitem(app.config, "WTF_CSRF_ENABLED", True)
    answer, taken = flooded(app.test_client(), None)
    assert (answer.status_code, taken) == (401, 0)


def test_answers_are_saved_while_a_file_is_on_its_way(house, inbox):
    case = make.sent(house)
    client, body, answer = make.visitor(case, inbox), Held(HEAD + b"08:00 audit trail on\r\n--x--\r\n"), []

    def post() -> None:
        # The client would put a boundary of its own beside a kind that is given in any other way.
        given = {"CONTENT_TYPE": MULTIPART, "CONTENT_LENGTH": str(len(body.getvalue())), "wsgi.input": body}
        answer.append(client.post(ADDRESS, headers=JSON, environ_overrides=given))

    thread = threading.Thread(target=post)
    thread.start()
    try:
        assert body.asked.wait(timeout=20)
        with acting(case):
            answers.save(question_id="P11-01", raw={"value": "no", "comment": ""}, version=0)
    finally:
        body.let_go.set()
        thread.join(timeout=30)
    assert [given.status_code for given in answer] == [200]
    assert [row.name for row in kept(case)] == ["big.txt"]


@pytest.mark.parametrize("accept", ["application/json", "text/html"])
def test_a_file_just_over_the_limit_gets_413_and_says_the_limit(app, shared, accept):
    body = HEAD + b"a" * (MIB + 1) + b"\r\n--x--\r\n"
    answer = shared[1].post(ADDRESS, data=body, content_type=MULTIPART, headers={"Accept": accept})
    assert answer.status_code == 413
    assert "The limit is 1 MiB a file" in (answer.json["text"] if accept != "text/html" else answer.text)
    assert leftovers(app) == [] and kept(shared[0]) == []


@pytest.mark.parametrize("accept", ["application/json", "text/html"])
@pytest.mark.parametrize(
    ("name", "data", "status", "words"),
    [
        ("page.pdf", HTML, 415, "not what its ending says"),
        ("page.html", HTML, 415, "We take PDF, PNG, JPEG"),
        ("drawing.svg", SVG, 415, "We take PDF, PNG, JPEG"),
        ("macro.xlsm", office("xl/", "xl/vbaProject.bin"), 415, "without macros"),
        ("macro.xlsx", office("xl/", "xl/vbaProject.bin"), 415, "without macros"),
        ("empty.pdf", b"", 422, "This file is empty"),
        ("blank.txt", b" \n" * 9000, 422, "This file is empty"),
        ("links.docx", office("word/", "../../etc/passwd"), 422, "name that leads out of the file"),
        ("", b"x", 422, "Choose a file first"),
    ],
)
def test_a_refused_file_is_refused_in_plain_words_where_it_was_given(shared, name, data, status, words, accept):
    case, client, _ = shared
    answer = upload(client, name, data, Accept=accept)
    told = answer.text if accept != "application/json" else f"{answer.json['title']} {answer.json['text']}"
    text = html.unescape(told)
    assert (answer.status_code, words in text) == (status, True), text[:400]
    assert kept(case) == []


def test_an_accepted_file_is_listed_with_name_size_digest_and_who_uploaded_it(case, inbox):
    client = make.visitor(case, inbox)
    shown = html.unescape(upload(client, **JSON).json["html"])
    for words in ("validation.pdf", f"{len(make.PDF)} bytes", hashlib.sha256(make.PDF).hexdigest()[:12], case.name):
        assert words in shown, words
    assert "validation.pdf" in client.get("/answering/validation").text
    plain = upload(client, "second.pdf", make.PDF + b"%%")
    assert plain.location == "/answering/validation#P11-01"
    assert [row.name for row in kept(case)] == ["validation.pdf", "second.pdf"]


def test_several_files_at_once_are_all_taken_or_none(case, inbox):
    client = make.visitor(case, inbox)
    two = [(io.BytesIO(make.PDF + tail), f"{name}.pdf") for name, tail in (("one", b"1"), ("two", b"2"))]
    refused = client.post(ADDRESS, data={"file": [*two, (io.BytesIO(HTML), "x.html")]})
    page = html.unescape(refused.text)
    assert refused.status_code == 415
    assert "x.html: We take PDF" in page and "None of the 3 files was stored" in page
    assert "one.pdf" not in page and kept(case) == []
    two = [(io.BytesIO(make.PDF + tail), f"{name}.pdf") for name, tail in (("one", b"1"), ("two", b"2"))]
    assert client.post(ADDRESS, data={"file": two}).status_code == 302
    assert len(kept(case)) == 2


def test_a_stored_file_is_handed_out_as_an_attachment_that_cannot_act(shared):
    case, client, evidence_id = shared
    for browser, address in (
        (client, f"/answering/evidence/{evidence_id}"),
        (case.sponsor.client("viewer"), f"/evidence/{evidence_id}"),
    ):
        answer = browser.get(address)
        assert (answer.status_code, answer.data, answer.content_length) == (200, make.PDF, len(make.PDF))
        headers = answer.headers
        assert headers["Content-Disposition"] == "attachment; filename=kept.pdf"
        assert headers["Content-Security-Policy"] == "default-src 'none'; sandbox"
        assert headers["X-Content-Type-Options"] == "nosniff" and headers["Cache-Control"] == "no-store"
        assert headers["Content-Type"] == "application/pdf" and "ETag" not in headers
        assert headers["X-Content-SHA256"] == hashlib.sha256(make.PDF).hexdigest()
    seen = [told for _, told in entries(case.sponsor, action="evidence.opened", assessment_id=case.assessment_id)]
    wanted = {"name": "kept.pdf", "size": len(make.PDF), "sha256": hashlib.sha256(make.PDF).hexdigest()}
    assert seen[-2:] == [wanted, wanted]


def test_whatever_a_file_is_called_its_header_is_well_formed(case, inbox):
    client = make.visitor(case, inbox)
    with acting(case):
        for number, name in enumerate(NAMES):
            attaching.attach(question_id="P11-01", uploads=[Upload(name, io.BytesIO(make.PDF + bytes([number])))])
    for row in kept(case):
        header = client.get(f"/answering/evidence/{row.id}").headers["Content-Disposition"]
        assert re.fullmatch(
            r"""attachment; filename=("[^"\\]*"|[^\s";]+)(; filename\*=UTF-8''[\w.%!$&+^`|~-]+)?""", header
        )
        told = re.search(r"filename\*=UTF-8''(.+)", header)
        assert not told or unquote(told[1]) == row.name


def test_a_name_with_path_parts_is_taken_without_them(house, inbox):
    case = make.sent(house)
    client = make.visitor(case, inbox)
    for number, name in enumerate(("../../etc/passwd.pdf", "C:\\windows\\system.pdf", "%2e%2e%2fx.pdf")):
        assert upload(client, name, make.PDF + bytes([number])).status_code == 302
    assert [row.name for row in kept(case)] == ["passwd.pdf", "C_windowssystem.pdf", "%2e%2e%2fx.pdf"]


@pytest.mark.parametrize("door", ["respondent", "staff"])
def test_a_damaged_file_gets_503_and_no_byte_of_it(app, house, inbox, door):
    case = make.sent(house)
    evidence_id = make.attached(case, "P11-01", data=make.PDF + door.encode())
    with app.app_context():
        path = store().path(kept(case)[0].digest)
        path.chmod(0o640)
        path.write_bytes(b"%PDF-altered afterwards")
    client = make.visitor(case, inbox) if door == "respondent" else house.client()
    answer = client.get(f"/{'answering/' if door == 'respondent' else ''}evidence/{evidence_id}")
    assert answer.status_code == 503 and "Retry-After" not in answer.headers
    assert b"altered afterwards" not in answer.data and "portal verify" in answer.text
    assert str(path.parent) not in answer.text
    path.unlink()


def test_a_file_of_another_assessment_or_sponsor_is_like_an_unknown_one(shared, other, inbox):
    case, _, evidence_id = shared
    neighbour = make.visitor(make.sent(case.sponsor), inbox)
    unknown = "00000000-0000-4000-8000-000000000000"
    for browser, address in ((neighbour, "/answering/evidence/{}"), (other.client("admin"), "/evidence/{}")):
        answers = [browser.get(address.format(row_id)) for row_id in (evidence_id, unknown)]
        assert [answer.status_code for answer in answers] == [404, 404]
        assert answers[0].text == answers[1].text
    refused = neighbour.post(f"/answering/evidence/{evidence_id}/withdraw", data={"reason": "Not mine at all"})
    assert refused.status_code == 404
    assert rows(case.sponsor, Evidence, id=evidence_id)[0].withdrawn_at is None


@pytest.mark.parametrize(("reason", "status"), [(None, 422), ("", 422), ("  ", 422), ("x", 422), ("Old version", 302)])
def test_withdrawing_needs_a_reason_and_shows_it(house, inbox, reason, status):
    case = make.sent(house)
    evidence_id = make.attached(case, "P11-01")
    client = make.visitor(case, inbox)
    form = {} if reason is None else {"reason": reason}
    assert client.post(f"/answering/evidence/{evidence_id}/withdraw", data=form).status_code == status
    page = client.get("/answering/validation").text
    assert ("Old version" in page) == (status == 302)
    assert client.get(f"/answering/evidence/{evidence_id}").data == make.PDF


@pytest.mark.parametrize("name", ["отчёт.pdf", "検証.pdf", "Größe.pdf"])
def test_a_name_in_any_letters_is_handed_out_in_a_header_that_the_wire_can_carry(house, name):
    found = make.answered(house)
    evidence_id = make.attached(found, "P11-06", name)
    header = house.client().get(f"/evidence/{evidence_id}").headers["Content-Disposition"]
    assert header.encode("latin-1") and f"filename*=UTF-8''{quote(name)}" in header
