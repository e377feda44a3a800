"""The same graph as `export`, converted to ONNX, for programs without TensorFlow (extra `onnx`)."""

import json
import logging
from pathlib import Path

import numpy as np
import tensorflow as tf
from tensorflow.python.framework.convert_to_constants import convert_variables_to_constants_v2

from gman_search.errors import UsageError
from gman_search.forecasting.export import Graph, ServedModel, about_export, checked
from gman_search.forecasting.series_forecaster import SeriesForecaster
from gman_search.io.atomic import atomic_write

__all__ = ["export_onnx"]

OPSET = 18


def export_onnx(
    model: SeriesForecaster, target: Path, *, percent: int | None = None, graph: Graph | None = None
) -> float:
    """Write an ONNX file with inputs and outputs as those of `ServedModel`, run it and compare its forecasts with ours.

    Its description, which `about_export` gives, is in the file's metadata under "about". `graph` makes the forecasts of
    `model`, where that is no `Forecaster`. Returns the largest
    difference, in the data's unit.

    Raises:
        UsageError: `target` exists, or the converter or the runtime is not installed.
        DataError: there are no such intervals, or the file cannot be written.
        GmanSearchError: the exported model forecasts something else.
    """
    if target.exists():
        raise UsageError(f"expected a new file to export to; {target} exists: remove it, or choose another")
    try:
        import onnx
        import onnxruntime
        import tf2onnx
    except ImportError as error:
        raise UsageError(f'exporting ONNX needs {error.name}: pip install "gman-search[onnx]"') from None
    logging.getLogger("tf2onnx").setLevel(logging.ERROR)
    constants, outputs = _constant_graph(ServedModel(model, percent, graph))
    inputs = ("readings", "last_minute")
    converted, _ = tf2onnx.convert.from_graph_def(
        constants,
        input_names=[f"{name}:0" for name in inputs],
        output_names=list(outputs),
        opset=OPSET,
        tensors_to_rename={**{f"{name}:0": name for name in inputs}, **outputs},
    )
    onnx.helper.set_model_props(converted, {"about": json.dumps(about_export(model, percent))})
    session = onnxruntime.InferenceSession(converted.SerializeToString(), providers=["CPUExecutionProvider"])

    names = [output.name for output in session.get_outputs()]

    def run(readings: np.ndarray, minute: np.ndarray) -> dict[str, np.ndarray]:
        return dict(zip(names, session.run(names, {"readings": readings, "last_minute": minute}), strict=True))

    worst = checked(model, run, percent)
    with atomic_write(target) as partial:
        partial.write_bytes(converted.SerializeToString())
    return worst


def _constant_graph(served: ServedModel) -> tuple[tf.compat.v1.GraphDef, dict[str, str]]:
    """The graph with every weight and captured tensor a constant, and its output tensors by the names they shall have.

    The converter takes captured tensors for inputs, therefore they are put into the graph here.
    """
    concrete = served.forecast.get_concrete_function()
    captured = {inner.op.name: outer for outer, inner in concrete.graph.captures if outer.dtype != tf.resource}
    frozen = convert_variables_to_constants_v2(concrete, aggressive_inlining=True)
    graph = frozen.graph.as_graph_def()
    for node in graph.node:
        if node.name in captured:
            tensor = captured[node.name]
            node.op = "Const"
            node.attr.clear()
            node.attr["dtype"].type = tensor.dtype.as_datatype_enum
            node.attr["value"].tensor.CopyFrom(tf.make_tensor_proto(tensor.numpy()))
    # Outputs of a function that returns a dictionary come sorted by key.
    names = sorted(concrete.structured_outputs)
    return graph, {tensor.name: name for tensor, name in zip(frozen.outputs, names, strict=True)}
