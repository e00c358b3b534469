"""How far an assessment is, and how its mail is doing, as the page says it."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from portal.models.assessments import Assessment
from portal.models.outbox import OutboxRow
from portal.views.assessments import _delivery, _stages

AT = datetime(2026, 11, 24, 9, 30, tzinfo=UTC)


@pytest.mark.parametrize(
    ("state", "opened", "submissions", "done", "now", "todo"),
    [
        ("sent", None, 0, [], ["Sent"], ["Opened", "Answering", "Signed", "In review", "Rated"]),
        ("sent", AT, 0, ["Sent"], ["Opened"], ["Answering", "Signed", "In review", "Rated"]),
        ("answering", AT, 0, ["Sent", "Opened"], ["Answering"], ["Signed", "In review", "Rated"]),
        ("submitted", AT, 1, ["Sent", "Opened", "Answering"], ["Signed"], ["In review", "Rated"]),
        ("submitted", AT, 2, ["Sent", "Opened", "Answering", "Questions back"], ["Signed"], ["In review", "Rated"]),
        ("returned", AT, 1, ["Sent", "Opened", "Answering", "Signed", "In review"], ["Questions back"], ["Rated"]),
        ("closed", AT, 1, ["Sent", "Opened", "Answering", "Signed", "In review", "Rated"], [], []),
        ("withdrawn", AT, 0, ["Sent", "Opened"], ["Withdrawn"], []),
    ],
)  # fmt: skip
def test_the_strip_shows_where_an_assessment_is(state, opened, submissions, done, now, todo):
    found = _stages(Assessment(state=state, sent_at=AT, opened_at=opened), submissions)
    by_state = {name: [stage["label"] for stage in found if stage["state"] == name] for name in ("done", "now", "todo")}
    assert by_state == {"done": done, "now": now, "todo": todo}
    assert found[0]["at"] == "2026-11-24 09:30 UTC"


@pytest.mark.parametrize(
    ("row", "label"),
    [
        (None, "Not mailed"),
        (OutboxRow(state="waiting", attempts=0, last_error=""), "On its way"),
        (OutboxRow(state="waiting", attempts=2, last_error="TimeoutError", due_at=AT), "Not mailed yet"),
        (OutboxRow(state="failed", attempts=9, last_error="TimeoutError"), "Not mailed"),
        (OutboxRow(state="done", done_at=AT), "Mailed"),
    ],
)
def test_the_page_says_how_the_mail_is_doing(row: OutboxRow | None, label: str):
    assert _delivery(row)["label"] == label
