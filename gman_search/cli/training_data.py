"""The data that `train` uses: those that its study was made with, if it was."""

from pathlib import Path

from gman_search.cli.data_notes import say_findings
from gman_search.cli.output import say
from gman_search.data.checks.gather import checked
from gman_search.data.stored import StoredData
from gman_search.data.study_data import study_data
from gman_search.data.task import ForecastDataset
from gman_search.errors import UsageError
from gman_search.forecasting.model_io import is_complete, read_saved_model
from gman_search.spec import StudySpec
from gman_search.tuning.continuation import PLACES, changed_settings
from gman_search.tuning.folder import StudyFolder

__all__ = ["training_task"]


def training_task(spec: StudySpec, folder: StudyFolder, parent: Path | None) -> ForecastDataset:
    """The task for a training in the study at `folder`; notes go to stderr.

    Errors in one study are comparable only on the same data, and weights must not be tested on what their parent has
    learned. So rows that were added since are left out.

    Raises:
        UsageError: settings of the data are not those of the study.
        DataError: the data that the study or the parent was made with have changed; or they cannot be read.
    """
    stored = folder.stored_data()
    if stored is not None:
        _refuse_other_settings(spec, folder)
    elif parent is not None and parent.is_dir() and parent.is_relative_to(folder.path):
        stored = _remembered(parent)
    remedy = "restore it, or choose another `--study`"
    found = study_data(spec.data, Path.cwd(), stored, remedy=remedy)
    if found.added:
        say(
            f"note: new readings since the study: {found.added}; they are left out, so that errors stay comparable: "
            "a study of another name learns from them"
        )
    say_findings(checked(spec, found.everything, found.graph, found.task).findings)
    return found.task


def _refuse_other_settings(spec: StudySpec, folder: StudyFolder) -> None:
    from gman_search.tuning.study_loader import stored_spec

    before, now = ({"data": one.data.model_dump(mode="json")} for one in (stored_spec(folder), spec))
    changes = [change for change in changed_settings(before, now, data=True) if change.key not in PLACES]
    if changes:
        told = "; ".join(map(str, changes[:3]))
        raise UsageError(f"Cannot train in '{spec.name}': {told}. Restore it, or choose another `--study`.")


def _remembered(parent: Path) -> StoredData | None:
    """What a training of this study remembers of its data; an evaluation of a search leaves that to the study."""
    return read_saved_model(parent).config.trained_on if is_complete(parent / "weights.npz") else None
