"""Every rule on data whose faults are known; codes, their table in the docs, and findings of random data."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gman_search.data.checks.facts import StageNeed
from gman_search.data.checks.finding import Finding
from gman_search.data.checks.gather import facts_of
from gman_search.data.checks.registry import CODES, find
from gman_search.data.cleaning.clean import cleaned
from gman_search.data.series import TrafficSeries
from gman_search.data.step_plan import StepPlan
from gman_search.data.task import make_task
from gman_search.errors import DataError
from gman_search.spec import StudySpec

LINE = np.eye(4) + np.diag(np.ones(3), 1) + np.diag(np.ones(3), -1)


def readings(days=28, sensors=4, step=60, seed=0):
    """A wave of the day with what each sensor shares with the one before it, and a gap."""
    random, rows = np.random.default_rng(seed), days * 1440 // step
    wave = 45 + 10 * np.sin(np.arange(rows) * step / 1440 * 2 * np.pi)[:, None]
    local = random.normal(0, 3, (rows, sensors + 2))
    values = wave + local[:, 2:] + local[:, 1:-1] + local[:, :-2]
    values[5] = np.nan
    return values.astype(np.float32)


def facts(values, adjacency=LINE, *, step=60, names=None, notes=(), graph_notes=(), **data):
    values = np.asarray(values, np.float32)
    times = np.datetime64("2025-03-03T00:00", "m") + np.arange(len(values)) * step
    names = names or tuple(f"s{i}" for i in range(values.shape[1]))
    spec = StudySpec.model_validate(
        {"data": {"readings": "x.csv", "history": 4, "horizon": 4, "train_share": 0.5, "test_share": 0.25} | data}
    )
    series = TrafficSeries(values, times, names, step, tuple(notes))
    if spec.data.clean:
        series = cleaned(series, spec.data.unit, blank=np.nan)
    task = make_task(spec.data, replace(series, values=np.nan_to_num(series.values)), np.zeros((values.shape[1], 2)))
    return facts_of(spec, series, task, adjacency, graph_notes)


def found(*arguments, **settings):
    """{code: text} of all findings."""
    return {finding.code: finding.text for finding in find(facts(*arguments, **settings))}


def test_what_is_right_gives_no_finding():
    assert found(readings()) == {}


def with_(rows, columns, value, days=28):
    values = readings(days)
    values[rows, columns] = value
    return values


ORDER = [2, 0, 3, 1]
KNOWN = {
    "suspected-code": ((with_(slice(9, 20), 1, 99999),), {}, "99999 may be a code for no reading, not a reading (in 11 cells); if so, set data.missing_codes = [99999]"),
    "other-unit": ((readings() * 2,), {"unit": "mph"}, "readings look like km/h, and errors would be printed in mph; set data.unit"),
    "unseen-weekdays": ((readings(9),), {}, "Saturday, Sunday never occur in the training part"),
    "short-series": ((readings(6),), {}, "the series has fewer than 7 days"),
    "unvalidated-weekdays": ((readings(16),), {}, "no Monday, Saturday, Sunday in the validation part, but in the test part"),
    "silent-sensors": ((with_(slice(0, 336), 2, np.nan),), {}, "without a reading in the train part: 1 sensor (s2); the model learns nothing of them but their place"),
    "mostly-missing": ((with_(np.arange(28 * 24) % 3 > 0, 3, 0),), {}, "missing more often than not: 1 sensor (s3); consider a study without"),
    "poor-sensors": ((with_(np.arange(28 * 24) % 5 > 2, 3, np.nan),), {}, "missing more than 30 % of their readings: 1 sensor (s3)"),
    "impossible-readings": ((with_([7, 9], [0, 1], 155),), {}, "2 readings of 2 sensors (s0, s1): above what a road can have"),
    "impossible-jumps": ((with_(9, 0, 149),), {}, "1 reading of 1 sensor (s0): farther from the two readings before"),
    "stuck-sensors": ((with_(slice(100, 120), 2, 33.25),), {}, "9 readings of 1 sensor (s2): the same reading for hours; such hours are easy to forecast"),
    "straight-lines": ((with_(slice(100, 120), 2, np.linspace(20, 66, 20)),), {}, "9 readings of 1 sensor (s2): on one straight line for an hour: filled in; whoever"),
    "far-maximum": ((with_(7, 0, 148),), {}, "the largest reading, 148, is more than twice the 99 % quantile"),
    "equal-sensors": ((readings()[:, [0, 1, 1, 3]],), {}, "sensors s1 and s2 have equal readings; is one a copy?"),
    "night-zeros": ((np.where((np.arange(672) % 24 < 3)[:, None], 0, readings()),), {}, "zeros are mostly at night; if they are counts"),
    "no-graph": ((readings(), None), {}, "no graph: the model does not know which sensors are near; give a graph or coordinates"),
    "no-neighbours": ((readings(), np.eye(4)), {}, "no two sensors are neighbours in the graph; see that the file lists links between sensors"),
    "unlike-neighbours": ((readings(), LINE[ORDER][:, ORDER]), {}, "neighbours in the graph are no more similar (correlation -"),
    "isolated-sensors": ((readings(), LINE * np.array([1, 1, 1, 0]) * np.array([1, 1, 1, 0])[:, None]), {}, "without a neighbour in the graph: 1 sensor (s3)"),
    "file-note": ((readings(),), {"notes": ["rows were sorted"]}, "rows were sorted; see that"),
    "left-out": ((with_(slice(600, 630), 2, 33.25),), {"clean": True}, "clean leaves out 19 readings of 1 sensor (19 stuck), 19 of them in the test part (2.90% of its readings)"),
    "graph-note": ((readings(),), {"graph_notes": ["12 links have weight 0"]}, "12 links have weight 0; see that"),
    "graph-in-parts": ((readings(), np.kron(np.eye(2), np.ones((2, 2)))), {}, "the graph falls into 2 parts without a link between them"),
    "dense-graph": ((readings(sensors=6), np.ones((6, 6))), {}, "100% of all pairs are neighbours"),
    "nothing-missing": ((with_(5, slice(None), 44),), {}, "no reading is missing; if missing ones were filled in"),
}  # fmt: skip


@pytest.mark.parametrize("code", KNOWN)
def test_a_known_fault_is_found(code):
    arguments, given_settings, told = KNOWN[code]
    texts = found(*arguments, **given_settings)
    assert code in texts, texts
    assert told in texts[code], texts[code]


def test_what_a_study_takes_is_told_by_its_machine():
    small = replace(facts(readings()), machine_gb=16.0, needs=(StageNeed("full", StepPlan(False, 12, 9.0, 9.0), 12),))
    text = next(one.text for one in find(small) if one.code == "little-memory")
    assert (
        text
        == "2 workers at full need about 18 GB and this machine has 16; fewer workers, or a smaller stages.full.batch_size"
    )
    grouped = replace(small, needs=(), advised_groups=79, group_gain=3.2)
    text = next(one.text for one in find(grouped) if one.code == "group-attention")
    assert "makes the last stage 3 times shorter" in text and '"auto" (79 groups)' in text


def test_steps_that_do_not_fit_are_reported_with_what_is_done_instead():
    twice, parts = StepPlan(True, 12, 2.5, 9.6), StepPlan(True, 4, 3.2, 40.0)
    needs = (
        StageNeed("full", twice, 12),
        StageNeed("quick", parts, 32),
        StageNeed("medium", StepPlan(False, 24, 1, 1), 24),
    )
    texts = [one for one in find(replace(facts(readings()), machine_gb=8.0, needs=needs)) if one.code == "saved-memory"]
    assert [one.severity for one in texts] == ["note", "note"]
    assert texts[0].text == (
        "full: a whole step needs about 9.6 GB and a worker has 3.2: blocks are computed twice, in 2.5 GB and 1.3 times "
        "the time; results stay the same; fewer workers have more memory each"
    )
    assert "batches of 32 are taken in parts of 4 windows" in texts[1].message
    assert "results differ a little from those of whole batches" in texts[1].advice


def test_what_a_user_gives_is_the_memory_of_all_workers():
    spec = StudySpec.model_validate({"search": {"workers": 2, "memory_gb": 3}})
    small = replace(
        facts(readings()), spec=spec, machine_gb=64.0, needs=(StageNeed("full", StepPlan(True, 1, 2, 9), 12),)
    )
    found = {one.code: one.text for one in find(small)}
    assert "2 workers at full need about 4 GB and search.memory_gb is 3" in found["little-memory"]
    assert "a worker has 1.5" in found["saved-memory"]


def test_all_codes_are_known_to_a_test_and_in_the_docs_table(repository):
    assert {*KNOWN, "little-memory", "saved-memory", "group-attention"} == set(CODES)
    text = (repository / "docs" / "own-data.md").read_text()
    rows = dict(re.findall(r"^\| `([a-z-]+)` \| (.+?) \|", text, re.M))
    assert {code: rows.get(code) for code in CODES} == CODES
    assert all(re.fullmatch(r"[a-z]+(-[a-z]+)+", code) for code in CODES)


def test_an_embedding_of_ones_own_stands_for_a_graph():
    assert "no-graph" not in found(readings(), None, embedding="SE.txt")


def test_warnings_come_first_and_names_from_files_stay_in_their_line():
    findings = find(
        facts(with_(5, slice(None), 44), None, names=("a\nb", "c\x1b[31m", "d", "e"), notes=["two\r\nlines"])
    )
    severities = [finding.severity for finding in findings]
    assert severities == sorted(severities, reverse=True) and set(severities) == {"note", "warning"}
    assert all(text.isprintable() for finding in findings for text in (finding.message, finding.advice))
    assert Finding("file-note", "note", " a\n b ", "c").text == "a b; c"


@settings(max_examples=80)
@given(st.data())
def test_no_data_make_a_rule_fail(data):
    rows, sensors = data.draw(st.integers(60, 400)), data.draw(st.integers(1, 7))
    step = data.draw(st.sampled_from([5, 15, 60, 360]))
    random = np.random.default_rng(data.draw(st.integers(0, 999)))
    values = (
        random.choice([0, np.nan, 1, 2, 60.5, 149, 999, 1e30], (rows, sensors))
        if data.draw(st.booleans())
        else random.gamma(2, 20, (rows, sensors))
    )
    values[data.draw(st.integers(0, rows)) :, data.draw(st.integers(0, sensors - 1))] = data.draw(
        st.sampled_from([0, np.nan, 7, 255])
    )
    graph = data.draw(st.sampled_from([None, np.zeros, np.ones]))
    chosen = {
        "unit": data.draw(st.sampled_from(["mph", "km/h", "m/s", "vehicles", "%", "share", "?", ""])),
        "clean": data.draw(st.booleans()), "train_share": data.draw(st.sampled_from([0.3, 0.5])),
        "names": tuple(data.draw(st.text(max_size=5)) + str(i) for i in range(sensors)),
        "notes": data.draw(st.lists(st.text(min_size=1, max_size=20).filter(lambda text: text.isprintable() and text.strip()), max_size=2)),
    }  # fmt: skip
    try:
        given_facts = facts(values, None if graph is None else graph((sensors, sensors)), step=step, **chosen)
    except DataError:
        return  # refused before anything is looked at
    findings = find(given_facts)
    for finding in findings:
        assert finding.code in CODES and finding.severity in ("note", "warning")
        for text in (finding.message, finding.advice):
            assert text and text.isprintable() and text == text.strip()
    assert json.loads(json.dumps([vars(finding) for finding in findings])) == [vars(finding) for finding in findings]
