"""Files and folders that are there completely or not at all."""

import os
import threading

import pytest

from gman_search.errors import DataError
from gman_search.io.atomic import atomic_path, atomic_write, write_text


def test_a_block_that_raises_leaves_what_was_there(tmp_path):
    target = tmp_path / "file.txt"
    write_text(target, "old")
    with pytest.raises(ValueError), atomic_path(target) as partial:
        partial.write_text("new")
        raise ValueError
    assert target.read_text() == "old" and os.listdir(tmp_path) == ["file.txt"]


def test_a_folder_takes_its_name_at_the_end(tmp_path):
    target = tmp_path / "model"
    with atomic_path(target) as partial:
        partial.mkdir()
        (partial / "part").write_text("1")
        assert not target.exists()
    assert (target / "part").read_text() == "1" and os.listdir(tmp_path) == ["model"]


def test_threads_do_not_write_into_each_others_file(tmp_path):
    names, barrier = [], threading.Barrier(2)

    def writing(text):
        with atomic_path(tmp_path / "file") as partial:
            names.append(partial)
            partial.write_text(text)
            barrier.wait(10)

    threads = [threading.Thread(target=writing, args=(text,)) for text in "ab"]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(set(names)) == 2 and (tmp_path / "file").read_text() in ("a", "b")


def test_results_that_cannot_be_written_are_one_line(tmp_path):
    with pytest.raises(DataError, match="expected an existing folder"), atomic_write(tmp_path / "none" / "file"):
        pass
    (tmp_path / "taken").mkdir()
    (tmp_path / "taken" / "something").write_text("")
    with pytest.raises(DataError, match="cannot write"), atomic_write(tmp_path / "taken") as partial:
        partial.write_text("")
    assert os.listdir(tmp_path) == ["taken"]
