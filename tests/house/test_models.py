"""Every table stands behind the wall between sponsors, or on the short list of those that everybody shares."""

from __future__ import annotations

from collections.abc import Iterator

from sqlalchemy import ForeignKeyConstraint, String, Table, Text, UniqueConstraint

from portal import models
from portal.db import Base
from portal.tenancy import AssessmentOwned, TenantOwned
from tests.house.source import refuse

assert models
MODELS = {mapper.class_.__tablename__: mapper.class_ for mapper in Base.registry.mappers}
TABLES = Base.metadata.tables
# Tables that belong to no sponsor, and why. One more is a decision, not a habit.
SHARED = {
    "tenant": "is the sponsor itself",
    "person": "one individual has one identity, whoever they work with (11.100(a))",
    "door": "is where a secret is looked up before its sponsor is known; holds no name and no content",
    "authenticator": "proves the one individual, whoever they work with",
    "reset": "is a way back for the one individual, whoever they work with",
    "provider_subject": "names the one individual, whoever they work with",
    "timetable": "the portal's own clock; holds names of tasks alone",
    "throttle": "counts tries of people who are not known yet; holds digests alone",
    "outbox": "the runner sees every sponsor's jobs; holds ids alone",
}
# Rows that name others without a key to them, and why.
UNTIED = {"audit_entry": "the trail keeps its entries whatever becomes of what they name; it is the sponsor's alone"}
OWNED = sorted(MODELS.keys() - SHARED.keys())
SECRET_WORDS = ("password", "seed", "secret", "token")


def test_every_model_belongs_to_a_tenant_or_is_shared_for_a_reason():
    refuse(
        [name for name in OWNED if not issubclass(MODELS[name], TenantOwned)],
        "A model inherits TenantOwned, or AssessmentOwned where a respondent may reach it. If it truly belongs to "
        "no sponsor, name it in SHARED with the reason.",
    )
    refuse(
        [name for name in SHARED if name not in MODELS or issubclass(MODELS[name], TenantOwned)],
        "SHARED names a table that is not shared any more. Take it out.",
    )


def test_the_tenant_comes_first_in_every_primary_key():
    keys = {name: [column.name for column in TABLES[name].primary_key.columns] for name in OWNED}
    refuse(
        [f"{name}: {columns}" for name, columns in keys.items() if columns != ["tenant_id", "id"]],
        "The primary key of a tenant's table is (tenant_id, id). TenantOwned comes before Base among the parents.",
    )


def test_every_unique_key_contains_the_tenant():
    refuse(
        [f"{name}: {columns}" for name in OWNED for columns in _unique(TABLES[name]) if "tenant_id" not in columns],
        "A unique key without the tenant tells one sponsor what another holds. Put tenant_id into it.",
    )


def test_no_row_can_even_name_a_row_of_another_tenant():
    refuse(
        [
            f"{name}: {key.column_keys} -> {key.referred_table.name}"
            for name in OWNED
            for key in TABLES[name].constraints
            if isinstance(key, ForeignKeyConstraint)
            and key.referred_table.name not in SHARED
            and "tenant_id" not in key.column_keys
        ],
        "A foreign key between tenant tables is composite, (tenant_id, id). Use tenancy.within(...).",
    )


def test_every_column_called_after_a_table_is_tied_to_it():
    refuse(
        [f"{name}.{column}" for name in OWNED if name not in UNTIED for column in _untied(TABLES[name])],
        "Add tenancy.within(column, table) to __table_args__. A class that has its own __table_args__ replaces "
        "those of AssessmentOwned and repeats its key.",
    )


def test_what_belongs_to_an_assessment_is_closed_to_other_respondents():
    refuse(
        [
            name
            for name in OWNED
            if "assessment_id" in TABLES[name].columns
            and name not in UNTIED
            and not issubclass(MODELS[name], AssessmentOwned)
        ],
        "A table with an assessment_id inherits AssessmentOwned: a respondent then sees the rows of one assessment.",
    )


def test_every_short_text_says_its_length():
    refuse(
        [
            f"{table.name}.{column.name}"
            for table in TABLES.values()
            for column in table.columns
            if isinstance(column.type, String) and not isinstance(column.type, Text) and not column.type.length
        ],
        "A column is String(length), so that both databases refuse the same, or Text where it may be long.",
    )


def test_no_secret_reaches_the_trail_in_clear():
    refuse(
        [
            f"{name}.{column.name}"
            for name, model in MODELS.items()
            for column in TABLES[name].columns
            if any(word in column.name for word in SECRET_WORDS)
            and getattr(model, "__audited__", True)
            and not column.info.get("secret")
        ],
        "Mark the column with info={'secret': True}: its change is on record, its value is not.",
    )


def _unique(table: Table) -> Iterator[list[str]]:
    yield from (list(key.columns.keys()) for key in table.constraints if isinstance(key, UniqueConstraint))
    yield from (list(index.columns.keys()) for index in table.indexes if index.unique)


def _untied(table: Table) -> set[str]:
    tied = {column for key in table.foreign_key_constraints for column in key.column_keys}
    return {f"{name}_id" for name in MODELS} & set(table.columns.keys()) - tied
