"""One file and one line make a figure: page, dashboard and visualization read the same registry."""

from dataclasses import replace
from types import SimpleNamespace

import pytest

from gman_search import visualization
from gman_search.dashboard.plots import dashboard_plots
from gman_search.record import StudyRecord
from gman_search.report import registry, view
from gman_search.report.figure import Figure, Table
from gman_search.report.figures import learning_curves, timeline
from gman_search.report.page import render, write_report
from gman_search.report.style import new_figure
from gman_search.report.view import StudyView

from .study_record import delivered_record, study_record


def compute(study: StudyView) -> int:
    return len(study.latest)


def plot(data: int) -> object:
    figure = new_figure(200)
    figure.add_scatter(x=[1, 2], y=[data, data])
    return figure


THROWAWAY = Figure(
    "throwaway",
    "fig-throwaway",
    "A figure of a test",
    compute,
    plot,
    lambda data: f"It counts {data} evaluations.",
    lambda data: Table(("what", "number"), (("evaluations", str(data)),)),
    on_dashboard=True,
)


@pytest.fixture
def registered(monkeypatch: pytest.MonkeyPatch) -> None:
    """The throwaway figure at the end of the section of learning curves."""
    sections = tuple(
        replace(one, figures=(*one.figures, THROWAWAY)) if one.id == "curves" else one for one in registry.STUDY
    )
    monkeypatch.setattr(registry, "STUDY", sections)


def test_a_registered_figure_is_everywhere(registered: None) -> None:
    record = study_record(trials=8, etas=(2, 2))
    page = render(record)
    assert 'id="fig-throwaway"' in page and "A figure of a test" in page
    assert "It counts 14 evaluations." in page and "<td>14</td>" in page
    assert page.index('id="fig-curves"') < page.index('id="fig-throwaway"') < page.index('id="growth"')
    assert "fig-throwaway" in dashboard_plots(StudyView(record))
    drawn = visualization.plot_throwaway(SimpleNamespace(record=record, name=record.name))
    assert list(drawn.data[0].y) == [14, 14]


def test_names_and_ids_are_unique_and_names_are_files() -> None:
    for sections in (registry.STUDY, registry.COMPARISON):
        figures = list(registry.figures_of(sections))
        assert len({figure.name for figure in figures}) == len({figure.id for figure in figures}) == len(figures)
        assert all(figure.compute.__module__.endswith(f"figures.{figure.name}") for figure in figures)
        assert len({section.id for section in sections}) == len(sections)
    assert registry.figure_named("timeline") is timeline.FIGURE
    with pytest.raises(KeyError):
        registry.figure_named("nonsense")
    with pytest.raises(AttributeError, match="plot_nonsense"):
        visualization.plot_nonsense  # noqa: B018


def counted(monkeypatch: pytest.MonkeyPatch, name: str) -> list[int]:
    calls: list[int] = []
    real = getattr(view, name)

    def wrapper(*args: object, **options: object) -> object:
        calls.append(1)
        return real(*args, **options)

    monkeypatch.setattr(view, name, wrapper)
    return calls


@pytest.mark.parametrize("record", [study_record(trials=8, etas=(2, 2)), delivered_record()], ids=["plain", "ensemble"])
def test_a_report_derives_the_winner_once(
    record: StudyRecord, monkeypatch: pytest.MonkeyPatch, tmp_path: object
) -> None:
    calls = {
        name: counted(monkeypatch, name) for name in ("best_evaluation", "decide", "latest_attempts", "contenders")
    }
    write_report(record, tmp_path)
    # The latest attempts are found without and with controls.
    assert {name: len(found) for name, found in calls.items()} == {
        "best_evaluation": 1,
        "decide": 1,
        "latest_attempts": 2,
        "contenders": 1,
    }


def test_what_is_computed_once_is_kept() -> None:
    study = StudyView(study_record(trials=8, etas=(2, 2)))
    assert study.of(learning_curves.compute) is study.of(learning_curves.compute)
    assert [row.key for row in study.lineage(study.winner.config_id)][0].startswith("quick/")
    assert study.ranked("full")[0].stage == "full" and len(study.ranked()) >= len(study.ranked("full"))
    assert study.spec.search.workers == 2 and study.provenance.cost_units["full"] == 16.3
    assert StudyView(replace(study.record, spec={}, provenance={})).spec.trials == 50
