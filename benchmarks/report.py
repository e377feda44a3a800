"""What a report costs: seconds to write it, its size, and how soon a browser can be used on it.

    python benchmarks/report.py [--configs 50 1000] [--repeats 3] [--json] [--keep]

Synthetic studies of tests/report/study_record.py, 207 sensors, a week of forecasts, controls; every measurement is a
process of its own, imports included. In the browser: `headline` is the first paint, `interactive` when a click on the
theme button has taken effect, `drawn` when the last figure is there. Processor seconds are reported next to wall time,
because other work on the machine disturbs only the latter. Bars: 1000 configs in 10 s, 8 MB and 3 s; 50 configs in 4 s.
Also: `gman-search --help`, bar 0.5 s.
"""

import argparse
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from results_io import described, keep

ROOT = Path(__file__).resolve().parent.parent
WRITE = """
import resource, sys, time
sys.path.insert(0, {root!r})
from pathlib import Path
from tests.report.study_record import study_record
record = study_record(trials={configs}, controls=2, sensors=tuple(f"S-{{n:03}}" for n in range(207)))
def processor():
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
began, used = time.perf_counter(), processor()
from gman_search.report.page import write_report
size = write_report(record, Path({folder!r})).stat().st_size
print(size, time.perf_counter() - began, processor() - used)
"""
PAINT = "() => performance.getEntriesByName('first-contentful-paint')[0].startTime"


def written(configs: int, folder: Path) -> tuple[float, float, float]:
    """Wall and processor seconds (imports included, the study itself not) and bytes of one report."""
    code = WRITE.format(root=str(ROOT), configs=configs, folder=str(folder))
    printed = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT).stdout
    size, seconds, processor = map(float, printed.split())
    return seconds, processor, size


def opened(page: Path) -> dict[str, float]:
    """Seconds from the request of the page in a fresh headless Chromium."""
    from playwright.sync_api import sync_playwright

    binary = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=binary, args=["--no-sandbox", "--disable-gpu"])
        tab = browser.new_page(viewport={"width": 1280, "height": 900}, color_scheme="light")
        began = time.perf_counter()
        tab.goto(page.as_uri(), wait_until="commit")
        tab.locator("#theme").click()
        tab.locator("html[data-theme=dark]").wait_for(state="attached")
        interactive = time.perf_counter() - began
        tab.wait_for_selector("html[data-drawn]", state="attached", timeout=120_000)
        drawn = time.perf_counter() - began
        headline = float(tab.evaluate(PAINT)) / 1000
        browser.close()
    return {"headline": round(headline, 2), "interactive": round(interactive, 2), "drawn": round(drawn, 2)}


def help_seconds() -> float:
    """Wall time of `gman-search --help`."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-m", "gman_search", "--help"], capture_output=True, check=True, cwd=ROOT)
    return time.perf_counter() - began


def measure(configs: int, repeats: int) -> dict[str, Any]:
    """Medians and all raw values of one size."""
    seconds, processor, visits, size = [], [], [], 0.0
    with tempfile.TemporaryDirectory() as folder:
        for _ in range(repeats):
            took, used, size = written(configs, Path(folder))
            seconds.append(round(took, 2))
            processor.append(round(used, 2))
            visits.append(opened(Path(folder) / "index.html"))
    medians = {name: statistics.median(visit[name] for visit in visits) for name in visits[0]}
    return {
        "configs": configs,
        "write_s": statistics.median(seconds),
        "write_processor_s": statistics.median(processor),
        "megabytes": round(size / 1e6, 2),
        **{f"{name}_s": value for name, value in medians.items()},
        "raw": {"write_s": seconds, "write_processor_s": processor, "browser_s": visits},
    }


def main() -> None:
    """Measure, print, keep if asked."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--configs", type=int, nargs="+", default=[50, 1000])
    parser.add_argument("--repeats", type=int, default=3)
    parser.add_argument("--json", action="store_true", help="print the document")
    parser.add_argument("--keep", action="store_true", help="write results/report.json")
    chosen = parser.parse_args()
    helps = [round(help_seconds(), 2) for _ in range(max(3, chosen.repeats))]
    sizes = [measure(configs, chosen.repeats) for configs in chosen.configs]
    document = described("report", sizes=sizes, help_s=statistics.median(helps), help_raw_s=helps)
    if chosen.keep:
        keep("report", document)
    if chosen.json:
        print(json.dumps(document, indent=2))
        return
    for row in sizes:
        print({name: value for name, value in row.items() if name != "raw"})
    print(f"--help {document['help_s']} s")


if __name__ == "__main__":
    main()
