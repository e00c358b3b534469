"""Request -> service -> page: one blueprint a noun. No query here, no decision that a service should make."""

from __future__ import annotations

from flask import Flask

from portal.views import (
    about,
    answering,
    assessments,
    audit,
    colleagues,
    demo,
    doors,
    dossiers,
    evidence,
    health,
    pages,
    review,
    single_sign_on,
    suppliers,
    trail_reviews,
    visits,
)
from portal.views.accounts import access_review, factors, joining, own, people, resets, signing_in


def register(app: Flask) -> None:
    """Hang the doors and every blueprint; the demo's mailbox only in demo mode."""
    doors.register(app)
    pages.register(app)
    for module in (
        signing_in, own, factors, resets, joining, people, access_review, suppliers, assessments, review, visits,
        answering, colleagues, evidence, dossiers, audit, trail_reviews, about, health, single_sign_on,
    ):  # fmt: skip
        app.register_blueprint(module.blueprint)
    if app.extensions["portal.config"].mode == "demo":
        app.register_blueprint(demo.blueprint)
