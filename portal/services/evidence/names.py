"""What a file may be called, on pages and in headers; on the disk it never has a name."""

from __future__ import annotations

import re
import unicodedata

LONGEST = 150
# Control, format, unassigned, private and surrogate signs, line and paragraph separators: none is seen, and some turn
# "fdp.exe" into "exe.pdf".
UNSEEN = {"Cc", "Cf", "Cn", "Co", "Cs", "Zl", "Zp"}
NAMELESS = "file"


def safe(name: str) -> str:
    """Return a name that is fit to be shown and offered: no folder, nothing unseen, no tricks."""
    seen = "".join(sign for sign in name if unicodedata.category(sign) not in UNSEEN)
    last = re.split(r"[/\\]", unicodedata.normalize("NFC", seen))[-1]
    stem, dot, ending = _trimmed(re.sub(r'["*:<>?|]+', "_", last), end=True).rpartition(".")
    if not dot or len(ending) > LONGEST // 2:
        stem, dot, ending = f"{stem}{dot}{ending}", "", ""
    stem = _trimmed(_trimmed(stem)[: LONGEST - len(dot + ending)], end=True)
    return f"{stem or NAMELESS}{dot}{ending}"


def _trimmed(text: str, *, end: bool = False) -> str:
    return re.sub(r"[\s.]+\Z" if end else r"\A[\s.]+|[\s.]+\Z", "", text)
