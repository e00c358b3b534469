"""Run the migrations on the connection that `portal migrate` opened, in one transaction."""

from alembic import context

from portal import models
from portal.db import Base, UtcDateTime

assert models  # noqa: S101  # the tables are known once their modules are


def _render(kind: str, item: object, autogen: object) -> str | bool:  # noqa: ARG001
    return "sa.DateTime(timezone=True)" if kind == "type" and isinstance(item, UtcDateTime) else False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=Base.metadata,
    render_item=_render,
    compare_server_default=True,
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
