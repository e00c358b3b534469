"""The store: the same bytes again are new, and sweeping takes what is old and belongs to no record (H050)."""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path

import pytest

from portal.db import now
from portal.store import Store

LONG_AGO = timedelta(hours=25)


@pytest.fixture
def store(tmp_path) -> Store:
    return Store(tmp_path / "evidence", 1000)


def put(store: Store, data: bytes, age: timedelta = LONG_AGO) -> Path:
    """Store bytes that came in some time ago."""
    path = store.path(store.put(io.BytesIO(data))[0])
    aged(path, age)
    return path


def aged(path: Path, age: timedelta) -> None:
    came = (now() - age).timestamp()
    os.utime(path, (came, came))


def sweep(store: Store, named: Iterable[Path] = ()) -> tuple[int, int]:
    return store.sweep({path.name for path in named}, now() - timedelta(hours=24))


def test_what_is_old_and_named_by_nothing_goes_and_all_else_stays(store):
    orphan, record, young = put(store, b"orphan"), put(store, b"record"), put(store, b"young", timedelta(hours=23))
    cut_off, coming = store.root / "incoming-a", store.root / "incoming-b"
    for path in (cut_off, coming):
        path.write_bytes(b"half")
    aged(cut_off, LONG_AGO)
    foreign = orphan.with_name("notes.txt")
    foreign.write_bytes(b"an operator's own")
    aged(foreign, LONG_AGO)
    assert sweep(store, [record]) == (2, len(b"orphan") + len(b"half"))
    assert [path.exists() for path in (orphan, cut_off)] == [False, False]
    assert [path.exists() for path in (record, young, coming, foreign)] == [True] * 4
    assert sweep(store, [record]) == (0, 0)


def test_an_empty_store_has_nothing_to_sweep(store):
    assert sweep(store) == (0, 0)


def test_what_vanishes_while_it_is_swept_is_passed_over(store):
    put(store, b"orphan")
    (store.root / "incoming-a").symlink_to("where nothing is any more")
    assert sweep(store) == (1, len(b"orphan"))


def test_bytes_that_come_in_again_are_new_even_where_older_ones_were_damaged(store):
    path = put(store, b"again")
    path.chmod(0o600)
    path.write_bytes(b"damaged")
    aged(path, LONG_AGO)
    store.put(io.BytesIO(b"again"))
    assert sweep(store) == (0, 0)
    store.check(hashlib.sha256(b"again").hexdigest())


def test_bytes_that_come_in_again_at_the_moment_of_sweeping_stay(store, monkeypatch):
    path, taken = put(store, b"again"), Path.rename

    def overtaken(self: Path, target: Path) -> Path:
        """Let an upload of the same bytes come between the look at the clock and the taking."""
        monkeypatch.setattr(Path, "rename", taken)
        store.put(io.BytesIO(b"again"))
        return taken(self, target)

    monkeypatch.setattr(Path, "rename", overtaken)
    assert sweep(store) == (0, 0)
    assert path.read_bytes() == b"again"
    assert list(store.root.glob("incoming-*")) == []


def test_what_a_killed_sweep_had_taken_aside_is_put_back_by_the_next(store):
    record = put(store, b"record")
    aside = record.rename(store.root / f"incoming-{record.name}")
    assert sweep(store, [record]) == (0, 0)
    assert (record.read_bytes(), aside.exists()) == (b"record", False)
