"""The note of one stage's study, in Markdown (pure)."""

import re
from collections.abc import Mapping
from typing import Any

from gman_search.halving.decide import ranked
from gman_search.halving.table import latest_attempts
from gman_search.record import StudyRecord
from gman_search.report.summaries.headline import Headline
from gman_search.report.summaries.outside import ROLE_NAMES
from gman_search.report.summaries.rivals import REFERENCE_NAME
from gman_search.report.summary import ReportSummary
from gman_search.report.text.formats import duration, error, percent, plural, setting, signed_percent
from gman_search.report.text.verdict import as_subject, defeat_sentences, delivery_sentence
from gman_search.space import SearchSpace

__all__ = ["stage_note"]

MARKS = {"pass": "✓", "warn": "⚠", "unknown": "–"}


def stage_note(record: StudyRecord, summary: ReportSummary, stage: str) -> str:
    """How the search stands, seen from `stage`: state, ladder, winner, checks, what the parameters mean."""
    parts = [
        f"# {_plain(record.name)}: {stage}",
        _state(record, summary.headline, stage),
        _ladder(record, summary),
        _winner(summary),
        "## Reading this study\n\n"
        + "\n".join(f"- {MARKS[one.status]} **{_plain(one.question)}** {_plain(one.answer)}" for one in summary.checks),
        _parameters(record.spec.get("space") or {}, stage, record.ladder.stages[0]),
        "## Go on\n\n"
        f"- Figures of the whole search (funnel, learning curves, best so far, ranks) are below the built-in plots.\n"
        f"- The report of a finished search is among the artifacts of each stage's study.\n"
        f"- `gman-search report {_plain(record.name)} --open` writes the report, "
        f"`gman-search why CONFIG --study {_plain(record.name)}` tells the story of one config.\n"
        "- A trial's user attribute `config_id` is the same at every stage; `reason` says why it ended.",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _state(record: StudyRecord, head: Headline, stage: str) -> str:
    rows = latest_attempts(record.evaluations)
    here = [row for row in rows if row.stage == stage]
    ended = sum(row.state.is_finished for row in here)
    quota = record.ladder.quotas()[record.ladder.stages.index(stage)]
    text = f"**{'Finished' if head.finished else 'Under way'}**: {ended} of {plural(quota, 'config')} ended at {stage}."
    order = ranked(here)
    if order:
        best = f"{error(order[0].val_mae)} {_plain(head.unit)}"
        text += f" Best here: config {order[0].config_id}, validation MAE **{best}**."
    return text


def _ladder(record: StudyRecord, summary: ReportSummary) -> str:
    unit = _plain(record.unit)
    rows = ranked(latest_attempts(record.evaluations))
    best = {stage: next((row.val_mae for row in rows if row.stage == stage), None) for stage in record.ladder.stages}
    lines = [
        f"| stage | ended | promoted | stopped early | failed | under way | best ({unit}) | training |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in summary.funnel.stages:
        ended = row.evaluations - row.unfinished
        lines.append(
            f"| {row.stage} | {ended} | {row.promoted} | {row.pruned} | {row.failed} | {row.unfinished} | "
            f"{error(best[row.stage])} | {duration(row.seconds)} |"
        )
    lines += [
        f"| {ROLE_NAMES[row.role]} | {row.evaluations - row.unfinished} | – | {row.pruned} | {row.failed} | "
        f"{row.unfinished} | {error(row.best)} | {duration(row.seconds)} |"
        for row in summary.funnel.outside
    ]
    return "\n".join(lines)


def _winner(summary: ReportSummary) -> str:
    head, preset = summary.headline, summary.preset
    if head.config_id is None:
        return ""
    unit = _plain(head.unit)
    first = [*defeat_sentences(head.defeats, head.unit)]
    if summary.ensemble is not None and head.delivery is not None:
        first.append(delivery_sentence(head.delivery, head.unit))
    said = "".join(f"{_plain(line)}\n\n" for line in first)
    who = f"Config {head.config_id}, {head.stage}" if head.role != "reference" else _plain(as_subject(REFERENCE_NAME))
    who += f", {ROLE_NAMES['final']}" if head.role == "final" else ""
    text = f"## Best config\n\n{said}{who}: validation MAE {error(head.val_mae)} {unit}."
    if head.steps:
        steps = ", ".join(f"{error(step.mae)} at {step.minutes} min" for step in head.steps)
        text += f" Test MAE {steps} (each step alone); mean of steps {error(head.mean_test_mae)} {unit}."
    if preset is not None and preset.gain is not None and not preset.is_winner:
        text += " Against the reference config in the search, on the validation part "
        text += f"at {preset.stage}: {signed_percent(-preset.gain)}."
    rivals = summary.versus
    if rivals is not None and rivals.preset_gain is not None:
        text += f" On the test part, at one size: {signed_percent(-rivals.preset_gain)}."
    if head.cost.measured_saved_share is not None and head.cost.measured_saved_share > 0:
        saved = percent(100 * head.cost.measured_saved_share, 0)
        text += f" Cost saved against training every config in full: {saved}."
    return text


def _parameters(space: Mapping[str, Any], stage: str, first: str) -> str:
    lines = []
    for name, dimension in space.items():
        field = SearchSpace.model_fields.get(str(name))
        if field is None or not isinstance(dimension, Mapping):
            continue
        choices = dimension.get("choices")
        if choices:
            values = ", ".join(setting(value) for value in choices)
        else:
            values = f"{setting(dimension.get('low'))} to {setting(dimension.get('high'))}"
            values += ", log" if dimension.get("log") else ""
        lines.append(f"| `{name}` | {values} | {setting(dimension.get('default'))} | {field.description} |")
    if not lines:
        return ""
    scale = (
        "" if stage == first else f" Values are at the scale of {first}; {stage} uses them by the ratio of the presets."
    )
    head = "| parameter | searched | reference | meaning |\n|---|---|---|---|"
    return f"## Parameters\n\n{head}\n" + "\n".join(lines) + (scale if stage != first else "")


def _plain(text: str) -> str:
    """Text without any meaning in Markdown or HTML."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*_\[\]|#!])", r"\\\1", text)
