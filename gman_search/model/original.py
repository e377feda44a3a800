"""Weights of the original TensorFlow 1 code under this project's names, and back (pure numpy).

The original gives its variables no names of their own: TensorFlow counts each kind in the order in which the graph is
built (`kernel`, `kernel_1`, ..., `bias`, ...). So the order of building is the whole correspondence; it is written down
once, in `_in_order_of_building`. Moving statistics of the n-th BN are shadows of its batch moments.
"""

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from gman_search.errors import DataError
from gman_search.model.channel_layout import layer_layout
from gman_search.model.shape import DAYS
from gman_search.model.shortcut_weights import has_shortcuts, neutral_shortcuts

__all__ = ["from_original", "model_variables", "original_names", "to_original"]

Array = NDArray[np.floating[Any]]
_ROLES = {
    "kernel": "kernel{}",
    "bias": "bias{}",
    "gamma": "gamma{}",
    "beta": "beta{}",
    "moving_mean": "moments{}/Squeeze/ExponentialMovingAverage",
    "moving_variance": "moments{}/Squeeze_1/ExponentialMovingAverage",
}
_VARIABLE = re.compile(
    r"(?P<scope>(?:.*/)?)"
    r"(?P<name>(?:kernel|bias|gamma|beta)(?:_\d+)?|moments(?:_\d+)?/Squeeze(?:_1)?/ExponentialMovingAverage)(?::0)?"
)
_KERNELS_BESIDE_BLOCKS, _KERNELS_OF_A_BLOCK = 13, 14


def original_names(L: int) -> dict[str, tuple[str, ...]]:
    """For each of our tensors the original's variables whose outputs it holds side by side: six for qkv, else one."""
    names: dict[str, list[str]] = {}
    made: Counter[str] = Counter()
    for layer in _in_order_of_building(L):
        layout = layer_layout(layer)
        for role, pattern in _ROLES.items():
            if role == "kernel" or (layout.bias if role == "bias" else layout.activated):
                number = made[role]
                names.setdefault(f"{layer}/{role}", []).append(pattern.format(f"_{number}" if number else ""))
                made[role] += 1
    return {name: tuple(sources) for name, sources in names.items()}


def from_original(
    variables: Mapping[str, Array],
    L: int,
    K: int,
    d: int,
    *,
    E: int = 64,
    T: int = 288,
    shortcuts: bool = False,
    P: int = 12,
    Q: int = 12,
) -> dict[str, Array]:
    """Our named weights from the original's variables.

    Args:
        variables: by name, with or without `:0` and a scope in front; optimizer slots and counters are ignored.
        L: blocks of the encoder, as in the original's call.
        K: heads.
        d: channels of a head. Only K*d shows in the shapes: the wrong split of it cannot be noticed.
        E: width of the spatial embedding.
        T: steps a day.
        shortcuts: for a model with shortcuts, which begin at zero: it forecasts as the original does.
        P: its input steps.
        Q: steps that it forecasts.

    Raises:
        DataError: a variable is missing or left over, or has another shape.
    """
    found = {name: variables[full] for name, full in model_variables(variables).items()}
    sources = original_names(L)
    _check_names(found, {source for group in sources.values() for source in group}, L)
    named = {}
    for name, group in sources.items():
        expected = _shape(name, K * d, E, T)
        parts = []
        for source in group:
            part = np.asarray(found[source])
            if part.shape != expected:
                raise DataError(
                    f"expected {source} of the original (here {name}) with shape {expected} for K*d={K * d}, E={E}, "
                    f"T={T}; received {part.shape}: give the K, d, E and T that the checkpoint was trained with"
                )
            parts.append(part[0, 0] if name.endswith("/kernel") else part)
        named[name] = np.concatenate(parts, axis=-1)
    return {**named, **neutral_shortcuts(K * d, P, Q)} if shortcuts else named


def to_original(named: Mapping[str, Array], L: int) -> dict[str, Array]:
    """The original's variables from our named weights: inverse of `from_original`.

    Raises:
        DataError: a tensor of L blocks is missing or left over, or there are shortcuts.
    """
    if has_shortcuts(named):
        raise DataError("expected weights of a GMAN without shortcuts, which the original does not have; received some")
    sources = original_names(L)
    different = sorted(sources.keys() ^ named.keys())
    if different:
        kind = "without" if different[0] in sources else "with"
        raise DataError(
            f"expected the {len(sources)} named weights of L={L}; received {len(named)}, {kind} {different[0]}: "
            "give all weights of one model and its L"
        )
    variables: dict[str, Array] = {}
    for name, group in sources.items():
        parts = np.split(np.asarray(named[name]), len(group), axis=-1)
        variables |= {
            source: part[np.newaxis, np.newaxis].copy() if name.endswith("/kernel") else part.copy()
            for source, part in zip(group, parts, strict=True)
        }
    return variables


def model_variables(names: Iterable[str]) -> dict[str, str]:
    """The full name of each of the model's variables by its bare name; everything else in `names` is left out.

    Raises:
        DataError: no model is there, or more than one.
    """
    matches = [match for match in map(_VARIABLE.fullmatch, names) if match]
    scopes = sorted({match["scope"] for match in matches if match["name"] == "kernel"})
    if len(scopes) != 1:
        received = f"{len(scopes)} of them, in {', '.join(scopes)}" if scopes else "none"
        raise DataError(
            f"expected variables of one GMAN of the original code, its first one named kernel; received {received}: "
            "give the weights of one model as the original's train.py saves them"
        )
    # Inside a variable scope the shadows carry the scope twice: once as theirs, once as their tensor's.
    accepted = (scopes[0], scopes[0] * 2)
    return {match["name"]: match.string for match in matches if match["scope"] in accepted}


def _in_order_of_building(L: int) -> list[str]:
    """Our names of the layers; those that hold several of the original's next to each other are named as often."""
    return [
        *_pair("input"),
        *_pair("st_embedding/spatial"),
        *_pair("st_embedding/temporal"),
        *(layer for block in range(L) for layer in _block(f"encoder_{block}")),
        *(f"transform/{part}" for part in ("query", "key", "value")),
        *_pair("transform/output"),
        *(layer for block in range(L) for layer in _block(f"decoder_{block}")),
        *_pair("output"),
    ]


def _block(name: str) -> list[str]:
    three = [f"{name}/qkv"] * 3  # query, key, value
    return [
        *three,
        *_pair(f"{name}/spatial_output"),
        *three,
        *_pair(f"{name}/temporal_output"),
        f"{name}/spatial_gate",
        f"{name}/temporal_gate",
        *_pair(f"{name}/fusion_output"),
    ]


def _pair(name: str) -> list[str]:
    return [f"{name}/first", f"{name}/second"]


def _shape(name: str, D: int, E: int, T: int) -> tuple[int, ...]:
    """Shape of each of the original's variables that make up our tensor `name`."""
    layer, role = name.rsplit("/", 1)
    layout = layer_layout(layer)
    outputs = D if layout.outputs else 1
    if role != "kernel":
        return (outputs,)
    inputs = {"input/first": 1, "st_embedding/spatial/first": E, "st_embedding/temporal/first": DAYS + T}
    return (1, 1, layout.inputs * D or inputs[layer], outputs)


def _check_names(found: Mapping[str, Array], wanted: set[str], L: int) -> None:
    missing, extra = sorted(wanted - found.keys()), sorted(found.keys() - wanted)
    if not missing and not extra:
        return
    kernels = sum(name.startswith("kernel") for name in found)
    blocks, rest = divmod(kernels - _KERNELS_BESIDE_BLOCKS, 2 * _KERNELS_OF_A_BLOCK)
    advice = f"give L={blocks}" if blocks > 0 and not rest and blocks != L else "give all variables of one model"
    difference = f"without {missing[0]}" if missing else f"with {extra[0]} left over"
    raise DataError(
        f"expected the {len(wanted)} variables of the original with L={L}; received {len(found)} ({kernels} kernels), "
        f"{difference}: {advice}"
    )
