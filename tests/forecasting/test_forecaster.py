"""The saved model forecasts what the model in training does, from every form of readings, and refuses what it cannot use."""

import dataclasses
import subprocess
import sys

import numpy as np
import pandas as pd
import pytest

from gman_search import Forecaster
from gman_search.errors import DataError
from gman_search.io.arrays import read_arrays, write_arrays

from .conftest import saved_run, small_task


def recent(task, rows: int = 30):
    series = task.series
    return dataclasses.replace(series, values=series.values[-rows:], times=series.times[-rows:])


def test_every_origin_is_forecast_as_in_training(task, run):
    folder, trained = run
    starts = np.concatenate([task.starts["val"], task.starts["test"]])
    expected = trained.forecast(starts, causal=True)
    found = Forecaster(folder).windows(task.series, starts)
    np.testing.assert_allclose(found, expected, rtol=1e-5)


def test_the_latest_of_all_origins_is_the_latest(task, run):
    model = Forecaster(run[0])
    parts = list(model.forecast_all(recent(task), interval=80))
    last = model.forecast(recent(task), interval=80)
    assert sum(len(part.origins) for part in parts) == 30 - 4 + 1
    np.testing.assert_allclose(parts[-1].values[-1], last.values[0], rtol=1e-5)
    assert parts[-1].times[-1].tolist() == last.times[0].tolist()
    assert last.origins[0] == task.series.times[-1]
    assert last.times[0, 0] - last.origins[0] == np.timedelta64(60, "m")
    assert (last.lower < last.values).all() and (last.values < last.upper).all()
    np.testing.assert_allclose(last.upper - last.values, model.model.intervals.half_width(last.values, 80), rtol=1e-5)


def test_csv_parquet_and_frames_in_any_order_with_strangers_give_one_forecast(task, run, tmp_path):
    model = Forecaster(run[0])
    series = recent(task)
    frame = pd.DataFrame(series.values, columns=list(series.sensors), index=pd.DatetimeIndex(series.times))
    frame = frame[list("cabed")].assign(stranger=1.0).rename_axis("time")
    frame.to_csv(tmp_path / "recent.csv")
    frame.to_parquet(tmp_path / "recent.parquet")
    frame.reset_index().to_parquet(tmp_path / "column.parquet", index=False)
    frame.replace(0, np.nan).to_parquet(tmp_path / "nan.parquet")
    expected = model.forecast(series).values
    sources = (tmp_path / "recent.csv", str(tmp_path / "recent.parquet"), tmp_path / "column.parquet",
               tmp_path / "nan.parquet", frame, frame.reset_index(), frame.drop(frame.index[7]))  # fmt: skip
    for source in sources[:-1]:
        np.testing.assert_allclose(model.forecast(source).values, expected, rtol=1e-5)
    assert model.forecast(sources[-1]).times.tolist() == model.forecast(series).times.tolist()  # a gap is missing rows


@pytest.mark.parametrize("change, words", [
    (lambda f: f.iloc[:3], "at least the last 4 rows"),
    (lambda f: f.drop(columns="b"), "such as b"),
    (lambda f: f.iloc[::2], "every 60 min; received every 120"),
    (lambda f: pd.concat([f, f.iloc[-1:]]), "rising times"),
    (lambda f: f.iloc[[0, 1, 3, 9, 10, 20, 29]], "few gaps"),
    (lambda f: f.tz_localize("UTC"), "without a time zone"),
    (lambda f: f.assign(a="fast"), "column 'a' has no numbers, such as 'fast' in row 0"),
    (lambda f: f.assign(a=-1.0), "at least 0"),
    (lambda f: f.assign(a=np.inf), "at least 0"),
    (lambda f: f.reset_index(drop=True), "expected times"),
    (lambda f: f.rename(columns={"a": "b"}), "different name"),
])  # fmt: skip
def test_what_cannot_be_used_is_refused(task, run, change, words):
    series = recent(task)
    frame = pd.DataFrame(series.values, columns=list(series.sensors), index=pd.DatetimeIndex(series.times))
    with pytest.raises(DataError, match=words):
        Forecaster(run[0]).forecast(change(frame))


@pytest.mark.parametrize(
    "readings, words", [(None, "received NoneType"), (np.ones((30, 5)), "received ndarray.*pd.DataFrame")]
)
def test_what_is_no_form_of_readings_is_refused(run, readings, words):
    with pytest.raises(DataError, match=words):
        Forecaster(run[0]).forecast(readings)


def test_a_frame_as_read_csv_leaves_it(task, run, tmp_path):
    model, series = Forecaster(run[0]), recent(task)
    table(series).to_csv(tmp_path / "recent.csv")
    frame = pd.read_csv(tmp_path / "recent.csv")
    np.testing.assert_allclose(model.forecast(frame).values, model.forecast(series).values, rtol=1e-5)
    with pytest.raises(DataError, match="the data frame, row 2: expected a time; received 'noon'"):
        model.forecast(frame.assign(time=["noon" if row == 2 else time for row, time in enumerate(frame["time"])]))


def test_a_frame_newest_first_is_sorted(task, run):
    model, frame = Forecaster(run[0]), table(recent(task))
    np.testing.assert_allclose(model.forecast(frame.iloc[::-1]).values, model.forecast(frame).values, rtol=1e-5)


def test_an_absurd_reading_makes_no_empty_forecast(task, run):
    frame = table(recent(task))
    frame.iloc[-2, 3] = 1e30
    with pytest.raises(DataError, match=r"no numbers.*1e\+30 of sensor d"):
        Forecaster(run[0]).forecast(frame)


def test_files_that_are_no_tables_are_refused(run, tmp_path):
    model = Forecaster(run[0])
    (tmp_path / "bad.parquet").write_bytes(b"PAR1 not really PAR1")
    for name, words in (
        ("bad.parquet", "expected a Parquet file"),
        ("no.parquet", "no such file"),
        ("no.csv", "no such"),
    ):
        with pytest.raises(DataError, match=words):
            model.forecast(tmp_path / name)


def test_a_silent_sensor_is_named(task, run):
    series = recent(task)
    values = series.values.copy()
    values[-4:, 2] = 0
    model = Forecaster(run[0])
    assert model.all_missing(dataclasses.replace(series, values=values)) == ["c"] and model.all_missing(series) == []


def table(series):
    return pd.DataFrame(
        series.values.astype(float), columns=list(series.sensors), index=pd.DatetimeIndex(series.times, name="time")
    )


@pytest.mark.parametrize("blank", [0.0, np.nan, None])
def test_a_dead_sensor_is_a_missing_one_in_every_form_of_readings(task, run, tmp_path, blank):
    frame = table(recent(task))
    model = Forecaster(run[0])
    expected = model.forecast(frame.assign(c=0.0)).values
    frame["c"] = pd.Series([blank] * len(frame), index=frame.index, dtype=object if blank is None else float)
    frame.to_csv(tmp_path / "recent.csv")
    frame.to_parquet(tmp_path / "recent.parquet")
    long = frame.reset_index().melt("time", var_name="sensor", value_name="speed")
    long.to_csv(tmp_path / "long.csv", index=False)
    for source in (frame, tmp_path / "recent.csv", tmp_path / "recent.parquet", tmp_path / "long.csv"):
        np.testing.assert_allclose(model.forecast(source).values, expected, rtol=1e-5)
        assert model.all_missing(model.read(source)) == ["c"]
    assert np.isfinite(expected).all()


def test_of_nothing_but_dead_sensors_no_forecast_is_made(task, run):
    frame = table(recent(task))
    frame.iloc[-4:] = np.nan
    with pytest.raises(DataError, match="last 4 rows to forecast from; all of them are missing"):
        Forecaster(run[0]).forecast(frame)


def test_readings_are_read_by_the_rules_of_training(tmp_path):
    task = small_task()
    saved_run(tmp_path, task, missing=("zero", "nan", "negative"))
    model = Forecaster(tmp_path)
    frame = table(recent(task))
    silent = frame.assign(b=0.0)
    np.testing.assert_allclose(model.forecast(frame.assign(b=-1.0)).values, model.forecast(silent).values)
    data = np.stack([frame.to_numpy() * 0 + 7, frame.to_numpy()], axis=2)
    np.savez(tmp_path / "two.npz", data=data)
    named = dataclasses.replace(model.model, config=model.config.model_copy(update={"sensors": tuple("01234")}))
    times = {"start": str(frame.index[0]), "step": "60min"}
    second = {"reading": named.config.reading.with_given(channel=1)}
    first = Forecaster(dataclasses.replace(named, config=named.config.model_copy(update=second)))
    expected = model.forecast(frame).values
    np.testing.assert_allclose(first.forecast(tmp_path / "two.npz", **times).values, expected, rtol=1e-5)
    other = first.forecast(tmp_path / "two.npz", channel=0, **times).values
    assert np.abs(other - expected).max() > 1
    with pytest.raises(DataError, match="choose|--channel"):
        Forecaster(named).forecast(tmp_path / "two.npz", **times)


@pytest.mark.parametrize("damage, words", [
    (lambda a, d: a.pop("transform/key/kernel"), "expected a tensor gman/transform/key/kernel|transform/key/kernel"),
    (lambda a, d: a.pop("constant/embedding"), "constant/embedding"),
    (lambda a, d: a.pop("constant/seen"), "constant/seen"),
    (lambda a, d: a.update({"constant/seen": np.ones(9)}), r"constant/seen of shape \(31,\)"),
    (lambda a, d: a.update({"constant/embedding": np.ones((2, 6))}), "embedding of 5 sensors"),
    (lambda a, d: a.update({"output/second/bias": np.ones(2)}), r"output/second/bias of shape \(1,\)"),
    (lambda a, d: a.pop("constant/interval_usual"), "interval_usual"),
    (lambda a, d: d.pop("mean"), "mean"),
    (lambda a, d: d.pop("hyperparameters"), "hyperparameters"),
    (lambda a, d: d.update(std=0), "std"),
    (lambda a, d: d.update(C=2), "one input channel"),
    (lambda a, d: d.pop("sensors"), "without scaler and sensors"),
])  # fmt: skip
def test_models_made_by_hand_are_told_what_they_lack(run, tmp_path, damage, words):
    arrays, description = read_arrays(run[0] / "weights.npz")
    damage(arrays, description)
    write_arrays(tmp_path / "weights.npz", arrays, description)
    with pytest.raises(DataError, match=words):
        Forecaster(tmp_path)


def test_intervals_that_were_not_made_are_refused_before_anything_is_forecast(task, run):
    model = Forecaster(run[0])
    with pytest.raises(DataError, match="50 to 99"):
        model.forecast_all(recent(task), interval=20)
    bare = Forecaster(dataclasses.replace(model.model, intervals=None))
    with pytest.raises(DataError, match="this one has none"):
        bare.forecast_all(recent(task), interval=90)


def test_groups_are_saved_and_a_fresh_process_forecasts_the_same_numbers(tmp_path):
    task = small_task(groups=3, sensors=8)
    trained = saved_run(tmp_path, task)
    expected = trained.forecast(task.starts["test"], causal=True)
    model = Forecaster(tmp_path)
    assert model.model.partitions.shape == (2, 3, 3)
    np.testing.assert_allclose(model.windows(task.series, task.starts["test"]), expected, rtol=1e-5)
    other = dataclasses.replace(model.model, partitions=model.model.partitions[::-1].copy())
    moved = Forecaster(other).windows(task.series, task.starts["test"])
    assert np.abs(moved - expected).max() > 1e-4  # it is the saved groups that count, not newly drawn ones
    pd.DataFrame(task.series.values, columns=list(task.series.sensors), index=task.series.times).tail(9).to_csv(
        tmp_path / "r.csv"
    )
    code = f"from gman_search import Forecaster\nprint(Forecaster({str(tmp_path)!r}).forecast({str(tmp_path / 'r.csv')!r}).values.tobytes().hex())"
    fresh = [
        subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
        for _ in range(1)
    ]
    assert bytes.fromhex(fresh[0].strip()) == model.forecast(tmp_path / "r.csv").values.tobytes()


@pytest.mark.parametrize("deviation, digits", [(150.0, 2), (12.0, 2), (1.0, 2), (0.5, 3), (0.02, 4), (0.0099, 5)])
def test_a_forecast_has_a_hundredth_of_the_deviation(deviation, digits):
    from gman_search.forecasting.forecast import digits_for

    assert digits_for(deviation) == digits and 10.0**-digits <= max(deviation / 100, 0.01)


def test_tables_wide_and_long_tell_the_same(task, run, tmp_path):
    from gman_search.forecasting.forecast import write_csv, write_parquet

    forecast = Forecaster(run[0]).forecast(recent(task), interval=90)
    wide, long = forecast.frame(), forecast.frame(long=True, origins=True)
    assert list(wide.columns[:4]) == ["time", "a", "a_lower", "a_upper"] and wide.shape == (3, 16)
    assert list(long.columns) == ["origin", "time", "sensor", "forecast", "lower", "upper"] and len(long) == 15
    pd.testing.assert_series_equal(
        long.set_index(["time", "sensor"])["upper"].unstack()["d"], wide.set_index("time")["d_upper"], check_names=False
    )
    assert write_parquet([long, long], tmp_path / "f.parquet") == 30
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "f.parquet").head(15), long, check_dtype=False)
    assert write_csv([wide, wide], tmp_path / "f.csv") == 6
    back = pd.read_csv(tmp_path / "f.csv", parse_dates=["time"])
    assert len(back) == 6
    np.testing.assert_allclose(back["d"].head(3), wide["d"], atol=0.0051)
    assert write_csv([wide.assign(d=wide["d"] / 1000)], tmp_path / "g.csv", 5) == 3
    np.testing.assert_allclose(pd.read_csv(tmp_path / "g.csv")["d"], wide["d"] / 1000, atol=0.0000051)
    (tmp_path / "g.csv").unlink()
    with pytest.raises(DataError, match="no "):
        write_csv([wide], tmp_path / "nowhere" / "f.csv")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["f.csv", "f.parquet"]


def test_what_the_training_file_showed_is_kept_for_recent_ones(task):
    """06/03/2025 in a recent file is the day that it would have been in the training file."""
    from dataclasses import replace

    from gman_search.data_spec import DataSpec
    from gman_search.forecasting.model_io import data_facts

    shown = replace(task, series=replace(task.series, day_first=True, decimal=","))
    kept = data_facts(shown, DataSpec(start="2025-01-01", timezone="Europe/Berlin", ignore_columns=("hour",)))[
        "reading"
    ]
    assert (kept["day_first"], kept["decimal"], kept["start"]) == (True, ",", None)
    assert (kept["timezone"], kept["ignore_columns"]) == ("Europe/Berlin", ("hour",))
    assert data_facts(shown, DataSpec(day_first=False, decimal="."))["reading"]["day_first"] is False
    assert data_facts(task, DataSpec())["reading"]["decimal"] == "auto"
