"""Where the readings of a study come from and how they are cut into windows: its `[data]` table."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from gman_search.model.param_count import best_groups
from gman_search.reading_options import ReadingOptions

__all__ = ["DataSpec"]

AUTO_WINDOWS = 500
"""Validation windows scored after an epoch, by default: on months of data all of them cost more than training does."""


class DataSpec(ReadingOptions):
    """Where the readings come from and how they are cut into windows."""

    readings: str = Field(
        default="demo",
        description="readings (CSV, Excel, HDF5, npz, Parquet, PeMS, ...): a file, a folder or a pattern such as "
        "pems/*.txt.gz; `demo` is the bundled network",
    )
    adjacency: str | None = Field(
        default=None,
        description="graph file: from,to,cost, matrix, edge list, coordinates, PeMS' stations, DCRNN's pickle",
    )
    graph_values: Literal["auto", "distances", "weights"] = Field(
        default="auto",
        description="what the numbers of the graph file are: distances, which go through a kernel, or weights; auto: "
        "decided by the file",
    )
    embedding: str | None = Field(default=None, description="spatial embedding file; none: made from the graph")
    embedding_method: Literal["spectral", "node2vec", "random"] = Field(
        default="spectral", description="how an embedding is made where no file is given"
    )
    sensors: int | tuple[str, ...] | None = Field(default=None, description="the first n sensors, or a list of names")
    holidays: str | None = Field(
        default=None,
        description="whose holidays count as Sundays, such as US or US-CA (extra `holidays`); none: no day is one",
    )
    history: int = Field(default=12, ge=1, description="P: input steps of a window")
    horizon: int = Field(default=12, ge=1, description="Q: forecast steps of a window")
    train_share: float = Field(default=0.7, gt=0, lt=1, description="share of the series used for training")
    test_share: float = Field(default=0.2, gt=0, lt=1, description="share of the series kept for the final test")
    split: Literal["gman", "dcrnn"] = Field(
        default="gman", description="gman: cut by time, then windows in each part; dcrnn: windows first, then cut"
    )
    imputation: Literal["last", "mean", "zero"] = Field(
        default="last", description="what stands in for a missing input reading"
    )
    embedding_size: int = Field(default=64, ge=1, description="width of an embedding that is made")
    spatial_groups: Annotated[int, Field(ge=0)] | Literal["auto"] = Field(
        default=0,
        description="groups of the paper's group spatial attention, for many hundred sensors; 0: all attend to all; "
        "auto: the number with the least work",
    )
    validation_stride: Annotated[int, Field(ge=1)] | Literal["auto"] = Field(
        default="auto",
        description="validate on every k-th window (neighbours overlap); auto: so that about 500 windows are scored "
        "after an epoch; the test part always uses all",
    )

    def stride_of(self, windows: int) -> int:
        """Every how many-th of so many validation windows is scored after an epoch."""
        return max(1, round(windows / AUTO_WINDOWS)) if self.validation_stride == "auto" else self.validation_stride

    def groups_of(self, sensors: int) -> int:
        """How many groups of group spatial attention a network of `sensors` gets; 0: none."""
        return best_groups(sensors) if self.spatial_groups == "auto" else self.spatial_groups

    @model_validator(mode="after")
    def _room_for_validation(self) -> "DataSpec":
        if self.train_share + self.test_share >= 1:
            received = f"{self.train_share} + {self.test_share}"
            raise ValueError(f"train_share + test_share must leave room for validation; received {received}")
        return self
