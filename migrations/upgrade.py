"""Running the migrations on a connection of the owner of the tables."""

from __future__ import annotations

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection

import migrations
from migrations import guards


def upgrade(connection: Connection, revision: str, *, app_role: str = "") -> None:
    """Bring a database to a revision, then give the application's role what it needs."""
    settings = Config()
    settings.set_main_option("script_location", migrations.__path__[0])
    settings.attributes.update(connection=connection)
    command.upgrade(settings, revision)
    # After every run, not in a migration: the role may have been named, or made, later.
    guards.give_rights(connection, app_role)
