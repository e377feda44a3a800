"""Shortcuts past the network: what a forecast depends on most, led to the decoder and to the output directly.

GMAN must squeeze the last reading through BN, ReLU and D channels, and nothing tells it what a sensor usually reads at
the target's time. Four numbers of each target and sensor, in normalised units, do: the last input, the usual value at
the target's time, the usual value at the last input's time, and the mean of the P inputs. A linear layer adds them to
the decoder's input, and another one the P inputs less the usual value at the last one's time: how a queue builds up
comes from the encoder blurred. At the output a combination that is learned for each step, zero at the start, adds the
four numbers, and scales the network's own output: one step ahead the last reading is worth more than the network.
"""

from typing import Any

import keras
import tensorflow as tf

from gman_search.model.layers import Projection, project
from gman_search.model.shortcut_weights import COEFFICIENTS, NUMBERS, SHORTCUTS

__all__ = ["Shortcuts"]


class Shortcuts(keras.layers.Layer):
    """The four numbers, and their ways to the decoder and to the output.

    Args:
        width: D.
        history: P.
        horizon: Q.
    """

    def __init__(self, width: int, history: int, horizon: int, **keras_arguments: Any) -> None:
        super().__init__(name=SHORTCUTS, autocast=False, **keras_arguments)
        self.projection = Projection(width, activated=False, name="projection", dtype=self.dtype_policy)
        self.width, self.history, self.horizon = width, history, horizon

    def build(self) -> None:
        """Create the weights."""
        self.projection.build(NUMBERS)
        # Not a kernel: it begins at zero, and weight decay leaves it alone.
        self.coefficients = self.add_weight(
            name="coefficients", shape=(self.horizon, COEFFICIENTS), initializer="zeros"
        )
        self.window = self.add_weight(name="window", shape=(self.history, self.width), initializer="zeros")
        self.built = True

    def call(self, readings: tf.Tensor, usual: tf.Tensor) -> tf.Tensor:
        """The numbers (B, Q, N, 4).

        Args:
            readings: (B, P, N) or (B, P, N, C), of which channel 0 is used; normalised.
            usual: (B, 1 + Q, N), usual readings at the last input step and at the Q targets; normalised.
        """
        first = _first_channel(readings)
        now, then = usual[:, :1], usual[:, 1:]
        of_window = [first[:, -1:], now, tf.reduce_mean(first, axis=1, keepdims=True)]  # each (B, 1, N)
        last, now, mean = (tf.broadcast_to(number, tf.shape(then)) for number in of_window)
        return tf.stack([last, then, now, mean], axis=-1)

    def deviations(self, readings: tf.Tensor, usual: tf.Tensor) -> tf.Tensor:
        """The inputs less the usual value at the last one's time, (B, 1, N, P); arguments as in `call`."""
        return tf.transpose(_first_channel(readings) - usual[:, :1], [0, 2, 1])[:, tf.newaxis]

    def to_decoder(self, numbers: tf.Tensor, deviations: tf.Tensor) -> tf.Tensor:
        """What is added to the decoder's input, (B, Q, N, D) of `numbers` (B, Q, N, 4) and `deviations` (B, 1, N, P).

        In their precision.
        """
        return self.projection(numbers) + project(deviations, tf.convert_to_tensor(self.window))

    def to_output(self, numbers: tf.Tensor, output: tf.Tensor) -> tf.Tensor:
        """The forecast (B, Q, N) of the network's `output` (B, Q, N) and `numbers` (B, Q, N, 4).

        For each step it is (1 + gain) output + coefficients * numbers + offset.
        """
        coefficients = tf.cast(tf.convert_to_tensor(self.coefficients), numbers.dtype)
        of_numbers, offset, gain = tf.split(coefficients, [NUMBERS, 1, 1], axis=-1)
        return output * (1.0 + gain) + tf.reduce_sum(numbers * of_numbers[:, tf.newaxis], axis=-1) + offset


def _first_channel(readings: tf.Tensor) -> tf.Tensor:
    return readings if len(readings.shape) == 3 else readings[..., 0]
