"""TensorBoard's own reader finds the scalars and hyperparameters of an evaluation."""

from gman_search.config import at_stage
from gman_search.record import Epoch
from gman_search.space import SearchSpace
from gman_search.stages import PRESETS
from gman_search.training.job import Job


def test_scalars_and_hyperparameters_are_read_back(tmp_path):
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    from tensorboard.plugins.hparams import metadata, plugin_data_pb2

    from gman_search.training.tensorboard_log import tensorboard_log

    settings = at_stage(SearchSpace().preset(), PRESETS["quick"])
    job = Job(7, "quick", settings, seed=0, folder=tmp_path / "run", logs=tmp_path / "logs")
    with tensorboard_log(job) as log:
        for number in (1, 2):
            log(Epoch(number, 10 * number, 4.0, 5.0 - number, 0.002, 1.0))
    found = EventAccumulator(str(tmp_path / "logs"), size_guidance={"tensors": 0}).Reload()
    assert {"train_mae", "val_mae", "learning_rate"} <= set(found.Tags()["tensors"])
    content = found.SummaryMetadata(metadata.SESSION_START_INFO_TAG).plugin_data.content
    session = plugin_data_pb2.HParamsPluginData.FromString(content).session_start_info
    assert session.hparams["learning_rate"].number_value == 0.002
    assert session.hparams["stage"].string_value == "quick"
    assert session.hparams["causal"].bool_value is True


def test_without_a_folder_nothing_is_written(tmp_path):
    from gman_search.training.tensorboard_log import tensorboard_log

    job = Job(0, "quick", at_stage(SearchSpace().preset(), PRESETS["quick"]), seed=0, folder=tmp_path)
    with tensorboard_log(job) as log:
        log(Epoch(1, 10, 4.0, 5.0, 0.002, 1.0))
    assert list(tmp_path.iterdir()) == []


def test_a_log_that_cannot_be_written_ends_the_logging_and_nothing_else(tmp_path, caplog):
    from gman_search.training.tensorboard_log import tensorboard_log

    (tmp_path / "file").write_text("where a folder should be")
    settings = at_stage(SearchSpace().preset(), PRESETS["quick"])
    job = Job(7, "quick", settings, seed=0, folder=tmp_path, logs=tmp_path / "file" / "logs")
    with tensorboard_log(job) as log:
        for number in (1, 2):
            log(Epoch(number, 10 * number, 4.0, 5.0 - number, 0.002, 1.0))
    assert [record.message.split(":")[0] for record in caplog.records] == ["no more TensorBoard logs of quick/7"]
