"""Columns, constraints and relationships: one noun a file. No verbs and no Flask here."""

from portal.models import (
    accounts,
    assessments,
    audit,
    evidence,
    outbox,
    signatures,
    suppliers,
)

__all__ = ["accounts", "assessments", "audit", "evidence", "outbox", "signatures", "suppliers"]
