"""Forecasts from one or many origins, and the tables they are written as."""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

import numpy as np
import pandas as pd

from gman_search.errors import DataError
from gman_search.io.atomic import atomic_write
from gman_search.wording import decimals

__all__ = ["Forecast", "digits_for", "write_csv", "write_parquet"]

DIGITS = 2
"""Decimals of speeds and counts; readings of a small scale, such as occupancy, get more."""


def digits_for(deviation: float) -> int:
    """Decimals that keep a hundredth of the readings' standard deviation, and never fewer than `DIGITS`."""
    return decimals(deviation, DIGITS)


@dataclass(frozen=True)
class Forecast:
    """What will be read at Q times after each of W origins.

    Args:
        origins: (W,) datetime64[m], the time of the last reading each forecast is made from.
        times: (W, Q) datetime64[m], what is forecast.
        values: (W, Q, N) in `unit`.
        sensors: N names.
        unit: of the readings.
        lower: (W, Q, N), lower ends of the prediction intervals; none if they were not asked for.
        upper: as `lower`.
    """

    origins: np.ndarray
    times: np.ndarray
    values: np.ndarray
    sensors: tuple[str, ...]
    unit: str
    lower: np.ndarray | None = None
    upper: np.ndarray | None = None

    def frame(self, *, origins: bool = False, long: bool = False) -> pd.DataFrame:
        """A table: one row a time with a column a sensor, `NAME_lower` and `NAME_upper` beside it if there are
        intervals; or, if `long`, one row a time and sensor.

        `origins` adds a first column with the origin, which tells forecasts of the same time apart.
        """
        rows, horizon, sensors = self.values.shape
        bounds = {} if self.lower is None or self.upper is None else {"lower": self.lower, "upper": self.upper}
        repeated = sensors if long else 1
        table: dict[str, np.ndarray] = {}
        if origins:
            table["origin"] = np.repeat(self.origins, horizon * repeated).astype("datetime64[s]")
        table["time"] = np.repeat(self.times.ravel(), repeated).astype("datetime64[s]")
        if long:
            table["sensor"] = np.tile(np.array(self.sensors, dtype=object), rows * horizon)
            table |= {"forecast": self.values.ravel(), **{end: array.ravel() for end, array in bounds.items()}}
        else:
            for index, name in enumerate(self.sensors):
                table[name] = self.values[:, :, index].ravel()
                table |= {f"{name}_{end}": array[:, :, index].ravel() for end, array in bounds.items()}
        return pd.DataFrame(table)


def write_csv(tables: Iterable[pd.DataFrame], target: Path | TextIO, digits: int = DIGITS) -> int:
    """Write tables under one header, to `digits` decimals; returns the number of rows. A file is whole or not there."""
    if isinstance(target, Path):
        with atomic_write(target) as partial, partial.open("w", encoding="utf-8", newline="") as stream:
            return write_csv(tables, stream, digits)
    rows = 0
    for table in tables:
        shown = table.copy(deep=False)
        for name in shown.columns:
            if shown[name].dtype.kind == "M":
                shown[name] = shown[name].dt.strftime("%Y-%m-%dT%H:%M")
            elif shown[name].dtype.kind == "f":
                shown[name] = shown[name].astype(float).round(digits)
        shown.to_csv(target, index=False, header=rows == 0, lineterminator="\n")
        rows += len(table)
    return rows


def write_parquet(tables: Iterable[pd.DataFrame], target: Path) -> int:
    """Write tables as one Parquet file, unrounded, whole or not at all; returns the number of rows."""
    try:
        import pyarrow as pa
        import pyarrow.parquet as pq
    except ImportError:
        raise DataError("Parquet needs pyarrow: pip install 'gman-search[parquet]', or write CSV") from None
    rows, writer = 0, None
    with atomic_write(target) as partial:
        for table in tables:
            batch = pa.Table.from_pandas(table, preserve_index=False)
            writer = writer or pq.ParquetWriter(partial, batch.schema)
            writer.write_table(batch)
            rows += len(table)
        if writer is not None:
            writer.close()
    return rows
