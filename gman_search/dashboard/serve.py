"""optuna-dashboard on this machine alone, with notes and figures kept up to date while it is served."""

import threading
from collections.abc import Callable
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server

from optuna.storages import RDBStorage
from optuna_dashboard import wsgi

from gman_search.dashboard.refresh import Refresher
from gman_search.errors import UsageError
from gman_search.record import StudyRecord
from gman_search.tuning.search_study import SearchStudy

__all__ = ["dashboard_server", "keep_fresh"]

REFRESH_SECONDS = 15.0


class _Quiet(WSGIRequestHandler):
    def log_message(self, *_: object) -> None:
        """No line a request: the terminal stays readable."""


def dashboard_server(storage: RDBStorage, port: int, artifacts: Any = None) -> WSGIServer:
    """A server on 127.0.0.1, not serving yet; `artifacts` is the store of evaluations' weights.

    Raises:
        UsageError: the port cannot be had.
    """
    try:
        return make_server("127.0.0.1", port, wsgi(storage, artifact_store=artifacts), handler_class=_Quiet)
    except OSError as error:
        raise UsageError(f"cannot serve on port {port}: {error.strerror}: choose another with --port") from None


def keep_fresh(
    studies: SearchStudy, read: Callable[[SearchStudy], StudyRecord], stop: threading.Event
) -> threading.Thread:
    """Refresh notes and figures in the background until `stop` is set; the first time at once."""
    refresher = Refresher(read, REFRESH_SECONDS)

    def work() -> None:
        while not stop.is_set():
            refresher.update(studies)
            stop.wait(1.0)

    thread = threading.Thread(target=work, daemon=True, name="refresher")
    thread.start()
    return thread
