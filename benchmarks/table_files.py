"""Files of readings as programs and people write them, made by chance by someone who knows the truth."""

import csv
import io
from dataclasses import dataclass, field
from pathlib import Path
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from gman_search.data.read import read_series
from gman_search.errors import GmanSearchError
from gman_search.reading_options import ReadingOptions

__all__ = ["VERDICTS", "MadeFile", "made_file", "verdict"]

VERDICTS = ("right", "right with a note", "refused", "wrong with a note", "WRONG", "TRACEBACK")
"""What comes of a file; the last two are faults, as is a refusal of several lines."""
TELLING = (
    "read in two ways",
    "were read as",
    "was read as",
    "data.decimal",
    "check the names",
)
"""Words of a note that tells of a doubt: a wrong value without one is a fault."""
ZONES = ("Europe/Berlin", "America/New_York", "Asia/Shanghai", "Australia/Sydney")
WORDS = ("", "", "NaN", "nan", "NA", "N/A", "null", "None", "-", "--", "?", "#N/A")
KNOWN = ("sensor", "sensor_id", "detid", "station_id", "Detector", "link_id")
UNKNOWN = ("foo", "mast", "place", "Querschnitt")


@dataclass(frozen=True)
class MadeFile:
    """Bytes of a file, how they are to be read, and what is in them.

    `values` (S, N) with 0 for missing, at `times` (S,) datetime64[m], of `sensors`; `kind` says how it was written.
    `strangers` are columns that hold no readings, which a wide table may count as sensors with a note.
    """

    content: bytes
    options: ReadingOptions
    values: np.ndarray
    times: np.ndarray
    sensors: tuple[str, ...]
    kind: dict[str, str] = field(default_factory=dict)
    strangers: tuple[str, ...] = ()


def verdict(made: MadeFile, path: Path) -> tuple[str, str]:
    """One of `VERDICTS` on what the product makes of a file, and the message or the difference."""
    path.write_bytes(made.content)
    try:
        series = read_series(path, made.options)
    except GmanSearchError as refusal:
        return ("TRACEBACK" if "\n" in str(refusal) else "refused"), str(refusal)
    except Exception as error:  # that there is none is what is tested
        return "TRACEBACK", f"{type(error).__name__}: {error}"
    notes = " | ".join(series.notes)
    strangers = [name for name in made.strangers if name in series.sensors]
    if strangers and not all(repr(name) in notes for name in strangers):
        return "WRONG", f"no note on {strangers}; {notes}"
    names = [name for name in series.sensors if name not in made.strangers]
    wrong = ""
    if sorted(names) != sorted(made.sensors):
        wrong = f"sensors {names} in place of {made.sensors}"
    elif len(series.times) != len(made.times) or (series.times != made.times).any():
        wrong = f"times from {series.times[:2]} in place of {made.times[:2]}"
    else:
        values = series.take(made.sensors).values
        if not np.allclose(values, made.values, rtol=1e-6, atol=0):
            row, column = np.argwhere(~np.isclose(values, made.values, rtol=1e-6, atol=0))[0]
            wrong = f"{values[row, column]} in place of {made.values[row, column]}"
    if wrong:
        return ("wrong with a note" if any(word in notes for word in TELLING) else "WRONG"), f"{wrong}; {notes}"
    return ("right with a note" if notes else "right"), notes


def made_file(seed: int) -> MadeFile:
    """The file of a seed: every property is drawn alone."""
    random = np.random.default_rng(seed)
    return _Maker(random).made()


class _Maker:
    """Draws one file; `kind` keeps what was drawn."""

    def __init__(self, random: np.random.Generator) -> None:
        self.random = random
        self.kind: dict[str, str] = {}
        self.settings: dict[str, object] = {}
        self.known_names = True

    def pick(self, name: str, *choices: str) -> str:
        """One of some words, kept under a name."""
        self.kind[name] = choices[int(self.random.integers(len(choices)))]
        return self.kind[name]

    def chance(self, share: float) -> bool:
        """True in so many cases."""
        return bool(self.random.random() < share)

    def made(self) -> MadeFile:
        instants, wall = self.clock()
        names = self.names()
        numbers, texts = self.numbers(len(wall), len(names))
        stamps = self.stamps(instants, wall)
        keep = np.ones(len(wall), dtype=bool)
        if self.chance(0.3):
            keep[2:-2] = self.random.random(len(wall) - 4) > 0.1
        layout = self.pick("layout", "wide", "wide", "wide", "long", "long", "transposed")
        header, rows, strangers = getattr(self, f"_{layout}")(stamps, names, texts, keep)
        content = self.written(header, rows)
        values, times = self.truth(wall, np.where(keep[:, None], numbers, 0))
        names = names if self.known_names else [str(index) for index in range(len(names))]
        return MadeFile(
            content, ReadingOptions(**self.settings), values, times, tuple(names), self.kind, tuple(strangers)
        )

    # Times and values

    def clock(self) -> tuple[np.ndarray, np.ndarray]:
        step = int(self.pick("step", "5", "15", "30", "60"))
        count = int(self.random.integers(60, 150))
        first = np.datetime64("2015-01-01T00:00", "m") + int(self.random.integers(0, 11 * 365 * 24 * 60 // step)) * step
        if self.chance(0.15):  # near a night when clocks change
            day = ("2025-03-29T18:00", "2025-10-25T18:00", "2024-11-02T18:00")[int(self.random.integers(3))]
            first = np.datetime64(day, "m")
        instants = first + np.arange(count) * step
        self.zone = self.pick("zone", *ZONES)
        self.zoned = self.pick("clock", "local", "local", "local", "offset", "Z", "epoch s", "epoch ms")
        if self.zoned == "local":
            return instants, instants
        if not self.chance(0.15):
            self.settings["timezone"] = self.zone
        local = pd.DatetimeIndex(instants).tz_localize("UTC").tz_convert(self.zone).tz_localize(None)
        return instants, local.to_numpy().astype("datetime64[m]")

    def numbers(self, rows: int, count: int) -> tuple[np.ndarray, np.ndarray]:
        what = self.pick("values", "speeds", "counts", "large counts", "huge counts", "occupancies", "totals")
        low, high = {"speeds": (5, 120), "counts": (1, 400), "large counts": (100, 2500), "huge counts": (1000, 9000),
                     "occupancies": (0.01, 0.9), "totals": (900, 2_000_000)}[what]  # fmt: skip
        digits = (
            0 if "counts" in what or what == "totals" else int(self.random.integers(0 if what == "speeds" else 2, 4))
        )
        self.kind["digits"] = str(digits)
        numbers = np.round(self.random.uniform(low, high, (rows, count)), digits)
        numbers = np.maximum(numbers, 10.0**-digits)
        fixed = self.pick("fixed", "yes", "no") == "yes"
        decimal = self.pick("decimal", ".", ",")
        group = self.pick("thousands", "", "", "other", " ", "\u00a0", "\u202f", "'")
        group = {"other": "," if decimal == "." else "."}.get(group, group)
        if self.chance(0.1):
            self.settings["decimal"] = decimal
        texts = np.array([[_numeral(value, digits, decimal, group, fixed) for value in row] for row in numbers], object)
        absent = self.random.random(numbers.shape) < (0.05 if self.chance(0.5) else 0)
        word = self.pick("missing", *WORDS)
        texts[absent] = word
        return np.where(absent, 0, numbers), texts

    def stamps(self, instants: np.ndarray, wall: np.ndarray) -> list[tuple[str, ...]]:
        if self.zoned.startswith("epoch"):
            unit = 60 if self.zoned == "epoch s" else 60_000
            return [(str(int(minute) * unit),) for minute in instants.astype(np.int64)]
        styles = ("%Y-%m-%d %H:%M", "%Y-%m-%d %H:%M:%S", "%Y-%m-%dT%H:%M:%S", "%Y/%m/%d %H:%M")
        if self.zoned == "Z":
            form = self.pick("date", *styles)
            return [(pd.Timestamp(time).strftime(form) + "Z",) for time in instants]
        if self.zoned == "offset":
            form = self.pick("date", *styles)
            zone = ZoneInfo(self.zone)
            local = [pd.Timestamp(time, tz="UTC").tz_convert(zone) for time in instants]
            return [(f"{time.strftime(form)}{time.strftime('%z')[:3]}:{time.strftime('%z')[3:]}",) for time in local]
        form = self.pick(
            "date", *styles, "%d/%m/%Y %H:%M", "%m/%d/%Y %H:%M", "%d.%m.%Y %H:%M", "%d-%m-%Y %H:%M",
            "%m/%d/%Y %I:%M %p",
            "%d/%m/%y %H:%M", "%y/%m/%d %H:%M", "%m/%d/%y %H:%M", "%Y%m%d%H%M", "%d-%b-%Y %H:%M", "%d %B %Y %H:%M",
            "serial", "two", "two d/m", "%H:%M",
        )  # fmt: skip
        if form == "serial":
            days = (wall - np.datetime64("1899-12-30T00:00", "m")).astype(np.int64) / 1440
            return [(f"{day:.8f}".rstrip("0").rstrip("."),) for day in days]
        if form.startswith("two"):
            date = "%Y-%m-%d" if form == "two" else "%d/%m/%Y"
            return [(pd.Timestamp(time).strftime(date), pd.Timestamp(time).strftime("%H:%M")) for time in wall]
        if "%d/%m/%Y" in form and self.chance(0.2):
            self.settings["day_first"] = True
        return [(pd.Timestamp(time).strftime(form),) for time in wall]

    def truth(self, wall: np.ndarray, numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Values on the regular axis of local times; of an hour that comes twice the first pass counts."""
        present = (numbers != 0).any(axis=1) | self.written_rows
        used = np.flatnonzero(present)
        step = int(self.kind["step"])
        first, last = wall[used[0]], wall[used].max()  # a file may begin in an hour that comes twice
        times = first + np.arange(int((last - first).astype(np.int64)) // step + 1) * step
        values = np.zeros((len(times), numbers.shape[1]))
        latest = first - np.timedelta64(1, "m")
        for row in used:
            if wall[row] > latest:
                values[int((wall[row] - first).astype(np.int64)) // step] = numbers[row]
                latest = wall[row]
        return values.astype(np.float32), times

    # Layouts

    def names(self) -> list[str]:
        count = int(self.random.integers(1, 6))
        style = self.pick("names", "letters", "ids", "ids", "umlauts", "hanzi", "spaces")
        return {
            "letters": [f"s{index}" for index in range(count)],
            "ids": [str(767_541 + 37 * index) for index in range(count)],
            "umlauts": [f"Zählstelle Süd {index}" for index in range(count)],
            "hanzi": [f"北一路{index}号" for index in range(count)],
            "spaces": [f"I-5 N, mile {index}" for index in range(count)],
        }[style]

    def time_header(self, width: int) -> list[str]:
        if width == 2:
            return [*self.pick("header", "date,time", "Datum,Uhrzeit", "Date,Hour", "day,clock").split(",")]
        return [self.pick("header", "time", "Time", " timestamp ", "DATETIME", "Datum", "", "when", "date")]

    def order(self, rows: list) -> list:
        how = self.pick("order", "rising", "rising", "rising", "falling", "shuffled blocks")
        if how == "falling":
            return rows[::-1]
        if how == "shuffled blocks":
            blocks = [rows[first : first + 20] for first in range(0, len(rows), 20)]
            return [row for index in self.random.permutation(len(blocks)) for row in blocks[index]]
        return rows

    def _wide(self, stamps: list, names: list[str], texts: np.ndarray, keep: np.ndarray) -> tuple[list, list, list]:
        self.written_rows = keep
        header, columns = [*self.time_header(len(stamps[0])), *names], []
        extra = self.pick("extra", "no", "no", "no", "hour", "lanes", "quality", "road", "row numbers")
        name = {"hour": "hour", "lanes": "# Lane Points", "quality": "s_quality", "road": "road"}.get(extra)
        hours = [str(index // 12 % 24) for index in range(len(stamps))]
        cells = {"hour": hours, "lanes": ["4"] * len(stamps), "quality": hours, "road": ["I5"] * len(stamps)}.get(extra)
        strangers = []
        if name is not None:
            header.append(name)
            if self.chance(0.5):
                self.settings["ignore_columns"] = ("hour", "# lane*", "*_quality", "road")[
                    ("hour", "lanes", "quality", "road").index(extra)
                ]
            strangers = [name]
        for row, stamp in enumerate(stamps):
            columns.append([*stamp, *texts[row], *([] if cells is None else [cells[row]])])
        rows = self.order([columns[row] for row in np.flatnonzero(keep)])
        width = len(stamps[0])
        if extra == "row numbers":
            header, rows = ["", *header], [[str(index), *row] for index, row in enumerate(rows)]
        elif self.pick("time column", "first", "first", "last") == "last":
            header, rows = header[width:] + header[:width], [row[width:] + row[:width] for row in rows]
        return header, rows, strangers

    def _long(self, stamps: list, names: list[str], texts: np.ndarray, keep: np.ndarray) -> tuple[list, list, list]:
        self.written_rows = keep
        # A table of one sensor whose column nobody knows is a wide one of two.
        ways = ("known", "known", "unknown", "named") if len(names) > 1 else ("known", "named")
        known = self.pick("sensor column", *ways)
        column = self.pick("sensor name", *(KNOWN if known == "known" else UNKNOWN))
        if known == "named":
            self.settings["sensor_column"] = column
        header = [*self.time_header(len(stamps[0])), column, "value"]
        places = self.pick("extra", "no", "no", "coordinates", "road")
        rows = []
        pairs = [(row, sensor) for row in np.flatnonzero(keep) for sensor in range(len(names))]
        if self.pick("blocks", "by time", "by sensor") == "by sensor":
            pairs.sort(key=lambda pair: pair[1])
        for row, sensor in pairs:
            cells = [*stamps[row], names[sensor], texts[row, sensor]]
            if places == "coordinates":
                cells += [f"{34.1 + sensor / 7:.5f}", f"{-118.3 - sensor / 9:.5f}"]
            elif places == "road":
                cells += ["I5"]
            rows.append(cells)
        header += {"coordinates": ["latitude", "longitude"], "road": ["road"]}.get(places, [])
        return header, self.order(rows), []

    def _transposed(
        self, stamps: list, names: list[str], texts: np.ndarray, keep: np.ndarray
    ) -> tuple[list, list, list]:
        self.written_rows = keep
        kept = self.order(list(np.flatnonzero(keep)))
        header = [self.pick("header", "", "sensor", "name"), *(" ".join(stamps[row]) for row in kept)]
        return header, [[name, *(texts[row, sensor] for row in kept)] for sensor, name in enumerate(names)], []

    # Text

    def written(self, header: list[str], rows: list[list[str]]) -> bytes:
        delimiter = self.pick("delimiter", ",", ",", ";", "\t")
        ending = self.pick("line ends", "\n", "\n", "\r\n", "\r")
        quoting = csv.QUOTE_ALL if self.pick("quotes", "few", "few", "all") == "all" else csv.QUOTE_MINIMAL
        out = io.StringIO()
        writer = csv.writer(out, delimiter=delimiter, lineterminator=ending, quoting=quoting)
        plain = self.kind["layout"] == "wide" and self.kind["extra"] == "no"
        if plain and self.pick("names above", *["yes"] * 12, "no") == "no":
            self.known_names = False
        else:
            writer.writerow(header)
        writer.writerows(rows)
        text = out.getvalue()
        if delimiter != "\t" and self.chance(0.05):
            text = f"sep={delimiter}{ending}{text}"
        wishes = ["utf-8", "utf-8", "utf-8-sig", "utf-16", "utf-16-le", "cp1252", "gb18030"]
        encoding = self.pick("encoding", *wishes)
        try:
            return text.encode(encoding)
        except UnicodeEncodeError:
            self.kind["encoding"] = "utf-8"
            return text.encode()


def _numeral(value: float, digits: int, decimal: str, group: str, fixed: bool) -> str:
    text = f"{value:,.{digits}f}" if fixed or not digits else f"{value:,.{digits}f}".rstrip("0").rstrip(".")
    return text.replace(",", "\0").replace(".", decimal).replace("\0", group)
