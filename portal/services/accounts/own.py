"""What people do with their own account: give the second factor, change password and factors, end stays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select

from portal import tenancy
from portal.db import db, now
from portal.errors import Forbidden, Invalid, NotFound
from portal.models.accounts import Authenticator, Membership, Person, SignIn
from portal.services.accounts import (
    attempts,
    changes,
    factors,
    passkeys,
    passwords,
    people,
    recovery,
    resets,
    rooms,
    sessions,
    totp,
)
from portal.services.accounts.attempts import Attempt
from portal.services.accounts.passkeys import Challenge
from portal.services.accounts.rooms import Room

WRONG_PASSWORD = "Your present password is not right."  # noqa: S105  # words, no secret
CODE_LENGTH = 6
# What the portal checked itself; a provider speaks for its own sponsor alone.
COUNTS_ELSEWHERE = ("password", "passkey")


@dataclass(frozen=True, slots=True)
class Given:
    """What a page gives as second factor: a code of the app, a recovery code, or a passkey's answer."""

    code: str = ""
    challenge: Challenge | None = None
    answer: str = ""


def person() -> Person:
    """Return the present member of staff; raise NotFound for anybody else."""
    found = people.acting()
    if found is None:
        raise NotFound
    return found


def stays(membership_of: UUID) -> Sequence[SignIn]:
    """Return the stays of a person with the present sponsor that are not over, newest first."""
    cut_off = db.session.get_one(Person, membership_of).stays_from
    statement = (
        select(SignIn)
        .join(Membership, (Membership.id == SignIn.membership_id) & (Membership.tenant_id == SignIn.tenant_id))
        .where(Membership.person_id == membership_of, SignIn.ended_at.is_(None))
        .where(SignIn.started_at > now() - sessions.LONGEST_STAY, SignIn.seen_at > now() - sessions.LONGEST_PAUSE)
        .order_by(SignIn.started_at.desc())
    )
    return [row for row in db.session.scalars(statement) if cut_off is None or row.started_at >= cut_off]


def end_stay(*, sign_in_id: UUID) -> None:
    """End one of one's own stays; raise NotFound for anybody else's."""
    row = next((item for item in stays(person().id) if item.id == sign_in_id), None)
    if row is None:
        raise NotFound
    row.ended_at = now()


def end_others(*, sign_in_id: UUID) -> str:
    """End every stay of one's own, with other sponsors too, and return the secret of a new one for this browser."""
    person().stays_from = now()
    return sessions.begin_anew(sign_in_id=sign_in_id)


def give_factor(*, sign_in_id: UUID, given: Given) -> str:
    """Check the second factor that a stay owes and return the secret of the whole stay.

    Raises Invalid for a wrong one, TooMany after five wrong tries, of passwords or of factors.
    """
    attempt = _begin(given)
    how = _factor(given)
    if how is None:
        _refuse(attempt, "accounts.factor_failed", totp.WRONG if not given.answer else passkeys.WRONG)
    secret = sessions.begin_anew(sign_in_id=sign_in_id, proved_by=f"password and {how}")
    attempts.right(attempt)
    return secret


def change_password(*, sign_in_id: UUID, old: str, new: str) -> str:
    """Change one's own password; every other stay ends and open links die. Returns the secret of this one, begun anew.

    Raises Invalid for a wrong old password or a weak new one, TooMany after five wrong tries.
    """
    attempt = _begin(Given())
    me = person()
    if not passwords.fits(me.password_hash, old):
        _refuse(attempt, "accounts.sign_in_failed", WRONG_PASSWORD)
    if old == new:
        raise Invalid("Choose a password that differs from the present one.", field="password")
    passwords.choose(me, new, company=people.own_tenant().name)
    resets.use_up(me.id)
    changes.spread(me, "password")
    attempts.right(attempt)
    return sessions.begin_anew(sign_in_id=sign_in_id)


def add_app(*, sign_in_id: UUID, kept: str, code: str) -> tuple[str, list[str]]:
    """Add an authenticator app; return the secret of this stay, begun anew, and recovery codes if these are the first.

    Raises Invalid for a wrong code, Forbidden while a factor that exists is still owed.
    """
    me = _may_add(sign_in_id)
    totp.add(me, kept=kept, code=code)
    return sessions.begin_anew(sign_in_id=sign_in_id, proved_by="password and app code"), _first_codes(me)


def add_passkey(*, sign_in_id: UUID, challenge: Challenge, answer: str, name: str) -> tuple[str, list[str]]:
    """Add a passkey; return the secret of this stay, begun anew, and recovery codes if these are the first.

    Raises Invalid for an answer that does not fit, Forbidden while a factor that exists is still owed.
    """
    scope = tenancy.scope()
    _may_add(sign_in_id)
    passkeys.spend(challenge)
    tenancy.enter(scope)
    me = person()
    passkeys.add(me, challenge=challenge, answer=answer, name=name)
    return sessions.begin_anew(sign_in_id=sign_in_id, proved_by="password and passkey"), _first_codes(me)


def remove_factor(*, sign_in_id: UUID, authenticator_id: UUID, password: str, given: Given) -> str:
    """Take a factor away with the password and a factor as proof; return the secret of this stay, begun anew.

    Raises Invalid for a wrong proof, TooMany after five wrong tries, Conflict where a factor is demanded.
    """
    attempt = _begin(given)
    if not (passwords.fits(person().password_hash, password) and _factor(given) is not None):
        _refuse(attempt, "accounts.factor_failed", "The password or the code is not right. Nothing was changed.")
    factors.remove(person=person(), authenticator_id=authenticator_id)
    attempts.right(attempt)
    return sessions.begin_anew(sign_in_id=sign_in_id)


def renew_codes(*, password: str) -> list[str]:
    """Make new recovery codes after the password was given again; the ones before no longer work."""
    attempt = _begin(Given())
    if not passwords.fits(person().password_hash, password):
        _refuse(attempt, "accounts.sign_in_failed", WRONG_PASSWORD)
    if not factors.of(person().id):
        raise Invalid("Recovery codes stand in for a second factor. Add one first.")
    attempts.right(attempt)
    return recovery.renew(person())


def other_rooms() -> list[Room]:
    """Return the other sponsors where the present person has a role."""
    scope, person_id = tenancy.scope(), person().id
    found = rooms.of(person_id, request_id=scope.request_id, origin=scope.origin)
    tenancy.enter(scope)
    return [room for room in found if room.tenant_id != scope.tenant_id]


def switch(*, sign_in_id: UUID, tenant_id: UUID | None) -> str:
    """End the present stay and begin one with another sponsor; what was proved here counts there, if it is enough.

    Raises NotFound for a sponsor where the person has no role, Forbidden where this sponsor's provider was the proof.
    """
    if tenant_id not in {room.tenant_id for room in other_rooms()}:
        raise NotFound
    scope, person_id, proved_by = tenancy.scope(), person().id, tenancy.fetch(SignIn, sign_in_id).proved_by
    if not proved_by.startswith(COUNTS_ELSEWHERE):
        raise Forbidden("You came in through this sponsor's own sign-in, which says nothing elsewhere. Sign in there.")
    with tenancy.scoped(scope):
        sessions.sign_out(sign_in_id=sign_in_id)
    return sessions.begin_for(
        person_id, proved_by=proved_by, request_id=scope.request_id, origin=scope.origin, tenant_id=tenant_id
    )


def known(*kinds: str) -> Sequence[Authenticator]:
    """Return one's own factors."""
    return factors.of(person().id, *kinds)


def _begin(given: Given) -> Attempt:
    """Count a try, and enter the present scope anew: counting has a transaction of its own."""
    scope = tenancy.scope()
    attempt = attempts.begin(person().email, request_id=scope.request_id, origin=scope.origin)
    if given.challenge is not None:
        passkeys.spend(given.challenge)
    tenancy.enter(scope)
    return attempt


def _refuse(attempt: Attempt, action: str, text: str) -> None:
    scope, person_id = tenancy.scope(), person().id
    attempts.put_on_record(attempt, person_id, action)
    tenancy.enter(scope)
    raise Invalid(text)


def _factor(given: Given) -> str | None:
    """Take what was given and return its name; nothing for a wrong one."""
    person_id = person().id
    if given.challenge is not None:
        try:
            passkeys.note(passkeys.check(person_id, challenge=given.challenge, answer=given.answer))
        except Invalid:
            return None
        return "passkey"
    digits = "".join(given.code.split())
    if digits.isdecimal() and len(digits) == CODE_LENGTH:
        return "app code" if totp.take(person_id, digits) else None
    return "recovery code" if recovery.take(person_id, given.code) else None


def _may_add(sign_in_id: UUID) -> Person:
    me, stay = person(), tenancy.fetch(SignIn, sign_in_id)
    # A factor counts with every sponsor, so whoever rules over one's provider must not be able to add it.
    if not stay.proved_by.startswith(COUNTS_ELSEWHERE):
        raise Forbidden("You came in through your company's sign-in. Sign in with your password to add a factor.")
    if stay.factor_due and factors.of(me.id):
        raise Forbidden("Give the second factor that you have first.")
    return me


def _first_codes(me: Person) -> list[str]:
    return [] if recovery.left(me.id) else recovery.renew(me)
