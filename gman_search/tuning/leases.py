"""Leases: a worker's time-limited right to run an evaluation, judged by the database's clock alone.

Optuna's own heartbeat runs only inside `study.optimize`, and a trial killed before its first beat would hang for ever.
"""

import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType
from typing import Any

import sqlalchemy as sql

from gman_search.tuning.trial_store import TrialStore

__all__ = ["SECONDS_NOW", "LeaseKeeper", "Leases", "create_table"]

RENEWALS_PER_LEASE = 4
# Seconds since 1970 by the database's own clock; workers' clocks may disagree.
SECONDS_NOW = {
    "sqlite": "((julianday('now') - 2440587.5) * 86400.0)",
    "postgresql": "extract(epoch from clock_timestamp())",
}
# When a lease runs out. Nobody can renew while the database is down: after its start all leases count as just renewed.
RUNS_OUT = {
    "sqlite": "expires",
    "postgresql": "greatest(expires, extract(epoch from pg_postmaster_start_time()) + :s)",
}
UNKNOWN_WORKER = "unknown"
UNKNOWN_WORKER_SECONDS = 1.0


def create_table(engine: Any, name: str, columns: str) -> None:
    """Create a table of ours unless it is there."""
    if sql.inspect(engine).has_table(name):
        return  # creating it twice at once is an error in PostgreSQL, in spite of IF NOT EXISTS
    with suppress(sql.exc.IntegrityError, sql.exc.ProgrammingError), engine.begin() as connection:
        connection.execute(sql.text(f"CREATE TABLE IF NOT EXISTS {name} ({columns})"))


class Leases:
    """The table of leases, in the same database as the studies.

    Args:
        engine: SQLAlchemy engine of the storage.
        seconds: how long a lease lasts without being renewed.
    """

    def __init__(self, engine: Any, seconds: float) -> None:
        self.engine = engine
        self.seconds = seconds
        self._now = SECONDS_NOW[engine.dialect.name]
        self._live = f"{RUNS_OUT[engine.dialect.name]} > {self._now}"
        create_table(
            engine,
            "gman_search_leases",
            "trial_id INTEGER PRIMARY KEY, worker TEXT NOT NULL, "
            "since DOUBLE PRECISION NOT NULL, expires DOUBLE PRECISION NOT NULL",
        )

    def acquire(self, trial_id: int, worker: str) -> None:
        """Take the lease of a trial; to be called under the study's lock."""
        with self.engine.begin() as connection:
            self.acquire_within(connection, trial_id, worker)

    def acquire_within(self, connection: Any, trial_id: int, worker: str) -> None:
        """Take the lease of a trial in the transaction that claims it, so that neither is there without the other."""
        connection.execute(
            sql.text(
                f"INSERT INTO gman_search_leases VALUES (:t, :w, {self._now}, {self._now} + :s) ON CONFLICT (trial_id) "
                "DO UPDATE SET worker = excluded.worker, since = excluded.since, expires = excluded.expires"
            ),
            {"t": trial_id, "w": worker, "s": self.seconds},
        )

    def renew(self, trial_id: int, worker: str) -> bool:
        """Extend the lease; False if it is no longer this worker's or has run out."""
        with self.engine.begin() as connection:
            result = connection.execute(
                sql.text(
                    f"UPDATE gman_search_leases SET expires = {self._now} + :s "
                    f"WHERE trial_id = :t AND worker = :w AND {self._live}"
                ),
                {"t": trial_id, "w": worker, "s": self.seconds},
            )
        return bool(result.rowcount)

    def release(self, trial_id: int, worker: str) -> None:
        """Give the lease back."""
        with self.engine.begin() as connection:
            connection.execute(
                sql.text("DELETE FROM gman_search_leases WHERE trial_id = :t AND worker = :w"),
                {"t": trial_id, "w": worker},
            )

    def live(self) -> dict[int, str]:
        """Workers by trial id, for all leases that have not run out."""
        with self.engine.begin() as connection:
            rows = connection.execute(
                sql.text(f"SELECT trial_id, worker FROM gman_search_leases WHERE {self._live}"), {"s": self.seconds}
            )
            return {int(row[0]): str(row[1]) for row in rows}

    def hold(self, connection: Any, trial_id: int, worker: str) -> bool:
        """Inside a transaction on `connection`: is the lease this worker's, and will it stay so until the commit?"""
        lock = " FOR UPDATE" if self.engine.dialect.name == "postgresql" else ""  # SQLite's transactions exclude all
        row = connection.execute(
            sql.text(f"SELECT 1 FROM gman_search_leases WHERE trial_id = :t AND worker = :w AND {self._live}{lock}"),
            {"t": trial_id, "w": worker, "s": self.seconds},
        )
        return row.first() is not None

    def expire(self, trial_id: int) -> bool:
        """Under the study's lock: end the lease of a trial if it has run out; False if somebody may still work on it.

        A running trial that never had one gets a short one: other software may have asked for it a moment ago.
        """
        with self.engine.begin() as connection:
            ended = connection.execute(
                sql.text(f"DELETE FROM gman_search_leases WHERE trial_id = :t AND NOT ({self._live})"),
                {"t": trial_id, "s": self.seconds},
            )
            if ended.rowcount:
                return True
            known = connection.execute(
                sql.text("SELECT 1 FROM gman_search_leases WHERE trial_id = :t"), {"t": trial_id}
            )
            if known.first() is None:
                connection.execute(
                    sql.text(f"INSERT INTO gman_search_leases VALUES (:t, :w, {self._now}, {self._now} + :s)"),
                    {"t": trial_id, "w": UNKNOWN_WORKER, "s": min(UNKNOWN_WORKER_SECONDS, self.seconds)},
                )
        return False


class LeaseKeeper:
    """Renews a lease in a thread until left; `lost` is set when the lease is another's.

    Args:
        store: of the trials.
        trial_id: whose lease.
        worker: who holds it.
        on_renewal: called after each renewal.
    """

    def __init__(
        self, store: TrialStore, trial_id: int, worker: str, on_renewal: Callable[[], None] = lambda: None
    ) -> None:
        self.store, self.trial_id, self.worker = store, trial_id, worker
        self._on_renewal = on_renewal
        self.lost = threading.Event()
        self._left = threading.Event()
        self._thread = threading.Thread(target=self._renew, name=f"lease-{trial_id}", daemon=True)

    def _renew(self) -> None:
        while not self._left.wait(self.store.lease_seconds / RENEWALS_PER_LEASE):
            try:
                if not self.store.renew_lease(self.trial_id, self.worker):
                    self.lost.set()
                    return
                self._on_renewal()
            except sql.exc.SQLAlchemyError:
                continue  # The database may come back before the lease runs out; if not, the next renewal says so.

    def __enter__(self) -> "LeaseKeeper":
        self._thread.start()
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._left.set()
        self._thread.join()
        with suppress(sql.exc.SQLAlchemyError):  # a lease that cannot be given back runs out
            self.store.release_lease(self.trial_id, self.worker)
