"""A study as a notebook shows it: HTML without scripts, every text escaped."""

from pathlib import Path
from urllib.parse import quote

import pandas as pd
from markupsafe import Markup, escape

from gman_search.api.tables import leaderboard_table, stages_table
from gman_search.halving.promotion import best_evaluation
from gman_search.record import StudyRecord
from gman_search.wording import duration, number

__all__ = ["in_one_line", "study_html"]

MOST_ROWS = 12


def in_one_line(record: StudyRecord) -> str:
    """How far the study is and what is best so far."""
    tried = len({row.config_id for row in record.evaluations if not row.control and row.state.is_finished})
    best = best_evaluation(record.evaluations, record.schedule)
    known = "" if best is None else f", best validation MAE {number(best.val_mae)} {record.unit} ({best.key})"
    return f"{tried} of {record.schedule.trials} configs evaluated{known}"


def study_html(record: StudyRecord, report: Path | None) -> str:
    """Headline, stages, leaderboard and, where it was written, a link to the report."""
    parts = [Markup("<p><strong>{}</strong>: {}</p>").format(f"Study {record.name}", in_one_line(record))]
    stages = stages_table(record)
    stages["duration"] = [duration(value.total_seconds()) for value in stages["duration"]]
    parts.append(_table(stages, f"Stages, validation MAE in {record.unit}"))
    board = leaderboard_table(record)
    if len(board):
        board["fit_time"] = [duration(seconds) for seconds in board["fit_time"]]
        board["pred_time"] = [number(1000 * seconds, 0) + " ms" for seconds in board["pred_time"]]
        shown = board.drop(columns=["kind", "evaluation"]).head(MOST_ROWS)
        parts.append(_table(shown, f"Leaderboard, MAE in {record.unit}"))
        if len(board) > MOST_ROWS:
            parts.append(Markup("<p>{} more in <code>leaderboard()</code></p>").format(len(board) - MOST_ROWS))
    if report is not None:
        parts.append(Markup('<p><a href="{}" target="_blank" rel="noopener">Report</a></p>').format(_address(report)))
    return str(Markup("<div>{}</div>").format(Markup("\n").join(parts)))


def _table(frame: pd.DataFrame, caption: str) -> Markup:
    head = Markup("").join(Markup("<th>{}</th>").format(name) for name in frame.columns)
    rows = Markup("").join(
        Markup("<tr>{}</tr>").format(Markup("").join(Markup("<td>{}</td>").format(_cell(value)) for value in row))
        for row in frame.itertuples(index=False)
    )
    return Markup("<table><caption>{}</caption><thead><tr>{}</tr></thead><tbody>{}</tbody></table>").format(
        escape(caption), head, rows
    )


def _cell(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else ""
    return number(value) if value is None or isinstance(value, float) else str(value)


def _address(page: Path) -> str:
    """Relative where it can be: a notebook's server shows files below its folder only."""
    whole = page.resolve()
    below = whole.is_relative_to(Path.cwd())
    return quote(whole.relative_to(Path.cwd()).as_posix()) if below else whole.as_uri()
