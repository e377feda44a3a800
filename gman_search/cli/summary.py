"""The end of a run: what won, by how much, and what to do next."""

from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from gman_search.api.stage_status import outside_statuses, stage_statuses
from gman_search.cli.deliverable import (
    SHOWN_STEPS,
    delivery_lines,
    ensemble_document,
    leaderboard_document,
    leaderboard_table,
    leaderboard_title,
    losses,
    scores_document,
)
from gman_search.cli.output import duration
from gman_search.halving.evaluations import Evaluation, State, contenders, latest_attempts
from gman_search.halving.late_gain import late_gain
from gman_search.halving.promotion import best_evaluation, is_done
from gman_search.record import PresetTest, Scores, StudyRecord, TestResult
from gman_search.report.leaderboard import leaderboard
from gman_search.report.view import ROLE_NAMES, StudyView
from gman_search.tuning.commands import Place, readings_words
from gman_search.wording import number

__all__ = ["best_document", "lineage", "print_best", "print_summary", "run_document"]


def run_document(record: StudyRecord, report: Path, seconds: float) -> dict[str, Any]:
    """`run --json`."""
    stages = [
        {
            "name": row.name,
            "evaluations": row.finished + row.running + row.waiting,
            "complete": row.complete,
            "pruned": row.pruned,
            "failed": row.failed,
            "promoted": row.promoted,
            "epochs": row.epochs,
            "seconds": row.seconds,
        }
        for row in stage_statuses(record.evaluations, record.schedule)
    ]
    outside = [
        {"role": row.name, "complete": row.complete, "failed": row.failed, "epochs": row.epochs, "seconds": row.seconds}
        for row in outside_statuses(record.evaluations)
    ]
    return {
        "study": record.name,
        "trials": record.schedule.trials,
        "stages": stages,
        "outside_ladder": outside,
        "best": best_document(record),
        "test": None if record.test is None else {"split": split_of(record), **test_document(record.test)},
        "ensemble": None if record.test is None else ensemble_document(record.test.ensemble),
        "leaderboard": leaderboard_document(record.test),
        "findings": record.provenance.get("findings", []),
        "losses": list(losses(record)),
        "report": str(report),
        "seconds": seconds,
    }


def best_document(record: StudyRecord) -> dict[str, Any] | None:
    """The winner: config, validation MAE and the evaluations its weights come from."""
    winner = best_evaluation(record.evaluations, record.schedule)
    if winner is None:
        return None
    return {
        "config_id": winner.config_id,
        "stage": winner.stage,
        "control": winner.control,
        "params": winner.params,
        "val_mae": winner.val_mae,
        "lineage": [
            {"key": row.key, "val_mae": row.val_mae, "epochs": row.epochs, "inherited": row.facts.get("inherited")}
            for row in lineage(record, winner)
        ],
    }


def lineage(record: StudyRecord, row: Evaluation) -> list[Evaluation]:
    """The chain of evaluations, first stage first, that ends in `row`."""
    by_key = {other.key: other for other in contenders(record.evaluations)}
    chain = [row]
    while chain[0].parent in by_key and chain[0].parent != chain[0].key:
        chain.insert(0, by_key[str(chain[0].parent)])
    return chain


def test_document(test: TestResult) -> dict[str, Any]:
    """Scores at steps 3, 6 and 12 and their mean over all steps: of the winner, of the reference config as the search
    trained it, and of the baselines; `refitted` names those that were trained on the validation part, too."""
    return {
        "config_id": test.config_id,
        "stage": test.stage,
        "windows": test.windows,
        "control": test.control,
        **scores_document(test.steps, test.mean),
        "baselines": {name: scores_document(found["steps"], found["mean"]) for name, found in test.baselines.items()},
        "refitted": list(test.refitted),
        "preset": None if test.beside is None else preset_document(test.beside),
        "coverage": {str(percent): vars(found) for percent, found in test.coverage.items()},
    }


def preset_document(beside: PresetTest) -> dict[str, Any]:
    """The reference config at the highest stage it reached in the search, and the winner's own model at that stage."""
    rows = {"preset": beside.preset, "winner_at_stage": beside.peer}
    found = {
        name: None
        if row is None
        else {"config_id": row.config_id, "stage": row.stage, **scores_document(row.steps, row.mean)}
        for name, row in rows.items()
    }
    return {**(found.pop("preset") or {}), **found}


def split_of(record: StudyRecord) -> str:
    """The rule by which windows went to the parts; studies of before the choice have GMAN's."""
    return str(record.spec.get("data", {}).get("split", "gman"))


def print_best(record: StudyRecord) -> Evaluation | None:
    """Losses, what is delivered, the winner and the leaderboard on stdout; returns the winner."""
    console = Console(highlight=False, width=80)
    winner = best_evaluation(record.evaluations, record.schedule)
    if winner is None:
        console.print(f"study {record.name}: no evaluation is complete yet")
        return None
    for line in (*losses(record), *delivery_lines(record)):
        console.print(line, soft_wrap=True, markup=False)
    role = f", {ROLE_NAMES[winner.control]}" if winner.control else ""
    console.print(
        f"winner of {record.name}: config {winner.config_id} at {winner.stage}{role}, "
        f"validation MAE {number(winner.val_mae)} {record.unit}",
        soft_wrap=True,
        markup=False,
    )
    params = ", ".join(
        f"{name}={value:.4g}" if isinstance(value, float) else f"{name}={value}"
        for name, value in winner.params.items()
    )
    console.print(params)
    console.print("weights: " + " -> ".join(f"{row.key} ({number(row.val_mae)})" for row in lineage(record, winner)))
    board = leaderboard(StudyView(record))
    if record.test is not None and board is None:
        console.print(_test_table(record, record.test))
    elif record.test is not None and board is not None:
        console.print(leaderboard_title(board), soft_wrap=True, markup=False)
        console.print(leaderboard_table(board))
        if record.test.beside is not None:
            console.print("; ".join(_in_the_search(record.test.beside, record.unit)), soft_wrap=True)
    return winner


def _in_the_search(beside: PresetTest, unit: str) -> list[str]:
    rows = (("reference config, in the search", beside.preset), ("the winner's config", beside.peer))
    return [f"{name} at {row.stage}: mean {number(row.mean.mae)} {unit}" for name, row in rows if row is not None]


def _test_table(record: StudyRecord, test: TestResult) -> Table:
    title = f"test part, {test.windows} windows, {split_of(record)} split, MAE in {record.unit}"
    table = Table(box=None, pad_edge=False, title=title, title_justify="left")
    steps = [step for step in SHOWN_STEPS if step in test.steps]
    table.add_column("forecast")
    for step in steps:
        table.add_column(f"at {step * record.step_minutes} min", justify="right")
    table.add_column(f"mean of steps 1..{len(test.steps)}", justify="right")
    rows: list[tuple[str, Any, Scores]] = [("winner", test.steps, test.mean)]
    if test.ensemble is not None:
        rows.insert(0, ("ensemble", test.ensemble.steps, test.ensemble.mean))
    if test.beside is not None:
        others = (("reference config, in the search", test.beside.preset), ("winner's config", test.beside.peer))
        rows += [(f"{name} at {row.stage}", row.steps, row.mean) for name, row in others if row is not None]
    rows += [(name, found["steps"], found["mean"]) for name, found in test.baselines.items()]
    for name, scores, mean in rows:
        table.add_row(name, *(number(scores[step].mae if step in scores else None) for step in steps), number(mean.mae))
    return table


def print_summary(record: StudyRecord, report: Path, place: Place = Place()) -> None:  # noqa: B008 - it is frozen
    """Losses, what is delivered, the winner and the leaderboard; the stages; and the commands to go on."""
    console = Console(highlight=False, width=80)
    best = print_best(record)
    for row in stage_statuses(record.evaluations, record.schedule):
        console.print(
            f"{row.name}: {row.complete} complete, {row.pruned} pruned, {row.failed} failed, "
            f"best {number(row.best)} {record.unit}"
        )
    for row in outside_statuses(record.evaluations):
        console.print(
            f"{ROLE_NAMES[row.name]}: {row.complete} complete, {row.failed} failed, best {number(row.best)} "
            f"{record.unit}, {duration(row.seconds)}"
        )
    failed = [row for row in contenders(record.evaluations) if row.state is State.FAILED]
    for lost in failed[:3]:
        console.print(f"failed: {lost.key}: {lost.reason}", soft_wrap=True)
    if (late := late_gain(record.evaluations)) is not None:
        console.print(late.sentence(), soft_wrap=True)
    console.print(f"report:    {report}", soft_wrap=True, markup=False)
    name, trials = record.name, record.schedule.trials
    if is_done(latest_attempts(record.evaluations, controls=True), record.schedule):
        trials *= 2
    commands = {"dashboard": place.command("dashboard", name)}
    if record.test is not None:
        commands["forecast"] = place.command("predict", name, *readings_words(record.spec.get("data", {})))
    commands["go on"] = place.command("run", "--study", name, "--trials", trials)
    if best is not None and best.control != "reference" and record.spec.get("budget") != "guide":
        longer, winner = ("--set", "budget=guide"), ("--config-id", "winner", "--init-from", "winner")
        commands["longer"] = place.command("train", "--study", name, *winner, "--stage", best.stage, *longer)
        commands["compare"] = place.command("train", "--study", name, "--stage", record.schedule.stages[0], *longer)
    for title, command in commands.items():
        console.print(f"{title + ':':10} {command}", soft_wrap=True, markup=False)
