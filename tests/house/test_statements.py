"""What only a few named places may do: go round the session with raw statements, and settle a transaction."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from tests.house.source import PRODUCT, blocks, calls, files, imported, own, refuse

# Where a statement may go round the session's filter or the trail, and why.
MAY_GO_ROUND = {
    "portal/tenancy.py _tell_postgresql": "tells PostgreSQL the tenant, for row-level security",
    "portal/tenancy.py _names_tenant_table": "looks at a statement's tables; runs nothing",
    "portal/audit.py _chain": "writes the trail's own entries, which have no trail",
    "portal/db.py _give_identity": "reads the names and defaults of columns; runs nothing",
    "portal/db.py prepare_sqlite._begin": "begins SQLite's transactions",
    "portal/cli/data.py _sqlite": "reads SQLite's settings",
    "portal/cli/data.py _postgresql": "reads PostgreSQL's version",
    "portal/cli/catalogue.py findings": "reads PostgreSQL's rights",
    "portal/database.py owner_engine": "opens the owner's connection, for migrations",
    "portal/database.py revision": "reads the number that the migration tool keeps",
}
# Written in the database's own language: the models cannot say triggers, policies and rights.
IN_ITS_OWN_LANGUAGE = "migrations/"
BY_NAME = {
    "text", "Table", "table", "column", "literal_column", "TextClause", "insert", "update", "delete", "create_engine",
}  # fmt: skip
BY_ATTRIBUTE = {"__table__", "exec_driver_sql", "raw_connection", "bulk_save_objects", "bulk_insert_mappings", "tables"}
# Which service settles a transaction of its own, and why.
MAY_SETTLE = {
    "portal/services/accounts/throttle.py take": "a try counts, whatever comes of the request",
    "portal/services/accounts/throttle.py forget": "the count starts afresh, whatever comes of the request",
    "portal/services/accounts/attempts.py put_on_record": "a wrong try is on record with each sponsor, then refused",
    "portal/services/accounts/attempts.py sound_now": "the alarm goes out though the request is refused",
    "portal/services/accounts/own.py switch": "the stay ends with one sponsor before one begins with another",
    "portal/services/accounts/sessions.py _note_visit": "the last visit is noted on requests that only read too",
    "portal/services/assessments/visits.py _right": "a try counts, so that no failure gives a free one",
    "portal/services/verification/whole.py _at_one_moment": "every pass must see the same rows, so it begins anew",
    "portal/services/verification/whole.py _files": "the database is let go while gigabytes are read",
    "portal/services/assessments/visits.py enter": "the last visit is noted on requests that only read too",
}
SETTLES = {"commit", "rollback", "scoped"}
LEAVE_IT = ("portal/services", "portal/views", "portal/forms", "portal/models", "portal/dossier")


def test_raw_statements_and_bare_tables_stand_only_where_a_reason_is_written():
    used = [
        use for path in files(".py", under=PRODUCT) if not path.startswith(IN_ITS_OWN_LANGUAGE) for use in _uses(path)
    ]
    refuse(
        [f"{place}: {what}" for place, what in used if place not in MAY_GO_ROUND],
        "The filter of the wall and the listener of the trail see ORM statements alone. Write select(Model). "
        "If it cannot be said so, name the function in MAY_GO_ROUND with the reason.",
    )
    refuse(
        sorted(MAY_GO_ROUND.keys() - {place for place, _ in used}),
        "MAY_GO_ROUND names what goes round nothing any more. Take it out.",
    )


def test_services_and_views_leave_the_commit_to_the_hook():
    found = {place for path in files(".py", under=LEAVE_IT) for place, node in blocks(path) if calls(node, SETTLES)}
    refuse(
        sorted(found - MAY_SETTLE.keys()),
        "A write request commits once, in portal/__init__.py, or not at all. Only what must outlive a refusal "
        "settles by itself: name it in MAY_SETTLE with the reason.",
    )
    refuse(sorted(MAY_SETTLE.keys() - found), "MAY_SETTLE names what settles nothing any more. Take it out.")


def _uses(path: str) -> Iterator[tuple[str, str]]:
    taken = {name for module, name, _ in imported(path) if module.startswith("sqlalchemy")}
    if "" in taken:
        yield path, "import the names themselves from sqlalchemy, so that this rule can see them"
    for place, node in blocks(path):
        for part in own(node):
            if isinstance(part, ast.Name) and part.id in taken & BY_NAME:
                yield place, part.id
            elif isinstance(part, ast.Attribute) and part.attr in BY_ATTRIBUTE:
                yield place, ast.unparse(part)
