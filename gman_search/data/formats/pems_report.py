"""Reports of Caltrans' PeMS as exported from its pages: one station, a quantity, `# Lane Points` and `% Observed`."""

from dataclasses import replace

import numpy as np
import pandas as pd

from gman_search.data.observed import Observed
from gman_search.data.tables.table import Table, blanked, texts_of

__all__ = ["plain_report"]

POINTS, OBSERVED = "# lane points", "% observed"
NOTE = "a report of PeMS: {} are no readings and are left out"


def plain_report(table: Table, min_observed: float) -> tuple[Table, Observed | None]:
    """The readings of a report alone, without those that were observed in less than `min_observed` percent.

    Another table is given back as it is. Its second part says how much was observed.
    """
    keys = [] if table.header is None else [table.key(index) for index in range(table.width)]
    if POINTS not in keys or keys.count(OBSERVED) != 1:
        return table, None
    percent = pd.to_numeric(texts_of(table.cells.iloc[:, keys.index(OBSERVED)]), errors="coerce").to_numpy(dtype=float)
    if np.isnan(percent).any() or (percent < 0).any() or (percent > 100).any():
        return table, None  # of another kind, whose columns are looked at as those of any table
    kept = [index for index, key in enumerate(keys) if key not in (POINTS, OBSERVED)]
    left = [table.name(index) for index, key in enumerate(keys) if key in (POINTS, OBSERVED)]
    plain = table.columns(kept)
    below = percent < min_observed
    if below.any():
        behind_times = range(1, len(kept))
        plain = replace(plain, cells=blanked(plain.cells, behind_times, below))
    note = NOTE.format(" and ".join(map(repr, left)))
    observed = Observed(
        len(percent), int((percent == 0).sum()), int(((percent > 0) & (percent < 100)).sum()), int(below.sum()),
        min_observed,
    )  # fmt: skip
    return replace(plain, notes=(*plain.notes, note)), observed
