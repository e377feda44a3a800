"""Medians over seeds, and the bars that the product is held to in `rivals.py` (pure)."""

import statistics
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from typing import Any

from markdown_tables import markdown_table

__all__ = ["Bar", "bars", "bars_table", "medians", "summary_tables"]

STEPS = {"3": "15 min", "6": "30 min", "12": "60 min", "mean": "mean"}
OWN, PLAIN, BOTH = "boosted trees", "LightGBM, plain recipe", "LightGBM, plain recipe, both parts"
MADE_IN_MINUTES = 10
Document = dict[str, Any]
Row = dict[str, Any]
Contest = tuple[str, str, float]


@dataclass(frozen=True)
class Bar:
    """One bar. `ours` over `theirs` may be `limit` at most; None where something of it was not measured."""

    network: str
    job: str
    minutes: float
    seeds: int
    bar: str
    ours: float | None
    theirs: float | None
    ratio: float | None
    limit: float

    @property
    def met(self) -> bool | None:
        """None: not measured."""
        return None if self.ratio is None else self.ratio <= self.limit

    def to_dict(self) -> dict[str, Any]:
        """Plain values, for JSON."""
        return {**asdict(self), "met": self.met}


def medians(documents: Iterable[Document]) -> dict[Contest, list[dict[str, Any]]]:
    """Rows by network, job and minutes: the median over the seeds of each number, and how many seeds have the row."""
    contests: dict[Contest, dict[tuple[str, str], list[dict[str, Any]]]] = {}
    for document in documents:
        rows = contests.setdefault((document["network"], document["job"], document["minutes"]), {})
        for row in document["rows"]:
            name = row["kind"] if row["kind"] in ("ensemble", "winner") else row["name"]
            rows.setdefault((row["kind"], name), []).append(row)
    return {
        contest: [
            {
                "name": name,
                "kind": kind,
                "seeds": len(found),
                "val": _median(row["val"] for row in found),
                "test": {at: _median(row["test"][at] for row in found) for at in STEPS},
                "train_seconds": _median(row["train_seconds"] for row in found),
                "forecast_ms": _median(row["forecast_ms"] for row in found),
            }
            for (kind, name), found in rows.items()
        ]
        for contest, rows in contests.items()
    }


def bars(documents: Iterable[Document]) -> list[Bar]:
    """All bars, lost ones first, then those not measured. Ratios are of medians over the seeds.

    Boosted trees are compared three times: those of the plain recipe, fitted to the training part; the same that have
    seen the validation part, too, as members of the ensemble have; and the product's own, which are stronger on most
    networks, the lowest error of any kind at each step.
    """
    documents = list(documents)
    found: list[Bar] = []
    for contest, rows in medians(documents).items():
        own = [one for one in documents if (one["network"], one["job"], one["minutes"]) == contest]
        found += _made(contest, rows, own) if contest[1] == "make run" else _timed(contest, rows)
    return sorted(found, key=lambda bar: {False: 0, None: 1, True: 2}[bar.met])


def _timed(contest: Contest, rows: list[Row]) -> list[Bar]:
    ensemble, winner, alone = (_of_kind(rows, kind) for kind in ("ensemble", "winner", "reference"))
    told = []
    for name, trees in ((PLAIN, _exactly(rows, PLAIN)), (BOTH, _exactly(rows, BOTH)), (OWN, _lowest(rows, OWN))):
        told += [(f"ensemble / {name}, mean", ensemble, trees, "mean", 0.97)]
        told += [(f"ensemble / {name}, {STEPS[at]}", ensemble, trees, at, 1.0) for at in ("3", "6", "12")]
    told += [("winner / reference trained alone, mean", winner, alone, "mean", 0.97)]
    told += [("ensemble / reference trained alone, mean", ensemble, alone, "mean", 0.95)]
    return [_bar(contest, name, ours, theirs, at, limit) for name, ours, theirs, at, limit in told]


def _made(contest: Contest, rows: list[Row], own: list[Document]) -> list[Bar]:
    ensemble, winner, last = _of_kind(rows, "ensemble"), _of_kind(rows, "winner"), _named(rows, "persistence")
    took = _median(one["parts"]["product"]["seconds"] / 60 for one in own if "product" in one["parts"])
    made = {"seeds": len(own), "test": {"mean": took}}

    def limit(number: float) -> Row:
        return {"seeds": len(own), "test": dict.fromkeys(STEPS, number)}

    found = [
        _bar(contest, "minutes of the job", made, limit(float(MADE_IN_MINUTES)), "mean", 1.0),
        _bar(contest, "ensemble, mean, at most 3.45", ensemble, limit(3.45), "mean", 1.0),
        _bar(contest, "ensemble, 15 min, at most 3.00", ensemble, limit(3.00), "3", 1.0),
        _bar(contest, "winner, mean, at most 3.60", winner, limit(3.60), "mean", 1.0),
    ]
    for name, ours in (("ensemble", ensemble), ("winner", winner)):
        for at in ("3", "6", "12"):
            found.append(_bar(contest, f"{name} / persistence, {STEPS[at]}", ours, last, at, 1.0))
    return found


def _bar(contest: Contest, name: str, ours: Row | None, theirs: Row | None, at: str, limit: float) -> Bar:
    """`seeds`: those of whichever was measured with fewer."""
    our, their = (None if row is None else row["test"][at] for row in (ours, theirs))
    ratio = None if our is None or not their else our / their
    seeds = min((row["seeds"] for row in (ours, theirs) if row is not None), default=0)
    network, job, minutes = contest
    return Bar(network, job, minutes, seeds, name, our, their, ratio, limit)


def _of_kind(rows: list[Row], kind: str) -> Row | None:
    return next((row for row in rows if row["kind"] == kind), None)


def _exactly(rows: list[Row], name: str) -> Row | None:
    return next((row for row in rows if row["name"] == name), None)


def _named(rows: list[Row], name: str) -> Row | None:
    return next((row for row in rows if row["kind"] == "baseline" and name in row["name"].lower()), None)


def _lowest(rows: list[Row], name: str) -> Row | None:
    """Of the baselines of such a name, the lowest error at each step."""
    found = [row for row in rows if row["kind"] == "baseline" and name in row["name"].lower()]
    if not found:
        return None
    return {**found[0], "test": {at: min(row["test"][at] for row in found) for at in STEPS}}


def bars_table(found: Iterable[Bar]) -> str:
    """The bars in Markdown."""
    head = ("network", "job", "seeds", "bar", "ours", "theirs", "ratio", "at most", "")
    verdicts = {False: "**lost**", None: "not measured", True: "met"}
    body = []
    for bar in found:
        told = [bar.network, _job(bar.job, bar.minutes), bar.seeds, bar.bar]
        told += map(_number, (bar.ours, bar.theirs, bar.ratio))
        body.append([*told, f"{bar.limit:g}", verdicts[bar.met]])
    return markdown_table(head, body)


def summary_tables(documents: Iterable[Document]) -> str:
    """Bars, then every forecaster, the least test error first, in Markdown."""
    documents = list(documents)
    head = ("network", "job", "forecast", "seeds", "validation", *STEPS.values(), "to train, s", "to forecast, ms")
    body = []
    for (network, job, minutes), rows in medians(documents).items():
        for row in sorted(rows, key=lambda one: one["test"]["mean"]):
            told = [network, _job(job, minutes), row["name"], row["seeds"], _number(row["val"])]
            told += [_number(row["test"][at]) for at in STEPS]
            body.append([*told, _number(row["train_seconds"], 0), _number(row["forecast_ms"], 1)])
    return f"{bars_table(bars(documents))}\n\n{markdown_table(head, body)}"


def _job(job: str, minutes: float) -> str:
    return job if job == "make run" else f"{minutes:g} min"


def _number(value: float | None, digits: int = 3) -> str:
    return "-" if value is None else f"{value:.{digits}f}"


def _median(values: Iterable[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return statistics.median(known) if known else None
