"""`gman-search dashboard`: optuna-dashboard with a note and figures of the whole search."""

from pathlib import Path
from typing import Annotated

import typer

from gman_search.cli.options import Name, Storage, Studies

__all__ = ["dashboard"]


def dashboard(
    name: Name = "demo",
    studies: Studies = Path("studies"),
    storage: Storage = None,
    port: Annotated[int, typer.Option(help="Port on this machine.", min=1, max=65535)] = 8080,
) -> None:
    """Serve optuna-dashboard on a study, live, on 127.0.0.1 only.

    Example: gman-search dashboard demo --port 8080
    """
    import threading

    from gman_search.cli.output import say
    from gman_search.dashboard.serve import dashboard_server, keep_fresh
    from gman_search.tuning.artifacts import open_store
    from gman_search.tuning.run import study_record
    from gman_search.tuning.storage import open_storage
    from gman_search.tuning.study_loader import open_studies_of, stored_spec

    found, folder = open_studies_of(name, studies, storage)
    stop = threading.Event()
    weights = open_store(stored_spec(folder).search.artifacts, folder.path)
    with dashboard_server(open_storage(storage or folder.storage_url), port, weights) as server:
        keep_fresh(found, lambda present: study_record(present, folder), stop)
        say(f"dashboard of {name}: http://127.0.0.1:{port}/ (Ctrl-C ends it)")
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            say("dashboard ended")
        finally:
            stop.set()
