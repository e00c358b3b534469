"""What somebody who owns the database could do past the portal, and what verification has to say about it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import uuid4

from sqlalchemy import Connection, Table, delete, insert, select, text, update

from portal import audit, manifest
from portal.db import Base
from portal.services import signatures
from tests import make

TABLES = Base.metadata.tables
ENTRY, HEAD, SIGNATURE, SUBMISSION, RATING, ANSWER = (
    TABLES[name] for name in ("audit_entry", "audit_head", "signature", "submission", "rating", "answer")
)
# Place and kind of each damage, as far as the words matter.
Expected = Sequence[tuple[str, str]]


class Vandal:
    """Changes rows of one tenant past the portal."""

    def __init__(self, connection: Connection, sponsor: make.Sponsor) -> None:
        self.connection, self.sponsor, self.tenant = connection, sponsor, sponsor.id
        if connection.dialect.name == "postgresql":
            setting = {"tenant": str(self.tenant)}
            connection.execute(text("SELECT set_config('portal.tenant_id', :tenant, true)"), setting)

    def rows(self, table: Table, **where: Any) -> list[dict[str, Any]]:
        statement = select(table).where(*self._where(table, where))
        return [dict(row._mapping) for row in self.connection.execute(statement)]

    def change(self, table: Table, where: dict[str, Any], **values: Any) -> None:
        assert self.connection.execute(update(table).where(*self._where(table, where)).values(**values)).rowcount

    def delete(self, table: Table, *conditions: Any, **where: Any) -> None:
        assert self.connection.execute(delete(table).where(*self._where(table, where), *conditions)).rowcount

    def add(self, table: Table, row: dict[str, Any]) -> None:
        self.connection.execute(insert(table).values(**row))

    def entries(self) -> list[dict[str, Any]]:
        return sorted(self.rows(ENTRY), key=lambda row: row["number"])

    def _where(self, table: Table, where: dict[str, Any]) -> list[Any]:
        return [table.c.tenant_id == self.tenant, *(table.c[name] == value for name, value in where.items())]


def remake(vandal: Vandal, entries: list[dict[str, Any]]) -> None:
    """Write a chain again with fitting digests, and its head as far as that goes without the key."""
    previous = audit.START
    for entry in entries:
        entry["previous"] = previous
        previous = entry["digest"] = audit.digest_of(entry)
        vandal.change(ENTRY, {"number": entry["number"]}, **entry)
    vandal.change(HEAD, {}, number=entries[-1]["number"], digest=previous)


# Damage to the trail itself.


def flip_content(vandal: Vandal) -> Expected:
    vandal.change(ENTRY, {"number": 7}, actor_name="Somebody else")
    return [("entry 7 (", "content was altered")]


def remove_from_the_middle(vandal: Vandal) -> Expected:
    vandal.delete(ENTRY, number=7)
    return [("entry 8 (", "comes directly after entry 6")]


def remove_from_the_start(vandal: Vandal) -> Expected:
    vandal.delete(ENTRY, ENTRY.c.number < 4)
    return [("entry 4 (", "comes directly after entry 0")]


def remove_and_close_the_gap(vandal: Vandal) -> Expected:
    entries = vandal.entries()
    vandal.delete(ENTRY, number=len(entries) - 1)
    vandal.change(ENTRY, {"number": len(entries)}, number=len(entries) - 1)
    return [(f"entry {len(entries) - 1} (", "does not follow"), ("head", f"the sealed head is {len(entries)}")]


def swap(vandal: Vandal) -> Expected:
    for before, after in ((7, -1), (8, 7), (-1, 8)):
        vandal.change(ENTRY, {"number": before}, number=after)
    return [("entry 7 (", "content was altered"), ("entry 8 (", "does not follow")]


def forge(vandal: Vandal) -> Expected:
    last = vandal.entries()[-1]
    forged = {**last, "id": uuid4(), "number": last["number"] + 1, "previous": last["digest"], "reason": "forged"}
    vandal.add(ENTRY, {**forged, "digest": audit.digest_of(forged)})
    return [("head", f"history ends at {forged['number']}, the sealed head is {last['number']}")]


def cut_the_tail(vandal: Vandal) -> Expected:
    count = len(vandal.entries())
    vandal.delete(ENTRY, ENTRY.c.number > count - 3)
    return [("head", f"history ends at {count - 3}, the sealed head is {count}")]


def cut_the_tail_and_move_the_head(vandal: Vandal) -> Expected:
    entries = vandal.entries()[:-3]
    vandal.delete(ENTRY, ENTRY.c.number > len(entries))
    vandal.change(HEAD, {}, number=len(entries), digest=entries[-1]["digest"])
    return [("head", "the seal does not fit")]


def make_the_whole_chain_again(vandal: Vandal) -> Expected:
    entries = vandal.entries()
    entries[6]["actor_name"] = "Somebody else"
    remake(vandal, entries)
    return [("head", "the seal does not fit: the chain was made again without the key")]


def make_the_whole_chain_again_with_another_key(vandal: Vandal) -> Expected:
    make_the_whole_chain_again(vandal)
    head = vandal.rows(HEAD)[0]
    parts = (str(vandal.tenant), str(head["number"]), head["digest"])
    vandal.change(HEAD, {}, seal=manifest.seal(b"another key", *parts))
    return [("head", "the seal does not fit")]


def remove_everything(vandal: Vandal) -> Expected:
    vandal.delete(ENTRY)
    vandal.delete(HEAD)
    return [("head", "is missing")]


# Damage to what the trail is about.


def change_an_answer(vandal: Vandal) -> Expected:
    vandal.change(ANSWER, {"question_id": "P11-05"}, value="partial")
    (row,) = vandal.rows(ANSWER, question_id="P11-05")
    return [
        ("Submission", "answer P11-05 differs from what was signed"),
        (f"Answer {row['id']}", "value differs from what the trail says"),
    ]


def change_an_answer_as_if_it_was_sent_back(vandal: Vandal) -> Expected:
    vandal.change(TABLES["assessment"], {}, state="returned")
    vandal.change(ANSWER, {"question_id": "P11-05"}, comment="changed")
    return [("Assessment", "state differs from what the trail says"), ("Answer", "comment differs from what the trail")]


def change_what_was_submitted(vandal: Vandal) -> Expected:
    (row,) = vandal.rows(SUBMISSION)
    vandal.change(SUBMISSION, {}, content=row["content"].replace("implemented", "implemented!", 1))
    return [(f"Submission {row['id']}", "its content was altered"), *signed(vandal, "Submission")]


def change_what_was_submitted_with_its_digest(vandal: Vandal) -> Expected:
    (row,) = vandal.rows(SUBMISSION)
    content = row["content"].replace('"value":"implemented"', '"value":"partial"', 1)
    vandal.change(SUBMISSION, {}, content=content, digest=manifest.text_digest(content))
    return [(f"Submission {row['id']}", "differs from what was signed"), *signed(vandal, "Submission")]


def rate_better(vandal: Vandal) -> Expected:
    (row,) = vandal.rows(RATING)
    vandal.change(RATING, {}, final=1)
    return [(f"Rating {row['id']}", "its input does not give its result"), (f"Rating {row['id']}", "final differs")]


def change_a_result(vandal: Vandal) -> Expected:
    (row,) = vandal.rows(RATING)
    vandal.change(RATING, {}, result=row["result"].replace('"status":"final"', '"status":"FINAL"'))
    return [(f"Rating {row['id']}", "its input does not give its result"), *signed(vandal, "Rating")]


def change_an_input(vandal: Vandal) -> Expected:
    (row,) = vandal.rows(RATING)
    vandal.change(RATING, {}, input=row["input"].replace('"E2"', '"E4"', 1))
    return [(f"Rating {row['id']}", "its input does not give its result")]


def change_a_questionnaire(vandal: Vandal) -> Expected:
    (row,) = vandal.rows(TABLES["frozen_document"], kind="questionnaire")
    vandal.change(TABLES["frozen_document"], {"id": row["id"]}, body=row["body"].replace("?", "!", 1))
    return [(f"questionnaire {make.KEY} {row['version']}", "its text was altered")]


def break_a_questionnaire(vandal: Vandal) -> Expected:
    vandal.change(TABLES["frozen_document"], {"kind": "questionnaire"}, body="sections: [")
    return [(f"questionnaire {make.KEY}", "its text was altered"), ("Submission", "cannot be checked")]


def remove_a_signature(vandal: Vandal) -> Expected:
    (row,) = vandal.rows(SIGNATURE, record_type="Rating")
    vandal.delete(SIGNATURE, id=row["id"])
    return [(f"Signature {row['id']}", "is missing")]


def copy_a_signature(vandal: Vandal) -> Expected:
    (row,) = vandal.rows(SIGNATURE, record_type="Submission")
    copy = {**row, "id": uuid4(), "record_type": "Rating", "record_id": vandal.rows(RATING)[0]["id"]}
    vandal.add(SIGNATURE, copy)
    place = f"signature {copy['id']} on Rating {copy['record_id']}"
    return [(place, "what it is bound to was altered"), (place, "is not in the trail"), (place, "the signed content")]


def copy_a_signature_in_place(vandal: Vandal) -> Expected:
    (row,) = vandal.rows(SIGNATURE, record_type="Submission")
    copy = {**row, "id": uuid4()}
    vandal.add(SIGNATURE, copy)
    return [(f"signature {copy['id']}", "was altered"), (f"signature {copy['id']}", "is not in the trail")]


def sign_without_the_key(vandal: Vandal) -> Expected:
    (row,) = vandal.rows(SIGNATURE, record_type="Submission")
    row["printed_name"] = "Somebody else"
    digest = manifest.digest([row[name] for name in signatures.COVERED])
    vandal.change(SIGNATURE, {"id": row["id"]}, printed_name="Somebody else", digest=digest)
    return [(f"signature {row['id']}", "the seal does not fit: it was made without the key")]


def raise_a_role(vandal: Vandal) -> Expected:
    person_id = vandal.sponsor.persons["viewer"]
    vandal.change(TABLES["membership"], {"person_id": person_id}, role="admin")
    return [("Membership", "role differs from what the trail says")]


def say_that_somebody_else_answered(vandal: Vandal) -> Expected:
    vandal.change(ANSWER, {"question_id": "P11-05"}, saved_by="Somebody else")
    (row,) = vandal.rows(ANSWER, question_id="P11-05")
    return [(f"Answer {row['id']}", "saved_by differs from what the trail says")]


def date_a_verdict_back(vandal: Vandal) -> Expected:
    verdict = TABLES["verdict"]
    (row,) = vandal.rows(verdict, question_id="P11-05")
    vandal.change(verdict, {"id": row["id"]}, at=row["at"] - timedelta(days=1))
    return [(f"Verdict {row['id']}", "at differs from what the trail says")]


def remove_an_answer(vandal: Vandal) -> Expected:
    (row,) = vandal.rows(ANSWER, question_id="P11-05")
    vandal.delete(ANSWER, id=row["id"])
    return [(f"Answer {row['id']}", "is missing")]


def withdraw_a_file(vandal: Vandal) -> Expected:
    vandal.change(TABLES["evidence"], {}, withdrawn_at=datetime.now().astimezone())
    return [("evidence validation.pdf", "withdrawn_at differs"), ("Submission", "answer P11-05 differs")]


def signed(vandal: Vandal, record_type: str) -> Expected:
    (row,) = vandal.rows(SIGNATURE, record_type=record_type)
    return [
        (f"signature {row['id']} on {record_type} {row['record_id']}", "the signed content was altered or is missing")
    ]


VANDALISM = (
    flip_content, remove_from_the_middle, remove_from_the_start, remove_and_close_the_gap, swap, forge, cut_the_tail,
    cut_the_tail_and_move_the_head, make_the_whole_chain_again, make_the_whole_chain_again_with_another_key,
    remove_everything, change_an_answer, change_an_answer_as_if_it_was_sent_back, change_what_was_submitted,
    change_what_was_submitted_with_its_digest, rate_better, change_a_result, change_an_input, remove_a_signature,
    copy_a_signature, copy_a_signature_in_place, sign_without_the_key, raise_a_role, withdraw_a_file,
    say_that_somebody_else_answered, date_a_verdict_back, remove_an_answer,
)  # fmt: skip
