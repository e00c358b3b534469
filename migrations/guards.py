"""What the database itself enforces: records that never change, and the wall between tenants.

Autogeneration sees neither triggers nor policies, so a migration that makes a table calls these by hand.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from alembic import op
from sqlalchemy import Connection, inspect, text

from portal.db import Base

# What the transaction names; NULL where it names nobody.
TENANT = "nullif(current_setting('portal.tenant_id', true), '')::uuid"


def on_postgresql() -> bool:
    """Tell which of the two databases is being migrated."""
    return op.get_bind().dialect.name == "postgresql"


def refuse_change(table: str) -> None:
    """Refuse UPDATE, DELETE, TRUNCATE and REPLACE on a table whose rows are evidence (11.10(e))."""
    if on_postgresql():
        op.execute(
            f"CREATE TRIGGER {table}_stays BEFORE UPDATE OR DELETE ON {table} "
            "FOR EACH ROW EXECUTE FUNCTION portal_refuse()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_whole BEFORE TRUNCATE ON {table} "
            "FOR EACH STATEMENT EXECUTE FUNCTION portal_refuse()"
        )
        return
    # REPLACE deletes past the triggers of a connection without recursive ones, so it is met before it inserts.
    # Table and columns are named by the migration itself, never by a person.
    taken = " OR ".join(" AND ".join(f"{name} = NEW.{name}" for name in key) for key in _unique_keys(table))
    for verb, condition in (
        ("UPDATE", ""),
        ("DELETE", ""),
        ("INSERT", f"WHEN EXISTS (SELECT 1 FROM {table} WHERE {taken}) "),  # noqa: S608
    ):
        op.execute(
            f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} {condition}"
            "BEGIN SELECT RAISE(ABORT, 'this record is permanent'); END"
        )


def _unique_keys(table: str) -> Iterator[Sequence[str]]:
    """Yield the columns of each key by which SQLite would find a row to replace; its own row number is one."""
    inspector = inspect(op.get_bind())
    yield ["rowid"]
    yield inspector.get_pk_constraint(table)["constrained_columns"]
    for key in inspector.get_unique_constraints(table):
        yield key["column_names"]


def refusing_function() -> None:
    """Create the function that the triggers call."""
    if on_postgresql():
        op.execute(
            "CREATE FUNCTION portal_refuse() RETURNS trigger LANGUAGE plpgsql AS $$ "
            "BEGIN RAISE EXCEPTION 'this record is permanent'; END $$"
        )


def wall(table: str) -> None:
    """Show and take only the rows of the tenant that the transaction names; without one, none at all."""
    if not on_postgresql():
        return
    own = f"tenant_id = {TENANT}"
    _enforce(table)
    op.execute(f"CREATE POLICY own_tenant ON {table} USING ({own}) WITH CHECK ({own})")


def wall_of_tenants() -> None:
    """Show a scope its own sponsor alone; without one all are listed, as verifying the installation needs."""
    if not on_postgresql():
        return
    _enforce("tenant")
    op.execute(
        f"CREATE POLICY own_sponsor ON tenant USING ({TENANT} IS NULL OR id = {TENANT}) WITH CHECK (id = {TENANT})"
    )


def _enforce(table: str) -> None:
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")


def give_rights(connection: Connection, role: str) -> None:
    """Give the application's role what it needs on each table, and nothing to destroy: no DELETE, no TRUNCATE."""
    if connection.dialect.name != "postgresql" or not role:
        return
    quoted = connection.scalar(text("SELECT quote_ident(:role)"), {"role": role})
    # What refuses change gets no UPDATE either. The role reads which revision it stands on, and never sets it.
    refusing = text("SELECT tgrelid::regclass::text FROM pg_trigger WHERE tgfoid = 'portal_refuse'::regproc")
    permanent = set(connection.scalars(refusing))
    for table in Base.metadata.tables:
        rights = "SELECT, INSERT" if table in permanent else "SELECT, INSERT, UPDATE"
        connection.execute(text(f"GRANT {rights} ON {table} TO {quoted}"))
    connection.execute(text(f"GRANT SELECT ON alembic_version TO {quoted}"))
