"""`gman-search worker`: one more worker for a study that exists."""

from pathlib import Path
from typing import Annotated, Any

import typer

from gman_search.cli.options import Name, Storage, Studies

__all__ = ["worker"]


def worker(
    name: Name,
    studies: Studies = Path("studies"),
    storage: Storage = None,
    data: Annotated[Path | None, typer.Option(help="Readings, where they lie elsewhere on this machine.")] = None,
    adjacency: Annotated[Path | None, typer.Option(help="Graph, where it lies elsewhere.")] = None,
    embedding: Annotated[Path | None, typer.Option(help="Embedding, where it lies elsewhere.")] = None,
    hours: Annotated[float | None, typer.Option(help="Leave after so many hours.", min=0, max=87600)] = None,
    idle: Annotated[
        float | None, typer.Option(help="Leave after so many minutes without anything to take; none: wait.", min=0)
    ] = None,
    threads: Annotated[int | None, typer.Option(help="CPU threads; none: all of this machine.", min=1)] = None,
    gpu: Annotated[int, typer.Option(help="Which of this machine's GPUs, from 0.", min=0)] = 0,
) -> None:
    """Work on an existing study until it is done; Ctrl-C or SIGTERM makes it leave after the epoch.

    With --storage nothing of the study need be on this machine but the data: the rest comes from the database.

    Example: gman-search worker demo
    """
    import os

    from gman_search.cli.output import say
    from gman_search.data.shared_task import shared_or_loaded
    from gman_search.tuning.factory import open_studies
    from gman_search.tuning.study_loader import joined_study

    folder, spec = joined_study(name, studies, storage)
    folder.path.mkdir(parents=True, exist_ok=True)
    given = {"readings": data, "adjacency": adjacency, "embedding": embedding}
    moved = {key: str(path.resolve()) for key, path in given.items() if path is not None}
    spec = spec.model_copy(update={"data": spec.data.model_copy(update=moved)})
    url = storage or folder.storage_url
    task = shared_or_loaded(spec.data, Path.cwd(), folder.path)
    open_studies(url, spec, task, joins=True)  # what is wrong is said here, not in a log
    del task
    number = os.getpid()
    say(f"working on {name}; log in {folder.path / 'logs' / f'worker-{number}.log'}")
    arguments = (number, spec.model_dump_json(), url, str(folder.path), str(Path.cwd()))
    _run((*arguments, threads or spec.search.threads or os.cpu_count() or 1, True), hours, gpu, idle)


def _run(arguments: tuple[Any, ...], hours: float | None, gpu: int, idle: float | None) -> None:
    """Run the worker in a process of its own, replaced when its memory has grown; signals are passed on."""
    import multiprocessing
    import os
    import signal
    import time

    from gman_search.backends.local import IDLE, RENEW
    from gman_search.cli.output import say
    from gman_search.errors import GmanSearchError
    from gman_search.tuning.process import worker_process

    end = None if hours is None else time.monotonic() + hours * 3600
    while True:
        left = None if end is None else max(0.0, end - time.monotonic()) / 3600
        limits = (left, gpu, None if idle is None else idle * 60)
        process = multiprocessing.get_context("spawn").Process(target=worker_process, args=(*arguments, *limits))
        process.start()
        for name in (signal.SIGTERM, signal.SIGINT):
            signal.signal(name, lambda *_, pid=process.pid: os.kill(pid, signal.SIGTERM))
        process.join()
        if process.exitcode == 0:
            return
        if process.exitcode == IDLE:
            say(f"nothing to take for {idle:g} minutes; the same command comes back")
            return
        if process.exitcode != RENEW:
            raise GmanSearchError(f"the worker ended with code {process.exitcode}: the end of its log says why")
