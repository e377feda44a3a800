"""What becomes of 10,000 files of readings, written in every way by someone who knows the truth.

    python benchmarks/any_table.py [--files 10000] [--first 0] [--show WRONG] [--keep]

Delimiters, decimal and thousands marks, dates, zones, orders, layouts, names, encodings and line ends are drawn file by
file (`table_files.py`). Each file is read; a wrong value without a note that tells of the doubt, or any exception but a
refusal in one line, is a fault, and makes the exit status 1.
"""

import argparse
import sys
import tempfile
from collections import Counter
from pathlib import Path
from typing import Any

from results_io import described, keep
from table_files import VERDICTS, made_file, verdict

FAULTS = ("WRONG", "TRACEBACK")
BY = ("layout", "clock", "date", "values", "decimal", "thousands", "delimiter", "encoding", "order")


def measured(files: int, first: int, shown: tuple[str, ...]) -> dict[str, Any]:
    """Counts of verdicts, of all files and by what was drawn; files with a verdict in `shown` are printed."""
    counts: Counter[str] = Counter()
    by: dict[str, Counter[str]] = {}
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file.csv"
        for seed in range(first, first + files):
            made = made_file(seed)
            what, told = verdict(made, path)
            counts[what] += 1
            for name in BY:
                if name in made.kind:
                    by.setdefault(f"{name} {made.kind[name]!r}", Counter())[what] += 1
            if what in shown:
                print(seed, what, told.replace(str(path), "FILE"), made.kind, sep="\n  ", file=sys.stderr)
    return {
        "files": files,
        "first_seed": first,
        "verdicts": {name: counts[name] for name in VERDICTS},
        "by": {name: {what: by[name][what] for what in VERDICTS if by[name][what]} for name in sorted(by)},
    }


def main() -> int:
    """Measure, print and keep."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=10_000)
    parser.add_argument("--first", type=int, default=0, help="seed of the first file")
    parser.add_argument("--show", nargs="*", default=list(FAULTS), help="verdicts whose files are printed")
    parser.add_argument("--keep", action="store_true")
    given = parser.parse_args()
    found = measured(given.files, given.first, tuple(given.show))
    for name, count in found["verdicts"].items():
        print(f"{count:7,}  {name}")
    if given.keep:
        keep("any-table", described("any-table", **found))
    return int(any(found["verdicts"][fault] for fault in FAULTS))


if __name__ == "__main__":
    sys.exit(main())
