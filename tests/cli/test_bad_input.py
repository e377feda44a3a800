"""Bad input: one clear line on stderr, the exit code of the contract, no traceback."""

import pytest


def refused(process, code: int, *words: str) -> None:
    lines = process.stderr.strip().splitlines()
    assert process.returncode == code, process.stderr
    assert "Traceback" not in process.stderr
    assert len(lines) == 1 and lines[0].startswith("gman-search: "), process.stderr
    for word in words:
        assert word in lines[0]
    assert process.stdout == ""


@pytest.fixture
def run(command_line, network, tmp_path):
    def call(*arguments, data=None, **variables):
        speed = data or network / "speed.csv"
        return command_line("run", "--data", speed, "--trials", "2", "-q", *arguments, cwd=tmp_path, **variables)

    return call


def test_missing_file(run, tmp_path):
    refused(run(data=tmp_path / "nothing.csv"), 3, "nothing.csv", "no such file")


def test_wrong_shape_of_adjacency(run, tmp_path):
    (tmp_path / "matrix.csv").write_text("1,0\n0,1\n")
    refused(run("--adjacency", tmp_path / "matrix.csv"), 3, "4 x 4", "2 x 2")


def test_nan_column(run, tmp_path, network):
    lines = (network / "speed.csv").read_text().splitlines()
    (tmp_path / "nan.csv").write_text("\n".join([lines[0] + ",s9", *(line + ",NaN" for line in lines[1:])]))
    refused(run(data=tmp_path / "nan.csv"), 3, "'s9'", "no readings")


def test_series_shorter_than_a_window(run, tmp_path, network):
    lines = (network / "speed.csv").read_text().splitlines()
    (tmp_path / "short.csv").write_text("\n".join(lines[:20]))
    refused(run(data=tmp_path / "short.csv"), 3, "too short", "24")


def test_unknown_toml_key(command_line, tmp_path):
    (tmp_path / "bad.toml").write_text("trails = 10\n")
    refused(command_line("run", "--spec", "bad.toml", "-q", cwd=tmp_path), 2, "bad.toml", "trails", "'trials'")


@pytest.mark.parametrize("name", ["../evil", "a/b", "..", ""])
def test_study_name_with_a_path(run, name):
    refused(run("--study", name), 2, "name")


def test_missing_study(command_line, tmp_path):
    refused(command_line("status", "nobody", cwd=tmp_path), 4, "nobody")
    refused(command_line("status", "../evil", cwd=tmp_path), 2, "not a path")


def test_values_out_of_range(run):
    refused(run("--set", "data.train_share=1.5"), 2, "data.train_share")
    refused(run("--set", "stages.full.L=1"), 2, "must not be smaller")
    refused(run("--set", "nonsense"), 2, "key=value")


def test_unknown_sensor_and_missing_step(run, tmp_path):
    refused(run("--sensors", "s0,s77"), 3, "s77")
    (tmp_path / "bare.csv").write_text("a,b\n1,2\n3,4\n")
    refused(run(data=tmp_path / "bare.csv"), 3, "--start and --step")


def test_the_environment_beats_toml_and_flags_beat_it(command_line, tmp_path, network):
    import json

    (tmp_path / "mine.toml").write_text(f'trials = 3\n[data]\nreadings = "{network / "speed.csv"}"\n')
    plan = ["run", "--spec", "mine.toml", "--dry-run", "--json"]
    assert json.loads(command_line(*plan, cwd=tmp_path).stdout)["trials"] == 3
    assert json.loads(command_line(*plan, cwd=tmp_path, GMAN_SEARCH_TRIALS="5").stdout)["trials"] == 5
    assert json.loads(command_line(*plan, "--trials", "7", cwd=tmp_path, GMAN_SEARCH_TRIALS="5").stdout)["trials"] == 7


def test_other_data_for_an_existing_study_is_refused(finished, command_line, tmp_path, network):
    folder, _ = finished
    text = (network / "speed.csv").read_text().replace("5", "4")
    (tmp_path / "other.csv").write_text(text.replace("2024-", "2025-"))
    process = command_line("run", "--study", "tiny", "--data", tmp_path / "other.csv", "-q", cwd=folder)
    assert process.returncode in (3, 4) and "Traceback" not in process.stderr


def test_predict_refuses_what_it_cannot_use(finished, command_line, tmp_path):
    folder, _ = finished
    (tmp_path / "few.csv").write_text("time,s0\n2025-03-03 00:00,50\n2025-03-03 01:00,50\n")
    process = command_line("predict", "tiny", tmp_path / "few.csv", cwd=folder)
    refused(process, 3, "at least the last 4 rows")
    (tmp_path / "step.csv").write_text("time,s0\n" + "".join(f"2025-03-03 00:{m:02d},50\n" for m in range(0, 50, 5)))
    refused(command_line("predict", "tiny", tmp_path / "step.csv", cwd=folder), 3, "every 60 min")
