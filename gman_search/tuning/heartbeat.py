"""Which workers are alive and what they do, for people to look at; no decision depends on it."""

from contextlib import suppress
from typing import Any

import sqlalchemy as sql

from gman_search.tuning.leases import SECONDS_NOW, create_table
from gman_search.tuning.trial_store import WorkerSeen

__all__ = ["OUT_OF_ROOM", "Heartbeat", "workers_seen"]

TABLE = "gman_search_workers"
FORGOTTEN_SECONDS = 86_400.0
OUT_OF_ROOM = "waiting for room"
"""How the line of a worker begins whose disk is full."""


class Heartbeat:
    """A `HeartbeatLine` in a table of the database.

    Args:
        engine: SQLAlchemy engine of the storage.
        study: name of the search.
        worker: a name no other live worker has.
    """

    def __init__(self, engine: Any, study: str, worker: str) -> None:
        self._engine, self._key = engine, {"study": study, "worker": worker}
        self._now = SECONDS_NOW[engine.dialect.name]
        self._doing = ""
        create_table(
            engine,
            TABLE,
            "study TEXT NOT NULL, worker TEXT NOT NULL, doing TEXT NOT NULL, "
            "since DOUBLE PRECISION NOT NULL, seen DOUBLE PRECISION NOT NULL, PRIMARY KEY (study, worker)",
        )

    def report(self, doing: str) -> None:
        """See `HeartbeatLine`."""
        self._doing = doing
        self._write(
            f"INSERT INTO {TABLE} VALUES (:study, :worker, :doing, {self._now}, {self._now}) "
            f"ON CONFLICT (study, worker) DO UPDATE SET seen = excluded.seen, doing = excluded.doing, "
            f"since = CASE WHEN {TABLE}.doing = excluded.doing THEN {TABLE}.since ELSE excluded.since END",
            doing=doing,
        )

    def renew(self) -> None:
        """See `HeartbeatLine`."""
        self.report(self._doing)

    def unregister(self) -> None:
        """See `HeartbeatLine`."""
        self._write(
            f"DELETE FROM {TABLE} WHERE study = :study AND (worker = :worker OR seen < {self._now} - :old)",
            old=FORGOTTEN_SECONDS,
        )

    def _write(self, statement: str, **values: Any) -> None:
        with suppress(sql.exc.SQLAlchemyError), self._engine.begin() as connection:
            connection.execute(sql.text(statement), {**self._key, **values})


def workers_seen(engine: Any, study: str) -> list[WorkerSeen]:
    """See `TrialStore.workers_seen`."""
    if not sql.inspect(engine).has_table(TABLE):
        return []
    now = SECONDS_NOW[engine.dialect.name]
    with engine.begin() as connection:
        rows = connection.execute(
            sql.text(
                f"SELECT worker, doing, {now} - since, {now} - seen FROM {TABLE} WHERE study = :study ORDER BY worker"
            ),
            {"study": study},
        )
        return [WorkerSeen(str(row[0]), str(row[1]), float(row[2]), float(row[3])) for row in rows]
