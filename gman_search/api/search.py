"""`gman_search.search`: the main job, from Python."""

import os
from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING, Literal, TypeAlias, TypedDict, Unpack

if TYPE_CHECKING:
    import pandas as pd

    from gman_search.api.study import Study

__all__ = ["SearchOptions", "Setting", "search"]

Setting: TypeAlias = "bool | int | float | str | Sequence[Setting] | Mapping[str, Setting] | None"
"""A value of the specification, as TOML has them."""


class SearchOptions(TypedDict, total=False):
    """Further options of `search`, each also a key of the specification (`spec={"data.unit": "km/h"}`).

    `unit`: of the readings, "mph" by default. `holidays`: days that count as Sundays, such as "US-CA". `sensors`: the
    first n, or a list of names. `start`, `step`: times of a file without times. `embedding`: a file in GMAN's format.
    `budget`: "auto" (by `hours`), "laptop" (minutes on two cores) or "guide" (a GPU). `keep_weights`: weights that
    stay, "all", "promoted" or "winner". `engine`: "local" or "ray", with `ray_address`. `measure`: time a few steps of
    every stage to plan the trials that fit into `hours`. `like`: earlier studies, by name or folder, of this network or
    another: their best configs are tried first, and the sampler knows all of them.
    """

    unit: str
    holidays: str
    sensors: int | Sequence[str]
    start: str
    step: str
    embedding: str | os.PathLike[str]
    budget: Literal["auto", "laptop", "guide"]
    keep_weights: Literal["all", "promoted", "winner"]
    engine: Literal["local", "ray"]
    ray_address: str
    measure: bool
    like: str | Sequence[str]


def search(
    data: "str | os.PathLike[str] | pd.DataFrame | None" = None,
    *,
    graph: str | os.PathLike[str] | None = None,
    trials: int | Literal["fit"] | None = None,
    hours: float | None = None,
    name: str | None = None,
    spec: str | os.PathLike[str] | Mapping[str, Setting] | None = None,
    studies: str | os.PathLike[str] = "studies",
    reports: str | os.PathLike[str] | None = "reports",
    storage: str | None = None,
    workers: int | None = None,
    seed: int | None = None,
    progress: "bool | Callable[[Study], None]" = True,
    **options: Unpack[SearchOptions],
) -> "Study":
    """Search for the config of a GMAN that forecasts your sensors best, and test what is delivered once.

    Configs are trained at the quick stage, the best are promoted to medium and full, and an ensemble is chosen on the
    validation part. The same call goes on with a study that was stopped, and does nothing for one that is complete.

    Ctrl-C (in a notebook: interrupt the kernel) behaves as in Optuna: it raises `KeyboardInterrupt`. First the workers
    leave a checkpoint of their last epoch. Nothing finished is lost, and the same call goes on from there.

    Workers are processes of their own. They do not run your script again, so it needs no `if __name__ == "__main__":`.

    Args:
        data: file of readings (CSV, HDF5, npz, Parquet), "demo" for the bundled network, or a data frame with times in
            its index and a column a sensor, which is kept in the study's folder. None: those of `spec`, or of the
            study `name`.
        graph: file of the road graph: dense CSV, `from,to,cost`, edge list, or coordinates. Readings in a data frame
            can have one, too.
        trials: TOTAL number of configs the study should reach. "fit": as many as `hours` allow. None: what the study
            or `spec` says; else "fit" with `hours` and 50 without.
        hours: stop after so long, with what there is.
        name: of the study; None: that of the file of readings. A data frame needs one.
        spec: TOML file, or settings by dotted key, such as `{"stages.quick.max_epochs": 8}`.
        studies: folder of studies.
        reports: folder of HTML reports; None: write none.
        storage: database, such as `postgresql://user@host/database`, for workers on several machines; None: `study.db`
            in the study's folder.
        workers: processes on this machine that train.
        seed: of sampling and training; the same seed gives the same configs.
        progress: True shows a table on a terminal and a line for each evaluation in a notebook; False shows nothing
            (notes go to the log); a function is called with the study about once a second.
        **options: see `SearchOptions`.

    Returns:
        The study. An argument beats the environment (`GMAN_SEARCH_*`), which beats a TOML file.

    Raises:
        UsageError: an option is unknown or out of range.
        DataError: the data cannot be read, or the files do not fit each other.
        StudyError: a stored study of this name was made with other settings or data.
        TooManyFailures: more evaluations failed than `search.max_failure_share` allows.
        KeyboardInterrupt: on Ctrl-C or SIGTERM, after the workers have left.

    Example:
        >>> import gman_search
        >>> study = gman_search.search("speed.csv", graph="distances.csv", trials=4, progress=False)
        >>> study.best.val_mae > 0
        True
        >>> gman_search.search(name="speed", progress=False).name  # complete: nothing is left to do
        'speed'
    """
    from gman_search.api.options import Given, request_of
    from gman_search.api.run import run_study
    from gman_search.errors import DiskFull, Interrupted

    given = Given(data, graph, trials, hours, name, spec, studies, reports, storage, workers, seed, progress, options)
    try:
        return run_study(request_of(given))
    except DiskFull:
        raise
    except Interrupted as stop:
        raise KeyboardInterrupt("stopped; nothing finished is lost, and the same call goes on") from stop
