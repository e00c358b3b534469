"""The migrations and the models say the same, and the last migration is the one that the portal asks for."""

from __future__ import annotations

import re

import pytest
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import text

import migrations
from portal import database
from portal.db import Base
from portal.tenancy import TenantOwned
from tests.house.source import files, refuse
from tests.house.source import text as text_of

WALLED = sorted(
    mapper.class_.__tablename__ for mapper in Base.registry.mappers if issubclass(mapper.class_, TenantOwned)
)


@pytest.fixture
def script() -> ScriptDirectory:
    settings = Config()
    settings.set_main_option("script_location", migrations.__path__[0])
    return ScriptDirectory.from_config(settings)


@pytest.fixture
def owner(app, database_urls):
    """The owner's connection to the migrated database."""
    engine = database.owner_engine(database_urls[1])
    with engine.connect() as connection:
        yield connection
    engine.dispose()


def test_the_last_migration_is_the_one_that_the_portal_asks_for(script):
    heads = script.get_heads()
    assert heads == [database.HEAD], (
        f"migrations end at {heads}, portal.database.HEAD is {database.HEAD}: one line of migrations, and HEAD its end"
    )


def test_migrations_are_numbered_without_a_gap(script):
    numbers = sorted(item.revision for item in script.walk_revisions())
    assert numbers == [f"{number:04d}" for number in range(1, len(numbers) + 1)], (
        "a migration is numbered 0001, 0002, ... and its file begins with its number"
    )
    names = files(".py", under=("migrations/versions",))
    refuse(
        [name for name in names if not re.fullmatch(r"migrations/versions/\d{4}_[a-z0-9_]+\.py", name)],
        "A migration's file is called by its number and what it does: 0002_findings.py.",
    )


def test_a_migration_goes_forward_alone(script):
    refuse(
        [item.path for item in script.walk_revisions() if "def downgrade" in text_of(str(item.path))],
        "A migration of regulated records is not undone: mend forward, or restore the backup. Leave out downgrade.",
    )


def test_the_models_are_what_the_migrations_make(owner):
    context = MigrationContext.configure(
        owner, opts={"compare_type": True, "compare_server_default": True, "target_metadata": Base.metadata}
    )
    differences = [str(difference) for difference in compare_metadata(context, Base.metadata)]
    refuse(differences, "Models and migrations differ. Write a migration for what changed.")


def test_the_migrated_database_is_at_the_head(owner):
    assert database.revision(owner) == database.HEAD


@pytest.mark.postgresql
def test_postgresql_keeps_a_second_wall_around_every_tenant_table(owner):
    rows = owner.execute(
        text("SELECT relname, relrowsecurity AND relforcerowsecurity FROM pg_class WHERE relkind = 'r'")
    )
    walls = {name: bool(walled) for name, walled in rows}
    refuse(
        [name for name in WALLED if not walls.get(name)],
        "Row-level security is enabled and forced on every tenant table: call guards.wall(table) in its migration.",
    )
    policies = {
        row[0] for row in owner.execute(text("SELECT tablename FROM pg_policies WHERE policyname = 'own_tenant'"))
    }
    assert policies == set(WALLED), "each tenant table has the policy own_tenant, and no other table has"
