"""What is stored of an ensemble that was chosen; and one that is delivered before the test part is opened."""

from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path

from gman_search.data.task import ForecastDataset
from gman_search.data.usual import UsualValues
from gman_search.data_spec import DataSpec
from gman_search.ensemble.build import Chosen, forecast_milliseconds, validation_starts
from gman_search.ensemble.store import (
    EnsembleConfig,
    SavedEnsemble,
    SavedMember,
    WithoutTrees,
    member_folder,
    write_ensemble,
)
from gman_search.forecasting.model_io import data_facts
from gman_search.io.atomic import atomic_folder
from gman_search.record import Coverage
from gman_search.record_json import finite

__all__ = ["saved_ensemble", "write_untested"]


def saved_ensemble(
    task: ForecastDataset,
    data: DataSpec,
    chosen: Chosen,
    folder: Path,
    *,
    forecast_ms: float,
    without_trees: WithoutTrees | None = None,
    coverage: Mapping[int, Coverage] | None = None,
    usual: UsualValues | None = None,
) -> SavedEnsemble:
    """The ensemble of `chosen`, whose members lie in `folder`; `without_trees` and `coverage` are of the test part.

    `usual` as in `Delivery`.
    """
    config = EnsembleConfig(
        **data_facts(task, data),
        members=tuple(SavedMember(**asdict(member)) for member in chosen.described()),
        val_mae=chosen.choice.val_mae,
        check=finite(asdict(chosen.choice.check)),
        forecast_ms=forecast_ms,
        without_trees=without_trees,
        coverage={percent: finite(asdict(found)) for percent, found in (coverage or {}).items()},
    )
    return SavedEnsemble(
        folder, config, chosen.intervals, (usual or task.usual).table, chosen.exported_intervals, task.holiday_dates
    )


def write_untested(task: ForecastDataset, data: DataSpec, chosen: Chosen, target: Path) -> None:
    """Write the ensemble of `chosen` to `target`, which is replaced as a whole.

    Raises:
        DataError: it cannot be written, or a member's weights are gone.
    """
    starts, total = validation_starts(task), 0.0
    with atomic_folder(target) as partial:
        for number, index in enumerate(chosen.members):
            opened = chosen.candidates[index].opened()
            total += forecast_milliseconds(opened, starts)
            opened.save(member_folder(partial, number))
        write_ensemble(saved_ensemble(task, data, chosen, partial, forecast_ms=total))
