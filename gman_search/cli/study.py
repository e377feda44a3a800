"""Commands that look at a study: status, best, why, evaluations."""

import csv
import sys
from pathlib import Path
from typing import Annotated

import typer

from gman_search.cli.options import Json, Name, Storage, Studies

__all__ = ["best", "evaluations", "status", "why"]


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
    from gman_search.spec import StudySpec

    record, _ = open_record(name, studies, storage)
    rows = latest_attempts(record.evaluations)
    epochs = {stage.name: stage.max_epochs for stage in StudySpec.model_validate(record.spec).stage_list()}
    statuses = stage_statuses(record.evaluations, record.ladder, epochs)
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
    from gman_search.cli.story import story
    from gman_search.errors import StudyError

    record, _ = open_record(name, studies, storage)
    lines = story(record, config_id)
    if not lines:
        raise StudyError(f"expected a config of study {name}, 0 to {record.ladder.trials - 1}; received {config_id}")
    print("\n".join(lines))


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
    columns += ["val_mae", "epochs", "initial_epoch", "seconds", "seed", "control"]
    rows = [{**{key: getattr(row, key) for key in columns}, **row.params} for row in record.evaluations]
    if json:
        print_json("evaluations", {"study": name, "evaluations": [{**row, "state": str(row["state"])} for row in rows]})
        return
    parameters = sorted({key for row in rows for key in row} - set(columns))
    writer = csv.DictWriter(sys.stdout, [*columns, *parameters], lineterminator="\n")
    writer.writeheader()
    writer.writerows({**row, "state": str(row["state"])} for row in rows)
