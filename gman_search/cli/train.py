"""`gman-search train`: one stage by itself, as in the three-stage guide."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gman_search.cli.options import Json, Storage, Studies

if TYPE_CHECKING:
    from gman_search.training.job import Job, Outcome

__all__ = ["train"]


def train(
    stage: Annotated[str, typer.Option(help="quick, medium or full.")] = "quick",
    init_from: Annotated[
        str | None,
        typer.Option(
            "--init-from", help="Grow this run: a stage of the study, winner, a folder, or Keras's .weights.h5."
        ),
    ] = None,
    config: Annotated[
        str | None, typer.Option(help="Take the hyperparameters of a config of the study: its number, or winner.")
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", help="A hyperparameter (learning_rate=0.003, at quick scale) or any key of the spec."),
    ] = None,
    study: Annotated[str | None, typer.Option(help="Study whose folder takes weights and logs.")] = None,
    spec: Annotated[Path | None, typer.Option(help="Specification in TOML.")] = None,
    max_epoch: Annotated[int | None, typer.Option(help="Epochs at most; early stopping may end sooner.")] = None,
    studies: Studies = Path("studies"),
    storage: Storage = None,
    json: Json = False,
) -> None:
    """Train one stage with the guide's settings, or yours; weights in STUDY/runs/STAGE, TensorBoard logs in STUDY/logs.

    Example: gman-search train --stage medium --init-from quick --set learning_rate=0.003
    Longer than a search could afford: gman-search train --study demo --config winner --init-from winner --stage full
    --set budget=guide
    """
    from gman_search.cli.output import number, print_json, say
    from gman_search.cli.specification import resolve_spec
    from gman_search.config import at_stage
    from gman_search.data.task import load_task
    from gman_search.errors import UsageError
    from gman_search.record import Epoch
    from gman_search.search.run import StudyFolder
    from gman_search.stages import PRESETS
    from gman_search.training.job import Job

    if stage not in PRESETS:
        raise UsageError(f"expected --stage {', '.join(PRESETS)}; received {stage!r}")
    flags: dict[str, Any] = {} if max_epoch is None else {f"stages.{stage}.max_epochs": max_epoch}
    if config is not None:
        name = study or resolve_spec(spec_file=spec, study=None, studies_folder=studies, flags={}, settings=[]).name
        flags |= {f"space.{key}": value for key, value in _params(name, studies, config, storage).items()}
    resolved = resolve_spec(
        spec_file=spec, study=study, studies_folder=studies, flags=flags, settings=_keys_of_the_spec(settings or [])
    )
    folder = StudyFolder(studies / resolved.name)
    parent = _parent(init_from, folder)
    hyperparameters = at_stage(
        resolved.space.preset(),
        resolved.stage(stage),
        learning_rate_rule=resolved.halving.learning_rate_rule,
        shortcuts=resolved.model.shortcuts,
    )
    task = load_task(resolved.data, Path.cwd())
    for text in task.warnings:
        say(f"note: {text}")

    from gman_search.training.quiet import start_tensorflow_quietly

    start_tensorflow_quietly()
    from gman_search.training.device import prepare_device
    from gman_search.training.loop import GmanTrainer
    from gman_search.training.winner import complete_run

    prepare_device(resolved.seed)
    run = folder.path / "runs" / stage
    if parent is not None and parent.is_file():
        from gman_search.training.keras_weights import keras_parent

        shapes = [(one.L, one.K, one.d) for one in (*resolved.stage_list(), *PRESETS.values())]
        parent = keras_parent(parent, task, shapes, run / "init")
    job = Job(
        config_id=0,
        stage=stage,
        hyperparameters=hyperparameters,
        seed=resolved.seed,
        folder=run,
        parent=parent,
        growth=resolved.halving.growth,
        logs=folder.path / "logs" / resolved.stage(stage).log_folder / "train",
    )

    def told(epoch: Epoch) -> None:
        say(
            f"epoch {epoch.epoch:3d}  train {number(epoch.train_mae)}  validation {number(epoch.val_mae)} {task.unit}"
            f"  rate {epoch.learning_rate:.2g}  {epoch.seconds:.1f} s"
        )

    stages = {name: resolved.stage(name) for name in PRESETS}
    run.mkdir(parents=True, exist_ok=True)
    (run / "spec.json").write_text(resolved.model_dump_json(indent=2) + "\n", encoding="utf-8")
    trainer = GmanTrainer(task, validation_stride=resolved.data.stride_of(len(task.starts["val"])), stages=stages)
    outcome = trainer.train(job, told)
    has_weights = (run / "weights.npz").is_file()
    if has_weights:
        model = trainer.compiled(hyperparameters.shape, stage, shortcuts=hyperparameters.shortcuts)
        complete_run(task, run, model, resolved.data)
    if json:
        print_json(
            "train",
            {
                "stage": stage,
                "state": str(outcome.state),
                "val_mae": outcome.val_mae,
                "epochs": outcome.epochs,
                "seconds": outcome.seconds,
                "reason": outcome.reason,
                "diagnosis": list(outcome.diagnosis),
                "inherited": outcome.facts["inherited"],
                "weights": str(run),
            },
        )
        return
    _print_outcome(outcome, task.unit, job, folder.path / "logs", f"{resolved.name}/{stage}" if has_weights else None)


def _print_outcome(outcome: "Outcome", unit: str, job: "Job", logs: Path, usable: str | None) -> None:
    from gman_search.cli.output import number

    mae = f"validation MAE {number(outcome.val_mae)} {unit}"
    print(f"{job.stage}: {outcome.state}, {mae} after {outcome.epochs} epochs")
    for text in (outcome.reason, *outcome.diagnosis):
        if text:
            print(f"  {text}")
    print(f"weights:  {job.folder if usable else 'none: no epoch had a usable validation error'}")
    print(f"logs:     tensorboard --logdir {logs}")
    if usable:
        print(f"forecast: gman-search predict {usable} recent.csv")


def _keys_of_the_spec(settings: list[str]) -> list[str]:
    """A hyperparameter becomes a fixed dimension of the space, which takes its value as the preset."""
    from gman_search.space import SearchSpace

    mine = [text for text in settings if text.partition("=")[0].strip() in SearchSpace.model_fields]
    return [text for text in settings if text not in mine] + [f"space.{text}" for text in mine]


def _params(study: str, studies: Path, config: str, storage: str | None) -> dict[str, Any]:
    """Hyperparameters of a config of a study, at quick scale."""
    from gman_search.cli.opened import open_record
    from gman_search.errors import UsageError
    from gman_search.halving.decide import best_evaluation

    record, _ = open_record(study, studies, storage)
    best = best_evaluation(record.evaluations, record.ladder)
    wanted = str(best.config_id) if best is not None and config == "winner" else config
    found = {str(row.config_id): row.params for row in record.evaluations}
    if wanted not in found:
        raise UsageError(
            f"expected --config winner or the number of one of the {len(found)} configs of study {study}; "
            f"received {config!r}"
        )
    return dict(found[wanted])


def _parent(source: str | None, folder: object) -> Path | None:
    from gman_search.errors import DataError
    from gman_search.search.run import StudyFolder

    if source is None or not isinstance(folder, StudyFolder):
        return None
    if source.endswith(".weights.h5") and Path(source).is_file():
        return Path(source)
    own = [folder.winner] if source == "winner" else []
    for candidate in (*own, folder.path / "runs" / source, folder.path / "evaluations" / source, Path(source)):
        if (candidate / "weights.npz").is_file():
            return candidate
    raise DataError(
        f"expected --init-from a trained stage (quick, medium), winner, a folder with weights.npz or a file "
        f".weights.h5; received {source!r}"
    )
