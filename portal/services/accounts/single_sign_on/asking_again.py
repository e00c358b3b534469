"""Signing without a password of ours: the provider asks for both components again, at this moment (11.200(a)(1))."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

from portal import audit, tenancy
from portal.db import db, now
from portal.errors import Forbidden, Gone, Invalid, NotFound
from portal.models.accounts import Person
from portal.services.accounts import identities, instructions, people, throttle
from portal.services.accounts.single_sign_on import journey, providers, signing_in, subjects
from portal.services.accounts.single_sign_on.facts import Facts, Refused
from portal.services.accounts.single_sign_on.journey import Answer, Departure, Trip
from portal.services.signatures import Confirmed

COMPONENTS = "single sign-on, asked again"
# How long ago the provider may have asked, and how far its clock may run before ours.
FRESH, AHEAD = timedelta(minutes=2), timedelta(minutes=1)
NOT_ASKED = "Your company's sign-in did not ask you again. Nothing was signed; begin again."
SOMEBODY_ELSE = "Somebody else came back from your company's sign-in. Nothing was signed."


def offered() -> bool:
    """Tell whether the present actor is known to the provider of the sponsor, and so may sign through it."""
    setting = providers.standing()
    person = people.acting()
    return setting is not None and person is not None and subjects.is_bound(person.id, setting.issuer)


def begin(*, purpose: str, acknowledged: bool, carried: Mapping[str, Any]) -> Departure:
    """Send the present actor to the provider, which must ask him again.

    Raises NotFound where he is not known there, and what signing would raise for a person who may not sign yet.
    """
    scope, person = tenancy.scope(), people.acting()
    setting = providers.standing()
    if setting is None or person is None or not subjects.is_bound(person.id, setting.issuer):
        raise NotFound("You are not known to your company's sign-in yet. Sign with your password.")
    identities.refuse_unconfirmed(person.id)
    if not acknowledged and instructions.due(person.id):
        raise Invalid(instructions.READ_IT, field=instructions.FIELD)
    email = person.email
    throttle.take(signing_in.DEPARTURES, f"sign {scope.actor.id}", "Too many tries to sign. Wait 15 minutes.")
    return journey.depart(
        setting, email=email, purpose=purpose, afresh=True,
        carried={**carried, "acknowledged": acknowledged, "stay": str(scope.stay_id)},
        request_id=scope.request_id, origin=scope.origin,
    )  # fmt: skip


def confirm(trip: Trip, answer: Answer) -> Confirmed:
    """Return the present actor as confirmed by the provider a moment ago; the scope may write from here on.

    Raises Gone for a trip of another stay, Forbidden for another person, Refused for one who was not asked again.
    """
    scope = tenancy.scope()
    if trip.carried.get("stay") != str(scope.stay_id):
        raise Gone(journey.OVER)
    setting, facts = journey.arrived(trip, answer, request_id=scope.request_id, origin=scope.origin)
    tenancy.enter(replace(scope, writes=True))
    person = subjects.known(setting, facts)
    if person is None or person.id != scope.actor.id:
        _refused("somebody else came back")
        raise Forbidden(SOMEBODY_ELSE)
    if not _asked_again(trip, facts):
        _refused("the provider did not ask again")
        raise Refused("the provider did not ask again", NOT_ASKED)
    return Confirmed(person.id, COMPONENTS, bool(trip.carried.get("acknowledged")))


def _asked_again(trip: Trip, facts: Facts) -> bool:
    """Compare when the provider asked with when we sent the person there: no library does so."""
    if facts.proved_at is None:
        return False
    present = now().timestamp()
    return max(trip.begun_at, present - FRESH.total_seconds()) <= facts.proved_at <= present + AHEAD.total_seconds()


def _refused(reason: str) -> None:
    audit.record_now("signature.refused", db.session.get(Person, tenancy.scope().actor.id), reason=reason)
