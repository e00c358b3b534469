"""Say in plain sentences how a rating came about: every question, every domain, every driver, the result."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from types import MappingProxyType
from typing import Final, TypeAlias

from scoring.document import MOST_LEVEL, OPEN, Case, Question
from scoring.method import PERCENT, Method
from scoring.risk import LEVELS
from scoring.score import FINAL, Domain, Driver, Rating, Result, one_decimal

Titles: TypeAlias = Mapping[str, str]  # domain -> its title
NO_TITLES: Final[Titles] = MappingProxyType({})

ANSWER_WORDS: Final = {
    "implemented": "implemented",
    "partial": "partial",
    "planned": "planned",
    "no": "no",
    "unanswered": "unanswered",
    "na_pending": "not applicable, not yet accepted",
    "na_accepted": "not applicable, accepted",
}
_FAILED_WORDS: Final = {
    "no": "answered 'no'",
    "planned": "answered 'planned'",
    "unanswered": "not answered",
    "na_pending": "answered 'not applicable', which is not accepted",
}


@dataclass(frozen=True, slots=True)
class Line:
    """Explain one question; credit in percent and points are None where an accepted N/A leaves the sums."""

    id: str
    domain: str
    deficiency: str
    weight: int
    answer: str
    evidence: str
    credit: Fraction | None
    points: Fraction | None
    sentence: str


@dataclass(frozen=True, slots=True)
class DomainLine:
    """Explain one domain; the figures are None where nothing is left and the domain is dropped."""

    domain: str
    points: Fraction | None
    weight: int
    assurance: Fraction | None
    sentence: str


def lines(case: Case, rating: Rating) -> tuple[Line, ...]:
    """Explain every question, by id; raises ValueError if the rating is of another case."""
    if rating.case != case:
        raise ValueError("the rating was made from another case")
    return tuple(_line(question, rating.method) for question in case.questions)


def domain_lines(rating: Rating) -> tuple[DomainLine, ...]:
    """Explain every domain by name, the dropped ones last."""
    return (
        *(_domain_line(name, domain) for name, domain in rating.domains.items()),
        *(
            DomainLine(name, None, 0, None, f"{name}: dropped, because every question is an accepted N/A.")
            for name in rating.dropped
        ),
    )


def driver_sentences(rating: Rating, titles: Titles = NO_TITLES) -> tuple[str, ...]:
    """Explain every driver, the highest first; a domain that has a title is called by it."""
    return tuple(
        f"{_CAUSES[driver.kind](driver, rating, titles)} {_consequence(driver.level)}" for driver in rating.drivers
    )


def result_sentences(rating: Rating) -> tuple[str, ...]:
    """Explain the rating from the inherent level to the stress result."""
    result, stress = rating.result, rating.stress
    if result is None or stress is None:
        return (rating.inherent.reason, "No question is left to rate, so there is no rating.", _na(rating))
    return (
        rating.inherent.reason,
        _assurance(rating, result),
        _vulnerability(rating, result),
        _final(rating, result),
        _completeness(rating),
        _confidence(rating),
        f"If all evidence were taken as full, assurance would be {percent(rating.implementation_only)}.",
        _stress(rating, stress),
        _na(rating),
    )


def number(value: Fraction | int) -> str:
    """Write a number half-up to one decimal, without a decimal where it is 0."""
    return f"{one_decimal(Fraction(value)):.1f}".removesuffix(".0")


def percent(value: Fraction | None) -> str:
    """Write a percentage half-up to one decimal."""
    return "no percentage" if value is None else f"{one_decimal(value):.1f} %"


def _line(question: Question, method: Method) -> Line:
    weight = method.weight(question)
    credit = method.credit(question) if question.applies else None
    points = None if credit is None else credit * weight
    return Line(
        id=question.id,
        domain=question.domain,
        deficiency=question.deficiency,
        weight=weight,
        answer=question.answer,
        evidence=question.evidence,
        credit=credit,
        points=points,
        sentence=f"{question.id}: {_arithmetic(question, method, credit, points)}",
    )


def _arithmetic(question: Question, method: Method, credit: Fraction | None, points: Fraction | None) -> str:
    weight = method.weight(question)
    words = ANSWER_WORDS[question.answer]
    if credit is None or points is None:
        return f"{words}; it leaves the sums, weight {weight}."
    counted = "; it counts as not answered" if question.answer in OPEN else ""
    return (
        f"{words} ({method.answers[question.answer]}) "
        f"x {question.evidence} ({method.evidence[question.evidence]} %) "
        f"= {number(credit)} points, weight {weight} -> {number(points)} of {weight * PERCENT}{counted}."
    )


def _domain_line(name: str, domain: Domain) -> DomainLine:
    return DomainLine(name, domain.points, domain.weight, domain.assurance, f"{name}: {_share(domain)}.")


def _share(domain: Domain) -> str:
    return f"{number(domain.points)} / {domain.weight} = {percent(domain.assurance)}"


def _consequence(level: int) -> str:
    name = LEVELS[level]
    return f"The rating is {name}." if level == MOST_LEVEL else f"The rating cannot be better than {name}."


def _one_gate_failed(driver: Driver, rating: Rating, _titles: Titles) -> str:
    (gate,) = _named(driver, rating)
    return f"A critical question was {_FAILED_WORDS[gate.answer]}: {gate.id}."


def _several_gates_failed(driver: Driver, rating: Rating, _titles: Titles) -> str:
    gates = [f"{gate.id} ({_FAILED_WORDS[gate.answer]})" for gate in _named(driver, rating)]
    return f"{len(gates)} critical questions are not met: {', '.join(gates)}."


def _gate_unproven(driver: Driver, rating: Rating, _titles: Titles) -> str:
    gates = [f"{gate.id} ({gate.answer}, evidence {gate.evidence})" for gate in _named(driver, rating)]
    are = "question is" if len(gates) == 1 else "questions are"
    return f"{len(gates)} critical {are} claimed but not proven: {', '.join(gates)}."


def _weak_domain(driver: Driver, rating: Rating, titles: Titles) -> str:
    (name,) = driver.names
    called = f"“{titles[name]}”" if name in titles else name
    return f"The domain {called} holds {_share(rating.domains[name])}, which is below {driver.below} %."


def _overdue_critical_action(_driver: Driver, _rating: Rating, _titles: Titles) -> str:
    return "A critical action is overdue."


def _open_regulatory_action(_driver: Driver, _rating: Rating, _titles: Titles) -> str:
    return "A regulatory action on data integrity is open."


def _insufficient_data(_driver: Driver, rating: Rating, _titles: Titles) -> str:
    return f"{_completeness(rating)} Less than {rating.method.answered_below} % is too little to judge."


_CAUSES: Final[Mapping[str, Callable[[Driver, Rating, Titles], str]]] = {
    "one_gate_failed": _one_gate_failed,
    "several_gates_failed": _several_gates_failed,
    "gate_unproven": _gate_unproven,
    "weak_domain": _weak_domain,
    "overdue_critical_action": _overdue_critical_action,
    "open_regulatory_action": _open_regulatory_action,
    "insufficient_data": _insufficient_data,
}


def _named(driver: Driver, rating: Rating) -> list[Question]:
    return [question for question in rating.case.questions if question.id in driver.names]


def _assurance(rating: Rating, result: Result) -> str:
    weights = rating.case.domain_weights
    parts = [f"{weights[name]} x {number(domain.assurance)}" for name, domain in result.domains.items()]
    total = sum(weights[name] for name in result.domains)
    exact = f"{result.assurance.numerator}/{result.assurance.denominator}"
    return f"Assurance is ({' + '.join(parts)}) / {total} = {percent(result.assurance)}, exactly {exact}."


def _vulnerability(rating: Rating, result: Result) -> str:
    level = rating.inherent.level
    return (
        f"That assurance means vulnerability {result.vulnerability}; row {result.vulnerability}, column "
        f"{level} of the matrix gives {result.matrix_level}, {LEVELS[result.matrix_level]}."
    )


def _final(rating: Rating, result: Result) -> str:
    raised = "raised by the drivers" if result.level > result.matrix_level else "as the matrix gives it"
    # Whether a rating is final is the reviewer's word, given by signature; the method knows completeness alone.
    known = "the answers are complete" if rating.status == FINAL else f"it is {rating.status}"
    return f"The rating is {result.level}, {LEVELS[result.level]}, {raised}; {known}."


def _completeness(rating: Rating) -> str:
    answered = f"{rating.answered_weight} of {rating.applicable_weight} = {percent(rating.completeness)}"
    return f"Of the weight that applies, {answered} has been answered."


def _confidence(rating: Rating) -> str:
    if rating.confidence is None:
        return "Nothing is claimed, so there is no evidence to be confident in."
    return f"The evidence carries the claimed answers by {percent(rating.confidence)}."


def _stress(rating: Rating, stress: Result) -> str:
    final = rating.stress_final or stress.level
    return (
        f"With accepted N/A and merely asserted answers taken as 'no', assurance would be "
        f"{percent(stress.assurance)} and the rating {final}, {LEVELS[final]}."
    )


def _na(rating: Rating) -> str:
    count, weight = len(rating.not_applicable), rating.not_applicable_weight
    return f"Accepted as not applicable: {count}, with weight {weight}."
