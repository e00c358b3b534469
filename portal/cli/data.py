"""The data: migrate, sweep, doctor, score, matrix."""

from __future__ import annotations

import csv
import json
import sqlite3
import sys
from collections.abc import Iterator
from datetime import timedelta
from importlib.metadata import version
from pathlib import Path

import click
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import OperationalError, ProgrammingError

from portal import access, config, database, tenancy
from portal.cli import catalogue
from portal.cli.opening import application, installation, opened, revision, tenants
from portal.db import db, now, sqlite_journal
from portal.services import dossiers
from portal.services.evidence import keeping
from portal.store import store
from scoring import document, rubric, score
from scoring.faults import Faulty

METHOD = "SRM-1.0"
# Younger bytes may belong to an upload whose record is just being written.
LEFT_ALONE = timedelta(hours=24)


@click.command()
@click.option("--owner-url", envvar="OWNER_DATABASE_URL", help="Where the tables' owner signs in (PostgreSQL).")
@click.option("--app-role", envvar="APP_ROLE", default="", help="The role that the application signs in as.")
def migrate(owner_url: str | None, app_role: str) -> None:
    """Bring the database to the present shape."""
    settings = installation()
    try:
        url = config.database(owner_url) if owner_url else settings.database_url
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--owner-url") from None
    try:
        settings.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        click.echo(f"at revision {database.migrate(url, app_role=app_role)}")
    except OSError as error:
        raise click.ClickException(f"DATA_DIR, {settings.data_dir}: {error.strerror}") from None
    except (OperationalError, ProgrammingError) as error:
        raise click.ClickException(f"The database refused: {error.orig}") from None
    if not (app_role or settings.sqlite):
        click.echo("No rights were given. If the application signs in as a role of its own, name it with APP_ROLE.")


@click.command()
def sweep() -> None:
    """Remove stored bytes that came in more than a day ago and that no record names: uploads that were cut off."""
    before = now() - LEFT_ALONE
    named: set[str] = set()
    with opened():
        for tenant_id, _ in tenants():
            tenancy.enter(tenancy.system(tenant_id, "sweep", writes=False))
            named |= keeping.digests()
        tenancy.leave()
        if not named:
            click.echo("No record names a file, so none was removed. If that surprises you, look at DATABASE_URL.")
            return
        files, size = store().sweep(named, before)
    click.echo(f"{files} files without a record removed, {size} bytes; {len(named)} files of records kept.")


@click.command()
def doctor() -> None:
    """Print the versions and settings that matter, and what is unsafe; exit 1 if something is."""
    with opened(at_head=False) as app:
        findings = list(_findings(app))
    for name, value, fault in findings:
        click.echo(f"{'UNSAFE' if fault else 'ok':7} {name}: {value}{f'. {fault}' if fault else ''}")
    sys.exit(1 if any(fault for _, _, fault in findings) else 0)


def _findings(app: Flask) -> Iterator[tuple[str, str, str]]:
    settings: config.Config = app.extensions["portal.config"]
    yield "portal", version("cmo-oversight-portal"), ""
    yield (
        "mode",
        settings.mode,
        "" if settings.mode == "production" else "Real records need PORTAL_MODE=production",
    )
    yield "address", settings.base_url, "" if settings.secure else "People's passwords travel without TLS"
    yield "mail", *_mail(settings.mail)
    yield "heads", _heads(settings), ""
    yield "jobs", "RQ" if settings.redis_url else "in the process of portal serve or portal worker", ""
    yield "PDF engine", dossiers.engine_note() or settings.pdf_engine, ""
    yield from (_sqlite() if settings.sqlite else _postgresql())
    present = revision()
    yield "schema", present, "" if present == database.HEAD else "Run: portal migrate"
    if settings.sqlite and present == database.HEAD:
        sponsors = len(tenants())
        second = "SQLite has no second wall; use PostgreSQL for several"
        yield "sponsors", str(sponsors), second if sponsors > 1 else ""


def _mail(server: config.MailServer | None) -> tuple[str, str]:
    if server is None:
        return "none; links are copied by hand", ""
    exposed = not (server.encrypted or server.on_this_machine)
    return server.host, "Links that open records travel without TLS; use smtps://, or name a user" if exposed else ""


def _heads(settings: config.Config) -> str:
    beside = settings.heads_file.is_relative_to(settings.data_dir)
    note = "; it lies beside the data, name another machine's disk in HEADS_FILE" if beside else ""
    return f"{settings.heads_file}{f' and {settings.heads_mail}' if settings.heads_mail else ''}{note}"


def _sqlite() -> Iterator[tuple[str, str, str]]:
    yield "SQLite", sqlite3.sqlite_version, ""
    wanted = {
        "journal_mode": {sqlite_journal()[0].lower()},
        "synchronous": {"2", "3"},
        "foreign_keys": {"1"},
        "recursive_triggers": {"1"},
    }
    for name, good in wanted.items():
        value = str(db.session.scalar(text(f"PRAGMA {name}")))
        yield name, value, "" if value.lower() in good else f"Must be {' or '.join(sorted(good))}"


def _postgresql() -> Iterator[tuple[str, str, str]]:
    yield "PostgreSQL", str(db.session.scalar(text("SHOW server_version"))), ""
    yield from catalogue.findings()


@click.command(name="score")
@click.argument("file", type=click.Path(path_type=Path, exists=True, dir_okay=False))
def score_command(file: Path) -> None:
    """Rate the case in FILE (JSON) by SRM-1.0 and print the result; exit 2 and list every fault if it is bad."""
    try:
        case = document.read(json.loads(file.read_text("utf-8")))
    except (ValueError, RecursionError) as error:
        for fault in error.faults if isinstance(error, Faulty) else [f"not JSON: {error}"]:
            click.echo(str(fault), err=True)
        sys.exit(2)
    click.echo(json.dumps(score.rate(case, rubric.method(METHOD)).document(), indent=2, ensure_ascii=False))


@click.command()
@click.option("--states", is_flag=True, help="Which role may do what to an assessment in which state, instead.")
def matrix(states: bool) -> None:
    """Print which role may use which address, as CSV."""
    rows = csv.writer(sys.stdout, lineterminator="\n")
    rows.writerow(access.STATE_COLUMNS if states else access.MATRIX_COLUMNS)
    rows.writerows(access.states() if states else access.matrix(application()))
