"""One sentence or two under a figure of the search, computed from the summary the figure is drawn from (pure)."""

from gman_search.report.summaries.agreement import Agreement, Correlation
from gman_search.report.summaries.curves import CurveSummary
from gman_search.report.summaries.ladder import Funnel, StandingTable
from gman_search.report.summaries.outside import ROLE_NAMES
from gman_search.report.summaries.slices import SlicePanel, SliceSummary
from gman_search.report.text.formats import error, ordinal, percent, plural, setting, signed

__all__ = [
    "agreement_caption",
    "curve_caption",
    "cut_caption",
    "funnel_caption",
    "slice_caption",
]


def funnel_caption(summary: Funnel) -> str:
    """How many configs went how far."""
    parts = [
        f"{row.promoted} of {plural(row.evaluations, 'config')} went on from {row.stage} to {above.stage}"
        for row, above in zip(summary.stages, summary.stages[1:], strict=False)
    ]
    at_once = "as soon as there was room, the last place when the stage was closed"
    when = "when a stage was closed" if summary.synchronous else at_once
    etas = " and ".join(f"1 in {eta}" for eta in summary.etas)
    rule = f" Promotion took the best {etas} {when}." if etas else ""
    total = sum(row.seconds for row in summary.stages) + sum(row.seconds for row in summary.outside)
    if total and len(summary.stages) + len(summary.outside) > 1:
        shares = [f"{row.stage} {percent(100 * row.seconds / total, 0)}" for row in summary.stages]
        shares += [f"{ROLE_NAMES[row.role]} {percent(100 * row.seconds / total, 0)}" for row in summary.outside]
        rule += f" Of the training time, {', '.join(shares)}."
    return (_sentence("; ".join(parts)) if parts else "There is one stage, so nothing is promoted.") + rule


def cut_caption(summary: StandingTable, stage: str) -> str:
    """Where the cut fell and who missed it most narrowly."""
    here = [row for row in summary.rows if row.standing.stage == stage and row.standing.rank]
    if not here:
        return f"No evaluation of {stage} is complete."
    best = here[0]
    leader = f"config {best.standing.config_id} with {error(best.val_mae)} {summary.unit}"
    text = f"Best of {len(here)} complete at {stage}: {leader}."
    missed = [row for row in here if not row.standing.promoted and (row.standing.gap or 0.0) >= 0]
    late = sum(not row.standing.promoted and (row.standing.gap or 0.0) < 0 for row in here)
    if stage in summary.cuts:
        text += f" The dotted line is the cut at {error(summary.cuts[stage])} {summary.unit}."
        if missed:
            text += f" Config {missed[0].standing.config_id} missed it by {error(missed[0].standing.gap)}."
        if late:
            text += f" {plural(late, 'config')} below it came when the places were taken."
    return text


def curve_caption(summary: CurveSummary) -> str:
    """What is drawn, what lies outside the frame, and whether growth kept the function."""
    text = f"Validation MAE of {plural(len(summary.chains), 'config')} over the epochs of their whole lineages."
    if summary.hidden:
        text += f" {plural(summary.hidden, 'config')} that ended at {summary.stages[0]} not drawn."
    if summary.frame is not None and summary.frame.beyond:
        hidden = plural(summary.frame.beyond, "reading above", "readings above")
        text += f" Outside the frame: {hidden} {error(summary.frame.high, 2)} {summary.unit}."
    if summary.median_jump is not None:
        text += (
            f" Before its first step, a grown model was {signed(summary.median_jump)} {summary.unit} from the best of "
            f"the smaller model it came from (median of {len(summary.growth_jumps)})."
        )
    return text


def slice_caption(panel: SlicePanel, summary: SliceSummary) -> str:
    """The winner's value, and whether it lies at an end."""
    text = f"Winner {setting(panel.winner_value)}, reference {setting(panel.default)}."
    if panel.at_bound:
        text += f" The winner is at the {panel.at_bound} end of the range."
    return text


def agreement_caption(summary: Agreement) -> str:
    """The correlations with their intervals and n, or why there are none."""
    pair = f"{summary.lower} to {summary.upper}"
    if summary.spearman is None or summary.kendall is None:
        return _sentence(f"{pair}: not measured, {summary.reason}")
    count = f"n\N{NO-BREAK SPACE}=\N{NO-BREAK SPACE}{summary.n}"
    text = f"{pair}: Spearman {_interval(summary.spearman)}, Kendall {_interval(summary.kendall)}, {count}."
    if summary.first_pick_rank is not None:
        text += f" The first of {summary.lower} came {ordinal(summary.first_pick_rank)} at {summary.upper}."
    return _sentence(text[:-1])


def _interval(value: Correlation) -> str:
    if value.low is None:
        return f"{signed(value.value, 2)} (perfect)"
    return (
        f"{signed(value.value, 2)} (95\N{NO-BREAK SPACE}% interval {signed(value.low, 2)} to {signed(value.high, 2)})"
    )


def _sentence(text: str) -> str:
    return f"{text[:1].upper()}{text[1:]}." if text else ""
