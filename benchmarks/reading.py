"""How long it takes to read files as users have them: daily station files of PeMS, a workbook, a long table.

    python benchmarks/reading.py [--stations 30] [--days 14] [--keep] [--json]

The files are made here, in the published layouts, with as many lanes as PeMS writes. Seconds are those of `read_series`
in a process that has read one small file of the kind before; the least of three readings. `--keep` writes
results/reading.json anew.
"""

import argparse
import gzip
import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from results_io import described, keep

from gman_search.data.read import read_series
from gman_search.reading_options import ReadingOptions

LANES = 8
REPEATS = 3


def station_files(folder: Path, stations: int, days: int) -> Path:
    """Daily 5-minute station files, packed; returns their pattern."""
    folder.mkdir()
    names = 400000 + np.arange(stations)
    for day in pd.date_range("2015-10-01", periods=days):
        times = pd.date_range(day, periods=288, freq="5min").strftime("%m/%d/%Y %H:%M:%S")
        lane = ",10,25,0.0512,61.3,1"
        rows = [
            f"{time},{name},4,101,N,ML,.31,80,100,{100 + (step * 7 + name) % 200},.0512,{40 + (step + name) % 25}.1"
            + lane * 4
            + "," * 5 * (LANES - 4)
            for step, time in enumerate(times)
            for name in names
        ]
        with gzip.open(folder / f"d04_text_station_5min_{day:%Y_%m_%d}.txt.gz", "wt", compresslevel=1) as file:
            file.write("\n".join(rows) + "\n")
    return folder / "*.txt.gz"


def other_files(folder: Path, stations: int, days: int) -> dict[str, Path]:
    """The same number of readings as a workbook, a long CSV and Feather."""
    index = pd.date_range("2015-10-01", periods=288 * days, freq="5min", name="time")
    values = np.random.default_rng(0).uniform(20, 65, (len(index), stations)).round(1)
    table = pd.DataFrame(values, index=index, columns=[str(400000 + number) for number in range(stations)])
    long = table.reset_index().melt("time", var_name="station", value_name="speed")
    table.to_excel(folder / "speed.xlsx")
    long.to_csv(folder / "long.csv", index=False)
    table.to_feather(folder / "speed.feather")
    return {name: folder / file for name, file in
            {"workbook": "speed.xlsx", "long CSV": "long.csv", "Feather": "speed.feather"}.items()}  # fmt: skip


def seconds_to_read(path: Path, options: ReadingOptions) -> float:
    """The least of some readings."""
    taken = []
    for _ in range(REPEATS):
        start = time.perf_counter()
        read_series(path, options)
        taken.append(time.perf_counter() - start)
    return min(taken)


def rows(stations: int, days: int) -> list[dict[str, Any]]:
    """One row a kind of file."""
    found = []
    with tempfile.TemporaryDirectory() as folder:
        small = Path(folder) / "small"
        small.mkdir()
        pattern = station_files(Path(folder) / "pems", stations, days)
        warm = {"PeMS station files": station_files(small / "pems", 2, 2), **other_files(small, 2, 2)}
        for kind, path in {"PeMS station files": pattern, **other_files(Path(folder), stations, days)}.items():
            options = ReadingOptions(channel="speed") if kind.startswith("PeMS") else ReadingOptions()
            read_series(warm[kind], options)
            size = sum(file.stat().st_size for file in path.parent.glob(path.name))
            row = {"kind": kind, "stations": stations, "days": days, "megabytes": round(size / 1e6, 1),
                   "seconds": round(seconds_to_read(path, options), 2)}  # fmt: skip
            print("  ".join(f"{key} {value}" for key, value in row.items()), file=sys.stderr, flush=True)
            found.append(row)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stations", type=int, default=30)
    parser.add_argument("--days", type=int, default=14)
    parser.add_argument("--keep", action="store_true")
    parser.add_argument("--json", action="store_true")
    asked = parser.parse_args()
    document = described("reading", rows=rows(asked.stations, asked.days))
    if asked.keep:
        keep("reading", document)
    if asked.json:
        print(json.dumps(document, indent=2))


if __name__ == "__main__":
    main()
