"""`gman-search run`: the main job."""

import shlex
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from gman_search.cli.flags import with_flags
from gman_search.cli.options import Json, Reports, Storage, Studies

if TYPE_CHECKING:
    from gman_search.api.request import SearchRequest

__all__ = ["run"]


@dataclass(frozen=True)
class RunFlags:
    """Flags of `gman-search run`."""

    trials: Annotated[
        str | None,
        typer.Option(help="TOTAL number of configs the study should reach; default with --hours (or `fit`): planned."),
    ] = None
    spec: Annotated[Path | None, typer.Option(help="Specification in TOML, such as studies/demo.toml.")] = None
    study: Annotated[str | None, typer.Option(help="Name of the study to start or to go on with.")] = None
    data: Annotated[str | None, typer.Option(help="CSV of readings, one column a sensor, or `demo`.")] = None
    adjacency: Annotated[Path | None, typer.Option(help="Graph: dense CSV, from,to,cost or GMAN edge list.")] = None
    embedding: Annotated[Path | None, typer.Option(help="Spatial embedding in GMAN's format.")] = None
    start: Annotated[str | None, typer.Option(help="Time of the first row, for files without times.")] = None
    step: Annotated[str | None, typer.Option(help="Time between rows, for files without times: 5min.")] = None
    sensors: Annotated[str | None, typer.Option(help="The first n sensors, or a list a,b,c of names.")] = None
    holidays: Annotated[str | None, typer.Option(help="Whose holidays count as Sundays: US, or US-CA.")] = None
    budget: Annotated[
        str | None, typer.Option(help="laptop (minutes on 2 cores), guide (a GPU) or auto (by --hours).")
    ] = None
    workers: Annotated[int | None, typer.Option(help="Worker processes on this machine.")] = None
    hours: Annotated[
        float | None,
        typer.Option(help="Plan configs, trainings and test for so many hours, and end in time.", min=0, max=87600),
    ] = None
    engine: Annotated[Literal["local", "ray"], typer.Option(help="Where workers run: here, or on a Ray cluster.")] = (
        "local"
    )
    ray_address: Annotated[
        str | None, typer.Option(help="Ray cluster: auto, HOST:PORT or ray://HOST:PORT; none starts one here.")
    ] = None
    like: Annotated[
        list[str] | None,
        typer.Option("--like", help="Earlier study, by name or folder: its best configs are tried first."),
    ] = None
    keep_weights: Annotated[str | None, typer.Option(help="Weights that stay: all, promoted or winner.")] = None
    seed: Annotated[int | None, typer.Option(help="Seed of sampling and training.")] = None
    control_runs: Annotated[
        int | None,
        typer.Option(
            help="Control runs: n of the best trained cold, n others promoted at random, and the reference config."
        ),
    ] = None
    warm_start: Annotated[str | None, typer.Option(help="grow (from the smaller model's weights) or none.")] = None
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="Any key of the specification: stages.quick.max_epochs=3.")
    ] = None
    studies: Studies = Path("studies")
    reports: Reports = Path("reports")
    storage: Storage = None
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the plan and its cost; train nothing.")] = False
    measure: Annotated[
        bool,
        typer.Option("--measure", help="With --dry-run or --trials fit: time a few steps of every stage here."),
    ] = False
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False
    json: Json = False


@with_flags
def run(flags: RunFlags) -> None:
    """Search, promote, test the winner once and write the report. Running again goes on.

    Example: gman-search run --trials 50
    """
    import time

    from gman_search.api.request import SearchRequest
    from gman_search.errors import UsageError
    from gman_search.specification import absolute, resolve_spec
    from gman_search.tuning.commands import Place

    since = time.monotonic()
    fit = flags.trials == "fit"
    if flags.measure and not (flags.dry_run or fit or (flags.hours and flags.trials is None)):
        raise UsageError("expected --measure with --dry-run or --trials fit: a search itself measures every evaluation")
    if fit and not flags.hours:
        raise UsageError("expected --trials fit with --hours above 0: it tries as many configs as the time allows")
    if flags.measure and flags.engine == "ray":
        raise UsageError("expected --measure without --engine ray: it times workers on this machine only")
    if fit and any(text.partition("=")[0].strip() == "trials" for text in flags.settings or []):
        raise UsageError("expected --trials fit or --set trials=...; received both")

    keys: dict[str, Any] = {
        "trials": None if fit else _count(flags.trials),
        "seed": flags.seed,
        "budget": flags.budget,
        "data.readings": None if flags.data is None else absolute(flags.data),
        "data.adjacency": None if flags.adjacency is None else absolute(flags.adjacency),
        "data.embedding": None if flags.embedding is None else absolute(flags.embedding),
        "data.start": flags.start,
        "data.step": flags.step,
        "data.sensors": _sensors(flags.sensors),
        "data.holidays": flags.holidays,
        "search.workers": flags.workers,
        "search.keep_weights": flags.keep_weights,
        "search.control_runs": flags.control_runs,
        "halving.warm_start": flags.warm_start,
    }
    given = {key: value for key, value in keys.items() if value is not None}
    resolved = resolve_spec(
        spec_file=flags.spec,
        study=flags.study,
        studies_folder=flags.studies,
        flags=given,
        settings=flags.settings or [],
    )
    # Hours alone plan everything, unless a specification names a number.
    fit = fit or bool(flags.hours and flags.trials is None and "trials" not in resolved.model_fields_set)
    place = Place(flags.studies, flags.reports, flags.storage, flags.engine, flags.ray_address)
    request = SearchRequest(
        spec=resolved,
        place=place,
        hours=flags.hours,
        fit=fit,
        measure=flags.measure,
        like=tuple(flags.like or ()),
        progress=not flags.quiet,
        command=("gman-search", *sys.argv[1:]),
        since=since,
    )
    if flags.dry_run:
        from gman_search.cli.dry_run import print_plan

        print_plan(request, as_json=flags.json)
    else:
        _search(request, quiet=flags.quiet, as_json=flags.json)


def _search(request: "SearchRequest", *, quiet: bool, as_json: bool) -> None:
    import time

    from gman_search.api.run import run_study
    from gman_search.cli.output import duration, print_json, say
    from gman_search.cli.summary import print_summary, run_document
    from gman_search.errors import Interrupted

    began = time.monotonic()
    try:
        study = run_study(request)
    except Interrupted as stop:
        raise Interrupted(f"{stop}: {shlex.join(request.command)}") from None
    record, report, seconds = study.record, request.place.reports / study.name / "index.html", time.monotonic() - began
    if as_json:
        print_json("run", run_document(record, report, seconds))
        return
    print_summary(record, report, request.place)
    if not quiet:
        say(f"took {duration(seconds)}")


def _count(text: str | None) -> int | None:
    from gman_search.errors import UsageError

    if text is None:
        return None
    if text.isdecimal():
        return int(text)
    raise UsageError(f"expected --trials as a whole number or `fit`; received {text!r}")


def _sensors(text: str | None) -> int | list[str] | None:
    if text is None:
        return None
    return int(text) if text.isdecimal() else [name.strip() for name in text.split(",") if name.strip()]
