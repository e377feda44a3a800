"""Drawing what `data check` found."""

from rich.console import Console
from rich.table import Table

from gman_search.cli.output import duration, workers_in_words
from gman_search.data.checks.check import DataCheck, shown_steps
from gman_search.data.checks.document import check_document, parts_document
from gman_search.data.cleaning.clean import left_out_text
from gman_search.data.windows import SPLIT_RULES
from gman_search.spec import StudySpec
from gman_search.wording import number

__all__ = ["print_check"]

WORST = 5


def print_check(found: DataCheck, files: list[dict[str, str]], spec: StudySpec) -> None:
    """Everything on stdout, in at most 80 columns; warnings last."""
    console = Console(highlight=False, width=80)
    for row in files:
        console.print(f"{row['kind']}: {row['file']}", soft_wrap=True)
    _print_readings(console, found)
    _print_left_out(console, found)
    _print_graph(console, found)
    _print_parts(console, found)
    _print_baselines(console, found)
    _print_stages(console, found, spec)
    for finding in found.findings:
        mark = "!" if finding.severity == "warning" else "note:"
        console.print(f"{mark} {finding.text} [{finding.code}]", markup=False)
    if not any(finding.severity == "warning" for finding in found.findings):
        console.print("nothing to warn of")


def _print_readings(console: Console, found: DataCheck) -> None:
    series, profile, task = found.series, found.profile, found.task
    first, last = (str(time).replace("T", " ") for time in (series.times[0], series.times[-1]))
    days = len(series.values) / series.steps_per_day
    console.print(
        f"{len(series.sensors)} sensors, {len(series.values)} steps of {series.step_minutes} min: {first} to {last} "
        f"({days:.1f} days)"
    )
    levels = ", ".join(f"{mark} {value:.4g}" for mark, value in profile.quantiles.items())
    console.print(f"readings: quantiles {levels}; they look like {profile.unit}")
    console.print(
        f"missing: {profile.zeros.mean():.2%} zeros, {profile.nans.mean():.2%} blank, left out or not in the file; "
        f"{profile.gaps} gaps of all sensors, {profile.gap_steps} steps, the longest {profile.longest_gap}"
    )
    missing = profile.zeros + profile.nans
    worst = [index for index in (-missing).argsort(kind="stable")[:WORST] if missing[index] > 0]
    if worst:
        names = ", ".join(f"{series.sensors[index]} {missing[index]:.0%}" for index in worst)
        console.print(f"  most in: {names}")
    console.print(
        f"windows: P = {task.P} steps in ({_hours(task.P * series.step_minutes)}), Q = {task.Q} steps out "
        f"({_hours(task.Q * series.step_minutes)}), T = {task.T} times of day"
    )


def _print_left_out(console: Console, found: DataCheck) -> None:
    periods = found.facts.left_out
    if not periods:
        return
    verb = "leaves out" if found.facts.spec.data.clean else "= true would leave out"
    console.print(f"data.clean {verb} {left_out_text(periods)}")
    for period in sorted(periods, key=lambda one: -one.readings)[:WORST]:
        first, last = (str(time).replace("T", " ") for time in (period.first, period.last))
        console.print(f"  {period.sensor}: {first} to {last}, {period.rule}", markup=False)
    if len(periods) > WORST:
        console.print(f"  and {len(periods) - WORST} more: see left_out of --json")


def _print_graph(console: Console, found: DataCheck) -> None:
    graph = found.graph
    if graph is not None:
        connected = "connected" if len(graph.components) == 1 else f"{len(graph.components)} parts"
        shape = "" if graph.symmetric else ", one-way"
        console.print(
            f"graph: {graph.edges} edges ({graph.density:.1%} of pairs), {connected}{shape}; neighbours correlate by "
            f"{graph.edge_correlation:.2f}, any two sensors by {graph.pair_correlation:.2f}"
        )
    console.print(f"spatial embedding: {found.task.embedding_source}, {found.task.embedding.shape[1]} wide")


def _print_parts(console: Console, found: DataCheck) -> None:
    console.print(f"split: {SPLIT_RULES[found.task.split]}")
    for name, part in parts_document(found).items():
        console.print(f"  {name:5} {part['windows']:6} windows, {part['from']} to {part['to']}")
        console.print(f"        where persistence errs by {_error(part['persistence_mae'])} {found.task.unit}")


def _print_baselines(console: Console, found: DataCheck) -> None:
    task = found.task
    steps = shown_steps(task.Q)
    console.print(f"how hard is this network? MAE on the validation part, {task.unit}:")
    table = Table(box=None, pad_edge=False)
    table.add_column("baseline")
    for column in (*(f"{step * found.series.step_minutes} min" for step in steps), "mean"):
        table.add_column(column, justify="right")
    for name, row in check_document(found)["baselines"].items():
        table.add_row(name, *(_error(row["steps"][str(step)]) for step in steps), _error(row["mean"]))
    console.print(table)


def _print_stages(console: Console, found: DataCheck, spec: StudySpec) -> None:
    table = Table(box=None, pad_edge=False, title="estimated, of one worker", title_justify="left")
    for column in ("stage", "a step", "an evaluation", "memory", "configs", "in all"):
        table.add_column(column, justify="left" if column == "stage" else "right")
    for row, quota, seconds in zip(found.estimates, found.quotas, found.plan.by_stage, strict=True):
        table.add_row(
            row.stage,
            f"{row.step_seconds * 1000:.0f} ms",
            duration(row.seconds),
            f"{row.memory_gb:.1f} GB",
            str(quota),
            duration(seconds),
        )
    console.print(table)
    console.print(
        f"{spec.trials} configs, budget {spec.budget}: about {duration(found.plan.wall)} with {workers_in_words(spec)}"
    )


def _error(mae: float) -> str:
    """Two decimals; of occupancies, which are shares, three digits."""
    return number(mae, least=2)


def _hours(minutes: int) -> str:
    return f"{minutes / 60:g} h" if minutes >= 60 else f"{minutes} min"
