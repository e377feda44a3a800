"""The layers are as declared: growth, initial values and learning rates by width go by the declarations alone."""

import keras
import numpy as np
import pytest

from gman_search.errors import UsageError
from gman_search.model.channel_layout import axes_of, layer_layout, layout_of, reads_channels
from gman_search.model.gman import GMAN
from gman_search.model.layers import Projection
from gman_search.model.shape import ModelShape

SIZES = {"E": 7, "T": 4, "P": 3, "Q": 2, "shortcuts": True, "groups": 2}


def layers_of(part: keras.layers.Layer):
    for layer in part._flatten_layers(include_self=False, recursive=True):
        if isinstance(layer, Projection):
            yield layer.kernel.path.removesuffix("/kernel"), layer


def test_every_projection_is_built_as_declared():
    network = GMAN(ModelShape(2, 3, 5, **SIZES), np.zeros((6, 7)))
    found = dict(layers_of(network))
    assert len(found) == 4 * 10 + 14
    for name, layer in found.items():
        layout = layer_layout(name)
        assert (layer.activated, layer.use_bias, layer.parts) == (layout.activated, layout.bias, layout.parts), name
        assert layer.units == (layout.outputs * 15 or 1), name
        if layout.inputs:
            assert layer.kernel.shape[0] == layout.inputs * 15, name


def test_an_axis_grows_with_the_width_where_it_is_declared_to():
    narrow, wide = (
        {variable.path: variable.shape for variable in GMAN(ModelShape(1, 1, D, **SIZES), np.zeros((6, 7))).variables}
        for D in (11, 13)
    )
    for name, sizes in wide.items():
        grows = [new - old for old, new in zip(narrow[name], sizes, strict=True)]
        assert grows == [2 * runs for runs in axes_of(name)], name


def test_queries_and_keys_are_those_that_attention_takes():
    assert layer_layout("decoder_3/qkv").queries == (0, 3) and layer_layout("decoder_3/qkv").keys == (1, 4)
    assert layer_layout("transform/query").queries == (0,) and layer_layout("transform/key").keys == (0,)
    assert layout_of("shortcuts/window") is None and not reads_channels("shortcuts/window")


@pytest.mark.parametrize("name", ["encoder_0/qkw/kernel", "qkv/kernel", "gman/input/first/kernel", ""])
def test_unknown_layers_are_refused(name):
    with pytest.raises(UsageError, match="a layer of a GMAN"):
        axes_of(name)
