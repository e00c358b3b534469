"""The operator's commands on data: what they print, and with which exit code."""

from __future__ import annotations

import csv
import hashlib
import json
import os
import re
import shutil
import sqlite3
import time
from contextlib import closing
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from portal import access, config, create_app, database
from portal.cli import main
from portal.db import db
from tests import make

PRODUCTION = {
    "PORTAL_MODE": "production",
    "BASE_URL": "https://portal.example.com",
    "SECRET_KEY": "mXw2-vT9q_Rk4sLz8YbN1cHd6JfG3pAe5UiO7yQt",
    "AUDIT_KEY": "Zk8-wQ1r_Tn5vMx9YcB2dJe7KgH4qAf6UjP3zSo0",
}
GOLDEN = """
Q1 | Access and signature | critical | implemented | E4
Q2 | Access and signature | major | implemented | E2
Q3 | Access and signature | major | partial | E2
Q4 | Access and signature | minor | na_accepted | E0
Q5 | Audit trail | critical | no | E0
Q6 | Audit trail | major | implemented | E2
Q7 | Audit trail | minor | implemented | E0
Q8 | Continuity | critical | implemented | E3
Q9 | Continuity | major | implemented | E2
Q10 | Continuity | minor | unanswered | E0
"""
# What SRM-1.0's description says of its golden case, as it is printed.
PRINTED = """\
{
  "impact": 5,
  "exposure_level": 3,
  "inherent": 4,
  "domains": {
    "Access and signature": 85.5,
    "Audit trail": 24.2,
    "Continuity": 85.4
  },
  "assurance": 65.0,
  "assurance_exact": "1691/26",
  "vulnerability": 3,
  "matrix_level": 3,
  "drivers": [
    [
      4,
      "gate failed: Q5"
    ],
    [
      4,
      "weak domain <40: Audit trail"
    ]
  ],
  "final": 4,
  "final_name": "high",
  "completeness": 97.6,
  "confidence": 91.5,
  "implementation_only": 71.0,
  "stress_assurance": 61.7,
  "stress_final": 4,
  "status": "provisional",
  "input_digest": "66238cf4de130b23bfd2e2899c84c3780bf8b1455d6c0caf70af656863e67b39",
  "method": "SRM-1.0"
}
"""


def portal(*words: str, **options: str) -> Result:
    return CliRunner().invoke(main, list(words), catch_exceptions=False, **options)


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """The data folder of an installation of its own, in production, on SQLite."""
    for name, value in PRODUCTION.items():
        monkeypatch.setenv(name, value)
    for name in ("DATABASE_URL", "MAIL_URL", "REDIS_URL", "OWNER_DATABASE_URL", "APP_ROLE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DATA_DIR", str(tmp_path / "data"))
    return tmp_path / "data"


@pytest.fixture(scope="module")
def closed(tmp_path_factory) -> Path:
    """A data folder with one closed case and one file; damaged only in copies."""
    folder = tmp_path_factory.mktemp("closed")
    settings = config.from_environment(PRODUCTION | {"DATA_DIR": str(folder)})
    database.migrate(settings.database_url)
    app = create_app(settings)
    case = make.answered(make.sponsor(app))
    make.attached(case, "P11-01")
    make.signer(case)
    make.submit(case)
    make.judged(case)
    make.close(case)
    with app.app_context():
        db.engine.dispose()
    return folder


@pytest.fixture
def records(folder, closed) -> Path:
    """A copy of the closed case, as the installation's data."""
    shutil.copytree(closed, folder)
    return folder


@pytest.fixture
def migrated(folder) -> Path:
    assert portal("migrate").exit_code == 0
    return folder


def as_owner(folder: Path, *statements: str) -> None:
    """Change records as somebody could who holds the database's file."""
    connection = sqlite3.connect(folder / "portal.db")
    for statement in statements:
        connection.execute(statement)
    connection.commit()
    connection.close()


def case_of(lines: str) -> dict[str, object]:
    names = ("id", "domain", "class", "answer", "evidence")
    rows = [[part.strip() for part in line.split("|")] for line in lines.strip().splitlines()]
    questions = [dict(zip(names, row, strict=True)) for row in rows]
    return {"impact": [5, 4, 4], "exposure": [3, 4, 2, 3], "questions": questions}


def test_score_prints_the_golden_case_as_its_description_says(tmp_path):
    file = tmp_path / "case.json"
    file.write_text(json.dumps(case_of(GOLDEN)))
    result = portal("score", str(file))
    assert (result.exit_code, result.stdout) == (0, PRINTED)


def test_score_needs_no_settings_and_no_database(tmp_path, monkeypatch):
    monkeypatch.setenv("PORTAL_MODE", "production")
    monkeypatch.delenv("SECRET_KEY", raising=False)
    file = tmp_path / "case.json"
    file.write_text(json.dumps(case_of(GOLDEN)))
    assert portal("score", str(file)).stdout == PRINTED


@pytest.mark.parametrize(
    ("content", "faults"),
    [
        (
            b'{"impact": [5, 4], "exposure": [3, 4, 2, 9], "questions": [{"id": "Q1", "class": "grave"}], "x": 1}',
            ["impact", "exposure[3]", "questions[0].domain", "questions[0].class", "questions[0].answer", "x"],
        ),
        (b"[]", ["document"]),
        (b"{", ["not JSON"]),
        (b"\xff\xfe", ["not JSON"]),
        (b"[" * 100_000, ["not JSON"]),
        (b'{"impact": ' + b"9" * 5000 + b"}", ["not JSON"]),
    ],
)
def test_score_names_every_fault_of_a_bad_file_by_its_place(tmp_path, content, faults):
    file = tmp_path / "case.json"
    file.write_bytes(content)
    result = portal("score", str(file))
    assert (result.exit_code, result.stdout) == (2, "")
    assert {line.partition(":")[0] for line in result.stderr.splitlines()} == set(faults)


def test_migrate_says_where_the_database_is_and_may_be_run_again(folder):
    for _ in range(2):
        result = portal("migrate")
        assert (result.exit_code, result.output) == (0, f"at revision {database.HEAD}\n")


def test_no_command_starts_with_unsafe_settings(folder, monkeypatch):
    monkeypatch.setenv("SECRET_KEY", "changeme")
    monkeypatch.setenv("BASE_URL", "http://portal.example.com")
    for command in ("migrate", "verify", "doctor", "matrix"):
        result = portal(command)
        assert result.exit_code == 1
        assert "does not start with these settings" in result.output
        assert "SECRET_KEY" in result.output
        assert "BASE_URL" in result.output


def test_migrate_refuses_an_owner_of_another_kind_of_database(folder):
    result = portal("migrate", "--owner-url", "mysql://owner:secret@db/portal")
    assert result.exit_code == 2
    assert "postgresql://" in result.output
    assert "secret" not in result.output


def test_verify_says_what_it_recomputed(records):
    result = portal("verify")
    assert result.exit_code == 0, result.output
    first, last = result.output.splitlines()
    assert re.fullmatch(r"Sponsor \w+: (\d+) entries, 2 signatures, 3 documents, 1 files; head \1:[0-9a-f]{64}", first)
    assert last == "Everything fits."


@pytest.mark.parametrize(
    ("statements", "place"),
    [
        (["DROP TRIGGER audit_entry_no_update", "UPDATE audit_entry SET reason = 'none' WHERE number = 7"], "entry 7 "),
        (["DROP TRIGGER audit_entry_no_delete", "DELETE FROM audit_entry WHERE number = 7"], "entry 8 "),
        (["UPDATE answer SET value = 'no' WHERE question_id = 'P11-16'"], "P11-16"),
        (["DROP TRIGGER signature_no_update", "UPDATE signature SET printed_name = 'Nobody'"], "signature "),
        (["UPDATE audit_head SET number = number - 1"], "head"),
    ],
)
def test_verify_names_altered_records_and_fails(records, statements, place):
    as_owner(records, *statements)
    result = portal("verify")
    assert result.exit_code == 1
    damaged = [line for line in result.output.splitlines() if line.startswith("  DAMAGED ")]
    assert any(place in line for line in damaged), result.output
    assert result.output.splitlines()[-1] == "Damage was found."


@pytest.mark.parametrize("harm", [lambda file: file.write_bytes(b"other"), lambda file: file.unlink()])
def test_verify_names_a_file_that_was_altered_or_lost(records, harm):
    (file,) = (records / "evidence").glob("??/*")
    file.chmod(0o600)
    harm(file)
    result = portal("verify")
    assert result.exit_code == 1
    assert f"evidence validation.pdf ({file.name[:16]}) of question P11-01" in result.output


def stray(records: Path, data: bytes = b"an upload that was cut off") -> Path:
    """Put bytes into the store that no record names, and let all that lies there come in two days ago."""
    digest = hashlib.sha256(data).hexdigest()
    found = records / "evidence" / digest[:2] / digest
    found.parent.mkdir(parents=True, exist_ok=True)
    found.write_bytes(data)
    for path in (records / "evidence").glob("??/*"):
        os.utime(path, (time.time() - 2 * 24 * 3600,) * 2)
    return found


def test_sweep_frees_what_no_record_of_any_sponsor_names_and_keeps_the_rest(records):
    app = create_app(config.from_environment(PRODUCTION | {"DATA_DIR": str(records)}))
    make.attached(make.sent(make.sponsor(app)), "P11-01", data=make.PDF + b"of a second sponsor")
    with app.app_context():
        db.engine.dispose()
    left = stray(records)
    result = portal("sweep")
    assert (result.exit_code, result.output) == (
        0, "1 files without a record removed, 26 bytes; 2 files of records kept.\n"
    )  # fmt: skip
    assert not left.exists()
    assert portal("verify").output.endswith("Everything fits.\n")


def test_sweep_removes_nothing_where_no_record_names_a_file_at_all(migrated):
    left = stray(migrated)
    result = portal("sweep")
    assert (result.exit_code, "look at DATABASE_URL" in result.output) == (0, True)
    assert left.exists()


def test_doctor_finds_nothing_unsafe_in_a_good_installation(migrated):
    result = portal("doctor")
    assert result.exit_code == 0, result.output
    assert all(line.startswith("ok ") for line in result.output.splitlines())
    assert f"schema: {database.HEAD}" in result.output


def test_doctor_says_what_is_unsafe_and_what_to_do(migrated, monkeypatch):
    for name in ("First", "Second"):
        assert portal("add-sponsor", name, "--contact", "qa@sponsor.example").exit_code == 0
    monkeypatch.setenv("PORTAL_MODE", "test")
    monkeypatch.setenv("BASE_URL", "http://portal.example.com")
    result = portal("doctor")
    unsafe = [line.split()[1] for line in result.output.splitlines() if line.startswith("UNSAFE")]
    assert (result.exit_code, unsafe) == (1, ["mode:", "address:", "sponsors:"])


@pytest.mark.parametrize(
    ("url", "code"), [("smtp://mail.example.com", 1), ("smtps://mail.example.com", 0), ("smtp://localhost", 0)]
)
def test_doctor_warns_of_mails_that_can_be_read_on_the_way(migrated, monkeypatch, url, code):
    monkeypatch.setenv("MAIL_URL", url)
    monkeypatch.setenv("MAIL_SENDER", "portal@example.com")
    result = portal("doctor")
    assert result.exit_code == code, result.output
    assert ("UNSAFE  mail: mail.example.com" in result.output) == bool(code)


@pytest.mark.parametrize(
    ("command", "code"),
    [(["doctor"], 1), (["verify"], 1), (["sweep"], 1), (["add-sponsor", "A", "--contact", "a@b.example"], 1)],
)
def test_a_command_says_to_migrate_first(folder, command, code):
    folder.mkdir()
    result = portal(*command)
    assert result.exit_code == code
    assert "Run: portal migrate" in result.output


def test_what_migrate_makes_is_for_the_portals_own_user_alone(folder):
    before = os.umask(0o022)
    try:
        assert portal("migrate").exit_code == 0
        with closing(sqlite3.connect(folder / "portal.db", isolation_level=None)) as writer:
            writer.execute("BEGIN IMMEDIATE")
            writer.execute("CREATE TABLE passing (id)")
            found = {path.name: f"{path.stat().st_mode & 0o777:o}" for path in (folder, *folder.iterdir())}
    finally:
        os.umask(before)
    assert found.pop("data") == "700"
    assert found.pop("portal.db") == "600"
    assert set(found) & {"portal.db-journal", "portal.db-wal"}, "a journal is written beside the file"
    assert set(found.values()) == {"600"}


def test_a_database_that_is_there_keeps_the_rights_that_it_has(migrated):
    (migrated / "portal.db").chmod(0o640)
    assert portal("verify").exit_code == 0
    assert (migrated / "portal.db").stat().st_mode & 0o777 == 0o640


def test_migrate_says_that_its_folder_cannot_be_made(folder):
    folder.write_text("not a folder")
    result = portal("migrate")
    assert result.exit_code == 1
    assert f"DATA_DIR, {folder}: " in result.output


@pytest.mark.parametrize("command", ["doctor", "verify"])
def test_a_command_says_that_the_database_does_not_answer(folder, command):
    result = portal(command)
    assert result.exit_code == 1
    assert "The database does not answer" in result.output


def test_matrix_prints_every_address_as_csv(folder):
    result = portal("matrix")
    rows = list(csv.reader(result.output.splitlines()))
    assert rows[0] == list(access.MATRIX_COLUMNS)
    assert ["/audit", "GET", "audit.view", "admin approver auditor qa"] in rows
