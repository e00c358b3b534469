"""Row-level security: with the session's own filter gone, PostgreSQL still shows nothing of another tenant."""
# these tests name the tables themselves

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError

from portal import tenancy
from portal.db import Base, db
from portal.models.suppliers import Site, Supplier
from portal.tenancy import TenantOwned
from tests import make

pytestmark = pytest.mark.postgresql
OWNED = sorted(item.class_.__tablename__ for item in Base.registry.mappers if issubclass(item.class_, TenantOwned))
PERMANENT = ("audit_entry", "submission", "rating", "signature", "frozen_document")
SETTING = text("SELECT current_setting('portal.tenant_id', true)")
READS = {
    "entities": select(Supplier.tenant_id),
    "joins": select(Site.tenant_id).join(Supplier, Supplier.id == Site.supplier_id),
    "bare tables": select(Supplier.__table__.c.tenant_id),
    "text": text("SELECT tenant_id FROM supplier"),
    "unions": text("SELECT tenant_id FROM supplier UNION SELECT tenant_id FROM audit_entry"),
}
# What would have to be allowed before a row of the past could change, for whoever got the application's password.
ATTACKS = [
    *(f"UPDATE {table} SET tenant_id = tenant_id" for table in PERMANENT),
    *(f"DELETE FROM {table}" for table in (*PERMANENT, "supplier", "answer", "audit_head")),
    *(f"TRUNCATE {table} CASCADE" for table in (*PERMANENT, "supplier", "tenant")),
    *(f"ALTER TABLE {table} DISABLE TRIGGER ALL" for table in PERMANENT),
    *(f"DROP TABLE {table} CASCADE" for table in PERMANENT),
    "ALTER TABLE supplier DISABLE ROW LEVEL SECURITY",
    "ALTER TABLE supplier NO FORCE ROW LEVEL SECURITY",
    "DROP POLICY own_tenant ON supplier",
    "DROP TRIGGER audit_entry_stays ON audit_entry",
    "CREATE OR REPLACE FUNCTION portal_refuse() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
    "SET session_replication_role = replica",
    "CREATE TABLE copy AS SELECT 1",
    "INSERT INTO audit_entry SELECT * FROM audit_entry ON CONFLICT (tenant_id, id) DO UPDATE SET reason = 'changed'",
]


@pytest.fixture(scope="module")
def sponsors(app: Flask) -> tuple[make.Sponsor, make.Sponsor]:
    """Two sponsors with a supplier each."""
    both = make.sponsor(app), make.sponsor(app)
    for owner in both:
        make.supplier(owner)
    return both


@contextmanager
def inside(owner: make.Sponsor, *, writes: bool = False) -> Iterator[None]:
    with owner.app.app_context():
        tenancy.enter(owner.scope(writes=writes))
        yield


@pytest.mark.parametrize("statement", READS.values(), ids=READS)
def test_without_the_filter_a_tenant_still_sees_its_own_rows_alone(app, sponsors, no_filter, statement):
    for owner in sponsors:
        with inside(owner):
            assert set(db.session.scalars(statement)) == {owner.id}


def test_without_the_filter_a_page_still_shows_its_own_suppliers_alone(app, sponsors, no_filter):
    own, other = sponsors
    with inside(other):
        name = db.session.scalars(select(Supplier.legal_name)).one()
    assert name in other.client().get("/suppliers/").text
    assert name not in own.client().get("/suppliers/").text


@pytest.mark.parametrize("table", OWNED)
def test_an_unset_tenant_sees_no_row_of_any_table(app, sponsors, table):
    with app.app_context():
        tenancy.enter_unscoped(writes=False)
        assert db.session.scalar(text(f"SELECT count(*) FROM {table}")) == 0


def test_a_sponsor_sees_its_own_row_among_the_sponsors_alone(app, sponsors, no_filter):
    for owner in sponsors:
        with inside(owner, writes=True):
            assert db.session.scalars(text("SELECT id FROM tenant")).all() == [owner.id]
            assert db.session.execute(text("UPDATE tenant SET name = name")).rowcount == 1
    with app.app_context():
        tenancy.enter_unscoped(writes=True)
        assert len(db.session.scalars(text("SELECT id FROM tenant")).all()) >= 2
        with pytest.raises(DBAPIError, match="row-level security"):
            db.session.execute(text("UPDATE tenant SET name = 'x'"))


def test_the_tenant_is_set_for_one_transaction_only(app, sponsors):
    with inside(sponsors[0]):
        assert db.session.scalar(SETTING) == str(sponsors[0].id)
        db.session.commit()
        assert db.session.scalar(SETTING) == str(sponsors[0].id)
        tenancy.leave()
        # The same connection comes back from the pool.
        with db.engine.connect() as connection:
            assert not connection.scalar(SETTING)


def test_a_row_of_another_tenant_cannot_be_inserted(app, sponsors):
    own, other = sponsors
    row = {"tenant": other.id, "id": uuid4()}
    with inside(own, writes=True), pytest.raises(DBAPIError, match="row-level security"):
        db.session.execute(text("INSERT INTO audit_head VALUES (:tenant, :id, 0, '', '')"), row)


def test_a_row_cannot_be_given_to_another_tenant(app, sponsors):
    own, other = sponsors
    with inside(own, writes=True), pytest.raises(DBAPIError, match="row-level security"):
        db.session.execute(text("UPDATE supplier SET tenant_id = :tenant"), {"tenant": other.id})


def test_a_change_reaches_no_row_of_another_tenant(app, sponsors):
    own, other = sponsors
    with inside(own, writes=True):
        changed = db.session.execute(
            text("UPDATE supplier SET services = 'x' WHERE tenant_id = :tenant"), {"tenant": other.id}
        )
        assert changed.rowcount == 0


@pytest.mark.parametrize("attack", ATTACKS)
def test_the_applications_role_cannot_touch_the_past_or_the_wall(app, sponsors, attack):
    with inside(sponsors[0], writes=True), pytest.raises(DBAPIError, match=r"denied|must be owner"):
        db.session.execute(text(attack))


def test_each_tenant_table_is_walled_for_its_owner_too(app):
    found = rows(app, "SELECT relname, relrowsecurity, relforcerowsecurity FROM pg_class WHERE relkind = 'r'")
    assert {name: (on, forced) for name, on, forced in found if name in OWNED} == dict.fromkeys(OWNED, (True, True))


def test_each_tenant_table_has_one_policy_for_every_verb_and_role(app):
    policies = rows(app, "SELECT tablename, cmd, roles::text, qual = with_check FROM pg_policies")
    own = [(table, "ALL", "{public}", True) for table in OWNED]
    assert sorted(policies) == sorted([*own, ("tenant", "ALL", "{public}", False)])


def test_every_table_with_a_tenant_is_known_to_be_one(app):
    found = rows(app, "SELECT table_name FROM information_schema.columns WHERE column_name = 'tenant_id'")
    assert {name for (name,) in found} == set(OWNED)


def test_each_unique_key_holds_the_tenant(app):
    keys = rows(app, "SELECT indexrelid::regclass::text, pg_get_indexdef(indexrelid) FROM pg_index WHERE indisunique")
    keys = [(name, made) for name, made in keys if any(f"public.{table} USING" in made for table in OWNED)]
    assert len(keys) > len(OWNED)
    assert [name for name, made in keys if "(tenant_id" not in made] == []


def test_the_applications_role_owns_nothing_and_goes_round_nothing(app):
    rights = rows(app, "SELECT rolsuper, rolbypassrls, rolcreaterole FROM pg_roles WHERE rolname = current_user")
    assert rights == [(False, False, False)]
    assert (
        rows(app, "SELECT relname FROM pg_class JOIN pg_roles r ON r.oid = relowner WHERE r.rolname = current_user")
        == []
    )
    assert (
        rows(app, "SELECT 1 FROM pg_auth_members m JOIN pg_roles r ON r.oid = m.member WHERE r.rolname = current_user")
        == []
    )


def test_there_is_no_view_and_no_function_that_lends_its_makers_rights(app):
    assert rows(app, "SELECT viewname FROM pg_views WHERE schemaname = 'public'") == []
    assert rows(app, "SELECT proname FROM pg_proc WHERE pronamespace = 'public'::regnamespace AND prosecdef") == []


def rows(app: Flask, statement: str) -> list[tuple[object, ...]]:
    with app.app_context():
        tenancy.enter_unscoped(writes=False)
        return [tuple(row) for row in db.session.execute(text(statement))]
