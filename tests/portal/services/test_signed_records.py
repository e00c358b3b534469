"""Signed records: what a signature on one is worth, and what cannot make one."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import Uuid, bindparam, text

from portal.db import db
from portal.models.assessments import FrozenDocument, Rating, Submission
from portal.models.signatures import Signature
from portal.services import dossiers, signatures, suppliers
from portal.services.accounts import people
from portal.services.verification import whole
from tests import make, scopes


def test_11_10_a_a_record_that_was_altered_past_the_portal_is_named(sponsor):
    """Verifying finds the record whose field was altered in the database itself, and nothing else."""
    supplier_id = make.supplier(sponsor)
    with scopes.reading(sponsor):
        assert whole.verify().damages == []
    with scopes.tampering(sponsor):
        altered = text("UPDATE supplier SET services = 'Packaging alone' WHERE id = :id")
        db.session.execute(altered.bindparams(bindparam("id", supplier_id, Uuid())))
    with scopes.reading(sponsor):
        damages = whole.verify().damages
    assert damages
    assert all(str(supplier_id)[:8] in damage.place or "services" in damage.kind for damage in damages)


def test_11_10_k_settings_and_documents_are_under_control(sponsor):
    """A changed setting is an entry with old and new value; what was sent is frozen; a dossier names the version."""
    case = make.sent(sponsor)
    with scopes.acting(sponsor, "admin"):
        people.own_tenant().security_email = "security@sponsor.example"
    ((entry, told),) = scopes.entries(sponsor, record_type="Tenant", action="changed")
    assert (entry.actor_id, told["security_email"]) == (sponsor.persons["admin"], "security@sponsor.example")
    assert {row.kind for row in scopes.rows(sponsor, FrozenDocument)} == {"questionnaire", "rubric", "method"}
    with scopes.acting(sponsor):
        issued = dossiers.issue(supplier=suppliers.get(case.supplier_id), form="json")
    assert dossiers.version("cmo-oversight-portal").encode() in issued.data


def test_annex_11_14_each_signature_has_date_and_time_and_is_tied_to_its_record_for_good(house):
    """A signature has its moment in UTC and the digest of its record, and fits no other record and no other time."""
    case = make.closed(house)
    digests = {row.id: row.digest for row in scopes.rows(house, Submission, assessment_id=case.assessment_id)}
    ratings = {row.id for row in scopes.rows(house, Rating, assessment_id=case.assessment_id)}
    found = scopes.rows(house, Signature, assessment_id=case.assessment_id)
    assert {row.record_id for row in found} == digests.keys() | ratings
    for row in found:
        assert row.at.utcoffset() == timedelta(0)
        assert row.record_digest == digests.get(row.record_id, row.record_digest)
        with scopes.reading(house):
            assert list(signatures.damage(row)) == []
            row.at += timedelta(seconds=1)
            assert list(signatures.damage(row)) != []


def test_11_200_b_no_biometric_and_no_device_signs(house):
    """Signing takes address and password or the company's own sign-in: a passkey in their place signs nothing."""
    case = make.submitted(house)
    make.judged(case)
    client, path = house.client("qa"), f"/assessments/{case.assessment_id}/close"
    given = {"shown_digest": "0" * 64, "meaning": "reviewed", "acknowledged": "y", "email": house.emails["qa"]}
    answer = client.post(path, data=given | {"passkey": "{}", "fingerprint": "AAAA", "code": "123456"})
    assert answer.status_code == 422
    signed = scopes.rows(house, Signature, assessment_id=case.assessment_id)
    assert {row.record_type for row in signed} == {"Submission"}
    assert {row.components for row in signed} <= {signatures.BOTH, signatures.FURTHER}
