"""Office files as archives: what is refused from the directory alone, at once and with little memory (H057)."""

from __future__ import annotations

import io
import stat
import struct
import time
import tracemalloc
import zipfile
from collections.abc import Callable
from zipfile import BadZipFile, ZipFile, ZipInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from portal.config import MIB
from portal.errors import Invalid, KindRefused
from portal.services.evidence import archives, kinds
from portal.services.evidence.archives import Unfit
from tests.portal.services.test_evidence import office

WORD = office("word/")
FRAGMENT = b"<w:p><w:r><w:t>again and again</w:t></w:r></w:p>"


def doctored(change: Callable[[ZipInfo], None]) -> bytes:
    """Return a Word file whose directory says something else of its last part."""
    target = io.BytesIO(WORD)
    with ZipFile(target, "a") as archive:
        archive.writestr("word/last.xml", "<x/>")
        change(archive.filelist[-1])
    return target.getvalue()


def saying(**fields: object) -> bytes:
    def change(part: ZipInfo) -> None:
        for name, value in fields.items():
            setattr(part, name, value)

    return doctored(change)


def bomb() -> bytes:
    """Return a Word file of 100 MiB that is packed into a few hundred KiB."""
    target = io.BytesIO(WORD)
    with ZipFile(target, "a", zipfile.ZIP_DEFLATED) as archive, archive.open("word/bomb.xml", "w") as part:
        for _ in range(100):
            part.write(FRAGMENT * (MIB // len(FRAGMENT)))
    return target.getvalue()


def directory(parts: int, *, told: int | None = None, large: bool = False, shift: int = 0) -> bytes:
    """Return an archive that is a directory alone; `large` tells of it in the twin record, `shift` bytes beside."""
    entry = struct.pack("<4s6H3L5H2L", b"PK\x01\x02", *[0] * 16)
    count, length = parts if told is None else told, parts * len(entry)
    end = struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, *[count & 0xFFFF] * 2, length & 0xFFFFFFFF, 0, 0)
    if large:
        twin = struct.pack("<4sQ2H2L4Q", b"PK\x06\x06", 44, 45, 45, 0, 0, count, count, length, 0)
        place = struct.pack("<4sLQL", b"PK\x06\x07", 0, length + shift, 1)
        end = twin + place + struct.pack("<4s4H2LH", b"PK\x05\x06", 0, 0, 1, 1, len(entry), 0, 0)
    return entry * parts + end


def parts(data: bytes) -> list[str]:
    return archives.parts(io.BytesIO(data))


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (saying(flag_bits=0x1), "Parts of it are encrypted"),
        (saying(flag_bits=0x41), "Parts of it are encrypted"),
        (saying(external_attr=(stat.S_IFLNK | 0o777) << 16), "is a link to another file"),
        (saying(file_size=501 * MIB), "more than 500 MiB"),
        # ZIP64: the size stands in an extra field.
        (saying(file_size=5 * 1024 * MIB), "more than 500 MiB"),
        (saying(file_size=11 * MIB, compress_size=11 * MIB), "more than 100 times its size"),
        *(
            (saying(filename=name), "name that leads out")
            for name in (
                "/etc/passwd", "../x.xml", "word/../../x.xml", "word/..", "..", "word\\x.xml", "..\\x.xml",
                "C:/x.xml", "c:x.xml", "word/x.xml\0.exe",
            )
        ),
        (directory(archives.MOST_PARTS + 1), "more than 10,000 parts"),
    ],
)  # fmt: skip
def test_what_could_harm_whoever_opens_it_is_refused_in_a_sentence_of_its_own(data, words):
    with pytest.raises(Unfit, match=words):
        kinds.decide("report.docx", io.BytesIO(data))


@pytest.mark.parametrize(
    "data",
    [
        WORD,
        saying(filename="word/a..b/x...xml"),
        saying(filename="word/größe.xml"),
        saying(file_size=9 * MIB),
        saying(external_attr=(stat.S_IFREG | 0o644) << 16),
        # What lies within a part is the reader's to open, or not.
        office("word/", "word/embeddings/nested.zip"),
        WORD[:-2] + b"\x05\x00label",
    ],
)
def test_what_office_programs_make_is_taken(data):
    assert kinds.decide("report.docx", io.BytesIO(data)) == kinds.KINDS["docx"]


def test_as_many_parts_as_are_allowed_are_read_with_and_without_the_twin_record():
    for large in (False, True):
        assert len(parts(directory(archives.MOST_PARTS, large=large))) == archives.MOST_PARTS


@pytest.mark.parametrize(
    ("build", "words"),
    [
        (bomb, "more than 100 times its size"),
        (lambda: directory(100_000, large=True), "more than 10,000 parts"),
        # 95 MiB that are a directory and nothing else, told truly, in the twin, and with a lie.
        (lambda: directory(95 * MIB // 46), "more than 10,000 parts"),
        (lambda: directory(95 * MIB // 46, large=True), "more than 10,000 parts"),
        (lambda: directory(95 * MIB // 46, told=1), "more than 10,000 parts"),
        (lambda: directory(2 * MIB // 46, told=1), "more than 10,000 parts"),
    ],
    ids=["bomb", "100,000 parts", "directory", "directory in the twin", "directory of one part", "just short of it"],
)
def test_what_would_take_long_is_refused_within_two_seconds_and_64_mib(build, words):
    stream = io.BytesIO(build())

    def refuse() -> None:
        with pytest.raises(Unfit, match=words):
            kinds.decide("report.docx", stream)
        stream.seek(0)

    started = time.process_time()
    refuse()
    assert time.process_time() - started < 2
    tracemalloc.start()
    try:
        refuse()
        assert tracemalloc.get_traced_memory()[1] < 64 * MIB
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize(
    "data",
    [b"", b"PK", WORD[:-10], WORD[:-22], directory(3, large=True, shift=46), b"junk" + directory(3, large=True)],
)
def test_an_archive_whose_end_cannot_be_trusted_is_none(data):
    with pytest.raises(BadZipFile):
        parts(data)


@settings(max_examples=300, deadline=None)
@given(at=st.integers(0, len(WORD) - 1), data=st.binary(min_size=1, max_size=12), cut=st.integers(0, 30))
def test_whatever_bytes_are_changed_an_archive_is_taken_or_refused_in_plain_words(at, data, cut):
    changed = (WORD[:at] + data + WORD[at + len(data) :])[: len(WORD) - cut]
    try:
        kinds.decide("report.docx", io.BytesIO(changed))
    except (Invalid, KindRefused) as refused:
        assert refused.text.endswith(".") or "We take" in refused.text
