"""The wall between sponsors: what the session filters and refuses, and what PostgreSQL enforces behind it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask
from sqlalchemy import UniqueConstraint, exists, func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import aliased, joinedload, selectinload

from portal import tenancy
from portal.audit import BulkRefused
from portal.db import Base, db, now
from portal.models.accounts import Door, Tenant
from portal.models.assessments import Answer, Introduction
from portal.models.suppliers import Site, Supplier
from portal.tenancy import Actor, AssessmentOwned, NoScope, TenantOwned
from tests import make

MODELS = sorted((mapper.class_ for mapper in Base.registry.mappers), key=lambda model: model.__name__)
TENANT_TABLES = [model.__tablename__ for model in MODELS if issubclass(model, TenantOwned)]
ASSESSMENT_MODELS = [model for model in MODELS if issubclass(model, AssessmentOwned)]
OWN = Supplier.tenant_id == Tenant.id
SUPPLIERS_OF_TENANTS = select(func.count(Supplier.id)).where(OWN).scalar_subquery()
# Every way in which a statement can reach a tenant's table; each selects tenants, or counts them.
STATEMENTS = {
    "entities": select(Supplier),
    "one column": select(Supplier.tenant_id),
    "an alias": select(aliased(Supplier).tenant_id),
    "a count": select(func.count(Supplier.id.distinct())),
    "a join": select(Site.tenant_id).join(Supplier, Supplier.id == Site.supplier_id),
    "a subquery": select(select(Supplier.tenant_id).subquery().c.tenant_id),
    "a common table expression": select(select(Supplier.tenant_id).cte().c.tenant_id),
    "an EXISTS beside a table of nobody": select(Tenant.id).where(exists().where(OWN)),
    "an IN beside a table of nobody": select(Tenant.id).where(Tenant.id.in_(select(Supplier.tenant_id))),
    "a join from a table of nobody": select(Tenant.id).join(Supplier, OWN),
    "a scalar beside a table of nobody": select(Tenant.id).where(SUPPLIERS_OF_TENANTS > 0),
    "a scalar alone": select(SUPPLIERS_OF_TENANTS),
    "a union": select(Supplier.tenant_id).union(select(Site.tenant_id)),
    "a lock": select(Supplier.tenant_id).with_for_update(),
}
# Either room may come first to refuse a bulk change.
REFUSED = (NoScope, BulkRefused)
# What names no mapped class of its own: no filter can follow it.
BARE = {
    "an EXISTS alone": select(exists().where(Supplier.legal_name != "")),
    "a bare table": select(Supplier.__table__),
    "a bare column": select(Supplier.__table__.c.legal_name),
    "a bare change": Supplier.__table__.update().values(services="changed"),
}


Twins = tuple[make.Sponsor, make.Sponsor, UUID]


@pytest.fixture(scope="module")
def twins(app: Flask) -> Twins:
    """Two sponsors, each with a supplier of the same id and a site: the hardest case for a join."""
    own, other, twin = make.sponsor(app), make.sponsor(app), uuid4()
    for owner in (own, other):
        with owner.app.app_context(), tenancy.scoped(owner.scope()):
            db.session.add(Supplier(id=twin, legal_name="Twin", created_at=now()))
            db.session.flush()
            db.session.add(Site(supplier_id=twin, name=f"Site of {owner.name}", country="Italy"))
    return own, other, twin


@pytest.mark.parametrize("statement", [*STATEMENTS.values(), *BARE.values()], ids=[*STATEMENTS, *BARE])
@pytest.mark.parametrize(
    "begin", [tenancy.leave, lambda: tenancy.enter_unscoped(writes=False)], ids=["new", "unscoped"]
)
def test_without_a_scope_nothing_of_a_tenant_can_be_reached(app, statement, begin):
    with app.app_context():
        begin()
        with pytest.raises(REFUSED):
            db.session.execute(statement)


def test_without_a_scope_a_row_cannot_be_fetched_by_its_key(app, twins):
    with app.app_context():
        tenancy.enter_unscoped(writes=False)
        with pytest.raises(NoScope):
            db.session.get(Supplier, (twins[0].id, twins[2]))


@pytest.mark.parametrize("statement", STATEMENTS.values(), ids=STATEMENTS)
def test_each_statement_sees_its_own_tenant_alone(app, twins, statement):
    for owner in twins[:2]:
        with reading(owner):
            assert {getattr(found, "tenant_id", found) for found in db.session.scalars(statement)} <= {owner.id, 1}


@pytest.mark.parametrize("statement", BARE.values(), ids=BARE)
def test_a_bare_table_is_refused_because_no_filter_can_follow_it(app, twins, statement):
    with reading(twins[0]), pytest.raises(REFUSED):
        db.session.execute(statement)


@pytest.mark.parametrize("load", [None, selectinload, joinedload])
def test_a_relationship_loads_its_own_tenants_rows_alone(app, twins, load):
    with reading(twins[0]):
        statement = select(Supplier).options(*([load(Supplier.sites)] if load else []))
        assert [site.name for site in db.session.scalars(statement).unique().one().sites] == [
            f"Site of {twins[0].name}"
        ]


def test_a_foreign_key_finds_nothing(app, twins):
    own, other, twin = twins
    with reading(own):
        assert db.session.get(Supplier, (other.id, twin)) is None


def test_a_new_scope_forgets_the_rows_of_the_one_before(app, twins):
    own, other, twin = twins
    with reading(own):
        row = tenancy.fetch(Supplier, twin)
        tenancy.enter(other.scope(writes=False))
        assert row not in db.session
        assert tenancy.fetch(Supplier, twin).tenant_id == other.id


def _add(owner: make.Sponsor, row: Supplier) -> None:
    db.session.add(Supplier(tenant_id=owner.id, legal_name="Smuggled", created_at=now()))


def _change(owner: make.Sponsor, row: Supplier) -> None:
    db.session.add(row)
    row.services = "changed"


def _delete(owner: make.Sponsor, row: Supplier) -> None:
    db.session.delete(row)


def _give_away(owner: make.Sponsor, row: Supplier) -> None:
    tenancy.fetch(Supplier, row.id).tenant_id = owner.id


@pytest.mark.parametrize("deed", [_add, _change, _delete, _give_away])
def test_a_row_of_another_tenant_cannot_be_written(app, twins, deed):
    own, other, twin = twins
    with app.app_context():
        tenancy.enter(other.scope())
        row = tenancy.fetch(Supplier, twin)
        tenancy.enter(own.scope())
        deed(other, row)
        with pytest.raises(NoScope):
            db.session.flush()


def test_the_database_refuses_a_parent_of_another_tenant(app, twins):
    own, other, _ = twins
    foreign = make.supplier(other)
    with app.app_context(), pytest.raises(IntegrityError), tenancy.scoped(own.scope()):
        db.session.add(Site(supplier_id=foreign, name="Smuggled", country="Italy"))


@pytest.mark.parametrize("name", TENANT_TABLES)
def test_the_tenant_is_part_of_every_key(name):
    table = Base.metadata.tables[name]
    unique = [item for item in table.constraints if isinstance(item, UniqueConstraint)]
    unique += [item for item in table.indexes if item.unique]
    foreign = [key for key in table.foreign_key_constraints if key.referred_table.name in TENANT_TABLES]
    assert all("tenant_id" in key.columns for key in (table.primary_key, *unique, *foreign))


@pytest.mark.parametrize("row", [lambda: Supplier(legal_name="New", created_at=now()), lambda: door(uuid4())])
def test_a_scope_that_only_reads_refuses_changes(app, twins, row):
    with reading(twins[0]):
        db.session.add(row())
        with pytest.raises(NoScope, match="only reads"):
            db.session.flush()


@pytest.mark.parametrize(
    "begin", [tenancy.leave, lambda: tenancy.enter_unscoped(writes=False)], ids=["new", "unscoped"]
)
def test_outside_of_a_writing_scope_not_even_a_table_of_nobody_is_written(app, begin):
    with app.app_context():
        begin()
        db.session.add(door(uuid4()))
        with pytest.raises(NoScope, match="only reads"):
            db.session.flush()


@pytest.fixture(scope="module")
def neighbours(app: Flask) -> tuple[make.Sent, make.Sent]:
    """Two assessments of one supplier, with a row in every table that belongs to an assessment."""
    sponsor = make.sponsor(app)
    supplier_id = make.supplier(sponsor)
    cases = make.sent(sponsor, supplier_id), make.sent(sponsor, supplier_id)
    for case in cases:
        with app.app_context(), tenancy.scoped(case.scope()):
            known = {"invite_id": case.invite_id, "person_id": sponsor.persons["qa"]}
            # Sending has made the introduction.
            missing = [model for model in ASSESSMENT_MODELS if model is not Introduction]
            db.session.add_all(filled(model, known, assessment_id=case.assessment_id) for model in missing)
    return cases


@pytest.mark.parametrize("model", ASSESSMENT_MODELS)
def test_a_respondent_sees_the_rows_of_one_assessment_alone(app, neighbours, model):
    mine, theirs = neighbours
    with reading(mine.sponsor):
        assert set(db.session.scalars(select(model.assessment_id))) == {mine.assessment_id, theirs.assessment_id}
        tenancy.enter(mine.scope(writes=False))
        assert set(db.session.scalars(select(model.assessment_id))) == {mine.assessment_id}


def test_a_respondent_cannot_write_into_another_assessment(app, neighbours):
    mine, theirs = neighbours
    with app.app_context():
        tenancy.enter(mine.scope())
        db.session.add(filled(Answer, {}, assessment_id=theirs.assessment_id, question_id="P11-01"))
        with pytest.raises(NoScope, match="another assessment"):
            db.session.flush()


def test_a_reach_once_narrowed_never_widens(app, neighbours):
    mine, theirs = neighbours
    with app.app_context():
        tenancy.enter(mine.scope())
        for assessment_id in (None, theirs.assessment_id):
            tenancy.become(Actor("cmo", None, "Somebody", "respondent"), assessment_id=assessment_id)
            assert tenancy.scope().assessment_id == mine.assessment_id


def test_a_submission_leaves_the_rating_that_the_respondent_cannot_see(app, sponsor):
    first = make.closed(sponsor)
    with reading(sponsor):
        before = tenancy.fetch(Supplier, first.supplier_id).rating
    second = make.sent(sponsor, first.supplier_id)
    make.answer_all(second, {})
    second.signer["id"] = first.signer["id"]
    make.submit(second, email=first.email)
    with reading(sponsor):
        assert before == tenancy.fetch(Supplier, first.supplier_id).rating is not None


def filled(model: type[Any], known: dict[str, Any], **values: Any) -> Any:
    """Return a row with something in every column that needs it."""
    something: dict[type, Callable[[], Any]] = {
        str: lambda: "x", int: lambda: 1, datetime: now, date: make.today, UUID: uuid4,
    }  # fmt: skip
    needed = [item for item in model.__table__.columns if not item.nullable and item.name not in {"id", "tenant_id"}]
    kinds = {item.name: getattr(item.type, "impl_instance", item.type).python_type for item in needed}
    made = {name: known.get(name) or something[kind]() for name, kind in kinds.items()}
    return model(**{**made, **values})


def door(subject_id: UUID) -> Door:
    return Door(kind="test", digest="0" * 64, for_tenant=uuid4(), subject_id=subject_id, made_at=now())


@contextmanager
def reading(owner: make.Sponsor) -> Iterator[None]:
    with owner.app.app_context():
        tenancy.enter(owner.scope(writes=False))
        yield
