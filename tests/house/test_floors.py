"""What each floor leaves to another; the import contracts (pyproject.toml) say which floor stands on which."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable

from tests.house.source import PRODUCT, ROOT, calls, files, functions, imported, refuse

OF_THE_REQUEST = {
    "request", "g", "session", "flash", "redirect", "url_for", "render_template", "Blueprint", "Response", "jsonify",
    "make_response", "abort", "send_file",
}  # fmt: skip
CLOCKS = {"now", "today", "utcnow", "time", "monotonic"}
# All that a view may take from the room of the database.
THE_CLOCK = {"now", "today"}
# Alembic's own script, and migrations: they run when the tool loads them.
RUN_WHEN_LOADED = ("migrations/env.py", "migrations/versions/")
# Runs in a Python of its own, where nothing is imported yet; its last line says what importing did.
IMPORT_ALL = """
import importlib, json, os, sys, threading
seen, present = [], ""
WATCHED = {"socket.connect", "socket.bind", "socket.getaddrinfo", "sqlite3.connect", "subprocess.Popen", "os.system",
           "os.mkdir", "os.remove", "os.rename", "os.rmdir", "os.chmod", "tempfile.mkstemp", "tempfile.mkdtemp"}
WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_TRUNC
def watch(event, given):
    if event in WATCHED or event == "open" and isinstance(given[2], int) and given[2] & WRITES:
        seen.append(f"{present}: {event} {given[0]!r}")
def made(*_given, **_named):
    seen.append(f"{present}: makes an application")
sys.dont_write_bytecode = True
sys.addaudithook(watch)
import flask
flask.Flask.__init__ = made
for present in json.loads(sys.argv[1]):
    importlib.import_module(present)
    if threading.active_count() > 1:
        seen.append(f"{present}: starts a thread")
        break
print(json.dumps(seen))
"""


def test_services_never_see_the_request():
    refuse(
        _imports("portal/services", lambda module, name: module.startswith("flask") and name in OF_THE_REQUEST)
        + _imports("portal/services", lambda module, _: module.startswith(("werkzeug", "flask_wtf", "wtforms"))),
        "A service takes rows and plain values by keyword. Read the request in the view and hand over what it says.",
    )


def test_views_never_query():
    refuse(
        _imports("portal/views", lambda module, _: module.startswith("sqlalchemy"))
        + _imports("portal/views", lambda module, name: module == "portal.db" and name not in THE_CLOCK)
        + _imports("portal/views", lambda module, name: (module, name) == ("portal", "db")),
        "A view takes the checked values, calls one service, and renders. Move the query into the service.",
    )


def test_models_know_no_web():
    refuse(
        _imports("portal/models", lambda module, _: module.startswith(("flask", "werkzeug", "wtforms", "jinja2"))),
        "A model is columns, constraints and relationships. What needs the web belongs into a view or a service.",
    )


def test_the_siblings_ask_no_clock():
    found = [item.place for item in functions("questionnaires", "scoring", "agreements") if calls(item.node, CLOCKS)]
    refuse(found, "Below the portal time is an argument: take `today` from the caller.")


def test_importing_any_module_does_nothing():
    modules = [_module(path) for path in files(".py", under=PRODUCT) if not path.startswith(RUN_WHEN_LOADED)]
    run = subprocess.run(
        [sys.executable, "-c", IMPORT_ALL, json.dumps(modules)], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert run.returncode == 0, run.stderr
    refuse(
        json.loads(run.stdout.splitlines()[-1]),
        "Importing a module opens no connection, writes no file, starts no thread and makes no application. "
        "Move it into a function, and call that where the program starts.",
    )


def _module(path: str) -> str:
    return path.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _imports(folder: str, bad: Callable[[str, str], bool]) -> list[str]:
    return [
        f"{path}:{line} {module} {name}".rstrip()
        for path in files(".py", under=(folder,))
        for module, name, line in imported(path)
        if bad(module, name)
    ]
