"""Bring the database to the present shape, as the owner of its tables."""

from __future__ import annotations

from alembic import command
from alembic.config import Config as Alembic
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Engine, create_engine

import migrations
from migrations import guards
from portal.db import prepare_sqlite

HEAD = "0001"


def migrate(url: str, *, app_role: str = "") -> str:
    """Run what is missing and return the revision reached; `app_role` is given what the application needs."""
    engine = owner_engine(url)
    try:
        with engine.connect() as connection:
            settings = Alembic()
            settings.set_main_option("script_location", migrations.__path__[0])
            settings.attributes.update(connection=connection)
            command.upgrade(settings, HEAD)
            # After every run, not in a migration: the role may have been named, or made, later.
            guards.give_rights(connection, app_role)
            connection.commit()
            return revision(connection) or ""
    finally:
        engine.dispose()


def owner_engine(url: str) -> Engine:
    """Return an engine for the owner of the tables."""
    if not url.startswith("sqlite"):
        return create_engine(url)
    engine = create_engine(url, connect_args={"isolation_level": None})
    prepare_sqlite(engine)
    return engine


def revision(connection: object) -> str | None:
    """Return the revision that a database is at."""
    return MigrationContext.configure(connection).get_current_revision()  # type: ignore[arg-type]
