"""Roles and permissions: the table is complete, the written matrix is what is in force, and the doors obey it."""

from __future__ import annotations

import csv
import re
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import event

from portal import access, audit, create_app, tenancy
from portal.access import CMO_ROLES, STAFF_ROLES, Mark, Unmarked
from portal.db import db
from tests import make
from tests.house.source import files, refuse, text
from tests.portal import world
from tests.portal.world import IDENTITIES, World, address, door, mark, passes, walk

MATRIX = Path(__file__).with_name("role_matrix.csv")
# Whoever holds no link meets nothing there; the guest, who does, reads these too.
NOT_THERE = (
    "visits.landing", "visits.code", "bootstrap.static", "joining.show", "resets.choosing", "single_sign_on.arrive",
    "single_sign_on.ask_proof",
)  # fmt: skip
REGENERATE = (
    "Read the difference. If it is meant: PORTAL_MODE=demo .venv/bin/portal matrix > tests/portal/role_matrix.csv"
)


@pytest.fixture(scope="module")
def whole(settings) -> Flask:
    """An application with every address, the demo's too; nothing is asked of it."""
    return create_app(replace(settings, mode="demo"))


@pytest.fixture(scope="module")
def here(app, inbox) -> World:
    return world.build(app, inbox)


@pytest.fixture(autouse=True)
def _calm(monkeypatch):
    world.calm(monkeypatch)


def test_the_written_matrix_is_the_one_in_force(whole):
    with MATRIX.open(encoding="utf-8", newline="") as source:
        header, *written = csv.reader(source)
    assert header == list(access.MATRIX_COLUMNS)
    in_force = [list(row) for row in access.matrix(whole)]
    refuse(
        [f"- {row}" for row in written if row not in in_force] + [f"+ {row}" for row in in_force if row not in written],
        f"The matrix of addresses and roles has changed. {REGENERATE}",
    )
    assert written == in_force, REGENERATE


def test_every_permission_of_the_table_is_demanded_somewhere(whole):
    demanded = {access.mark_of(whole, endpoint).permission for endpoint in whole.view_functions}
    refuse(
        sorted(access.table().keys() - demanded),
        "A permission that no address demands protects nothing. Take it out of permissions.csv.",
    )
    refuse(
        sorted(demanded - access.table().keys() - {""}),
        "A view demands a permission that the table does not have. Add it to permissions.csv.",
    )


def test_pages_ask_only_for_permissions_of_the_table():
    asked = {
        (path, found)
        for path in files(".html", under=("portal/templates",))
        for found in re.findall(r"""\bmay\(\s*['"]([^'"]*)['"]""", text(path))
    }
    refuse(
        [f"{path}: {name}" for path, name in sorted(asked) if name not in access.table()],
        "A page asks for a permission that the table does not have.",
    )


def test_every_permission_belongs_to_one_door_and_to_somebody():
    for name, roles in access.table().items():
        assert roles, f"{name}: nobody holds it"
        assert roles <= set(STAFF_ROLES) or roles <= set(CMO_ROLES), f"{name}: it opens both doors"


def test_the_table_says_what_each_permission_means():
    for row in csv.DictReader(text("portal/permissions.csv").splitlines()):
        assert row["meaning"].strip(), f"{row['permission']}: say in a few words what it lets people do"
        only = set(row.values()) - {row["permission"], row["meaning"], row["moves"]}
        assert only <= {"x", ""}, f"{row['permission']}: only x"


def test_who_sets_accounts_up_cannot_judge_and_who_only_reads_cannot_change():
    assert not access.may("admin", "assessments.review")
    assert not access.may("admin", "assessments.close")
    for role in ("viewer", "auditor"):
        theirs = {name for name in access.table() if access.may(role, name)}
        assert all(name.endswith(".view") or name == "account.own" for name in theirs), role
    assert not access.may("viewer", "audit.view")


def test_an_unknown_permission_is_an_error_and_never_a_yes():
    with pytest.raises(KeyError):
        access.may("admin", "everything.do")
    with pytest.raises(KeyError):
        access.allows("everything.do")


def test_a_view_without_a_mark_keeps_the_portal_from_starting():
    bare = Flask("bare")
    bare.add_url_rule("/open", "open", lambda: "")
    with pytest.raises(Unmarked, match=r"open: mark the view with access.allows"):
        access.refuse_silence(bare)


@pytest.mark.parametrize("identity", IDENTITIES)
def test_the_matrix_holds_at_every_address(app, here, identity):
    client, values = here.client(identity), here.values(identity)
    refused, faults = [], []
    for rule, method in walk(app):
        path = address(rule, values)
        demanded, answer = mark(app, path, method), client.open(path, method=method, buffered=True)
        expected = EXPECTED[_case(identity, demanded)]
        if not expected(answer):
            faults.append(f"{method} {path} ({demanded.permission or 'public'}): {answer.status_code}")
        if _case(identity, demanded) == "refused":
            refused.append((method, path))
    refuse(faults, f"{identity}: an answer is not what the table says (permissions.csv)")
    if identity != "nobody":
        assert Counter(_entries(here, identity)) == Counter(refused), (
            "each refusal leaves one entry, and nothing else does"
        )


def test_11_10_g_who_may_look_at_an_address_may_not_therefore_change_what_is_there(app, here):
    """Of an address that both shows and changes, each is granted by itself: whoever may only look gets 403 (H004)."""
    tried = []
    for rule, method in walk(app):
        if method != "POST":
            continue
        for role in STAFF_ROLES:
            path = address(rule, here.values(role))
            shows = "GET" in app.url_map.bind("localhost").allowed_methods(path) and passes(
                role, mark(app, path, "GET")
            )
            if shows and not passes(role, mark(app, path, "POST")):
                tried.append((role, path))
                assert here.client(role).post(path).status_code == 403, (role, path)
    assert tried, "no address both shows and changes: tell this rule how they are served now"


def _case(identity: str, demanded: Mark) -> str:
    if passes(identity, demanded):
        return "passes"
    return "refused" if demanded.door == door(identity) else f"stranger at {demanded.door}"


EXPECTED = {
    # Whatever becomes of an empty form: it was let in.
    "passes": lambda answer: answer.status_code < 500 and answer.status_code not in {401, 403},
    "refused": lambda answer: answer.status_code == 403,
    "stranger at staff": lambda answer: answer.status_code == 303 and answer.headers["Location"].startswith("/sign-in"),
    "stranger at cmo": lambda answer: answer.status_code == 401,
}


def _entries(here: World, role: str) -> list[tuple[str, str]]:
    with here.sponsor.app.app_context():
        tenancy.enter(here.sponsor.scope(writes=False))
        told = [audit.told(row) for row in audit.entries(action="access.refused", actor_role=role)]
        tenancy.leave()
    return [(entry["method"][1], entry["address"][1]) for entry in told]


def test_a_refusal_names_the_permission_and_who_was_refused(app, here):
    answer = here.client("viewer").post(f"/suppliers/{here.closed.supplier_id}/contacts")
    assert answer.status_code == 403
    assert "suppliers.edit" in answer.text
    with app.app_context():
        tenancy.enter(here.sponsor.scope(writes=False))
        entry = audit.entries(action="access.refused", actor_role="viewer")[-1]
        assert entry.actor_id == here.sponsor.persons["viewer"]
        assert audit.told(entry)["permission"] == [None, "suppliers.edit"]


@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE", "TRACE"])
def test_no_address_takes_another_method(app, here, method):
    client, values = here.client("qa"), here.values("qa")
    paths = {address(rule, values) for rule, _ in walk(app)}
    answers = {path: client.open(path, method=method, buffered=True).status_code for path in sorted(paths)}
    refuse([f"{path}: {status}" for path, status in answers.items() if status != 405], f"{method} is not refused")


# Whoever takes a file or a document away (GET) is on record, in a transaction of its own.
ON_RECORD = {
    "access_review.as_csv", "answering.open_evidence", "audit.as_csv", "audit.as_json", "dossiers.as_json",
    "dossiers.as_pdf", "dossiers.print_out", "evidence.download",
}  # fmt: skip


@pytest.mark.parametrize("identity", ["qa", "auditor", "respondent", "signer", "guest", "nobody"])
def test_reading_changes_nothing(app, here, identity):
    """GET and HEAD are harmless: scanners, previews and prefetching browsers send them unasked."""
    client, values, who = _reader(app, here, identity)
    faults = []
    for rule, method in walk(app):
        path = address(rule, values)
        if method not in {"GET", "HEAD"} or not passes(who, mark(app, path, method)):
            continue
        with app.app_context():
            written = _Written(db.engine)
        with written:
            answer = client.open(path, method=method, buffered=True)
        # Of an auditor every page is.
        taken = method == "GET" and (rule.endpoint in ON_RECORD or identity == "auditor")
        if written.tables - ({"audit_entry", "audit_head"} if taken else set()):
            faults.append(f"{method} {path} writes to {sorted(written.tables)}")
        if answer.status_code >= 400 and rule.endpoint not in NOT_THERE:
            faults.append(f"{method} {path} is no sample: it answers {answer.status_code}")
        if method == "HEAD" and answer.data:
            faults.append(f"{method} {path} sends a body")
    refuse(
        faults,
        "Reading must change nothing. What hands bytes out leaves an audit entry: name it in ON_RECORD. "
        "What changes something takes POST.",
    )


def _reader(app: Flask, here: World, identity: str) -> tuple[object, dict[str, str], str]:
    """Return a browser; the guest holds a link and asked for a code, but has not given it."""
    if identity != "guest":
        return here.client(identity), dict(here.values(identity)), identity
    client, link = app.test_client(), make.link(make.sent(here.sponsor))
    assert client.post(link).status_code == 302
    return client, {**here.values("nobody"), "token": link.rpartition("/")[2]}, "nobody"


class _Written:
    """Notes which tables are written to while it is open."""

    def __init__(self, engine: object) -> None:
        self.engine, self.tables = engine, set()

    def __enter__(self) -> _Written:
        event.listen(self.engine, "before_cursor_execute", self._note)
        return self

    def __exit__(self, *_error: object) -> None:
        event.remove(self.engine, "before_cursor_execute", self._note)

    def _note(self, _connection: object, _cursor: object, statement: str, *_rest: object) -> None:
        if found := re.match(r"\s*(?:INSERT INTO|UPDATE|DELETE FROM)\s+(\w+)", statement, re.IGNORECASE):
            self.tables.add(found[1])
