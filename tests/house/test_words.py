"""What stands nowhere in the repository: marks of unfinished work, paths of one machine, and how it was written."""

from __future__ import annotations

import hashlib
import re
from pathlib import PurePath

from tests.house.source import files, refuse, text

SELF = str(PurePath("tests/house/test_words.py"))
READ = (
    ".py", ".html", ".txt", ".css", ".js", ".svg", ".md", ".yaml", ".yml", ".csv", ".toml", ".typ", ".mako", "Makefile",
    "run", "LICENSE", ".gitignore",
)  # fmt: skip
# Names of the aids that a text may have been written with: the repository speaks of the portal alone.
# They stand here as the beginnings of their digests, or this file would break its own rule.
NAMES = {
    "053ea4804ef1", "11fb682be0a0", "386ebc0efd04", "3ea125d0bff3", "487b91042c7c", "57de4cf40144",
    "5a5110ebe154", "60965168ce76", "674900a77b79", "7d3194f79e64", "c70eca6b0f88", "c857d09db23e",
    "c9ad8f2cc129", "de2187af3fb0", "e12ce8285efc",
}  # fmt: skip
UNFINISHED = re.compile(r"\b(TODO|FIXME|XXX|HACK|WIP)\b|lorem ipsum")
MACHINE = re.compile(r"(?<![\w.:/])(?:/(?:home|root|Users|work|workspace|mnt|private)/\w|[A-Z]:\\Users)")
PICTURES = re.compile("[\U0001f000-\U0001faff✅✨❌⭐]")
HYPE = re.compile(
    r"\b(seamless\w*|effortless\w*|cutting-edge|world-class|best-in-class|state-of-the-art|blazing\w*|game-chang\w+|"
    r"next-generation|revolutionar\w+|turnkey|supercharg\w+)\b",
    re.IGNORECASE,
)


def test_nothing_speaks_of_how_it_was_written():
    refuse(
        [f"{path}: {word}" for path in files(*READ) for word in _words(text(path)) if _digest(word) in NAMES],
        "The repository speaks of the portal, not of the aids that it was written with.",
    )


def test_nothing_is_marked_as_unfinished():
    refuse(
        _found(UNFINISHED),
        "Work that is left belongs on an issue, where it is seen; in the code it is forgotten.",
    )


def test_no_path_of_one_machine_stands_anywhere():
    refuse(_found(MACHINE), "Such a path exists on one machine. Take it from the environment, or make it relative.")


def test_words_are_plain():
    refuse(_found(HYPE), "Say what it does, in the field's own words.")
    pictures = [place for place in _found(PICTURES) if not place.startswith("tests/")]
    refuse(pictures, "Words and our own icons, no pictograms: they are read out and printed differently.")


def _found(pattern: re.Pattern[str]) -> list[str]:
    return [
        f"{path}:{number} {found[0]}"
        for path in files(*READ)
        if path != SELF
        for number, line in enumerate(text(path).splitlines(), 1)
        for found in pattern.finditer(line)
    ]


def _words(content: str) -> set[str]:
    words = set(re.findall(r"[A-Za-z]+", content))
    return words | {word.lower() for word in words}


def _digest(word: str) -> str:
    return hashlib.sha256(word.encode()).hexdigest()[:12]
