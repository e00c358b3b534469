"""An assessment moves only as the table says, and what is closed or withdrawn stays so."""

from __future__ import annotations

from itertools import product

import pytest

from questionnaires.lifecycle import MOVES, STATE_LABELS, STATES, VERBS, NotAllowed, allowed, move

TABLE = """
drafted     send          sent
sent        answer        answering
sent        withdraw      withdrawn
answering   answer        answering
answering   submit        submitted
answering   withdraw      withdrawn
submitted   judge         in_review
in_review   judge         in_review
in_review   return        returned
in_review   close         closed
returned    answer        returned
returned    submit        submitted
returned    withdraw      withdrawn
"""
EXPECTED = {(state, verb): then for state, verb, then in (row.split() for row in TABLE.strip().splitlines())}


@pytest.mark.parametrize(("state", "verb"), list(product(STATES, VERBS)))
def test_a_move_is_made_or_refused_as_the_table_says(state: str, verb: str) -> None:
    then = EXPECTED.get((state, verb))
    assert allowed(state, verb) is (then is not None)
    if then:
        assert move(state, verb) == then
    else:
        with pytest.raises(NotAllowed, match=r"^This assessment cannot be .+ now; its state is: .+\.$"):
            move(state, verb)


def test_no_move_leaves_the_known_states_or_uses_an_unknown_verb() -> None:
    assert {state for state, _ in MOVES} | set(MOVES.values()) <= set(STATES)
    assert {verb for _, verb in MOVES} == set(VERBS)


@pytest.mark.parametrize("state", ["closed", "withdrawn"])
def test_nothing_leaves_a_closed_or_withdrawn_assessment(state: str) -> None:
    assert not any(allowed(state, verb) for verb in VERBS)


@pytest.mark.parametrize("state", STATES)
def test_every_state_can_be_reached_from_a_draft_and_has_a_label(state: str) -> None:
    reached = {"drafted"}
    for _ in STATES:
        reached |= {then for (before, _), then in MOVES.items() if before in reached}
    assert state in reached
    assert STATE_LABELS[state]


@pytest.mark.parametrize("state", sorted(set(STATES) - {"closed", "withdrawn"}))
def test_every_open_state_can_come_to_an_end(state: str) -> None:
    reached = {state}
    for _ in STATES:
        reached |= {then for (before, _), then in MOVES.items() if before in reached}
    assert "closed" in reached


def test_a_refusal_says_in_plain_words_what_cannot_be_done() -> None:
    with pytest.raises(NotAllowed) as caught:
        move("submitted", "answer")
    assert str(caught.value) == "This assessment cannot be answered now; its state is: submitted."


@pytest.mark.parametrize(("state", "verb"), [("drafted", "delete"), ("lost", "send"), ("", "")])
def test_an_unknown_state_or_verb_is_refused_too(state: str, verb: str) -> None:
    assert not allowed(state, verb)
    with pytest.raises(NotAllowed):
        move(state, verb)
