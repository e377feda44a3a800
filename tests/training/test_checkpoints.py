"""Files of arrays: whole or refused, whatever happened to them on disk."""

import os

import numpy as np
import pytest

from gman_search.errors import DataError, DiskFull
from gman_search.io.arrays import read_arrays, write_arrays
from gman_search.training.checkpoints import read_checkpoint, write_checkpoint

ARRAYS = {"parameters": np.arange(50, dtype=np.float32), "m": np.ones((3, 4), np.float32)}


@pytest.fixture
def saved(tmp_path):
    path = tmp_path / "weights.npz"
    write_arrays(path, ARRAYS, {"note": 1})
    return path


def is_intact(arrays, description) -> bool:
    return (
        description == {"note": 1}
        and arrays.keys() == ARRAYS.keys()
        and all(arrays[name].tobytes() == ARRAYS[name].tobytes() for name in ARRAYS)
    )


def flipped(good: bytes, start: int, end: int, step: int):
    for place in range(start, end, step):
        bad = bytearray(good)
        bad[place] ^= 1 << place % 8
        yield bytes(bad)


def test_a_crash_while_replacing_leaves_the_old_file_and_no_rubbish(saved, monkeypatch):
    def crash(*_):
        raise OSError("disk full")

    monkeypatch.setattr(os, "replace", crash)
    with pytest.raises(OSError, match="disk full"):
        write_arrays(saved, {"m": np.zeros(2)}, {"note": 2})
    assert is_intact(*read_arrays(saved))
    assert os.listdir(saved.parent) == [saved.name]


def test_the_target_is_complete_the_moment_it_appears(saved, monkeypatch):
    seen = []
    replace = os.replace

    def watched(source, target):
        seen.append(is_intact(*read_arrays(target)))  # still the old one
        seen.append(read_arrays(source)[1] == {"note": 2})  # the new one, already whole
        replace(source, target)

    monkeypatch.setattr(os, "replace", watched)
    write_arrays(saved, {"m": np.zeros(2)}, {"note": 2})
    assert seen == [True, True]


def test_a_file_cut_off_anywhere_is_refused(saved):
    good = saved.read_bytes()
    for length in range(0, len(good), 7):
        saved.write_bytes(good[:length])
        with pytest.raises(DataError):
            read_arrays(saved)


def test_a_flipped_bit_in_the_data_is_refused(saved):
    good = saved.read_bytes()
    place = good.index(ARRAYS["parameters"].tobytes())
    for bad in flipped(good, place, place + ARRAYS["parameters"].nbytes, 3):
        saved.write_bytes(bad)
        with pytest.raises(DataError, match="damaged"):
            read_arrays(saved)


def test_a_flipped_bit_in_the_table_of_contents_is_refused_or_harmless(saved):
    good = saved.read_bytes()
    # The first entry of the zip directory, and the record that ends it. No CRC covers these.
    first, end = good.index(b"PK\x01\x02"), good.index(b"PK\x05\x06")
    places = [*range(first, first + 60), *range(end, len(good))]
    bits = ((place, bit) for place in places for bit in range(8))
    outcomes = set()
    for place, bit in bits:
        bad = bytearray(good)
        bad[place] ^= 1 << bit
        saved.write_bytes(bad)
        try:
            outcomes.add("intact" if is_intact(*read_arrays(saved)) else "silently wrong")
        except DataError:
            outcomes.add("refused")
        except Exception as error:
            outcomes.add(type(error).__name__)
    assert outcomes <= {"intact", "refused"}


def test_a_single_array_is_not_a_checkpoint(saved):
    with saved.open("wb") as stream:
        np.save(stream, np.ones(3))
    with pytest.raises(DataError):
        read_arrays(saved)


def test_pickles_are_never_run(saved):
    with saved.open("wb") as stream:
        np.savez(stream, __description__=np.array("{}"), evil=np.array([{}], dtype=object))
    with pytest.raises(DataError):
        read_arrays(saved)
    with saved.open("wb") as stream:
        np.savez(stream, m=np.ones(2))
    with pytest.raises(DataError):
        read_arrays(saved)


def test_two_checkpoints_are_kept_and_the_newest_is_read(tmp_path):
    with pytest.raises(DataError):
        read_checkpoint(tmp_path)
    for epoch in (1, 2, 3):
        write_checkpoint(tmp_path, ARRAYS, {"epoch": epoch})
        assert read_checkpoint(tmp_path)[1] == {"epoch": epoch}
    assert sorted(os.listdir(tmp_path)) == ["checkpoint.npz", "checkpoint.npz.before"]
    assert read_arrays(tmp_path / "checkpoint.npz.before")[1] == {"epoch": 2}


@pytest.mark.parametrize("damage", ["cut", "flip", "empty", "gone"])
def test_a_damaged_checkpoint_falls_back_to_the_one_before(tmp_path, damage):
    write_checkpoint(tmp_path, ARRAYS, {"epoch": 1})
    write_checkpoint(tmp_path, ARRAYS, {"epoch": 2})
    newest = tmp_path / "checkpoint.npz"
    good = newest.read_bytes()
    if damage == "gone":
        newest.unlink()
    else:
        middle = good.index(ARRAYS["parameters"].tobytes()) + 40
        flip = good[:middle] + bytes([good[middle] ^ 4]) + good[middle + 1 :]
        newest.write_bytes({"cut": good[: len(good) // 2], "flip": flip, "empty": b""}[damage])
    assert read_checkpoint(tmp_path)[1] == {"epoch": 1}
    (tmp_path / "checkpoint.npz.before").write_bytes(b"both")
    with pytest.raises(DataError):
        read_checkpoint(tmp_path)


def test_a_kill_at_any_file_operation_leaves_a_whole_checkpoint(tmp_path, monkeypatch):
    class Killed(BaseException):
        pass

    for fatal in range(4):
        folder = tmp_path / str(fatal)
        write_checkpoint(folder, ARRAYS, {"epoch": 1})
        write_checkpoint(folder, ARRAYS, {"epoch": 2})
        calls = []

        def dying(name, real, calls=calls, fatal=fatal):
            def call(*arguments, **options):
                calls.append(name)
                if len(calls) > fatal:
                    raise Killed
                return real(*arguments, **options)

            return call

        with monkeypatch.context() as patch:
            for name in ("link", "replace", "fsync"):
                patch.setattr(os, name, dying(name, getattr(os, name)))
            with pytest.raises(Killed):
                write_checkpoint(folder, ARRAYS, {"epoch": 3})
        assert read_checkpoint(folder)[1] == {"epoch": 2}
        write_checkpoint(folder, ARRAYS, {"epoch": 4})
        assert read_checkpoint(folder)[1] == {"epoch": 4}


def test_a_full_disk_is_one_clear_line_and_keeps_what_was_there(small_disk):
    write_checkpoint(small_disk, ARRAYS, {"epoch": 1})
    filler = small_disk / "filler"
    with pytest.raises(OSError), filler.open("wb", buffering=0) as stream:
        while True:
            stream.write(b"x" * 512)
    with pytest.raises(DiskFull, match=r"expected room for checkpoint.npz in .*: free some") as told:
        write_checkpoint(small_disk, {"m": np.zeros(20_000)}, {"epoch": 2})
    assert "\n" not in str(told.value) and told.value.exit_code == 130
    assert read_checkpoint(small_disk)[1] == {"epoch": 1}
    filler.unlink()
    write_checkpoint(small_disk, {"m": np.zeros(20_000)}, {"epoch": 2})
    assert read_checkpoint(small_disk)[1] == {"epoch": 2}
