"""What a study is: one validated, frozen specification, from TOML, environment and flags.

Precedence: flag > environment `GMAN_SEARCH_*` > TOML > default. Unknown keys are refused, never ignored.
"""

import re
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

from gman_search.config import Hyperparameters, at_stage
from gman_search.data_spec import DataSpec
from gman_search.halving.finals import FINALS, MOST_FINALS
from gman_search.halving.halving_schedule import HalvingSchedule
from gman_search.halving.retention import Keep
from gman_search.model.growth import GrowthRules
from gman_search.space import SearchSpace
from gman_search.stages import Stage, StageOverrides, budget_stages

__all__ = ["HalvingSpec", "ModelSpec", "SearchSpec", "StudySpec"]

MEMORY_SHARE = 0.8
"""Of a machine's memory that its workers may use together."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class ModelSpec(_Frozen):
    """What the network is, besides its sizes."""

    shortcuts: bool = Field(
        default=True,
        description="lead the last reading, the mean of the inputs and usual values to decoder and output; "
        "false: the original GMAN",
    )


class HalvingSpec(_Frozen):
    """How configs are promoted from stage to stage."""

    reduction_factor: Annotated[int, Field(ge=1)] | tuple[Annotated[int, Field(ge=1)], ...] | Literal["cost"] = Field(
        default="cost", description="reduction factor, one for all stages or one each; cost: ratio of stage costs"
    )
    promotion: Literal["synchronous", "asynchronous"] = Field(
        default="asynchronous",
        description="promote as soon as there is room (the last place when the stage is closed), or when it is closed",
    )
    pruner: Literal["none", "median"] = Field(
        default="none",
        description="median: an evaluation ends when its best so far is above the median of the others of its stage",
    )
    warm_start: Literal["grow", "none"] = Field(default="grow", description="start from the smaller model's weights")
    growth: GrowthRules = GrowthRules()
    learning_rate_rule: Literal["preset", "mup", "none"] = Field(
        default="preset",
        description="rate at the next stage: by the ratio of the guide's rates, by tensor and width (muP), or the same",
    )


class SearchSpec(_Frozen):
    """The sampler, the workers and the limits of a search."""

    n_startup_trials: int = Field(default=10, ge=1, description="random configs before TPE's model is used")
    workers: int = Field(default=2, ge=1, description="worker processes on this machine")
    threads: int | None = Field(
        default=None, ge=1, description="CPU threads of a worker; none: the machine's cores divided among the workers"
    )
    memory_gb: float | None = Field(
        default=None,
        gt=0,
        description="GB that the workers of this machine may use together; none: 0.8 of its memory. Steps that need "
        "more compute blocks again or take their batch in parts",
    )
    gpus: float = Field(default=0, ge=0, description="GPUs, or the share of one, that a worker asks Ray for")
    max_evaluations_per_process: int = Field(
        default=50,
        ge=0,
        description="evaluations after which a worker whose memory grew by half gives way to a fresh process; 0: never",
    )
    max_failure_share: float = Field(
        default=0.2, ge=0, le=1, description="share of failed evaluations that is accepted"
    )
    max_attempts: int = Field(default=3, ge=1, description="attempts of one evaluation before it counts as failed")
    control_runs: int = Field(
        default=0,
        ge=0,
        le=100,
        description="configs of the top that are trained cold too, and configs promoted at random from each stage; "
        "if any, the guide's preset goes on to the last stage, too",
    )
    artifacts: str | None = Field(
        default=None,
        description="where workers leave weights for each other: a folder, s3://BUCKET/PREFIX or gs://BUCKET/PREFIX; "
        "none: in the study's folder",
    )
    reference: bool = Field(
        default=True,
        description="train the reference config as the three-stage guide has it, next to the search; it can win",
    )
    finals: Annotated[int, Field(ge=0, le=100)] | Literal["auto"] = Field(
        default="auto",
        description="best configs that are trained on to their end when the search is done; 0: none; auto: 4, and more "
        "where the hours of a search are enough",
    )
    keep_weights: Keep = Field(
        default="all",
        description="weights that stay: all; promoted (and what may still be); winner (and what it was grown from)",
    )
    lease_seconds: float = Field(default=60, gt=0, description="a worker silent for this long has lost its evaluation")
    checkpoint_seconds: float = Field(
        default=300,
        ge=0,
        description="seconds between two checkpoints of an evaluation in the bucket of `artifacts`, for the case that "
        "its machine is lost; 0: only when a worker leaves",
    )
    idle_seconds: float = Field(
        default=60,
        ge=0,
        description="a Ray worker that finds nothing to take for so long gives its CPUs and GPUs back; it is started "
        "again when there is something; 0: it keeps them",
    )

    @property
    def usual_finals(self) -> int:
        """Final trainings of a search that is not planned for some hours."""
        return FINALS if self.finals == "auto" else self.finals

    @property
    def most_finals(self) -> int:
        """Final trainings at most."""
        return MOST_FINALS if self.finals == "auto" else self.finals

    def room_gb(self, machine_gb: float, *, processes: int | None = None) -> float:
        """GB of memory of each worker, or of one of so many processes, on a machine of `machine_gb`."""
        return (self.memory_gb or MEMORY_SHARE * machine_gb) / (processes or self.workers)

    def threads_of(self, cores: int) -> int:
        """CPU threads of each worker on a machine with so many cores."""
        return self.threads or max(1, cores // self.workers)

    def share_of(self, cores: int) -> tuple[int, int]:
        """(workers that run at a time, threads of each that have a core): more than there are cores take turns."""
        running = min(self.workers, cores)
        return running, min(self.threads_of(cores), max(1, cores // running))


class StudySpec(_Frozen):
    """One named search, complete: data, stages, search space, halving rules, search settings and seed."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=100)] = "demo"
    trials: int = Field(default=50, ge=1, description="TOTAL number of configs the study should reach")
    seed: int = Field(default=0, ge=0, lt=2**31)
    data: DataSpec = DataSpec()
    budget: Literal["auto", "laptop", "guide"] = Field(
        default="auto",
        description="epochs and steps of the stages: laptop, cut for two CPU cores; guide, the three-stage guide's; "
        "auto, the laptop's, and with --hours as many as the time is best spent on",
    )
    budget_scale: float = Field(
        default=1.0,
        ge=1,
        le=1000,
        description="training steps of every stage as a multiple of the laptop's; with budget auto planned from hours",
    )
    model: ModelSpec = ModelSpec()
    stages: dict[Literal["quick", "medium", "full"], StageOverrides] = Field(default_factory=dict)
    space: SearchSpace = SearchSpace()
    halving: HalvingSpec = HalvingSpec()
    search: SearchSpec = SearchSpec()

    @field_validator("name")
    @classmethod
    def _safe_name(cls, name: str) -> str:
        # The name becomes a folder and an Optuna study name.
        if not _NAME.fullmatch(name) or ".." in name:
            raise ValueError(f"expected letters, digits, '.', '_' or '-' (no path, no '..'), received {name!r}")
        return name

    @model_validator(mode="after")
    def _stages_grow(self) -> "StudySpec":
        schedule = self.stage_list()
        for small, big in pairwise(schedule):
            if any(getattr(big, size) < getattr(small, size) for size in ("L", "K", "d")):
                raise ValueError(
                    f"stage {big.name} (L={big.L}, K={big.K}, d={big.d}) must not be smaller than "
                    f"{small.name} (L={small.L}, K={small.K}, d={small.d}): weights grow, they never shrink"
                )
        eta = self.halving.reduction_factor
        if isinstance(eta, tuple) and len(eta) != len(schedule) - 1:
            raise ValueError(f"halving.reduction_factor needs {len(schedule) - 1} values, received {len(eta)}")
        return self

    def stage_list(self) -> tuple[Stage, ...]:
        """The stages of this study from small to large: presets, then the budget, then the study's own overrides."""
        none = StageOverrides()
        return tuple(
            self.stages.get(stage.name, none).apply(stage)  # type: ignore[call-overload]
            for stage in budget_stages(self.budget, self.budget_scale)
        )

    def preset_stages(self) -> tuple[Stage, ...]:
        """The stages as the guide's config has them, where the search space sets sizes or the batch size."""
        return tuple(_as_config(stage, at_stage(self.space.preset(), stage)) for stage in self.stage_list())

    def stage(self, name: str) -> Stage:
        """One stage by name."""
        return next(stage for stage in self.stage_list() if stage.name == name)

    def schedule(self, cost_ratios: tuple[int, ...]) -> HalvingSchedule:
        """The halving schedule of this study; `cost_ratios` stand in where `halving.reduction_factor` is "cost"."""
        names = tuple(stage.name for stage in self.stage_list())
        eta = self.halving.reduction_factor
        etas = cost_ratios if eta == "cost" else (eta,) * (len(names) - 1) if isinstance(eta, int) else eta
        return HalvingSchedule(names, tuple(etas), self.trials, self.halving.promotion == "synchronous")


def _as_config(stage: Stage, config: Hyperparameters) -> Stage:
    update: dict[str, int] = {name: getattr(config, name) for name in ("L", "K", "d", "batch_size")}
    if config.windows_per_epoch is not None:
        update["steps_per_epoch"] = -(-config.windows_per_epoch // config.batch_size)
    return stage.model_copy(update=update)
