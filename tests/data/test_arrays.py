"""Arrays without names and times: .npy, unnamed ones in .npz, and which axis and channel is meant."""

import numpy as np
import pytest

from gman_search.data.read import read_series
from gman_search.reading_options import ReadingOptions

COUNTED = {"start": "2018-01-01", "step": "5min"}


def readings(*shape):
    return np.random.default_rng(1).uniform(1, 60, shape)


def read(path, **more):
    allow_all_missing = more.pop("allow_all_missing", False)
    return read_series(path, ReadingOptions(**COUNTED, **more), allow_all_missing=allow_all_missing)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize("kind", ["npy", "npz", "arr_0"])
def test_times_and_sensors(tmp_path, kind, order):
    data = np.asarray(readings(50, 4), order=order)
    path = tmp_path / f"a.{kind[-3:].replace('r_0', 'npz')}"
    np.save(path, data) if kind == "npy" else np.savez(path, data) if kind == "arr_0" else np.savez(path, speeds=data)
    series = read(path)
    np.testing.assert_allclose(series.values, data, rtol=1e-6)
    assert series.sensors == ("0", "1", "2", "3") and str(series.times[1]) == "2018-01-01T00:05"


def test_several_channels(tmp_path, refused):
    data = readings(50, 4, 2)
    np.save(tmp_path / "a.npy", data)
    message = refused(lambda: read(tmp_path / "a.npy"))
    first, second = data[:, :, 0], data[:, :, 1]
    assert (
        f"one of 0 ({first.min():.4g} to {first.max():.4g}, mean {first.mean():.4g}), 1 ({second.min():.4g}" in message
    )
    np.testing.assert_allclose(read(tmp_path / "a.npy", channel=1).values, second, rtol=1e-6)
    np.testing.assert_allclose(read(tmp_path / "a.npy", channel="0").values, first, rtol=1e-6)
    assert "'2'" in refused(lambda: read(tmp_path / "a.npy", channel="2")) and "speed" not in message


def test_axes_that_cannot_be_told_are_refused_and_can_be_said(tmp_path, refused):
    data = readings(4, 50)
    np.save(tmp_path / "turned.npy", data)
    message = refused(lambda: read(tmp_path / "turned.npy"))
    assert 'data.axes = "sensor,time" or "time,sensor"' in message and "(4, 50)" in message
    np.testing.assert_allclose(read(tmp_path / "turned.npy", axes="sensor,time").values, data.T, rtol=1e-6)
    np.testing.assert_allclose(read(tmp_path / "turned.npy", axes="time, sensor").values, data, rtol=1e-6)
    # The last readings of a network have fewer times than sensors.
    np.testing.assert_allclose(read(tmp_path / "turned.npy", allow_all_missing=True).values, data, rtol=1e-6)
    np.save(tmp_path / "square.npy", readings(30, 30))
    assert "as a graph has" in refused(lambda: read(tmp_path / "square.npy"))
    deep = readings(50, 2, 9)
    np.save(tmp_path / "deep.npy", deep)
    assert "time,channel,sensor" in refused(lambda: read(tmp_path / "deep.npy", channel=1))
    chosen = read(tmp_path / "deep.npy", channel=1, axes="time,channel,sensor")
    np.testing.assert_allclose(chosen.values, deep[:, 1], rtol=1e-6)
    assert "2 axes" in refused(lambda: read(tmp_path / "deep.npy", axes="time,sensor"))


@pytest.mark.parametrize("shape, axes", [
    ((3, 200, 10), "channel,time,sensor"), ((2, 200, 70), "channel,time,sensor"), ((2, 70, 200), "channel,sensor,time"),
    ((10, 200, 3), "sensor,time,channel"),
])  # fmt: skip
def test_the_order_of_axes_that_is_offered_is_the_likely_one(tmp_path, refused, shape, axes):
    data = readings(*shape)
    np.save(tmp_path / "a.npy", data)
    assert f'data.axes = "{axes}"' in refused(lambda: read(tmp_path / "a.npy"))
    order = [axes.split(",").index(name) for name in ("time", "sensor", "channel")]
    found = read(tmp_path / "a.npy", axes=axes, channel=1)
    np.testing.assert_allclose(found.values, data.transpose(order)[:, :, 1], rtol=1e-6)


@pytest.mark.parametrize("axes", ["sensor", "time,time", "rows,columns", "time,sensor,channel,more"])
def test_axes_are_named_once_each(axes):
    with pytest.raises(ValueError, match="once each"):
        ReadingOptions(axes=axes)


def test_names_of_channels_are_those_of_pems_04_and_08_alone(tmp_path, refused):
    data = readings(50, 4, 3)
    for name in ("PEMS04.npz", "pems08.npz", "PeMSD8.npz", "PEMS04_2018.npz"):
        np.savez(tmp_path / name, data=data)
        np.testing.assert_allclose(read(tmp_path / name, channel="speed").values, data[:, :, 2], rtol=1e-6)
    for name in ("mine.npz", "PEMS03.npz", "PEMS040.npz"):
        np.savez(tmp_path / name, data=data)
        assert "one of 0 (" in refused(lambda name=name: read(tmp_path / name, channel="speed"))
    np.savez(tmp_path / "copy.npz", data=np.broadcast_to(np.uint8([1, 2, 3]), (17856, 170, 3)))
    assert (read(tmp_path / "copy.npz", channel="occupancy").values == 2).all()


def clocks(steps=2016, sensors=4):
    """Readings, time of day 0 to 287, day of week 0 to 6, and share of the day."""
    step = np.arange(steps)
    columns = [step % 288, step // 288 % 7, step % 288 / 288]
    return np.concatenate(
        [readings(steps, sensors, 1), *(np.repeat(c[:, None, None], sensors, axis=1) for c in columns)], axis=2
    )


@pytest.mark.parametrize("sensors", [1, 4])
def test_a_channel_that_is_a_clock_is_told(tmp_path, refused, sensors):
    np.savez(tmp_path / "a.npz", data=clocks(sensors=sensors))
    message = refused(lambda: read(tmp_path / "a.npz"))
    assert "1 (0 to 287, mean 143.5, a clock), 2 (0 to 6, mean 3, a clock)" in message
    assert "a clock" not in message.partition(", 1 (")[0]
    assert not any("clock" in note for note in read(tmp_path / "a.npz", channel=0).notes)
    for channel in (1, 2) if sensors == 1 else (1, 2, 3):
        assert any(
            f"channel {channel} looks like a clock" in note for note in read(tmp_path / "a.npz", channel=channel).notes
        )


def test_counts_of_vehicles_are_no_clock(tmp_path):
    flow = np.random.default_rng(2).integers(0, 7, (500, 3))
    np.save(tmp_path / "flow.npy", flow)
    assert read(tmp_path / "flow.npy").notes == ()


def test_one_of_several_arrays(tmp_path, refused):
    flow, speed = readings(50, 4), readings(50, 4)
    np.savez(tmp_path / "a.npz", flow=flow, speed=speed)
    message = refused(lambda: read(tmp_path / "a.npz"))
    assert "flow (50, 4), speed (50, 4)" in message and "--channel" in message
    np.testing.assert_allclose(read(tmp_path / "a.npz", channel="speed").values, speed, rtol=1e-6)
    np.savez(tmp_path / "b.npz", flow=flow, ids=np.arange(4))
    np.testing.assert_allclose(read(tmp_path / "b.npz").values, flow, rtol=1e-6)
    np.savez(tmp_path / "train.npz", x=readings(9, 12, 4, 2), y=readings(9, 12, 4, 2), x_offsets=np.arange(12))
    assert "cut already" in refused(lambda: read(tmp_path / "train.npz"))


def test_damaged_and_hostile_arrays(tmp_path, refused):
    np.save(tmp_path / "a.npy", np.array([[{}]], dtype=object))
    assert "objects" in refused(lambda: read(tmp_path / "a.npy"))
    np.save(tmp_path / "b.npy", readings(50, 4))
    (tmp_path / "c.npy").write_bytes((tmp_path / "b.npy").read_bytes()[:500])
    assert "expected an array of numbers" in refused(lambda: read(tmp_path / "c.npy"))
    text = (
        (tmp_path / "b.npy").read_bytes().replace(b"(50, 4), }   ", b"(10**9, 4)}  ").replace(b"(50, 4)", b"(9**9,4)")
    )
    (tmp_path / "d.npy").write_bytes(text)
    assert "d.npy" in refused(lambda: read(tmp_path / "d.npy"))
    huge = (tmp_path / "b.npy").read_bytes().replace(b"(50, 4), }      ", b"(5000000000, 4)}")
    (tmp_path / "e.npy").write_bytes(huge)
    assert "announces 5,000,000,000 x 4" in refused(lambda: read(tmp_path / "e.npy"))
    np.save(tmp_path / "f.npy", np.array(["a", "b"]))
    assert "received (2,)" in refused(lambda: read(tmp_path / "f.npy"))
    np.save(tmp_path / "g.npy", np.array([["a", "b"], ["c", "d"], ["e", "f"]]))
    assert "expected numbers" in refused(lambda: read(tmp_path / "g.npy"))
