"""The table that is kept up to date says what one made anew from all trials says, whatever happened in between."""

from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from gman_search.halving.evaluations import State, latest_attempts
from gman_search.halving.halving_schedule import HalvingSchedule
from gman_search.halving.promotion import decide, decide_on
from gman_search.tuning.evaluation_rows import EvaluationRows
from gman_search.tuning.evaluation_table import EvaluationTable
from gman_search.tuning.trial_store import StoredTrial

STAGES, BOARDS = ("quick", "medium", "full"), ("quick", "medium", "full", "final")
SCHEDULE = HalvingSchedule(STAGES, (3, 2), 12)
ENDS = (State.COMPLETE, State.PRUNED, State.FAILED)

new_trials = st.tuples(
    st.sampled_from(BOARDS), st.integers(0, 5), st.integers(1, 3), st.booleans(), st.sampled_from(["", "cold"])
)
steps = st.one_of(
    new_trials,
    st.tuples(st.integers(0, 30), st.sampled_from(State), st.floats(1.0, 9.0)),
)


def added(trial_id: int, number: int, what) -> StoredTrial:
    board, config_id, attempt, by_hand, control = what
    if by_hand:
        return StoredTrial(trial_id, number, State.WAITING)
    attrs = {"config_id": config_id, "attempt": attempt}
    if board == "final":
        attrs |= {"control": "final", "stage": "quick"}
    elif control:
        attrs["control"] = control
    return StoredTrial(trial_id, number, State.WAITING, user_attrs=attrs)


@settings(max_examples=100)
@given(st.lists(st.lists(steps, max_size=4), max_size=20))
def test_it_says_what_a_table_made_anew_says(rounds):
    known: list[tuple[str, StoredTrial]] = []
    rows = EvaluationRows(STAGES, 7, {})
    table = EvaluationTable(BOARDS, rows)
    for happened in rounds:
        changed = set()
        for step in happened:
            if len(step) == 5:
                number = sum(board == step[0] for board, _ in known)
                known.append((step[0], added(len(known), number, step)))
                changed.add(len(known) - 1)
            elif known and not known[step[0] % len(known)][1].state.is_finished:
                index, (state, value) = step[0] % len(known), step[1:]
                board, trial = known[index]
                ended = {"value": value, "user_attrs": {**trial.user_attrs, "curve": "[]"}} if state in ENDS else {}
                known[index] = board, replace(trial, state=state, **ended)
                changed.add(index)
        for index in sorted(changed):
            table.note(*known[index])
    by_board = {board: [trial for on, trial in known if on == board] for board in BOARDS}
    fresh = EvaluationRows(STAGES, 7, {})
    expected = [
        fresh.evaluation(board, trial)
        for board, trials in by_board.items()
        for trial in trials
        if not fresh.is_stray(board, trial)
    ]
    assert table.rows() == expected and table.is_empty == (not expected)
    assert {board: table.trials(board) for board in BOARDS} == by_board
    latest = latest_attempts(expected, controls=True)
    assert table.failed() == [row for row in latest if row.state is State.FAILED]
    for stage in STAGES:
        mine = {row.config_id: row for row in latest if row.stage == stage and not row.control}
        assert dict(table.rungs[stage].rows) == mine
        assert {config: table.latest(stage, config) for config in mine} == mine
    assert decide_on(table.rungs, SCHEDULE) == decide(expected, SCHEDULE)
    opened = [row for row in expected if not row.state.is_finished]
    assert sorted(row.key for row in table.open_rows()) == sorted(row.key for row in opened)
    assert sorted(row.key for row in table.outside()) == sorted(row.key for row in expected if row.control)
    waiting = {trial.trial_id for _, trial in known if trial.state is State.WAITING}
    assert {trial.trial_id for _, trial in table.open(State.WAITING)} == waiting
