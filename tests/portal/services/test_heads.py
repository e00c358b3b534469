"""The sealed heads outside: kept when the trail grew, mailed where wanted, and proof of what is missing later."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask

from portal import audit, config, outbox, tenancy
from portal.db import now
from portal.services.audit import heads
from portal.services.audit.heads import Head
from portal.services.verification import whole
from tests import make, scopes


@pytest.fixture
def keeping(app: Flask, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An installation that keeps its heads in a file of the test, and mails them."""
    settings: config.Config = app.extensions["portal.config"]
    file = tmp_path / "elsewhere" / "heads.jsonl"
    changed = replace(settings, heads_file=file, heads_mail="archive@sponsor.example")
    monkeypatch.setitem(app.extensions, "portal.config", changed)
    return file


def keep(sponsor: make.Sponsor) -> None:
    """Do for one sponsor what the timetable asks for."""
    with sponsor.app.app_context(), tenancy.scoped(tenancy.system(sponsor.id, "test")):
        outbox.later("keep_head", sponsor.id)
    make.do_jobs(sponsor.app)


def own(file: Path, sponsor: make.Sponsor) -> list[Head]:
    with sponsor.app.app_context():
        found = [head for head in heads.read(file) if isinstance(head, Head)]
    return [head for head in found if head.tenant_id == sponsor.id]


def damages(sponsor: make.Sponsor, outside: list[Head]) -> list[str]:
    with scopes.reading(sponsor):
        return [f"{damage.place}: {damage.kind}" for damage in whole.verify(outside).damages]


def sealed(sponsor: make.Sponsor, number: int, digest: str) -> Head:
    with sponsor.app.app_context():
        return Head(sponsor.id, now(), number, digest, audit.seal_of(sponsor.id, number, digest))


def test_a_head_is_kept_once_for_each_growth_of_the_trail(sponsor, keeping):
    for grows in (True, False, False, True):
        if grows:
            make.supplier(sponsor)
        keep(sponsor)
    first, second = own(keeping, sponsor)
    assert first.number < second.number == max(row.number for row, _ in scopes.entries(sponsor))
    assert damages(sponsor, [first, second]) == []
    assert keeping.stat().st_mode & 0o077 == 0


def test_a_kept_head_is_mailed_once(sponsor, keeping, inbox):
    before = len(inbox.to("archive@sponsor.example"))
    keep(sponsor)
    keep(sponsor)
    (mail,) = inbox.to("archive@sponsor.example")[before:]
    assert mail["Subject"].startswith(f"Audit trail of {sponsor.name}: sealed at entry ")
    line = next(line for line in inbox.text("archive@sponsor.example").splitlines() if line.startswith("{"))
    with sponsor.app.app_context():
        assert heads._parsed(line.encode()).digest == own(keeping, sponsor)[0].digest


def test_the_timetable_asks_for_it_every_hour(app):
    assert app.extensions["portal.timetable"]["keep_head"] == timedelta(hours=1)


def test_a_trail_that_ends_before_a_kept_head_is_named_with_both_numbers_and_the_day(sponsor):
    """What was cut off at the end, records and all, is found by the head that nobody here could reach."""
    last = scopes.entries(sponsor)[-1][0].number
    found = damages(sponsor, [sealed(sponsor, last + 3, "a" * 64), sealed(sponsor, last + 1, "b" * 64)])
    assert found == [f"head: history ends at {last}, the sealed head outside is {last + 3} of {now():%Y-%m-%d}"]


def test_an_entry_that_is_not_the_one_whose_head_was_kept_is_named(sponsor):
    (found,) = damages(sponsor, [sealed(sponsor, 2, "a" * 64)])
    assert found.startswith("entry 2 (")
    assert "is not the one whose sealed head was kept outside" in found
