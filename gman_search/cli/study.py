"""Commands that look at a study: status, best, explain, evaluations."""

import csv
import sys
from pathlib import Path
from typing import Annotated

import typer

from gman_search.cli.options import Json, Name, Storage, Studies

__all__ = ["best", "evaluations", "explain", "status"]


def status(
    name: Name = "demo",
    studies: Studies = Path("studies"),
    storage: Storage = None,
    verify: Annotated[
        bool, typer.Option("--check-weights", help="Look whether all weights that results refer to are there.")
    ] = False,
    json: Json = False,
) -> None:
    """Show how far a study is, what each worker does and since when, and what the curves say.

    Example: gman-search status demo
    """
    from gman_search.cli.output import print_json
    from gman_search.cli.status_view import print_status, status_document
    from gman_search.tuning.study_loader import open_study

    study = open_study(name, studies, storage)
    document = status_document(study, verify=verify)
    if json:
        print_json("status", document)
        return
    print_status(study, document)


def best(name: Name = "demo", studies: Studies = Path("studies"), storage: Storage = None, json: Json = False) -> None:
    """Show what is delivered, the winner (its config, where its weights come from) and the leaderboard.

    Example: gman-search best demo --json
    """
    from gman_search.cli.deliverable import ensemble_document, leaderboard_document
    from gman_search.cli.output import print_json
    from gman_search.cli.summary import best_document, print_best, test_document
    from gman_search.tuning.study_loader import open_record

    record, folder = open_record(name, studies, storage)
    if json:
        test = None if record.test is None else test_document(record.test)
        document = {
            "study": name,
            "best": best_document(record),
            "test": test,
            "ensemble": None if record.test is None else ensemble_document(record.test.ensemble),
            "leaderboard": leaderboard_document(record.test),
            "weights": str(folder.winner),
        }
        print_json("best", document)
        return
    print_best(record)


def explain(
    config_id: Annotated[int, typer.Argument(help="Number of the config.", metavar="CONFIG")],
    name: Annotated[str, typer.Option("--study", help="Name of the study.")] = "demo",
    studies: Studies = Path("studies"),
    storage: Storage = None,
) -> None:
    """Tell the story of one config: what it was, how far it came, and why no further.

    Example: gman-search explain 7 --study demo
    """
    from gman_search.cli.explain import explain
    from gman_search.errors import StudyError
    from gman_search.tuning.study_loader import open_record

    record, _ = open_record(name, studies, storage)
    lines = explain(record, config_id)
    if not lines:
        raise StudyError(f"expected a config of study {name}, 0 to {record.schedule.trials - 1}; received {config_id}")
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
    from gman_search.cli.output import print_json
    from gman_search.tuning.study_loader import open_record

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
