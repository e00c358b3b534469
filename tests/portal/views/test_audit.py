"""The trail as pages and files: filtered on the server, complete, and computable again from the file alone."""

from __future__ import annotations

import csv
import hashlib
import io
import json
import re
import tracemalloc
from datetime import timedelta

import pytest
from flask import Flask

from portal import audit
from portal.db import db, now, today
from portal.services.audit import reading
from portal.views import trail_files
from tests import make, scopes
from tests.statements import counted


@pytest.fixture(scope="module")
def case(app: Flask) -> make.Sent:
    """An assessment that went all the way."""
    return make.closed(make.sponsor(app))


def numbers(page: str) -> list[int]:
    return [int(number) for number in re.findall(r"<span>No. </span>(\d+)<", page)]


def every_page(client, address: str) -> list[int]:
    """Return the numbers on each page, from the newest on, as far as 'Older' leads."""
    found: list[int] = []
    while True:
        page = client.get(address).text
        found += numbers(page)
        older = re.search(r'rel="next" href="([^"]+)"', page)
        if older is None:
            return found
        address = older[1].replace("&amp;", "&")


def chosen(case: make.Sent, **where: object) -> list[int]:
    """Return the numbers of the entries with these fields, newest first."""
    return [row.number for row, _ in scopes.entries(case.sponsor, **where)][::-1]


def test_each_entry_stands_on_one_page_and_the_way_back_leads_to_the_newest(case):
    client, count = case.sponsor.client("qa"), len(chosen(case))
    found = every_page(client, "/audit")
    assert found[-count:] == list(range(count, 0, -1))
    assert found == sorted(set(found), reverse=True)
    last = client.get(f"/audit?before={found[-1] + 10}").text
    newer = re.search(r'rel="prev" href="([^"]+)"', last)
    assert newer is not None
    assert numbers(client.get(newer[1].replace("&amp;", "&")).text) == found[-60:-10]


@pytest.mark.parametrize(
    ("asked", "where"),
    [
        ("kind=Answer", {"record_type": "Answer"}),
        ("action=deleted", {"action": "deleted"}),
        ("kind=Verdict&action=created", {"record_type": "Verdict", "action": "created"}),
        ("person=MARTA", {"actor_name": "Marta Conti"}),
        ("person=%25", {"actor_name": "%"}),
        ("person=%00", {"actor_name": "%"}),
        ("until=2001-01-01", {"actor_name": "nobody"}),
        ("from=9999-12-31", {"actor_name": "nobody"}),
    ],
)
def test_a_filter_shows_what_fits_and_nothing_else(case, asked, where):
    assert every_page(case.sponsor.client("qa"), f"/audit?{asked}") == chosen(case, **where)


def test_the_trail_of_an_assessment_and_of_any_record_is_theirs_alone(case):
    client = case.sponsor.client("qa")
    assert every_page(client, f"/assessments/{case.assessment_id}/audit") == chosen(
        case, assessment_id=case.assessment_id
    )
    site = scopes.entries(case.sponsor, record_type="Site")[0][0]
    assert every_page(client, f"/audit?record={site.record_id}") == [site.number]
    by_supplier = every_page(client, f"/audit?record={case.supplier_id}")
    assert by_supplier == every_page(client, f"/suppliers/{case.supplier_id}/audit")
    assert {site.number, *chosen(case, assessment_id=case.assessment_id)} <= set(by_supplier)


@pytest.mark.parametrize("asked", ["record=7", "from=yesterday", "kind=Nothing", "action=%27", "until=2026-13-01"])
def test_a_filter_that_is_none_is_named(case, asked):
    page = case.sponsor.client("qa").get(f"/audit?{asked}")
    assert page.status_code == 200
    assert f"Not understood and left out: {asked.partition('=')[0]}." in page.text


def test_a_page_takes_as_many_statements_whatever_it_shows(case):
    client, counts = case.sponsor.client("qa"), set()
    for address in ("/audit", "/audit?kind=Site", f"/audit?record={case.supplier_id}&before=90"):
        client.get(address)
        with case.sponsor.app.app_context(), counted(db.engine) as statements:
            client.get(address)
        counts.add(len(statements))
    assert len(counts) == 1


def test_11_10_b_a_copy_of_the_trail_holds_as_many_entries_as_the_trail(case):
    """The trail leaves as CSV and as JSON with every entry, and each copy is itself an entry that says how many."""
    client, head = case.sponsor.client("qa"), max(chosen(case))
    lines = list(csv.DictReader(io.StringIO(client.get("/audit/trail.csv").data.decode("utf-8-sig"))))
    document = client.get("/audit/trail.json").json
    assert [int(line["number"]) for line in lines] == list(range(1, head + 1))
    taken = scopes.entries(case.sponsor, action="audit.exported")[-2:]
    assert [told["entries"] for _, told in taken] == [len(lines), len(document["entries"])]
    assert document["count"] == len(document["entries"]) == len(lines) + 1
    assert lines[0]["what"].startswith("created the sponsor")


def test_11_10_e_the_chain_is_computed_again_from_the_exported_file_alone(case):
    """The JSON file says how each digest is made, and anybody who follows it reaches the sealed head."""
    document = json.loads(case.sponsor.client("qa").get("/audit/trail.json").data)
    previous = "0" * 64
    for entry in document["entries"]:
        said = [document["tenant_id"], previous, [entry[name] for name in document["covered"]]]
        text = json.dumps(said, separators=(",", ":"), ensure_ascii=False)
        assert (entry["previous"], entry["digest"]) == (previous, hashlib.sha256(text.encode()).hexdigest())
        previous = entry["digest"]
    assert (document["head"]["number"], document["head"]["digest"]) == (len(document["entries"]), previous)


def test_a_filtered_file_holds_what_the_filtered_page_shows_and_says_so(case):
    client = case.sponsor.client("qa")
    for address in (f"/assessments/{case.assessment_id}/audit?kind=Answer", "/audit?kind=Site&person=Qa"):
        page = client.get(address).text
        link = re.search(r'href="(/audit/trail\.json[^"]*)"', page)
        assert link is not None
        document = client.get(link[1].replace("&amp;", "&")).json
        assert [entry["number"] for entry in document["entries"]][::-1] == every_page(client, address)
        assert document["filter"]["kind"] in address


def test_asking_for_the_head_of_a_file_leaves_no_entry(case):
    client = case.sponsor.client("qa")
    before = len(chosen(case, action="audit.exported"))
    assert client.head("/audit/trail.csv").status_code == 200
    assert len(chosen(case, action="audit.exported")) == before


@pytest.mark.parametrize("sign", ["=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠"])
def test_no_cell_of_a_file_is_a_formula(sponsor, sign):
    assert trail_files.harmless(f"{sign}1+1") == f"'{sign}1+1"
    assert trail_files.harmless("a=1") == "a=1"


def test_what_a_person_typed_as_a_formula_is_text_in_the_file(sponsor):
    with scopes.acting(sponsor):
        audit.because("=HYPERLINK(1)")
        audit.record("access.refused", permission="none")
    line = sponsor.client("qa").get("/audit/trail.csv?action=access.refused").data.decode("utf-8-sig").splitlines()[1]
    assert ",'=HYPERLINK(1)," in line


def test_a_long_trail_leaves_in_batches_and_holds_little_memory(sponsor, monkeypatch):
    monkeypatch.setattr(reading, "BATCH", 10)
    with scopes.acting(sponsor):
        for _ in range(200):
            audit.record("access.refused", permission="x" * 5000)
    tracemalloc.start()
    with sponsor.client("qa").get("/audit/trail.json", buffered=False) as answer:
        tracemalloc.reset_peak()
        before, length = tracemalloc.get_traced_memory()[0], 0
        for chunk in answer.iter_encoded():
            length += len(chunk)
        peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert length > 1_000_000
    assert peak - before < 400_000


def test_another_sponsors_ids_find_nothing(case, other):
    client = other.client("qa")
    assert client.get(f"/assessments/{case.assessment_id}/audit").status_code == 404
    assert every_page(client, f"/audit?record={case.supplier_id}") == []
    assert client.get(f"/audit/trail.json?supplier_id={case.supplier_id}").json["entries"] == []


def test_a_day_is_counted_to_its_end(sponsor):
    number = max(row.number for row, _ in scopes.entries(sponsor))
    with scopes.at(now().replace(hour=23, minute=59, second=59, microsecond=999_999)), scopes.acting(sponsor):
        audit.record("access.refused", permission="none")
    day = today()
    client = sponsor.client("qa")
    assert number + 1 in every_page(client, f"/audit?until={day}&from={day}")
    assert number + 1 not in every_page(client, f"/audit?until={day - timedelta(days=1)}")
