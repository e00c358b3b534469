"""Opening an installation for a command: its settings, its application, and a database that can be used."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from uuid import UUID

import click
from flask import Flask
from sqlalchemy import select
from sqlalchemy.exc import OperationalError, ProgrammingError

from portal import config, create_app, database, tenancy
from portal.cli import catalogue
from portal.db import db
from portal.errors import PortalError
from portal.models.accounts import Tenant

# PostgreSQL's code; its driver is not loaded where SQLite serves.
INSUFFICIENT_PRIVILEGE = "42501"


def application() -> Flask:
    """Build the application of this installation."""
    return create_app(installation())


def installation(env: Mapping[str, str] = os.environ, *, serving: bool = False) -> config.Config:
    """Return the settings of the environment, or say in plain words which of them the portal does not start with."""
    try:
        return config.from_environment(env, serving=serving)
    except config.Unsafe as error:
        sys.exit("The portal does not start with these settings:\n- " + "\n- ".join(error.faults))


@contextmanager
def opened(*, at_head: bool = True) -> Iterator[Flask]:
    """Open the application for a command, or say in plain words why its database cannot be used."""
    app = application()
    with app.app_context():
        try:
            tenancy.enter_unscoped(writes=False)
            if at_head and (present := revision()) != database.HEAD:
                raise click.ClickException(f"The database is at revision {present}. Run: portal migrate")
            yield app
        except OperationalError as error:
            hint = ". Run: portal migrate, if there is none yet" if db.engine.dialect.name == "sqlite" else ""
            raise click.ClickException(f"The database does not answer: {error.orig}{hint}") from None
        except ProgrammingError as error:
            if getattr(error.orig, "sqlstate", None) != INSUFFICIENT_PRIVILEGE:
                raise
            text = "The application's role has no rights yet. Run: portal migrate, with APP_ROLE"
            raise click.ClickException(text) from None
        except PortalError as error:
            raise click.ClickException(error.text) from None
        finally:
            tenancy.leave()
            db.engine.dispose()


def ready() -> Flask:
    """Return the application once it is known to be fit to serve, with a database at the present shape."""
    settings = installation(serving=True)
    with opened() as app:
        if settings.mode == "production" and not settings.sqlite:
            _refuse_unsafe_role()
        return app


def _refuse_unsafe_role() -> None:
    faults = [f"{name}: {value}. {fault}" for name, value, fault in catalogue.findings() if fault]
    if faults:
        raise click.ClickException("\n- ".join(["The portal does not serve as this role of the database:", *faults]))


def tenants() -> list[tuple[UUID, str]]:
    """Return id and name of every sponsor of the open database, by name."""
    tenancy.enter_unscoped(writes=False)
    return [(row.id, row.name) for row in db.session.scalars(select(Tenant).order_by(Tenant.name))]


def revision() -> str:
    """Return the revision of the open database, or 'none'."""
    return database.revision(db.session.connection()) or "none"
