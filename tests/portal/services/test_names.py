"""Names of files: what is left of one that can be shown, offered and put into a header (H052)."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from portal.services.evidence import names

NAMES = [
    "../../etc/passwd.pdf", "..\\..\\windows\\system.pdf", "/etc/cron.d/job.pdf", "C:\\boot.pdf", "C:boot.pdf",
    "\\\\server\\share\\x.pdf", "file:///etc/passwd.pdf", "a/b/c.pdf", "a\\b\\c.pdf", "x.pdf\0.exe.pdf",
    "\0.pdf", "n" * 300 + ".pdf", "\u00e9" * 300 + ".pdf", '"quoted".pdf', "it's.pdf", "semi;colon.pdf",
    "line\r\nbreak: x.pdf", "line\nbreak.pdf", "tab\tname.pdf", "CON.pdf", "nul.pdf", "LPT1.pdf",
    "blank .pdf", "  lead.pdf", "dots...pdf", "....pdf", ".hidden.pdf", "exe\u202efdp.pdf",
    "<b>bold</b>.pdf", "percent%2e%2e%2f.pdf",
]  # fmt: skip


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("in\u200bvoice\ufeff.pdf", "invoice.pdf"),
        ("invoice\u202efdp.exe", "invoicefdp.exe"),
        ("a\u2066b\u2069\u061c.pdf", "ab.pdf"),
        ("line\r\nbreak\u2028\u2029\x85.pdf", "linebreak.pdf"),
        ("own\ue000\U000f0000.pdf", "own.pdf"),
        ("half\ud800.pdf", "half.pdf"),
        ("none\uffff\u0378.pdf", "none.pdf"),
        ("e\u200b\u0301t\xe9.pdf", "\xe9t\xe9.pdf"),
        ("\xa0\u3000wide\u2003.pdf\u200b", "wide.pdf"),
        ("\u30ed\u30b0 \u0645\u0644\u0641.pdf", "\u30ed\u30b0 \u0645\u0644\u0641.pdf"),
        (".pdf", "file.pdf"),
        ("\u200b\u202e.pdf", "file.pdf"),
        ("\u200b", "file"),
        ("/", "file"),
    ],
)
def test_a_name_holds_nothing_that_cannot_be_seen(name, shown):
    assert names.safe(name) == shown


SIGNS = st.one_of(st.characters(exclude_categories=()), st.sampled_from(' ./\\"*:?\u202e\u200b\0'))


@given(st.text(SIGNS, max_size=400))
def test_whatever_a_name_was_it_can_be_shown_written_down_and_given_again(name):
    safe = names.safe(name)
    assert safe.encode() and len(safe) <= names.LONGEST
    assert not {unicodedata.category(sign) for sign in safe} & names.UNSEEN
    assert not set(safe) & set('/\\"*:<>?|') and safe == safe.strip().strip(".")
    assert names.safe(safe) == safe
    if name.endswith(".pdf"):
        assert safe.endswith(".pdf")
