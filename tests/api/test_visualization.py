"""One function for each figure of the report, which draws just that figure."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from gman_search import visualization
from gman_search.errors import StudyError, UsageError
from gman_search.report import registry
from gman_search.report.view import StudyView

from ..report.study_record import delivered_record, study_record

PLOTS = {
    "fig-funnel": lambda study: visualization.plot_promotions(study),
    "fig-cut-quick": lambda study: visualization.plot_stage_ranks(study, "quick"),
    "fig-cut-medium": lambda study: visualization.plot_stage_ranks(study, "medium"),
    "fig-timeline": visualization.plot_timeline,
    "fig-progress": visualization.plot_optimization_history,
    "fig-curves": visualization.plot_learning_curves,
    "fig-growth": visualization.plot_growth,
    "fig-cold-start": visualization.plot_cold_start_control,
    "fig-importance": visualization.plot_param_importances,
    "fig-slice-dropout": lambda study: visualization.plot_slice(study, "dropout"),
    "fig-parallel": visualization.plot_parallel_coordinate,
    "fig-ranks": visualization.plot_rank_flow,
    "fig-correlation-quick": lambda study: visualization.plot_rank_correlation(study, "quick"),
    "fig-horizon": visualization.plot_error_by_step,
    "fig-sensors": visualization.plot_error_by_sensor,
    "fig-ensemble": visualization.plot_ensemble_weights,
    "fig-intervals": visualization.plot_interval_coverage,
    "fig-calendar": visualization.plot_error_calendar,
    "fig-map": visualization.plot_error_map,
    "fig-attention": visualization.plot_attention,
    "fig-forecast-1": visualization.plot_forecast,
}


def study_of(record) -> SimpleNamespace:
    return SimpleNamespace(record=record, name=record.name)


@pytest.fixture(scope="module")
def record():
    return delivered_record(study_record(controls=2))


@pytest.fixture(scope="module")
def blocks(record):
    drawn = registry.blocks(registry.STUDY, StudyView(record))
    return [block for panels in drawn.values() for block in panels]


@pytest.mark.parametrize("beginning", PLOTS)
def test_a_plot_is_the_figure_of_the_report(record, blocks, beginning):
    (block, *_) = [found for found in blocks if found.id.startswith(beginning)]
    assert PLOTS[beginning](study_of(record)).to_json() == block.figure.to_json()


def test_every_figure_of_the_report_has_a_function(blocks):
    kinds = {"-".join(block.id.split("-")[:2]) for block in blocks}
    assert kinds == {"-".join(beginning.split("-")[:2]) for beginning in PLOTS}
    comparing = {"plot_comparison_by_step", "plot_comparison_history"}
    assert len(visualization.__all__) == len(kinds) + len(comparing)


def test_a_control_and_a_sensor_are_chosen_by_name(record):
    study = study_of(record)
    control = next(row for row in reversed(record.evaluations) if row.control == "cold")
    drawn = visualization.plot_cold_start_control(study, control.config_id)
    assert drawn.data and drawn != visualization.plot_cold_start_control(study) or control.config_id == 0
    sample = record.test.samples[-1]
    truth = next(trace for trace in visualization.plot_forecast(study, sample.sensor).data)
    assert len(truth.x) == len(sample.times)
    with pytest.raises(UsageError, match=r"S-.*received 'nowhere'"):
        visualization.plot_forecast(study, "nowhere")


def test_what_cannot_be_drawn_says_why(record):
    untested = study_of(replace(record, test=None))
    for name in ("error_by_step", "error_map", "ensemble_weights", "forecast", "attention"):
        with pytest.raises(StudyError, match="study synthetic"):
            getattr(visualization, f"plot_{name}")(untested)
    few = study_of(study_record(trials=8, etas=(2, 2)))
    with pytest.raises(StudyError, match="8 of the 20 complete configs needed|of the 20"):
        visualization.plot_param_importances(few)
    with pytest.raises(StudyError, match="draw as slice of nonsense"):
        visualization.plot_slice(few, "nonsense")


def test_studies_are_compared(record):
    other = replace(study_record(seed=1), name="other")
    by_step = visualization.plot_comparison_by_step([study_of(record), study_of(other)])
    assert [trace.name for trace in by_step.data] == ["synthetic", "other"]
    assert len(by_step.data[0].x) == 12
    assert len(visualization.plot_comparison_history([study_of(record), study_of(other)]).data) == 2
    with pytest.raises(UsageError, match="received none"):
        visualization.plot_comparison_by_step([])
    with pytest.raises(StudyError, match="comparison by step; the comparison of synthetic has nothing"):
        visualization.plot_comparison_by_step([study_of(replace(record, test=None))])
