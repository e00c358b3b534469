"""Encryption of what must be read again and is nobody's to read in the database: seeds, secrets of providers."""

from __future__ import annotations

import base64
from functools import cache
from pkgutil import resolve_name
from typing import Any

from flask import current_app

from portal.config import Config


def encrypted(text: str) -> str:
    """Return a text under the installation's key, so that a copy of the database alone does not give it away."""
    return str(_cipher(_key()).encrypt(text.encode()).decode())


def decrypted(text: str) -> str:
    """Return what was encrypted; raise the library's InvalidToken for another key or an altered text."""
    return str(_cipher(_key()).decrypt(text.encode()).decode())


def _key() -> str:
    config: Config = current_app.extensions["portal.config"]
    return config.secret_key


@cache
def _cipher(secret_key: str) -> Any:
    # By name, so that only who reads or writes such a text pays for the library.
    derive = resolve_name("cryptography.hazmat.primitives.kdf.hkdf:HKDF")
    sha256 = resolve_name("cryptography.hazmat.primitives.hashes:SHA256")
    # Derived for this one use: the same key signs form tokens, and no use may give another away.
    key = derive(algorithm=sha256(), length=32, salt=None, info=b"portal: kept secrets").derive(secret_key.encode())
    return resolve_name("cryptography.fernet:Fernet")(base64.urlsafe_b64encode(key))
