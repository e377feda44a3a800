"""Where `train` writes: never over the weights of other settings."""

import pytest

from gman_search.cli.training_folder import digest_of_weights, training_folder
from gman_search.errors import DataError

ONE, OTHER = {"seed": 1, "shape": (2, 4)}, {"seed": 2, "shape": (2, 4)}


def trained(runs, settings, weights="weights", *, outcome=None, overwrite=False):
    """The folder of a training that left these weights."""
    run = training_folder(runs, "full", settings, overwrite=overwrite)
    run.write()
    (run.path / "weights.npz").write_text(weights)
    run.write(outcome or {"val_mae": 3.0})
    return run


def test_the_first_training_takes_the_stages_folder_and_other_settings_another(tmp_path):
    first = trained(tmp_path, ONE, "good")
    assert first.path == tmp_path / "full" and first.taken == ()
    second = trained(tmp_path, OTHER, "worse")
    assert second.name == "full-2" and second.taken == ("full",)
    third = trained(tmp_path, {"seed": 3})
    assert third.name == "full-3" and third.taken == ("full", "full-2")
    assert (tmp_path / "full" / "weights.npz").read_text() == "good"
    assert (tmp_path / "full-2" / "weights.npz").read_text() == "worse"


def test_the_same_settings_find_what_they_have_trained(tmp_path):
    trained(tmp_path, ONE)
    trained(tmp_path, OTHER, outcome={"val_mae": 2.5})
    again = training_folder(tmp_path, "full", OTHER, overwrite=False)
    assert again.name == "full-2" and again.outcome == {"val_mae": 2.5} and not again.can_resume


def test_an_interrupted_training_is_resumed_and_one_without_weights_leaves_its_folder_free(tmp_path):
    run = training_folder(tmp_path, "full", ONE, overwrite=False)
    assert not run.can_resume
    run.write()
    (run.path / "weights.npz").write_text("of the best epoch so far")
    assert training_folder(tmp_path, "full", ONE, overwrite=False).can_resume
    assert training_folder(tmp_path, "full", OTHER, overwrite=False).name == "full-2"
    (run.path / "weights.npz").unlink()
    free = training_folder(tmp_path, "full", OTHER, overwrite=False)
    assert free.name == "full" and not free.can_resume


def test_weights_of_unknown_settings_stay(tmp_path):
    for name, text in (("full", None), ("full-2", "{"), ("full-3", "[]")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "weights.npz").write_text("of an older version")
        if text is not None:
            (tmp_path / name / "training.json").write_text(text)
    assert training_folder(tmp_path, "full", ONE, overwrite=False).name == "full-4"


def test_overwrite_takes_the_stages_folder(tmp_path):
    trained(tmp_path, ONE)
    run = trained(tmp_path, OTHER, "new", overwrite=True)
    assert run.path == tmp_path / "full" and run.outcome is None and not run.taken
    assert (tmp_path / "full" / "weights.npz").read_text() == "new"


def test_weights_are_told_apart(tmp_path):
    (tmp_path / "weights.npz").write_text("a")
    (tmp_path / "b.weights.h5").write_text("b")
    assert digest_of_weights(tmp_path) == digest_of_weights(tmp_path / "weights.npz")
    assert digest_of_weights(tmp_path) != digest_of_weights(tmp_path / "b.weights.h5")
    with pytest.raises(DataError, match="cannot be read"):
        digest_of_weights(tmp_path / "none.h5")
