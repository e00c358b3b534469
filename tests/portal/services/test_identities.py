"""Whose identity it is: confirmed by a named other person, once for each sponsor, before the first signature."""

from __future__ import annotations

import re
from dataclasses import replace
from datetime import timedelta
from uuid import uuid4

import pytest
from flask.testing import FlaskClient

from portal import tenancy
from portal.errors import Conflict, Forbidden, Invalid
from portal.models.accounts import Person
from portal.models.assessments import Introduction, Visit
from portal.models.signatures import Acknowledgement, Confirmation, Signature
from portal.services import signatures, suppliers
from portal.services.accounts import identities, instructions, people
from portal.services.assessments import introductions, reviewing
from tests import make
from tests.scopes import acting, entries, later, rows, tampering, trying

IDENTITY = {"printed_name": "Marta Conti", "title": "Head of IT", "password": make.PASSWORD}


def identified(case: make.Sent, client: FlaskClient) -> Person:
    """Make the signing identity in a visit."""
    assert client.post("/answering/identity", data=IDENTITY).location == "/answering/submit#sign"
    return rows(case.sponsor, Person, email=case.email)[0]


def confirmations(case: make.Sent, person: Person) -> list[tuple[str, str, str]]:
    return [(row.by, row.by_kind, row.how) for row in rows(case.sponsor, Confirmation, person_id=person.id)]


def signing(case: make.Sent, client: FlaskClient) -> dict[str, str]:
    """Return a form that signs what the page shows, or would show."""
    found = re.search(r'name="shown_digest"[^>]*value="([^"]*)"', client.get("/answering/submit").text)
    shown = {"shown_digest": found[1] if found else "0" * 64, "meaning": "authored", "acknowledged": "y"}
    return {"email": case.email, "password": make.PASSWORD, **shown}


def test_11_100_b_without_a_confirmed_identity_signing_is_refused_until_the_sponsor_confirms(sponsor, inbox):
    """Nobody signs before a named person of the sponsor confirmed who he is: who, how and when stand on record."""
    case = make.sent(sponsor, how="")
    make.answer_all(case, {})
    client = make.visitor(case, inbox)
    person = identified(case, client)
    page = client.get("/answering/submit").text
    assert "Your identity is not confirmed yet" in page and 'name="password"' not in page
    refused = client.post("/answering/submit", data=signing(case, client))
    assert refused.status_code in {403, 409} and rows(sponsor, Signature) == []
    office, address = sponsor.client("qa"), f"/assessments/{case.assessment_id}"
    assert "Confirm who signs" in office.get(address).text
    assert "Confirm this identity" not in sponsor.client("viewer").get(address).text
    given = {"known": "", "known_other": "Passport seen on site"}
    assert office.post(f"{address}/invites/{case.invite_id}/identity", data=given).location == address
    assert confirmations(case, person) == [(f"Qa of {sponsor.name}", "staff", "Passport seen on site")]
    page = office.get(address).text
    assert "Confirm who signs" not in page and "Passport seen on site" in page
    make.do_jobs(sponsor.app)
    assert inbox.to(case.email)[-1]["Subject"].startswith("You can sign now")
    assert client.post("/answering/submit", data=signing(case, client)).location == "/answering/receipt"


def test_11_100_b_the_service_itself_refuses_an_unconfirmed_identity(sponsor):
    """The refusal does not hang on a page: whatever path leads to signing meets it."""
    case = make.answered(sponsor)
    make.signer(case, ready=False)
    with pytest.raises(Forbidden, match="The sponsor who asked you can confirm it"):
        make.submit(case, acknowledged=True)
    assert rows(sponsor, Signature) == []


def test_11_100_b_the_senders_word_confirms_who_makes_the_identity_through_that_invite(sponsor, inbox):
    """What the sender said when sending is the confirmation, made in his name with the identity."""
    case = make.sent(sponsor, how="Known from earlier work")
    person = identified(case, make.visitor(case, inbox))
    assert confirmations(case, person) == [(f"Qa of {sponsor.name}", "staff", "Known from earlier work")]
    (asked,) = rows(sponsor, Introduction)
    assert (asked.by_id, asked.how, asked.parent_id) == (sponsor.persons["qa"], "Known from earlier work", None)


@pytest.mark.parametrize(
    ("given", "how"),
    [
        ({}, ""),
        ({"known": ""}, ""),
        ({"known": "Met in person"}, "Met in person"),
        ({"known": "", "known_other": "Badge at the gate"}, "Badge at the gate"),
    ],
)
def test_sending_asks_how_the_person_is_known_and_may_leave_it_open(sponsor, given, how):
    supplier_id = make.supplier(sponsor)
    with trying(sponsor):
        from_form = {"id": str(uuid4()), "contact": str(suppliers.get(supplier_id).contacts[0].id)}
    due = (make.today() + timedelta(days=9)).isoformat()
    answer = sponsor.client().post(
        f"/suppliers/{supplier_id}/send/{make.KEY}", data={**from_form, "due_on": due, **given}
    )
    assert answer.status_code == 302
    assert [row.how for row in rows(sponsor, Introduction)] == [how]


def test_own_words_that_say_nothing_are_refused_and_nothing_is_sent(sponsor):
    supplier_id = make.supplier(sponsor)
    with trying(sponsor):
        contact = str(suppliers.get(supplier_id).contacts[0].id)
    due = (make.today() + timedelta(days=9)).isoformat()
    form = {"id": str(uuid4()), "contact": contact, "due_on": due, "known_other": "met"}
    answer = sponsor.client().post(f"/suppliers/{supplier_id}/send/{make.KEY}", data=form)
    assert answer.status_code == 422 and "how you know who this is" in answer.text
    assert rows(sponsor, Introduction) == []


def person_of(sponsor: make.Sponsor, role: str) -> Person:
    return rows(sponsor, Person, id=sponsor.persons[role])[0]


def test_11_100_b_nobody_confirms_his_own_identity(house):
    """A person's own word about himself is refused, an administrator's too."""
    with trying(house, "admin"), pytest.raises(Forbidden, match="Nobody confirms his own identity"):
        identities.confirm(person=person_of(house, "admin"), how="I am who I am")


@pytest.mark.parametrize("how", ["", "   ", "yes", "x" * 301])
def test_a_confirmation_says_how_it_was_checked(house, how):
    with trying(house, "admin"), pytest.raises(Invalid, match="Say in a few words"):
        identities.confirm(person=person_of(house, "viewer"), how=how)


def test_the_first_confirmation_stands(house):
    with trying(house, "admin"):
        first = identities.confirmation(house.persons["viewer"])
        assert identities.confirm(person=person_of(house, "viewer"), how="Seen in a video call") is first


def test_only_whoever_came_in_and_waits_is_confirmed_on_the_page_of_an_assessment(sponsor, inbox):
    case, other = make.sent(sponsor, how=""), make.sent(sponsor, how="")
    make.signer(case, ready=False)
    client, given = sponsor.client("qa"), {"known": "Met in person"}
    for invite_id in (case.invite_id, other.invite_id, uuid4()):
        address = f"/assessments/{case.assessment_id}/invites/{invite_id}/identity"
        assert client.post(address, data=given).status_code == 404
    assert "Confirm who signs" not in client.get(f"/assessments/{case.assessment_id}").text
    make.visitor(case, inbox)
    address = f"/assessments/{case.assessment_id}/invites/{case.invite_id}/identity"
    assert client.post(address, data={"known": ""}, follow_redirects=True).status_code == 200
    assert client.post(address, data=given).status_code == 302
    assert client.post(address, data=given).status_code == 404


@pytest.mark.parametrize("role", ["approver", "viewer", "auditor"])
def test_quality_assurance_and_administrators_confirm_and_nobody_else(house, role):
    address = f"/assessments/{uuid4()}/invites/{uuid4()}/identity"
    assert house.client(role).post(address, data={"known": "Met in person"}).status_code == 403


def read_out(case: make.Sent, role: str = "qa") -> FlaskClient:
    """Come in with a code that a member of staff read out by telephone."""
    client, office = case.sponsor.app.test_client(), case.sponsor.client(role)
    assert client.post(make.link(case)).status_code == 302
    page = office.post(f"/assessments/{case.assessment_id}/code").text
    digits = re.search(r'visually-hidden">((?:\d ){5}\d)<', page)[1].replace(" ", "")
    assert client.post("/code", data={"digits": digits}).location == "/answering"
    return client


@pytest.fixture
def bare(sponsor, mailless) -> make.Sponsor:
    """A sponsor of an installation without a mail server."""
    return replace(sponsor, app=mailless)


def test_11_100_b_who_read_the_code_out_is_not_the_one_whose_word_confirms(bare):
    """Where no mail proves the mailbox, two members of the sponsor stand behind an identity."""
    case = make.sent(bare, how="Met in person")
    person = identified(case, read_out(case, "qa"))
    assert rows(bare, Visit)[0].read_out_by_id == bare.persons["qa"]
    assert confirmations(case, person) == []
    with acting(bare, "qa"), pytest.raises(Forbidden, match="link or code yourself"):
        confirm(case)
    with acting(bare, "admin"):
        confirm(case)
    assert confirmations(case, person) == [(f"Admin of {bare.name}", "staff", "Seen in a video call")]


def confirm(case: make.Sent) -> None:
    row = reviewing.get(case.assessment_id)
    introductions.confirm_identity(assessment=row, invite_id=case.invite_id, how="Seen in a video call")


@pytest.mark.parametrize("reader", ["qa", "admin"])
def test_11_100_b_what_the_sender_said_before_confirms_nobody_who_came_in_by_a_code_that_was_read_out(bare, reader):
    """Whoever reads the code out may have come in himself, whoever sent the questionnaire."""
    case = make.sent(bare, how="Met in person")
    person = identified(case, read_out(case, reader))
    assert confirmations(case, person) == []


@pytest.mark.parametrize(("confirmed_by", "bound"), [(None, False), ("qa", False), ("admin", True)])
def test_11_200_a_2_a_code_that_was_read_out_opens_no_visit_in_a_known_persons_name(bare, confirmed_by, bound):
    """Whoever reads codes out comes in as nobody whom he alone vouches for: the identity's owner alone signs."""
    case = make.sent(bare, how="")
    make.signer(case, ready=False)
    if confirmed_by:
        with acting(bare, confirmed_by):
            identities.confirm(person=people.with_email(case.email), how="Seen in a video call")
    read_out(case, "qa")
    assert rows(bare, Visit)[0].person_id == (case.signer["id"] if bound else None)


def test_11_200_a_2_somebody_elses_credential_signs_nothing(house):
    """The components belong to the person of the session: another one's, however right, are refused."""
    with trying(house, "admin"), pytest.raises(Invalid, match=signatures.WRONG):
        signatures.confirm(signatures.Credential(house.emails["qa"], make.PASSWORD))


def test_11_200_a_3_an_administrator_has_no_way_to_use_somebody_elses_signature(app, house):
    """It takes the person's own collaboration: no scope of another, and none of the portal itself, signs for him."""
    for scope in (house.scope("admin"), tenancy.system(house.id, "test")):
        with app.app_context():
            tenancy.enter(scope)
            with pytest.raises((Invalid, Forbidden)):
                signatures.confirm(signatures.Credential(house.emails["qa"], "a password that was guessed"))
            tenancy.leave()


def test_11_100_a_an_address_has_one_identity_and_nobody_gets_it_again(sponsor, inbox):
    """One person, one identity with an id of its own; a second one for the same mailbox is refused."""
    case = make.sent(sponsor)
    client = make.visitor(case, inbox)
    person = identified(case, client)
    assert client.post("/answering/identity", data={**IDENTITY, "printed_name": "Somebody Else"}).status_code in {
        403,
        409,
    }
    with tampering(sponsor), pytest.raises(Conflict, match="There is an identity for this address already"):
        people.create_person(email=case.email.upper(), printed_name="X Y", title="", password=make.PASSWORD)
    assert [row.id for row in rows(sponsor, Person, email=case.email)] == [person.id]


def test_11_10_j_the_first_signature_needs_the_acknowledgement_that_it_binds(house, inbox):
    """Without the tick below the instruction nothing is signed; with it the person's word stands on record."""
    case = make.answered(house)
    client = make.visitor(case, inbox)
    identified(case, client)
    page = client.get("/answering/submit").text
    assert "binds you in the same way as your signature on paper" in page
    assert (
        re.search(r'<input[^>]*name="acknowledged"[^>]*>', page)
        and "checked" not in page.split('name="acknowledged"')[1][:80]
    )
    form = signing(case, client)
    refused = client.post("/answering/submit", data={key: form[key] for key in form if key != "acknowledged"})
    assert refused.status_code == 422 and "tick the box below it" in refused.text
    assert rows(house, Signature, assessment_id=case.assessment_id) == []
    assert client.post("/answering/submit", data=signing(case, client)).location == "/answering/receipt"
    person = rows(house, Person, email=case.email)[0]
    (given,) = rows(house, Acknowledgement, person_id=person.id)
    assert (given.version, given.digest) == (instructions.present().version, instructions.present().digest)
    ((entry, told),) = entries(house, record_type="Acknowledgement", record_id=given.id)
    assert entry.actor_name == "Marta Conti" and told["version"] == "1.0"


def test_11_10_i_a_new_version_of_the_signing_instruction_asks_again(house, monkeypatch):
    """Who acknowledged an earlier version signs only after the present one (training of the signer)."""
    newer = instructions.Instruction("1.1", "Read this anew.")
    monkeypatch.setattr(instructions, "present", lambda: newer)
    case = make.answered(house)
    monkeypatch.undo()
    make.signer(case)
    monkeypatch.setattr(instructions, "present", lambda: newer)
    with pytest.raises(Invalid, match="Read the signing instruction"):
        make.submit(case)
    make.submit(case, acknowledged=True)
    versions = {row.version for row in rows(house, Acknowledgement, person_id=case.signer["id"])}
    assert versions == {"1.0", "1.1"}


def test_within_a_minute_of_the_confirmation_the_link_of_the_mail_leads_in(sponsor, inbox):
    case = make.sent(sponsor, how="")
    make.answer_all(case, {})
    identified(case, make.visitor(case, inbox))
    with acting(sponsor):
        confirm(case)
    make.do_jobs(sponsor.app)
    link = re.search(r"http://localhost(/i/\S+)", inbox.text(case.email))[1]
    with later(minutes=2):
        client = sponsor.app.test_client()
        assert client.get(link).status_code == 200
