"""`gman-search train`: one stage by itself, as in the three-stage guide."""

import shlex
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gman_search.cli.options import Json, Storage, Studies

if TYPE_CHECKING:
    from collections.abc import Mapping

    from gman_search.cli.training_folder import TrainingFolder
    from gman_search.config import Hyperparameters
    from gman_search.data.task import ForecastDataset
    from gman_search.spec import StudySpec
    from gman_search.tuning.folder import StudyFolder

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
        str | None,
        typer.Option("--config-id", help="Take the hyperparameters of a config of the study: its number, or winner."),
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", help="A hyperparameter (learning_rate=0.003, at quick scale) or any key of the spec."),
    ] = None,
    study: Annotated[str | None, typer.Option(help="Study whose folder takes weights and logs.")] = None,
    spec: Annotated[Path | None, typer.Option(help="Specification in TOML.")] = None,
    max_epochs: Annotated[int | None, typer.Option(help="Epochs at most; early stopping may end sooner.")] = None,
    overwrite: Annotated[
        bool, typer.Option("--overwrite", help="Replace the weights in runs/STAGE, of any settings.")
    ] = False,
    studies: Studies = Path("studies"),
    storage: Storage = None,
    json: Json = False,
) -> None:
    """Train one stage with the guide's settings, or yours; weights in STUDY/runs/STAGE, TensorBoard logs in STUDY/logs.

    Other settings at the same stage go to STUDY/runs/STAGE-2 and so on; the same settings go on where they were.

    Example: gman-search train --stage medium --init-from quick --set learning_rate=0.003
    Longer than a search could afford: gman-search train --study demo --config winner --init-from winner --stage full
    --set budget=guide
    """
    from gman_search.cli.output import print_json, say
    from gman_search.cli.training_data import training_task
    from gman_search.cli.training_folder import digest_of_weights, training_folder
    from gman_search.config import at_stage
    from gman_search.errors import Interrupted, UsageError
    from gman_search.specification import resolve_spec
    from gman_search.stages import PRESETS
    from gman_search.tuning.commands import Place, readings_words
    from gman_search.tuning.folder import StudyFolder

    if stage not in PRESETS:
        raise UsageError(f"expected --stage {', '.join(PRESETS)}; received {stage!r}")
    flags: dict[str, Any] = {} if max_epochs is None else {f"stages.{stage}.max_epochs": max_epochs}
    if config is not None:
        name = study or resolve_spec(spec_file=spec, study=None, studies_folder=studies, flags={}, settings=[]).name
        flags |= {f"space.{key}": value for key, value in _params(name, studies, config, storage).items()}
    resolved = resolve_spec(
        spec_file=spec, study=study, studies_folder=studies, flags=flags, settings=_keys_of_the_spec(settings or [])
    )
    folder = StudyFolder(studies / resolved.name)
    parent = _parent(init_from, folder)
    if parent is not None and len(others := _same_stage(parent, folder.path / "runs")) > 1:
        say(f"note: grown from runs/{parent.name}; there are {', '.join(others)}")
    hyperparameters = at_stage(
        resolved.space.preset(),
        resolved.stage(stage),
        learning_rate_rule=resolved.halving.learning_rate_rule,
        shortcuts=resolved.model.shortcuts,
    )
    task = training_task(resolved, folder, parent)
    run = training_folder(
        folder.path / "runs",
        stage,
        {
            "hyperparameters": hyperparameters.to_dict(),
            "stage": resolved.stage(stage).model_dump(mode="json"),
            "growth": None if parent is None else resolved.halving.growth.model_dump(mode="json"),
            "parent": None if parent is None else digest_of_weights(parent),
            "seed": resolved.seed,
            "data": task.fingerprint,
            "validation_stride": resolved.data.stride_of(len(task.starts["val"])),
        },
        overwrite=overwrite,
    )
    place = Place(studies, storage=storage)
    try:
        document = run.outcome or _trained(resolved, task, folder, run, parent, hyperparameters)
    except KeyboardInterrupt:
        command = shlex.join(["gman-search", *sys.argv[1:]])
        raise Interrupted(f"stopped; finished epochs are kept, and the same command goes on: {command}") from None
    if json:
        print_json("train", dict(document))
        return
    _print_outcome(document, task.unit, run, folder.path / "logs")
    if document["val_mae"] is not None:
        words = readings_words(resolved.data.model_dump(mode="json"))
        print(f"forecast: {place.command('predict', f'{resolved.name}/{run.name}', *words)}")


def _trained(
    spec: "StudySpec",
    task: "ForecastDataset",
    study: "StudyFolder",
    run: "TrainingFolder",
    parent: Path | None,
    hyperparameters: "Hyperparameters",
) -> dict[str, Any]:
    """Train into the folder of `run`, and go on where that was interrupted; returns what `--json` prints."""
    from gman_search.cli.output import say
    from gman_search.io.atomic import write_text
    from gman_search.io.memory import machine_gb
    from gman_search.record import Epoch
    from gman_search.stages import PRESETS
    from gman_search.tf_logging import start_tensorflow_quietly
    from gman_search.wording import number

    start_tensorflow_quietly()
    from gman_search.training.device import prepare_device
    from gman_search.training.finalize import complete_run
    from gman_search.training.job import Job
    from gman_search.training.loop import GmanTrainer

    stage = run.settings["stage"]["name"]
    if run.taken:
        names = " and ".join(f"runs/{name}" for name in run.taken[:3])
        say(f"note: {names} has weights of other settings and stays as it is; this training goes to runs/{run.name}")
    prepare_device(spec.seed)
    resumes = run.can_resume
    run.write()
    if parent is not None and parent.is_file():
        from gman_search.training.keras_weights import keras_parent

        shapes = [(one.L, one.K, one.d) for one in (*spec.stage_list(), *PRESETS.values())]
        parent = keras_parent(parent, task, shapes, run.path / "init")
    logs = study.path / "logs" / spec.stage(stage).log_folder / f"train{run.name.removeprefix(stage)}"
    job = Job(
        config_id=0,
        stage=stage,
        hyperparameters=hyperparameters,
        seed=spec.seed,
        folder=run.path,
        parent=parent,
        growth=spec.halving.growth,
        logs=logs,
        resume_from=run.path if resumes and (run.path / "checkpoint.npz").is_file() else None,
    )

    def told(epoch: Epoch) -> None:
        say(
            f"epoch {epoch.epoch:3d}  train {number(epoch.train_mae)}  validation {number(epoch.val_mae)} {task.unit}"
            f"  rate {epoch.learning_rate:.2g}  {epoch.seconds:.1f} s"
        )

    stages = {name: spec.stage(name) for name in PRESETS}
    write_text(run.path / "spec.json", spec.model_dump_json(indent=2) + "\n")
    stride, room = run.settings["validation_stride"], spec.search.room_gb(machine_gb(), processes=1)
    trainer = GmanTrainer(task, validation_stride=stride, stages=stages, room_gb=room)
    outcome = trainer.train(job, told)
    if (run.path / "weights.npz").is_file():
        model = trainer.compiled(hyperparameters.shape, stage, shortcuts=hyperparameters.shortcuts)
        complete_run(task, run.path, model, spec.data)
    document = {
        "stage": stage,
        "state": str(outcome.state),
        "val_mae": outcome.val_mae,
        "epochs": outcome.epochs,
        "seconds": outcome.seconds,
        "reason": outcome.reason,
        "diagnosis": list(outcome.diagnosis),
        "inherited": outcome.facts["inherited"],
        "weights": str(run.path),
    }
    run.write(document)
    return document


def _print_outcome(outcome: "Mapping[str, Any]", unit: str, run: "TrainingFolder", logs: Path) -> None:
    from gman_search.wording import number

    mae = f"validation MAE {number(outcome['val_mae'])} {unit}"
    again = " (trained before with the same settings; --overwrite trains again)" if run.outcome else ""
    print(f"{outcome['stage']}: {outcome['state']}, {mae} after {outcome['epochs']} epochs{again}")
    for text in (outcome["reason"], *outcome["diagnosis"]):
        if text:
            print(f"  {text}")
    usable = outcome["val_mae"] is not None
    print(f"weights:  {run.path if usable else 'none: no epoch had a usable validation error'}")
    print(f"logs:     {shlex.join(['tensorboard', '--logdir', str(logs)])}")


def _keys_of_the_spec(settings: list[str]) -> list[str]:
    """A hyperparameter becomes a fixed dimension of the space, which takes its value as the preset."""
    from gman_search.space import SearchSpace

    mine = [text for text in settings if text.partition("=")[0].strip() in SearchSpace.model_fields]
    return [text for text in settings if text not in mine] + [f"space.{text}" for text in mine]


def _params(study: str, studies: Path, config: str, storage: str | None) -> dict[str, Any]:
    """Hyperparameters of a config of a study, at quick scale."""
    from gman_search.errors import UsageError
    from gman_search.halving.promotion import best_evaluation
    from gman_search.tuning.study_loader import open_record

    record, _ = open_record(study, studies, storage)
    best = best_evaluation(record.evaluations, record.schedule)
    wanted = str(best.config_id) if best is not None and config == "winner" else config
    found = {str(row.config_id): row.params for row in record.evaluations}
    if wanted not in found:
        raise UsageError(
            f"expected --config winner or the number of one of the {len(found)} configs of study {study}; "
            f"received {config!r}"
        )
    return dict(found[wanted])


def _same_stage(parent: Path, runs: Path) -> list[str]:
    """Names of the trainings of the same stage, where `parent` is one: which was meant may be a question."""
    if parent.parent != runs:
        return []
    stage = parent.name.split("-")[0]
    return sorted(file.parent.name for file in runs.glob(f"{stage}*/weights.npz"))


def _parent(source: str | None, folder: object) -> Path | None:
    from gman_search.errors import DataError
    from gman_search.tuning.folder import StudyFolder

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
