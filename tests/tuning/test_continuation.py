"""Going on with a study under other settings or on other data: which key, what is stored, what was given."""

import json

import pytest

from gman_search.data.stored import StoredData
from gman_search.errors import DataError, UsageError
from gman_search.spec import StudySpec
from gman_search.tuning.continuation import cannot_resume, changed_settings
from gman_search.tuning.factory import existing_search_study, open_search_study

STORED = StoredData(
    fingerprint="one", rows=48, first="2025-03-03T00:00", last="2025-03-04T23:00", known_until="2025-03-04T12:00",
    step_minutes=60, sensors=4, days="aaaaaabbbbbb",
)  # fmt: skip


def spec(**tree):
    return StudySpec.model_validate({"name": "x", **tree}).model_dump(mode="json")


def error(before, now, fingerprints=("one", "one"), given=STORED):
    return cannot_resume("x", before, now, fingerprints, STORED, given)


def test_key_stored_and_given_value_and_the_remedy_are_named():
    narrow, wide = spec(space={"learning_rate": {"high": 0.01}}), spec(space={"learning_rate": {"high": 0.02}})
    found = error(wide, narrow)
    assert str(found) == (
        "Cannot resume 'x': `space.learning_rate.high` is 0.02 in the study and 0.01 here. "
        "Restore it, or choose another `--study`."
    )
    assert isinstance(found, UsageError) and found.exit_code == 2


@pytest.mark.parametrize("before, now, told", [
    ({"budget": "laptop"}, {"budget": "guide"}, '`budget` is "laptop" in the study and "guide" here'),
    ({}, {"stages": {"quick": {"max_epochs": 3}}}, "`stages.quick.max_epochs` is not set in the study and 3 here"),
    ({"seed": 1}, {"seed": 2}, "`seed` is 1 in the study and 2 here"),
    ({"model": {"shortcuts": False}}, {}, "`model.shortcuts` is false in the study and true here"),
    ({"halving": {"reduction_factor": [4, 2]}}, {"halving": {"reduction_factor": 3}}, "`halving.reduction_factor` is [4, 2] in the study and 3 here"),
    ({"data": {"validation_stride": 5}}, {}, '`data.validation_stride` is 5 in the study and "auto" here'),
])  # fmt: skip
def test_any_setting_that_would_make_results_incomparable_is_refused(before, now, told):
    assert told in str(error(spec(**before), spec(**now)))


@pytest.mark.parametrize("now", [
    {}, {"trials": 99}, {"search": {"workers": 7}}, {"data": {"readings": "moved/speed.csv", "adjacency": "there.csv"}},
])  # fmt: skip
def test_totals_workers_and_places_of_files_may_change(now):
    assert error(spec(), spec(**now)) is None


def test_several_settings_are_counted():
    now = spec(seed=1, budget="guide", halving={"warm_start": "none", "pruner": "median"})
    assert len(changed_settings(spec(), now, data=False)) == 4
    assert str(error(spec(), now)).endswith("and 1 more settings differ. Restore them, or choose another `--study`.")


def test_other_data_say_which_setting_or_which_readings():
    by_setting = error(spec(), spec(data={"history": 6}), ("one", "two"))
    assert "`data.history` is 12 in the study and 6 here. Restore it" in str(by_setting)
    assert isinstance(by_setting, UsageError)
    other = STORED.model_copy(update={"fingerprint": "two", "days": "aaaaaacccccc"})
    by_rows = error(spec(), spec(), ("one", "two"), other)
    assert "readings of 2025-03-04 differ from those of the study. Restore them" in str(by_rows)
    assert isinstance(by_rows, DataError) and by_rows.exit_code == 3
    moved = error(spec(), spec(data={"readings": "b.csv"}), ("one", "two"), other)
    assert '`data.readings` is "demo" in the study and "b.csv" here; readings of 2025-03-04 differ' in str(moved)
    assert isinstance(moved, DataError)
    longer = STORED.model_copy(update={"last": "2025-03-05T01:00", "rows": 50, "days": "aaaaaaccccccdddddd"})
    assert "2 rows were added after 2025-03-04 23:00" in str(error(spec(), spec(), ("one", "two"), longer))
    assert "the readings, the graph or the embedding" in str(error(spec(), spec(), ("one", "two"), None))


def test_an_opened_study_remembers_its_readings(open_study):
    studies, _ = open_study(trials=2)
    storage, before = studies.store.storage, studies.spec
    moved = before.model_copy(update={"name": "other"})
    schedule = moved.schedule((2, 2))
    open_search_study(storage, moved, schedule, "one", data=STORED)
    open_search_study(storage, moved, schedule, "one", data=STORED)
    other = STORED.model_copy(update={"fingerprint": "two", "sensors": 5})
    with pytest.raises(DataError, match="Cannot resume 'other': 4 sensors in the study and 5 here"):
        open_search_study(storage, moved, schedule, "two", data=other)
    wider = moved.model_copy(update={"seed": 9})
    with pytest.raises(UsageError, match="`seed` is 0 in the study and 9 here"):
        open_search_study(storage, wider, schedule, "one", data=STORED)
    assert (
        json.loads(json.dumps(existing_search_study(storage, moved).store.by_stage["quick"].user_attrs["readings"]))[
            "rows"
        ]
        == 48
    )
