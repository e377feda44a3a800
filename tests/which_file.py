"""A small file of readings of each layout in the tables of docs/own-data.md, and what must be read of it."""

import gzip
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from gman_search.data.formats.npz import write_npz
from gman_search.data.read import read_series

__all__ = ["PEMS", "READINGS", "S", "Made", "array", "long", "text"]

S = ["s0", "s1", "s2", "s3"]
HOURS = np.arange(24 * 14)
VALUES = (50 + 12 * np.sin(HOURS / 24 * 2 * np.pi)[:, None] + np.random.default_rng(0).normal(0, 2, (336, 4))).round(1)
VALUES[:2] = [50.3, 49.7, 51.3, 50.2], [52.0, 53.8, 55.7, 55.0]
TABLE = pd.DataFrame(VALUES, columns=S, index=pd.date_range("2025-03-03", periods=336, freq="h", name="time"))
FINE = TABLE.set_axis(pd.date_range("2025-03-06", periods=336, freq="5min", name="time"))[:288]
COUNTS = (TABLE * 20).round()
COUNTS.iloc[0, :2] = 1041, 998
EXACT = TABLE + 0.123
EXACT.iloc[0, :2] = 61.123, 60.125
BLANK = TABLE.copy()
BLANK.iloc[0, :2] = np.nan
CODED = TABLE.copy()
CODED.iloc[0, 0] = np.nan


@dataclass(frozen=True)
class Made:
    """A file's content, or what writes it at a path; and the table, adjacency or embedding that must be read of it."""

    content: str | bytes | Callable[[Path], Any]
    table: pd.DataFrame = field(default_factory=lambda: TABLE)
    adjacency: np.ndarray | None = None
    embedding: np.ndarray | None = None
    name: str = ""
    """Where it is not the name in the command."""

    def write(self, name: str) -> None:
        """Write it in the current folder."""
        if callable(self.content):
            self.content(Path(name))
        else:
            Path(name).write_bytes(self.content if isinstance(self.content, bytes) else self.content.encode())


def text(table: pd.DataFrame = TABLE, **how: Any) -> str:
    return str(table.to_csv(**{"date_format": "%Y-%m-%d %H:%M:%S", **how}))


def counted(number: float, group: str, mark: str = ".") -> str:
    return f"{number:,.9g}".translate({ord(","): group, ord("."): mark})


def grouped(table: pd.DataFrame, delimiter: str, group: str, mark: str = ".") -> str:
    return text(table.map(lambda number: counted(number, group, mark)), sep=delimiter)


def stamped(stamps: Any, table: pd.DataFrame = TABLE) -> str:
    return text(table.set_axis(pd.Index(stamps, name="time")))


def long(sensor: str = "sensor", **more: Any) -> pd.DataFrame:
    melted = TABLE.reset_index().melt("time", var_name=sensor, value_name="speed").sort_values(["time", sensor])
    for name, value in more.items():
        melted.insert(2, name, melted[sensor].map(value) if isinstance(value, dict) else value)
    return melted


def written(method: str, *arguments: Any, **named: Any) -> Callable[[Path], Any]:
    return lambda path: getattr(TABLE, method)(path, *arguments, **named)


def array(values: np.ndarray) -> Callable[[Path], Any]:
    return lambda path: np.save(path, values)


def days(folder: Path) -> None:
    folder.mkdir()
    for day, table in TABLE.groupby(TABLE.index.date):
        (folder / f"{day}.csv").write_text(text(table))


def workbook(path: Path) -> None:
    with pd.ExcelWriter(path) as book:
        TABLE.to_excel(book, sheet_name="March")
        (TABLE + 1).to_excel(book, sheet_name="April")


def pems(pattern: Path) -> None:
    """Two days of four stations; every fourth reading was imputed."""
    pattern.parent.mkdir()
    for day in (1, 2):
        lines = [
            f"{time:%m/%d/%Y %H:%M:%S},{name},4,101,N,ML,.3,20,{0 if step % 4 == 3 else 100},{step + 1},0.05,"
            f"{40 + step / 100:.2f}"
            for step, time in enumerate(pd.date_range(f"2015-10-0{day}", periods=288, freq="5min"))
            for name in PEMS.columns
        ]
        file = pattern.parent / f"d04_text_station_5min_2015_10_0{day}.txt.gz"
        file.write_bytes(gzip.compress("\n".join(lines).encode()))


STEPS = np.tile(np.where(np.arange(288) % 4 == 3, np.nan, 40 + np.arange(288) / 100), 2)
PEMS = pd.DataFrame({name: STEPS for name in ("400001", "400017", "400020", "400031")})
PEMS.index = pd.date_range("2015-10-01", periods=576, freq="5min")
SECONDS = TABLE.index.tz_localize("Europe/Berlin").as_unit("s").asi8
DYNA = long("entity_id").rename(columns={"speed": "traffic_speed"})
DYNA.insert(0, "type", "state")
DYNA = DYNA.rename_axis("dyna_id").reset_index()[["dyna_id", "type", "time", "entity_id", "traffic_speed"]]
UTD = long("detid").rename(columns={"speed": "flow"})
UTD.insert(0, "day", UTD["time"].dt.date)
UTD.insert(1, "interval", UTD.pop("time").dt.hour * 3600)
UTD = UTD.assign(occ=0.05, error="", city="bern")
COUNTED = TABLE.set_axis(pd.date_range("2025-03-03", periods=336, freq="5min"))
ROWS = COUNTED.set_axis(list("0123"), axis=1)
OCTOBER = ROWS.set_axis(pd.date_range("2018-01-01", periods=336, freq="5min"))
GERMAN = TABLE.map(lambda value: f"{value:.1f}".replace(".", ","))
GERMAN.insert(0, "Uhrzeit", GERMAN.index.strftime("%H:%M"))
GERMAN = GERMAN.set_axis(pd.Index(TABLE.index.strftime("%d.%m.%Y"), name="Datum"))
TURNED = TABLE.T.set_axis(TABLE.index.strftime("%Y-%m-%d %H:%M"), axis=1).rename_axis("sensor")
LATE = TABLE.iloc[::-1].reset_index()[[*S, "time"]]

READINGS: dict[str, list[Made]] = {
    "speed.csv": [Made(text()), Made(text(LATE, index=False))],
    "bare.csv": [Made(text(index=False), COUNTED), Made(text(index=False, header=False), ROWS)],
    "clock.csv": [Made(text(GERMAN, sep=";"))],
    "numbered.csv": [Made(text(TABLE.reset_index()))],
    "turned.csv": [Made(text(TURNED))],
    "long.csv": [Made(text(long(name), index=False)) for name in ("detid", "sensor", "station", "detector", "link")],
    "masts.csv": [Made(text(long("mast"), index=False))],
    "both.csv": [Made(text(long(flow=7), index=False))],
    "extra.csv": [Made(text(TABLE.assign(hour=TABLE.index.hour)))],
    "zoned.csv": [
        Made(stamped(TABLE.index.strftime("%Y-%m-%dT%H:%M:%SZ")), TABLE.shift(freq="1h")),
        Made(stamped(TABLE.index.strftime("%Y-%m-%dT%H:%M:%S+01:00"))),
    ],
    "epoch.csv": [Made(stamped(SECONDS)), Made(stamped(SECONDS * 1000))],
    "dates.csv": [Made(text(FINE, date_format="%d/%m/%Y %H:%M"), FINE)],
    "serial.csv": [Made(stamped([f"{45719 + hour / 24:.4f}" for hour in HOURS]))],
    "counts.csv": [
        Made(grouped(COUNTS, ";", "."), COUNTS), Made(grouped(COUNTS, ",", " "), COUNTS),
        Made(grouped(COUNTS, ",", "'"), COUNTS), Made(grouped(COUNTS + 0.5, ";", ".", ","), COUNTS + 0.5),
    ],
    "decimals.csv": [Made(text(EXACT, sep=";", float_format="%.3f"), EXACT)],
    "words.csv": [
        Made(text().replace("50.3,49.7", words, 1), BLANK)
        for words in ("-,n/a", "--,?", "null,NA", "None,#N/A", "<NA>,N/A")
    ],
    "codes.csv": [Made(text().replace("50.3", "99999", 1), CODED)],
    "pems/*.txt.gz": [Made(pems, PEMS)],
    "days/": [Made(days)],
    "METR_LA.dyna": [Made(text(DYNA, index=False, date_format="%Y-%m-%dT%H:%M:%SZ"))],
    "utd19.csv": [Made(text(UTD, index=False))],
    "metr-la.h5": [Made(written("to_hdf", key="df"))],
    "PEMS04.npz": [Made(lambda path: np.savez(path, data=np.stack([VALUES, 0 * VALUES, 2 * VALUES], axis=2)), OCTOBER)],
    "speed.npy": [Made(array(VALUES), ROWS), Made(lambda path: np.savez(path, VALUES), ROWS, name="speed.npz")],
    "swapped.npy": [Made(array(VALUES.T), ROWS)],
    "speed.xlsx": [Made(workbook)],
    "speed.parquet": [
        Made(written("to_parquet")), Made(lambda path: long().to_parquet(path)),
    ],
    "speed.feather": [Made(written("to_feather")), Made(lambda path: long().to_feather(path))],
    "mynet.npz": [Made(lambda path: write_npz(path, read_series(Path("speed.csv"))))],
}  # fmt: skip
