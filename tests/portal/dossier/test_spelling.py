"""What no font can print is spelt out, and nothing is lost."""

import io

import pytest
from pypdf import PdfReader

from portal.dossier import blocks, pdf, spelling
from portal.dossier.blocks import Document
from portal.dossier.spelling import NOTE, spelt_out


def _document(*texts: str) -> Document:
    return Document(
        title="Supplier", subtitle="Supplier dossier", author="Sponsor", identifier="D-1", language="en",
        date="2026-11-24", cover=(), blocks=(blocks.heading(1, "Answers"), *map(blocks.text, texts)),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("typed", "refused", "shown"),
    [
        ("Reviewed \U0001f600", ["\U0001f600"], "Reviewed [U+1F600]"),
        ("工場 in Osaka", ["工"], "[U+5DE5][U+5834] in Osaka"),
        ("한국 site", ["한"], "[U+D55C][U+AD6D] site"),
        ("Žilina stays", ["工"], "Žilina stays"),
    ],
)
def test_a_refused_script_is_spelt_out_whole_and_the_rest_stays(typed, refused, shown):
    spelt = spelt_out(_document(typed), refused)
    assert shown in [block.get("text") for block in spelt.blocks]


def test_the_note_stands_once_at_the_front():
    spelt = spelt_out(spelt_out(_document("工 한"), ["工"]), ["한"])
    assert [block["text"] for block in spelt.blocks if block["kind"] == "text"] == [NOTE, "[U+5DE5] [U+D55C]"]


@pytest.mark.parametrize("typed", ["工場 \U0001f600", "สวัสดี 工", "工 \U0001f44d\U0001f3fd?"])
def test_a_spelt_out_document_can_be_printed(typed):
    document, data = _document(typed), b""
    for _ in range(5):  # one script a run
        try:
            data = pdf.render(document)
            break
        except pdf.Unprintable as refused:
            document = spelt_out(document, refused.characters)
    text = "".join(page.extract_text() for page in PdfReader(io.BytesIO(data)).pages)
    assert "[U+5DE5]" in text.replace("\n", "")


def test_what_the_last_resort_leaves_is_printable_in_every_face():
    every = " ".join(sign for signs in spelling.HELD for sign in map(chr, signs) if spelling._held(sign))
    card = blocks.question(every, every, every, every, every, [every], [every], [every])
    tables = (blocks.facts([(every, every)]), blocks.table([every, every], [[every, every]], [1, 1]))
    document = Document(
        title=every, subtitle=every, author=every, identifier="D-1", language="en", date="2026-11-24",
        cover=((every, every),), blocks=(blocks.heading(1, every), card, *tables, blocks.text(every, "warning")),
    )  # fmt: skip
    assert spelling.spelt_plainly(document).blocks[1:] == document.blocks
    assert pdf.render(document).startswith(b"%PDF")


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("Größe Žilina Ελλάδα Дніпро 5 €", "Größe Žilina Ελλάδα Дніпро 5 €"),
        ("two\nlines\tand a tab", "two\nlines\tand a tab"),
        ("工 e\u0301 \U0001f600 \xad", "[U+5DE5] e[U+0301] [U+1F600] [U+00AD]"),
    ],
)
def test_the_last_resort_spells_out_whatever_a_font_may_lack(typed, shown):
    assert spelling.spelt_plainly(_document(typed)).blocks[-1]["text"] == shown


def test_a_panic_of_the_typesetter_is_a_refusal_like_any_other(monkeypatch):
    class PanicException(BaseException):
        pass

    def panics(*_arguments: object, **_options: object) -> bytes:
        raise PanicException("the shaper lost its way")

    monkeypatch.setattr(pdf.typst, "compile", panics)
    with pytest.raises(pdf.TypesettingFailed, match="gave up on a text"):
        pdf.render(_document("plain"))
