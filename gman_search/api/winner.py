"""The best evaluation of a study, as users of the Python API see it."""

from collections.abc import Mapping
from dataclasses import dataclass

from gman_search.halving.evaluations import Evaluation
from gman_search.space import ParamValue

__all__ = ["Winner", "winner_of"]


@dataclass(frozen=True)
class Winner:
    """The evaluation of the lowest validation MAE.

    Args:
        config_id: number of the config, from 0.
        stage: the stage that it won at.
        role: "" for a promoted config, "final" for one that was trained to its end, "reference" for the settings of
            the three-stage guide.
        params: its hyperparameters, at the scale of the quick stage.
        val_mae: validation MAE, in the unit of the readings.
        epochs: epochs that led to it, those of smaller stages included.
    """

    config_id: int
    stage: str
    role: str
    params: Mapping[str, ParamValue]
    val_mae: float
    epochs: int

    @property
    def key(self) -> str:
        """Name of the evaluation, such as `full/7` or `full/7 final`."""
        return f"{self.stage}/{self.config_id} {self.role}".rstrip()


def winner_of(row: Evaluation) -> Winner:
    """A complete evaluation as a winner."""
    value = float("nan") if row.val_mae is None else row.val_mae
    return Winner(row.config_id, row.stage, row.control, dict(row.params), value, row.initial_epoch + row.epochs)
