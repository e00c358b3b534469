"""The yardstick: a bare Flask and SQLAlchemy view that does one SELECT, UPDATE, INSERT and COMMIT."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import Any

import waitress
from flask import Flask, jsonify, request
from sqlalchemy import ForeignKey, create_engine, select
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from portal.db import prepare_sqlite


class Base(DeclarativeBase):
    """The bare tables."""


class Answer(Base):
    __tablename__ = "bare_answer"
    id: Mapped[int] = mapped_column(primary_key=True)
    comment: Mapped[str]


class Change(Base):
    __tablename__ = "bare_change"
    id: Mapped[int] = mapped_column(primary_key=True)
    answer_id: Mapped[int] = mapped_column(ForeignKey("bare_answer.id"))
    at: Mapped[datetime]
    comment: Mapped[str]


def create_app(url: str) -> Flask:
    """Build the bare application on its own two tables, with the portal's durable SQLite settings."""
    sqlite = url.startswith("sqlite")
    engine = create_engine(url, connect_args={"isolation_level": None, "timeout": 10} if sqlite else {})
    if sqlite:
        prepare_sqlite(engine)
    Base.metadata.create_all(engine)
    with Session(engine) as session:
        session.add_all(Answer(id=number, comment="") for number in range(1, 9))
        session.commit()
    app = Flask(__name__)

    @app.get("/healthz")
    def healthz() -> Any:
        return jsonify(status="ok")

    @app.post("/save/<int:number>")
    def save(number: int) -> Any:
        with Session(engine) as session:
            session.connection(execution_options={"writes": True})
            row = session.scalars(select(Answer).where(Answer.id == number)).one()
            row.comment = request.form["comment"]
            session.add(Change(answer_id=row.id, at=datetime.now(UTC), comment=row.comment))
            session.commit()
        return jsonify(saved=True)

    return app


if __name__ == "__main__":
    waitress.serve(create_app(sys.argv[1]), host="127.0.0.1", port=int(sys.argv[2]), threads=8, _quiet=True)
