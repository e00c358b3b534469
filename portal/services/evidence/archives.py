"""Office files are archives. Whether one is fit to be kept is judged by its directory alone; nothing is unpacked.

The library reads a whole directory into memory before it says anything, so the last record of the archive, which
tells how long the directory is, is looked at first. A twin for large archives (ZIP64) may stand before it.
"""

from __future__ import annotations

import io
import re
import stat
import struct
from collections.abc import Callable
from typing import IO
from zipfile import BadZipFile, ZipFile, ZipInfo

from portal.config import MIB
from portal.errors import Invalid

MOST_PARTS = 10_000
LONGEST_DIRECTORY = 2 * MIB
LARGEST_UNPACKED = 500 * MIB
HIGHEST_RATIO = 100
# What unpacks to less than this is no trouble, however well it was packed.
SMALL = 10 * MIB

# PKWARE APPNOTE 6.3.10, sections 4.3.14 to 4.3.16.
END, END_SIGN = struct.Struct("<4s4H2LH"), b"PK\x05\x06"
PLACE_OF_TWIN, PLACE_SIGN = struct.Struct("<4sLQL"), b"PK\x06\x07"
TWIN, TWIN_SIGN = struct.Struct("<4sQ2H2L4Q"), b"PK\x06\x06"
LONGEST_COMMENT = 0xFFFF
# Encrypted, strongly encrypted, directory encrypted.
ENCRYPTED = 0x1 | 0x40 | 0x2000
LEADS_OUT = re.compile(r"\A/|\A[A-Za-z]:|\\|\x00|(?:\A|/)\.\.(?:/|\Z)")


class Unfit(Invalid):
    """The archive could harm whoever opens it."""

    title = "This Office file is not taken"

    def __init__(self, fault: str) -> None:
        super().__init__(f"{fault} Save it anew in the program that made it, or send it as a PDF.")


TOO_MANY = f"It consists of more than {MOST_PARTS:,} parts."
PART_FAULTS: tuple[tuple[Callable[[ZipInfo], bool], str], ...] = (
    (lambda part: bool(part.flag_bits & ENCRYPTED), "Parts of it are encrypted, so a reviewer could not read them."),
    (lambda part: bool(LEADS_OUT.search(part.orig_filename)), "A part of it has a name that leads out of the file."),
    (lambda part: stat.S_ISLNK(part.external_attr >> 16), "A part of it is a link to another file."),
)


def parts(stream: IO[bytes]) -> list[str]:
    """Return the names of an archive's parts; raise Unfit, or BadZipFile for what is none."""
    count, directory, size = _announced(stream)
    if count > MOST_PARTS or directory > LONGEST_DIRECTORY:
        raise Unfit(TOO_MANY)
    found = ZipFile(stream).infolist()
    if len(found) > MOST_PARTS:
        raise Unfit(TOO_MANY)
    for is_bad, fault in PART_FAULTS:
        if any(is_bad(part) for part in found):
            raise Unfit(fault)
    unpacked = sum(part.file_size for part in found)
    if unpacked > LARGEST_UNPACKED:
        raise Unfit(f"It would unpack to more than {LARGEST_UNPACKED // MIB} MiB.")
    # Against the archive's own size: what the directory says of packed sizes may be untrue, or counted twice.
    if unpacked > max(SMALL, HIGHEST_RATIO * size):
        raise Unfit(f"It would unpack to more than {HIGHEST_RATIO} times its size.")
    return [part.filename for part in found]


def _announced(stream: IO[bytes]) -> tuple[int, int, int]:
    """Return how many parts an archive says it has, the bytes of its directory, and its own size."""
    size = stream.seek(0, io.SEEK_END)
    start = stream.seek(max(0, size - LONGEST_COMMENT - END.size - PLACE_OF_TWIN.size - TWIN.size))
    tail = stream.read()
    at = tail.rfind(END_SIGN)
    if not 0 <= at <= len(tail) - END.size:
        raise BadZipFile("no last record")
    *_, count, directory, _offset, _comment = END.unpack_from(tail, at)
    place = at - PLACE_OF_TWIN.size
    twin = place - TWIN.size
    if twin < 0 or not tail.startswith(PLACE_SIGN, place):
        return count, directory, size
    sign, *_, count, directory, _offset = TWIN.unpack_from(tail, twin)
    # Where the two disagree, one reader would see another archive than the next.
    if sign != TWIN_SIGN or PLACE_OF_TWIN.unpack_from(tail, place)[2] != start + twin:
        raise BadZipFile("the twin of the last record is not where it should be")
    return count, directory, size
