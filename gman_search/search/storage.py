"""Opening the database of a study, and the one lock under which decisions are made."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import optuna
import sqlalchemy
from optuna.storages import RDBStorage

from gman_search.errors import StudyError, UsageError

__all__ = ["open_storage", "study_lock"]

BUSY_SECONDS = 60
SQLITE = "sqlite:///"
# Any constant number: PostgreSQL names advisory locks by number. One lock for all studies of a database is enough,
# because it is held for milliseconds.
ADVISORY_LOCK = 4_717_034

optuna.logging.set_verbosity(optuna.logging.WARNING)


def open_storage(url: str) -> RDBStorage:
    """Open or create the database at `url` (sqlite:///file or postgresql://...).

    Raises:
        UsageError: another kind of storage. JournalStorage can hand one trial to two workers, and Optuna's gRPC proxy
            has no way to lock.
        StudyError: the database cannot be opened.
    """
    if not url.startswith((SQLITE, "postgresql")):
        raise UsageError(f"expected a storage sqlite:///FILE or postgresql://...; received {url!r}")
    try:
        if not url.startswith(SQLITE):
            return RDBStorage(url, engine_kwargs={"pool_pre_ping": True})
        storage = RDBStorage(url, engine_kwargs={"connect_args": {"timeout": BUSY_SECONDS}})
    except (sqlalchemy.exc.SQLAlchemyError, sqlite3.Error, ModuleNotFoundError) as error:
        raise StudyError(f"cannot open the storage {url}: {' '.join(str(error).split())[:200]}") from None
    _claim_exclusively(storage.engine)
    return storage


def _claim_exclusively(engine: Any) -> None:
    """Begin every SQLite transaction as a writer, on a write-ahead log.

    SQLite has no SELECT ... FOR UPDATE: with deferred transactions two workers can read the same WAITING trial and
    both claim it (10 of 60 claims doubled when measured with four processes; none with this).
    """

    @sqlalchemy.event.listens_for(engine, "connect")
    def _no_implicit_begin(connection: Any, _record: Any) -> None:
        connection.isolation_level = None
        # With a write-ahead log readers do not wait for writers, and a commit needs no flush to disk of its own: a
        # killed process loses nothing; a power cut may lose the last moments, never consistency.
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=NORMAL")

    @sqlalchemy.event.listens_for(engine, "begin")
    def _begin_immediate(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    engine.dispose()  # connections opened before the listeners were there must not be used again


@contextmanager
def study_lock(storage: RDBStorage) -> Iterator[None]:
    """Hold the lock under which evaluations are decided, queued and claimed; other workers wait.

    On SQLite it is a write transaction on a file beside the database, which the operating system ends when a process
    dies. On PostgreSQL it is an advisory lock, which ends with its connection.
    """
    url = str(storage.url)
    if url.startswith(SQLITE):
        connection = sqlite3.connect(url.removeprefix(SQLITE) + ".lock", timeout=BUSY_SECONDS, isolation_level=None)
        try:
            connection.execute("BEGIN IMMEDIATE")
            yield
        finally:
            connection.close()
        return
    with storage.engine.connect() as session:
        session.execute(sqlalchemy.text("SELECT pg_advisory_lock(:key)"), {"key": ADVISORY_LOCK})
        try:
            yield
        finally:
            session.execute(sqlalchemy.text("SELECT pg_advisory_unlock(:key)"), {"key": ADVISORY_LOCK})
