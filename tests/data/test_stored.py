"""What a study remembers of its data, and what is found out when the file has changed."""

import numpy as np
import pandas as pd
import pytest

from gman_search.data.stored import StoredData, duration_of_rows
from gman_search.data.study_data import study_data
from gman_search.data.task import load_task
from gman_search.data_spec import DataSpec
from gman_search.errors import DataError

SPEC = DataSpec(readings="speed.csv", history=3, horizon=2)
GRAPH = DataSpec(readings="speed.csv", history=3, horizon=2, adjacency="graph.csv")
DAYS = 10


def readings(days=DAYS, first="2025-03-03", sensors=3):
    random = np.random.default_rng(1)
    table = pd.DataFrame(random.uniform(20, 60, (24 * 60, sensors)).round(1), columns=[f"s{i}" for i in range(sensors)])
    table.insert(0, "time", pd.date_range(first, periods=24 * 60, freq="h"))
    return table.iloc[: 24 * days]


@pytest.fixture
def study(tmp_path):
    """study(table) writes the file; study.stored is what was remembered of ten days."""

    class Study:
        def write(self, table):
            table.to_csv(tmp_path / "speed.csv", index=False)

        def again(self, spec=SPEC):
            return study_data(spec, tmp_path, self.stored, remedy="restore it")

    made = Study()
    made.write(readings())
    (tmp_path / "graph.csv").write_text("from,to,cost\ns0,s1,900\ns1,s2,1400\n")
    made.folder, made.task = tmp_path, load_task(SPEC, tmp_path)
    made.stored = StoredData.of(made.task)
    return made


def test_what_is_remembered(study):
    stored = study.stored
    assert (stored.rows, stored.first, stored.last) == (240, "2025-03-03T00:00", "2025-03-12T23:00")
    # 168 rows of training and 24 of validation: the last row before the test part.
    assert stored.known_until == "2025-03-10T23:00" and len(stored.days) == 6 * DAYS
    assert StoredData.model_validate_json(stored.model_dump_json()) == stored


def test_the_same_file_is_the_same_data(study):
    found = study.again()
    assert found.task.fingerprint == study.task.fingerprint and found.grown is None and found.added == ""


def test_rows_that_were_added_are_kept_apart(study):
    study.write(readings(DAYS + 3))
    found = study.again()
    assert found.task.fingerprint == study.task.fingerprint
    assert all((found.task.starts[part] == study.task.starts[part]).all() for part in ("train", "val", "test"))
    assert len(found.grown.values) == 24 * (DAYS + 3) and found.added == "3 days (72 rows)"


def test_a_part_of_a_day_is_added(study):
    study.write(readings(DAYS + 1).iloc[:-3])
    study.stored = StoredData.of(load_task(SPEC, study.folder))
    study.write(readings(DAYS + 1))
    assert study.again().added == "3 hours (3 rows)"


@pytest.mark.parametrize("change, told", [
    (lambda table: table.iloc[24:], "the rows from 2025-03-03 00:00 to before 2025-03-04 00:00 are gone"),
    (lambda table: table.iloc[:-1], "the rows after 2025-03-12 22:00 to 2025-03-12 23:00 are gone"),
    (lambda table: table.assign(s1=table["s1"].where(table.index != 60, 1.5)), "readings of 2025-03-05 differ"),
    (lambda table: table.assign(s1=table["s1"].where(~table.index.isin([60, 100]), 1.5)),
     "readings of 2025-03-05 and 2025-03-07 differ"),
    (lambda table: table.assign(s1=table["s1"] + 1), "readings of 2025-03-03 and 9 more days differ"),
    (lambda table: table[["time", "s1", "s0", "s2"]], "the names or the order of the sensors differ"),
    (lambda table: table[["time", "s0", "s1"]], "3 sensors in the study and 2 here"),
    (lambda table: table.assign(time=table["time"] + pd.Timedelta(days=-1)), "the rows after 2025-03-11 23:00"),
    (lambda _: readings(DAYS, first="2025-04-03"), "the rows from 2025-03-03 00:00 to before 2025-04-03 00:00 are gone"),
    (lambda _: readings(DAYS + 1, first="2025-03-02"), "rows were added before 2025-03-03 00:00"),
    (lambda table: table.iloc[::2], "a row every 60 min, and 120 here"),
])  # fmt: skip
def test_changed_data_are_refused_with_what_changed(study, change, told):
    study.write(change(readings()))
    with pytest.raises(
        DataError, match=f"speed.csv: expected the data that the study was made with.*{told}.*restore it"
    ):
        study.again()


def test_old_rows_that_changed_are_seen_behind_new_ones(study):
    table = readings(DAYS + 3)
    table.loc[100, "s2"] += 0.1
    study.write(table)
    with pytest.raises(DataError, match="readings of 2025-03-07 differ"):
        study.again()


def test_another_graph_is_told_from_other_readings(study):
    with pytest.raises(DataError, match="the graph, the embedding or a setting"):
        study.again(GRAPH)


def test_without_anything_remembered_nothing_is_compared(study):
    study.stored = None
    study.write(readings(DAYS + 3))
    assert len(study.again().task.series.values) == 24 * (DAYS + 3)


@pytest.mark.parametrize("rows, minutes, text", [
    (72, 60, "3 days"), (24, 60, "1 day"), (13, 5, "1.1 hours"), (4, 5, "20 minutes"), (84, 60, "3.5 days"), (1, 60, "1 hour"),
])  # fmt: skip
def test_how_long_rows_are(rows, minutes, text):
    assert duration_of_rows(rows, minutes) == text
