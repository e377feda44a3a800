"""`gman-search refit`: what a study delivers, trained again on all readings."""

from pathlib import Path
from typing import Annotated

import typer

from gman_search.cli.options import Json, Name, Studies

__all__ = ["refit"]


def refit(
    study: Name,
    data: Annotated[
        list[Path] | None,
        typer.Option("--data", help="Newer readings, which continue those of the study; may be given more than once."),
    ] = None,
    output: Annotated[
        Path | None, typer.Option("--output", "-o", help="Folder to write; default: refit in the study's folder.")
    ] = None,
    start: Annotated[str | None, typer.Option(help="Time of the first row, for a file without times.")] = None,
    step: Annotated[str | None, typer.Option(help="Time between rows, for a file without times.")] = None,
    studies: Studies = Path("studies"),
    json: Json = False,
) -> None:
    """Train what a study delivers on all readings, validation and test part and newer ones too; the tested model stays.

    Nothing is left to test the refitted model on: its error is not measured.

    Example: gman-search refit demo --data newer.csv
    """
    from gman_search.cli.output import print_json, say
    from gman_search.cli.refitted import tested_mae
    from gman_search.cli.run_locator import SavedRun
    from gman_search.data.all_readings import continued, task_of_all
    from gman_search.errors import StudyError, UsageError
    from gman_search.halving.refit import BEST_RULE
    from gman_search.tuning.commands import Place
    from gman_search.tuning.folder import study_folder
    from gman_search.tuning.refit import REFIT, Refit, is_refit, refit_facts
    from gman_search.tuning.stored_readings import stored_readings
    from gman_search.tuning.study_loader import stored_spec
    from gman_search.wording import number

    folder, place = study_folder(study, studies), Place(studies)
    if not (folder.winner / "weights.npz").is_file():
        raise StudyError(f"study {study} has no winner yet: finish it with {place.command('run', '--study', study)}")
    target = output or folder.path / REFIT
    if target.exists() and not is_refit(target):
        raise UsageError(f"expected a new folder or one that refit wrote; {target} is something else: choose another")
    spec = stored_spec(folder)
    run = SavedRun(folder.winner, folder.path, True)
    newer = [(path, run.readings(path, start=start, step=step)) for path in data or ()]
    stored = stored_readings(folder, spec.data, Path.cwd())
    series = stored.series
    for path, readings in newer:
        series = continued(series, readings, str(path))
        for text in readings.notes:
            say(f"note: {path}: {text}")
    task = task_of_all(stored.task, series, spec.data.imputation, fresh_usual=BEST_RULE.fresh_usual)
    facts = refit_facts(task, len(stored.task.starts["train"]), tested_mae(folder.path))

    from gman_search.tf_logging import start_tensorflow_quietly
    from gman_search.training.device import prepare_device

    start_tensorflow_quietly()
    prepare_device(spec.seed)
    facts = Refit(folder.path, task, facts, spec.seed, say).write(target)
    if json:
        print_json("refit", {"folder": str(target), "unit": task.unit, **facts.model_dump(mode="json")})
        return
    share = number(100 * facts.new_windows / facts.windows, 0)
    print(f"wrote {target}: {facts.windows} windows, {share} % of them new to the tested model, which stays as it is")
    print(facts.sentence(task.unit))
    print(f"steps: {', '.join(f'{name} {steps}' for name, steps in facts.steps.items()) or 'no GMAN to train'}")
    print(f"{facts.unchanged}; usual values are of all readings")
    words = (target, "recent.csv") if output is not None else (study, "recent.csv", "--refit")
    print(f"forecast: {(Place() if output is not None else place).command('predict', *words)}")
