"""The database as a whole: which revision it is at, and how its owner brings it to the present one."""

from __future__ import annotations

from pkgutil import resolve_name

from sqlalchemy import Connection, Engine, column, create_engine, inspect, select, table

from portal.db import prepare_sqlite

HEAD = "0002"


def migrate(url: str, *, app_role: str = "") -> str:
    """Run what is missing and return the revision reached; `app_role` is given what the application needs."""
    # By name, so that only who migrates pays for the tool: a fifth of the time that a start takes.
    upgrade = resolve_name("migrations.upgrade:upgrade")
    engine = owner_engine(url)
    try:
        with engine.connect() as connection:
            upgrade(connection, HEAD, app_role=app_role)
            connection.commit()
            return revision(connection) or ""
    finally:
        engine.dispose()


def reached(url: str) -> str | None:
    """Return the revision that the database at an address is at; None for one that is empty."""
    engine = owner_engine(url)
    try:
        with engine.connect() as connection:
            return revision(connection)
    finally:
        engine.dispose()


def owner_engine(url: str) -> Engine:
    """Return an engine for the owner of the tables."""
    if not url.startswith("sqlite"):
        return create_engine(url)
    engine = create_engine(url, connect_args={"isolation_level": None})
    prepare_sqlite(engine)
    return engine


def revision(connection: Connection) -> str | None:
    """Return the revision that a database is at; None for one that is empty."""
    kept = table("alembic_version", column("version_num"))
    if not inspect(connection).has_table(kept.name):
        return None
    return connection.scalar(select(kept.c.version_num))
