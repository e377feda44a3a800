"""Commands that look at a study: status, best, why, evaluations, report, dashboard."""

import csv
import sys
from pathlib import Path
from typing import Annotated, Literal

import typer

from gman_search.cli.options import Json, Name, Reports, Storage, Studies

__all__ = ["best", "dashboard", "evaluations", "report", "status", "why"]


def status(
    name: Name = "demo", studies: Studies = Path("studies"), storage: Storage = None, json: Json = False
) -> None:
    """Show how far a study is, what each running evaluation does, and what the curves say.

    Example: gman-search status demo
    """
    from rich.console import Console

    from gman_search.cli.live import remaining_seconds, stage_statuses, status_table
    from gman_search.cli.opened import open_record
    from gman_search.cli.output import duration, number, print_json
    from gman_search.halving.table import State, latest_attempts
    from gman_search.record_json import finite

    record, _ = open_record(name, studies, storage)
    rows = latest_attempts(record.evaluations)
    statuses = stage_statuses(record.evaluations, record.ladder)
    costs = list(record.provenance.get("cost_units", {}).values()) or None
    left = remaining_seconds(statuses, int(record.spec["search"]["workers"]), costs)
    running = [row for row in rows if row.state is State.RUNNING]
    diagnosis: dict[str, int] = {}
    for row in rows:
        for text in row.facts.get("diagnosis", ()):
            diagnosis[text] = diagnosis.get(text, 0) + 1
    if json:
        document = {
            "study": record.name,
            "stages": [vars(row) for row in statuses],
            "running": [{"key": row.key, "worker": row.facts.get("worker"), "epochs": row.epochs} for row in running],
            "diagnosis": diagnosis,
            "seconds_to_go": left,
        }
        print_json("status", finite(document))
        return
    console = Console(highlight=False, width=80)
    console.print(status_table(statuses, record.unit))
    for row in running:
        console.print(
            f"{row.key}: epoch {row.epochs}, {number(row.val_mae)} {record.unit}, {row.facts.get('worker', '')}"
        )
    for text, count in sorted(diagnosis.items(), key=lambda item: -item[1]):
        console.print(f"{count:4d} curves {text}")
    if left:
        console.print(f"about {duration(left)} to go")


def best(name: Name = "demo", studies: Studies = Path("studies"), storage: Storage = None, json: Json = False) -> None:
    """Show the winner: its config, where its weights come from, and its test scores.

    Example: gman-search best demo --json
    """
    from gman_search.cli.opened import open_record
    from gman_search.cli.output import print_json
    from gman_search.cli.summary import best_document, print_best, test_document

    record, folder = open_record(name, studies, storage)
    if json:
        test = None if record.test is None else test_document(record.test)
        print_json("best", {"study": name, "best": best_document(record), "test": test, "weights": str(folder.winner)})
        return
    print_best(record)


def why(
    config_id: Annotated[int, typer.Argument(help="Number of the config.", metavar="CONFIG")],
    name: Annotated[str, typer.Option("--study", help="Name of the study.")] = "demo",
    studies: Studies = Path("studies"),
    storage: Storage = None,
) -> None:
    """Tell the story of one config: what it was, how far it came, and why no further.

    Example: gman-search why 7 --study demo
    """
    from gman_search.cli.opened import open_record
    from gman_search.cli.output import duration, number
    from gman_search.errors import StudyError
    from gman_search.halving.decide import standings

    record, _ = open_record(name, studies, storage)
    rows = [row for row in record.evaluations if row.config_id == config_id]
    if not rows:
        raise StudyError(f"expected a config of study {name}, 0 to {record.ladder.trials - 1}; received {config_id}")
    reasons = {(place.config_id, place.stage): place.reason for place in standings(record.evaluations, record.ladder)}
    print(f"config {config_id}: " + ", ".join(f"{key}={value}" for key, value in rows[0].params.items()))
    for row in rows:
        told = f"{row.state}, {row.epochs} epochs in {duration(row.seconds)}, {number(row.val_mae)} {record.unit}"
        print(f"{row.stage} (attempt {row.attempt}): {told}" + (f" - {row.reason}" if row.reason else ""))
        inherited = row.facts.get("inherited")
        if inherited:
            print(f"  began as {row.parent}: {inherited:.0%} of its weights were inherited")
        for text in row.facts.get("diagnosis", ()):
            print(f"  curve {text}")
        if (config_id, row.stage) in reasons:
            print(f"  {reasons[config_id, row.stage]}")


def evaluations(
    name: Name = "demo",
    studies: Studies = Path("studies"),
    storage: Storage = None,
    as_csv: Annotated[bool, typer.Option("--csv", help="Comma-separated values (the default).")] = False,
    json: Json = False,
) -> None:
    """Print the tidy table: one row an evaluation, all attempts.

    Example: gman-search evaluations demo --csv > evaluations.csv
    """
    from gman_search.cli.opened import open_record
    from gman_search.cli.output import print_json

    record, _ = open_record(name, studies, storage)
    columns = ["config_id", "stage", "attempt", "parent", "state", "reason"]
    columns += ["val_mae", "epochs", "initial_epoch", "seconds", "seed"]
    rows = [{**{key: getattr(row, key) for key in columns}, **row.params} for row in record.evaluations]
    if json:
        print_json("evaluations", {"study": name, "evaluations": [{**row, "state": str(row["state"])} for row in rows]})
        return
    parameters = sorted({key for row in rows for key in row} - set(columns))
    writer = csv.DictWriter(sys.stdout, [*columns, *parameters], lineterminator="\n")
    writer.writeheader()
    writer.writerows({**row, "state": str(row["state"])} for row in rows)


def report(
    name: Name = "demo",
    studies: Studies = Path("studies"),
    reports: Reports = Path("reports"),
    storage: Storage = None,
    assets: Annotated[
        Literal["inline", "directory"], typer.Option(help="One file, or plotly.min.js beside it.")
    ] = "inline",
    open_it: Annotated[bool, typer.Option("--open", help="Open it in the browser.")] = False,
) -> None:
    """Write the HTML report of a study anew.

    Example: gman-search report demo --open
    """
    from gman_search.cli.opened import open_record
    from gman_search.report.page import write_report

    record, _ = open_record(name, studies, storage)
    page = write_report(record, reports / name, assets=assets)
    print(page)
    if open_it:
        typer.launch(str(page))


def dashboard(
    name: Name = "demo",
    studies: Studies = Path("studies"),
    storage: Storage = None,
    port: Annotated[int, typer.Option(help="Port on this machine.", min=1, max=65535)] = 8080,
) -> None:
    """Serve optuna-dashboard on a study, live, on 127.0.0.1 only.

    Example: gman-search dashboard demo --port 8080
    """
    from wsgiref.simple_server import WSGIRequestHandler, make_server

    from optuna_dashboard import wsgi

    from gman_search.cli.opened import stored_spec, study_folder
    from gman_search.cli.output import say
    from gman_search.errors import UsageError
    from gman_search.search.artifacts import open_store
    from gman_search.search.storage import open_storage

    folder = study_folder(name, studies)
    database = open_storage(storage or folder.storage_url)
    weights = open_store(stored_spec(folder).search.artifacts, folder.path)

    class Quiet(WSGIRequestHandler):
        def log_message(self, *_: object) -> None:
            """No line a request: the terminal stays readable."""

    try:
        server = make_server("127.0.0.1", port, wsgi(database, artifact_store=weights), handler_class=Quiet)
    except OSError as error:
        raise UsageError(f"cannot serve on port {port}: {error.strerror}: choose another with --port") from None
    say(f"dashboard of {name}: http://127.0.0.1:{port}/ (Ctrl-C ends it)")
    with server:
        try:
            server.serve_forever()
        except KeyboardInterrupt:
            say("dashboard ended")
