"""The wall between sponsors: who acts, for whom, and the filter that nobody has to call.

A Scope is put on the session at the doors of staff and respondents, by the job wrapper and by the commands.
Without one every read of a tenant's table raises. A new Scope means a new session,
because a session hands out the rows that it already holds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, Literal, TypeVar, cast
from uuid import UUID, uuid4

from sqlalchemy import ColumnElement, ForeignKey, ForeignKeyConstraint, Table, event, false, select, text
from sqlalchemy.engine import Connection
from sqlalchemy.orm import (
    LoaderCriteriaOption,
    Mapped,
    ORMExecuteState,
    Session,
    declared_attr,
    mapped_column,
    with_loader_criteria,
)
from sqlalchemy.sql import visitors

from portal.db import Base, db
from portal.errors import NotFound

Row = TypeVar("Row", bound=Base)
# The name of the setting that PostgreSQL's row-level security reads.
SETTING = "portal.tenant_id"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: a member of the sponsor's staff, a person of the manufacturer, or the portal itself."""

    kind: Literal["staff", "cmo", "system"]
    id: UUID | None
    name: str
    role: str


@dataclass(frozen=True, slots=True)
class Reach:
    """The suppliers that an auditor may look at, and their assessments."""

    suppliers: tuple[UUID, ...] = ()
    assessments: tuple[UUID, ...] = ()


@dataclass(frozen=True, slots=True)
class Scope:
    """One tenant, one actor, one request; a respondent's scope names its assessment, an auditor's its reach.

    The stay is the sign-in or visit through which the actor came; sections are those that were delegated to him.
    """

    tenant_id: UUID
    actor: Actor
    request_id: str
    origin: str = ""
    writes: bool = True
    assessment_id: UUID | None = None
    reach: Reach | None = None
    stay_id: UUID | None = None
    sections: frozenset[str] | None = None


class NoScope(RuntimeError):
    """A tenant's table was reached without saying for whom: always a bug, never a person's mistake."""


class TenantOwned:
    """Marks a table whose rows belong to one tenant; the tenant is part of every key."""

    tenant_id: Mapped[UUID] = mapped_column(ForeignKey("tenant.id"), primary_key=True, sort_order=-2)


class AssessmentOwned(TenantOwned):
    """Marks a table whose rows belong to one assessment, beyond which a respondent sees nothing."""

    assessment_id: Mapped[UUID] = mapped_column(index=True)

    @declared_attr.directive
    def __table_args__(cls) -> tuple[Any, ...]:  # noqa: N805  # SQLAlchemy hands over the class
        return (within("assessment_id", "assessment"),)


class StaffOnly(TenantOwned):
    """Marks a table of which a respondent sees no row."""


class SupplierOwned(TenantOwned):
    """Marks a table whose rows belong to one supplier, of which an auditor sees those within reach."""

    supplier_id: Mapped[UUID] = mapped_column()


class OneSupplier(StaffOnly):
    """Marks the table of suppliers itself, of which an auditor sees those within reach."""

    id: Mapped[UUID] = mapped_column(primary_key=True, sort_order=-1)


class OneAssessment(SupplierOwned):
    """Marks the table of assessments itself, of which a respondent sees one row."""

    id: Mapped[UUID] = mapped_column(primary_key=True, sort_order=-1)


class Told(StaffOnly):
    """Marks a table that tells of others, of which an auditor sees what is about the suppliers within reach."""

    supplier_id: Mapped[UUID | None] = mapped_column()
    assessment_id: Mapped[UUID | None] = mapped_column()


class TheTenant:
    """Marks the table of tenants itself: a scope sees its own row alone; only without one are all listed."""

    id: Mapped[UUID] = mapped_column(primary_key=True, sort_order=-1)


def within(column: str, table: str) -> ForeignKeyConstraint:
    """Return the key to a row of the same tenant: a foreign row of another cannot even be named."""
    return ForeignKeyConstraint(["tenant_id", column], [f"{table}.tenant_id", f"{table}.id"])


def enter(scope: Scope) -> None:
    """Begin a new session that sees this scope alone."""
    _begin(scope, writes=scope.writes)


def enter_unscoped(*, writes: bool) -> None:
    """Begin a new session that may touch only what belongs to no tenant: doors, persons, the outbox."""
    _begin(None, writes=writes)


def _begin(scope: Scope | None, *, writes: bool) -> None:
    db.session.remove()
    session = db.session()
    session.info.update(scope=scope, writes=writes)
    session.connection(execution_options={"writes": writes})


def become(
    actor: Actor,
    *,
    assessment_id: UUID | None = None,
    reach: Reach | None = None,
    sections: frozenset[str] | None = None,
) -> None:
    """Say who acts, once the door knows; the tenant stays, and what is seen can only become less."""
    session, found = db.session(), scope()
    session.info["scope"] = replace(
        found, actor=actor, assessment_id=found.assessment_id or assessment_id, reach=found.reach or reach,
        sections=found.sections or sections,
    )  # fmt: skip


def let_go() -> None:
    """End a transaction that only read, so that slow work holds up nobody; the next read begins another."""
    if not scope().writes:
        db.session.rollback()


def begin_writing() -> None:
    """Begin a new session in which the same scope may write; one that writes from its beginning goes on in its own."""
    found = scope()
    if not found.writes:
        enter(replace(found, writes=True))


def leave() -> None:
    """End the session; what was not committed is undone."""
    db.session.remove()


@contextmanager
def scoped(scope: Scope) -> Iterator[Session]:
    """Work within a scope and commit at the end; undo everything if it raises."""
    enter(scope)
    try:
        yield db.session()
        db.session.commit()
    finally:
        leave()


def system(tenant_id: UUID, task: str, **details: Any) -> Scope:
    """Return the scope of the portal's own work for a tenant: a job, a command, a check."""
    actor = Actor("system", None, f"Portal ({task})", "system")
    return replace(Scope(tenant_id, actor, uuid4().hex[:12], origin="portal"), **details)


def scope() -> Scope:
    """Return the scope of the present session; raise NoScope outside of one."""
    return of(db.session())


def of(session: Session) -> Scope:
    """Return the scope of a session; raise NoScope if it has none."""
    found = session.info.get("scope")
    if not isinstance(found, Scope):
        raise NoScope("no scope: enter one through a door or a job before reading tenant data")
    return found


def fetch(model: type[Row], row_id: UUID, *, lock: bool = False) -> Row:
    """Return the row if this scope may see it; raise NotFound, the same for foreign and for unknown ids."""
    statement = select(model).where(model.id == row_id)
    if lock:
        # Whoever had to wait for the lock must see what the other one made of the row, not what was read before.
        statement = statement.with_for_update().execution_options(populate_existing=True)
    row = db.session.scalar(statement)
    if row is None:
        raise NotFound
    return row


@event.listens_for(db.session, "do_orm_execute")
def _filter(state: ORMExecuteState) -> None:
    """Add the tenant to EVERY statement: one on its own entities alone leaks counts and EXISTS."""
    found = state.session.info.get("scope")
    # The filter follows mapped classes alone, so a bare table is as bad as no scope.
    if found is None or not state.is_orm_statement:
        if _names_tenant_table(state):
            raise NoScope("a tenant's table was reached without a scope, or past its mapped class")
        return
    tenant_id = found.tenant_id
    criteria = [
        _only(TenantOwned, lambda cls: cls.tenant_id == tenant_id),
        _only(TheTenant, lambda cls: cls.id == tenant_id),
    ]
    if found.assessment_id is not None:
        criteria += _of_respondent(found.assessment_id)
    if found.reach is not None:
        criteria += _of_auditor(found.reach)
    state.statement = state.statement.options(*criteria)


def _of_respondent(assessment_id: UUID) -> list[LoaderCriteriaOption]:
    return [
        _only(AssessmentOwned, lambda cls: cls.assessment_id == assessment_id),
        _only(OneAssessment, lambda cls: cls.id == assessment_id),
        _only(StaffOnly, lambda _cls: false()),
    ]


def _of_auditor(reach: Reach) -> list[LoaderCriteriaOption]:
    suppliers, assessments = reach.suppliers, reach.assessments
    return [
        _only(OneSupplier, lambda cls: cls.id.in_(suppliers)),
        _only(SupplierOwned, lambda cls: cls.supplier_id.in_(suppliers)),
        _only(AssessmentOwned, lambda cls: cls.assessment_id.in_(assessments)),
        _only(Told, lambda cls: cls.supplier_id.in_(suppliers) | cls.assessment_id.in_(assessments)),
    ]


def _only(marked: type[Any], which: Callable[[Any], ColumnElement[bool]]) -> LoaderCriteriaOption:
    return with_loader_criteria(marked, which, include_aliases=True)


def _names_tenant_table(state: ORMExecuteState) -> bool:
    return any(
        isinstance(element, Table) and "tenant_id" in element.primary_key.columns
        for element in visitors.iterate(cast(visitors.ExternallyTraversible, state.statement))
    ) or any(issubclass(mapper.class_, TenantOwned) for mapper in state.all_mappers)


@event.listens_for(db.session, "before_flush")
def _guard(session: Session, _context: object, _instances: object) -> None:
    """Give new rows the tenant of the scope and refuse what is another's, or written while reading."""
    changed = [row for row in session.dirty if session.is_modified(row)]
    for row in (*session.new, *changed, *session.deleted):
        if not session.info.get("writes"):
            raise NoScope(f"{type(row).__name__} was changed while the request only reads")
        if isinstance(row, TenantOwned):
            _own(row, of(session))


def _own(row: TenantOwned, found: Scope) -> None:
    if row.tenant_id is None:
        row.tenant_id = found.tenant_id
    if row.tenant_id != found.tenant_id:
        raise NoScope(f"{type(row).__name__} belongs to another tenant")
    if found.assessment_id and isinstance(row, AssessmentOwned) and row.assessment_id != found.assessment_id:
        raise NoScope(f"{type(row).__name__} belongs to another assessment")


@event.listens_for(db.session, "after_begin")
def _tell_postgresql(session: Session, _transaction: object, connection: Connection) -> None:
    """Set the tenant for this transaction only: a session-wide setting behind a pooler serves the wrong one."""
    found = session.info.get("scope")
    if found is not None and connection.dialect.name == "postgresql":
        connection.execute(
            text("SELECT set_config(:name, :tenant, true)"), {"name": SETTING, "tenant": str(found.tenant_id)}
        )
