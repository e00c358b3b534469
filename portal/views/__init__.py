"""Request -> service -> page: one blueprint a noun. No query here, no decision that a service should make."""

from __future__ import annotations

from flask import Flask

from portal.views import (
    accounts,
    answering,
    assessments,
    audit,
    demo,
    doors,
    dossiers,
    evidence,
    health,
    pages,
    review,
    suppliers,
    visits,
)


def register(app: Flask) -> None:
    """Hang the doors and every blueprint; the demo's mailbox only in demo mode."""
    doors.register(app)
    pages.register(app)
    for module in (accounts, suppliers, assessments, review, visits, answering, evidence, dossiers, audit, health):
        app.register_blueprint(module.blueprint)
    if app.extensions["portal.config"].mode == "demo":
        app.register_blueprint(demo.blueprint)
