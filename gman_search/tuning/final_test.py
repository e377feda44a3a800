"""The test part, opened at the end: for the winner, for what it is compared with, and for the ensemble."""

import json
import shutil
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from gman_search.data.task import ForecastDataset
from gman_search.data_spec import DataSpec
from gman_search.ensemble.candidate import Opened
from gman_search.ensemble.store import is_ensemble
from gman_search.errors import DataError, Interrupted
from gman_search.forecasting.model_io import write_saved_model
from gman_search.halving.evaluations import Evaluation, latest_attempts
from gman_search.halving.halving_schedule import HalvingSchedule
from gman_search.halving.members import ensemble_evaluations
from gman_search.halving.promotion import best_evaluation, ranked
from gman_search.halving.reference_config import REFERENCE_CONFIG_ID, reference_config_evaluation
from gman_search.io.arrays import read_arrays
from gman_search.io.atomic import atomic_write
from gman_search.record import PresetTest, RunScores, TestResult
from gman_search.record_json import test_from_json, test_to_json
from gman_search.tuning.artifacts import Artifacts
from gman_search.tuning.deliver import ENSEMBLE, Delivery, candidates_of, opened_for_test, shown_evaluations
from gman_search.tuning.file_lock import file_lock
from gman_search.tuning.kept_baselines import fitted_baselines, later_baselines, refitted_baselines

if TYPE_CHECKING:
    from gman_search.training.test_evaluator import TestEvaluator

__all__ = ["FinalTest"]

WINNER, COMPARISON, LEADERBOARD = "winner", "comparison", "leaderboard"
LOCK = ".final_test.lock"

Say = Callable[[str], None]


class FinalTest:
    """What the test part says of a search, written into the folder of its winner.

    The winner and the weights of the ensemble are chosen by validation error alone before anything is tested, and
    nothing is chosen afterwards. `tested.json` has every look at the test part in order.

    Args:
        task: the data.
        data: how readings are read and filled in.
        study: folder of the study; it takes `baselines` and `ensemble`.
        winner: folder for the weights that can predict, test.json and tested.json.
        artifacts: where weights of other machines are.
        seed: of the baselines.
    """

    def __init__(
        self, task: ForecastDataset, data: DataSpec, study: Path, winner: Path, artifacts: Artifacts, *, seed: int = 0
    ) -> None:
        self.task, self.data, self.study, self.folder, self.artifacts = task, data, study, winner, artifacts
        self.seed = seed
        self._bench: TestEvaluator | None = None

    def run(self, evaluations: Sequence[Evaluation], schedule: HalvingSchedule, say: Say = lambda text: None) -> None:
        """Test the best evaluation, the preset and the ensemble, unless these very evaluations have been tested.

        `say` is called before what takes time, and for what cannot be tested.

        Raises:
            DataError: the winner's weights are gone.
        """
        winner = best_evaluation(evaluations, schedule)
        if winner is None:
            return
        # Two runs of one study would test the same, write into the same files, and count every look twice.
        waits = "another run tests this study; waiting for it"
        with file_lock(self.study / LOCK, lambda: say(waits)):
            if not self._was_last(WINNER, winner):
                self._test_winner(winner)
            self._compare(winner, evaluations, schedule, say)
            self._deliver(winner, evaluations, schedule, say)

    def _compare(
        self, winner: Evaluation, evaluations: Sequence[Evaluation], schedule: HalvingSchedule, say: Say
    ) -> None:
        preset = reference_config_evaluation(evaluations, schedule)
        if preset is None or winner.config_id == REFERENCE_CONFIG_ID or self._was_last(COMPARISON, preset):
            return
        same_size = (row for row in ranked(latest_attempts(evaluations)) if row.stage == preset.stage)
        peer = next((row for row in same_size if row.config_id == winner.config_id and row.key != winner.key), None)
        try:
            self._test_compared(preset, peer)
        except DataError as error:
            say(f"the guide's preset has no test error, its weights are gone: {error}")

    def _deliver(
        self, winner: Evaluation, evaluations: Sequence[Evaluation], schedule: HalvingSchedule, say: Say
    ) -> None:
        """Ensemble and leaderboard; the winner's test is kept even if they fail."""
        rows = ensemble_evaluations(evaluations, schedule)
        delivered = {"role": ENSEMBLE, "of": [[row.key, row.facts["folder"], row.val_mae] for row in rows]}
        if self._last(ENSEMBLE) == delivered and is_ensemble(self.study / ENSEMBLE):
            for text in later_baselines(self.study / "baselines", self._result().baselines):
                say(f"{text}; to choose the ensemble again with it, remove {self.study / ENSEMBLE} and run again")
            return
        shown = shown_evaluations(rows, winner)
        try:
            fitted = fitted_baselines(self.task, self.study / "baselines", seed=self.seed, say=say)
            again = refitted_baselines(self.task, fitted, self.study / "baselines", self.data, seed=self.seed, say=say)
            say(f"choosing an ensemble among {len(rows)} evaluations and {len(fitted)} baselines")
            lineage = {row.key: row for row in latest_attempts(evaluations, controls=True)}
            candidates = candidates_of(rows, winner, lineage, fitted, self.task, self._candidate, self._weights, again)
            delivery = Delivery(self.task, self.data, self.study / ENSEMBLE, say, again.usual if again else None)
            result = delivery.test(self._result(), candidates, [row.key for row in shown])
        except Interrupted:
            raise
        except Exception as error:  # from any library: the winner's test must not be lost
            say(f"there is no ensemble: {error}")
            return
        self._write(test_to_json(result))
        scored = {row.key for row in result.leaderboard}
        for row in shown:
            if row.key in scored:
                self._note(LEADERBOARD, row)
        self._append(delivered)  # last: it tells that all was done

    def _result(self) -> TestResult:
        return test_from_json(json.loads((self.folder / "test.json").read_text(encoding="utf-8")))

    def _test_winner(self, winner: Evaluation) -> None:
        source = self._weights(winner)
        bench = self._opened_bench()
        saved, result = bench.winner(source, config_id=winner.config_id, stage=winner.stage, control=winner.control)
        # An ensemble that was chosen for another winner must not outlive it, even if the next steps fail.
        shutil.rmtree(self.study / ENSEMBLE, ignore_errors=True)
        write_saved_model(saved, self.folder, coverage=result.coverage)
        self._write(test_to_json(result))
        self._note(WINNER, winner)

    def _test_compared(self, preset: Evaluation, peer: Evaluation | None) -> None:
        ours = self._scores(preset)
        theirs = None
        if peer is not None:
            with suppress(DataError):  # the preset's own error is worth telling without it
                theirs = self._scores(peer)
                self._note(COMPARISON, peer)
        self._write(test_to_json(replace(self._result(), beside=PresetTest(ours, theirs))))
        self._note(COMPARISON, preset)  # last: it tells that the comparison is whole

    def _scores(self, row: Evaluation) -> RunScores:
        source = self._weights(row)
        steps, mean = self._opened_bench().scores(source)
        return RunScores(row.config_id, row.stage, steps, mean)

    def _weights(self, row: Evaluation) -> Path:
        """The folder of an evaluation, with its weights in it."""
        source = self.study / str(row.facts["folder"])
        self.artifacts.fetch(source, row.facts.get("artifacts", {}))
        read_arrays(source / "weights.npz")
        return source

    def _candidate(self, source: Path) -> Opened:
        return opened_for_test(self._opened_bench(), source)

    def _opened_bench(self) -> "TestEvaluator":
        """TensorFlow, only when something is to be tested."""
        if self._bench is None:
            from gman_search.tf_logging import start_tensorflow_quietly

            start_tensorflow_quietly()
            from gman_search.training.test_evaluator import TestEvaluator

            self._bench = TestEvaluator(self.task, self.data)
        return self._bench

    def _was_last(self, role: str, row: Evaluation) -> bool:
        """Whether the last look in this role was at `row`."""
        return self._last(role) == _look(role, row) and (self.folder / "test.json").is_file()

    def _last(self, role: str) -> dict[str, Any] | None:
        """The last look in this role since the last one at a winner: everything is compared again with every winner."""
        looks = self._looks()
        return next((look for look in reversed(looks[self._latest_winner(looks) :]) if look["role"] == role), None)

    def _latest_winner(self, looks: Sequence[dict[str, Any]]) -> int:
        """Number of the last look at a winner, 0 where there is none."""
        return max((number for number, look in enumerate(looks) if look["role"] == WINNER), default=0)

    def _looks(self) -> list[dict[str, Any]]:
        file = self.folder / "tested.json"
        looks = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else []
        return [{"role": WINNER, **look} for look in looks]

    def _note(self, role: str, row: Evaluation) -> None:
        self._append(_look(role, row))

    def _append(self, look: dict[str, Any]) -> None:
        # A longer search can have a new winner, whose test is one more look at the test part: the list tells how many.
        looks = self._looks()
        if look not in looks[self._latest_winner(looks) :]:  # the same forecasts again tell nothing new
            self._dump("tested.json", [*looks, look], indent=2)

    def _write(self, result: dict[str, Any]) -> None:
        self._dump("test.json", result)

    def _dump(self, name: str, content: Any, indent: int | None = None) -> None:
        with atomic_write(self.folder / name) as partial:
            partial.write_text(json.dumps(content, indent=indent) + "\n", encoding="utf-8")


def _look(role: str, row: Evaluation) -> dict[str, Any]:
    return {"role": role, "key": row.key, "folder": row.facts["folder"], "val_mae": row.val_mae}
