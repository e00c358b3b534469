"""Say which moves an assessment can make, from its draft to its end."""

from __future__ import annotations

from collections.abc import Mapping

STATE_LABELS: Mapping[str, str] = {
    "drafted": "Draft",
    "sent": "Sent",
    "answering": "Being answered",
    "submitted": "Submitted",
    "in_review": "In review",
    "returned": "Returned",
    "closed": "Closed",
    "withdrawn": "Withdrawn",
}
STATES = tuple(STATE_LABELS)

# A signed submission is never taken back by the respondent: the reviewer returns it, and that is on record.
MOVES: Mapping[tuple[str, str], str] = {
    ("drafted", "send"): "sent",
    ("sent", "answer"): "answering",
    ("sent", "withdraw"): "withdrawn",
    ("answering", "answer"): "answering",
    ("answering", "submit"): "submitted",
    ("answering", "withdraw"): "withdrawn",
    ("submitted", "judge"): "in_review",
    ("in_review", "judge"): "in_review",
    ("in_review", "return"): "returned",
    ("in_review", "close"): "closed",
    ("returned", "answer"): "returned",
    ("returned", "submit"): "submitted",
    ("returned", "withdraw"): "withdrawn",
}

_PARTICIPLES: Mapping[str, str] = {
    "send": "sent",
    "answer": "answered",
    "submit": "submitted",
    "judge": "reviewed",
    "return": "returned",
    "close": "closed",
    "withdraw": "withdrawn",
}
VERBS = tuple(_PARTICIPLES)


class NotAllowed(ValueError):  # the word that the callers use
    """Say in one sentence why an assessment cannot make a move."""


def move(state: str, verb: str) -> str:
    """Give the state that follows; NotAllowed when the state does not permit the verb."""
    if not allowed(state, verb):
        done, label = _PARTICIPLES.get(verb, verb), STATE_LABELS.get(state, state).lower()
        raise NotAllowed(f"This assessment cannot be {done} now; its state is: {label}.")
    return MOVES[state, verb]


def allowed(state: str, verb: str) -> bool:
    """Say whether the state permits the verb."""
    return (state, verb) in MOVES
