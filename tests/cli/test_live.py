"""The table of a running search, and the story of a config."""

import io
import time
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

from rich.console import Console

from gman_search.api.progress import LiveView, status_table
from gman_search.api.stage_status import remaining_seconds, stage_statuses
from gman_search.cli.explain import explain
from gman_search.cli.summary import print_summary
from gman_search.halving.evaluations import State
from gman_search.spec import StudySpec
from gman_search.tuning.commands import Place

from ..report.study_record import study_record

EPOCHS = {"quick": 12, "medium": 16, "full": 20}


def drawn(record) -> str:
    out = io.StringIO()
    statuses = stage_statuses(record.evaluations, record.schedule, EPOCHS)
    Console(file=out, width=80, highlight=False).print(status_table(statuses, record.unit))
    return out.getvalue()


def test_a_thousand_configs_fit_into_eighty_columns():
    record = study_record(trials=1000)
    rows = [
        replace(row, state=State.RUNNING) if row.stage == "full" and row.config_id % 2 else row
        for row in record.evaluations
    ]
    waiting = replace(rows[-1], config_id=999, state=State.WAITING)
    lines = drawn(replace(record, evaluations=(*rows, waiting))).splitlines()
    assert max(map(len, lines)) <= 80
    assert len(lines) == 4 and "…" not in "".join(lines)
    assert "/12000" in lines[1]


def test_columns_without_any_count_are_left_out():
    record = study_record()
    head = drawn(record).splitlines()[0].split()
    assert head == ["stage", "pruned", "failed", "done", "promoted", "best", "mph", "epochs", "time"]


def test_the_time_to_go_is_measured_where_it_can_be_and_scaled_where_it_cannot():
    record = study_record(trials=8, etas=(2, 2))
    quick = tuple(replace(row, seconds=10.0) for row in record.evaluations if row.stage == "quick" and row.attempt == 1)
    statuses = stage_statuses(quick, record.schedule)
    # 4 evaluations at medium and 2 at full to go, 4 and 16 times as dear as the 10 s of quick.
    # One worker does it all; of two one waits at the end, for up to a config's medium and full.
    assert remaining_seconds(statuses, 1, [1.0, 4.0, 16.0]) == 4 * 40 + 2 * 160
    assert remaining_seconds(statuses, 2, [1.0, 4.0, 16.0]) == (4 * 40 + 2 * 160) / 2 + (40 + 160) / 2
    assert remaining_seconds(stage_statuses((), record.schedule), 2) is None


def test_hours_end_what_is_to_go(capsys):
    record = study_record(trials=8, etas=(2, 2))
    rows = [replace(row, seconds=1000.0) for row in record.evaluations if row.stage == "quick"]
    spec = StudySpec(name="t", trials=8)
    study = SimpleNamespace(spec=spec, schedule=record.schedule, finals=None, evaluations=lambda: rows)
    for ends, told in ((None, " to go"), (time.monotonic() + 90, "about 90 s to go"), (0.0, "about 0 s to go")):
        LiveView("mph", 1, lambda: [1.0, 4.0, 16.0], ends=ends).update(study)
        assert told in capsys.readouterr().err


def test_the_story_of_a_config_has_about_ten_lines():
    record = study_record(controls=2)
    told = explain(record, 3)
    assert 8 <= len(told) <= 12
    assert told[0].startswith("config 3: learning_rate=0.002633")
    assert told[1].startswith("quick/3: complete after 10 epochs in 31 s, best 3.651 mph in epoch 10")
    assert any("promoted to medium: rank 6 of 45" in line for line in told)
    assert any("grown from medium/3 (19% of the weights inherited)" in line for line in told)
    assert told[-1] == "it is the winner of synthetic: test MAE 2.913 mph, mean of steps 1..12"
    assert explain(record, 0)[0].startswith("config 0, the reference config: ")
    assert "2 attempts" in explain(record, 2)[1]
    assert explain(record, 77) == []


def test_a_control_is_told_as_one():
    record = study_record(controls=2)
    control = next(row for row in record.evaluations if row.control == "cold")
    told = explain(record, control.config_id)
    assert any(line.startswith(f"{control.key}: complete") for line in told)
    assert any("a control, trained from random weights: it takes no quota and cannot win" in line for line in told)


def test_the_commands_at_the_end_name_the_database_but_not_its_password(capsys):
    record = study_record()
    print_summary(record, Path("reports/synthetic/index.html"))
    plain = capsys.readouterr().out.splitlines()[-5:]
    print_summary(record, Path("reports/synthetic/index.html"), Place(storage="postgresql://me:secret@host/base"))
    told = capsys.readouterr().out.splitlines()[-5:]
    assert [line.split(":")[0] for line in plain] == ["dashboard", "forecast", "go on", "longer", "compare"]
    assert told == [f"{line} --storage 'postgresql://me:***@host/base'" for line in plain]
