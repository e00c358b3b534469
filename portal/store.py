"""Evidence bytes, addressed by their SHA-256, checked on the way out.

A file's own name never reaches the disk: the path is made of the digest alone, and proved to lie inside the
store before it is opened. Writing goes to a temporary file beside it and is moved in one step.
"""

from __future__ import annotations

import hashlib
import os
import re
import tempfile
from collections.abc import Collection, Iterator
from contextlib import suppress
from datetime import datetime
from pathlib import Path
from typing import IO

from flask import Flask, current_app

from portal.config import Config
from portal.errors import TooBig, Unavailable

CHUNK = 1024 * 1024
INCOMING = "incoming-"
DIGEST = re.compile(r"[0-9a-f]{64}")


class Damaged(Unavailable):
    """The stored bytes are missing or no longer fit their digest; trying again cannot help."""

    title = "This file is damaged"

    def __init__(self, fault: str) -> None:
        super().__init__(f"{fault} Your administrator can find it with 'portal verify'.", wait=None)
        self.fault = fault


class Store:
    """Keeps bytes under a folder: <two characters>/<digest>."""

    def __init__(self, root: Path, limit: int) -> None:
        self.root = root.resolve()
        self.limit = limit

    def put(self, stream: IO[bytes]) -> tuple[str, int]:
        """Store a stream and return its digest and size in bytes; raise TooBig past the limit."""
        self.root.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=self.root, prefix=INCOMING)
        incoming = Path(name)
        try:
            with os.fdopen(handle, "wb") as target:
                digest, size = self._copy(stream, target)
                target.flush()
                os.fsync(target.fileno())
            self._keep(incoming, digest)
        finally:
            incoming.unlink(missing_ok=True)
        return digest, size

    def read(self, digest: str) -> Iterator[bytes]:
        """Check the bytes of a digest, then return them piece by piece; raise Damaged if they do not fit."""
        self.check(digest)
        return self._chunks(digest)

    def _chunks(self, digest: str) -> Iterator[bytes]:
        with self.path(digest).open("rb") as source:
            while chunk := source.read(CHUNK):
                yield chunk

    def check(self, digest: str) -> None:
        """Raise Damaged unless the stored bytes are there and fit their digest."""
        try:
            with self.path(digest).open("rb") as source:
                found = hashlib.file_digest(source, "sha256").hexdigest()
        except FileNotFoundError:
            raise Damaged("The file is missing from the store.") from None
        if found != digest:
            raise Damaged("The file's bytes were altered.")

    def path(self, digest: str) -> Path:
        """Return where a digest lies; raise ValueError for anything that could lead outside the store."""
        if not DIGEST.fullmatch(digest):
            raise ValueError("not a digest")
        path = (self.root / digest[:2] / digest).resolve()
        if not path.is_relative_to(self.root):
            raise ValueError("outside the store")
        return path

    def _copy(self, stream: IO[bytes], target: IO[bytes]) -> tuple[str, int]:
        sha, size = hashlib.sha256(), 0
        while chunk := stream.read(CHUNK):
            size += len(chunk)
            if size > self.limit:
                raise TooBig(f"The limit is {self.limit // CHUNK} MiB a file. Send a smaller one, or split it.")
            sha.update(chunk)
            target.write(chunk)
        return sha.hexdigest(), size

    def _keep(self, incoming: Path, digest: str) -> None:
        """Move what came in to its place; the same bytes again take the older ones' place, and are new."""
        path = self.path(digest)
        path.parent.mkdir(exist_ok=True)
        incoming.chmod(0o440)
        incoming.rename(path)
        folder = os.open(path.parent, os.O_RDONLY)
        os.fsync(folder)
        os.close(folder)

    def sweep(self, named: Collection[str], before: datetime) -> tuple[int, int]:
        """Remove what came in before a moment and is not named; return how many files and bytes that were."""
        self._put_back()
        stray = (path for path in self.root.glob("??/*") if DIGEST.fullmatch(path.name) and path.name not in named)
        gone = []
        for path in (*self.root.glob(f"{INCOMING}*"), *stray):
            # What is no longer there was stored under its digest meanwhile, or met another sweep.
            with suppress(FileNotFoundError):
                gone += self._discard(path, before.timestamp())
        return len(gone), sum(gone)

    def _put_back(self) -> None:
        """Put back what a sweep had taken aside when it was killed: it may have been new."""
        for aside in self.root.glob(f"{INCOMING}*"):
            digest = aside.name.removeprefix(INCOMING)
            if DIGEST.fullmatch(digest) and not self.path(digest).exists():
                aside.rename(self.path(digest))

    def _discard(self, path: Path, before: float) -> list[int]:
        """Remove a file that came in before a moment and return its size; leave a younger one and return nothing."""
        if path.stat().st_mtime >= before:
            return []
        # Taken aside first: if the same bytes came in just now, they are seen here, or take the empty place.
        aside = path.rename(self.root / f"{INCOMING}{path.name.removeprefix(INCOMING)}")
        found = aside.stat()
        if found.st_mtime >= before:
            aside.rename(path)
            return []
        aside.unlink()
        return [found.st_size]


def start(app: Flask, config: Config) -> None:
    """Open the store of this installation."""
    app.extensions["portal.store"] = Store(config.data_dir / "evidence", config.upload_limit)


def store() -> Store:
    """Return the store of the present application."""
    found: Store = current_app.extensions["portal.store"]
    return found
