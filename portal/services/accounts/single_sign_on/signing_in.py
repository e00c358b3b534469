"""Signing in through the company's provider: known subjects come in, newcomers join, others prove themselves once."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from portal import tenancy
from portal.db import db
from portal.errors import Forbidden, Gone, Invalid
from portal.models.accounts import Person
from portal.services.accounts import attempts, passwords, people, sessions, throttle
from portal.services.accounts.single_sign_on import journey, providers, subjects
from portal.services.accounts.single_sign_on.facts import Facts
from portal.services.accounts.single_sign_on.journey import Answer, Departure, Trip
from portal.services.accounts.single_sign_on.providers import Setting
from portal.services.accounts.throttle import Limit

PURPOSE = "sign_in"
PROVED_BY = "provider"
# Each try asks the provider, so nobody may have us ask it without end; those that succeed are not counted.
DEPARTURES = Limit("company sign-in", 50, timedelta(minutes=15))
NONE = "No company sign-in is set up for this address. Sign in with your password."
NOT_HERE = "Your company's sign-in does not open this identity. Sign in with your password, or ask your administrator."
WRONG = "The password is not right."


@dataclass(frozen=True, slots=True)
class Arrival:
    """Either the secret of a new stay and the page that was wanted, or a ticket for proving oneself once."""

    secret: str = ""
    wanted: str = ""
    ticket: str = ""


def begin(*, email: str, wanted: str, request_id: str, origin: str) -> Departure:
    """Send a person to the provider of his address' domain; raise Invalid where there is none."""
    throttle.take(DEPARTURES, origin, "Too many tries. Wait 15 minutes, or sign in with your password.")
    domain = email.strip().lower().rpartition("@")[2]
    setting = providers.of_domain(domain, request_id=request_id, origin=origin)
    if setting is None:
        raise Invalid(NONE, field="email")
    return journey.depart(
        setting, email=email, purpose=PURPOSE, afresh=False, carried={"wanted": wanted},
        request_id=request_id, origin=origin,
    )  # fmt: skip


def arrive(trip: Trip, answer: Answer, *, request_id: str, origin: str) -> Arrival:
    """Let in whoever the provider proved.

    Whoever has an identity here already proves it once with its own password, so that nobody who only rules over
    the provider comes in under another's name (11.200(a)(3)). Raises Forbidden for who has no access.
    """
    request = {"request_id": request_id, "origin": origin}
    setting, facts = journey.arrived(trip, answer, **request)
    tenancy.enter(tenancy.system(setting.tenant_id, providers.TASK, **request))
    try:
        return _received(setting, facts, str(trip.carried.get("wanted", "")), origin)
    except Forbidden as error:
        journey.put_on_record(setting, journey.REFUSED, f"{facts.email}: {error.text}", **request)
        raise


def _received(setting: Setting, facts: Facts, wanted: str, origin: str) -> Arrival:
    person = subjects.known(setting, facts)
    if person is None and (namesake := people.with_email(facts.email)) is not None:
        if subjects.membership_of(namesake) is None or not namesake.password_hash:
            raise Forbidden(NOT_HERE)
        carried = {"facts": asdict(facts), "provider_id": str(setting.provider_id), "tenant_id": str(setting.tenant_id)}
        return Arrival(ticket=journey.signed("proof", carried | {"wanted": wanted}))
    person = person or subjects.newcomer(setting, facts)
    return Arrival(_let_in(person, setting, facts, origin), wanted)


def prove(*, ticket: str, password: str, request_id: str, origin: str) -> Arrival:
    """Bind the provider's subject to the identity whose password is given, and let the person in.

    Raises Invalid for a wrong password, TooMany after five, Gone when it took too long.
    """
    carried = journey.read("proof", ticket)
    facts, tenant_id = Facts(**carried["facts"]), UUID(carried["tenant_id"])
    attempt = attempts.begin(facts.email, request_id=request_id, origin=origin)
    tenancy.enter_unscoped(writes=False)
    person = people.with_email(facts.email)
    if person is None or not passwords.fits(person.password_hash, password):
        if person is not None:
            attempts.put_on_record(attempt, person.id, "accounts.sign_in_failed")
        raise Invalid(WRONG, field="password")
    person_id = person.id
    tenancy.enter(tenancy.system(tenant_id, providers.TASK, request_id=request_id, origin=origin))
    setting = providers.standing()
    if setting is None or str(setting.provider_id) != carried["provider_id"]:
        raise Gone("Your company's sign-in was changed meanwhile. Begin again.")
    person = db.session.get_one(Person, person_id)
    if subjects.membership_of(person) is None:
        raise Forbidden(NOT_HERE)
    if subjects.known(setting, facts) is None:
        subjects.bind(person, setting, facts)
    secret = _let_in(person, setting, facts, origin)
    attempts.right(attempt)
    return Arrival(secret, carried["wanted"])


def address_of(ticket: str) -> str:
    """Return the address whose identity is to be proved; raise Gone when it took too long."""
    facts: dict[str, Any] = journey.read("proof", ticket)["facts"]
    return str(facts["email"])


def _let_in(person: Person, setting: Setting, facts: Facts, origin: str) -> str:
    membership = subjects.admitted(person, setting, facts)
    db.session.flush()
    throttle.ease(DEPARTURES, origin, by=1)
    return sessions.begin(membership, proved_by=PROVED_BY, origin=origin)
