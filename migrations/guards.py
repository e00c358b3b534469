"""What the database itself enforces: records that never change, and the wall between tenants.

Autogeneration sees neither triggers nor policies, so a migration that makes a table calls these by hand.
"""

from __future__ import annotations

from alembic import context, op
from sqlalchemy import text

SETTING = "portal.tenant_id"


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
    for verb in ("UPDATE", "DELETE"):
        # With recursive triggers on, REPLACE deletes through the trigger and is refused too.
        op.execute(
            f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} "
            "BEGIN SELECT RAISE(ABORT, 'this record is permanent'); END"
        )


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
    own = f"tenant_id = nullif(current_setting('{SETTING}', true), '')::uuid"
    op.execute(f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY")
    op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    op.execute(f"CREATE POLICY own_tenant ON {table} USING ({own}) WITH CHECK ({own})")


def grant(table: str, rights: str) -> None:
    """Give the application's role what it needs on a table, if `portal migrate` named one."""
    role = context.config.attributes.get("app_role", "")
    if on_postgresql() and role:
        quoted = op.get_bind().execute(text("SELECT quote_ident(:role)"), {"role": role}).scalar()
        op.execute(f"GRANT {rights} ON {table} TO {quoted}")
