"""Text that tries to be more than text comes out as it went in: in pages, mails and trail (H064, H066)."""

from __future__ import annotations

import re
from uuid import uuid4

import pytest
from markupsafe import escape

from portal.errors import Invalid
from portal.models.suppliers import Contact, Supplier
from portal.services import suppliers
from portal.services.accounts import people
from portal.services.assessments import reviewing, sending
from questionnaires import load
from tests import make
from tests.portal.payloads import BREAKING, TEXTS
from tests.scopes import acting, reading, rows, trying

ALL = "\n".join(TEXTS)


@pytest.fixture(scope="module")
def house(app) -> make.Sponsor:
    """A sponsor whose suppliers are called by hostile texts."""
    sponsor = make.sponsor(app)
    with acting(sponsor):
        for text in TEXTS:
            suppliers.create(supplier_id=uuid4(), legal_name=text, services=text, factors={})
    return sponsor


@pytest.fixture(scope="module")
def case(app) -> make.Sent:
    """An assessment in which every person and every remark is hostile."""
    sponsor, supplier_id = make.sponsor(app), uuid4()
    with acting(sponsor):
        row = suppliers.create(supplier_id=supplier_id, legal_name=TEXTS[0], services=ALL, factors=make.FACTOR_LEVELS)
        suppliers.add_site(supplier=row, name=TEXTS[1], country=TEXTS[2][:80], services=TEXTS[3])
        email = f"marta-{uuid4().hex[:12]}@cmo.example"
        suppliers.add_contact(supplier=row, name=TEXTS[30], email=email, position=TEXTS[31])
    found = make.sent(sponsor, supplier_id)
    make.answer_all(found, {"P11-01": ("partial", ALL), "P11-03": ("not_applicable", ALL)})
    make.attached(found, "P11-01", "<img src=x onerror=alert(1)>.pdf")
    make.signer(found)
    make.submit(found)
    with acting(sponsor):
        given = {"outcome": "gap", "level": "", "remark": ALL[:2000], "version": 0}
        reviewing.give_verdict(assessment=reviewing.get(found.assessment_id), question_id="P11-01", **given)
    return found


def escaped(texts, page: str) -> list[str]:
    """Return the texts that a page does not show as they are, or that it shows as more than text."""
    return [text for text in texts if str(escape(text)) not in page or (text != str(escape(text)) and text in page)]


def test_every_hostile_name_stands_escaped_in_the_list_and_literally_so(house):
    client = house.client()
    pages = "".join(client.get(f"/suppliers/?page={number}").text for number in (1, 2, 3))
    assert escaped(TEXTS, pages) == []


@pytest.mark.parametrize("text", TEXTS[::7])
def test_a_search_shows_what_was_searched_for_and_finds_exactly_that(house, text):
    page = house.client().get("/suppliers/", query_string={"text": text}).text
    assert escaped([text], page) == []
    assert page.count('class="row-link"') == sum(text.lower() in name.lower() for name in TEXTS)


def test_the_trail_shows_hostile_names_and_remarks_as_text(house, case):
    client = house.client()
    pages = "".join(client.get(f"/audit?before={number}").text for number in (999, 51, 101))
    assert escaped(TEXTS, pages) == []
    own = case.sponsor.client().get(f"/suppliers/{case.supplier_id}/audit").text
    assert "<script>alert" not in own and "<img src=x" not in own


@pytest.mark.parametrize(
    "page",
    ["/suppliers/{0}", "/suppliers/{0}/edit", "/assessments/{1}", "/assessments/{1}/review", "/suppliers/{0}/dossier/"],
)
def test_no_page_of_the_sponsor_runs_what_people_typed(case, page):
    text = case.sponsor.client().get(page.format(case.supplier_id, case.assessment_id)).text
    assert not [item for item in TEXTS if item != str(escape(item)) and item in text]
    if page.endswith("/review"):
        assert escaped(TEXTS[:40], text) == []


def test_no_page_of_the_respondent_runs_what_people_typed(case, inbox):
    client = make.visitor(case, inbox)
    for page in ("/answering/validation", "/answering/receipt"):
        text = client.get(page).text
        assert escaped(TEXTS, text) == [], page


def test_mails_show_hostile_names_as_text_and_stay_one_mail(case):
    asked = load.released(make.KEY)
    with reading(case.sponsor):
        tenant = people.own_tenant()
        for text in TEXTS:
            letter = sending.preview(asked, tenant, text, case.email, make.today(), "http://localhost/i/x")
            assert escaped([text], letter.html) == []
            assert text in letter.text
            assert letter.to == case.email and "\n" not in letter.subject


def test_a_mail_to_a_hostile_name_reaches_one_address(case, inbox):
    make.do_jobs(case.sponsor.app)
    message = inbox.to(case.email)[0]
    assert message["To"] == case.email and message["Bcc"] is None and message["Cc"] is None
    assert TEXTS[30] in message.get_body(("plain",)).get_content()


@pytest.mark.parametrize("where", ["subject", "to"])
def test_a_line_break_in_a_mails_head_stops_the_mail(case, where):
    with trying(case.sponsor):
        tenant = people.own_tenant()
        tenant.name = f"{tenant.name}\r\nBcc: x@evil.example" if where == "subject" else tenant.name
        email = f"{case.email}\r\nBcc: x@evil.example" if where == "to" else case.email
        with pytest.raises(Invalid, match="not a mail address"):
            sending.preview(load.released(make.KEY), tenant, "Marta", email, make.today(), "http://localhost/i/x")


@pytest.mark.parametrize("text", BREAKING)
def test_what_breaks_lines_headers_or_reading_is_refused_and_named(case, text):
    client = case.sponsor.client()
    for address, data in (
        ("/suppliers/new", {"id": str(uuid4()), "legal_name": text}),
        (f"/suppliers/{case.supplier_id}/contacts", {"name": text, "email": "x@cmo.example"}),
    ):
        answer = client.post(address, data=data)
        assert answer.status_code == 422
        assert re.search("Remove the invisible character U[+][0-9A-F]{4}|Write this on one line", answer.text)
    assert len(rows(case.sponsor, Supplier)) == len(rows(case.sponsor, Contact)) == 1


@pytest.mark.parametrize(
    "email",
    [
        "a@b",
        "a b@c.de",
        "a@b.de\r\nBcc: x@evil.example",
        "a@b.de,c@d.de",
        "<a@b.de>",
        "a@b@c.de",
        "@c.de",
        "Marta <a@b.de>",
    ],
)
def test_what_is_not_one_mail_address_is_refused(case, email):
    address = f"/suppliers/{case.supplier_id}/contacts"
    assert case.sponsor.client().post(address, data={"name": "Marta", "email": email}).status_code == 422
    assert [row.email for row in rows(case.sponsor, Contact)] == [case.email]
