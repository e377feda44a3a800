"""The windows of one batch, cut from the series when a step needs them.

They are cut outside TensorFlow, which would keep a copy of the whole series: three arrays (S, N), 2.5 GB for a year of
2,000 sensors, in every process. Here they may be memory maps, and a batch is some MB.
"""

import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from gman_search.data.task import ForecastDataset

__all__ = ["Batches"]

Inputs = tuple[tf.Tensor, ...]


class Batches:
    """Batches of windows of a task as tensors.

    Args:
        task: readings, calendar and usual values.
        dtype: of readings and usual values.
        usual: whether the model needs usual values.
    """

    def __init__(self, task: ForecastDataset, dtype: str, *, usual: bool) -> None:
        self._task, self._dtype, self._with_usual = task, dtype, usual

    @property
    def input_specs(self) -> tuple[tf.TensorSpec, ...]:
        """Of what `inputs` returns."""
        P, Q, channels = self._task.P, self._task.Q, self._task.inputs.shape[1:]
        calendar = tf.TensorSpec([None, P + Q], tf.int32)
        usual = (tf.TensorSpec([None, 1 + Q, channels[0]], self._dtype),) if self._with_usual else ()
        return (tf.TensorSpec([None, P, *channels], self._dtype), calendar, calendar, *usual)

    @property
    def target_spec(self) -> tf.TensorSpec:
        """Of what `targets` returns."""
        return tf.TensorSpec([None, self._task.Q, self._task.targets.shape[1]], self._dtype)

    def inputs(self, starts: NDArray[np.integer]) -> Inputs:
        """Readings (B, P, N) or (B, P, N, C), day and time (B, P + Q), and usual values (B, 1 + Q, N) if needed."""
        task, steps = self._task, self._steps(starts)
        calendar = (tf.constant(rows[steps].astype(np.int32)) for rows in (task.day_of_week, task.time_of_day))
        readings = tf.constant(task.inputs[steps[:, : task.P]], dtype=self._dtype)
        if not self._with_usual:
            return (readings, *calendar)
        usual = (task.usual_rows[steps[:, task.P - 1 :]].astype(self._dtype) - task.mean) / task.std
        return (readings, *calendar, tf.constant(usual, dtype=self._dtype))

    def targets(self, starts: NDArray[np.integer]) -> tf.Tensor:
        """Readings to be forecast (B, Q, N), in the data's unit; 0 is missing."""
        return tf.constant(self._task.targets[self._steps(starts)[:, self._task.P :]], dtype=self._dtype)

    def _steps(self, starts: NDArray[np.integer]) -> NDArray[np.integer]:
        rows: NDArray[np.integer] = np.asarray(starts)[:, np.newaxis] + np.arange(self._task.P + self._task.Q)
        return rows
