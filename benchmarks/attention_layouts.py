"""Attention over steps with 20 sensors at the quick stage, forward and backward, by the product's layout and by others.

    python benchmarks/attention_layouts.py [--rounds 5] [--json] [--keep]

One thread, B = 32, P = Q = 12, K = d = 4. `product` is what a training step runs: 2,560 small matrix products after a
transpose. `einsum` leaves the transposes to TensorFlow. `lanes` has no matrix product: batch, sensors and heads are the
last axis, and the 144 pairs of steps are sums of elementwise products over it. Each is timed in turn in every round;
`ratio` is the median over the rounds of its time divided by the product's. All give the same gradients.
"""

import argparse
import json
import os
import statistics
import time
from collections.abc import Callable
from typing import Any

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
import tensorflow as tf
from results_io import described, keep

from gman_search.model.attention import attention_over_steps

BATCH, STEPS, SENSORS, HEADS, CHANNELS = 32, 12, 20, 4, 4
SPLIT = [BATCH, STEPS, SENSORS, HEADS, CHANNELS]
REPEATS = 40


def main() -> None:
    """Run the benchmark of the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5, help="how often each is timed in turn (default 5)")
    parser.add_argument("--json", action="store_true", help="print one JSON document and nothing else")
    parser.add_argument("--keep", action="store_true", help="write results/attention-layouts.json")
    options = parser.parse_args()
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    document = described("attention-layouts", rounds=options.rounds, rows=measured(options.rounds))
    if options.keep:
        keep("attention-layouts", document)
    print(json.dumps(document) if options.json else json.dumps(document, indent=2))


def measured(rounds: int) -> list[dict[str, Any]]:
    """A row for each layout."""
    width = HEADS * CHANNELS
    inputs = tuple(tf.random.stateless_normal([BATCH, STEPS, SENSORS, width], [7, part]) for part in range(3))
    steps = {name: with_gradient(layout) for name, layout in LAYOUTS.items()}
    expected = steps["product"](inputs)
    rows: dict[str, dict[str, Any]] = {}
    for name, step in steps.items():
        worst = max(float(tf.reduce_max(tf.abs(a - b))) for a, b in zip(step(inputs), expected, strict=True))
        rows[name] = {"layout": name, "largest_difference": worst, "ms": []}
    for _ in range(rounds):
        for name, step in steps.items():
            rows[name]["ms"].append(round(timed(step, inputs), 2))
    for row in rows.values():
        pairs = zip(row["ms"], rows["product"]["ms"], strict=True)
        row["ratio"] = round(statistics.median(own / product for own, product in pairs), 2)
    return list(rows.values())


def with_gradient(layout: Callable[..., tf.Tensor]) -> Callable[[tuple[tf.Tensor, ...]], list[tf.Tensor]]:
    """Gradients of a sum of squares of the attention, traced."""

    def step(inputs: tuple[tf.Tensor, ...]) -> Any:
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            loss = tf.reduce_sum(tf.square(layout(*inputs)))
        return tape.gradient(loss, inputs)

    traced: Any = tf.function(step, autograph=False)
    return traced


def timed(step: Callable[..., list[tf.Tensor]], inputs: tuple[tf.Tensor, ...]) -> float:
    """Median milliseconds."""
    found = []
    for _ in range(REPEATS):
        began = time.perf_counter()
        step(inputs)[0].numpy()
        found.append(1000 * (time.perf_counter() - began))
    return statistics.median(found)


def product(query: tf.Tensor, key: tf.Tensor, value: tf.Tensor) -> tf.Tensor:
    """As in the model."""
    return attention_over_steps(query, key, value, HEADS)


def einsum(query: tf.Tensor, key: tf.Tensor, value: tf.Tensor) -> tf.Tensor:
    """Transposes by TensorFlow."""
    q, k, v = (tf.reshape(x, SPLIT) for x in (query, key, value))
    weights = tf.nn.softmax(tf.einsum("bqnkd,bpnkd->bnkqp", q, k) * CHANNELS**-0.5)
    return tf.reshape(tf.einsum("bnkqp,bpnkd->bqnkd", weights, v), query.shape)


def lanes(query: tf.Tensor, key: tf.Tensor, value: tf.Tensor) -> tf.Tensor:
    """Elementwise over batch, sensors and heads, as the last axis."""
    flat = [STEPS, CHANNELS, BATCH * SENSORS * HEADS]
    q, k, v = (tf.reshape(tf.transpose(tf.reshape(x, SPLIT), [1, 4, 0, 2, 3]), flat) for x in (query, key, value))
    logits = tf.add_n([q[:, i, tf.newaxis] * k[tf.newaxis, :, i] for i in range(CHANNELS)]) * CHANNELS**-0.5
    powers = tf.exp(logits - tf.reduce_max(logits, axis=1, keepdims=True))
    weights = powers / tf.reduce_sum(powers, axis=1, keepdims=True)
    mixed = tf.stack([tf.reduce_sum(weights * v[tf.newaxis, :, i], axis=1) for i in range(CHANNELS)], axis=1)
    parts = tf.reshape(mixed, [STEPS, CHANNELS, BATCH, SENSORS, HEADS])
    return tf.reshape(tf.transpose(parts, [2, 0, 3, 4, 1]), query.shape)


LAYOUTS = {"product": product, "einsum": einsum, "lanes": lanes}


if __name__ == "__main__":
    main()
