"""What PostgreSQL says of the role that the application signs in as, and of the second wall that it stands behind."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from sqlalchemy import text

from portal.db import db

# What is counted -> (how, what to do if there is any): none of it leaves the wall between sponsors whole.
COUNTED: Mapping[str, tuple[str, str]] = {
    "tables owned by the role": (
        "SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace "
        "AND relowner = (SELECT oid FROM pg_roles WHERE rolname = current_user)",
        "The application's role must own nothing",
    ),
    "roles that the role can take on": (
        "SELECT count(*) FROM pg_auth_members WHERE member = (SELECT oid FROM pg_roles WHERE rolname = current_user)",
        "The application's role must be a member of no other",
    ),
    "tables without a wall": (
        "SELECT count(*) FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid "
        "WHERE a.attname = 'tenant_id' AND c.relkind IN ('r', 'p') AND c.relnamespace = 'public'::regnamespace "
        "AND NOT (c.relrowsecurity AND c.relforcerowsecurity)",
        "Row-level security must be enabled and forced on every sponsor's table",
    ),
    "views": (
        "SELECT count(*) FROM pg_class WHERE relkind IN ('v', 'm') AND relnamespace = 'public'::regnamespace",
        "A view shows what its owner may see; remove it",
    ),
}


def findings() -> Iterator[tuple[str, str, str]]:
    """Yield name, value and fault of each thing that the second wall rests on; the fault is empty where it is safe."""
    role, round_the_wall = db.session.execute(
        text("SELECT rolname, rolsuper OR rolbypassrls OR rolcreaterole FROM pg_roles WHERE rolname = current_user")
    ).one()
    yield "role", role, "It goes round row-level security; use a role that does not" if round_the_wall else ""
    for name, (statement, fault) in COUNTED.items():
        count = db.session.scalar(text(statement))
        yield name, str(count), fault if count else ""
