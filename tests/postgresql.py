"""A temporary PostgreSQL database with an owner, and a role for the application that owns nothing."""

from __future__ import annotations

import os
import secrets
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import create_engine, text

from portal import database

POSTGRESQL = os.environ.get("TEST_POSTGRESQL_URL", "postgresql://postgres@127.0.0.1:5432/postgres")


@contextmanager
def temporary(*, migrated: bool = True) -> Iterator[tuple[str, str]]:
    """Yield the application's and the owner's address of a fresh database, migrated if asked; drop it afterwards."""
    name = f"portal_test_{secrets.token_hex(4)}"
    owner, app_role = f"{name}_owner", f"{name}_app"
    admin = create_engine(POSTGRESQL.replace("postgresql://", "postgresql+psycopg://"), isolation_level="AUTOCOMMIT")
    with admin.connect() as connection:
        for role in (owner, app_role):
            connection.execute(text(f"CREATE ROLE {role} LOGIN PASSWORD 'test'"))
        connection.execute(text(f"CREATE DATABASE {name} OWNER {owner}"))
    host = POSTGRESQL.split("@")[1].rsplit("/", 1)[0]
    owner_url, app_url = (f"postgresql+psycopg://{role}:test@{host}/{name}" for role in (owner, app_role))
    try:
        if migrated:
            database.migrate(owner_url, app_role=app_role)
        yield app_url, owner_url
    finally:
        with admin.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
            for role in (owner, app_role):
                connection.execute(text(f"DROP ROLE {role}"))
        admin.dispose()
