"""The states of an assessment: the table is in questionnaires/lifecycle.py, the row changes here."""

from __future__ import annotations

from portal.errors import Conflict
from portal.models.assessments import Assessment
from questionnaires import lifecycle


def after(state: str, verb: str) -> str:
    """Return the state that a verb leads to; raise Conflict where the table forbids it (11.10(f))."""
    try:
        return lifecycle.move(state, verb)
    except lifecycle.NotAllowed as error:
        refused = Conflict(str(error))
        refused.title = "Not possible in this state"
        raise refused from None


def check(assessment: Assessment, verb: str) -> None:
    """Raise Conflict unless the assessment's state allows a verb."""
    after(assessment.state, verb)


def make(assessment: Assessment, verb: str) -> None:
    """Move an assessment by a verb, or raise Conflict."""
    assessment.state = after(assessment.state, verb)
