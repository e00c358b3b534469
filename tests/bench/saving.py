"""Saving an answer with its audit entry, beside the bare view, on the same database in the same run."""

from __future__ import annotations

import http.client
import json
import re
import statistics
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import urlencode

from flask import Flask

from portal import tenancy
from portal.db import db, now
from portal.models.assessments import Visit
from portal.services.accounts import doors
from tests import make
from tests.bench import serving
from tests.bench.serving import Call, Load

CLIENTS, EACH, ROUNDS = 8, 40, 3


def measure(app: Flask, env: Mapping[str, str], folder: Path, bare_url: str) -> list[str]:
    """Return the lines of the report."""
    sponsor = make.sponsor(app)
    secrets = [_visit(make.answered(sponsor)) for _ in range(CLIENTS)]
    ours: list[Load] = []
    theirs: list[Load] = []
    port, bare_port = serving.free_port(), serving.free_port()
    with (
        serving.serving(serving.portal_command(port), env, port) as portal,
        serving.serving(serving.bare_command(bare_url, bare_port), {}, bare_port) as bare,
    ):
        calls = [_save(port, secret) for secret in secrets]
        bare_calls = [_bare_save(number + 1) for number in range(CLIENTS)]
        for _ in range(ROUNDS):  # by turns, so that a busy moment of the machine meets both
            theirs.append(serving.load(bare_port, bare_calls, EACH))
            ours.append(serving.load(port, calls, EACH))
        memory = f"resident memory after it: portal {portal.resident_mib:.0f} MiB, bare {bare.resident_mib:.0f} MiB"
        start = (
            f"cold start to first answer: portal {portal.seconds_to_first_answer:.2f} s, "
            f"bare {bare.seconds_to_first_answer:.2f} s"
        )
    return [*_report(ours, theirs), start, memory]


def _report(ours: list[Load], theirs: list[Load]) -> list[str]:
    rate, bare_rate = (statistics.median(load.per_second for load in loads) for loads in (ours, theirs))
    p95, bare_p95 = (statistics.median(load.p95_ms for load in loads) for loads in (ours, theirs))
    return [
        f"answer saved, {CLIENTS} clients: portal {rate:.0f} requests/s, bare view {bare_rate:.0f}, "
        f"ratio {rate / bare_rate:.2f}",
        f"95 % of them within: portal {p95:.0f} ms, bare view {bare_p95:.0f} ms, ratio {p95 / bare_p95:.2f}",
    ]


def _visit(case: make.Sent) -> str:
    """Open the respondent's door without the mail, as the code would."""
    scope = tenancy.system(case.sponsor.id, "bench")
    with case.sponsor.app.app_context(), tenancy.scoped(scope):
        visit = Visit(
            assessment_id=case.assessment_id, invite_id=case.invite_id, origin="127.0.0.1",
            started_at=now(), seen_at=now(),
        )  # fmt: skip
        db.session.add(visit)
        return doors.cut("visit", visit)


def _save(port: int, secret: str) -> Call:
    """Return a call that changes one answer's comment, as the page's script does."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", "/answering/validation", headers={"Cookie": f"portal_cmo={secret}"})
    response = connection.getresponse()
    page = response.read().decode()
    form_cookie = (response.headers["Set-Cookie"] or "").split(";")[0]
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found is not None, page[:500]
    headers = {
        "Cookie": f"portal_cmo={secret}; {form_cookie}", "X-CSRFToken": found[1], "Accept": "application/json",
        "Content-Type": "application/x-www-form-urlencoded",
    }  # fmt: skip
    state = {"version": 1, "count": 0}

    def call(connection: http.client.HTTPConnection, _number: int) -> None:
        state["count"] += 1
        body = urlencode(
            {"version": state["version"], "value": "implemented", "comment": f"Periodic review {state['count']}"}
        )
        connection.request("POST", "/answering/answers/P11-02", body, headers)
        answer = connection.getresponse()
        text = answer.read()
        assert answer.status == 200, text[:500]
        state["version"] = json.loads(text)["version"]

    return call


def _bare_save(number: int) -> Call:
    def call(connection: http.client.HTTPConnection, count: int) -> None:
        body = urlencode({"comment": f"Periodic review {count}"})
        connection.request("POST", f"/save/{number}", body, {"Content-Type": "application/x-www-form-urlencoded"})
        answer = connection.getresponse()
        answer.read()
        assert answer.status == 200

    return call
