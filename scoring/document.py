"""Read the document that is rated: one supplier's risk factors and answers, as plain JSON.

The format is in `Case.document`. Reading fills in whatever may be left out and sorts the questions, so two
documents that mean the same become the same case, and a case has one canonical text and one digest.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from scoring.canonical import canonical, digest
from scoring.faults import Check, at
from scoring.faults import Fault as Fault
from scoring.faults import Faulty as Faulty

IMPACT: Final = ("patient", "data", "supply")
EXPOSURE: Final = ("connectivity", "complexity", "subcontracting", "history")
LEAST_LEVEL: Final = 1
MOST_LEVEL: Final = 5

CLASSES: Final = ("critical", "major", "minor")
# From the worst to the best; an accepted N/A is outside the order, because it leaves the sums.
ANSWERS: Final = ("unanswered", "na_pending", "no", "planned", "partial", "implemented")
NOT_APPLICABLE: Final = "na_accepted"
OPEN: Final = frozenset({"unanswered", "na_pending"})
EVIDENCE: Final = ("E0", "E1", "E2", "E3", "E4")

# Limits and stand-ins of the format, not policy: only the ratio of domain weights counts, so 1 is neutral.
NEUTRAL_WEIGHT: Final = 1
MOST_WEIGHT: Final = 1000

_REQUIRED: Final = ("impact", "exposure", "questions")
_OPTIONAL: Final = ("domain_weights", "overdue_critical_actions", "open_regulatory_action")
_QUESTION: Final = ("id", "domain", "class", "answer")


@dataclass(frozen=True, slots=True)
class Question:
    """Hold one answered control; `deficiency` is the class of the deficiency if the control is not there."""

    id: str
    domain: str
    deficiency: str
    answer: str
    evidence: str

    @property
    def applies(self) -> bool:
        """Tell whether the question counts, which it does unless an N/A was accepted."""
        return self.answer != NOT_APPLICABLE

    def document(self) -> dict[str, str]:
        """Give the question as it is written in the document."""
        return {
            "id": self.id,
            "domain": self.domain,
            "class": self.deficiency,
            "answer": self.answer,
            "evidence": self.evidence,
        }


@dataclass(frozen=True, slots=True)
class Case:
    """Hold everything that a rating is made of; questions by id, a weight for every domain."""

    impact: tuple[int, ...]
    exposure: tuple[int, ...]
    questions: tuple[Question, ...]
    domain_weights: Mapping[str, int]
    overdue_critical_actions: bool
    open_regulatory_action: bool

    def document(self) -> dict[str, object]:
        """Give the normalised document: nothing left out, questions by id, every domain with its weight."""
        return {
            "impact": list(self.impact),
            "exposure": list(self.exposure),
            "questions": [question.document() for question in self.questions],
            "domain_weights": dict(self.domain_weights),
            "overdue_critical_actions": self.overdue_critical_actions,
            "open_regulatory_action": self.open_regulatory_action,
        }

    def canonical(self) -> str:
        """Give the one text of this case; reading it again gives the same case."""
        return canonical(self.document())

    @property
    def digest(self) -> str:
        """Give the SHA-256 of the canonical text, which a rating states as its `input_digest`."""
        return digest(self.document())


def read(document: object) -> Case:
    """Read a parsed JSON document; raises Faulty with every fault by its place."""
    check = Check()
    fields = check.mapping("", document, _REQUIRED, _OPTIONAL)
    impact = _factors(check, "impact", fields["impact"], len(IMPACT))
    exposure = _factors(check, "exposure", fields["exposure"], len(EXPOSURE))
    questions = _questions(check, fields["questions"])
    case = Case(
        impact=impact,
        exposure=exposure,
        questions=questions,
        domain_weights=_weights(check, fields.get("domain_weights", {}), questions),
        overdue_critical_actions=_flag(check, fields, "overdue_critical_actions"),
        open_regulatory_action=_flag(check, fields, "open_regulatory_action"),
    )
    check.done()
    return case


def _factors(check: Check, place: str, value: object, count: int) -> tuple[int, ...]:
    items = check.items(place, value, count)
    return tuple(check.whole(f"{place}[{i}]", item, LEAST_LEVEL, MOST_LEVEL) for i, item in enumerate(items))


def _questions(check: Check, value: object) -> tuple[Question, ...]:
    found = [_question(check, f"questions[{i}]", item) for i, item in enumerate(check.items("questions", value))]
    first: dict[str, int] = {}
    for i, question in enumerate(found):
        if question.id and first.setdefault(question.id, i) != i:
            check.fault(f"questions[{i}].id", f"{question.id!r} is already at questions[{first[question.id]}]")
    return tuple(sorted(found, key=lambda question: question.id))


def _question(check: Check, place: str, value: object) -> Question:
    fields = check.mapping(place, value, _QUESTION, ("evidence",))
    question = Question(
        id=check.text(f"{place}.id", fields["id"]),
        domain=check.text(f"{place}.domain", fields["domain"]),
        deficiency=check.one_of(f"{place}.class", fields["class"], CLASSES),
        answer=check.one_of(f"{place}.answer", fields["answer"], (*ANSWERS, NOT_APPLICABLE)),
        evidence=check.one_of(f"{place}.evidence", fields.get("evidence", "E0"), EVIDENCE),
    )
    # Method, rule 7: no signature takes a critical question out; what is out of scope is not in here at all.
    if fields["class"] == "critical" and not question.applies:
        check.fault(f"{place}.answer", "a critical question leaves only by scoping, never as na_accepted")
    return question


def _weights(check: Check, value: object, questions: tuple[Question, ...]) -> dict[str, int]:
    domains = sorted({question.domain for question in questions})
    given = {
        key: check.whole(at("domain_weights", key), weight, NEUTRAL_WEIGHT, MOST_WEIGHT)
        for key, weight in check.entries("domain_weights", value).items()
    }
    if not any(fault.place.startswith("questions") for fault in check.faults):
        # A misspelt domain would otherwise keep its neutral weight and nobody would notice.
        for key in sorted(given.keys() - set(domains)):
            check.fault(at("domain_weights", key), "no question has this domain")
    return {domain: given.get(domain, NEUTRAL_WEIGHT) for domain in domains}


def _flag(check: Check, fields: Mapping[str, object], key: str) -> bool:
    return check.flag(key, fields.get(key, False))
