"""What a study is: one validated, frozen specification, from TOML, environment and flags.

Precedence: flag > environment `GMAN_SEARCH_*` > TOML > default. Unknown keys are refused, never ignored.
"""

import re
from itertools import pairwise
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, field_validator, model_validator

from gman_search.config import Hyperparameters, at_stage
from gman_search.halving.ladder import Ladder
from gman_search.halving.retention import Keep
from gman_search.model.counts import best_groups
from gman_search.model.growth import GrowthRules
from gman_search.space import SearchSpace
from gman_search.stages import BUDGETS, PRESETS, Stage, StageOverrides

__all__ = ["DataSpec", "HalvingSpec", "ModelSpec", "SearchSpec", "StudySpec"]

AUTO_WINDOWS = 500
"""Validation windows scored after an epoch, by default: on months of data all of them cost more than training does."""
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,99}")


class _Frozen(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class DataSpec(_Frozen):
    """Where the readings come from and how they are cut into windows."""

    speed: str = Field(
        default="demo", description="file of readings (CSV, HDF5, npz, Parquet); `demo` is the bundled network"
    )
    adjacency: str | None = Field(
        default=None, description="graph file: dense CSV, from,to,cost, edge list, DCRNN's pickle, or coordinates"
    )
    embedding: str | None = Field(default=None, description="spatial embedding file; none: made from the graph")
    embedding_method: Literal["spectral", "node2vec", "random"] = Field(
        default="spectral", description="how an embedding is made where no file is given"
    )
    start: str | None = Field(default=None, description="time of the first row where the file has no time column")
    step: str | None = Field(default=None, description="time between rows, such as 5min")
    channel: int | str | None = Field(
        default=None, description="which quantity, by number or name, where the file has several"
    )
    sensors: int | tuple[str, ...] | None = Field(default=None, description="the first n sensors, or a list of names")
    unit: str = Field(default="mph", description="unit of the readings, shown beside every number")
    holidays: str | None = Field(
        default=None,
        description="whose holidays count as Sundays, such as US or US-CA (extra `holidays`); none: no day is one",
    )
    history: int = Field(default=12, ge=1, description="P: input steps of a window")
    horizon: int = Field(default=12, ge=1, description="Q: forecast steps of a window")
    train: float = Field(default=0.7, gt=0, lt=1, description="share of the series used for training")
    test: float = Field(default=0.2, gt=0, lt=1, description="share of the series kept for the final test")
    split: Literal["gman", "dcrnn"] = Field(
        default="gman", description="gman: cut by time, then windows in each part; dcrnn: windows first, then cut"
    )
    missing: tuple[Literal["zero", "nan", "negative"], ...] = Field(
        default=("zero", "nan"), description="what is no reading; it counts nowhere: not in loss, metrics or scaler"
    )
    missing_inputs: Literal["last", "mean", "zero"] = Field(
        default="last", description="what stands in for a missing input reading"
    )
    embedding_size: int = Field(default=64, ge=1, description="width of an embedding that is made")
    groups: Annotated[int, Field(ge=0)] | Literal["auto"] = Field(
        default=0,
        description="groups of the paper's group spatial attention, for many hundred sensors; 0: all attend to all; "
        "auto: the number with the least work",
    )
    validation_stride: Annotated[int, Field(ge=1)] | Literal["auto"] = Field(
        default="auto",
        description="validate on every k-th window (neighbours overlap); auto: so that about 500 windows are scored "
        "after an epoch; the test part always uses all",
    )

    @field_validator("missing")
    @classmethod
    def _zeros_are_missing(cls, missing: tuple[str, ...]) -> tuple[str, ...]:
        if "zero" not in missing:
            raise ValueError(
                f'"zero" must be in it: loss and metrics leave zeros out, as GMAN\'s do; received {missing}'
            )
        return missing

    def stride_of(self, windows: int) -> int:
        """Every how many-th of so many validation windows is scored after an epoch."""
        return max(1, windows // AUTO_WINDOWS) if self.validation_stride == "auto" else self.validation_stride

    def groups_of(self, sensors: int) -> int:
        """How many groups of group spatial attention a network of `sensors` gets; 0: none."""
        return best_groups(sensors) if self.groups == "auto" else self.groups

    @model_validator(mode="after")
    def _room_for_validation(self) -> "DataSpec":
        if self.train + self.test >= 1:
            raise ValueError(f"train + test must leave room for validation; received {self.train} + {self.test}")
        return self


class ModelSpec(_Frozen):
    """What the network is, besides its sizes."""

    shortcuts: bool = Field(
        default=True,
        description="lead the last reading, the mean of the inputs and usual values to decoder and output; "
        "false: the original GMAN",
    )


class HalvingSpec(_Frozen):
    """How configs climb the ladder."""

    eta: Annotated[int, Field(ge=1)] | tuple[Annotated[int, Field(ge=1)], ...] | Literal["cost"] = Field(
        default="cost", description="reduction factor, one for all stages or one each; cost: ratio of stage costs"
    )
    promotion: Literal["synchronous", "asynchronous"] = Field(
        default="asynchronous",
        description="promote as soon as there is room (the last place when the stage is closed), or when it is closed",
    )
    stopping: Literal["none", "median"] = Field(
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

    startup_trials: int = Field(default=10, ge=1, description="random configs before TPE's model is used")
    workers: int = Field(default=2, ge=1, description="worker processes on this machine")
    threads: int | None = Field(
        default=None, ge=1, description="CPU threads of a worker; none: the machine's cores divided among the workers"
    )
    gpus: float = Field(default=0, ge=0, description="GPUs, or the share of one, that a worker asks Ray for")
    renew_after: int = Field(
        default=50,
        ge=0,
        description="evaluations after which a worker whose memory grew by half gives way to a fresh process; 0: never",
    )
    max_failures: float = Field(default=0.2, ge=0, le=1, description="share of failed evaluations that is accepted")
    max_attempts: int = Field(default=3, ge=1, description="attempts of one evaluation before it counts as failed")
    controls: int = Field(
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
        description="train the reference config as the three-stage guide has it, beside the search; it can win",
    )
    finals: int = Field(
        default=4,
        ge=0,
        le=100,
        description="best configs that are trained on to their end when the search is done; 0: none",
    )
    keep: Keep = Field(
        default="all",
        description="weights that stay: all; promoted (and what may still be); winner (and what it was grown from)",
    )
    lease_seconds: float = Field(default=60, gt=0, description="a worker silent for this long has lost its evaluation")

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
    budget: Literal["laptop", "guide"] = Field(
        default="laptop", description="epochs and steps of the stages: cut for two CPU cores, or the guide's own"
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
        ladder = self.stage_list()
        for small, big in pairwise(ladder):
            if any(getattr(big, size) < getattr(small, size) for size in ("L", "K", "d")):
                raise ValueError(
                    f"stage {big.name} (L={big.L}, K={big.K}, d={big.d}) must not be smaller than "
                    f"{small.name} (L={small.L}, K={small.K}, d={small.d}): weights grow, they never shrink"
                )
        eta = self.halving.eta
        if isinstance(eta, tuple) and len(eta) != len(ladder) - 1:
            raise ValueError(f"halving.eta needs {len(ladder) - 1} values, received {len(eta)}")
        return self

    def stage_list(self) -> tuple[Stage, ...]:
        """The stages of this study in ladder order: presets, then the budget, then the study's own overrides."""
        none, budget = StageOverrides(), BUDGETS[self.budget]
        return tuple(
            self.stages.get(name, none).apply(budget.get(name, none).apply(preset))  # type: ignore[call-overload]
            for name, preset in PRESETS.items()
        )

    def preset_stages(self) -> tuple[Stage, ...]:
        """The stages as the guide's config has them, where the search space sets sizes or the batch size."""
        return tuple(_as_config(stage, at_stage(self.space.preset(), stage)) for stage in self.stage_list())

    def stage(self, name: str) -> Stage:
        """One stage by name."""
        return next(stage for stage in self.stage_list() if stage.name == name)

    def ladder(self, cost_ratios: tuple[int, ...]) -> Ladder:
        """The ladder of this study; `cost_ratios` stand in where `halving.eta` is "cost"."""
        names = tuple(stage.name for stage in self.stage_list())
        eta = self.halving.eta
        etas = cost_ratios if eta == "cost" else (eta,) * (len(names) - 1) if isinstance(eta, int) else eta
        return Ladder(names, tuple(etas), self.trials, self.halving.promotion == "synchronous")


def _as_config(stage: Stage, config: Hyperparameters) -> Stage:
    update: dict[str, int] = {name: getattr(config, name) for name in ("L", "K", "d", "batch_size")}
    if config.windows_per_epoch is not None:
        update["steps_per_epoch"] = -(-config.windows_per_epoch // config.batch_size)
    return stage.model_copy(update=update)
