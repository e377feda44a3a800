"""What the commands say of data: findings before training, and what `[data] clean` left out of readings."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from gman_search.cli.output import say
from gman_search.data.checks.finding import Finding, finding_lines
from gman_search.data.cleaning.clean import left_out_in, left_out_text
from gman_search.data.cleaning.rules import memory_steps
from gman_search.data.series import TrafficSeries

__all__ = ["finding_lines", "findings_document", "left_out_of_forecast", "left_out_of_scores", "say_findings"]


def say_findings(findings: Iterable[Finding]) -> None:
    """The lines on stderr."""
    for line in finding_lines(findings):
        say(line)


def findings_document(findings: Iterable[Finding]) -> list[dict[str, Any]]:
    """`findings` of --json."""
    return [asdict(finding) for finding in findings]


def left_out_of_forecast(series: TrafficSeries, P: int) -> list[str]:
    """Of recent readings, of which the last P rows are forecast from; for models that were trained with `clean`."""
    memory = memory_steps(series.step_minutes)
    texts, needed = [], P + memory - 1
    if series.left_out:
        texts.append(f"clean leaves out {left_out_text(series.left_out)}: they count as missing")
    if len(series.values) < needed:
        texts.append(
            f"clean looks at {memory} rows to find a stuck sensor: expected {needed}, so that the last {P} are as in "
            f"training; received {len(series.values)}"
        )
    return texts


def left_out_of_scores(series: TrafficSeries, first: int, end: int) -> list[str]:
    """Of readings whose rows `first` up to, not including, `end` are compared with forecasts."""
    lost = left_out_in(series, first, end)
    return [f"clean leaves out {lost} of the readings to compare with: these errors do not count them"] if lost else []
