"""The wall between sponsors, walked over HTTP: every address, method and person, with another's ids (H001, H003)."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator, Mapping
from datetime import timedelta
from uuid import uuid4

import pytest
from flask.testing import FlaskClient
from werkzeug.routing import Map, Rule
from werkzeug.test import TestResponse

from portal import access
from portal.access import STAFF_ROLES
from tests import make
from tests.house.source import refuse
from tests.portal import foreign, world
from tests.portal.foreign import Foreign
from tests.portal.world import IDENTITIES, World, address, mark, passes, walk

# What differs from one answer to the next by nature: form tokens and the numbers of requests and faults.
PASSING = re.compile(r'name="csrf_token"[^>]*value="[^"]*"|value="[^"]*"[^>]*name="csrf_token"|\b[0-9a-f]{12}\b')
FACTORS = dict.fromkeys(make.FACTORS, "3")
# They hold every permission of their door, so they try the ids of every kind of thing at every address; the others
# run the same code and try the ids that belong there.
THOROUGH = ("admin", "qa", "signer")
# The guest holds a link and asked for a code, but has not given it.
WALKERS = (*IDENTITIES, "guest")


@pytest.fixture(scope="module")
def ours(app, inbox) -> World:
    return world.build(app, inbox)


@pytest.fixture(scope="module")
def theirs(app, inbox) -> Foreign:
    return foreign.build(app, inbox)


@pytest.fixture(autouse=True)
def _calm(monkeypatch):
    world.calm(monkeypatch)


def test_the_word_stands_in_every_text_of_the_other_sponsor(theirs):
    refuse(
        theirs.unmarked(),
        "These columns of the other sponsor do not carry the word, so that a leak of theirs would not be seen. Write "
        "it there in tests/portal/foreign.py, or name the column in NOT_WRITTEN if no person writes into it.",
    )


def test_an_address_with_a_part_that_the_walk_does_not_know_fails(ours):
    rule = Rule("/findings/<uuid:finding_id>", endpoint="findings.show")
    Map([rule])
    with pytest.raises(AssertionError, match=r"\['finding_id'\] that the walk does not know"):
        address(rule, ours.values("qa"))


def test_those_who_try_everything_may_go_everywhere():
    everything = {name for name in access.table() for identity in THOROUGH if access.may(identity, name)}
    assert everything == set(access.table()), "choose for THOROUGH who holds every permission of a door"


@pytest.mark.parametrize("identity", WALKERS)
def test_11_10_d_anothers_things_are_answered_like_things_that_do_not_exist(app, ours, theirs, walls, identity):
    """Every address and method, with every id of another sponsor, answers as for an id that does not exist."""
    client, before = ours.client(identity), theirs.rows()
    faults = [
        fault
        for rule, method in walk(app)
        if rule.arguments
        for fault in _compare(client, rule, method, identity, ours, theirs)
    ]
    refuse(faults, f"{identity}: an answer gives away what another sponsor has")
    assert theirs.rows() == before, "something of the other sponsor has changed"


@pytest.mark.parametrize("identity", WALKERS)
def test_11_10_d_nothing_of_another_sponsor_stands_on_ones_own_pages(app, ours, theirs, walls, identity):
    """No page, file or header that a person can get carries a word of another sponsor."""
    client, values = ours.client(identity), ours.values(identity)
    half, ids = theirs.word[:-4], "&".join(f"{name}_id={value}" for name, value in theirs.ids.items())
    faults = []
    for rule, method in walk(app):
        path = address(rule, values)
        if method == "GET" and passes(identity, mark(app, path, method)):
            for answer in (*_to_its_end(client, path), client.get(f"{path}?text={half}&q={half}&{ids}", buffered=True)):
                faults += _leaks(answer, theirs, answer.request.path)
    refuse(faults, f"{identity}: the word of another sponsor turns up")


def test_ids_of_another_sponsor_in_a_form_reach_nothing(app, ours, theirs):
    client, before, mine = ours.client("qa"), theirs.rows(), ours.closed.supplier_id
    supplier, assessment, contact = (theirs.ids[kind] for kind in ("supplier", "assessment", "contact"))
    admin, member = ours.client("admin"), make.membership(theirs.sponsor, "auditor")
    days = {"from_on": make.today(), "until_on": make.today()}
    send = {"due_on": make.today() + timedelta(days=20), "id": str(uuid4())}
    own = client.get(f"/suppliers/{mine}/send/{make.KEY}").text
    (own_contact,) = re.findall(r'<option[^>]*value="([0-9a-f-]{36})"', own)
    answers = {
        "a contact of theirs": client.post(f"/suppliers/{mine}/send/{make.KEY}", data=send | {"contact": contact}),
        "a contact of nobody": client.post(f"/suppliers/{mine}/send/{make.KEY}", data=send | {"contact": uuid4()}),
        "an assessment of theirs": client.post(
            f"/suppliers/{mine}/send/{make.KEY}", data=send | {"contact": own_contact, "id": assessment}
        ),
        "a supplier of theirs": client.post(
            "/suppliers/new", data=FACTORS | {"id": supplier, "legal_name": f"Own {uuid4()}"}
        ),
        "an auditor of theirs": admin.post(f"/suppliers/{mine}/auditors", data=days | {"auditor": member}),
        "an auditor of nobody": admin.post(f"/suppliers/{mine}/auditors", data=days | {"auditor": uuid4()}),
        "their tenant": client.post(
            f"/suppliers/{mine}/sites", data={"name": "Plant", "country": "Italy", "tenant_id": theirs.ids["tenant"]}
        ),
    }
    faults = [fault for name, answer in answers.items() for fault in _leaks(answer, theirs, name)]
    refuse(faults, "a form that names another's ids gives something away")
    assert answers["a contact of theirs"].status_code == answers["a contact of nobody"].status_code == 422
    assert answers["an auditor of theirs"].status_code == answers["an auditor of nobody"].status_code == 422
    # Their ids are no secret and no claim: what is made under one of them is ours, and theirs stays as it is.
    for name in ("an assessment of theirs", "a supplier of theirs", "their tenant"):
        assert answers[name].status_code == 302, answers[name].text
    assert theirs.rows() == before


def test_no_mail_to_us_carries_their_word(app, ours, theirs, inbox):
    make.do_jobs(app)
    found = [message for message in inbox.messages if theirs.word in message.as_string().lower()]
    assert found, "the other sponsor's own mails carry it"
    refuse([str(message["To"]) for message in found if theirs.word not in str(message["To"])], "a mail went astray")


def test_a_respondent_reaches_no_other_assessment_of_the_same_sponsor(app, ours):
    """Within one sponsor, a manufacturer must not see its competitor."""
    client, other = ours.client("respondent"), ours.files["closed"]
    for path in (f"/answering/evidence/{other}", f"/answering/evidence/{uuid4()}"):
        assert client.get(path).status_code == 404
        assert client.post(f"{path}/withdraw", data={"reason": "Not mine at all"}).status_code == 404


def test_one_doors_secret_does_not_open_the_other(app, ours):
    for identity, cookie in (("qa", "portal_staff"), ("signer", "portal_cmo")):
        secret = ours.client(identity).get_cookie(cookie)
        assert secret is not None
        stranger = app.test_client()
        for name in ("portal_staff", "portal_cmo", "portal_browser"):
            if name != cookie:
                stranger.set_cookie(name, secret.value)
        assert stranger.get("/suppliers/").status_code == 303
        assert stranger.get("/answering").status_code == 401
        assert stranger.get("/code").status_code == 404


def _to_its_end(client: FlaskClient, path: str) -> Iterator[TestResponse]:
    """Yield a page and, of a list, every page that follows."""
    page, answer = 1, client.get(path, buffered=True)
    yield answer
    while f"page={(page := page + 1)}" in str(answer.get_data()):
        answer = client.get(f"{path}?page={page}", buffered=True)
        yield answer


def _compare(
    client: FlaskClient, rule: Rule, method: str, identity: str, ours: World, theirs: Foreign
) -> Iterator[str]:
    """Yield what an answer to another's id gives away, beside the answer to an id of nobody's."""
    own = ours.values(identity)
    let_in = passes(identity, mark(ours.sponsor.app, address(rule, own), method))
    unknown: dict[tuple[tuple[str, int], ...], tuple[int, str, str]] = {}
    for values in _theirs(rule, theirs, thorough=let_in and identity in THOROUGH and method in {"GET", "POST"}):
        path = address(rule, {**own, **values})
        answer = _ask(client, method, path, ours, identity)
        yield from _leaks(answer, theirs, f"{method} {path}")
        shape = tuple((part, len(value)) for part, value in values.items())
        if shape not in unknown:
            nobodys = {part: _nobodys(value) for part, value in values.items()}
            unknown[shape] = _told(_ask(client, method, address(rule, {**own, **nobodys}), ours, identity), nobodys)
        if _told(answer, values) != unknown[shape]:
            expected = unknown[shape][0]
            yield f"{method} {path}: {answer.status_code} differs from the answer ({expected}) to an unknown id"
        elif let_in and method != "OPTIONS" and answer.status_code != 404:
            yield f"{method} {path}: {answer.status_code} instead of 404"


def _theirs(rule: Rule, theirs: Foreign, *, thorough: bool) -> Iterator[dict[str, str]]:
    """Yield the parts of an address that are theirs: each alone, the rest being our own, and then all at once."""
    named = {f"{kind}_id": str(value) for kind, value in theirs.ids.items()} | {
        "question_id": theirs.question, "section_id": theirs.section, "grant_id": str(theirs.ids["auditor_grant"]),
    }  # fmt: skip
    every = [str(value) for value in theirs.ids.values()] if thorough else []
    for part in sorted(rule.arguments):
        for value in dict.fromkeys([named.get(part, str(theirs.ids["tenant"])), *every]):
            yield {part: value}
    if len(rule.arguments) > 1:
        yield {part: named[part] for part in sorted(rule.arguments) if part in named}


def _nobodys(value: str) -> str:
    return str(uuid4()) if len(value) == 36 else f"{value[:2]}{uuid4().hex[: len(value) - 2]}"


def _ask(client: FlaskClient, method: str, path: str, ours: World, identity: str) -> TestResponse:
    """Ask with everything that any form wants, so that nothing but the id is in the way."""
    data = {**_form(ours, identity), "file": (io.BytesIO(make.PDF), "a.pdf")} if method == "POST" else None
    headers = {"Range": "bytes=0-9"} if method == "GET" else {}
    return client.open(path, method=method, data=data, headers=headers, buffered=True)


def _form(ours: World, identity: str) -> Mapping[str, str]:
    email = ours.sponsor.emails[identity] if identity in STAFF_ROLES else ours.case(identity).email
    return FACTORS | {
        "id": str(uuid4()), "version": "1", "legal_name": "A name", "name": "A name", "country": "Italy",
        "email": email, "password": make.PASSWORD, "contact": str(uuid4()), "reason": "A good reason",
        "due_on": str(make.today() + timedelta(days=20)), "outcome": "gap", "level": "", "remark": "Not in place",
        "value": "no", "comment": "", "meaning": "reviewed", "shown_digest": "0" * 64, "printed_name": "A name",
        "title": "A title", "digits": "000000",
    }  # fmt: skip


def _told(answer: TestResponse, values: Mapping[str, str]) -> tuple[int, str, str]:
    """Return what an answer says, without what differs by nature and without the id that was asked for."""
    body, place = answer.get_data(as_text=True), answer.headers.get("Location", "")
    for value in values.values():
        body, place = body.replace(value, "…"), place.replace(value, "…")
    return answer.status_code, PASSING.sub("", body), place


def _leaks(answer: TestResponse, theirs: Foreign, what: str) -> list[str]:
    received = answer.get_data() + str(answer.headers).encode()
    faults = [f"{what}: carries the word of another sponsor"] if theirs.word.encode() in received.lower() else []
    return faults + ([f"{what}: {answer.status_code}"] if answer.status_code >= 500 else [])
