"""Random life of three sponsors: after each step everybody reads again, and nobody sees what is not theirs (H005)."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import ClassVar
from uuid import UUID

from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from portal import tenancy
from portal.db import now
from portal.models.accounts import AuditorGrant, Membership
from portal.models.assessments import Assessment
from portal.services.verification import whole
from questionnaires import lifecycle
from tests import make, scopes
from tests.make import Sent, Sponsor

TENANTS = st.integers(0, 2)
ANY = st.integers(0, 10**6)
READERS = ("qa", "viewer", "auditor")
# Verb -> how it is done; the state that follows is the lifecycle's.
DEEDS: dict[str, Callable[[Sent], object]] = {
    "answer": lambda case: make.answer_all(case, {}),
    "submit": lambda case: (make.signer(case), make.submit(case)),
    "judge": make.judged,
    "close": make.close,
    "withdraw": lambda case: withdraw(case),
}


@dataclass
class House:
    """A sponsor as the test knows it: its assessments with their states, and what its auditor may see."""

    sponsor: Sponsor
    clients: dict[str, FlaskClient]
    cases: list[tuple[Sent, str]] = field(default_factory=list)
    grants: dict[UUID, UUID] = field(default_factory=dict)
    viewer_is_gone: bool = False

    def may_see(self, role: str, case: Sent) -> bool:
        """Tell whether a member may see a case of this sponsor."""
        return role == "qa" or (role == "viewer" and not self.viewer_is_gone) or case.supplier_id in self.grants


class Life(RuleBasedStateMachine):
    """Three sponsors who send, answer, sign, review, close, share, withdraw, remove and restore in any order."""

    app: ClassVar[Flask]
    houses: list[House]

    @initialize()
    def begin(self) -> None:
        sponsors = [make.sponsor(self.app) for _ in range(3)]
        self.houses = [House(each, {role: each.client(role) for role in (*READERS, "admin")}) for each in sponsors]
        for house in self.houses:
            self.invite(self.houses.index(house))

    @rule(tenant=TENANTS)
    def invite(self, tenant: int) -> None:
        house = self.houses[tenant]
        house.cases.append((make.sent(house.sponsor), "sent"))

    @rule(tenant=TENANTS, which=ANY, verb=st.sampled_from(sorted(DEEDS)))
    def act(self, tenant: int, which: int, verb: str) -> None:
        cases = self.houses[tenant].cases
        at = which % len(cases)
        case, state = cases[at]
        again = (state, verb) in {("answering", "answer"), ("in_review", "judge")}
        if lifecycle.allowed(state, verb) and not again:
            DEEDS[verb](case)
            cases[at] = case, lifecycle.move(state, verb)

    @rule(tenant=TENANTS, which=ANY)
    def share_or_end(self, tenant: int, which: int) -> None:
        house = self.houses[tenant]
        supplier_id = house.cases[which % len(house.cases)][0].supplier_id
        if (grant := house.grants.pop(supplier_id, None)) is None:
            house.grants[supplier_id] = make.open_to_auditor(house.sponsor, supplier_id)
        else:
            answer = house.clients["admin"].post(f"/suppliers/{supplier_id}/auditors/{grant}/end")
            assert answer.status_code == 302

    @rule(tenant=TENANTS)
    def remove_or_restore(self, tenant: int) -> None:
        house = self.houses[tenant]
        member = make.membership(house.sponsor, "viewer")
        house.viewer_is_gone = not house.viewer_is_gone
        with scopes.tampering(house.sponsor):
            tenancy.fetch(Membership, member).ended_at = now() if house.viewer_is_gone else None

    @invariant()
    def everybody_sees_their_own_alone(self) -> None:
        for tenant, house in enumerate(self.houses):
            other = self.houses[(tenant + 1) % len(self.houses)]
            for role in READERS:
                for page, allowed in _sample(house, other, role):
                    answer = house.clients[role].get(page)
                    assert (answer.status_code == 200) is allowed, (role, page, answer.status_code)
                    told = answer.get_data(as_text=True)
                    assert not [each for each in self.houses if each is not house and each.sponsor.name in told]

    def teardown(self) -> None:
        for house in getattr(self, "houses", []):
            states = {row.id: row.state for row in scopes.rows(house.sponsor, Assessment)}
            assert states == {case.assessment_id: state for case, state in house.cases}
            with scopes.reading(house.sponsor):
                assert whole.verify().damages == []


def _sample(house: House, other: House, role: str) -> Iterator[tuple[str, bool]]:
    """Yield pages with whether a member may see them: the list, our newest case, and the newest of another."""
    (own, _), (foreign, _) = house.cases[-1], other.cases[-1]
    here = not (house.viewer_is_gone if role == "viewer" else role == "auditor" and not house.grants)
    yield "/suppliers/", here or (role == "auditor" and not _ended(house))
    yield f"/assessments/{own.assessment_id}", house.may_see(role, own)
    yield f"/suppliers/{foreign.supplier_id}", False
    yield f"/assessments/{foreign.assessment_id}/review", False


def _ended(house: House) -> bool:
    """Tell whether something was open to the auditor and all of it has ended."""
    with scopes.reading(house.sponsor):
        return bool(scopes.rows(house.sponsor, AuditorGrant)) and not house.grants


def withdraw(case: Sent) -> None:
    answer = case.sponsor.client().post(f"/assessments/{case.assessment_id}/withdraw", data={"reason": "No longer"})
    assert answer.status_code == 302


def live(app: Flask, examples: int, steps: int) -> None:
    """Let so many lives of so many steps happen."""
    Life.app = app
    calm = settings(
        max_examples=examples, stateful_step_count=steps, deadline=None, print_blob=True,
        # A life that went wrong is told by its seed: to look for a shorter one takes minutes.
        phases=[Phase.explicit, Phase.generate],
        suppress_health_check=list(HealthCheck),
    )  # fmt: skip
    run_state_machine_as_test(Life, settings=calm)  # type: ignore[no-untyped-call]


def test_11_10_d_whatever_three_sponsors_do_nobody_sees_what_is_anothers(app):
    """In any order of inviting, answering, signing, sharing and removing, each reads their own alone; verify passes."""
    live(app, examples=3, steps=12)
