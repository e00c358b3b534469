"""Suppliers: what their factors lead to, the list, two people on one profile, and the roll-up of ratings."""

from __future__ import annotations

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from sqlalchemy import inspect, select
from sqlalchemy.exc import IntegrityError

from portal.db import db
from portal.errors import Conflict, Invalid, NotFound
from portal.models.assessments import Assessment, Rating
from portal.models.suppliers import FACTORS, Supplier
from portal.services import suppliers
from portal.services.assessments import reviewing, sending
from portal.services.suppliers import PAGE, Wanted
from tests import make
from tests.scopes import acting, at_once, entries, reading, rows, tampering, trying
from tests.statements import counted

LOW = dict.fromkeys(FACTORS, 1)
HIGH = dict.fromkeys(FACTORS, 5)
PROFILE = {"legal_name": "Low 100% a_b", "services": "Vials", "reason": "agreed by phone"}


@pytest.fixture(scope="module")
def house(app) -> make.Sponsor:
    """A sponsor with three suppliers, for tests that change nothing."""
    sponsor = make.sponsor(app)
    low = make.supplier(sponsor, "Low 100% a_b", factors=LOW)
    high = make.supplier(sponsor, "High 'q' [x]", factors=HIGH)
    with acting(sponsor):
        suppliers.create(supplier_id=uuid4(), legal_name='Bare back\\slash "d"', services="", factors={})
        suppliers.add_site(supplier=suppliers.get(low), name="Werk Kiel", country="Germany", services="")
    with tampering(sponsor):
        suppliers.get(low).next_due = make.today() + timedelta(days=9)
        row = suppliers.get(high)
        row.rating, row.status, row.next_due = 4, "assessed", make.today() - timedelta(days=1)
    return sponsor


def find(**wanted: object) -> list[Supplier]:
    return list(suppliers.find(Wanted(**wanted), today=make.today()).rows)


def listed(sponsor: make.Sponsor, **wanted: object) -> list[str]:
    with reading(sponsor):
        return [row.legal_name.split()[0] for row in find(**wanted)]


@pytest.mark.parametrize(
    ("factors", "inherent", "tier"),
    [
        (LOW, 1, 4),
        # The golden case of SRM-1.0: impact 5, 4, 4 and exposure 3, 4, 2, 3.
        (dict(zip(FACTORS, (5, 4, 4, 3, 4, 2, 3), strict=True)), 4, 2),
        (HIGH, 5, 1),
        # The mean of the exposure is 2, but it is never below the highest minus one.
        (dict(zip(FACTORS, (3, 1, 1, 1, 1, 1, 5), strict=True)), 3, 3),
        ({**HIGH, "impact_data": None}, None, None),
        ({}, None, None),
    ],
)
def test_the_seven_factors_lead_to_level_and_tier(house, factors, inherent, tier):
    with trying(house):
        row = suppliers.create(supplier_id=uuid4(), legal_name="Alba", services="", factors=factors)
        assert (row.inherent, row.tier) == (inherent, tier)
        found = suppliers.inherent(row)
        assert found is None if inherent is None else str(inherent) in found.reason


def test_a_factor_outside_the_scale_is_refused_by_the_database_itself(house):
    with trying(house), pytest.raises(IntegrityError):
        suppliers.create(supplier_id=uuid4(), legal_name="Alba", services="", factors={"impact_data": 6})
        db.session.flush()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("low", ["Low"]),
        ("KIEL", ["Low"]),
        ("germ", ["Low"]),
        ("ITALY", ["High", "Low"]),
        ("nowhere", []),
        ("100%", ["Low"]),
        ("%", ["Low"]),
        ("a_b", ["Low"]),
        ("_", ["Low"]),
        ("h_gh", []),
        ("\\", ["Bare"]),
        ("k\\s", ["Bare"]),
        ("'q'", ["High"]),
        ('"d"', ["Bare"]),
        ("[x]", ["High"]),
        ("a\0b", []),
        ("' OR 1=1 --", []),
        ("'; SELECT pg_sleep(5) --", []),
    ],
)
def test_a_text_is_found_in_name_site_and_country_and_wildcards_are_literal(house, text, found):
    assert listed(house, text=text) == found


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ({"tier": 4}, ["Low"]),
        ({"tier": 1}, ["High"]),
        ({"rating": 4}, ["High"]),
        ({"rating": 0}, ["Bare", "Low"]),
        ({"status": "assessed"}, ["High"]),
        ({"sites": "none"}, ["Bare"]),
        ({"sites": "one"}, ["High"]),
        ({"sites": "several"}, ["Low"]),
        ({"due": "overdue"}, ["High"]),
        ({"due": "open"}, ["High", "Low"]),
        ({"due": "nothing"}, ["Bare"]),
        ({"tier": 1, "due": "nothing"}, []),
        # What the list does not offer filters nothing.
        ({"tier": 10**30}, ["Bare", "High", "Low"]),
        ({"rating": -1}, ["Bare", "High", "Low"]),
        ({"status": "x", "sites": "x", "due": "x", "sort": "password"}, ["Bare", "High", "Low"]),
        ({"sort": "name", "descending": True}, ["Low", "High", "Bare"]),
        ({"sort": "sites"}, ["Bare", "High", "Low"]),
        ({"sort": "tier"}, ["High", "Low", "Bare"]),
        # What is not set comes last in both directions.
        ({"sort": "tier", "descending": True}, ["Low", "High", "Bare"]),
        ({"sort": "rating"}, ["High", "Bare", "Low"]),
        ({"sort": "due"}, ["High", "Low", "Bare"]),
        ({"sort": "status"}, ["High", "Bare", "Low"]),
    ],
)
def test_the_list_is_filtered_and_sorted_by_the_database(house, wanted, found):
    assert listed(house, **wanted) == found


def test_pages_hold_so_many_suppliers_and_no_address_leads_past_the_end(house):
    with trying(house):
        many(PAGE)
        first, second, beyond, before = (
            suppliers.find(Wanted(page=page), today=make.today()) for page in (1, 2, 1_000_000, -3)
        )
        assert (first.total, first.pages, len(first.rows), len(second.rows)) == (PAGE + 3, 2, PAGE, 3)
        assert not {row.id for row in first.rows} & {row.id for row in second.rows}
        assert (beyond.page, before.page) == (2, 1)


def test_the_list_takes_as_many_statements_for_sixty_suppliers_as_for_five(app, sponsor):
    taken = []
    for count in (5, 55):
        with acting(sponsor):
            many(count)
        client = sponsor.client()
        client.get("/suppliers/")
        with app.app_context(), counted(db.engine) as statements:
            assert "CMO 003" in client.get("/suppliers/").text
        taken.append(len(statements))
    assert taken[0] == taken[1] <= 8


def many(count: int) -> None:
    for number in range(count):
        name = f"CMO {number:03} of {count}"
        row = suppliers.create(supplier_id=uuid4(), legal_name=name, services="", factors=LOW)
        suppliers.add_site(supplier=row, name="Plant", country="Italy", services="")
    db.session.flush()


def test_a_doubled_submit_makes_one_supplier(sponsor):
    supplier_id = uuid4()
    for _ in range(2):
        with acting(sponsor):
            suppliers.create(supplier_id=supplier_id, legal_name="Alba", services="", factors=LOW)
    assert [row.id for row in rows(sponsor, Supplier)] == [supplier_id]
    assert len(entries(sponsor, record_type="Supplier", action="created")) == 1


def test_two_submits_at_the_same_moment_make_one_supplier_and_get_the_same_answer(sponsor):
    form = {"id": str(uuid4()), "legal_name": "Alba"}
    clients = [sponsor.client(), sponsor.client("admin")]
    answers = at_once(*(lambda client=client: client.post("/suppliers/new", data=form) for client in clients))
    assert [answer.status_code for answer in answers] == [302, 302]
    assert answers[0].location == answers[1].location == f"/suppliers/{form['id']}"
    assert len(rows(sponsor, Supplier)) == 1


@pytest.mark.parametrize(
    "differs", [{"legal_name": "Bora"}, {"services": "Ampoules"}, {"factors": HIGH}, {"factors": {}}]
)
def test_a_form_that_has_made_a_supplier_makes_no_other_and_loses_nothing_that_was_typed(sponsor, differs):
    given = {"supplier_id": uuid4(), "legal_name": "Alba", "services": "Vials", "factors": LOW}
    with acting(sponsor):
        suppliers.create(**given)
    with trying(sponsor), pytest.raises(Conflict, match="has added a supplier already") as refused:
        suppliers.create(**{**given, **differs})
    yours, theirs = (refused.value.details[side]["comment"] for side in ("yours", "theirs"))
    assert yours != theirs and yours.count("\n") == theirs.count("\n")
    assert [(row.legal_name, row.services, row.impact_data) for row in rows(sponsor, Supplier)] == [
        ("Alba", "Vials", 1)
    ]


def test_whoever_sends_a_used_form_with_another_text_is_shown_both(sponsor):
    client, form = sponsor.client(), {"id": str(uuid4()), "legal_name": "Alba"}
    assert client.post("/suppliers/new", data=form).status_code == 302
    answer = client.post("/suppliers/new", data={**form, "legal_name": "Bora"})
    assert answer.status_code == 409
    assert "Legal name: Alba" in answer.text and "Legal name: Bora" in answer.text


def test_two_sponsors_may_have_a_supplier_of_the_same_name_and_even_the_same_id(house, sponsor):
    theirs = rows(house, Supplier)[0]
    with acting(sponsor):
        suppliers.create(supplier_id=theirs.id, legal_name=theirs.legal_name, services="Ours", factors=LOW)
    assert rows(house, Supplier, id=theirs.id)[0].services == theirs.services != "Ours"


@pytest.mark.parametrize("taken", ["High 'q' [x]", "high 'Q' [X]", "  HIGH 'q' [x] "])
def test_a_name_that_is_taken_is_refused(house, taken):
    with trying(house):
        with pytest.raises(Invalid, match="of this name already"):
            suppliers.create(supplier_id=uuid4(), legal_name=taken, services="", factors={})
        low = find(text="Low")[0]
        with pytest.raises(Invalid, match="of this name already"):
            change(low, legal_name=taken)


def change(row: Supplier, version: int = 0, **values: object) -> None:
    given = {**PROFILE, "factors": LOW, **values}
    suppliers.change(supplier=row, version=version or row.version, **given)


def test_a_stale_version_is_refused_with_both_texts_and_changes_nothing(house):
    with trying(house):
        row = find(text="Low")[0]
        version = row.version
        change(row)
        db.session.flush()
        with pytest.raises(Conflict) as refused:
            change(row, version, services="Ampoules", factors=HIGH)
        theirs, yours = (refused.value.details[side]["comment"] for side in ("theirs", "yours"))
        assert "Services: Vials" in theirs and "Impact patient: 1" in theirs
        assert "Services: Ampoules" in yours and "Impact patient: 5" in yours
        assert "Legal name" not in yours + theirs
        assert (row.services, row.version) == ("Vials", version + 1)


def test_of_two_changes_at_the_same_moment_one_is_kept_and_the_other_is_shown_both(sponsor):
    supplier_id = make.supplier(sponsor)
    form = {"version": "1", "legal_name": f"Alba {supplier_id}"}
    clients = [(sponsor.client(), "Vials"), (sponsor.client("admin"), "Ampoules")]
    given = at_once(
        *(
            lambda client=client, services=services: client.post(
                f"/suppliers/{supplier_id}/edit", data={**form, "services": services}
            )
            for client, services in clients
        )
    )
    assert sorted(answer.status_code for answer in given) == [302, 409]
    lost = next(answer for answer in given if answer.status_code == 409)
    assert "Services: Vials" in lost.text and "Services: Ampoules" in lost.text


def test_an_open_profile_is_not_stale_because_of_what_became_of_an_assessment(sponsor):
    supplier_id = make.supplier(sponsor)
    page = sponsor.client().get(f"/suppliers/{supplier_id}/edit").text
    version = re.search(r'name="version"[^>]*value="(\d+)"', page)[1]
    case = make.sent(sponsor, supplier_id)
    with acting(sponsor):
        sending.withdraw(assessment=reviewing.get(case.assessment_id), reason="Wrong contact")
    form = {"version": version, "legal_name": f"Alba {supplier_id}", "reason": "It was renamed"}
    saved = [sponsor.client().post(f"/suppliers/{supplier_id}/edit", data=form).status_code for _ in range(2)]
    assert saved == [302, 409], "a change of the profile itself still is one"


def test_a_change_stands_in_the_trail_with_old_new_and_why(sponsor):
    supplier_id = make.supplier(sponsor, PROFILE["legal_name"], factors=LOW)
    with acting(sponsor):
        change(suppliers.get(supplier_id))
    entry, told = entries(sponsor, record_type="Supplier", action="changed")[-1]
    assert (told, entry.reason) == ({"services": "Vials"}, "agreed by phone")


def test_a_second_site_of_a_name_and_a_second_contact_of_an_address_are_refused(house):
    with trying(house):
        row = find(sites="several")[0]
        with pytest.raises(Invalid, match="a site of this name already"):
            suppliers.add_site(supplier=row, name=" WERK KIEL", country="Italy", services="")
        with pytest.raises(Invalid, match="among the contacts already"):
            suppliers.add_contact(supplier=row, name="M", email=row.contacts[0].email.upper(), position="")


def test_a_supplier_of_another_sponsor_is_like_an_unknown_one(sponsor, house):
    for row_id in (rows(house, Supplier)[0].id, uuid4()):
        with reading(sponsor), pytest.raises(NotFound) as refused:
            suppliers.get(row_id)
        assert refused.value.text == NotFound().text


@pytest.fixture(scope="module")
def case(app) -> make.Sent:
    """A supplier with one closed assessment."""
    return make.closed(make.sponsor(app))


@pytest.mark.parametrize(
    ("finals", "worst"), [((2,), 2), ((2, 4), 4), ((4, 2), 4), ((3, None), 3), ((None,), None), ((2, 3, 5, 1), 5)]
)
def test_a_supplier_is_as_good_as_its_worst_rating_and_never_the_average(case, finals, worst):
    with trying(case.sponsor):
        supplier = more([{"title": f"Set {number}", "final": final} for number, final in enumerate(finals)])
        assert (supplier.rating, supplier.status, supplier.next_due) == (worst, "assessed", None)


def test_of_one_questionnaire_the_newest_rating_counts(case):
    with trying(case.sponsor):
        assert more([{"title": "Set", "final": 5, "days": 1}, {"title": "Set", "final": 1, "days": 2}]).rating == 1


def more(ratings: list[dict[str, object]]) -> Supplier:
    """Put other closed assessments in the place of the one that is there."""
    closed, given = (db.session.scalars(select(model)).one() for model in (Assessment, Rating))
    for wanted in ratings:
        days = timedelta(days=wanted.get("days", 0))
        row = copy(closed, title=wanted["title"], questionnaire_key=wanted["title"], sent_at=closed.sent_at + days)
        rating = copy(given, assessment_id=row.id, final=wanted["final"], computed_at=given.computed_at + days)
        db.session.add_all([row, rating])
    closed.state = "withdrawn"
    suppliers.settle(closed.supplier)
    return closed.supplier


def copy(row, **changes):
    names = {item.key for item in inspect(type(row)).column_attrs} - {"id", "version"}
    return type(row)(**{**{name: getattr(row, name) for name in names}, **changes})
