"""The one set of colours for documents, printed pages and charts.

Ratings are never told by colour alone: the level is always written beside it. Each ink stands on white
and on its own wash with a contrast of at least 4.5 to 1 (WCAG 2.2, 1.4.3).
"""

from __future__ import annotations

from scoring.risk import LEVELS

TONES = ("none", *LEVELS.values())

INK = {
    "text": "#1b262c",
    "muted": "#55636b",
    "accent": "#0f4c5c",
    "very low": "#1f6650",
    "low": "#456118",
    "moderate": "#785600",
    "high": "#9c4108",
    "critical": "#96191f",
}
WASH = {
    "hairline": "#c5d0d4",
    "panel": "#f3f7f8",
    "accent": "#e2edf0",
    "very low": "#dfefe7",
    "low": "#e9f1d7",
    "moderate": "#fbefc6",
    "high": "#f9dcc6",
    "critical": "#f2c9c9",
}
