"""One typed, frozen object from the environment; it refuses to start on an unsafe value."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from email.utils import parseaddr
from ipaddress import ip_address
from pathlib import Path
from typing import Literal, TypeVar
from urllib.parse import parse_qs, unquote, urlsplit

Mode = Literal["production", "demo", "test"]
Engine = Literal["typst", "pdfkit"]
MODES: tuple[Mode, ...] = ("production", "demo", "test")
ENGINES: tuple[Engine, ...] = ("typst", "pdfkit")
T = TypeVar("T")
MIB = 1024 * 1024
# 32 characters of which ten differ: what a random generator gives, and no word that somebody repeated.
KEY_LENGTH, KEY_VARIETY = 32, 10
LOOPBACK = ("localhost", "127.0.0.1", "::1")


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
    password: str | None = field(repr=False)
    tls: bool

    @property
    def encrypted(self) -> bool:
        """Tell whether mails travel encrypted: from the start, or from STARTTLS on, which a sign-in demands."""
        return self.tls or self.user is not None

    @property
    def on_this_machine(self) -> bool:
        """Tell whether mails reach the server without a wire."""
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return self.host == "localhost"


@dataclass(frozen=True, slots=True)
class Config:
    """What the installation has decided; README lists each name."""

    mode: Mode
    secret_key: str = field(repr=False)
    audit_key: str = field(repr=False)
    database_url: str = field(repr=False)
    redis_url: str | None = field(repr=False)
    base_url: str
    data_dir: Path
    mail: MailServer | None
    mail_sender: str
    pdf_engine: Engine
    heads_file: Path
    heads_mail: str = ""
    upload_limit: int = 100 * MIB
    proxies: int = 0

    @property
    def secure(self) -> bool:
        """Tell whether people reach the portal over TLS, so that cookies may be held to it."""
        return self.base_url.startswith("https://")

    @property
    def hosts(self) -> frozenset[str]:
        """Return the hosts that the portal answers for: that of its address and, short of production, this machine."""
        return frozenset({_host(self.base_url), *(() if self.mode == "production" else LOOPBACK)})

    @property
    def sqlite(self) -> bool:
        """Tell whether the embedded database is used."""
        return self.database_url.startswith("sqlite")


def from_environment(env: Mapping[str, str], *, serving: bool = False) -> Config:
    """Read and check the environment, more strictly for who serves; raise Unsafe with every fault at once."""
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
        database_url=read("DATABASE_URL", f"sqlite:///{data_dir / 'portal.db'}", database),
        redis_url=read("REDIS_URL", "", _redis),
        base_url=read("BASE_URL", "http://127.0.0.1:8000", _address),
        data_dir=data_dir,
        mail=read("MAIL_URL", "", _mail_server),
        mail_sender=env.get("MAIL_SENDER", "CMO oversight <portal@localhost>"),
        pdf_engine=read("PDF_ENGINE", "typst", _one_of(ENGINES)),
        heads_file=Path(env.get("HEADS_FILE") or data_dir / "heads.jsonl").resolve(),
        heads_mail=read("HEADS_MAIL", "", _mailbox),
        upload_limit=read("UPLOAD_LIMIT_MIB", "100", _whole(1, 1024)) * MIB,
        proxies=read("TRUSTED_PROXIES", "0", _whole(0, 8)),
    )
    checks = PRODUCTION if mode == "production" else SERVING if serving else ()
    unread = {fault.partition(":")[0] for fault in faults}
    faults += [f"{name}: {text}" for bad, name, text in checks if name not in unread and bad(config)]
    if faults:
        raise Unsafe(faults)
    return config


def _in_memory(url: str) -> bool:
    """Tell whether an SQLite address names no file."""
    parts = urlsplit(url)
    asked = {value for key in ("mode", "vfs") for value in parse_qs(parts.query).get(key, ())}
    return parts.path.strip("/").removeprefix("file:") in {"", ":memory:"} or bool(asked & {"memory", "memdb"})


def _guessable(key: str) -> bool:
    return len(key) < KEY_LENGTH or len(set(key)) < KEY_VARIETY


def _sendable(sender: str) -> bool:
    """Tell whether a sender is an address that others can know."""
    name, _, host = parseaddr(sender)[1].rpartition("@")
    return bool(name and host) and host != "localhost"


def _one_of(choices: tuple[T, ...]) -> Callable[[str], T]:
    def turn(text: str) -> T:
        for choice in choices:
            if text == choice:
                return choice
        raise ValueError(f"must be one of {', '.join(map(str, choices))}, not {text!r}")

    return turn


def database(text: str) -> str:
    """Return a database's address with the driver that we bring; raise ValueError for another kind of database."""
    scheme = urlsplit(text).scheme.split("+")[0]
    if scheme in {"postgres", "postgresql"}:
        return "postgresql+psycopg://" + text.split("://", 1)[1]
    if scheme == "sqlite":
        return text
    raise ValueError("must begin with postgresql:// or sqlite:///")


def _address(text: str) -> str:
    parts = urlsplit(text)
    bare = parts._replace(path=parts.path.rstrip("/"))
    if parts.scheme not in {"http", "https"} or not _host(text) or parts.username or parts.port == 0:
        raise ValueError("must be a web address such as https://portal.example.com")
    if bare.path or bare.query or bare.fragment:
        raise ValueError("must end after the host: the portal has an address of its own, not a folder of another")
    return bare.geturl()


def _host(address: str) -> str:
    """Return the host of a web address as browsers send it; nothing where there is none that could be found."""
    try:
        return (urlsplit(address).hostname or "").encode("idna").decode()
    except UnicodeError:
        return ""


def _redis(text: str) -> str | None:
    if text and urlsplit(text).scheme not in {"redis", "rediss", "unix"}:
        raise ValueError("must begin with redis://, rediss:// or unix://")
    return text or None


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


def _mailbox(text: str) -> str:
    name, address = parseaddr(text)
    if text and (name or "@" not in address):
        raise ValueError("must be one mail address, such as archive@example.com")
    return text


def _whole(least: int, most: int) -> Callable[[str], int]:
    def turn(text: str) -> int:
        if not text.isdecimal() or not least <= int(text) <= most:
            raise ValueError(f"must be a whole number between {least} and {most}")
        return int(text)

    return turn


Check = tuple[Callable[[Config], bool], str, str]
# What no mode serves with: records that are not sealed, or gone when the process ends. The demo makes its own key.
SERVING: tuple[Check, ...] = (
    (
        lambda config: not config.audit_key,
        "AUDIT_KEY",
        "set it to 32 or more random characters of its own; without it nothing seals the audit trail",
    ),
    (
        lambda config: config.sqlite and _in_memory(config.database_url),
        "DATABASE_URL",
        "must name a file, such as sqlite:////srv/portal/portal.db; records in memory are gone when the process ends",
    ),
)
PRODUCTION: tuple[Check, ...] = (
    (
        lambda config: _guessable(config.secret_key),
        "SECRET_KEY",
        "set it to 32 or more random characters, for example from: "
        "python3 -c 'import secrets; print(secrets.token_urlsafe(48))'",
    ),
    (
        lambda config: _guessable(config.audit_key) or config.audit_key == config.secret_key,
        "AUDIT_KEY",
        "set it to 32 or more random characters of its own; it seals the audit trail "
        "and must be kept outside the database and its backups",
    ),
    (
        lambda config: not config.secure,
        "BASE_URL",
        "must be the https:// address that people use; links in mails are made from it",
    ),
    SERVING[1],
    (
        lambda config: bool(config.heads_mail) and config.mail is None,
        "HEADS_MAIL",
        "needs MAIL_URL beside it; without a mail server no head leaves the house",
    ),
    (
        lambda config: config.mail is not None and not _sendable(config.mail_sender),
        "MAIL_SENDER",
        "set it beside MAIL_URL to the address that mails come from, for example: CMO oversight <portal@example.com>",
    ),
)
