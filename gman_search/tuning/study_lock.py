"""The one lock of a database, under which evaluations are decided and queued."""

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import sqlalchemy
from optuna.storages import RDBStorage
from sqlalchemy.exc import SQLAlchemyError

__all__ = ["BUSY_SECONDS", "SQLITE", "advisory_lock", "confirm_lock", "study_lock"]

BUSY_SECONDS = 60
SQLITE = "sqlite:///"
# Any constant number: PostgreSQL names advisory locks by number. One lock for all studies of a database is enough,
# because it is held for milliseconds.
ADVISORY_LOCK = 4_717_034


class _Held(threading.local):
    """The session by which this thread holds the advisory lock."""

    session: Any = None


_held = _Held()


@contextmanager
def study_lock(storage: RDBStorage, *, wait: bool = True) -> Iterator[bool]:
    """Hold the lock under which evaluations are decided and queued; whether it is held inside the block.

    On SQLite it is a write transaction on a file next to the database, which the operating system ends when a process
    dies. On PostgreSQL it is an advisory lock, which ends with its connection. Work under the lock must not be retried
    piece by piece when the database goes away: the lock is gone then. Retry from taking it.

    Args:
        storage: the database.
        wait: until others have left; False: the lock may not be held.
    """
    url = str(storage.url)
    if not url.startswith(SQLITE):
        with advisory_lock(storage.engine, wait=wait) as held:
            yield held
        return
    file = url.removeprefix(SQLITE) + ".lock"
    connection = sqlite3.connect(file, timeout=BUSY_SECONDS if wait else 0, isolation_level=None)
    try:
        yield _begun(connection, wait=wait)
    finally:
        connection.close()


def _begun(connection: sqlite3.Connection, *, wait: bool) -> bool:
    try:
        connection.execute("BEGIN IMMEDIATE")
    except sqlite3.OperationalError as error:
        if wait or not getattr(error, "sqlite_errorname", "").startswith("SQLITE_BUSY"):
            raise
        return False
    return True


@contextmanager
def advisory_lock(engine: Any, *, wait: bool) -> Iterator[bool]:
    """Hold PostgreSQL's advisory lock; whether it is held inside the block."""
    with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as session:
        call = "pg_advisory_lock" if wait else "pg_try_advisory_lock"
        answer = session.execute(sqlalchemy.text(f"SELECT {call}(:key)"), {"key": ADVISORY_LOCK}).scalar()
        if not wait and not answer:
            yield False
            return
        _held.session = session
        try:
            yield True
        finally:
            _held.session = None
            with suppress(SQLAlchemyError):  # the connection is gone, and the lock with it
                session.execute(sqlalchemy.text("SELECT pg_advisory_unlock(:key)"), {"key": ADVISORY_LOCK})


def confirm_lock() -> None:
    """Fail, and the work under the lock with it, if this thread held the lock and its connection is gone."""
    if _held.session is not None:
        _held.session.execute(sqlalchemy.text("SELECT 1"))
