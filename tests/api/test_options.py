"""Arguments of `search` are the settings that the command line's flags are."""

import os

import numpy as np
import pandas as pd
import pytest

from gman_search.api.options import Given, request_of
from gman_search.data.read import read_series
from gman_search.data.task import load_task
from gman_search.errors import DataError, StudyError, UsageError
from gman_search.specification import resolve_spec
from gman_search.tuning.factory import open_studies

from .conftest import readings, write_files

DEFAULTS = {
    "graph": None, "trials": None, "hours": None, "name": None, "spec": None, "studies": "studies",
    "reports": "reports", "storage": None, "workers": None, "seed": None, "progress": True,
}  # fmt: skip


@pytest.fixture(autouse=True)
def alone(tmp_path, monkeypatch):
    """An empty working folder, and no settings in the environment."""
    monkeypatch.chdir(tmp_path)
    for name in [key for key in os.environ if key.startswith("GMAN_SEARCH_")]:
        monkeypatch.delenv(name)


def asked(data=None, **arguments):
    named = {key: arguments.pop(key) for key in DEFAULTS if key in arguments}
    return request_of(Given(data, **{**DEFAULTS, **named}, options=arguments))


def test_arguments_and_flags_make_the_same_specification(tmp_path):
    request = asked(
        "speed.csv", graph="distances.csv", trials=30, workers=3, seed=5, unit="km/h", holidays="US-CA", sensors=7,
        spec={"stages.quick.max_epochs": 3, "halving": {"reduction_factor": 2}},
    )  # fmt: skip
    flags = {
        "data.readings": str(tmp_path / "speed.csv"), "data.adjacency": str(tmp_path / "distances.csv"), "trials": 30,
        "search.workers": 3, "seed": 5, "data.holidays": "US-CA", "data.sensors": 7,
    }  # fmt: skip
    settings = ["data.unit=km/h", "stages.quick.max_epochs=3", "halving.reduction_factor=2"]
    expected = resolve_spec(
        spec_file=None, study=None, studies_folder=tmp_path, flags=flags, settings=settings, environment={}
    )
    assert request.spec == expected and request.spec.name == "speed"
    assert not request.fit and request.hours is None


def test_tables_leave_what_they_do_not_name_as_it_is():
    request = asked(
        "demo", spec={"stages": {"quick": {"max_epochs": 3}}, "space": {"dropout": {"choices": [0.0, 0.1]}}}
    )
    quick, medium, _ = request.spec.stage_list()
    assert quick.max_epochs == 3 and (quick.L, medium.max_epochs) == (2, asked("demo").spec.stage_list()[1].max_epochs)
    assert tuple(request.spec.space.dropout.choices) == (0.0, 0.1)


def test_an_argument_beats_a_setting_which_beats_the_environment(monkeypatch):
    monkeypatch.setenv("GMAN_SEARCH_TRIALS", "5")
    monkeypatch.setenv("GMAN_SEARCH_SEED", "6")
    assert asked("demo", spec={"trials": 9}, trials=11).spec.trials == 11
    request = asked("demo", spec={"trials": 9})
    assert (request.spec.trials, request.spec.seed) == (9, 6)


def test_hours_alone_try_what_fits(tmp_path):
    assert asked("demo", hours=8).fit and asked("demo", trials="fit", hours=8).fit
    assert not asked("demo", hours=8, trials=20).fit
    assert not asked("demo", hours=8, spec={"trials": 20}).fit
    (tmp_path / "mine.toml").write_text('trials = 20\n[data]\nreadings = "demo"\n')
    request = asked(spec="mine.toml", hours=8)
    assert not request.fit and request.spec.trials == 20
    for hours, trials in ((None, "fit"), (0, None), (-1, 5), (float("nan"), 5)):
        with pytest.raises(UsageError, match="hours above 0"):
            asked("demo", hours=hours, trials=trials)


def test_paths_hold_from_any_folder(tmp_path):
    data = asked("speed.csv", graph=tmp_path / "g.csv", embedding="SE.txt").spec.data
    assert (data.readings, data.adjacency) == (str(tmp_path / "speed.csv"), str(tmp_path / "g.csv"))
    assert data.embedding == str(tmp_path / "SE.txt")
    assert asked(spec={"data.readings": "other.csv"}).spec.data.readings == str(tmp_path / "other.csv")


def test_what_is_unknown_is_refused_with_the_nearest_name():
    with pytest.raises(TypeError, match="unexpected keyword argument 'worker'$"):
        asked("demo", worker=2)
    with pytest.raises(TypeError, match="'units': did you mean 'unit'"):
        asked("demo", units="km/h")
    with pytest.raises(
        UsageError, match=r"search\(\): unknown key 'stages.quick.max_epocs': did you mean 'max_epochs'"
    ):
        asked("demo", spec={"stages.quick.max_epocs": 3})
    with pytest.raises(UsageError, match=r"search\(\): trials: .*received -3"):
        asked("demo", trials=-3)


def test_there_must_be_something_to_search_on():
    with pytest.raises(UsageError, match="received none of them"):
        asked(trials=5)
    with pytest.raises(UsageError, match="no study of that name in studies"):
        asked(name="nowhere", trials=5)


def test_a_study_that_only_the_database_knows_goes_on(tmp_path):
    spec = asked(write_files(tmp_path) / "speed.csv", name="away", trials=7, spec={"halving.reduction_factor": 2}).spec
    url = f"sqlite:///{tmp_path}/away.db"
    open_studies(url, spec, load_task(spec.data, tmp_path))
    request = asked(name="away", storage=url, hours=1)
    assert request.spec == spec and not request.fit
    assert asked(name="away", storage=url, trials=9).spec == spec.model_copy(update={"trials": 9})
    with pytest.raises(UsageError, match="no study of that name in sqlite"):
        asked(name="another", storage=url)


def test_a_data_frame_is_kept_as_a_file_of_its_own(tmp_path):
    table = readings()
    table.iloc[3, 1] = np.nan
    request = asked(table, name="mine", trials=4)
    kept = read_series(tmp_path / request.spec.data.readings)
    assert kept.sensors == ("s0", "s1", "s2", "s3") and kept.step_minutes == 60
    assert kept.values[3, 1] == 0
    np.testing.assert_allclose(kept.values[4:], table.to_numpy()[4:], rtol=1e-6)
    assert asked(table, name="mine", trials=4).spec == request.spec
    other = asked(table + 1, name="mine", trials=4)
    assert other.spec.data.readings != request.spec.data.readings
    assert len(list((tmp_path / "studies" / "mine").iterdir())) == 2
    assert "readings-" in request.command[-1] and request.command[:2] == ("python", "-c")


def test_a_data_frame_needs_a_name_and_regular_times(tmp_path):
    with pytest.raises(UsageError, match="name="):
        asked(readings())
    with pytest.raises(DataError, match="expected times"):
        asked(pd.DataFrame({"a": [1.0, 2.0]}), name="mine")
    with pytest.raises(DataError, match="received ndarray"):
        asked(np.ones((5, 2)), name="mine")
    with pytest.raises(UsageError, match="name"):
        asked(readings(), name="../mine")
    assert not list(tmp_path.iterdir())


def test_the_call_is_kept_without_a_password():
    url = "postgresql://me:secret@host/base"
    request = asked("speed.csv", graph="distances.csv", hours=8, storage=url, unit="km/h")
    assert request.place.storage == url
    assert request.command[-1] == (
        "import gman_search; gman_search.search('speed.csv', graph='distances.csv', hours=8, "
        "storage='postgresql://me:***@host/base', unit='km/h')"
    )


def test_a_study_that_is_damaged_or_missing_is_told(tmp_path):
    from gman_search import load_study

    with pytest.raises(StudyError, match="no 'nowhere' in studies"):
        load_study("nowhere")
    (tmp_path / "studies" / "bad").mkdir(parents=True)
    (tmp_path / "studies" / "bad" / "spec.json").write_text("{}}")
    with pytest.raises(StudyError, match="damaged"):
        load_study("bad")
    with pytest.raises(UsageError, match="not a path"):
        load_study("../bad")
    with pytest.raises(StudyError, match="none of that name"):
        load_study("bad", storage=f"sqlite:///{tmp_path}/none.db")
    assert not (tmp_path / "none.db").exists()
