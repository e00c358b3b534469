"""What the database itself refuses, whoever asks: a record of the past is never changed, replaced or destroyed."""
# these tests name the tables themselves

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from sqlalchemy import Connection, text
from sqlalchemy.exc import DBAPIError

from portal import database
from tests import make

PERMANENT = (
    "audit_entry", "submission", "rating", "signature", "frozen_document", "review_mark", "acknowledgement",
    "confirmation",
)  # fmt: skip
CHANGES = (
    "UPDATE {table} SET id = id",
    "DELETE FROM {table}",
    "TRUNCATE {table} CASCADE",
    "INSERT INTO {table} SELECT * FROM {table} ON CONFLICT (tenant_id, id) DO UPDATE SET id = {table}.id",
)


@pytest.fixture(scope="module")
def case(app: Flask) -> make.Sent:
    """An assessment that went all the way and a reviewed trail, so that each permanent table has rows."""
    case = make.closed(make.sponsor(app))
    make.reviewed(case.sponsor)
    return case


@pytest.fixture
def owner(database_urls: tuple[str, str], case: make.Sent) -> Iterator[Connection]:
    """Whoever owns the tables of PostgreSQL, looking at the case's tenant."""
    engine = database.owner_engine(database_urls[1])
    with engine.connect() as connection:
        setting = {"tenant": str(case.sponsor.id)}
        connection.execute(text("SELECT set_config('portal.tenant_id', :tenant, false)"), setting)
        yield connection
    engine.dispose()


@pytest.mark.postgresql
@pytest.mark.parametrize("table", PERMANENT)
@pytest.mark.parametrize("change", CHANGES)
def test_not_even_the_owner_changes_a_permanent_row(owner, table, change):
    assert owner.scalar(text(f"SELECT count(*) FROM {table}"))
    with pytest.raises(DBAPIError, match="this record is permanent"):
        owner.execute(text(change.format(table=table)))


@pytest.fixture
def file(request: pytest.FixtureRequest, database_urls: tuple[str, str]) -> Iterator[sqlite3.Connection]:
    """The database file as any program opens it, without the settings that the portal makes."""
    if not database_urls[1].startswith("sqlite"):
        pytest.skip("needs --database sqlite")
    request.getfixturevalue("case")
    with closing(sqlite3.connect(database_urls[1].removeprefix("sqlite:///"))) as connection:
        connection.row_factory = sqlite3.Row
        assert connection.execute("PRAGMA recursive_triggers").fetchone()[0] == 0
        yield connection


def keys(file: sqlite3.Connection, table: str) -> Iterator[tuple[str, ...]]:
    """Yield each set of columns by which SQLite would find a row to replace."""
    yield ("rowid",)
    for index in file.execute(f"PRAGMA index_list({table})").fetchall():
        if index["unique"]:
            yield tuple(row["name"] for row in file.execute(f"PRAGMA index_info({index['name']})"))


def other(value: Any) -> Any:
    return value + 1_000_000 if isinstance(value, int) else uuid4().hex


@pytest.mark.parametrize("table", PERMANENT)
@pytest.mark.parametrize("verb", ["REPLACE", "INSERT OR REPLACE"])
def test_no_row_can_be_replaced_through_any_unique_key(file, table, verb):
    row = dict(file.execute(f"SELECT rowid, * FROM {table}").fetchone())
    found = list(keys(file, table))
    assert len(found) > 1
    for key in found:
        differing = {name for names in found for name in names} - {*key, "tenant_id"}
        values = {name: other(value) if name in differing else value for name, value in row.items()}
        statement = f"{verb} INTO {table} ({', '.join(values)}) VALUES ({', '.join('?' * len(values))})"
        with pytest.raises(sqlite3.IntegrityError, match="this record is permanent"):
            file.execute(statement, list(values.values()))


@pytest.mark.parametrize("table", PERMANENT)
@pytest.mark.parametrize("change", [*CHANGES[:2], "UPDATE OR REPLACE {table} SET id = id"])
def test_no_row_of_a_file_is_changed_or_deleted(file, table, change):
    with pytest.raises(sqlite3.IntegrityError, match="this record is permanent"):
        file.execute(change.format(table=table))


@pytest.mark.parametrize("table", PERMANENT)
def test_no_row_of_a_file_is_changed_by_way_of_an_upsert(file, table):
    with pytest.raises(sqlite3.IntegrityError, match="this record is permanent"):
        file.execute(f"INSERT INTO {table} SELECT * FROM {table} WHERE true ON CONFLICT DO UPDATE SET id = {table}.id")


@pytest.mark.parametrize("table", PERMANENT)
def test_a_new_row_is_taken_as_ever(file, table):
    row = dict(file.execute(f"SELECT * FROM {table}").fetchone())
    names = {name for key in keys(file, table) for name in key} - {"rowid", "tenant_id"}
    values = {name: other(value) if name in names else value for name, value in row.items()}
    file.execute(
        f"INSERT INTO {table} ({', '.join(values)}) VALUES ({', '.join('?' * len(values))})", list(values.values())
    )
    file.rollback()
