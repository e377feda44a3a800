"""A study of an older version is refused in one line; a damaged specification is no study of an older version."""

import json

import pytest

from gman_search.errors import StudyError
from gman_search.spec import StudySpec
from gman_search.specification import resolve_spec
from gman_search.stored_spec import parse_stored_spec

OLD = {
    "name": "mine",
    "trials": 50,
    "data": {"speed": "demo", "train": 0.6, "missing_inputs": "last"},
    "halving": {"eta": 5},
}


def test_what_this_version_wrote_comes_back():
    spec = StudySpec(name="mine", trials=9)
    assert parse_stored_spec(spec.model_dump_json()) == spec


def test_an_older_study_names_its_version():
    with pytest.raises(StudyError, match=r"gman-search 0\.1\.0 made mine") as error:
        parse_stored_spec(json.dumps(OLD))
    assert "\n" not in str(error.value) and "another --study" in str(error.value)


def test_a_run_that_would_go_on_with_it_is_refused_too(tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "spec.json").write_text(json.dumps(OLD))
    with pytest.raises(StudyError, match="0.1.0 made mine"):
        resolve_spec(spec_file=None, study="mine", studies_folder=tmp_path, flags={}, settings=[], environment={})


@pytest.mark.parametrize("text", ["", "{", "[]", '{"data": {"nonsense": 1}}'])
def test_what_is_damaged_is_no_older_version(text):
    with pytest.raises(ValueError):
        parse_stored_spec(text)
