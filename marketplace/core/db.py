"""The database: one base class, one session, one way to commit."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import date, datetime
from enum import StrEnum
from typing import ClassVar, Final, TypeVar, cast

from flask_sqlalchemy import SQLAlchemy
from psycopg import Error as DriverError
from psycopg.errors import DeadlockDetected, LockNotAvailable, SerializationFailure
from sqlalchemy import BigInteger, Date, DateTime, Enum, MetaData, String, Table, event
from sqlalchemy.engine import Engine
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import DBAPIError, InvalidatePoolError, OperationalError
from sqlalchemy.orm import DeclarativeBase, ORMExecuteState, Session
from sqlalchemy.pool import ConnectionPoolEntry

from marketplace.core.money import Won

T = TypeVar("T")
_RESTED: Final = 1.0


class Base(DeclarativeBase):
    """What every table shares: constraint names and the column type of each Python type."""

    metadata = MetaData(
        naming_convention={
            "ix": "ix_%(table_name)s_%(column_0_N_name)s",
            "uq": "uq_%(table_name)s_%(column_0_N_name)s",
            "ck": "ck_%(table_name)s_%(constraint_name)s",
            "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
            "pk": "pk_%(table_name)s",
        }
    )
    type_annotation_map: ClassVar = {
        int: BigInteger,
        Won: BigInteger,
        datetime: DateTime(timezone=True),
        date: Date,
        str: String,
        StrEnum: Enum(
            StrEnum,
            native_enum=False,
            create_constraint=True,
            length=32,
            values_callable=lambda states: [state.value for state in states],
        ),
    }


def table_of(model: type[Base]) -> Table:
    """
    Return a model's table, for writes that are built once and take their values when executed.

    Written on the model itself, SQLAlchemy would take those values for rows to write in bulk.
    """
    return cast(Table, model.__table__)


# Models inherit Base, not db.Model: plain SQLAlchemy, which mypy understands.
db = SQLAlchemy(metadata=Base.metadata, session_options={"expire_on_commit": False})

# Sent with every connection: a stuck lock or a forgotten transaction must not stop the shop.
CONNECT_OPTIONS = (
    "-c lock_timeout=3000 -c statement_timeout=15000 "
    "-c idle_in_transaction_session_timeout=30000 -c timezone=UTC"
)


class WriteOutsideTransaction(RuntimeError):
    """Raised when code writes without `with transaction():` around it."""


@contextmanager
def transaction() -> Iterator[None]:
    """Commit everything done inside, or nothing. Edges call this; services never do."""
    session = db.session()
    if session.info.get("writing"):
        raise RuntimeError("transaction() does not nest: a service must not commit")
    session.info["writing"] = True
    try:
        yield
        session.commit()
    except BaseException:
        session.rollback()
        raise
    finally:
        session.info.pop("writing", None)


def in_transaction(work: Callable[[], T], *, attempts: int = 3) -> T:
    """
    Run work in one transaction, again when PostgreSQL chose it as a deadlock victim.

    A lock it waited for in vain is waited for once more and never again.
    """
    has_waited = False
    for left in range(attempts - 1, -1, -1):
        try:
            with transaction():
                return work()
        except OperationalError as error:
            # Each wait holds a thread and a connection for seconds: many of them stop the shop.
            waited = isinstance(error.orig, LockNotAvailable)
            again = waited or isinstance(error.orig, DeadlockDetected | SerializationFailure)
            if left == 0 or not again or (waited and has_waited):
                raise
            has_waited = has_waited or waited
    raise AssertionError("unreachable")


def ping_rested_connections(engine: Engine) -> None:
    """
    Ask a pooled connection whether it is alive when it has rested, and never otherwise.

    SQLAlchemy's own ping asks at every use, which is a third of what a claim asks the database for.
    A connection that died within this second costs one answer: try again.
    """

    @event.listens_for(engine, "checkout")
    def _ping(connection: DBAPIConnection, record: ConnectionPoolEntry, _: object) -> None:
        rested = time.monotonic() - record.info.get("put_back", -math.inf)
        if rested < _RESTED:
            return
        try:
            engine.dialect.do_ping(connection)
        except DriverError as error:
            # The others died with it.
            raise InvalidatePoolError from error

    @event.listens_for(engine, "checkin")
    def _note(_: object, record: ConnectionPoolEntry) -> None:
        record.info["put_back"] = time.monotonic()


def end_reading(_: BaseException | None = None) -> None:
    """End what an application context read; a database that just died spoils no finished answer."""
    if db.session.registry.has():
        with suppress(DBAPIError):
            db.session.rollback()


@event.listens_for(Session, "before_flush")
def _refuse_stray_flush(session: Session, *_: object) -> None:
    if not session.info.get("writing"):
        raise WriteOutsideTransaction(f"new={session.new} dirty={session.dirty}")


@event.listens_for(Session, "do_orm_execute")
def _refuse_stray_statement(state: ORMExecuteState) -> None:
    writes = state.is_insert or state.is_update or state.is_delete
    if writes and not state.session.info.get("writing"):
        raise WriteOutsideTransaction(str(state.statement))
