"""Several studies in words and tables (pure)."""

from gman_search.report.summaries.comparison import ComparedStudy, Comparison
from gman_search.report.text.formats import count, duration, error, plural, setting, signed_percent
from gman_search.report.text.tables import Table

__all__ = [
    "difference_table",
    "horizon_caption",
    "progress_caption",
    "progress_table",
    "steps_table",
    "study_table",
    "verdict",
]

SHOWN_MINUTES = (15, 30, 60)


def verdict(summary: Comparison) -> str:
    """Who is best, and whether that may be said at all."""
    if len(summary.units) > 1:
        return f"The studies have different units ({', '.join(summary.units)}): their errors cannot be compared."
    unit = summary.units[0]
    tested = [(s.headline.mean_test_mae, s) for s in summary.studies if s.headline.mean_test_mae is not None]
    if len(tested) < 2:
        return "Fewer than two of these studies have a tested winner, so nothing can be compared yet."
    tested.sort(key=lambda item: item[0])
    (best, first), (second, other) = tested[0], tested[1]
    text = (
        f"{first.headline.name} has the lowest test MAE (mean of all steps), {error(best)} {unit}, "
        f"before {other.headline.name} with {error(second)}."
    )
    if summary.same_data is False:
        text += " But their data differ, so this says nothing about the settings."
    elif summary.same_data is None:
        text += " Whether their data are the same is not known."
    return text


def study_table(summary: Comparison) -> Table:
    """One row a study."""
    unit = " or ".join(summary.units)
    columns = (
        "study",
        "configs",
        "finished",
        "winner",
        f"val MAE ({unit})",
        *(f"test {minutes} min" for minutes in SHOWN_MINUTES),
        "mean of steps",
        "against preset",
        "training time",
    )
    rows = tuple(_study_cells(study) for study in summary.studies)
    return Table(columns, rows, frozenset({0, 2, 3}), note=f"Test MAE in {unit}, each step alone and their mean.")


def _study_cells(study: ComparedStudy) -> tuple[str, ...]:
    head, steps, preset = study.headline, dict(study.steps), study.preset
    gain = None if preset is None or preset.gain is None else -preset.gain
    return (
        head.name,
        count(head.cost.configs),
        "yes" if head.finished else "no",
        "–" if head.config_id is None else f"config {head.config_id}, {head.stage}",
        error(head.val_mae),
        *(error(steps.get(minutes)) for minutes in SHOWN_MINUTES),
        error(head.mean_test_mae),
        signed_percent(gain),
        duration(head.cost.seconds),
    )


def difference_table(summary: Comparison) -> Table:
    """One row a setting that is not the same everywhere."""
    rows = tuple((one.name, *(setting(value) for value in one.values)) for one in summary.differences)
    columns = ("setting", *(study.headline.name for study in summary.studies))
    return Table(columns, rows, frozenset(range(len(columns))))


def steps_table(summary: Comparison) -> Table:
    """One row a step."""
    known = [dict(study.steps) for study in summary.studies]
    minutes = sorted({minute for steps in known for minute in steps})
    rows = tuple((f"{minute} min", *(error(steps.get(minute)) for steps in known)) for minute in minutes)
    return Table(("ahead", *(study.headline.name for study in summary.studies)), rows)


def horizon_caption(summary: Comparison) -> str:
    """Who is best at the last step."""
    last = [(study.steps[-1][1], study) for study in summary.studies if study.steps]
    value, study = min(last, key=lambda item: item[0])
    return (
        f"{study.steps[-1][0]} minutes ahead {study.headline.name} errs least, by {error(value)} {study.headline.unit}."
    )


def progress_caption(summary: Comparison) -> str:
    """How much training each took."""
    parts = [f"{study.headline.name} {duration(study.progress.seconds)}" for study in summary.studies]
    return (
        f"Training time of {plural(len(parts), 'study', 'studies')}: {', '.join(parts)}. Each line is the "
        "highest stage its study reached; different stages are different models."
    )


def progress_table(summary: Comparison) -> Table:
    """One row an improvement at the highest stage."""
    rows = tuple(
        (study.headline.name, line.stage, duration(point.seconds), str(point.config_id), error(point.val_mae))
        for study in summary.studies
        for line in study.progress.lines[-1:]
        for point in line.points
    )
    return Table(("study", "stage", "after", "config", "best val MAE"), rows, frozenset({0, 1}))
