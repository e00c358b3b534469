"""Rate a case by a method: assurance, vulnerability, matrix, floors, and what is shown beside the rating.

Everything is decided in exact fractions. Floats appear only in `Rating.document`, which is for display.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Final, TypeAlias

from scoring.document import OPEN, Case, Question
from scoring.method import PERCENT, Method
from scoring.risk import LEVELS, Inherent, half_up, inherent

FINAL: Final = "final"
PROVISIONAL: Final = "provisional"
NOT_RATED: Final = "not rated"

Credit: TypeAlias = Callable[[Method, Question], Fraction]  # what a question earns, in percent

_TEXTS: Final = {
    "one_gate_failed": "gate failed: {names}",
    "several_gates_failed": "gate failed: {names}",
    "gate_unproven": "gate unproven: {names}",
    "weak_domain": "weak domain <{below}: {names}",
    "overdue_critical_action": "overdue critical action",
    "open_regulatory_action": "open regulatory data-integrity action",
    "insufficient_data": "insufficient data",
}


@dataclass(frozen=True, slots=True)
class Driver:
    """Name one floor that holds: its level, its kind, and the questions or the domain behind it."""

    level: int
    kind: str
    names: tuple[str, ...] = ()
    below: int = 0

    @property
    def text(self) -> str:
        """Give the short text that stands in the output document."""
        return _TEXTS[self.kind].format(names=",".join(self.names), below=self.below)


@dataclass(frozen=True, slots=True)
class Domain:
    """Hold the sums of one domain: credit times weight in points, and the weight that applies."""

    points: Fraction
    weight: int

    @property
    def assurance(self) -> Fraction:
        """Give the assurance of the domain, 0 to 100."""
        return self.points / self.weight


@dataclass(frozen=True, slots=True)
class Result:
    """Hold one run of the method over a set of answers."""

    domains: Mapping[str, Domain]
    assurance: Fraction
    vulnerability: int
    matrix_level: int
    drivers: tuple[Driver, ...]

    @property
    def level(self) -> int:
        """Give the highest of the matrix level and the floors."""
        return max([self.matrix_level, *(driver.level for driver in self.drivers)])


@dataclass(frozen=True, slots=True)
class Rating:
    """Hold a rating with all it came from; `result` and `stress` are None when nothing could be rated."""

    case: Case
    method: Method
    inherent: Inherent
    result: Result | None
    stress: Result | None
    dropped: tuple[str, ...]
    answered_weight: int
    applicable_weight: int
    not_applicable: tuple[Question, ...]
    not_applicable_weight: int
    confidence: Fraction | None
    implementation_only: Fraction | None

    @property
    def status(self) -> str:
        """Tell whether the rating is final, provisional (not everything is answered) or there is none."""
        if self.result is None:
            return NOT_RATED
        return FINAL if self.answered_weight == self.applicable_weight else PROVISIONAL

    @property
    def final(self) -> int | None:
        """Give the residual rating, or None when nothing is rated."""
        return self.result.level if self.result else None

    @property
    def stress_final(self) -> int | None:
        """Give the stress rating, which is never shown better than the final one."""
        return max(self.stress.level, self.result.level) if self.stress and self.result else None

    @property
    def domains(self) -> Mapping[str, Domain]:
        """Give the rated domains by name."""
        return self.result.domains if self.result else {}

    @property
    def drivers(self) -> tuple[Driver, ...]:
        """Give the floors that hold, the highest first."""
        return self.result.drivers if self.result else ()

    @property
    def completeness(self) -> Fraction | None:
        """Give the answered part of the applicable weight in percent, or None when nothing applies."""
        if not self.applicable_weight:
            return None
        return Fraction(PERCENT * self.answered_weight, self.applicable_weight)

    def document(self) -> dict[str, object]:
        """Give the output document: plain values, percentages half-up to one decimal."""
        if self.result is None or self.stress is None:
            return {"inherent": self.inherent.level, "status": self.status}
        result = self.result
        return {
            "impact": self.inherent.impact,
            "exposure_level": self.inherent.exposure,
            "inherent": self.inherent.level,
            "domains": {name: one_decimal(domain.assurance) for name, domain in result.domains.items()},
            "assurance": one_decimal(result.assurance),
            "assurance_exact": f"{result.assurance.numerator}/{result.assurance.denominator}",
            "vulnerability": result.vulnerability,
            "matrix_level": result.matrix_level,
            "drivers": [[driver.level, driver.text] for driver in result.drivers],
            "final": result.level,
            "final_name": LEVELS[result.level],
            "completeness": one_decimal(self.completeness),
            "confidence": one_decimal(self.confidence),
            "implementation_only": one_decimal(self.implementation_only),
            "stress_assurance": one_decimal(self.stress.assurance),
            "stress_final": self.stress_final,
            "status": self.status,
            "input_digest": self.case.digest,
            "method": self.method.id,
        }


def one_decimal(value: Fraction | None) -> float | None:
    """Round half up to one decimal for display; None, for a share of nothing, stays None."""
    return None if value is None else half_up(value * 10) / 10


def rate(case: Case, method: Method) -> Rating:
    """Rate a case; nothing left to rate is a rating with the status "not rated", not an error."""
    risk = inherent(case.impact, case.exposure, method)
    applicable = [question for question in case.questions if question.applies]
    accepted = tuple(question for question in case.questions if not question.applies)
    rated = {question.domain for question in applicable}
    claimed = [question for question in applicable if method.answers[question.answer]]
    return Rating(
        case=case,
        method=method,
        inherent=risk,
        result=_result(applicable, case, method, risk.level) if applicable else None,
        stress=_result(_stressed(case.questions, method), case, method, risk.level) if applicable else None,
        dropped=tuple(sorted({question.domain for question in accepted} - rated)),
        answered_weight=_weight(_answered(applicable), method),
        applicable_weight=_weight(applicable, method),
        not_applicable=accepted,
        not_applicable_weight=_weight(accepted, method),
        confidence=_sum(claimed, method, _evidence).assurance if claimed else None,
        implementation_only=_assurance(_domains(applicable, method, _implemented), case) if applicable else None,
    )


def _result(questions: Sequence[Question], case: Case, method: Method, inherent_level: int) -> Result:
    domains = _domains(questions, method, Method.credit)
    assurance = _assurance(domains, case)
    vulnerability = method.vulnerability_of(assurance)
    drivers = [
        *_gates(questions, method, inherent_level),
        *_weak_domains(domains, method, inherent_level),
        *_others(questions, case, method, inherent_level),
    ]
    return Result(
        domains=domains,
        assurance=assurance,
        vulnerability=vulnerability,
        matrix_level=method.cell(vulnerability, inherent_level),
        drivers=tuple(sorted(drivers, key=lambda driver: (-driver.level, driver.text))),
    )


def _domains(questions: Sequence[Question], method: Method, credit: Credit) -> dict[str, Domain]:
    names = sorted({question.domain for question in questions})
    return {name: _sum((item for item in questions if item.domain == name), method, credit) for name in names}


def _sum(questions: Iterable[Question], method: Method, credit: Credit) -> Domain:
    weighed = [(method.weight(question), credit(method, question)) for question in questions]
    points = sum((weight * earned for weight, earned in weighed), Fraction(0))
    return Domain(points, sum(weight for weight, _ in weighed))


def _assurance(domains: Mapping[str, Domain], case: Case) -> Fraction:
    weighed = sum((case.domain_weights[name] * domain.assurance for name, domain in domains.items()), Fraction(0))
    return weighed / sum(case.domain_weights[name] for name in domains)


def _evidence(method: Method, question: Question) -> Fraction:
    return Fraction(method.evidence[question.evidence])


def _implemented(method: Method, question: Question) -> Fraction:
    return method.answers[question.answer] * PERCENT


def _weight(questions: Iterable[Question], method: Method) -> int:
    return sum(method.weight(question) for question in questions)


def _answered(questions: Iterable[Question]) -> list[Question]:
    return [question for question in questions if question.answer not in OPEN]


def _stressed(questions: Iterable[Question], method: Method) -> list[Question]:
    """Take what rests on somebody's word as "no"; what is open stays open, and no run looks more complete."""
    return [
        replace(question, answer="no")
        if not question.applies or (question.evidence in method.stressed_evidence and question.answer not in OPEN)
        else question
        for question in questions
    ]


def _gates(questions: Iterable[Question], method: Method, inherent_level: int) -> Iterator[Driver]:
    gates = [question for question in questions if question.deficiency == method.gate_class]
    failed = tuple(gate.id for gate in gates if method.answers[gate.answer] == 0)
    unproven = tuple(gate.id for gate in gates if gate.id not in failed and _is_unproven(gate, method))
    if failed:
        kind = "one_gate_failed" if len(failed) == 1 else "several_gates_failed"
        yield Driver(method.floors[kind].level(inherent_level), kind, failed)
    if unproven:
        yield Driver(method.floors["gate_unproven"].level(inherent_level), "gate_unproven", unproven)


def _is_unproven(gate: Question, method: Method) -> bool:
    return method.answers[gate.answer] < 1 or gate.evidence in method.unproven_evidence


def _weak_domains(domains: Mapping[str, Domain], method: Method, inherent_level: int) -> Iterator[Driver]:
    for name, domain in domains.items():
        for below, floor in method.weak_domain:
            if domain.assurance < below:
                yield Driver(floor.level(inherent_level), "weak_domain", (name,), below)
                break


def _others(questions: Sequence[Question], case: Case, method: Method, inherent_level: int) -> Iterator[Driver]:
    answered = Fraction(PERCENT * _weight(_answered(questions), method), _weight(questions, method))
    holds = {
        "overdue_critical_action": case.overdue_critical_actions,
        "open_regulatory_action": case.open_regulatory_action,
        "insufficient_data": answered < method.answered_below,
    }
    for kind in (kind for kind, held in holds.items() if held):
        yield Driver(method.floors[kind].level(inherent_level), kind)
