"""The ablation benchmark runs the product with one part left out, and keeps what it delivered."""

import json
import sys

import pytest


@pytest.fixture(scope="module")
def benchmarks(repository):
    sys.path.insert(0, str(repository / "benchmarks"))
    yield __import__
    sys.path.remove(str(repository / "benchmarks"))


def test_every_part_is_left_out_by_settings_the_product_knows(benchmarks):
    from gman_search.specification import resolve_spec

    ablation = benchmarks("ablation")
    specs = {}
    for part, settings in ablation.PARTS.items():
        given = {"data.readings": "demo"}
        specs[part] = resolve_spec(
            spec_file=None, study="x", studies_folder=ablation.RESULTS, flags=given, settings=settings, environment={}
        )
    assert all(spec != specs["nothing"] for part, spec in specs.items() if part != "nothing")
    assert len(set(map(str, specs.values()))) == len(specs)


def test_a_result_replaces_one_of_the_same_key(benchmarks, tmp_path, monkeypatch):
    ablation = benchmarks("ablation")
    monkeypatch.setattr(ablation, "FILE", tmp_path / "ablation.jsonl")
    row = {"network": "demo", "trials": 3, "seed": 0, "without": "nothing"}
    errors = {"3": 2.8, "6": 3.3, "12": 3.9, "mean": 3.2}
    for mean in (3.2, 3.1):
        ablation.keep({**row, "ensemble": {**errors, "mean": mean}, "winner": errors})
    ablation.keep({**row, "without": "sampler", "ensemble": errors, "winner": errors})
    assert [json.loads(line)["ensemble"]["mean"] for line in ablation.FILE.read_text().splitlines()] == [3.1, 3.2]
    assert "| demo | 3 | 0 | nothing | 2.80 / 3.30 / 3.90, 3.10 | 2.80 / 3.30 / 3.90, 3.20 |" in ablation.table(
        ablation.kept()
    )
