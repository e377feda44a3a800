"""The page as text: complete without JavaScript, offline, the same bytes every time, and harmless."""

import json
import re
from dataclasses import replace
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import plotly.offline
import pytest

from gman_search.halving.evaluations import State, latest_attempts
from gman_search.record import StudyRecord
from gman_search.report.evaluations import csv_text
from gman_search.report.html import BUNDLE_NAME
from gman_search.report.page import render, render_comparison, write_report
from gman_search.report.registry import STUDY

from .study_record import study_record

HOSTILE = (
    "<script>alert(1)</script>",
    "\"; ' é 名",
    "</script><b>",
    "{{ 7*7 }}",
    "<a href='http://evil.example'>x</a>",
)
SECTIONS = [section.id for section in STUDY if section.id != "leaderboard"]


class Outline(HTMLParser):
    """Headings, ids, tags and visible text outside scripts and styles."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.headings: list[int] = []
        self.ids: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.text = ""
        self._hidden = 0
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        self.ids += [value for name, value in attrs if name == "id" and value]
        if re.fullmatch(r"h[1-6]", tag):
            self.headings.append(int(tag[1]))
        self._hidden += tag in ("script", "style")

    def handle_endtag(self, tag: str) -> None:
        self._hidden -= tag in ("script", "style")

    def handle_data(self, data: str) -> None:
        if not self._hidden:
            self.text += data


@pytest.fixture(scope="module")
def page() -> str:
    return render(study_record())


def without_bundle(page: str) -> str:
    bundle = plotly.offline.get_plotlyjs()
    assert page.count(bundle) == 1
    return page.replace(bundle, "")


def figures(page: str) -> dict:
    text = re.search(r'<script type="application/json" id="figures">(.*?)</script>', page, re.DOTALL)
    assert text is not None
    return json.loads(text.group(1))


def test_the_synthetic_study_has_the_usual_sizes() -> None:
    rows = latest_attempts(study_record().evaluations)
    assert [sum(row.stage == stage for row in rows) for stage in ("quick", "medium", "full")] == [50, 12, 3]


def test_every_section_and_figure_is_there(page: str) -> None:
    outline = Outline(without_bundle(page))
    assert set(SECTIONS) <= set(outline.ids)
    assert len(outline.ids) == len(set(outline.ids))
    drawn = set(figures(page)["figures"])
    assert {"fig-funnel", "fig-curves", "fig-slice-learning_rate", "fig-horizon", "fig-forecast-1"} <= drawn
    assert drawn <= set(outline.ids)


def test_the_headline_is_readable_without_javascript(page: str) -> None:
    text = " ".join(Outline(without_bundle(page)).text.split())
    assert "Config 3 is the best of 50 configs" in text
    assert "mean of steps 1..12" in text
    assert "12 of 50 configs were promoted from quick to medium" in text


def test_nothing_is_loaded_from_a_network(page: str) -> None:
    text = without_bundle(page)
    assert not re.search(r"""(?:src|href)\s*=\s*["']?\s*(?:https?:)?//""", text, re.IGNORECASE)
    assert not re.search(r"url\(|@import|https?:", text, re.IGNORECASE)
    assert "default-src 'none'" in text and "unsafe-eval" not in text
    assert figures(page)["config"]["showSendToCloud"] is False


def test_the_same_record_gives_the_same_bytes(page: str) -> None:
    assert render(study_record()) == page


def test_headings_descend_one_at_a_time_and_tables_have_scopes(page: str) -> None:
    outline = Outline(without_bundle(page))
    levels = outline.headings
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert all(attrs.get("scope") for tag, attrs in outline.tags if tag == "th")
    assert ("html", {"lang": "en"}) in outline.tags
    known = set(outline.ids)
    assert all(
        a["href"][1:] in known for tag, a in outline.tags if tag == "a" and (a.get("href") or "").startswith("#")
    )
    assert all(set((a.get("aria-labelledby") or "").split()) <= known for _, a in outline.tags)


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_names_are_only_text(name: str) -> None:
    record = study_record(name=name, trials=8, etas=(2, 2), sensors=(name, f"{name} 2", f"{name} 3"), sample_times=20)
    rows = tuple(replace(row, reason=name, params={**row.params, name: name}) for row in record.evaluations)
    record = replace(record, evaluations=rows, unit=f"mph{name}", provenance={name: name, "command": name})
    text = without_bundle(render(record))
    outline = Outline(text)
    assert len([tag for tag, _ in outline.tags if tag == "script"]) == 3
    assert name in outline.text
    assert "<script>alert" not in text and "evil.example'>x</a>" not in text
    labels = [trace.get("customdata") for trace in figures(render(record))["figures"]["fig-sensors"]["data"]]
    assert "<" not in json.dumps(labels)


@pytest.mark.parametrize(
    ("record", "sentence"),
    [
        (study_record(tested=False), "The winner has not been tested"),
        (study_record(stages=("quick",), etas=(), trials=4), "The study has a single stage"),
        (
            replace(study_record(), evaluations=(), curves={}, test=None, provenance={}, spec={}),
            "No evaluation of this study",
        ),
        (replace(study_record(), curves={}), "No learning curve has been recorded yet."),
    ],
)
def test_a_missing_part_leaves_a_sentence(record: StudyRecord, sentence: str) -> None:
    assert sentence in " ".join(Outline(without_bundle(render(record))).text.split())


def test_a_study_in_which_all_failed_renders() -> None:
    record = study_record(trials=5, etas=(2, 2), tested=False)
    rows = tuple(replace(row, state=State.FAILED, val_mae=None) for row in record.evaluations)
    assert "there is no winner to show" in render(replace(record, evaluations=rows))


def test_an_unfinished_study_says_so() -> None:
    record = study_record(trials=9)
    rows = (*record.evaluations[:-1], replace(record.evaluations[-1], state=State.RUNNING, val_mae=None))
    assert "This study is not finished" in render(replace(record, evaluations=rows, test=None))


def test_written_whole_or_not_at_all(tmp_path: Path) -> None:
    record = study_record(trials=4, etas=(2, 2))
    path = write_report(record, tmp_path / "new" / "folder")
    assert path.name == "index.html"
    assert path.read_text("utf-8") == render(record)
    assert [entry.name for entry in path.parent.iterdir()] == ["index.html"]


def test_directory_mode_puts_the_bundle_beside_the_page(tmp_path: Path) -> None:
    path = write_report(study_record(trials=4, etas=(2, 2)), tmp_path, assets="directory")
    assert sorted(entry.name for entry in tmp_path.iterdir()) == ["index.html", BUNDLE_NAME]
    assert plotly.offline.get_plotlyjs() not in path.read_text("utf-8")
    assert f'data-src="{BUNDLE_NAME}"' in path.read_text("utf-8")


def test_csv_has_every_attempt_and_defuses_formulas() -> None:
    record = study_record(trials=4, etas=(2, 2))
    rows = (replace(record.evaluations[0], reason="=1+1"), *record.evaluations[1:])
    lines = csv_text(rows).splitlines()
    assert lines[0].startswith("config_id,stage,attempt,parent,state,reason,val_mae")
    assert len(lines) == 1 + len(rows)
    assert "'=1+1" in lines[1]


def test_several_studies_are_compared_on_one_page() -> None:
    records = [study_record(name="north", trials=8, etas=(2, 2)), study_record(name="<b>south", trials=8, seed=1)]
    text = without_bundle(render_comparison(records))
    outline = Outline(text)
    assert "north" in outline.text and "<b>south" in outline.text and "<b>south" not in text
    assert "It is not known whether their data are the same." in outline.text
    assert {"fig-horizons", "fig-progress"} == set(figures(render_comparison(records))["figures"])
    levels = outline.headings
    assert all(after - before <= 1 for before, after in pairwise(levels))


def test_studies_without_anything_finished_can_be_compared() -> None:
    empty = replace(study_record(trials=2), evaluations=(), curves={}, test=None)
    assert "nothing can be compared yet" in render_comparison([empty, empty])
