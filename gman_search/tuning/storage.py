"""Opening the database of a study, and waiting for one that is away."""

import logging
import random
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import optuna
import sqlalchemy
from optuna.exceptions import StorageInternalError
from optuna.storages import RDBStorage
from sqlalchemy.exc import DBAPIError, PendingRollbackError, SQLAlchemyError

from gman_search.errors import StudyError, UsageError
from gman_search.tuning.folder import without_password
from gman_search.tuning.study_lock import BUSY_SECONDS, SQLITE, advisory_lock, confirm_lock

__all__ = ["open_storage", "reading", "retry_on_outage"]

POSTGRESQL = ("postgresql://", "postgresql+", "postgres://")
REFUSED = {
    "journal": "Optuna's JournalStorage can hand one trial to two workers that have had it before",
    "grpc": "Optuna's gRPC proxy has no lock under which workers could decide one after another",
    "mysql": "claims have been proved on SQLite and PostgreSQL only",
    "redis": "Optuna's JournalStorage can hand one trial to two workers that have had it before",
}
"""Why not, by the beginning of an address or the end of a file's name."""
# A worker whose machine lost its power still holds its lock until the server notices: soon, not after two hours.
SESSION_SETTINGS = {
    "lock_timeout": f"{BUSY_SECONDS}s",
    "tcp_keepalives_idle": "15",
    "tcp_keepalives_interval": "5",
    "tcp_keepalives_count": "3",
}
# The lock and the work under it are two connections; the lease's thread makes a third when it needs one. No more stay
# open, so that 32 workers stay below a server's usual 100.
KEPT_CONNECTIONS = 2

# How long a worker waits for a database that is away before it gives up.
OUTAGE_SECONDS = 900.0
FIRST_WAIT, LONGEST_WAIT = 0.2, 5.0
# Connection lost, rolled back for another's sake, out of room or connections, lock not had, shut down or starting.
PASSING_POSTGRESQL = ("08", "40", "53", "55P03", "57P")
PASSING_SQLITE = ("SQLITE_BUSY", "SQLITE_LOCKED", "SQLITE_FULL", "SQLITE_IOERR", "SQLITE_CANTOPEN")

Result = TypeVar("Result")
log = logging.getLogger(__name__)
optuna.logging.set_verbosity(optuna.logging.WARNING)


def open_storage(url: str) -> RDBStorage:
    """Open or create the database at `url` (sqlite:///file or postgresql://...).

    Raises:
        UsageError: another kind of storage (see `REFUSED`), or a database in memory, which no other worker sees.
        StudyError: the database cannot be opened.
    """
    if not url.startswith((SQLITE, *POSTGRESQL)):
        scheme, _, _ = url.partition("://")
        kind = "journal" if "journal" in scheme or scheme.endswith(".log") else scheme.partition("+")[0]
        reason = f" ({REFUSED[kind]})" if kind in REFUSED else ""
        raise UsageError(
            f"expected a storage sqlite:///FILE or postgresql://...; received {without_password(url)}{reason}"
        )
    if url.removeprefix(SQLITE) in ("", ":memory:"):
        raise UsageError(f"expected a storage sqlite:///FILE; received {url}, which only this process would see")
    try:
        return _sqlite(url) if url.startswith(SQLITE) else _postgresql(url)
    except ImportError as error:
        raise StudyError(
            f"no driver for {without_password(url)}: expected psycopg, received {error}; "
            "pip install 'gman-search[postgresql]'"
        ) from None
    except (SQLAlchemyError, StorageInternalError, sqlite3.Error, RuntimeError, ValueError) as error:
        # RuntimeError: the tables of another version of Optuna; ValueError: an address whose port is no number.
        text = " ".join(str(_driver_error(error) or error).split())[:200]
        raise StudyError(f"cannot open the storage {without_password(url)}: {text}") from None


def _postgresql(url: str) -> RDBStorage:
    scheme, _, rest = url.partition("://")
    if scheme in ("postgresql", "postgres"):
        url = f"postgresql+psycopg://{rest}"  # which driver a bare name means depends on SQLAlchemy's version
    settings = {"pool_size": KEPT_CONNECTIONS, "max_overflow": 8}
    # Two processes that create the same tables at once collide; whoever has the lock creates them.
    first = sqlalchemy.create_engine(url, poolclass=sqlalchemy.pool.NullPool)
    with advisory_lock(first, wait=True):
        storage = RDBStorage(url, engine_kwargs=settings)
    sqlalchemy.event.listen(storage.engine, "connect", _prepare_session)
    storage.engine.dispose()
    return storage


def _prepare_session(connection: Any, _record: Any) -> None:
    confirm_lock()  # a new connection in the middle of locked work: the server may have been restarted
    with connection.cursor() as cursor:
        for name, value in SESSION_SETTINGS.items():
            cursor.execute(f"SET {name} = '{value}'")
    connection.commit()


def _sqlite(url: str) -> RDBStorage:
    storage = RDBStorage(url, engine_kwargs={"connect_args": {"timeout": BUSY_SECONDS}})
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
        # With a write-ahead log readers do not wait for writers. Every commit is flushed to disk: the checkpoints of an
        # evaluation are deleted once its end is stored, and a power cut must not take that back.
        connection.execute("PRAGMA journal_mode=WAL")
        connection.execute("PRAGMA synchronous=FULL")

    @sqlalchemy.event.listens_for(engine, "begin")
    def _begin_immediate(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    engine.dispose()  # connections opened before the listeners were there must not be used again


def retry_on_outage(action: Callable[[], Result], *, seconds: float = OUTAGE_SECONDS) -> Result:
    """Do `action` again and again while the database is away, busy or full; its result.

    `action` must be something that can be started again: a read, a write that comes out the same, or everything from
    taking the study's lock on.

    Raises:
        StudyError: the database stayed away for `seconds`.
    """
    deadline, wait = time.monotonic() + seconds, FIRST_WAIT
    while True:
        try:
            return action()
        except (SQLAlchemyError, StorageInternalError, sqlite3.Error) as error:
            if not _may_pass(error):
                raise
            text = " ".join(str(_driver_error(error) or error).split())[:200]
            if time.monotonic() + wait > deadline:
                raise StudyError(
                    f"the database did not answer for {seconds:.0f} s: {text}; nothing finished is lost, and the same "
                    "command goes on when it is back"
                ) from error
        log.warning("the database does not answer (%s); trying again in %.1f s", text, wait)
        time.sleep(wait * random.uniform(0.5, 1.0))  # workers must not all come back at once
        wait = min(2 * wait, LONGEST_WAIT)


def _driver_error(error: BaseException | None) -> BaseException | None:
    """What the database's driver said, below Optuna's and SQLAlchemy's wrapping.

    Optuna answers a failed query with a slower one in the same, already broken transaction: SQLAlchemy then complains
    about the transaction, and what broke it is only the context of that complaint.
    """
    while error is not None and not isinstance(error, (DBAPIError, sqlite3.Error)):
        error = error.__context__ if isinstance(error, PendingRollbackError) else error.__cause__
    return error.orig if isinstance(error, DBAPIError) else error


def _may_pass(error: BaseException) -> bool:
    cause = _driver_error(error)
    if isinstance(cause, sqlite3.Error):
        return getattr(cause, "sqlite_errorname", "").startswith(PASSING_SQLITE)
    if cause is None:
        return isinstance(error, sqlalchemy.exc.TimeoutError)  # no connection of the pool is free
    # Without a state the server was not even reached.
    state = getattr(cause, "sqlstate", None)
    return (
        state.startswith(PASSING_POSTGRESQL)
        if state
        else type(cause).__name__ in ("OperationalError", "InterfaceError")
    )


@contextmanager
def reading(storage: RDBStorage) -> Iterator[Any]:
    """A connection for queries that need no transaction around them: on PostgreSQL that saves two messages of three."""
    if str(storage.url).startswith(SQLITE):
        with storage.engine.begin() as connection:
            yield connection
        return
    with storage.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        yield connection
