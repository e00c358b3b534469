"""The dossier: everything is in it, PDF and JSON say the same, who took it is on record, and both print engines."""

from __future__ import annotations

import html
import io
import json
import re
from dataclasses import replace

import pytest
from pypdf import PdfReader

from portal import manifest
from portal.dossier import contents, layout, spelling
from portal.errors import Unavailable
from portal.models.assessments import FrozenDocument, Rating, Submission
from portal.models.evidence import Evidence
from portal.models.suppliers import FACTORS
from portal.services import dossiers, suppliers
from portal.services.assessments import answers, reviewing
from portal.services.audit import reading
from portal.services.evidence import keeping
from tests import make
from tests.scopes import acting, entries, rows, trying

GIVEN = {
    "P11-16": ("no", "Bought in May"),
    "P11-07": ("not_applicable", make.NA),
    "P11-01": ("partial", "All but <one>"),
}

VERDICTS = {"P11-07": ("accepted", "", ""), "P11-16": ("gap", "", "Not in place yet")}


@pytest.fixture(scope="module")
def case(house) -> make.Sent:
    """A closed assessment with a file that counts and one that was withdrawn."""
    found = make.answered(house, GIVEN)
    make.attached(found, "P11-01", "validation.pdf")
    withdrawn = make.attached(found, "P11-01", "old.pdf", make.PDF + b"%old")
    with acting(found):
        keeping.withdraw(evidence_id=withdrawn, reason="Wrong version")
    make.signer(found)
    make.submit(found)
    make.judged(found, lambda key, answer: VERDICTS.get(key) or make.usual_verdict(key, answer))
    make.close(found)
    return found


@pytest.fixture(scope="module")
def structure(case) -> dict:
    with trying(case.sponsor):
        return contents.structure(dossiers.gather(suppliers.get(case.supplier_id)))


@pytest.fixture(scope="module")
def printed(case, structure) -> str:
    """The text of the PDF of that structure, without blanks: lines break wherever they must."""
    with trying(case.sponsor):
        return tight(text_of(dossiers.FORMS["pdf"](structure)))


def text_of(pdf: bytes) -> str:
    return "\n".join(page.extract_text() for page in PdfReader(io.BytesIO(pdf)).pages)


def tight(text: str) -> str:
    return re.sub(r"\s+", "", text)


def test_the_supplier_is_there_with_factors_sites_contacts_and_the_reason_of_its_level(case, structure):
    told = structure["supplier"]
    assert set(told["factors"]) == set(FACTORS) and None not in told["factors"].values()
    assert [site["name"] for site in told["sites"]] == ["Plant Ferrara"]
    assert [contact["email"] for contact in told["contacts"]] == [case.email]
    assert (told["inherent"], told["tier"]) == (4, 2) and "4" in told["inherent_reason"]
    assert structure["sponsor"] == case.sponsor.name and structure["issued_by"] == f"Qa of {case.sponsor.name}"


def test_every_question_is_there_with_answer_verdict_and_references(case, structure):
    told = {item["id"]: item for section in structure["assessments"][0]["sections"] for item in section["questions"]}
    with trying(case.sponsor):
        room = answers.view(reviewing.get(case.assessment_id))
    assert list(told) == [question.id for question in room.visible]
    for question in room.visible:
        item, answer = told[question.id], room.answers[question.id]
        assert (item["text"], item["references"]) == (question.text, list(question.references))
        assert (item["answer"], item["comment"], item["answered_by"]) == (answer.value, answer.comment, case.name)
        assert bool(item["verdict"]) == (question.type == "control")
    assert (told["P11-16"]["verdict"], told["P11-16"]["remark"]) == ("gap", "Not in place yet")
    assert (told["P11-01"]["verdict"], told["P11-01"]["level"]) == ("accepted", "E2")


def test_the_evidence_index_names_each_file_with_its_digest_withdrawn_ones_too(case, structure):
    told = {item["name"]: item for item in structure["assessments"][0]["evidence"]}
    for row in rows(case.sponsor, Evidence):
        item = told[row.name]
        assert (item["sha256"], item["size"], item["question"]) == (row.digest, row.size, "P11-01")
        assert item["withdrawn_because"] == ("Wrong version" if row.name == "old.pdf" else "")


def test_submission_signatures_and_pinned_documents_are_there_by_digest(case, structure):
    told = structure["assessments"][0]
    submission, rating = rows(case.sponsor, Submission)[0], rows(case.sponsor, Rating)[0]
    assert [(item["number"], item["digest"]) for item in told["submissions"]] == [(1, submission.digest)]
    assert [item["printed_name"] for item in told["signatures"]] == [case.name, f"Qa of {case.sponsor.name}"]
    assert [item["digest"] for item in told["signatures"]] == [submission.digest, reviewing.content_digest(rating)]
    frozen = rows(case.sponsor, FrozenDocument, kind="questionnaire")[0]
    assert told["questionnaire"] == {
        "key": frozen.key, "version": frozen.version, "digest": frozen.digest, "edition": "21 CFR Part 11, as of 2026",
    }  # fmt: skip


def test_the_rating_is_there_with_drivers_and_the_arithmetic_of_every_line(case, structure):
    told, row = structure["assessments"][0]["rating"], rows(case.sponsor, Rating)[0]
    assert (told["method"], told["result"]["final"], told["result"]["status"]) == (row.method, row.final, row.status)
    assert told["input"] == json.loads(row.input)
    assert any("P11-16" in sentence for sentence in told["drivers"])
    assert {line["question"] for line in told["lines"]} == {item["id"] for item in told["input"]["questions"]}


def test_the_trail_of_the_supplier_is_there_entry_by_entry_and_without_the_dossiers_own_downloads(case, structure):
    with trying(case.sponsor):
        wanted, left_out = reading.of_supplier(case.supplier_id, but=dossiers.TAKEN, most=5000)
    assert left_out == 0
    assert [item["number"] for item in structure["audit_trail"]] == [row.number for row in wanted]
    assert [item["digest"] for item in structure["audit_trail"]] == [row.digest for row in wanted]
    assert structure["audit_trail_left_out"] == 0


def test_a_long_trail_is_cut_at_its_beginning_and_says_how_much(case, structure, monkeypatch):
    monkeypatch.setattr(dossiers, "MOST_ENTRIES", 3)
    with trying(case.sponsor):
        cut = contents.structure(dossiers.gather(suppliers.get(case.supplier_id)))
    assert cut["audit_trail"] == structure["audit_trail"][-3:]
    assert cut["audit_trail_left_out"] == len(structure["audit_trail"]) - 3


def test_the_digest_covers_all_that_the_json_says_and_not_who_took_it_when(case, structure):
    with trying(case.sponsor, "viewer"):
        told = json.loads(dossiers.FORMS["json"](structure))
        taken_again = contents.structure(dossiers.gather(suppliers.get(case.supplier_id)))
    assert told == structure
    assert taken_again["issued_by"] != told["issued_by"] and taken_again["digest"] == told["digest"]
    said = {name: value for name, value in told.items() if name not in {"issued_at", "issued_by", "digest"}}
    assert told["digest"] == manifest.digest(said)


@pytest.fixture(scope="module")
def said(structure) -> list[str]:
    """What must stand in every printed form."""
    assessment = structure["assessments"][0]
    found = [structure["digest"], structure["supplier"]["legal_name"], structure["issued_at"], structure["sponsor"]]
    for section in assessment["sections"]:
        found.append(section["title"])
        for item in section["questions"]:
            found += [item["id"], item["answer_label"], item["comment"], item["remark"], *item["references"]]
    found += [value for item in assessment["evidence"] for value in (item["name"], item["sha256"])]
    found += [item[key] for item in assessment["signatures"] for key in ("printed_name", "at", "meaning", "digest")]
    found += assessment["rating"]["drivers"]
    found += [line["sentence"].removeprefix(f"{line['question']}: ") for line in assessment["rating"]["lines"]]
    return [*found, assessment["submissions"][0]["digest"], assessment["questionnaire"]["digest"]]


def test_the_pdf_says_what_the_json_says(printed, said):
    assert [text for text in said if tight(text) not in printed] == []


def test_a_download_leaves_an_entry_with_who_what_and_the_digest_of_the_data(case, house):
    answer = house.client("viewer").get(f"/suppliers/{case.supplier_id}/dossier/dossier.json")
    entry, told = entries(house, action=dossiers.TAKEN)[-1]
    assert (entry.actor_id, entry.supplier_id) == (house.persons["viewer"], case.supplier_id)
    assert told == {"form": "json", "digest": answer.json["digest"], "bytes": len(answer.data)}
    assert re.fullmatch(
        r"attachment; filename=dossier-supplier-\w+-\d{4}-\d\d-\d\d\.json", answer.headers["Content-Disposition"]
    )
    assert answer.headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("form", ["dossier.pdf", "dossier.json", ""])
def test_another_sponsors_dossier_is_not_found(case, other, form):
    assert other.client("admin").get(f"/suppliers/{case.supplier_id}/dossier/{form}").status_code == 404


def test_the_page_says_what_is_complete_and_what_is_not(case, house):
    bare = make.supplier(house, factors={})
    make.sent(house, bare)
    with trying(house):
        ready, open_ = (
            [check.ok for check in dossiers.checks(suppliers.get(row_id))] for row_id in (case.supplier_id, bare)
        )
    assert (ready, open_) == ([True] * 4, [False, True, False, False])
    assert "not yet" in house.client("viewer").get(f"/suppliers/{bare}/dossier/").text


def test_what_is_not_signed_yet_has_no_rating_in_the_dossier(house):
    found = make.answered(house)
    with trying(house):
        told = contents.structure(dossiers.gather(suppliers.get(found.supplier_id)))
    assert told["assessments"][0]["rating"] is None and told["assessments"][0]["signatures"] == []


def test_a_name_that_no_font_can_print_is_spelt_out_in_the_pdf_and_whole_in_the_json(house):
    supplier_id = make.supplier(house, "\u4e2d\u56fd Pharma")
    with trying(house):
        issued = [dossiers.issue(supplier=suppliers.get(supplier_id), form=form) for form in ("pdf", "json")]
    assert "[U+4E2D][U+56FD]Pharma" in tight(text_of(issued[0].data))
    assert "\u4e2d\u56fd Pharma" in issued[1].data.decode()
    assert re.fullmatch(r"dossier-pharma-[\d-]+\.pdf", issued[0].name)


def test_a_text_in_hundreds_of_scripts_is_spelt_out_within_a_few_tries(house, monkeypatch):
    supplier_id, signs, tries = make.supplier(house, "Alba"), rare_signs(300), []
    with acting(house):
        suppliers.get(supplier_id).services = " ".join(signs)
    typeset = dossiers.pdf._typeset
    monkeypatch.setattr(dossiers.pdf, "_typeset", lambda *given: tries.append(given) or typeset(*given))
    answer = house.client().get(f"/suppliers/{supplier_id}/dossier/dossier.pdf")
    text = tight(text_of(answer.data))
    assert [sign for sign in signs if f"[U+{ord(sign):04X}]" not in text] == []
    assert len(tries) <= dossiers.TRIES * dossiers.pdf.MOST_NAMED + 1


def rare_signs(count: int) -> list[str]:
    """Return signs of as many kinds as are spelt out one by one; no font at hand prints all of them."""
    kinds: dict[object, str] = {}
    for sign in map(chr, range(0x600, 0x20000)):
        if sign.isprintable() and not spelling._held(sign):
            kinds.setdefault(spelling._kind(sign), sign)
    return list(kinds.values())[:count]


def test_what_cannot_even_be_spelt_out_gets_503_with_what_to_do(house, monkeypatch):
    monkeypatch.setattr(dossiers.spelling, "spelt_out", lambda document, _characters: document)
    monkeypatch.setattr(dossiers.spelling, "spelt_plainly", lambda document: document)
    supplier_id = make.supplier(house, "\u56fd Pharma")
    before = len(entries(house, action=dossiers.TAKEN))
    answer = house.client().get(f"/suppliers/{supplier_id}/dossier/dossier.pdf")
    assert answer.status_code == 503 and "Retry-After" in answer.headers
    for words in ("U+56FD", "No font at hand can print", "take the dossier as JSON"):
        assert words in answer.text
    assert len(entries(house, action=dossiers.TAKEN)) == before, "what was not handed out is no download"


@pytest.mark.wkhtmltopdf
def test_with_pdfkit_the_same_dossier_is_printed_and_stamped(case, structure, printing):
    with trying(replace(case.sponsor, app=printing)):
        pages = PdfReader(io.BytesIO(dossiers.FORMS["pdf"](structure))).pages
        assert "stamped 'uncontrolled copy'" in dossiers.engine_note()
    first = tight(pages[0].extract_text())
    assert len(pages) > 5 and "UNCONTROLLEDCOPY" in first.upper() and structure["digest"] in first


def test_what_pdfkit_prints_holds_what_the_json_says(structure, said):
    page = tight(html.unescape(dossiers.print.to_html(layout.document(structure))))
    assert [text for text in said if tight(text) not in page] == []


def test_without_the_print_engine_the_page_says_so_and_the_record_is_typeset(house, printing, monkeypatch):
    monkeypatch.setattr(dossiers.print, "available", lambda: False)
    theirs, supplier_id = replace(house, app=printing), make.supplier(house)
    client = theirs.client()
    page = client.get(f"/suppliers/{supplier_id}/dossier/").text
    assert "wkhtmltopdf is not installed" in page and "typeset instead, as a controlled record" in page
    pdf = client.get(f"/suppliers/{supplier_id}/dossier/dossier.pdf").data
    assert pdf.startswith(b"%PDF") and "uncontrolled" not in text_of(pdf).lower()


def test_by_default_the_page_says_nothing_of_engines(house, case):
    with trying(house):
        assert dossiers.engine_note() == ""
    assert "wkhtmltopdf" not in house.client().get(f"/suppliers/{case.supplier_id}/dossier/").text


def test_a_failing_print_engine_gets_503_and_no_half_a_file(house, printing, monkeypatch):
    def fail(_document):
        raise dossiers.print.PrintFailed("it ran out of memory")

    monkeypatch.setattr(dossiers.print, "available", lambda: True)
    monkeypatch.setattr(dossiers.print, "render", fail)
    supplier_id = make.supplier(house)
    with trying(replace(house, app=printing)), pytest.raises(Unavailable, match="The print engine failed"):
        dossiers.issue(supplier=suppliers.get(supplier_id), form="pdf")
