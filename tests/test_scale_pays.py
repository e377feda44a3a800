"""Does scale pay: the schedules fit the time, parents come first, and what is kept is not trained again."""

import sys

import pytest


@pytest.fixture(scope="module")
def scale(repository):
    sys.path.insert(0, str(repository / "benchmarks"))
    yield __import__("scale_pays")
    sys.path.remove(str(repository / "benchmarks"))


@pytest.fixture
def question(scale):
    return scale.Question("demo", "/data", {"learning_rate": 0.004}, 0, 10.0, 960, 8)


def row(question, chain, seconds=60.0):
    test = {"3": 1.0, "6": 2.0, "12": 3.0, "mean": 2.0}
    told = {"val": 2.0, "test": test, "best_epoch": 7, "epochs": 9, "planned_epochs": 12, "steps": 99, "ended": "time"}
    return {"chain": list(chain), **question.told, **told, "seconds": seconds}


def test_a_schedule_fits_the_time_with_all_decays_of_the_guide(scale, question):
    for stage, decays in (("quick", 5), ("medium", 10), ("full", 20)):
        settings = scale.planned(stage, question, 19.0, 96_000)
        assert settings.max_epochs == 30 and settings.max_epochs / settings.decay_epoch == pytest.approx(decays)
        assert settings.windows_per_epoch == 960 and settings.patience == 8 and settings.shortcuts
    assert scale.planned("medium", question, 19.0, 96_000).learning_rate == pytest.approx(0.003), "twice the guide's"


def test_no_more_epochs_are_planned_than_the_guide_has_passes_and_no_fewer_than_some(scale, question):
    assert scale.planned("quick", question, 0.001, 1920).max_epochs == 50 * 2
    assert scale.planned("quick", question, 0.001, 200).max_epochs == 50, "an epoch is one pass at most"
    assert scale.planned("full", question, 1e6, 1920).max_epochs == scale.PLANNED_AT_LEAST


def test_what_is_kept_is_trained_again_only_where_a_larger_one_needs_its_weights(scale, question, tmp_path):
    assert set(scale.missing([], question, tmp_path)) == set(scale.CHAINS)
    kept = [row(question, chain) for chain in scale.CHAINS[:-1]]
    wanted = [("quick",), ("quick", "medium"), ("quick", "medium", "full")]
    assert scale.missing(kept, question, tmp_path) == wanted
    weights = scale.folder_of(tmp_path, ("quick", "medium")) / "weights.npz"
    weights.parent.mkdir()
    weights.touch()
    assert scale.missing(kept, question, tmp_path) == wanted[-1:]
    assert scale.missing([*kept, row(question, wanted[-1])], question, tmp_path) == []


def test_the_table_has_the_time_of_the_parents_in_it(scale, question):
    table = scale.table([row(question, chain) for chain in scale.CHAINS]).splitlines()
    assert [line.split(" | ")[1:3] for line in table[2:]] == [
        ["quick", "cold"], ["medium", "cold"], ["medium", "grown"], ["full", "cold"], ["full", "grown"]
    ]  # fmt: skip
    assert table[-1].endswith("| 7 | 9 of 12 | 99 | 1.0 | 3.0 | time |")
