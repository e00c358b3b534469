"""One typed, frozen object from the environment; it refuses to start on an unsafe value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, TypeVar
from urllib.parse import unquote, urlsplit

Mode = Literal["production", "demo", "test"]
Engine = Literal["typst", "pdfkit"]
MODES: tuple[Mode, ...] = ("production", "demo", "test")
ENGINES: tuple[Engine, ...] = ("typst", "pdfkit")
T = TypeVar("T")
MIB = 1024 * 1024
# Values that were printed somewhere: whoever reads the manual must not hold the key to a real installation.
PUBLISHED = frozenset({"", "demo", "secret", "changeme", "development", "dev", "test", "secret-key"})


class Unsafe(ValueError):
    """Says which settings keep the portal from starting, each with what to do."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("\n".join(faults))
        self.faults = faults


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail goes: host, port, optional sign-in, and whether the wire is encrypted."""

    host: str
    port: int
    user: str | None
    password: str | None
    tls: bool


@dataclass(frozen=True, slots=True)
class Config:
    """What the installation has decided; README lists each name."""

    mode: Mode
    secret_key: str
    audit_key: str
    database_url: str
    redis_url: str | None
    base_url: str
    data_dir: Path
    mail: MailServer | None
    mail_sender: str
    pdf_engine: Engine
    upload_limit: int = 100 * MIB
    proxies: int = 0

    @property
    def secure(self) -> bool:
        """Tell whether people reach the portal over TLS, so that cookies may be held to it."""
        return self.base_url.startswith("https://")

    @property
    def sqlite(self) -> bool:
        """Tell whether the embedded database is used."""
        return self.database_url.startswith("sqlite")


def from_environment(env: Mapping[str, str]) -> Config:
    """Read and check the environment; raise Unsafe with every fault at once."""
    faults: list[str] = []

    def read(name: str, default: str, turn: Callable[[str], T]) -> T:
        try:
            return turn(env.get(name, default))
        except ValueError as error:
            faults.append(f"{name}: {error}")
            return turn(default)

    mode = read("PORTAL_MODE", "production", _one_of(MODES))
    data_dir = Path(env.get("DATA_DIR", "var")).resolve()
    config = Config(
        mode=mode,
        secret_key=env.get("SECRET_KEY", ""),
        audit_key=env.get("AUDIT_KEY", ""),
        database_url=read("DATABASE_URL", f"sqlite:///{data_dir / 'portal.db'}", _database),
        redis_url=env.get("REDIS_URL") or None,
        base_url=read("BASE_URL", "http://127.0.0.1:8000", _address),
        data_dir=data_dir,
        mail=read("MAIL_URL", "", _mail_server),
        mail_sender=env.get("MAIL_SENDER", "CMO oversight <portal@localhost>"),
        pdf_engine=read("PDF_ENGINE", "typst", _one_of(ENGINES)),
        upload_limit=read("UPLOAD_LIMIT_MIB", "100", _mebibytes),
        proxies=read("TRUSTED_PROXIES", "0", int),
    )
    if mode == "production":
        faults += _production_faults(config)
    if faults:
        raise Unsafe(faults)
    return config


def _production_faults(config: Config) -> list[str]:
    checks = (
        (
            len(config.secret_key) < 32 or config.secret_key.lower() in PUBLISHED,
            "SECRET_KEY: set it to 32 or more random characters, for example from: "
            "python3 -c 'import secrets; print(secrets.token_urlsafe(48))'",
        ),
        (
            len(config.audit_key) < 32 or config.audit_key == config.secret_key,
            "AUDIT_KEY: set it to 32 or more random characters of its own; it seals the audit trail "
            "and must be kept outside the database and its backups",
        ),
        (
            not config.secure,
            "BASE_URL: must be the https:// address that people use; links in mails are made from it",
        ),
    )
    return [text for bad, text in checks if bad]


def _one_of(choices: tuple[T, ...]) -> Callable[[str], T]:
    def turn(text: str) -> T:
        for choice in choices:
            if text == choice:
                return choice
        raise ValueError(f"must be one of {', '.join(map(str, choices))}, not {text!r}")

    return turn


def _database(text: str) -> str:
    scheme = urlsplit(text).scheme.split("+")[0]
    if scheme in {"postgres", "postgresql"}:
        return "postgresql+psycopg://" + text.split("://", 1)[1]
    if scheme == "sqlite":
        return text
    raise ValueError("must begin with postgresql:// or sqlite:///")


def _address(text: str) -> str:
    parts = urlsplit(text)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("must be a web address such as https://portal.example.com")
    return text.rstrip("/")


def _mail_server(text: str) -> MailServer | None:
    if not text:
        return None
    parts = urlsplit(text)
    if parts.scheme not in {"smtp", "smtps"} or not parts.hostname:
        raise ValueError("must look like smtp://user:password@host:587 (smtps:// for TLS from the start)")
    tls = parts.scheme == "smtps"
    return MailServer(
        host=parts.hostname,
        port=parts.port or (465 if tls else 25),
        user=unquote(parts.username) if parts.username else None,
        password=unquote(parts.password) if parts.password else None,
        tls=tls,
    )


def _mebibytes(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 1024:
        raise ValueError("must be a whole number of MiB between 1 and 1024")
    return number * MIB
