"""`gman-search run`: the main job."""

import shlex
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from gman_search.cli.options import Json, Reports, Storage, Studies

__all__ = ["run"]


def run(
    trials: Annotated[
        str | None,
        typer.Option(help="TOTAL number of configs the study should reach, or `fit`: as many as --hours allow."),
    ] = None,
    spec: Annotated[Path | None, typer.Option(help="Specification in TOML, such as studies/demo.toml.")] = None,
    study: Annotated[str | None, typer.Option(help="Name of the study to start or to go on with.")] = None,
    data: Annotated[str | None, typer.Option(help="CSV of readings, one column a sensor, or `demo`.")] = None,
    adjacency: Annotated[Path | None, typer.Option(help="Graph: dense CSV, from,to,cost or GMAN edge list.")] = None,
    embedding: Annotated[Path | None, typer.Option(help="Spatial embedding in GMAN's format.")] = None,
    start: Annotated[str | None, typer.Option(help="Time of the first row, for files without times.")] = None,
    step: Annotated[str | None, typer.Option(help="Time between rows, for files without times: 5min.")] = None,
    sensors: Annotated[str | None, typer.Option(help="The first n sensors, or a list a,b,c of names.")] = None,
    holidays: Annotated[str | None, typer.Option(help="Whose holidays count as Sundays: US, or US-CA.")] = None,
    budget: Annotated[str | None, typer.Option(help="laptop (minutes on 2 cores) or guide (a GPU).")] = None,
    workers: Annotated[int | None, typer.Option(help="Worker processes on this machine.")] = None,
    hours: Annotated[
        float | None,
        typer.Option(help="Stop after so many hours, with what there is; running again goes on.", min=0, max=87600),
    ] = None,
    engine: Annotated[
        Literal["local", "ray"], typer.Option(help="Where workers run: here, or on a Ray cluster.")
    ] = "local",
    ray_address: Annotated[
        str | None, typer.Option(help="Ray cluster: auto, HOST:PORT or ray://HOST:PORT; none starts one here.")
    ] = None,
    keep: Annotated[str | None, typer.Option(help="Weights that stay: all, promoted or winner.")] = None,
    seed: Annotated[int | None, typer.Option(help="Seed of sampling and training.")] = None,
    controls: Annotated[
        int | None,
        typer.Option(
            help="Controls: n of the best trained cold too, n others promoted at random a stage, and the preset."
        ),
    ] = None,
    warm_start: Annotated[str | None, typer.Option(help="grow (from the smaller model's weights) or none.")] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="Any key of the specification: stages.quick.max_epochs=3.")
    ] = None,
    studies: Studies = Path("studies"),
    reports: Reports = Path("reports"),
    storage: Storage = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Print the ladder and its cost; train nothing.")] = False,
    measure: Annotated[
        bool,
        typer.Option("--measure", help="With --dry-run or --trials fit: time a few steps of every stage here."),
    ] = False,
    quiet: Annotated[bool, typer.Option("--quiet", "-q", help="No progress.")] = False,
    json: Json = False,
) -> None:
    """Search, promote, test the winner once and write the report. Running again goes on.

    Example: gman-search run --trials 50
    """
    import time

    from gman_search.cli.specification import resolve_spec
    from gman_search.errors import UsageError

    since = time.monotonic()
    fit = trials == "fit"
    if measure and not (dry_run or fit):
        raise UsageError("expected --measure with --dry-run or --trials fit: a search itself measures every evaluation")
    if fit and not hours:
        raise UsageError("expected --trials fit with --hours above 0: it tries as many configs as the time allows")
    if measure and engine == "ray":
        raise UsageError("expected --measure without --engine ray: it times workers on this machine only")
    if fit and any(text.partition("=")[0].strip() == "trials" for text in settings or []):
        raise UsageError("expected --trials fit or --set trials=...; received both")

    flags: dict[str, Any] = {
        "trials": None if fit else _count(trials),
        "seed": seed,
        "budget": budget,
        "data.speed": _absolute(data),
        "data.adjacency": _absolute(adjacency),
        "data.embedding": _absolute(embedding),
        "data.start": start,
        "data.step": step,
        "data.sensors": _sensors(sensors),
        "data.holidays": holidays,
        "search.workers": workers,
        "search.keep": keep,
        "search.controls": controls,
        "halving.warm_start": warm_start,
    }
    given = {key: value for key, value in flags.items() if value is not None}
    resolved = resolve_spec(spec_file=spec, study=study, studies_folder=studies, flags=given, settings=settings or [])
    cluster = engine == "ray"
    times = None
    if fit and hours:
        from gman_search.cli.trials_that_fit import fitted

        resolved, times = fitted(
            resolved,
            hours=hours,
            since=since,
            studies=studies,
            storage=storage,
            measure=measure,
            cluster=cluster,
            quiet=quiet,
        )
    if dry_run:
        from gman_search.cli.dry_run import print_dry_run
        from gman_search.cli.stage_times import stage_times

        times = times or stage_times(resolved, measure=measure, cluster=cluster, quiet=quiet)
        print_dry_run(resolved, times, cluster=cluster, as_json=json, hours=hours is not None)
        return
    place = {"storage": storage, "engine": engine, "ray_address": ray_address, "hours": hours, "since": since}
    _search(resolved, studies, reports, place, quiet=quiet, as_json=json)


def _search(spec: Any, studies: Path, reports: Path, place: dict[str, Any], *, quiet: bool, as_json: bool) -> None:
    import time

    from gman_search.cli.live import LiveView
    from gman_search.cli.opened import open_studies_of
    from gman_search.cli.output import duration, print_json, say
    from gman_search.cli.summary import print_summary, run_document
    from gman_search.dashboard.attach import offer_report
    from gman_search.dashboard.refresh import Refresher
    from gman_search.errors import Interrupted
    from gman_search.report.page import write_report
    from gman_search.search.run import StudyFolder, run_search, study_record
    from gman_search.search.studies import SearchStudies

    began = time.monotonic()
    folder = StudyFolder(studies / spec.name)
    if not quiet:
        sizes = ", ".join(f"{stage.name} {stage.max_epochs} epochs" for stage in spec.stage_list())
        say(f"study {spec.name}: {spec.trials} configs, {spec.search.workers} workers, budget {spec.budget} ({sizes})")
    command = ["gman-search", *sys.argv[1:]]
    refresher = Refresher(lambda present: study_record(present, folder))

    def show(present: SearchStudies) -> None:
        view.update(present)
        refresher.update(present)

    def costs() -> list[float] | None:
        return list(folder.provenance().get("cost_units", {}).values()) or None

    with LiveView(spec.data.unit, spec.search.workers, costs, quiet=quiet) as view:
        try:
            record = run_search(
                spec,
                folder,
                **place,
                command=command,
                on_progress=show,
                on_warning=lambda text: None if quiet else say(f"note: {text}"),
            )
        except Interrupted as stop:
            raise Interrupted(f"{stop}: {shlex.join(command)}") from None
    report = write_report(record, reports / spec.name)
    offer_report(open_studies_of(spec.name, studies, place["storage"])[0], folder.path, report)
    seconds = time.monotonic() - began
    if as_json:
        print_json("run", run_document(record, report, seconds))
        return
    print_summary(record, report, place["storage"])
    if not quiet:
        say(f"took {duration(seconds)}")


def _count(text: str | None) -> int | None:
    from gman_search.errors import UsageError

    if text is None:
        return None
    if text.isdecimal():
        return int(text)
    raise UsageError(f"expected --trials as a whole number or `fit`; received {text!r}")


def _absolute(path: str | Path | None) -> str | None:
    return None if path is None else "demo" if str(path) == "demo" else str(Path(path).resolve())


def _sensors(text: str | None) -> int | list[str] | None:
    if text is None:
        return None
    return int(text) if text.isdecimal() else [name.strip() for name in text.split(",") if name.strip()]
