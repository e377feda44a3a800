"""TOML, environment and flags of any content: a specification, or one line that says what is wrong."""

import tomllib

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gman_search.errors import UsageError
from gman_search.spec import StudySpec
from gman_search.specification import resolve_spec

KEYS = ["name", "trials", "seed", "data", "budget", "stages", "space", "halving", "search", "speed", "train", "test", "eta",
        "quick", "medium", "full", "L", "K", "learning_rate", "low", "high", "choices", "default", "workers", "sensors",
        "channel", "missing", "split", "groups", "history", "causal", "dropout", "x"]  # fmt: skip
SETTINGS = settings(max_examples=250, suppress_health_check=[HealthCheck.function_scoped_fixture])

scalars = st.one_of(
    st.none(), st.booleans(), st.integers(-(2**70), 2**70), st.floats(), st.text(max_size=6), st.datetimes(), st.dates(),
    st.sampled_from(["auto", "cost", "demo", "gman", "grow", "../x"]),
)  # fmt: skip
trees = st.recursive(
    scalars,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(st.sampled_from(KEYS), inner, max_size=4)),
    max_leaves=12,
)
TOML = 'name = "a"\ntrials = 3\n[data]\nreadings = "a.csv"\nsensors = ["a", "b"]\n[space.learning_rate]\nlow = 1e-3\n[stages.full]\nL = 5\n'


def resolved(path=None, flags=None, settings=(), environment=None):
    try:
        spec = resolve_spec(
            spec_file=path, study=None, studies_folder=path.parent if path else None, flags=flags or {},
            settings=list(settings), environment=environment or {},
        )  # fmt: skip
    except UsageError as refusal:
        assert str(refusal)
    else:
        assert isinstance(spec, StudySpec)


@SETTINGS
@given(st.one_of(st.text(max_size=80), st.binary(max_size=40)))
def test_no_text_makes_the_toml_reader_stumble(write, text):
    resolved(write(text if isinstance(text, bytes) else text.encode("utf-8", "replace"), "a.toml"))


@SETTINGS
@given(st.integers(0, len(TOML)), st.integers(0, 12), st.text(alphabet='0123456789.-[]{}"=\n ainfe', max_size=12))
def test_no_edit_of_a_specification_makes_it_stumble(write, place, removed, added):
    resolved(write(TOML[:place] + added + TOML[place + removed :], "a.toml"))


@SETTINGS
@given(st.dictionaries(st.sampled_from(KEYS), trees, max_size=5))
def test_no_tree_of_values_makes_it_stumble(tree):
    from gman_search.specification import validated

    try:
        validated(StudySpec, tree, "tree")
    except UsageError as refusal:
        assert str(refusal)


@SETTINGS
@given(st.lists(st.text(alphabet="abcdataspeed.=[]{}\"'0123456789-", max_size=25), max_size=4))
def test_no_setting_makes_it_stumble(texts):
    resolved(flags={"data.readings": "a.csv"}, settings=texts)


@SETTINGS
@given(st.dictionaries(st.sampled_from([f"GMAN_SEARCH_{key}".upper() for key in (*KEYS, "data__speed", "search__workers", "__", "a__b__c")]),
                       st.text(max_size=12), max_size=4))  # fmt: skip
def test_no_environment_makes_it_stumble(environment):
    resolved(flags={"data.readings": "a.csv"}, environment=environment)


def test_deep_nesting_and_long_numbers_are_refused(write):
    resolved(write("a = " + "[" * 3000, "a.toml"))
    resolved(write("trials = " + "9" * 5000, "a.toml"))
    resolved(write(("a." * 3000) + "b = 1", "a.toml"))


@pytest.mark.parametrize("toml, told", [
    ('[data]\nmissing_values = ["nan"]', '"zero" must be in it'), ('[data]\nsplit = "random"', "data.split"),
    ('[data]\nembedding_method = "magic"', "data.embedding_method"), ("[data]\nchanel = 1", "did you mean 'channel'"),
])  # fmt: skip
def test_wrong_data_settings_are_told(write, toml, told):
    path = write(toml, "a.toml")
    assert tomllib.loads(toml)
    with pytest.raises(UsageError) as refusal:
        resolve_spec(spec_file=path, study=None, studies_folder=path.parent, flags={}, settings=[], environment={})
    assert told in str(refusal.value)


def test_other_readings_forget_the_holidays_of_the_file_and_keep_those_of_the_flag(write):
    path = write('[data]\nreadings = "a.csv"\nholidays = "DE-BY"', "a.toml")
    given = {"spec_file": path, "study": None, "studies_folder": path.parent, "settings": [], "environment": {}}
    assert resolve_spec(**given, flags={}).data.holidays == "DE-BY"
    assert resolve_spec(**given, flags={"data.readings": "b.csv"}).data.holidays is None
    assert resolve_spec(**given, flags={"data.readings": "b.csv", "data.holidays": "US"}).data.holidays == "US"
