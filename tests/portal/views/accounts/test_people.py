"""The People page: invitations, roles, ends of membership, and confirming who somebody is."""

from __future__ import annotations

import re
from uuid import uuid4

import pytest
from sqlalchemy import select

from portal.db import db
from portal.errors import Conflict, Forbidden
from portal.models.accounts import Membership, Person, SignIn, StaffInvite
from portal.models.signatures import Confirmation
from portal.services.accounts import identities, members, people
from tests import make
from tests.scopes import acting, at_once, entries, later, reading, rows, trying

LINK = re.compile(r"http://localhost(/join/\S+)")
REASON = "Works in another department now"
NEW = {"printed_name": "Nora Lind", "title": "Validation", "password": make.PASSWORD}


def invited(app, sponsor, inbox, email: str = "", **options: str) -> tuple[str, str]:
    """Invite somebody; return the address and the path of the link that is mailed."""
    email = email or f"nora-{uuid4().hex[:12]}@sponsor.example"
    make.invited(sponsor, email, **options)
    make.do_jobs(app)
    found = LINK.search(inbox.text(email))
    assert found is not None
    return email, found[1]


def inside(client) -> bool:
    return client.get("/suppliers/").status_code == 200


def test_an_invited_colleague_makes_an_identity_and_is_in(app, sponsor, inbox):
    admin, email = sponsor.client("admin"), f"nora-{uuid4().hex[:12]}@sponsor.example"
    form = {"name": "Nora Lind", "email": email, "role": "approver", "identity_how": "Met in person"}
    assert admin.post("/people/invites", data=form).status_code == 302
    make.do_jobs(app)
    path = LINK.search(inbox.text(email))[1]
    client = app.test_client()
    page = client.get(path)
    assert page.status_code == 200
    assert sponsor.name in page.text
    assert client.post(path, data=NEW).status_code == 302
    assert inside(client)
    with reading(sponsor):
        person = people.with_email(email)
        assert person is not None
        person_id = person.id
    assert rows(sponsor, Membership, person_id=person_id)[0].role == "approver"
    created = entries(sponsor, record_type="Membership", action="created")[-1][0]
    assert (created.actor_id, created.actor_name) == (person_id, "Nora Lind")
    assert email in admin.get("/people/").text


def test_11_100_b_who_knows_an_invited_person_and_how_is_recorded_with_the_identity(app, sponsor, inbox):
    """What the administrator said of how he knows the person becomes the confirmation of the identity."""
    email, path = invited(app, sponsor, inbox, how="Met in person")
    app.test_client().post(path, data=NEW)
    with reading(sponsor):
        person_id = people.with_email(email).id
    found = rows(sponsor, Confirmation, person_id=person_id)[0]
    assert (found.by_id, found.how) == (sponsor.persons["admin"], "Met in person")


def test_without_a_word_on_who_it_is_the_identity_waits_until_an_administrator_confirms_it(app, sponsor, inbox):
    email, path = invited(app, sponsor, inbox, how="")
    app.test_client().post(path, data=NEW)
    with reading(sponsor):
        person_id = people.with_email(email).id
    assert not rows(sponsor, Confirmation, person_id=person_id)
    member = rows(sponsor, Membership, person_id=person_id)[0]
    admin = sponsor.client("admin")
    assert admin.post(f"/people/{member.id}/identity", data={"how": ""}).status_code == 422
    assert admin.post(f"/people/{member.id}/identity", data={"how": "Company directory"}).status_code == 302
    assert rows(sponsor, Confirmation, person_id=person_id)[0].by_id == sponsor.persons["admin"]


def test_who_has_an_identity_gives_its_password_and_keeps_name_and_title(app, sponsor, other, inbox):
    email, path = invited(app, other, inbox, sponsor.emails["qa"], role="viewer")
    client = app.test_client()
    assert "You have an identity here already" in client.get(path).text
    assert client.post(path, data=NEW | {"password": "not the password at all"}).status_code == 422
    assert client.post(path, data=NEW).status_code == 302
    assert other.name in client.get("/suppliers/").text
    with reading(other):
        assert db.session.get_one(Person, sponsor.persons["qa"]).printed_name != "Nora Lind"
    assert email == sponsor.emails["qa"]


def test_scanners_change_nothing_and_accept_nothing(app, sponsor, inbox):
    """GET, HEAD and every form sent as it stands, without a password."""
    email, path = invited(app, sponsor, inbox)
    for _ in range(3):
        app.test_client().get(path)
        app.test_client().head(path)
        app.test_client().open(path, method="OPTIONS")
        answer = app.test_client().post(path, data={"printed_name": "Nora Lind", "title": ""})
        assert answer.status_code == 422
        assert not answer.headers.getlist("Set-Cookie") or "portal_staff" not in str(answer.headers)
    with reading(sponsor):
        assert people.with_email(email) is None
    assert app.test_client().post(path, data=NEW).status_code == 302


def accepted(app, sponsor, path, invite_id):
    app.test_client().post(path, data=NEW)


def withdrawn(app, sponsor, path, invite_id):
    assert sponsor.client("admin").post(f"/people/invites/{invite_id}/withdraw").status_code == 302


@pytest.mark.parametrize(("act", "days"), [(accepted, 0), (withdrawn, 0), (None, 7.01)])
def test_a_link_is_gone_once_used_or_withdrawn_and_after_seven_days_and_names_nobody(app, sponsor, inbox, act, days):
    email, path = invited(app, sponsor, inbox)
    if act:
        act(app, sponsor, path, rows(sponsor, StaffInvite, email=email)[0].id)
    with later(days=days):
        for answer in (app.test_client().get(path), app.test_client().post(path, data=NEW)):
            assert answer.status_code == 410
            assert email not in answer.text
            assert sponsor.name not in answer.text
    assert app.test_client().get("/join/no-such-link").status_code == 404


def test_an_invitation_is_sent_again_and_lives_another_seven_days(app, sponsor, inbox):
    email, _path = invited(app, sponsor, inbox)
    invite_id = rows(sponsor, StaffInvite, email=email)[0].id
    assert sponsor.client("admin").post(f"/people/invites/{invite_id}/again").status_code == 429
    with later(days=6):
        assert sponsor.client("admin").post(f"/people/invites/{invite_id}/again").status_code == 302
        make.do_jobs(app)
        newest = LINK.search(inbox.text(email))[1]
    with later(days=12):
        assert app.test_client().get(newest).status_code == 200


@pytest.mark.parametrize("email", ["qa", "invited"])
def test_nobody_is_invited_twice(app, sponsor, inbox, email):
    address = sponsor.emails["qa"] if email == "qa" else invited(app, sponsor, inbox)[0]
    form = {"name": "Nora Lind", "email": address.upper(), "role": "qa"}
    assert sponsor.client("admin").post("/people/invites", data=form).status_code == 409


def test_a_link_that_two_use_at_once_makes_one_member(app, sponsor, inbox):
    email, path = invited(app, sponsor, inbox)
    given = (lambda: app.test_client().post(path, data=NEW).status_code,) * 2
    answers = sorted(at_once(*given))
    assert answers[0] == 302
    assert answers[1] in {409, 410, 422}
    with reading(sponsor):
        person_id = people.with_email(email).id
    assert len(rows(sponsor, Membership, person_id=person_id)) == 1


def test_without_a_mail_server_the_link_is_shown_to_pass_on_and_that_is_on_record(mailless, app, sponsor):
    client = mailless.test_client()
    client.post("/sign-in", data={"email": sponsor.emails["admin"], "password": make.PASSWORD})
    email = f"nora-{uuid4().hex[:12]}@sponsor.example"
    client.post("/people/invites", data={"name": "Nora Lind", "email": email, "role": "qa"})
    row = rows(sponsor, StaffInvite, email=email)[0]
    page = client.post(f"/people/invites/{row.id}/link")
    path = LINK.search(page.text.replace('"', " "))[1]
    assert mailless.test_client().get(path).status_code == 200
    assert entries(sponsor, action="invite.link_shown")
    assert sponsor.client("admin").post(f"/people/invites/{row.id}/link").status_code == 409


def test_11_100_b_whoever_saw_a_link_of_an_invitation_confirms_nobody_who_came_in_by_it(mailless, app, sponsor):
    """Without a mail server the link could be opened by whoever saw it, so that word makes no confirmation."""
    client = mailless.test_client()
    client.post("/sign-in", data={"email": sponsor.emails["admin"], "password": make.PASSWORD})
    email = f"nora-{uuid4().hex[:12]}@sponsor.example"
    form = {"name": "Nora Lind", "email": email, "role": "approver", "identity_how": "Met in person"}
    client.post("/people/invites", data=form)
    page = client.post(f"/people/invites/{rows(sponsor, StaffInvite, email=email)[0].id}/link")
    path = LINK.search(page.text.replace('"', " "))[1]
    assert mailless.test_client().post(path, data=NEW).status_code == 302
    with trying(sponsor, "admin"), pytest.raises(Forbidden, match="link or code yourself"):
        person = people.with_email(email)
        assert not db.session.scalar(select(Confirmation.id).where(Confirmation.person_id == person.id))
        identities.confirm(person=person, how="Met in person")


def test_11_10_d_a_role_that_is_changed_acts_at_the_next_request(app, sponsor):
    """A changed role acts at the person's next request, and who changed what and why is on record."""
    qa, member = sponsor.client("qa"), make.membership(sponsor, "qa")
    assert qa.get("/suppliers/new").status_code == 200
    answer = sponsor.client("admin").post(f"/people/{member}/role", data={"role": "viewer", "reason": REASON})
    assert answer.status_code == 302
    assert qa.get("/suppliers/new").status_code == 403
    row, new = entries(sponsor, record_id=member)[-1]
    assert (row.actor_id, new["role"], row.reason) == (sponsor.persons["admin"], "viewer", REASON)


def test_11_10_d_a_membership_that_is_ended_acts_at_the_next_request_and_ends_its_stays(app, sponsor):
    """Whoever is ended is out at the next request, cannot sign in, and stays on record for ever."""
    qa, member = sponsor.client("qa"), make.membership(sponsor, "qa")
    answer = sponsor.client("admin").post(f"/people/{member}/end", data={"reason": REASON})
    assert answer.status_code == 302
    assert not inside(qa)
    assert all(stay.ended_at for stay in rows(sponsor, SignIn, membership_id=member))
    given = {"email": sponsor.emails["qa"], "password": make.PASSWORD}
    assert app.test_client().post("/sign-in", data=given).status_code == 422
    page = sponsor.client("admin").get("/people/").text
    assert sponsor.emails["qa"] in page
    with reading(sponsor):
        assert db.session.get_one(Person, sponsor.persons["qa"]).printed_name


def test_11_100_a_who_comes_back_has_the_same_identity_and_nobody_else_gets_it(app, sponsor, inbox):
    """An ended membership begins anew with the same identity and its own password; the address makes no second one."""
    member = make.membership(sponsor, "qa")
    sponsor.client("admin").post(f"/people/{member}/end", data={"reason": REASON})
    _, path = invited(app, sponsor, inbox, sponsor.emails["qa"], role="viewer")
    assert app.test_client().post(path, data=NEW | {"password": "somebody else's words 77"}).status_code == 422
    client = app.test_client()
    assert client.post(path, data=NEW).status_code == 302
    assert inside(client)
    assert [row.id for row in rows(sponsor, Membership, person_id=sponsor.persons["qa"])] == [member]


def test_safeguards_are_set_by_an_administrator_and_stand_in_the_trail(app, sponsor):
    form = {"security_email": "Security@acme.example", "second_factor": "required"}
    assert sponsor.client("qa").post("/people/safeguards", data=form).status_code == 403
    admin = sponsor.client("admin")
    assert admin.post("/people/safeguards", data=form | {"second_factor": "never"}).status_code == 422
    assert admin.post("/people/safeguards", data=form | {"security_email": "nobody"}).status_code == 422
    assert admin.post("/people/safeguards", data=form).status_code == 302
    row, new = entries(sponsor, record_type="Tenant", action="changed")[-1]
    assert row.actor_id == sponsor.persons["admin"]
    assert new == {"security_email": "security@acme.example", "second_factor": "required"}
    page = admin.get("/people/").text
    assert 'value="security@acme.example"' in page
    assert '<option selected value="required">' in page


@pytest.mark.parametrize("act", ["role", "end"])
def test_nobody_changes_or_ends_his_own_role(sponsor, act):
    own = make.membership(sponsor, "admin")
    answer = sponsor.client("admin").post(f"/people/{own}/{act}", data={"role": "qa", "reason": REASON})
    assert answer.status_code == 403
    assert rows(sponsor, Membership, id=own)[0].role == "admin"
    assert not rows(sponsor, Membership, id=own)[0].ended_at


def test_the_last_administrator_stays(sponsor):
    last = make.membership(sponsor, "admin")
    with trying(sponsor, "qa"), pytest.raises(Conflict):
        members.end(membership_id=last, reason=REASON)
    with trying(sponsor, "qa"), pytest.raises(Conflict):
        members.change_role(membership_id=last, role="viewer", reason=REASON)


def test_of_two_administrators_who_end_each_other_one_stays(app, sponsor):
    with acting(sponsor, "admin"):
        second = people.create_person(
            email=f"admin2-{uuid4().hex[:8]}@sponsor.example", printed_name="Second Admin", title="",
            password=make.PASSWORD,
        )  # fmt: skip
        other, email = people.add_member(person=second, role="admin").id, second.email
    clients = (sponsor.client("admin"), app.test_client())
    clients[1].post("/sign-in", data={"email": email, "password": make.PASSWORD})
    first = make.membership(sponsor, "admin")
    at_once(
        lambda: clients[0].post(f"/people/{other}/end", data={"reason": REASON}),
        lambda: clients[1].post(f"/people/{first}/role", data={"role": "viewer", "reason": REASON}),
    )
    left = [row for row in rows(sponsor, Membership, role="admin") if row.ended_at is None]
    assert len(left) == 1


@pytest.mark.parametrize(
    ("act", "form"),
    [
        ("role", {"role": "owner", "reason": REASON}),
        ("role", {"role": "qa", "reason": REASON}),
        ("role", {"role": "viewer", "reason": ""}),
        ("role", {"role": "viewer", "reason": "no"}),
        ("end", {"reason": ""}),
    ],
)
def test_a_role_is_changed_to_another_one_of_the_list_and_for_a_reason(sponsor, act, form):
    member = make.membership(sponsor, "qa")
    assert sponsor.client("admin").post(f"/people/{member}/{act}", data=form).status_code == 422
    assert rows(sponsor, Membership, id=member)[0].role == "qa"


def test_a_form_that_names_more_than_it_may_changes_no_more(sponsor):
    member = make.membership(sponsor, "qa")
    more = {"person_id": str(uuid4()), "ended_at": "now"}
    sponsor.client("admin").post(f"/people/{member}/role", data={"role": "viewer", "reason": REASON} | more)
    row = rows(sponsor, Membership, id=member)[0]
    assert (row.person_id, row.ended_at) == (sponsor.persons["qa"], None)
