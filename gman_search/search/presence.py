"""Who works on a study and at what, for people to look at; no decision depends on it."""

from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sql

from gman_search.search.leases import SECONDS_NOW, create_table

__all__ = ["OUT_OF_ROOM", "Presence", "WorkerSeen", "workers_seen"]

TABLE = "gman_search_workers"
FORGOTTEN_SECONDS = 86_400.0
OUT_OF_ROOM = "waiting for room"
"""How a worker begins to say that its disk is full."""


@dataclass(frozen=True)
class WorkerSeen:
    """A worker, what it does, for how many seconds, and how many seconds ago it was last heard of."""

    worker: str
    doing: str
    seconds: float
    silent: float


class Presence:
    """One worker's line in the table of workers; a database that does not answer is no reason to stop.

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

    def says(self, doing: str) -> None:
        """This worker does something, and is alive; saying the same again leaves its beginning as it was."""
        self._doing = doing
        self._write(
            f"INSERT INTO {TABLE} VALUES (:study, :worker, :doing, {self._now}, {self._now}) "
            f"ON CONFLICT (study, worker) DO UPDATE SET seen = excluded.seen, doing = excluded.doing, "
            f"since = CASE WHEN {TABLE}.doing = excluded.doing THEN {TABLE}.since ELSE excluded.since END",
            doing=doing,
        )

    def is_alive(self) -> None:
        """This worker still does what it said last."""
        self.says(self._doing)

    def leaves(self) -> None:
        """This worker is no more; with it go the lines of those that died long ago."""
        self._write(
            f"DELETE FROM {TABLE} WHERE study = :study AND (worker = :worker OR seen < {self._now} - :old)",
            old=FORGOTTEN_SECONDS,
        )

    def _write(self, statement: str, **values: Any) -> None:
        with suppress(sql.exc.SQLAlchemyError), self._engine.begin() as connection:
            connection.execute(sql.text(statement), {**self._key, **values})


def workers_seen(engine: Any, study: str) -> list[WorkerSeen]:
    """The workers of a study by name; those that were killed are still there, silent."""
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
