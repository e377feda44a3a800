"""The refitted model of a study, for the commands that can use it instead of the tested one."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gman_search.errors import StudyError

if TYPE_CHECKING:
    from gman_search.cli.run_locator import SavedRun
    from gman_search.forecasting.model_io import DataConfig

__all__ = ["Refit", "refit_document", "refit_notes", "refitted", "tested_mae"]

Refit = Annotated[
    bool, typer.Option("--refit", help="The model that gman-search refit trained on all readings, not the tested one.")
]


def refitted(run: "SavedRun", source: str) -> "SavedRun":
    """The refitted model of the study that `run`, found by the name `source`, is of; alone where `run` is.

    Raises:
        StudyError: there is none.
    """
    from gman_search.cli.run_locator import refit_run
    from gman_search.tuning.commands import Place
    from gman_search.tuning.refit import REFIT, is_refit

    folder = None if run.study is None or not run.is_winner else run.study / REFIT
    if folder is None or not is_refit(folder):
        place = Place() if run.study is None else Place(run.study.parent)
        raise StudyError(f"expected a refitted model of {source}; there is none: {place.command('refit', source)}")
    return refit_run(folder, single=run.ensemble is None)


def refit_notes(config: "DataConfig", study: Path | None, split: str | None = None) -> list[str]:
    """What a refitted model is and what is not measured; nothing for one that was tested. `split` is what it scores."""
    if config.refit is None:
        return []
    notes = [f"{config.refit.sentence(config.unit)}; {config.refit.unchanged}"]
    now = None if study is None else tested_mae(study)
    if now is not None and config.refit.tested_mae is not None and now != config.refit.tested_mae:
        notes.append("the study has delivered another model since this refit: gman-search refit makes it again")
    if split is not None:
        notes.append("the refitted model was trained on this part, too: these are no errors of new readings")
    return notes


def refit_document(config: "DataConfig") -> dict[str, Any]:
    """The same for JSON: a key `refit`, for a refitted model only."""
    return {} if config.refit is None else {"refit": config.refit.model_dump(mode="json")}


def tested_mae(study: Path) -> float | None:
    """Mean MAE on the test part of what the study in a folder delivers; None where it was not tested."""
    from gman_search.record_json import test_from_json

    try:
        text = (study / "winner" / "test.json").read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    result = test_from_json(json.loads(text))
    return (result.ensemble or result).mean.mae
