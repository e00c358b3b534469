"""Read rubrics: which domain and which class of deficiency each question of a questionnaire has.

The method's figures are read by `scoring.method`; both are found here, because a rubric names its method.
"""

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Final

from scoring.canonical import canonical, text_digest
from scoring.document import CLASSES, MOST_WEIGHT, NEUTRAL_WEIGHT
from scoring.faults import MISSING, Check, at, shown
from scoring.faults import Fault as Fault
from scoring.faults import Faulty as Faulty
from scoring.method import Method as Method
from scoring.method import load_method as load_method
from scoring.yaml_text import parse

_METHOD_FILES: Final = "srm-"
_VERSION: Final = re.compile(r"\d{1,4}(?:\.\d{1,4})*", re.ASCII)
_KEYS: Final = ("key", "version", "method", "questionnaire", "domains", "questions")


@dataclass(frozen=True, slots=True)
class Placing:
    """Say where a question counts and how heavily."""

    domain: str
    deficiency: str


@dataclass(frozen=True, slots=True)
class Rubric:
    """Hold the placing of every control question; domains are titles by id, in the order of the file."""

    key: str
    version: str
    method: str
    questionnaire: str
    domains: Mapping[str, str]
    domain_weights: Mapping[str, int]
    questions: Mapping[str, Placing]
    source: str

    @property
    def digest(self) -> str:
        """Give the SHA-256 of the canonical text that this was read from."""
        return text_digest(self.source)


def load_rubric(text: str) -> Rubric:
    """Read a rubric from YAML or JSON text; raises Faulty with every fault by its place."""
    check = Check()
    parsed = parse(check, text)
    fields = check.mapping("", parsed, _KEYS, ("domain_weights",))
    domains = _domains(check, fields["domains"])
    rubric = Rubric(
        key=check.text("key", fields["key"]),
        version=_version(check, fields["version"]),
        method=_method(check, fields["method"]),
        questionnaire=check.text("questionnaire", fields["questionnaire"]),
        domains=domains,
        domain_weights=_domain_weights(check, fields.get("domain_weights", {}), domains),
        questions=_questions(check, fields["questions"], domains),
        source="" if check.faults else canonical(parsed),
    )
    check.done()
    return rubric


def method(key: str) -> Method:
    """Find a released method by its id, such as SRM-1.0; raises KeyError that names those there are."""
    released = _methods()
    if key not in released:
        raise KeyError(f"there is no method {key!r}, only {', '.join(released)}")
    return released[key]


@functools.cache
def rubric(questionnaire_key: str, version: str | None = None) -> Rubric:
    """Find a released rubric of a questionnaire, the newest if no version is given; raises KeyError."""
    released = [found for found in _rubrics() if found.questionnaire == questionnaire_key]
    for found in released:
        if version in (None, found.version):
            return found
    wanted = questionnaire_key if version is None else f"{questionnaire_key} in version {version}"
    versions = ", ".join(found.version for found in released) or "none"
    raise KeyError(f"there is no rubric for {wanted}; versions: {versions}")


@functools.cache
def _methods() -> Mapping[str, Method]:
    found = [load_method(file.read_text("utf-8")) for file in _files() if file.name.startswith(_METHOD_FILES)]
    return {item.id: item for item in found}


@functools.cache
def _rubrics() -> tuple[Rubric, ...]:
    texts = [file.read_text("utf-8") for file in _files() if not file.name.startswith(_METHOD_FILES)]
    return tuple(sorted(map(load_rubric, texts), key=_age, reverse=True))


def _files() -> list[Traversable]:
    found = (file for file in (files("scoring") / "rubrics").iterdir() if file.name.endswith(".yaml"))
    return sorted(found, key=lambda file: file.name)


def _age(found: Rubric) -> tuple[int, ...]:
    return tuple(int(part) for part in found.version.split("."))


def _version(check: Check, value: object) -> str:
    version = check.text("version", value)
    if version and not _VERSION.fullmatch(version):
        check.fault("version", f"must be numbers with points between, such as 1.0, not {shown(version)}")
    return version


def _method(check: Check, value: object) -> str:
    name = check.text("method", value)
    if name and name not in _methods():
        check.fault("method", f"must be one of {', '.join(_methods())}, not {shown(name)}")
    return name


def _domains(check: Check, value: object) -> dict[str, str]:
    domains: dict[str, str] = {}
    for i, item in enumerate(check.items("domains", value)):
        place = f"domains[{i}]"
        fields = check.mapping(place, item, ("id", "title"))
        name = check.text(at(place, "id"), fields["id"])
        if name in domains:
            check.fault(at(place, "id"), f"{name!r} is written twice")
        domains[name] = check.text(at(place, "title"), fields["title"])
    if not domains and value is not MISSING:
        check.fault("domains", "must name at least one domain")
    return domains


def _domain_weights(check: Check, value: object, domains: Mapping[str, str]) -> dict[str, int]:
    weights = {}
    for key, weight in check.entries("domain_weights", value).items():
        if key not in domains:
            check.fault(at("domain_weights", key), "is no domain of this rubric")
        weights[key] = check.whole(at("domain_weights", key), weight, NEUTRAL_WEIGHT, MOST_WEIGHT)
    return weights


def _questions(check: Check, value: object, domains: Mapping[str, str]) -> dict[str, Placing]:
    questions = {}
    for key, item in check.entries("questions", value).items():
        place = at("questions", key)
        fields = check.mapping(place, item, ("domain", "class"))
        questions[check.text(place, key)] = Placing(
            domain=_domain(check, at(place, "domain"), fields["domain"], domains),
            deficiency=check.one_of(at(place, "class"), fields["class"], CLASSES),
        )
    if not questions and value is not MISSING:
        check.fault("questions", "must place at least one question")
    return questions


def _domain(check: Check, place: str, value: object, domains: Mapping[str, str]) -> str:
    # Without a sound list of domains every question would be reported, which hides the one real fault.
    return check.one_of(place, value, list(domains)) if domains else check.text(place, value)
