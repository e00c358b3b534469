"""The supplier list at three sizes with its number of statements, and the dossier with its pages."""

from __future__ import annotations

import io
import statistics
import time
from uuid import uuid4

from flask import Flask
from flask.testing import FlaskClient
from pypdf import PdfReader

from portal import tenancy
from portal.db import db, now
from portal.models.suppliers import Site, Supplier
from tests import make
from tests.statements import counted

SIZES, VIEWS = (100, 1_000, 10_000), 15


def measure(app: Flask) -> list[str]:
    """Return the lines of the report."""
    return [*_lists(app), *_dossier(app)]


def _lists(app: Flask) -> list[str]:
    sponsor, lines, first = make.sponsor(app), [], 0.0
    client, present = sponsor.client("qa"), 0
    for size in SIZES:
        _fill(sponsor, size - present)
        present = size
        milliseconds = _median_view(client, "/suppliers/?sort=rating&order=descending&status=prospective")
        with app.app_context(), counted(db.engine) as statements:
            client.get("/suppliers/?sort=rating&order=descending&status=prospective")
        first = first or milliseconds
        lines.append(
            f"supplier list, first page of {size:6,}: {milliseconds:.0f} ms, {len(statements)} statements, "
            f"{milliseconds / first:.2f} times that of {SIZES[0]}"
        )
    return lines


def _fill(sponsor: make.Sponsor, count: int) -> None:
    with sponsor.app.app_context(), tenancy.scoped(sponsor.scope()) as session:
        rows = [
            Supplier(
                legal_name=f"Supplier {uuid4().hex}",
                services="Sterile filling",
                inherent=number % 5 + 1,
                tier=number % 4 + 1,
                rating=number % 5 + 1,
                created_at=now(),
                tenant_id=sponsor.id,
            )
            for number in range(count)
        ]
        session.add_all(rows)
        session.flush()
        session.add_all(Site(supplier_id=row.id, name="Plant", country="Italy", tenant_id=sponsor.id) for row in rows)


def _median_view(client: FlaskClient, address: str) -> float:
    times = []
    for _ in range(VIEWS):
        begun = time.perf_counter()
        assert client.get(address).status_code == 200
        times.append((time.perf_counter() - begun) * 1000)
    return statistics.median(times)


def _dossier(app: Flask) -> list[str]:
    sponsor = make.sponsor(app)
    case = make.closed(sponsor)
    client, lines = sponsor.client("qa"), []
    for turn in ("first", "again"):
        begun = time.perf_counter()
        answer = client.get(f"/suppliers/{case.supplier_id}/dossier/dossier.pdf")
        seconds = time.perf_counter() - begun
        assert answer.status_code == 200, answer.text
        pages = len(PdfReader(io.BytesIO(answer.data)).pages)
        lines.append(f"dossier, {turn}: {seconds:.2f} s, {pages} pages, {len(answer.data) / 1024:.0f} KiB")
    return lines
