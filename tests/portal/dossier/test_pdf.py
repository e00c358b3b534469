"""The controlled record: same document, same bytes; complete; and nothing in it is read as markup."""

from __future__ import annotations

import io
import re
from collections.abc import Callable
from importlib.resources import files

import pytest
from pypdf import PageObject, PdfReader

from portal.dossier import blocks, charts, pdf
from portal.dossier.blocks import Document
from portal.dossier.shapes import Block

MATRIX = [[1, 1, 1, 2, 2], [1, 2, 2, 2, 3], [1, 2, 3, 3, 4], [1, 2, 3, 4, 5], [1, 2, 3, 4, 5]]
HOSTILE = [
    '#read("/etc/passwd")',
    "#sys.inputs.model",
    '#import "@preview/cetz:0.3.0"',
    "$x^2$ and $ sum $",
    "*b* _i_ `code` ~ -- --- ...",
    "<script>alert(1)</script>",
    "{{ 7*7 }} {% raw %} ${7*7} <%= 7 %>",
    "// no comment /* nor this */",
    "= Heading @label <label> \\ #pagebreak()",
    '"quoted" \\u{41} \\n',
]


def printed(document: Document) -> PdfReader:
    return PdfReader(io.BytesIO(pdf.render(document)))


def words(reader: PdfReader) -> str:
    """Return the text of all pages without any blank, because lines break where they like."""
    return "".join("".join(page.extract_text() for page in reader.pages).split())


def body() -> tuple[Block, ...]:
    return (
        blocks.heading(1, "Summary"),
        blocks.facts([("Residual rating", "4, high")]),
        blocks.vector(*charts.risk_matrix(4, 3, MATRIX), 150),
        blocks.page_break(),
        blocks.heading(1, "Answers"),
        blocks.heading(2, "Audit trail"),
        blocks.question("P11-05", "Is there a trail?", "No", "Not yet.", "Open", ["EV-1"], ["21 CFR 11.10(e)"]),
        blocks.page_break(),
        blocks.heading(1, "Signatures"),
        blocks.signature(
            "Anna Berg", "Head of Quality", "2026-11-24 14:03:11 UTC (+00:00)", "Approved", "f" * 64, "Password"
        ),
    )


def test_the_same_document_gives_the_same_bytes(make_document: Callable[..., Document]) -> None:
    assert pdf.render(make_document(*body())) == pdf.render(make_document(*body()))


def test_the_attached_data_is_the_document_and_makes_the_same_file_again(
    make_document: Callable[..., Document],
) -> None:
    document = make_document(*body())
    reader = printed(document)

    [data] = reader.attachments["dossier.json"]
    assert data == document.as_json()
    assert reader.trailer["/Root"]["/AF"][0].get_object()["/AFRelationship"] == "/Source"  # type: ignore[index]
    assert pdf.render(Document.from_json(data)) == pdf.render(document)


def test_the_file_says_what_it_is(make_document: Callable[..., Document]) -> None:
    reader = printed(make_document(*body()))
    root = reader.trailer["/Root"]
    xmp = root["/Metadata"].get_object().get_data().decode()  # type: ignore[index]

    assert "<pdfaid:part>3</pdfaid:part>" in xmp
    assert "<pdfaid:conformance>A</pdfaid:conformance>" in xmp
    assert "<pdfuaid:part>1</pdfuaid:part>" in xmp
    assert root["/MarkInfo"]["/Marked"] is not None  # type: ignore[index]
    assert root["/Lang"] == "en"  # type: ignore[index]
    assert reader.metadata is not None
    assert reader.metadata.title == "Nordic Fill & Finish A/S – Oversight dossier"
    assert reader.metadata.author == "Example Pharma plc"
    assert reader.metadata.creation_date_raw is not None
    assert reader.metadata.creation_date_raw.startswith("D:20250203")


def test_only_fonts_that_come_with_the_typesetter_are_used(make_document: Callable[..., Document]) -> None:
    fonts = {font for page in printed(make_document(*body())).pages for font in page["/Resources"]["/Font"].values()}  # type: ignore[index]

    names = {font.get_object()["/BaseFont"].split("+")[1] for font in fonts}
    assert names
    assert all(re.match("LibertinusSerif|DejaVuSansMono|NewCM", name) for name in names)


def test_every_page_has_its_number_and_the_digest_and_every_page_after_the_cover_its_name(
    make_document: Callable[..., Document],
) -> None:
    document = make_document(*body())
    pages = [page.extract_text() for page in printed(document).pages]

    for number, text in enumerate(pages, start=1):
        assert f"Page {number} of {len(pages)}" in text
        assert document.digest[:16] in text
        assert "D-2026-0042" in text
        assert "Nordic Fill & Finish A/S" in text
    assert document.digest in pages[0]


def test_the_contents_lead_to_the_page_of_each_heading(make_document: Callable[..., Document]) -> None:
    pages = [page.extract_text() for page in printed(make_document(*body())).pages]

    for entry in ("1 Summary", "2 Answers", "2.1 Audit trail", "3 Signatures"):
        [page] = [number for number, text in enumerate(pages[2:], start=3) if entry in text]
        assert re.search(rf"^{re.escape(entry)}[ .]+{page}$", pages[1], re.MULTILINE)


def test_a_document_without_headings_has_no_contents(make_document: Callable[..., Document]) -> None:
    assert "Contents" not in words(printed(make_document(blocks.text("Only this."))))


@pytest.mark.parametrize("text", HOSTILE)
def test_text_of_a_supplier_stays_text_in_every_place(make_document: Callable[..., Document], text: str) -> None:
    document = make_document(
        blocks.heading(1, text),
        blocks.text(text),
        blocks.facts([(text, text)]),
        blocks.table([text], [[text]], [1]),
        blocks.question(text, text, text, text, text, [text], [text], [text]),
        blocks.signature(text, text, text, text, text, text),
        title=text,
        subtitle=text,
        author=text,
        identifier=text,
        cover=((text, text),),
    )

    shown = words(printed(document))
    assert shown.count("".join(text.split())) >= 20
    assert "root:x:0:0" not in shown


def test_scripts_that_run_from_right_to_left_are_printed(make_document: Callable[..., Document]) -> None:
    text = words(printed(make_document(blocks.text("Hebrew עברית and Arabic العربية"))))

    assert "עברית" in text
    assert "العربية" in text


def test_a_direction_mark_in_a_name_does_not_turn_the_time_of_signing(
    make_document: Callable[..., Document],
) -> None:
    at = "2026-11-24 14:03:11 UTC (+00:00)"
    document = make_document(blocks.signature("Eve\u202e", "QA\u202e", at, "Approved\u202e", "f" * 64, "Password"))

    assert at in "".join(page.extract_text() for page in printed(document).pages)


def card(comment: str) -> Block:
    return blocks.question("P11-05", "Why?", "No", comment)


def row(comment: str) -> Block:
    return blocks.table(["No", "Comment"], [["1", comment]], [1, 6])


def meaning(comment: str) -> Block:
    return blocks.signature("Anna", "QA", "now", comment, "f" * 64, "Password")


@pytest.mark.parametrize(
    ("place", "comment"),
    [
        (card, "word " * 1000),
        (card, "W" * 5000),
        (card, "line\n" * 500),
        (card, "x\u2028" * 300),
        (row, "word " * 1000),
        (row, "W" * 2500),
        (row, "line\n" * 500),
        (row, "a_b-c/" * 200),
        (meaning, "W" * 2500),
        (meaning, "line\n" * 200),
    ],
)
def test_a_long_comment_is_printed_to_its_end(
    make_document: Callable[..., Document], place: Callable[[str], Block], comment: str
) -> None:
    reader = printed(make_document(blocks.heading(1, "Answers"), place(comment + "END")))

    lines = [line for page in reader.pages[2:] for line in page.extract_text().splitlines()]
    letter = "".join(comment.split())[0]
    assert "".join(lines).count(letter) >= comment.count(letter)
    assert "END" in "".join(lines)
    assert max(map(len, lines)) <= 130
    # In the lower margin (24 mm are 68 points) stands the foot, and nothing has run into it.
    assert all({round(height) for height in heights(page) if height < 66} == {39} for page in reader.pages)


def heights(page: PageObject) -> list[float]:
    """Return how far above the page's lower edge each piece of text stands, in points."""
    seen: list[float] = []

    def see(text: str, cm: list[float], tm: list[float], *_: object) -> None:
        if text.strip():
            seen.append(tm[4] * cm[1] + tm[5] * cm[3] + cm[5])

    page.extract_text(visitor_text=see)
    return seen


def test_a_long_table_repeats_its_head_and_loses_no_row(make_document: Callable[..., Document]) -> None:
    rows = [[f"R{number:03d}", "Validation report of the filling line"] for number in range(300)]
    document = make_document(blocks.heading(1, "Evidence"), blocks.table(["Number", "File name"], rows, [1, 4]))

    pages = [page.extract_text() for page in printed(document).pages][2:]
    assert len(pages) > 3
    assert all("File name" in text for text in pages)
    assert re.findall(r"R\d{3}", "".join(pages)) == [row[0] for row in rows]


def test_a_row_and_a_card_stay_in_one_piece(make_document: Callable[..., Document]) -> None:
    cards = [
        blocks.question(
            f"Q{number:02d}", "Is it so? " * 8, "No", "Because. " * (number * 5), remarks=[f"E{number:02d}"]
        )
        for number in range(30)
    ]
    rows = [[f"S{number:02d}", "a long answer " * (number * 4) + f"F{number:02d}"] for number in range(30)]
    document = make_document(*cards, blocks.table(["No", "Answer"], rows, [1, 4]))

    pages = [page.extract_text() for page in printed(document).pages]
    for first, last in (("Q", "E"), ("S", "F")):
        for number in range(30):
            assert any(f"{first}{number:02d}" in text and f"{last}{number:02d}" in text for text in pages)


@pytest.mark.parametrize(
    ("text", "characters"),
    [
        ("東京", ("東", "京")),
        ("fine 😀", ("😀",)),
        ("ไทย", ("ไ", "ท", "ย")),
        ("bell \x07", ("\x07",)),
        ("own \ue000", ("\ue000",)),
    ],
)
def test_a_character_without_a_font_is_named_with_its_place(
    make_document: Callable[..., Document], text: str, characters: tuple[str, ...]
) -> None:
    document = make_document(blocks.heading(1, "Answers"), blocks.question("P11-04", "Why?", "No", text))

    with pytest.raises(pdf.Unprintable) as refused:
        pdf.render(document)

    assert refused.value.characters == characters
    assert set(refused.value.places) == {"block 2 (question P11-04), comment"}
    assert f"U+{ord(characters[0]):04X}" in str(refused.value)
    assert "Have the text corrected" in str(refused.value)


def test_a_whole_text_without_a_font_names_a_few_characters_and_says_that_there_may_be_more(
    make_document: Callable[..., Document],
) -> None:
    with pytest.raises(pdf.Unprintable, match="There may be more") as refused:
        pdf.render(make_document(title="医薬品の製造販売業者"))

    assert len(refused.value.characters) == pdf.MOST_NAMED
    assert set(refused.value.places) == {"title"}


def test_a_character_without_a_font_in_a_chart_is_refused_too(make_document: Callable[..., Document]) -> None:
    chart = charts.domain_bars([("監査", 50.0)], [60])

    with pytest.raises(pdf.Unprintable, match=r"block 1 \(vector\), svg"):
        pdf.render(make_document(blocks.vector(*chart, 150)))


def test_an_uncontrolled_copy_says_so_on_every_page(make_document: Callable[..., Document]) -> None:
    def stamps(document: Document) -> set[int]:
        return {page.extract_text().count("UNCONTROLLED COPY") for page in printed(document).pages}

    # Once at the head and once across the page.
    assert stamps(make_document(*body(), uncontrolled=True)) == {2}
    assert stamps(make_document(*body())) == {0}


def test_the_template_reads_no_file_and_fetches_no_package() -> None:
    template = files("portal.dossier").joinpath("typeset.typ").read_text(encoding="utf-8")

    assert not re.search(r"#import|#include|@preview|\bread\(|\beval\(|\bplugin\(", template)
