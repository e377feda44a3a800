"""The figures about the test part: horizon, sensors, hours, map, forecasts against truth."""

from gman_search.report.block import Block
from gman_search.report.figures.attention import attention_figure
from gman_search.report.figures.ensemble import ensemble_figure
from gman_search.report.figures.forecast import horizon_figure, sample_figure, sensor_figure
from gman_search.report.figures.intervals import interval_figure
from gman_search.report.figures.places import calendar_figure, map_figure
from gman_search.report.summaries.attention import AttentionSummary
from gman_search.report.summaries.ensemble import EnsembleSummary
from gman_search.report.summaries.forecast import SampleSummary, Scoreboard
from gman_search.report.summaries.intervals import IntervalSummary
from gman_search.report.summaries.places import CalendarSummary, SensorMap
from gman_search.report.text import forecast_captions as captions
from gman_search.report.text import forecast_tables, leaderboard_tables
from gman_search.report.text.tables import MAX_ROWS
from gman_search.report.text.verdict import ensemble_caption

__all__ = ["attention", "ensemble", "horizons", "intervals", "places", "samples"]


def horizons(board: Scoreboard | None) -> tuple[Block, ...]:
    """Error over the horizon and over the sensors."""
    if board is None or not board.rows:
        return ()
    figure, table = horizon_figure(board), forecast_tables.horizon_table(board)
    blocks = [Block("fig-horizon", "Error over the horizon", captions.horizon_caption(board), table, figure)]
    if len(board.sensors) > 1:
        figure, table = sensor_figure(board), forecast_tables.sensor_table(board).first(2 * MAX_ROWS)
        blocks.append(Block("fig-sensors", "Error over the sensors", captions.sensor_caption(board), table, figure))
    return tuple(blocks)


def ensemble(summary: EnsembleSummary | None) -> tuple[Block, ...]:
    """The weights of the ensemble at each step."""
    if summary is None:
        return ()
    caption, table = ensemble_caption(summary), leaderboard_tables.ensemble_table(summary)
    title = "Weights in the ensemble"
    return (Block("fig-ensemble", title, caption, table, ensemble_figure(summary), min_width=430),)


def intervals(summary: IntervalSummary | None) -> tuple[Block, ...]:
    """What prediction intervals promised and held."""
    if summary is None:
        return ()
    caption, table = captions.interval_caption(summary), forecast_tables.interval_table(summary)
    return (Block("fig-intervals", "Prediction intervals", caption, table, interval_figure(summary)),)


def attention(summary: AttentionSummary | None) -> tuple[Block, ...]:
    """To whom the sensors that are shown attend."""
    if summary is None:
        return ()
    caption, table = captions.attention_caption(summary), forecast_tables.attention_table(summary)
    return (Block("fig-attention", "What sensors attend to", caption, table, attention_figure(summary)),)


def places(
    calendar: CalendarSummary | None, where: SensorMap | None, attended: AttentionSummary | None
) -> tuple[Block, ...]:
    """When and where the errors are."""
    blocks = []
    if calendar is not None:
        caption, table = captions.calendar_caption(calendar), forecast_tables.calendar_table(calendar)
        title = "Error by hour and weekday"
        blocks.append(Block("fig-calendar", title, caption, table, calendar_figure(calendar), min_width=430))
    if where is not None:
        caption, table = captions.map_caption(where, attended), forecast_tables.map_table(where).first(2 * MAX_ROWS)
        blocks.append(Block("fig-map", "Error on the map", caption, table, map_figure(where, attended)))
    return tuple(blocks)


def samples(parts: tuple[SampleSummary, ...]) -> tuple[Block, ...]:
    """One figure a sensor."""
    return tuple(
        Block(
            id=f"fig-forecast-{number}",
            title=f"The {sample.rank} sensor",
            caption=captions.sample_caption(sample),
            table=forecast_tables.sample_table(sample),
            figure=sample_figure(sample),
        )
        for number, sample in enumerate(parts, start=1)
    )
