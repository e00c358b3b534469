"""Bad input: each gets its own answer in plain words, loses nothing that was typed, and shows nothing of the inside."""

from __future__ import annotations

import html
import io
import re
import time
from collections.abc import Callable, Iterator
from uuid import uuid4

import pytest

from portal.db import Base
from portal.models.suppliers import FACTORS, Supplier
from portal.services.assessments import visits
from tests import make
from tests.portal import world
from tests.portal.payloads import ATTRIBUTES, PLAIN, TEMPLATES
from tests.portal.world import World, address, walk
from tests.scopes import entries, rows

UNKNOWN = "00000000-0000-4000-8000-000000000000"
INSIDE = re.compile(
    r"Traceback|sqlalchemy|werkzeug|psycopg|sqlite3|jinja2|\.py\b|SELECT .* FROM|INSERT INTO|/root/|/tmp/"
)


@pytest.fixture(scope="module")
def here(app, inbox) -> World:
    return world.build(app, inbox)


@pytest.fixture(scope="module")
def theirs(app) -> make.Sent:
    """Something of another sponsor's."""
    return make.sent(make.sponsor(app))


@pytest.fixture(scope="module")
def staff(here):
    return here.client("qa")


@pytest.fixture(scope="module")
def respondent(here):
    here.forget_codes(here.open)
    return make.visitor(here.open, here.inbox)


def calm(answer) -> None:
    """Fail for an answer that shows anything of how the portal is made."""
    assert answer.status_code < 500
    assert not INSIDE.search(answer.text), INSIDE.search(answer.text)[0]


PROFILE = {"legal_name": "Typed with care", "services": "And a long text"}
SEND = {"id": UNKNOWN, "contact": "{contact}", "due_on": "2030-01-01"}
VERDICT = {"outcome": "gap", "remark": "Not there", "version": "0"}
FAR = "9" * 25
# Stimulus: (address, form, status, words, what was typed and must still be there).
STAFF = {
    "an unknown supplier": ("/suppliers/{unknown}", None, 404, "nothing at this address", ""),
    "another sponsor's supplier": ("/suppliers/{foreign}", None, 404, "nothing at this address", ""),
    "another sponsor's assessment": ("/assessments/{foreign_case}", None, 404, "nothing at this address", ""),
    "an id that is none": ("/suppliers/1'OR'1", None, 404, "nothing at this address", ""),
    "NUL in an address": ("/suppliers/%00", None, 404, "nothing at this address", ""),
    "an unknown questionnaire": ("/suppliers/{own}/send/no-such", None, 404, "nothing at this address", ""),
    "a page far away": (f"/suppliers/?page={FAR}", None, 200, "Suppliers", ""),
    "filters that are none": (
        f"/suppliers/?tier={FAR}&rating=-1&due=x&sites=x&status=x&sort=x",
        None,
        200,
        "Suppliers",
        "",
    ),
    "a trail that is none": ("/audit?before=-5", None, 200, "Audit trail", ""),
    "NUL in a search": ("/suppliers/?text=a%00b", None, 200, "No supplier fits", ""),
    "a place in the trail far away": (f"/audit?before={FAR}&after={FAR}", None, 200, "No entry on this page", ""),
    "a name of blanks": ("/suppliers/new", {**PROFILE, "legal_name": "   "}, 422, "Fill this in", "And a long text"),
    "a name too long": ("/suppliers/new", {**PROFILE, "legal_name": "n" * 201}, 422, "At most 200", "And a long text"),
    "a name that is taken": ("/suppliers/new", {**PROFILE, "legal_name": "{name}"}, 422, "already", "And a long text"),
    "a level that is none": ("/suppliers/new", {**PROFILE, "impact_data": "6"}, 422, "Not a valid choice", "long text"),
    "a form without its id": ("/suppliers/new", {**PROFILE, "id": "x"}, 422, "form is incomplete", "And a long text"),
    "no version": ("/suppliers/{own}/edit", PROFILE, 428, "did not say which version", ""),
    "a stale version": ("/suppliers/{own}/edit", {**PROFILE, "version": "99"}, 409, "Somebody else", "Typed with care"),
    "a version that is none": ("/suppliers/{own}/edit", {**PROFILE, "version": "1e9"}, 422, "incomplete", "Typed with"),
    "somebody else's contact": ("{send}", {**SEND, "contact": UNKNOWN}, 422, "Not a valid choice", "2030-01-01"),
    "a date that is none": ("{send}", {**SEND, "due_on": "31.12.2026"}, 422, "Not a valid date", "{contact}"),
    "a date far away": ("{send}", {**SEND, "due_on": "9999-12-31"}, 422, "Choose a due date between", "9999-12-31"),
    "withdrawing for nothing": ("/assessments/{case}/withdraw", {"reason": " "}, 422, "Fill this in", ""),
    "withdrawing for one letter": ("/assessments/{case}/withdraw", {"reason": "x"}, 422, "Say in a few words", ""),
    "a verdict too early": ("/assessments/{case}/verdicts/P11-01", VERDICT, 409, "cannot be reviewed now", ""),
    "a verdict on no question": ("/assessments/{case}/verdicts/P11-99", VERDICT, 404, "nothing at this address", ""),
    "a verdict without a version": (
        "/assessments/{closed}/verdicts/P11-01",
        VERDICT | {"version": ""},
        428,
        "version",
        "",
    ),
}


@pytest.fixture(scope="module")
def names(here, theirs) -> dict[str, str]:
    supplier = rows(here.sponsor, Supplier, id=here.open.supplier_id)[0]
    contact = next(iter(contacts(here)))
    return {
        "unknown": UNKNOWN, "foreign": str(theirs.supplier_id), "foreign_case": str(theirs.assessment_id),
        "own": str(here.open.supplier_id), "case": str(here.open.assessment_id), "name": supplier.legal_name,
        "closed": str(here.closed.assessment_id), "contact": contact,
        "send": f"/suppliers/{here.open.supplier_id}/send/{make.KEY}",
    }  # fmt: skip


def contacts(here: World) -> Iterator[str]:
    page = here.client("qa").get(f"/suppliers/{here.open.supplier_id}/send/{make.KEY}").text
    return iter(re.findall(r'<option[^>]*value="([0-9a-f-]{36})"', page))


@pytest.mark.parametrize("stimulus", STAFF)
def test_what_the_sponsor_gets_for_bad_input(here, staff, names, stimulus):
    path, form, status, words, typed = STAFF[stimulus]
    path = path.format(**names)
    before = len(entries(here.sponsor, actor_id=here.sponsor.persons["qa"]))
    if form is None:
        answer = staff.get(path)
    else:
        answer = staff.post(path, data={key: value.format(**names) for key, value in form.items()})
    text = html.unescape(answer.text)
    assert (answer.status_code, words in text) == (status, True), text[-1500:]
    assert typed.format(**names) in text, "what was typed is lost"
    assert len(entries(here.sponsor, actor_id=here.sponsor.persons["qa"])) == before, "something was changed"
    calm(answer)


@pytest.mark.parametrize(
    "payload", [*ATTRIBUTES[:3], *TEMPLATES[:2], *PLAIN[5:8], "%00", "1;SELECT pg_sleep(5)", "x" * 3000]
)
def test_no_payload_in_an_address_search_sort_or_filter_gets_further_than_its_name(here, staff, payload):
    started = time.perf_counter()
    for name in ("text", "sort", "order", "tier", "rating", "status", "sites", "due", "page"):
        answer = staff.get("/suppliers/", query_string={name: payload})
        assert answer.status_code == 200
        calm(answer)
    for path in ("/suppliers/{}", "/assessments/{}/review", "/evidence/{}", "/i/{}", "/suppliers/{}/audit", "/{}"):
        answer = staff.get(path.format(payload.replace("?", "").replace("#", "")))
        assert answer.status_code in {404, 308, 410}, path
        calm(answer)
    assert time.perf_counter() - started < 15


@pytest.mark.parametrize(
    "email", ["nobody@nowhere.example", "", "a\0b", "'; DROP TABLE person --", "x" * 300, "\u202emoc"]
)
def test_a_wrong_sign_in_says_one_thing_and_keeps_the_address_not_the_password(app, email):
    answer = app.test_client().post("/sign-in", data={"email": email, "password": "a password that I typed"})
    assert answer.status_code == 422
    assert "a password that I typed" not in answer.text
    calm(answer)


@pytest.mark.parametrize(
    "where",
    [
        "//evil.example",
        "https://evil.example",
        "/\\evil.example",
        "\\\\evil.example",
        "javascript:alert(1)",
        "/\t/evil.example",
    ],
)
def test_signing_in_leads_nowhere_else(here, where):
    form = {"email": here.sponsor.emails["qa"], "password": make.PASSWORD}
    answer = here.sponsor.app.test_client().post("/sign-in", query_string={"next": where}, data=form)
    assert answer.status_code == 302 and answer.location == "/suppliers/"


@pytest.mark.parametrize(
    "digits", ["", "12345", "1234567", "abcdef", "12 34 5", "\u0661\u0662\u0663\u0664\u0665\u0666x", "000000"]
)
def test_a_wrong_code_is_told_in_plain_words(here, digits):
    here.forget_codes(here.open)
    client, right = make.asker(here.open, here.inbox)
    answer = client.post("/code", data={"digits": digits if digits != right else "999999"})
    assert answer.status_code == 422
    assert re.search(
        r"The code has six digits|Enter the code|" + re.escape(visits.WRONG_CODE), html.unescape(answer.text)
    )
    calm(answer)


EXTRA = sorted({column.key for mapper in Base.registry.mappers for column in mapper.column_attrs})
VALUES: dict[str, Callable[[], str]] = {"id": lambda: str(uuid4()), "version": lambda: "1"}


def lived(sponsor: make.Sponsor, inbox, extra: dict[str, str]) -> list[tuple[object, ...]]:
    """Do one of each act in the browser, with further fields in each form, and return what the trail tells of it."""
    qa, supplier_id, assessment_id = sponsor.client("qa"), str(uuid4()), str(uuid4())
    home = f"/suppliers/{supplier_id}"
    factors = dict.fromkeys(FACTORS, "3")

    def act(client, path: str, **form: object) -> None:
        answer = client.post(path, data={**extra, **form})
        assert answer.status_code == 302, (path, answer.status_code, answer.text[-800:])

    act(qa, "/suppliers/new", id=supplier_id, legal_name="Alba", services="Vials", **factors)
    act(qa, f"{home}/edit", version="1", legal_name="Alba", services="Ampoules", reason="Agreed", **factors)
    act(qa, f"{home}/sites", name="Plant", country="Italy", services="")
    email = f"marta-{uuid4().hex[:12]}@cmo.example"
    act(qa, f"{home}/contacts", name="Marta Conti", email=email, position="")
    contact = re.search(r'<option[^>]*value="([0-9a-f-]{36})"', qa.get(f"{home}/send/{make.KEY}").text)[1]
    due = make.today().replace(year=make.today().year + (make.today().month > 11), month=12, day=31)
    act(qa, f"{home}/send/{make.KEY}", id=assessment_id, contact=contact, due_on=due.isoformat())
    case = make.Sent(sponsor, *(make.UUID(value) for value in (supplier_id, assessment_id, UNKNOWN)), email)
    visitor = make.visitor(case, inbox)
    act(visitor, "/answering/answers/P11-01", version="0", value="no", comment="Not yet")
    act(visitor, "/answering/evidence/P11-01", file=(io.BytesIO(make.PDF), "a.pdf"))
    return [
        (row.action, row.record_type, sorted((key, str(value)) for key, value in told.items() if settled(key)))
        for row, told in entries(sponsor)
        if row.record_type not in {"Tenant", "Person", "Membership"}
    ]


def settled(name: str) -> bool:
    """Tell whether a field is the same in every life: no id, no moment, nobody's own address or name."""
    return not name.endswith(("_id", "_at", "digest")) and name not in {"email", "sent_by", "by", "at"}


def test_fields_that_a_form_does_not_have_change_nothing(sponsor, other, inbox):
    extra = {name: VALUES.get(name, lambda: "5")() for name in EXTRA}
    assert {"tenant_id", "role", "status", "rating", "saved_by", "created_at", "state", "assessment_id"} <= extra.keys()
    assert lived(sponsor, inbox, extra) == lived(other, inbox, {})


def test_every_address_of_the_walk_takes_an_unknown_id_calmly(here, staff, respondent):
    strange = {name: UNKNOWN if name.endswith("_id") else "no-such" for name in here.values("qa")}
    for client in (staff, respondent):
        for rule, method in walk(here.sponsor.app):
            if method in {"GET", "POST"} and rule.arguments and not rule.endpoint.endswith("static"):
                answer = client.open(address(rule, strange), method=method, data={}, buffered=True)
                assert answer.status_code in {303, 401, 403, 404, 422, 428}, (rule.rule, method, answer.status_code)
                calm(answer)
