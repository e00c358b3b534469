"""What every page may use: how moments, sizes and levels are written, and who is looking."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from flask import Flask, current_app, g, request, url_for

from portal import access
from portal.config import Config
from portal.services.accounts.sessions import Staff
from questionnaires import lifecycle
from scoring import risk

KIB = 1024
ROLE_NAMES = {
    "admin": "Administrator",
    "qa": "Quality assurance",
    "approver": "Approver",
    "viewer": "Viewer",
    "auditor": "Auditor",
    "respondent": "Respondent",
    "signer": "Signer",
    "system": "The portal itself",
}


def register(app: Flask) -> None:
    """Teach the templates how the portal writes things."""
    app.jinja_env.filters.update(
        moment=moment, day=day, clock=clock, size=size, level_name=level_name, state_name=state_name,
        days_from=days_from, counted=counted,
    )  # fmt: skip
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.context_processor(_present)


def _present() -> dict[str, Any]:
    config: Config = current_app.extensions["portal.config"]
    staff = g.get("staff")
    role = (staff or g.get("respondent")).role if (staff or g.get("respondent")) else ""
    return {
        "staff": _bar(staff, role, config.mode) if staff else None,
        "respondent": g.get("respondent"),
        "may": lambda permission: bool(role) and access.may(role, permission),
        "demo": config.mode == "demo",
    }


def _bar(staff: Staff, role: str, mode: str) -> dict[str, Any]:
    """Return what the bar of the staff's door shows; it needs no database, so that a fault page has it too."""
    in_trail = request.endpoint == "audit.index" or request.blueprint == "trail_reviews"
    among_people = request.blueprint in {"people", "access_review", "single_sign_on"}
    elsewhere = in_trail or among_people or request.blueprint in {"about", "account", "factors"}
    nav = [{"label": "Suppliers", "href": url_for("suppliers.index"), "active": not elsewhere}]
    if access.may(role, "audit.view"):
        nav.append({"label": "Audit trail", "href": url_for("audit.index"), "active": in_trail})
    if access.may(role, "people.manage"):
        nav.append({"label": "People", "href": url_for("people.index"), "active": among_people})
    elif access.may(role, "people.view"):
        nav.append({"label": "Access", "href": url_for("access_review.show"), "active": among_people})
    if mode == "demo":
        nav.append({"label": "Demo mailbox", "href": url_for("demo.mailbox"), "active": False})
    return {
        "home": url_for("suppliers.index"),
        "tenant": staff.tenant_name,
        "person": staff.name,
        "role": ROLE_NAMES[role],
        "nav": nav,
        "account": url_for("account.show"),
        "sign_out": url_for("accounts.sign_out"),
    }


def moment(value: datetime | None) -> str:
    """Write a moment with its zone, to the minute."""
    return value.strftime("%Y-%m-%d %H:%M UTC") if value else ""


def clock(value: datetime | None) -> str:
    """Write the time of day with its zone, to the second."""
    return value.strftime("%H:%M:%S UTC") if value else ""


def day(value: date | None) -> str:
    """Write a day."""
    return value.strftime("%Y-%m-%d") if value else ""


def size(value: int) -> str:
    """Write a number of bytes for people, in binary units."""
    amount = float(value)
    for unit in ("bytes", "KiB", "MiB"):
        if amount < KIB:
            return f"{amount:.0f} {unit}" if unit == "bytes" else f"{amount:.1f} {unit}"
        amount /= KIB
    return f"{amount:.1f} GiB"


def level_name(value: int | None) -> str:
    """Write a level with its word: 4 high."""
    return f"{value} {risk.LEVELS[value]}" if value else "not rated"


def state_name(value: str) -> str:
    """Write an assessment's state in words."""
    return lifecycle.STATE_LABELS.get(value, value)


def days_from(value: date | None, today: date) -> int | None:
    """Count the days that are left until a day; negative once it is past."""
    return (value - today).days if value else None


def counted(number: int, one: str, many: str = "") -> str:
    """Write a number with its noun: 1 question, 2 questions."""
    return f"{number} {one if number == 1 else many or one + 's'}"
