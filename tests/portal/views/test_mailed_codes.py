"""Mailed codes: five tries, one use, ten minutes, one browser, and a pace that nobody can outrun."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from portal.db import db, now
from portal.models.assessments import Invite, MailedCode, Visit
from portal.services.assessments import reviewing, sending, visits
from portal.services.assessments.visits import PACE
from tests import make
from tests.scopes import at_once, entries, later, rows, tampering

# What differs by browser, or is what was typed.
OWN = re.compile(r'name="csrf_token" value="[^"]*"|value="\d{6}"')


@pytest.fixture
def case(house) -> make.Sent:
    return make.sent(house)


def page(answer) -> tuple[int, str]:
    return answer.status_code, OWN.sub("", answer.text)


def test_every_way_to_be_wrong_gets_the_same_answer(house, inbox):
    """H019: another invite's code, a used one, one that is too old, one from another browser, five tries."""
    mine, theirs = make.sent(house), make.sent(house)
    client, digits = make.asker(mine, inbox)
    stranger, foreign = make.asker(theirs, inbox)
    answers = {"another invite": page(client.post("/code", data={"digits": foreign}))}
    answers["another browser"] = page(stranger.post("/code", data={"digits": digits}))
    with later(minutes=10, seconds=1):
        answers["too old"] = page(client.post("/code", data={"digits": digits}))
    secret = client.get_cookie("portal_browser").value
    assert client.post("/code", data={"digits": digits}).status_code == 302
    client.set_cookie("portal_browser", secret)
    answers["used"] = page(client.post("/code", data={"digits": digits}))
    for _ in range(visits.TRIES - 1):
        answers["wrong"] = page(stranger.post("/code", data={"digits": wrong(foreign)}))
    answers["after five tries"] = page(stranger.post("/code", data={"digits": foreign}))
    assert len(set(answers.values())) == 1, {name: text[:200] for name, text in answers.items()}
    assert answers["wrong"][0] == 422 and visits.WRONG_CODE in answers["wrong"][1]


def wrong(digits: str) -> str:
    return f"{(int(digits) + 1) % 10**6:06}"


def test_a_browser_that_never_asked_learns_nothing_from_a_right_code(case, inbox):
    _, digits = make.asker(case, inbox)
    stranger = case.sponsor.app.test_client()
    right, guess = (page(stranger.post("/code", data={"digits": given})) for given in (digits, wrong(digits)))
    assert right == guess and right[0] == 404


def test_a_code_dies_after_five_wrong_tries_and_works_on_the_fifth(house, inbox):
    for tries, status in ((visits.TRIES - 1, 302), (visits.TRIES, 422)):
        client, digits = make.asker(make.sent(house), inbox)
        for _ in range(tries):
            assert client.post("/code", data={"digits": wrong(digits)}).status_code == 422
        assert client.post("/code", data={"digits": digits}).status_code == status


def test_of_two_browsers_with_the_same_secret_one_uses_the_code(case, inbox):
    client, digits = make.asker(case, inbox)
    twin = case.sponsor.app.test_client()
    twin.set_cookie("portal_browser", client.get_cookie("portal_browser").value)
    given = at_once(*(lambda one=one: one.post("/code", data={"digits": digits}).status_code for one in (client, twin)))
    assert sorted(given) == [302, 422]
    assert len(rows(case.sponsor, Visit, assessment_id=case.assessment_id)) == 1


def test_a_new_code_replaces_the_one_before_in_this_browser(case, inbox):
    client, first = make.asker(case, inbox)
    with later(seconds=61):
        assert client.post("/code/again").location == "/code"
        make.do_jobs(case.sponsor.app)
        second = make.code_in(inbox.text(case.email))
        if first != second:
            assert client.post("/code", data={"digits": first}).status_code == 422
        assert client.post("/code", data={"digits": second}).status_code == 302


@pytest.mark.parametrize(
    ("before", "wait", "pace"),
    [
        ([timedelta(seconds=20)], 40, PACE[0]),
        ([timedelta(minutes=10 * number + 2) for number in range(5)], 18 * 60, PACE[1]),
        ([timedelta(hours=number + 2) for number in range(20)], 3 * 3600, PACE[2]),
    ],
)
def test_codes_are_kept_to_a_pace_by_minute_hour_and_day_from_whatever_address(case, before, wait, pace):
    link = make.link(case)
    with tampering(case.sponsor):
        invite = sending.invite_of(reviewing.get(case.assessment_id))
        for ago in before:
            ask_in_the_past(invite, ago)
    answer = case.sponsor.app.test_client().post(link, environ_base={"REMOTE_ADDR": "198.51.100.7"})
    assert answer.status_code == 429 and pace.text in answer.text
    assert wait - 5 <= int(answer.headers["Retry-After"]) <= wait + 1
    assert len(rows(case.sponsor, MailedCode, assessment_id=case.assessment_id)) == len(before)
    with later(seconds=wait + 5):
        assert case.sponsor.app.test_client().post(link).status_code == 302


def ask_in_the_past(invite: Invite, ago: timedelta) -> None:
    then = now() - ago
    db.session.add(
        MailedCode(assessment_id=invite.assessment_id, invite_id=invite.id, browser="x", asked_at=then, expires_at=then)
    )


def test_whoever_asks_twice_at_the_same_moment_gets_one_code(case):
    link = make.link(case)
    clients = [case.sponsor.app.test_client() for _ in range(2)]
    given = at_once(*(lambda client=client: client.post(link).status_code for client in clients))
    assert sorted(given) == [302, 429]


def test_the_chance_of_guessing_a_code_is_at_most_one_in_ten_thousand_a_day(case):
    assert PACE[-1].period == timedelta(days=1)
    assert PACE[-1].most * visits.TRIES / 10**6 <= 1 / 10_000


def test_the_last_code_of_a_day_is_an_entry_that_the_sponsor_sees(case):
    link = make.link(case)
    with tampering(case.sponsor):
        invite = sending.invite_of(reviewing.get(case.assessment_id))
        for number in range(19):
            ask_in_the_past(invite, timedelta(hours=number + 1.5))
    assert case.sponsor.app.test_client().post(link).status_code == 302
    found = entries(case.sponsor, action="invite.codes_used_up", assessment_id=case.assessment_id)
    assert [told for _, told in found] == [{"codes": 20}]
