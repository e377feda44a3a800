"""DCRNN's pickled graph `[sensor_ids, id_to_index, matrix]`, read without running anything that is in it.

A pickle is a program. Here it may only build lists, dicts, texts and numbers; the few names by which numpy pickles an
array lead to stand-ins of ours, which keep what they are given. Any other name is refused before it is looked up.
"""

import io
import pickle
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from gman_search.data.graphs.matrix import of_numbers
from gman_search.data.graphs.names import match_names
from gman_search.data.graphs.result import Graph
from gman_search.data.graphs.values import GraphValues
from gman_search.data.size_limits import check_size
from gman_search.errors import DataError

__all__ = ["read_pickled"]

KINDS = ("f4", "f8", "i4", "i8")
ARRAY_MODULES = ("numpy.core.multiarray", "numpy._core.multiarray")
BUFFER_MODULES = ("numpy.core.numeric", "numpy._core.numeric")


class _Refused(Exception):
    """The pickle names what no graph needs."""


def read_pickled(path: Path, raw: bytes, all_sensors: tuple[str, ...], wish: GraphValues = "auto") -> Graph:
    """The graph in a pickle's bytes, rows and columns in the order of the readings' sensors.

    Raises:
        DataError: anything but this layout, a sensor that is not in it, or weights that are none.
    """
    try:
        layout = _load(raw)
    except _Refused as error:
        if str(error).startswith("pandas."):
            raise DataError(
                f"{path}: expected a graph; received a pandas table as a pickle, which may run code: nothing was run; "
                "save it with to_csv"
            ) from None
        raise DataError(
            f"{path}: expected DCRNN's pickle (sensor ids, their indices, a matrix); received one that asks for "
            f"{error}, which may run code: nothing was run; save the graph as CSV"
        ) from None
    except Exception as error:  # a damaged pickle can fail in any way
        told = f"{type(error).__name__}: {' '.join(str(error).split())}"[:200]
        raise DataError(f"{path}: expected DCRNN's pickle (sensor ids, their indices, a matrix); {told}") from None
    ids, matrix = _parts(path, layout)
    if not ((matrix >= 0) & (matrix <= np.finfo(np.float32).max)).all():
        raise DataError(f"{path}: expected finite weights of at least 0; received NaN, infinity or a negative one")
    numbered = all_sensors == tuple(str(index) for index in range(len(all_sensors)))
    if numbered and len(ids) == len(all_sensors) and not set(ids) & set(all_sensors):
        # Readings without names: the order is all there is.
        told = f"the readings have no names; {path.name}'s {len(ids)} sensors are taken in its order"
        return of_numbers(path, matrix.astype(float), wish).noted(told)
    match = match_names(path, [(name,) for name in ids], all_sensors)
    order = {match.position[name]: index for index, name in enumerate(ids) if name in match.position}
    lost = [name for index, name in enumerate(all_sensors) if index not in order]
    if lost:
        raise DataError(
            f"{path}: expected every sensor of the readings; {len(lost)} of {len(all_sensors)} are not in it, such "
            f"as {lost[0]}; it has {len(ids)}, such as {ids[0] if ids else 'none'}"
        )
    rows = [order[index] for index in range(len(all_sensors))]
    notes = tuple(note for note in match.notes if "written otherwise" in note or match.by_number)
    return of_numbers(path, matrix[np.ix_(rows, rows)].astype(float), wish).noted(*notes)


def _parts(path: Path, layout: Any) -> tuple[list[str], np.ndarray]:
    if isinstance(layout, list | tuple) and len(layout) == 3 and isinstance(layout[0], list | tuple):
        ids = [name.decode() if isinstance(name, bytes) else str(name) for name in layout[0]]
        matrix = layout[2]
        if isinstance(matrix, np.ndarray) and matrix.shape == (len(ids), len(ids)):
            return ids, matrix
    raise DataError(
        f"{path}: expected DCRNN's pickle: sensor ids, their indices, a matrix of as many rows and columns; received "
        "another layout"
    )


def _load(content: bytes) -> Any:
    # The C unpickler would allocate what a memo index asks for; this one keeps a dict.
    return _resolved(_unpickler(io.BytesIO(content)).load())


def _resolved(value: Any) -> Any:
    """Stand-ins at the top level of the layout replaced by the arrays they describe."""
    if isinstance(value, list | tuple):
        return [item.array() if hasattr(item, "array") else item for item in value]
    return value


def _unpickler(file: io.BytesIO) -> Any:
    # Made anew for each file: a hostile pickle can set attributes of whatever it was given.
    class Kind:
        def __init__(self, code: Any = "", *_: Any) -> None:
            self.code, self.order = str(code), "<"

        def __setstate__(self, state: Any) -> None:
            self.order = str(state[1])

    class Array:
        def __init__(self, *_: Any) -> None:
            self.state: tuple[Any, ...] = ()

        def __setstate__(self, state: Any) -> None:
            self.state = tuple(state)[-4:]  # shape, kind, in Fortran order, bytes

        def array(self) -> np.ndarray:
            shape, kind, fortran, raw = self.state
            if kind.code not in KINDS or kind.order not in ("<", ">", "|", "="):
                raise ValueError(f"expected a matrix of numbers; received type {kind.code[:20]!r}")
            shape = tuple(int(length) for length in shape)
            check_size(Path("pickle"), shape)
            content = raw.encode("latin1") if isinstance(raw, str) else bytes(raw)  # Python 2 wrote bytes as text
            order = "" if kind.order in "|=" else kind.order
            flat = np.frombuffer(content, dtype=np.dtype(order + kind.code))
            return flat.reshape(shape, order="F" if fortran else "C")

    def rebuilt(*_: Any) -> Array:
        return Array()

    def from_buffer(raw: Any, kind: Any, shape: Any, order: Any) -> Array:
        made = Array()
        made.state = (shape, kind, order == "F", raw)
        return made

    def encoded(text: str, encoding: str) -> bytes:
        if encoding != "latin1":
            raise _Refused(f"text in {encoding!r}")
        return text.encode("latin1")

    allowed: dict[tuple[str, str], Callable[..., Any]] = {
        ("numpy", "dtype"): Kind,
        ("numpy", "ndarray"): Array,
        ("_codecs", "encode"): encoded,
        **{(module, "_reconstruct"): rebuilt for module in ARRAY_MODULES},
        **{(module, "_frombuffer"): from_buffer for module in BUFFER_MODULES},
    }

    class Restricted(pickle._Unpickler):
        def find_class(self, module: str, name: str) -> Any:
            if (module, name) not in allowed:
                raise _Refused(f"{module}.{name}"[:100])
            return allowed[module, name]

        def persistent_load(self, pid: Any) -> Any:
            raise _Refused("an object outside of the file")

    return Restricted(file, encoding="latin1")
