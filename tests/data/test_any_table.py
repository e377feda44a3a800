"""Files of readings written in every way: read as what they mean, with a note where that can be doubted, or refused."""

import os
import sys

import pytest

from gman_search.data.read import read_series
from gman_search.errors import GmanSearchError

FILES = int(os.environ.get("GMAN_SEARCH_ANY_TABLES", "300"))
"""How many are made; `benchmarks/any_table.py` makes 10,000."""
PARTS = 10


@pytest.fixture(scope="module")
def files(repository):
    """The generator, of which every file's seed is its name."""
    sys.path.insert(0, str(repository / "benchmarks"))
    import table_files

    sys.path.remove(str(repository / "benchmarks"))
    return table_files


@pytest.mark.parametrize("part", range(PARTS))
def test_no_file_is_read_wrongly_without_a_note_nor_makes_the_reader_stumble(files, tmp_path, part):
    found = {seed: files.verdict(files.made_file(seed), tmp_path / "file.csv") for seed in range(part, FILES, PARTS)}
    faults = {seed: told for seed, (what, told) in found.items() if what in ("WRONG", "TRACEBACK")}
    assert faults == {}
    read = sum(what.startswith("right") for what, _ in found.values())
    assert read > 0.4 * len(found)  # else the property would hold by refusing


def test_the_judge_of_files_knows_a_wrong_value_from_a_right_one(files, tmp_path):
    """A test that cannot fail is none: truths that are changed are found."""
    path = tmp_path / "file.csv"
    read = 0
    for seed in range(40):
        made = files.made_file(seed)
        if not files.verdict(made, path)[0].startswith("right"):
            continue
        read += 1
        made.values[made.values.shape[0] // 2, 0] += 1 + made.values.max() / 1000
        assert "wrong" in files.verdict(made, path)[0].lower()
    assert read > 20


def test_any_damage_to_a_file_of_any_kind_is_read_or_refused_in_one_line(files, tmp_path):
    import numpy as np

    random, path = np.random.default_rng(0), tmp_path / "file.csv"
    for seed in range(150):
        made = files.made_file(seed)
        content = bytearray(made.content)
        for place in random.integers(0, len(content), 4):
            content[place] = int(random.integers(256))
        path.write_bytes(bytes(content))
        try:
            series = read_series(path, made.options)
        except GmanSearchError as refusal:
            assert "\n" not in str(refusal)
        else:
            assert np.isfinite(series.values).all() and (series.values >= 0).all()
