"""What every page may use: how moments, sizes and levels are written, and who is looking."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from flask import Flask, current_app, g

from portal import access
from portal.config import Config
from questionnaires import lifecycle
from scoring import risk

KIB = 1024


def register(app: Flask) -> None:
    """Teach the templates how the portal writes things."""
    app.jinja_env.filters.update(
        moment=moment, day=day, clock=clock, size=size, level_name=level_name, state_name=state_name
    )
    app.jinja_env.trim_blocks = app.jinja_env.lstrip_blocks = True
    app.context_processor(_present)


def _present() -> dict[str, Any]:
    config: Config = current_app.extensions["portal.config"]
    staff = g.get("staff")
    role = (staff or g.get("respondent")).role if (staff or g.get("respondent")) else ""
    return {
        "staff": staff,
        "respondent": g.get("respondent"),
        "may": lambda permission: bool(role) and access.may(role, permission),
        "demo": config.mode == "demo",
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
