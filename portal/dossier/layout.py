"""The plain structure of a dossier -> a document of blocks: the order and wording of what an inspector reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from portal.audit import HIDDEN
from portal.dossier import blocks, charts
from portal.dossier.blocks import Document
from portal.dossier.drawing import Drawing
from portal.dossier.shapes import Block
from portal.models.assessments import OUTCOMES
from portal.models.suppliers import FACTOR_LABELS
from scoring.risk import LEVELS

# "Impact: patient and product"
FACTOR_TITLES = {
    name: f"{name.partition('_')[0].capitalize()}: {label.lower()}" for name, label in FACTOR_LABELS.items()
}
NO_VERDICT = "No verdict yet"
# How a verdict is coloured; the word stands beside it.
VERDICT_TONES = {"accepted": "low", "gap": "high", "question_back": "moderate"}
CHART_MM = 130
LONGEST_VALUE = 300
# Whole documents in the trail: a rating's input and result.
DOCUMENTS = frozenset({"input", "result"})
UNSIGNED = "as it stands; the review is not closed and not signed"
TRAIL_NOTE = (
    "Empty fields, keys of linked records, a rating's input and result, and what a value says beyond its first "
    f"{LONGEST_VALUE} characters are in the JSON form alone, as is the digest of each entry. Who took a dossier, and "
    "when, is in the portal's own trail."
)


def document(structure: Mapping[str, Any]) -> Document:
    """Lay a dossier out."""
    supplier = structure["supplier"]
    return Document(
        title=supplier["legal_name"],
        subtitle="Supplier dossier",
        author=structure["sponsor"],
        identifier=f"Dossier {structure['digest'][:16]}",
        language="en",
        date=structure["issued_at"][:10],
        cover=_cover(structure),
        blocks=tuple(_blocks(structure)),
    )


def print_out(structure: Mapping[str, Any]) -> Document:
    """Lay out one assessment as an uncontrolled copy of what the page shows."""
    (assessment,) = structure["assessments"]
    whole = document(structure)
    return replace(whole, subtitle=assessment["title"], blocks=tuple(_assessment(assessment)), uncontrolled=True)


def drawings(rating: Mapping[str, Any]) -> tuple[Drawing, Drawing]:
    """Draw a rating: one bar a domain, and the risk matrix; the same in page and PDF."""
    result = rating["result"]
    domains = [
        (title, float(result["domains"][key]) if key in result["domains"] else None)
        for key, title in rating["domains"].items()
    ]
    return (
        charts.domain_bars(domains, rating["thresholds"]),
        charts.risk_matrix(result["inherent"], result["vulnerability"], rating["matrix"]),
    )


def level(value: int | None) -> str:
    """Write a level with its word."""
    return f"{value} {LEVELS[value]}" if value else "not rated"


def _cover(structure: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    supplier = structure["supplier"]
    return (
        ("Sponsor", structure["sponsor"]),
        ("Residual rating", level(supplier["rating"])),
        ("Inherent risk", f"{level(supplier['inherent'])}, tier {supplier['tier']}" if supplier["tier"] else "not set"),
        ("Sites", "; ".join(f"{site['name']}, {site['country']}" for site in supplier["sites"]) or "none named"),
        ("Issued", f"{structure['issued_at']} by {structure['issued_by']}"),
        ("Digest of the JSON form", structure["digest"]),
        ("Portal version", structure["portal_version"]),
    )


def _blocks(structure: Mapping[str, Any]) -> Iterator[Block]:
    yield from _profile(structure["supplier"])
    for assessment in structure["assessments"]:
        yield from _assessment(assessment)
    yield from _trail(structure)


def _profile(supplier: Mapping[str, Any]) -> Iterator[Block]:
    yield blocks.heading(1, "Supplier profile")
    yield blocks.facts(
        [
            ("Legal name", supplier["legal_name"]),
            ("Services", supplier["services"] or "not described"),
            *((FACTOR_TITLES[name], level(value)) for name, value in supplier["factors"].items()),
        ]
    )
    if supplier["inherent_reason"]:
        yield blocks.text(supplier["inherent_reason"])
    if supplier["sites"]:
        rows = [[site["name"], site["country"], site["services"] or "-"] for site in supplier["sites"]]
        yield blocks.table(["Site", "Country", "Services"], rows, [3, 2, 5])
    if supplier["contacts"]:
        rows = [[item["name"], item["position"] or "-", item["email"]] for item in supplier["contacts"]]
        yield blocks.table(["Contact", "Position", "E-mail"], rows, [3, 3, 4])


def _assessment(assessment: Mapping[str, Any]) -> Iterator[Block]:
    asked = assessment["questionnaire"]
    yield blocks.page_break()
    yield blocks.heading(1, assessment["title"])
    facts = [
        ("State", assessment["state_label"]),
        ("Questionnaire", f"{asked['key']} {asked['version']} ({asked['edition']})"),
        ("Digest of the questionnaire", asked["digest"]),
        ("Sent", f"{assessment['sent_at']} by {assessment['sent_by']}"),
        ("Due", assessment["due_on"]),
        ("Submitted", assessment["submitted_at"] or "not yet"),
        ("Review closed", assessment["closed_at"] or "not yet"),
    ]
    yield blocks.facts(facts)
    if assessment["state"] == "returned":
        yield blocks.text(
            "Questions are back with the supplier: answers below may have changed since they were signed.", "warning"
        )
    yield blocks.heading(2, "Rating")
    if assessment["submitted_at"]:
        yield from _rating(assessment["rating"], signed=assessment["state"] == "closed")
    else:
        yield blocks.text("Not rated yet: the answers are not signed and submitted.", "muted")
    yield from _answers(assessment)
    yield from _evidence(assessment["evidence"])
    yield from _signatures(assessment)


def _rating(rating: Mapping[str, Any] | None, *, signed: bool) -> Iterator[Block]:
    if rating is None or "final" not in rating["result"]:
        yield blocks.text("Not rated: a risk factor is not set, or no question applies.", "warning")
        return
    result = rating["result"]
    yield blocks.facts(
        [
            ("Residual rating", f"{level(result['final'])} ({result['status'] if signed else UNSIGNED})"),
            ("Control assurance", f"{result['assurance']} % (exactly {result['assurance_exact']})"),
            ("Completeness", f"{result['completeness']} %"),
            ("Evidence confidence", f"{result['confidence']} %" if result["confidence"] else "no claimed answer"),
            ("Stress result", f"{result['stress_assurance']} %, {level(result['stress_final'])}"),
            ("Method and input", f"{result['method']}, input {result['input_digest']}"),
        ]
    )
    for sentence in rating["drivers"] or ["No driver lifts the rating above what the matrix gives."]:
        yield blocks.text(sentence)
    for drawing in drawings(rating):
        yield blocks.vector(drawing.svg, drawing.alt, CHART_MM)
    yield blocks.heading(3, "How it was computed")
    for sentence in rating["explanation"]:
        yield blocks.text(sentence)
    rows = [[line["question"], line["sentence"].removeprefix(f"{line['question']}: ")] for line in rating["lines"]]
    yield blocks.table(["Question", "Arithmetic"], rows, [1, 8])


def _answers(assessment: Mapping[str, Any]) -> Iterator[Block]:
    names = {(file["question"], file["sha256"]): file["name"] for file in assessment["evidence"]}
    yield blocks.heading(2, "Questions and answers")
    for section in assessment["sections"]:
        yield blocks.heading(3, section["title"])
        for item in section["questions"]:
            yield _question(item, names)


def _question(item: Mapping[str, Any], names: Mapping[tuple[str, str], str]) -> Block:
    verdict = OUTCOMES.get(item["verdict"], NO_VERDICT) if item["type"] == "control" else ""
    if item["level"]:
        verdict += f" at {item['level']}"
    if item["verdict_by"]:
        verdict += f" by {item['verdict_by']}"
    return blocks.question(
        id=item["id"],
        text=item["text"],
        answer=item["answer_label"],
        comment=item["comment"],
        verdict=verdict,
        evidence=[f"{names[item['id'], digest]} ({digest[:16]})" for digest in item["evidence"]],
        references=item["references"],
        remarks=[item["remark"]] if item["remark"] else [],
        tone=VERDICT_TONES.get(item["verdict"], "none"),
    )


def _evidence(files: list[Mapping[str, Any]]) -> Iterator[Block]:
    yield blocks.heading(2, "Evidence index")
    if not files:
        yield blocks.text("No evidence was supplied.", "muted")
        return
    rows = [
        [
            file["question"],
            _named(file),
            file["sha256"],
            f"{file['size']:,} bytes",
            f"{file['uploaded_at']} {file['uploaded_by']}",
        ]
        for file in files
    ]
    yield blocks.table(["Question", "File", "SHA-256", "Size", "Uploaded"], rows, [2, 5, 6, 2, 4])


def _named(file: Mapping[str, Any]) -> str:
    if not file["withdrawn_at"]:
        return str(file["name"])
    return f"{file['name']} (withdrawn {file['withdrawn_at'][:10]}: {file['withdrawn_because']})"


def _signatures(assessment: Mapping[str, Any]) -> Iterator[Block]:
    yield blocks.heading(2, "Signatures")
    for row in assessment["submissions"]:
        yield blocks.text(f"Submission {row['number']}, {row['at']}, content {row['digest']}", "muted")
    for item in assessment["signatures"]:
        after = f": superseded by {item['superseded']}, and kept as it was given" if item["superseded"] else ""
        yield blocks.text(f"On {item['on']}{after}", "muted")
        yield blocks.signature(
            printed_name=item["printed_name"], title=item["title"], at=item["at"], meaning=item["meaning"],
            digest=item["digest"], method=item["components"],
        )  # fmt: skip
    if not assessment["signatures"]:
        yield blocks.text("Nothing is signed yet.", "warning")


def _trail(structure: Mapping[str, Any]) -> Iterator[Block]:
    yield blocks.page_break()
    yield blocks.heading(1, "Audit trail")
    left_out = structure["audit_trail_left_out"]
    yield blocks.text(
        f"{left_out} earlier entries are neither here nor in the JSON form; the portal's page of the trail shows them."
        if left_out
        else "Every entry about this supplier, oldest first. Numbers run through the sponsor's whole trail.",
        "warning" if left_out else "muted",
    )
    yield blocks.text(TRAIL_NOTE, "muted")
    entries = structure["audit_trail"]
    asked = {entry["record_id"]: entry["changes"]["question_id"][1] for entry in entries if _names_question(entry)}
    rows = [
        [
            str(entry["number"]),
            entry["at"][:19],
            f"{entry['who']} ({entry['role']})",
            _act(entry, asked.get(entry["record_id"], "")),
            _changes(entry),
        ]
        for entry in entries
    ]
    yield blocks.table(["No.", "When (UTC)", "Who", "What", "Old → new"], rows, [9, 31, 30, 29, 67])


def _names_question(entry: Mapping[str, Any]) -> bool:
    """Tell whether an entry says which question its record belongs to; later entries of it name no question."""
    return "question_id" in entry["changes"]


def _act(entry: Mapping[str, Any], question: str) -> str:
    if "." in entry["action"]:  # an event, such as evidence.opened, names its noun itself
        return str(entry["action"]).replace(".", " ").capitalize()
    return " ".join(filter(None, (entry["record"], question, entry["action"])))


def _changes(entry: Mapping[str, Any]) -> str:
    told = "; ".join(
        f"{name.replace('_', ' ')}: {_change(old, new)}"
        for name, (old, new) in entry["changes"].items()
        if not name.endswith("_id") and name not in DOCUMENTS and (_said(old) or _said(new))
    )
    reason = f"(reason: {entry['reason']})" if entry["reason"] else ""
    return f"{told} {reason}".strip() or "-"


def _change(old: object, new: object) -> str:
    """Write what a field says now; the old value stands before it where there was one."""
    if HIDDEN in (old, new):
        return "not shown"
    parts = [_value(old)] if _said(old) else []
    return " → ".join([*parts, _value(new) if _said(new) else "(empty)"])


def _said(value: object) -> bool:
    return value is not None and value != ""


def _value(value: object) -> str:
    text = str(value)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}..."
