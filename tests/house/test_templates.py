"""What a page may carry: everything from here, nothing inline, nothing unescaped."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tests.house.source import PRODUCT, files, refuse, text, tree

PAGES = files(".html", under=("portal/templates",))
SERVED = PAGES + files(".css", ".js", ".svg", under=("portal/static",))
# Names of languages, not addresses: nothing is fetched from them.
NAMESPACES = "www.w3.org"
FOREIGN = re.compile(
    r"https?://([^\s/\"'<>{}]+)|(?:src|href|url|action|import)[\s=(\"']+//(\w[^\s/\"'<>]*)", re.IGNORECASE
)
INLINE = re.compile(
    r"\sstyle\s*=|\son[a-z]+\s*=|<style\b|<script\b(?![^>]*\ssrc\s*=)|javascript:|\{%-?\s*autoescape", re.IGNORECASE
)
# A mailbox shows no style sheet, so a mail brings its own; it runs no script.
MAILS = "portal/templates/mail/"
MAY_STYLE_INLINE = re.compile(r"style\s*=|<style\b", re.IGNORECASE)
# Where text is taken for markup as it stands, and why it is not a person's.
MAY_BE_MARKUP = {
    "portal/dossier/printed.html": "our own drawings, checked by dossier/drawing.py",
    "portal/templates/review/rating.html": "the same drawings",
}
EXTENDS = re.compile(r"\{%-? extends [\"']layouts/")
SYMBOL = re.compile(r'<symbol id="([^"]+)"')
ICON = re.compile(r"\bicon\(([^),]*)")
QUOTED = re.compile(r"'([a-z][a-z-]+)'")
UNESCAPED = re.compile(r"\|\s*safe\b|\bMarkup\(")


def test_no_page_asks_another_host():
    refuse(
        [f"{path}:{line} {host}" for path in SERVED for line, host in _hosts(text(path)) if host.lower() != NAMESPACES],
        "Everything that a page needs is served from here: scripts, styles, pictures, letters. A link that people "
        "should follow comes from the data.",
    )


def test_no_page_carries_script_or_style_within():
    refuse(
        [
            f"{path}:{line} {found.strip()}"
            for path in PAGES
            for line, found in _matches(INLINE, text(path))
            if not (path.startswith(MAILS) and MAY_STYLE_INLINE.search(found))
        ],
        "Our own policy (Content-Security-Policy) refuses inline script and style, so it would do nothing. Use a "
        "class, and a file under portal/static.",
    )


def test_nothing_goes_into_a_page_unescaped():
    used = {
        path: line for path in files(".html", ".txt", under=("portal",)) for line, _ in _matches(UNESCAPED, text(path))
    }
    used |= {
        path: node.lineno
        for path in files(".py", under=PRODUCT)
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Name) and node.id == "Markup"
    }
    refuse(
        [f"{path}:{line}" for path, line in used.items() if path not in MAY_BE_MARKUP],
        "Text is escaped, always: no |safe, no Markup(...). If it is our own markup and no person's text, name the "
        "file in MAY_BE_MARKUP with the reason.",
    )
    refuse(sorted(MAY_BE_MARKUP.keys() - used.keys()), "MAY_BE_MARKUP names what escapes everything. Take it out.")


def test_every_page_has_a_title():
    pages = [path for path in PAGES if EXTENDS.search(text(path)) and not path.startswith("portal/templates/layouts/")]
    assert pages
    refuse(
        [path for path in pages if "block title" not in text(path)],
        "A page fills its title block: it stands in the tab, and is read out first.",
    )


def test_every_icon_that_a_page_names_is_drawn_and_every_drawn_one_is_named():
    drawn = set(SYMBOL.findall(text("portal/static/icons.svg")))
    named = {name for path in PAGES for line in ICON.findall(text(path)) for name in QUOTED.findall(line)}
    quoted = {name for path in PAGES for name in QUOTED.findall(text(path))}
    assert drawn
    refuse(sorted(named - drawn), "There is no such icon in portal/static/icons.svg: the page would show a gap.")
    refuse(sorted(drawn - quoted), "No page shows this icon. Take it out of portal/static/icons.svg.")


def _hosts(content: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(content.splitlines(), 1):
        for found in FOREIGN.finditer(line):
            yield number, found[1] or found[2]


def _matches(pattern: re.Pattern[str], content: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(content.splitlines(), 1):
        for found in pattern.finditer(line):
            yield number, found[0]
