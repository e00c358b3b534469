"""One's own stays, and going over to another sponsor."""

from __future__ import annotations

from portal.db import db
from portal.models.accounts import SignIn, Tenant
from portal.services.accounts import people
from tests import make
from tests.scopes import acting, entries, later, rows, tampering


def inside(client) -> bool:
    return client.get("/suppliers/").status_code == 200


def joined(sponsor: make.Sponsor, other: make.Sponsor, role: str = "viewer") -> None:
    """Give the first sponsor's QA a role with another one, too."""
    with acting(other, "admin"):
        person = people.with_email(sponsor.emails["qa"])
        assert person is not None
        people.add_member(person=person, role=role)


def test_ones_stays_are_listed_with_where_from_and_this_one_is_named(sponsor):
    here = sponsor.client("qa")
    sponsor.client("qa")
    page = here.get("/account").text
    assert page.count("127.0.0.1") == 2
    assert page.count("This one") == 1


def test_11_300_b_a_stay_is_recalled_by_its_person_at_once(app, sponsor):
    """A person ends one stay or all others; they open nothing from the next request on."""
    here, second, third = (sponsor.client("qa") for _ in range(3))
    newest = max(rows(sponsor, SignIn), key=lambda row: row.started_at)
    assert here.post(f"/account/stays/{newest.id}/end").status_code == 302
    assert not inside(third)
    assert inside(second)
    before = here.get_cookie("portal_staff").value
    assert here.post("/account/stays/end-others").status_code == 302
    assert inside(here)
    assert not inside(second)
    assert here.get_cookie("portal_staff").value != before


def test_nobody_ends_a_stay_of_somebody_else(sponsor):
    other = sponsor.client("approver")
    stay = max(rows(sponsor, SignIn), key=lambda row: row.started_at)
    assert sponsor.client("qa").post(f"/account/stays/{stay.id}/end").status_code == 404
    assert inside(other)


def test_ending_all_others_reaches_other_sponsors_too(app, sponsor, other):
    joined(sponsor, other)
    elsewhere = sponsor.client("qa")
    with later(seconds=1):
        assert elsewhere.post("/account/sponsor", data={"sponsor": str(other.id)}).status_code == 302
        assert other.name in elsewhere.get("/suppliers/").text
    with later(seconds=2):
        here = sponsor.client("qa")
        here.post("/account/sponsor", data={"sponsor": str(sponsor.id)})
    with later(seconds=3):
        here.post("/account/stays/end-others")
        assert inside(here)
        assert not inside(elsewhere)


def test_the_sponsor_that_was_used_last_opens_and_the_other_is_one_step_away(app, sponsor, other):
    joined(sponsor, other)
    client = sponsor.client("qa")
    before = client.get_cookie("portal_staff").value
    assert other.name in client.get("/account").text
    with later(seconds=1):
        answer = client.post("/account/sponsor", data={"sponsor": str(other.id)})
        assert answer.status_code == 302
        assert other.name in client.get("/suppliers/").text
        assert client.get("/suppliers/new").status_code == 403
    stranger = app.test_client()
    stranger.set_cookie("portal_staff", before)
    assert not inside(stranger)
    with later(seconds=2):
        assert other.name in sponsor.client("qa").get("/suppliers/").text
    assert entries(other, record_type="SignIn", action="created")


def test_no_sponsor_is_reached_where_one_has_no_role(sponsor, other):
    client = sponsor.client("qa")
    for given in (str(other.id), "", "nonsense"):
        assert client.post("/account/sponsor", data={"sponsor": given}).status_code == 404
    assert inside(client)


def test_the_other_sponsors_demand_for_a_factor_is_met_before_it_opens(sponsor, other):
    joined(sponsor, other)
    with tampering(other):
        db.session.get_one(Tenant, other.id).second_factor = "required"
    client = sponsor.client("qa")
    with later(seconds=1):
        client.post("/account/sponsor", data={"sponsor": str(other.id)})
        assert client.get("/suppliers/").headers["Location"] == "/second-factor"


def test_a_stay_through_one_sponsors_provider_says_nothing_elsewhere(sponsor, other):
    joined(sponsor, other)
    client = sponsor.client("qa")
    with tampering(sponsor):
        stay = max(rows_of(SignIn), key=lambda row: row.started_at)
        stay.proved_by = "provider"
    assert client.post("/account/sponsor", data={"sponsor": str(other.id)}).status_code == 403
    assert inside(client)


def rows_of(model):
    return db.session.query(model).all()
