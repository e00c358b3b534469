"""Run every measurement on SQLite and, where one is reachable, on PostgreSQL: `make bench`."""

from __future__ import annotations

import platform
import sqlite3
import tempfile
from importlib.metadata import version
from pathlib import Path

from portal import config, create_app, database
from portal.db import db
from tests.bench import pages, saving
from tests.postgresql import POSTGRESQL, temporary
from tests.services import reachable


def main() -> None:
    """Print the report."""
    print(f"Python {platform.python_version()}, Flask {version('flask')}, SQLAlchemy {version('sqlalchemy')}, "
          f"SQLite {sqlite3.sqlite_version}, {platform.machine()}")  # fmt: skip
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        url = f"sqlite:///{folder / 'portal.db'}"
        database.migrate(url)
        _run("SQLite", folder, url, f"sqlite:///{folder / 'bare.db'}")
    if not reachable(POSTGRESQL):
        print("LEFT OUT: PostgreSQL, because none is reachable")
        return
    with temporary() as (app_url, _), temporary() as (_, bare_url), tempfile.TemporaryDirectory() as name:
        _run("PostgreSQL", Path(name), app_url, bare_url)


def _run(title: str, folder: Path, url: str, bare_url: str) -> None:
    env = {
        "PORTAL_MODE": "test", "SECRET_KEY": "bench-secret-" * 4, "AUDIT_KEY": "bench-audit-" * 4,
        "DATABASE_URL": url, "DATA_DIR": str(folder),
    }  # fmt: skip
    app = create_app(config.from_environment(env))
    app.config["WTF_CSRF_ENABLED"] = False
    print(f"\n{title}")
    for line in (*saving.measure(app, env, folder, bare_url), *pages.measure(app)):
        print(f"  {line}")
    with app.app_context():
        db.engine.dispose()


if __name__ == "__main__":
    main()
