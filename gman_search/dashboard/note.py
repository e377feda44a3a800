"""The note of one stage's study, in Markdown (pure)."""

import re

from gman_search.report.baseline_comparison import baseline_comparison
from gman_search.report.diagnostics import diagnostics
from gman_search.report.figures import ensemble_weights
from gman_search.report.figures.promotions import promotions
from gman_search.report.formats import duration, error, percent, plural, setting, signed_percent
from gman_search.report.headline import headline
from gman_search.report.reference_config import reference_standing
from gman_search.report.verdict import as_subject, defeat_sentences, delivery_sentence
from gman_search.report.view import REFERENCE_NAME, ROLE_NAMES, StudyView
from gman_search.space import Choice, SearchSpace

__all__ = ["stage_note"]

MARKS = {"pass": "✓", "warn": "⚠", "unknown": "–"}


def stage_note(view: StudyView, stage: str) -> str:
    """The state of the search as seen from `stage`: stages, winner, diagnostics, and what the hyperparameters mean."""
    checks = (f"- {MARKS[one.status]} **{_plain(one.question)}** {_plain(one.answer)}" for one in view.of(diagnostics))
    parts = [
        f"# {_plain(view.name)}: {stage}",
        _state(view, stage),
        _stages(view),
        _winner(view),
        "## Diagnostics\n\n" + "\n".join(checks),
        _hyperparameters(view, stage),
        "## More\n\n"
        "- Figures of the whole search (promotions, history, timeline, ranks, curves) are below the built-in plots.\n"
        "- The report of a finished search is among the artifacts of each stage's study.\n"
        "- `gman-search report` writes the report, `gman-search explain` explains one config.\n"
        "- A trial's user attribute `config_id` is the same at every stage; `reason` says why it ended.",
    ]
    return "\n\n".join(part for part in parts if part) + "\n"


def _state(view: StudyView, stage: str) -> str:
    ended = sum(row.state.is_finished for row in view.rows_at(stage))
    quota = view.record.schedule.rung_sizes()[view.stages.index(stage)]
    text = (
        f"**{'Finished' if view.is_finished else 'Running'}**: {ended} of {plural(quota, 'config')} ended at {stage}."
    )
    order = view.ranked(stage)
    if order:
        best = f"{error(order[0].val_mae)} {_plain(view.unit)}"
        text += f" Best at this stage: config {order[0].config_id}, validation MAE **{best}**."
    return text


def _stages(view: StudyView) -> str:
    counts = view.of(promotions)
    lines = [
        f"| stage | ended | promoted | stopped early | failed | running or waiting | best ({_plain(view.unit)}) "
        "| training |",
        "|---|---|---|---|---|---|---|---|",
    ]
    for row in counts.stages:
        best = next((found.val_mae for found in view.ranked(row.stage)), None)
        lines.append(
            f"| {row.stage} | {row.evaluations - row.unfinished} | {row.promoted} | {row.pruned} | {row.failed} | "
            f"{row.unfinished} | {error(best)} | {duration(row.seconds)} |"
        )
    lines += [
        f"| {ROLE_NAMES[row.role]} | {row.evaluations - row.unfinished} | – | {row.pruned} | {row.failed} | "
        f"{row.unfinished} | {error(row.best)} | {duration(row.seconds)} |"
        for row in counts.outside
    ]
    return "\n".join(lines)


def _winner(view: StudyView) -> str:
    head, standing = view.of(headline), view.of(reference_standing)
    if head.config_id is None:
        return ""
    unit = _plain(head.unit)
    first = [*defeat_sentences(head.defeats, head.unit)]
    if head.delivery is not None and view.of(ensemble_weights.compute) is not None:
        first.append(delivery_sentence(head.delivery, head.unit))
    losses = "".join(f"{_plain(line)}\n\n" for line in first)
    who = f"Config {head.config_id}, {head.stage}" if head.role != "reference" else _plain(as_subject(REFERENCE_NAME))
    who += f", {ROLE_NAMES['final']}" if head.role == "final" else ""
    text = f"## Best config\n\n{losses}{who}: validation MAE {error(head.val_mae)} {unit}."
    if head.steps:
        steps = ", ".join(f"{error(step.mae)} at {step.minutes} min" for step in head.steps)
        text += f" Test MAE {steps} (each step alone); mean of steps {error(head.mean_test_mae)} {unit}."
    if standing is not None and standing.gain is not None and not standing.is_winner:
        text += " Compared with the reference config in the search, on the validation part "
        text += f"at {standing.stage}: {signed_percent(-standing.gain)}."
    compared = view.of(baseline_comparison)
    if compared is not None and compared.reference_gain is not None:
        text += f" On the test part, at one size: {signed_percent(-compared.reference_gain)}."
    if head.cost.measured_saved_share is not None and head.cost.measured_saved_share > 0:
        saved = percent(100 * head.cost.measured_saved_share, 0)
        text += f" Cost saved compared with training every config at the last stage: {saved}."
    return text


def _hyperparameters(view: StudyView, stage: str) -> str:
    lines = []
    for name, dimension in view.spec.space.dimensions().items():
        if isinstance(dimension, Choice):
            values = ", ".join(setting(value) for value in dimension.choices)
        else:
            values = f"{setting(dimension.low)} to {setting(dimension.high)}{', log' if dimension.log else ''}"
        meaning = SearchSpace.model_fields[name].description
        lines.append(f"| `{name}` | {values} | {setting(dimension.default)} | {meaning} |")
    first = view.stages[0]
    scale = "" if stage == first else f" Values are at the scale of {first}; {stage} scales them by the ratio of the "
    scale += "" if stage == first else "reference configs."
    head = "| hyperparameter | searched | reference | meaning |\n|---|---|---|---|"
    return f"## Hyperparameters\n\n{head}\n" + "\n".join(lines) + scale


def _plain(text: str) -> str:
    """Text without any meaning in Markdown or HTML."""
    text = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*_\[\]|#!])", r"\\\1", text)
