"""What a search delivers on its way, and the bars that its course is held to."""

import json
import os
import sys
import textwrap

import pytest

SEARCH = """
import json, sys, time
from pathlib import Path

interim, final = Path("studies/x/interim"), Path("studies/x/ensemble")
for number in range(2):
    interim.mkdir(parents=True, exist_ok=True)
    (interim / "ensemble.json").write_text(json.dumps({"number": number}))
    time.sleep(1.5)
final.mkdir()
(final / "ensemble.json").write_text("{}")
print("done")
"""


@pytest.fixture(scope="module")
def benchmarks(repository):
    sys.path.insert(0, str(repository / "benchmarks"))
    yield __import__
    sys.path.remove(str(repository / "benchmarks"))


def test_each_delivery_is_copied_once_when_it_can_be_used(benchmarks, tmp_path):
    script = tmp_path / "search.py"
    script.write_text(textwrap.dedent(SEARCH))
    found = benchmarks("deliveries").watched(
        [sys.executable, str(script)], tmp_path, tmp_path / "studies/x", os.environ
    )
    assert found.printed == "done\n"
    numbers = [json.loads((folder / "ensemble.json").read_text()).get("number") for _, folder in found.deliveries]
    assert numbers == [0, 1, None]
    times = [seconds for seconds, _ in found.deliveries]
    assert times == sorted(times) and times[-1] == found.seconds and times[1] - times[0] == pytest.approx(1.5, abs=1)


def test_a_search_that_fails_is_said(benchmarks, tmp_path):
    words = [sys.executable, "-c", "raise SystemExit('no such network')"]
    with pytest.raises(SystemExit, match="no such network"):
        benchmarks("deliveries").watched(words, tmp_path, tmp_path, os.environ)


def row(name, course, seed=0):
    return {"network": "week20", "minutes": 30.0, "seed": seed, "name": name, "course": course}


def test_a_course_is_compared_at_its_worst_minute_and_at_the_end(benchmarks):
    anytime = benchmarks("anytime")
    rows = [
        row("product", [(60, 4.0), (900, 3.2), (1805, 3.0)]),
        row("trees", [(30, 3.3)]),
        row("careful", [(700, 3.9), (1500, 3.05)]),
    ]
    found = {(bar["compared_with"], bar["bar"].split(",")[0]): bar for bar in anytime.bars(rows)}
    worst = found["trees", "from 10 minutes on"]
    assert (
        worst["bar"].endswith("worst at 10")
        and worst["ratio"] == pytest.approx(4.0 / 3.3, abs=1e-4)
        and not worst["met"]
    )
    assert found["trees", "at the end"]["met"]
    # At the end 3 % less is asked for, on the way at most 1 % more.
    assert found["careful", "at the end"]["ratio"] == pytest.approx(3.0 / 3.05, abs=1e-4)
    assert not found["careful", "at the end"]["met"] and not found["careful", "from 10 minutes on"]["met"]
    assert [bar["met"] for bar in anytime.bars(rows)] == [False, False, False, True]
    level = [row("product", [(60, 3.3)]), row("trees", [(30, 3.3)])]
    assert [bar["met"] for bar in anytime.bars(level)] == [False, True]


def test_nothing_delivered_where_a_rival_has_something_is_a_loss(benchmarks):
    rows = [row("product", [(1790, 3.0)]), row("trees", [(30, 3.3)])]
    assert [bar["met"] for bar in benchmarks("anytime").bars(rows)] == [False, True]


def test_searches_that_rivals_saw_stand_in_the_summary(benchmarks, tmp_path, monkeypatch):
    anytime, kept, product = map(benchmarks, ("anytime", "rivals_kept", "rivals_product"))
    monkeypatch.setattr(kept, "FILE", tmp_path / "rivals.jsonl")
    monkeypatch.setattr(anytime, "FILE", tmp_path / "anytime.jsonl")
    for job in ("hours", "make run"):
        part = product.Part([], 1.0, course=[(60.0, 3.4)])
        kept.keep(kept.document("week20", job, 30.0, 1, {"product": part}))
    (found,) = anytime.all_kept()
    assert found == row("product", [[60.0, 3.4]], seed=1)


def test_what_is_measured_is_kept(benchmarks, tmp_path, monkeypatch, capsys):
    anytime, kept = map(benchmarks, ("anytime", "rivals_kept"))
    monkeypatch.setattr(kept, "FILE", tmp_path / "rivals.jsonl")
    monkeypatch.setattr(anytime, "FILE", tmp_path / "anytime.jsonl")
    monkeypatch.setattr(anytime, "trees", lambda network, minutes, seed, folder: [(12.0, 3.5)])
    monkeypatch.setattr(sys, "argv", ["anytime.py", "--network", "demo", "--minutes", "6", "--only", "trees", "--json"])
    anytime.main()
    line = json.loads((tmp_path / "anytime.jsonl").read_text())
    assert line["schema"] == "gman-search/anytime/1" and line["command"].endswith("--only trees --json")
    assert (line["network"], line["minutes"], line["seed"], line["name"]) == ("demo", 6, 0, "trees")
    assert json.loads(capsys.readouterr().out)["runs"][0]["course"] == [[12.0, 3.5]]
