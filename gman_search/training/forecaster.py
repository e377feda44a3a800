"""Forecasting with a saved winner, from its folder alone."""

from pathlib import Path

import numpy as np
import tensorflow as tf

from gman_search.data.series import TrafficSeries
from gman_search.data.task import fill_missing
from gman_search.errors import DataError
from gman_search.model.gman import GMAN, Knobs, ModelShape
from gman_search.training.checkpoints import read_arrays

__all__ = ["Forecaster"]

CONSTANT = "constant/"


class Forecaster:
    """A saved model that forecasts the next Q steps from recent readings.

    Args:
        folder: with `weights.npz`, as `gman-search run` leaves it in `<study>/winner`.

    Raises:
        DataError: there is no saved model, or it is damaged.
    """

    def __init__(self, folder: Path) -> None:
        arrays, self.description = read_arrays(folder / "weights.npz")
        if "sensors" not in self.description:
            raise DataError(f"expected a saved winner in {folder}; received weights without scaler and sensors")
        about = self.description
        self.sensors: tuple[str, ...] = tuple(about["sensors"])
        self.P, self.Q, self.step_minutes = int(about["P"]), int(about["Q"]), int(about["step_minutes"])
        if about.get("C", 1) != 1:
            raise DataError(f"expected a model of one input channel; the one in {folder} was trained with {about['C']}")
        embedding = arrays[CONSTANT + "embedding"]
        L, K, d = about["shape"]
        widths = {"E": embedding.shape[1], "T": int(about["T"]), "groups": int(about.get("groups", 0))}
        shape = ModelShape(L, K, d, P=self.P, Q=self.Q, **widths)
        self._model = GMAN(shape, embedding, arrays[CONSTANT + "seen"])
        for variable in self._model.variables:
            variable.assign(arrays[variable.path])
        none = tf.zeros([])
        self._knobs = Knobs(tf.constant(bool(about["hyperparameters"]["causal"])), none, none, tf.zeros([2], tf.int32))

    def forecast(self, recent: TrafficSeries) -> tuple[np.ndarray, np.ndarray]:
        """Times (Q,) datetime64[m] and forecasts (Q, N) in the data's unit, after the last row of `recent`.

        Args:
            recent: at least P rows of readings; sensors in any order, more than the model's are ignored.

        Raises:
            DataError: a sensor of the model is missing, the step differs, or there are fewer than P rows.
        """
        if recent.step_minutes != self.step_minutes:
            raise DataError(
                f"expected readings every {self.step_minutes} min; received every {recent.step_minutes} min"
            )
        if len(recent.values) < self.P:
            raise DataError(f"expected at least the last {self.P} rows of readings; received {len(recent.values)}")
        missing = [name for name in self.sensors if name not in recent.sensors]
        if missing:
            raise DataError(
                f"expected readings of all {len(self.sensors)} sensors of the model; "
                f"{len(missing)} are missing, such as {missing[0]}"
            )
        chosen = recent.take(self.sensors)
        about = self.description
        filled = fill_missing(chosen.values, about["mean"], about["std"], about["missing_inputs"])[-self.P :]
        past = chosen.times[-self.P :].astype("datetime64[m]")
        future = past[-1] + np.arange(1, self.Q + 1) * self.step_minutes
        calendar = TrafficSeries(
            np.zeros((self.P + self.Q, 1)), np.concatenate([past, future]), ("calendar",), self.step_minutes
        )
        normalised = self._model(
            tf.constant(filled[np.newaxis]),
            tf.constant(calendar.day_of_week[np.newaxis]),
            tf.constant(calendar.time_of_day[np.newaxis]),
            self._knobs,
        )
        return future, normalised.numpy()[0] * about["std"] + about["mean"]
