"""Networks on which `rivals.py` and `scale_pays.py` measure: their data settings, as a user would write them."""

import json
import re
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gman_search.data.task import ForecastDataset, load_task
from gman_search.data_spec import DataSpec

__all__ = ["DEMO_STUDY", "NAMES", "Network", "named_network", "network_of_files"]

NAMES = ("demo", "week20", "week207", "us101", "orange")
DEMO_STUDY = Path(__file__).parents[1] / "studies" / "demo.toml"


@dataclass(frozen=True)
class Network:
    """A network and the keys of its `[data]` table; paths in it are absolute."""

    name: str
    data: dict[str, Any]

    def study(self, name: str, seed: int) -> str:
        """A specification in TOML that says nothing but name, seed and data."""
        lines = [f"name = {json.dumps(name)}", f"seed = {seed}", "", "[data]"]
        return "\n".join([*lines, *(f"{key} = {json.dumps(value)}" for key, value in self.data.items()), ""])

    @property
    def spec(self) -> DataSpec:
        """The data settings, checked."""
        return DataSpec(**self.data)

    def task(self) -> ForecastDataset:
        """Readings and windows, as the product cuts them."""
        return load_task(self.spec, Path.cwd())


def named_network(name: str, data: Path) -> Network:
    """One of NAMES. `data` is the folder of the real networks; the demo needs none.

    Both PeMS networks are Californian, and a user would say so: holidays count as Sundays, for the product and for all
    rivals. Every 8th window of us101's validation part is used, for the product and for all rivals: it has 5,621, and
    neighbours share 23 of their 24 steps.
    """
    if name == "demo":
        return Network(name, tomllib.loads(DEMO_STUDY.read_text(encoding="utf-8"))["data"])
    week = {"start": "2012-03-01T00:00", "step": "5min"}
    files, more = {
        "week20": (("metr-la-week/los_speed.csv", "metr-la-week/los_adj.csv"), {**week, "sensors": 20}),
        "week207": (("metr-la-week/los_speed.csv", "metr-la-week/los_adj.csv"), week),
        "us101": (
            ("pems-us101-flow/flow.csv.gz", "pems-us101-flow/distances.csv"),
            {"unit": "vehicles", "validation_stride": 8, "holidays": "US-CA"},
        ),
        "orange": (("pems-orange/speed.csv.gz", "pems-orange/distances.csv"), {"holidays": "US-CA"}),
    }[name]
    readings, graph = ((data / file).resolve() for file in files)
    if not readings.is_file():
        raise SystemExit(f"{name} needs --data (or GMAN_SEARCH_DATA), a folder that holds {files[0]}; got {data}")
    return Network(name, {"readings": str(readings), "adjacency": str(graph), **more})


def network_of_files(readings: Path, graph: Path | None, **settings: Any) -> Network:
    """A network of the user's own files; `settings` are further keys of `[data]`, None for those that are not given."""
    name = re.sub(r"[^A-Za-z0-9_-]+", "-", readings.name.split(".")[0]).strip("-") or "network"
    graphs = {} if graph is None else {"adjacency": str(graph.resolve())}
    given = {key: value for key, value in settings.items() if value is not None}
    return Network(name, {"readings": str(readings.resolve()), **graphs, **given})
