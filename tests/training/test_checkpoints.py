"""Files of arrays: whole or refused, whatever happened to them on disk."""

import os

import numpy as np
import pytest

from gman_search.errors import DataError
from gman_search.training.checkpoints import read_arrays, write_arrays

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
