"""`gman-search worker`: one more worker for a study that exists."""

from pathlib import Path

from gman_search.cli.options import Name, Storage, Studies

__all__ = ["worker"]


def worker(name: Name, studies: Studies = Path("studies"), storage: Storage = None) -> None:
    """Work on an existing study until it is done; Ctrl-C or SIGTERM makes it leave after the epoch.

    Example: gman-search worker demo
    """
    import os

    from gman_search.cli.opened import study_folder
    from gman_search.cli.output import say
    from gman_search.search.process import worker_process

    folder = study_folder(name, studies)
    spec = (folder.path / "spec.json").read_text(encoding="utf-8")
    threads = os.cpu_count() or 1
    url = storage or folder.storage_url
    say(f"working on {name}; log in {folder.path / 'logs' / f'worker-{os.getpid()}.log'}")
    worker_process(os.getpid(), spec, url, str(folder.path), str(Path.cwd()), threads, own_terminal=True)
