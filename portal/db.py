"""The database: one `db`, the base class, the naming of constraints, and the column types.

Identifiers are random and given at construction, so that a row can name another before either is written.
"""

from __future__ import annotations

import sqlite3
from contextlib import suppress
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from flask import Flask
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import DateTime, Dialect, Engine, MetaData, Uuid, event
from sqlalchemy.engine import Connection, ExceptionContext
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column
from sqlalchemy.types import TypeDecorator

from portal.config import Config

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}
# The releases that carry the repair of the write-ahead log's reset fault (sqlite.org, 2026).
WAL_REPAIRED = (3, 51, 3)
WAL_REPAIRED_BRANCHES = {(3, 50): 7, (3, 44): 6}


class UtcDateTime(TypeDecorator[datetime]):
    """Stores a moment in UTC and hands it back with its zone; refuses one without."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise TypeError("a moment needs its time zone")
        moment = value.astimezone(UTC)
        return moment.replace(tzinfo=None) if dialect.name == "sqlite" else moment

    def process_result_value(self, value: datetime | None, dialect: Dialect) -> datetime | None:  # noqa: ARG002
        if value is None:
            return None
        return value.replace(tzinfo=UTC) if value.tzinfo is None else value.astimezone(UTC)


class Base(DeclarativeBase):
    """The base of every table."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {datetime: UtcDateTime(), UUID: Uuid()}  # noqa: RUF012

    id: Mapped[UUID] = mapped_column(primary_key=True, sort_order=-1)


@event.listens_for(Base, "init", propagate=True)
def _give_identity(target: Base, _args: Any, values: dict[str, Any]) -> None:
    """Give the identifier and the plain defaults at once, so that the trail sees them with the row."""
    values.setdefault("id", uuid4())
    for column in target.__table__.columns:
        if column.key not in values and column.default is not None and column.default.is_scalar:
            values[column.key] = column.default.arg


# Models are plain typed classes on Base; the extension brings the session of each request.
db = SQLAlchemy(metadata=Base.metadata)


def now() -> datetime:
    """Return the present moment: the only clock of the portal (11.10(e): the time comes from the server)."""
    return datetime.now(UTC)


def today() -> date:
    """Return the present day, in UTC like every time in the portal."""
    return now().date()


def start(app: Flask, config: Config) -> None:
    """Connect the application to its database."""
    app.config["SQLALCHEMY_DATABASE_URI"] = config.database_url
    options: dict[str, Any] = {"pool_pre_ping": True, "hide_parameters": True}
    if config.sqlite:
        options["connect_args"] = {"timeout": 10, "isolation_level": None}
    app.config["SQLALCHEMY_ENGINE_OPTIONS"] = options
    db.init_app(app)
    with app.app_context():
        if config.sqlite:
            prepare_sqlite(db.engine)
        else:
            hide_values(db.engine)


def hide_values(engine: Engine) -> None:
    """Keep what people typed out of PostgreSQL's messages, and so out of every log: their details quote the row."""

    @event.listens_for(engine, "handle_error")
    def _without_detail(context: ExceptionContext) -> None:
        detail = getattr(getattr(context.original_exception, "diag", None), "message_detail", None)
        for error in (context.original_exception, context.sqlalchemy_exception):
            if detail and error is not None:
                error.args = (str(error.args[0]).replace(detail, "not shown"), *error.args[1:])


def prepare_sqlite(engine: Engine) -> None:
    """Set what SQLite needs to keep records, on each connection, and begin transactions as asked."""

    @event.listens_for(engine, "do_connect")
    def _keep_private(_dialect: object, _record: object, given: list[str], _options: object) -> None:
        # SQLite gives its journals the rights of the file. One that is there is left alone: whoever opens and closes
        # it a second time drops the locks of the first.
        if (path := Path(given[0])).is_absolute():
            with suppress(OSError):
                path.touch(mode=0o600, exist_ok=False)

    @event.listens_for(engine, "connect")
    def _settings(connection: sqlite3.Connection, _record: object) -> None:
        # SQLite's own lower() knows ASCII alone: Österreich and österreich would be two suppliers.
        connection.create_function("lower", 1, _lower, deterministic=True)
        journal, synchronous = sqlite_journal()
        for pragma in (
            f"journal_mode={journal}",
            f"synchronous={synchronous}",
            "foreign_keys=ON",
            "recursive_triggers=ON",  # so that REPLACE meets the trigger that refuses deletion
            "busy_timeout=10000",
        ):
            connection.execute(f"PRAGMA {pragma}")

    @event.listens_for(engine, "begin")
    def _begin(connection: Connection) -> None:
        # A transaction that will write takes its place at once: one that reads first and writes later
        # can be refused in the middle.
        writes = connection.get_execution_options().get("writes", False)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if writes else "BEGIN")


def _lower(text: str | None) -> str | None:
    return text.lower() if isinstance(text, str) else text


def sqlite_journal(version: tuple[int, int, int] = sqlite3.sqlite_version_info) -> tuple[str, str]:
    """Choose journal and synchronous setting: the write-ahead log only where its fault is repaired."""
    repaired = version >= WAL_REPAIRED or version[2] >= WAL_REPAIRED_BRANCHES.get(version[:2], 10**6)
    return ("WAL", "FULL") if repaired else ("DELETE", "EXTRA")
