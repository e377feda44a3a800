"""The test part as tables of text: every step beside the baselines, the sensors, and forecasts against truth (pure)."""

from collections.abc import Iterable

from gman_search.record import Scores
from gman_search.report.published import MINUTES, PublishedTable
from gman_search.report.summaries.attention import AttentionSummary
from gman_search.report.summaries.forecast import HorizonRow, SampleSummary, Scoreboard
from gman_search.report.summaries.frame import thin
from gman_search.report.summaries.intervals import IntervalSummary
from gman_search.report.summaries.places import CalendarSummary, SensorMap
from gman_search.report.summaries.versus import Versus
from gman_search.report.text.formats import error, signed_percent
from gman_search.report.text.tables import Table
from gman_search.weekdays import DAY_NAMES

__all__ = [
    "attention_table",
    "calendar_table",
    "gain_table",
    "horizon_table",
    "interval_table",
    "map_table",
    "published_text",
    "sample_table",
    "sensor_table",
    "versus_table",
]

MAX_SAMPLE_ROWS = 96


def versus_table(summary: Versus) -> Table:
    """The winner, the reference config and the baselines: test MAE at the marked steps and on the mean."""
    heads = (f"{minutes} min" for _, minutes in summary.steps)
    columns = ("", *heads, f"mean 1..{summary.horizon}", "winner against it")
    rows = tuple(
        (
            f"{row.name}, {row.stage}" if row.stage else row.name,
            *map(error, row.steps),
            error(row.mean),
            _against(row.lead),
        )
        for row in summary.rows
    )
    note = (
        f"Test MAE in {summary.unit}: a column of minutes scores that one step alone, the last the mean of all steps."
    )
    return Table(columns, rows, strong=frozenset({0}), note=note)


def _against(lead: float | None) -> str:
    return "" if lead is None else signed_percent(-lead)


def horizon_table(summary: Scoreboard) -> Table:
    """MAE, RMSE and MAPE of every forecaster at every step alone, and on the mean of the steps."""
    columns = ["step"]
    for _ in summary.forecasters:
        columns += ["MAE", "RMSE", "MAPE"]
    rows = (*summary.rows, summary.mean)
    strong = frozenset(index for index, row in enumerate(rows) if row.marked)
    note = f"MAE and RMSE in {summary.unit}, MAPE in percent. Missing readings do not count."
    groups = tuple((name, 3) for name in summary.forecasters)
    cells = tuple(_horizon_cells(row, summary.mean_label) for row in rows)
    return Table(tuple(columns), cells, strong=strong, note=note, groups=groups)


def _horizon_cells(row: HorizonRow, mean_label: str) -> tuple[str, ...]:
    cells = [mean_label if row.step is None else f"{row.step} ({row.minutes} min)"]
    for scores in row.scores:
        known = (None, None, None) if scores is None else (scores.mae, scores.rmse, scores.mape)
        cells += [error(known[0]), error(known[1]), error(known[2], 2)]
    return tuple(cells)


def gain_table(summary: Scoreboard) -> Table:
    """Improvement on every baseline's MAE, at the marked steps and on the mean."""
    steps = [row for row in summary.rows if row.marked]
    columns = ("MAE against", *(f"step {row.step} ({row.minutes} min)" for row in steps), summary.mean_label)
    rows = []
    for gain in summary.gains:
        known = dict(gain.at_steps)
        at_steps = (signed_percent(_lowered(known.get(row.step or 0))) for row in steps)
        rows.append((gain.baseline, *at_steps, signed_percent(_lowered(gain.mean))))
    return Table(columns, tuple(rows))


def _lowered(gain: float | None) -> float | None:
    return None if gain is None else -gain


def sensor_table(summary: Scoreboard) -> Table:
    """Test MAE of every sensor, best first."""
    rows = tuple((name, error(value)) for name, value in summary.sensors)
    return Table(("sensor", f"test MAE ({summary.unit})"), rows)


def sample_table(summary: SampleSummary) -> Table:
    """Truth and forecasts at evenly spread times."""
    heads = tuple(f"{line.minutes} min ahead ({summary.unit})" for line in summary.lines)
    kept, stride = thin(range(len(summary.times)), MAX_SAMPLE_ROWS)
    rows = tuple(
        (summary.times[i], error(summary.truth[i], 1), *(error(line.values[i], 1) for line in summary.lines))
        for i in kept
    )
    note = "" if stride == 1 else f"One time in {stride} of those drawn."
    return Table(("time", f"truth ({summary.unit})", *heads), rows, note=note)


def calendar_table(summary: CalendarSummary) -> Table:
    """A row an hour, a column a weekday."""
    rows = tuple((f"{hour}:00", *(error(day[hour], 2) for day in summary.cells)) for hour in range(24))
    return Table(("hour", *DAY_NAMES), rows, note=f"Test MAE in {summary.unit}, all steps together.")


def map_table(summary: SensorMap) -> Table:
    """Where each sensor stands."""
    rows = tuple(
        (sensor.name, f"{sensor.latitude:.5f}", f"{sensor.longitude:.5f}", error(sensor.mae))
        for sensor in summary.sensors
    )
    return Table(("sensor", "latitude", "longitude", f"test MAE ({summary.unit})"), rows)


def interval_table(summary: IntervalSummary) -> Table:
    """What each promise held at every step alone and in all, where it held least, and how wide it was."""

    def line(name: str, values: Iterable[float], digits: int = 1) -> tuple[str, ...]:
        return (name, *(error(value, digits) for value in values))

    steps = [
        line(f"{step} ({minutes} min)", (row.by_step[step - 1] for row in summary.rows))
        for step, minutes in enumerate(summary.minutes, start=1)
    ]
    rows = (
        *steps,
        line("all steps", (row.held for row in summary.rows)),
        line("where the forecast was slow", (row.slow for row in summary.rows)),
        line("the sensor with least", (row.lowest_sensor for row in summary.rows)),
        line(f"mean width ({summary.unit})", (row.width for row in summary.rows), 2),
    )
    columns = ("held, percent of the readings", *(f"promise {row.percent} %" for row in summary.rows))
    return Table(columns, rows, strong=frozenset({len(steps)}))


def attention_table(summary: AttentionSummary) -> Table:
    """A row for each sensor that is attended to."""
    rows = tuple(
        (focus.sensor, focus.rank, other.name, error(other.percent, 2), error(other.kilometres, 1))
        for focus in summary.focuses
        for other in focus.others
    )
    columns = ("sensor", "its error is", "attends to", "percent", "km away")
    note = f"The even share is {error(summary.even, 2)} percent."
    return Table(columns, rows, frozenset({0, 1, 2}), note=note)


def published_text(summary: PublishedTable, board: Scoreboard | None) -> Table:
    """What others report, with this study's winner first where it has been tested."""
    rows, strong = [], frozenset[int]()
    if board is not None:
        found = {row.minutes: row.scores[board.winner] for row in board.rows}
        if all(found.get(minutes) is not None for minutes in MINUTES):
            rows.append(("this study", *_triples(found[minutes] for minutes in MINUTES), "tested here"))
            strong = frozenset({0})
    rows += [(row.model, *_triples(row.scores), row.source) for row in summary.rows]
    columns = ("model", *("MAE", "RMSE", "MAPE") * len(MINUTES), "source")
    groups = (*((f"{minutes} min", 3) for minutes in MINUTES), ("", 1))
    return Table(columns, tuple(rows), frozenset({0, len(columns) - 1}), strong, summary.caveat, groups)


def _triples(scores: Iterable[Scores | None]) -> list[str]:
    cells = []
    for score in scores:
        known = (None, None, None) if score is None else (score.mae, score.rmse, score.mape)
        cells += [error(value, 2) for value in known]
    return cells
