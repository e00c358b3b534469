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
    counts = r"Sponsor \w+: (\d+) entries, 2 signatures, 3 documents, 1 files; head \1:[0-9a-f]{64}; (.*)"
    found = re.fullmatch(counts, first)
    assert found is not None
    assert found[2] == "no head was kept outside, so it cannot be proved that the trail ends here"
    assert last == "Everything fits."


@pytest.mark.parametrize(
    ("statements", "place"),
    [
        (["DROP TRIGGER audit_entry_no_update", "UPDATE audit_entry SET reason = 'none' WHERE number = 7"], "entry 7 "),
        (["DROP TRIGGER audit_entry_no_delete", "DELETE FROM audit_entry WHERE number = 7"], "entry 8 "),
        (["UPDATE answer SET value = 'no' WHERE question_id = 'P11-16'"], "P11-16"),
        (["DROP TRIGGER signature_no_update", "UPDATE signature SET printed_name = 'Nobody'"], "signature "),
        (["UPDATE audit_head SET number = number - 1"], "head"),
        (["UPDATE person SET printed_name = 'Nobody' WHERE title = 'qa'"], "Person "),
        (["UPDATE tenant SET contact_email = 'mallory@example.com'"], "Tenant "),
        (["PRAGMA foreign_keys = OFF", "DELETE FROM person WHERE title = 'viewer'"], "Person "),
    ],
)
def test_verify_names_altered_records_and_fails(records, statements, place):
    as_owner(records, *statements)
    result = portal("verify")
    assert result.exit_code == 1
    damaged = [line for line in result.output.splitlines() if line.startswith("  DAMAGED ")]
    assert any(place in line for line in damaged), result.output
    assert result.output.splitlines()[-1] == "Damage was found."


def kept(folder: Path) -> Path:
    """Keep the heads outside, as an operator does who prints them."""
    file = folder.parent / "kept.jsonl"
    file.write_text(portal("heads").output)
    return file


def test_verify_compares_with_the_heads_that_were_kept_outside(records):
    file = kept(records)
    result = portal("verify", "--heads", str(file))
    assert result.exit_code == 0, result.output
    assert "; compared with 1 heads kept outside\n" in result.output


def test_11_10_e_a_trail_whose_end_was_cut_off_does_not_reach_the_head_that_was_kept_outside(records):
    """Whoever puts an older state back, trail and records together, is found by the sealed head outside."""
    older = records.parent / "older.db"
    shutil.copy(records / "portal.db", older)
    sponsor_id = json.loads(kept(records).read_text())["tenant_id"]
    words = ("--name", "Anna Berg", "--role", "qa", "--password", "plums on a painted wagon")
    assert portal("add-staff", sponsor_id, "anna.berg@acme.example", *words).exit_code == 0
    file = kept(records)
    number = json.loads(file.read_text())["number"]
    shutil.copy(older, records / "portal.db")
    assert portal("verify").exit_code == 0
    result = portal("verify", "--heads", str(file))
    assert result.exit_code == 1
    assert re.search(rf"DAMAGED head: history ends at \d+, the sealed head outside is {number} of 20", result.output)


def test_verify_names_a_sponsor_that_is_gone_with_its_trail(records, tmp_path):
    older = tmp_path / "older.db"
    shutil.copy(records / "portal.db", older)
    assert portal("add-sponsor", "Acme Pharma", "--contact", "quality@acme.example").exit_code == 0
    file = kept(records)
    shutil.copy(older, records / "portal.db")
    result = portal("verify", "--heads", str(file))
    assert result.exit_code == 1
    assert re.search(r"DAMAGED sponsor [0-9a-f-]{36}: has a head outside, but is gone from here", result.output)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (lambda line: line.replace('"number":', '"number":9'), "line 1 has a seal that does not fit"),
        (lambda line: line[:40], "line 1 cannot be read"),
        (lambda line: line + "\n\x00", "line 2 cannot be read"),
        (lambda _: "[1]", "line 1 cannot be read"),
    ],
)
def test_verify_names_a_kept_head_that_cannot_be_trusted(records, change, told):
    file = kept(records)
    file.write_text(change(file.read_text().strip()) + "\n")
    result = portal("verify", "--heads", str(file))
    assert result.exit_code == 1
    assert f"DAMAGED {file}: {told}" in result.output


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
