"""`gman-search data`: look at data before a study, convert it, download public sets."""

from pathlib import Path
from typing import Annotated

import typer

from gman_search.cli.options import Json, Studies

__all__ = ["data"]

data = typer.Typer(help="Look at data before a study, convert it, download public sets.", no_args_is_help=True)

Start = Annotated[str | None, typer.Option(help="Time of the first row, for files without times.")]
Step = Annotated[str | None, typer.Option(help="Time between rows, for files without times: 5min.")]
Channel = Annotated[str | None, typer.Option(help="Which quantity, by number or name, where a file has several.")]


@data.command()
def check(
    files: Annotated[
        list[Path] | None,
        typer.Argument(help="Readings, and a graph or an embedding in any order; none: those of --spec, or the demo."),
    ] = None,
    start: Start = None,
    step: Step = None,
    channel: Channel = None,
    sensors: Annotated[str | None, typer.Option(help="The first n sensors, or names with commas.")] = None,
    holidays: Annotated[str | None, typer.Option(help="Whose holidays count as Sundays: US, or US-CA.")] = None,
    spec: Annotated[Path | None, typer.Option(help="Specification in TOML, for its data, stages and budget.")] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="Any key of the specification: key=value.")
    ] = None,
    studies: Studies = Path("studies"),
    json: Json = False,
) -> None:
    """What the data is, what a model can learn from it, and what a study of it takes. Trains nothing.

    Example: gman-search data check speed.csv distances.csv
    """
    from gman_search.cli.data_check import print_check
    from gman_search.cli.output import print_json
    from gman_search.data.checks.check import check_data
    from gman_search.data.checks.document import check_document
    from gman_search.errors import DataError
    from gman_search.specification import resolve_spec

    found, flags = _sorted_files(files or [], counted=spec is None and (start or step) is not None)
    names = None if sensors is None else [name.strip() for name in sensors.split(",") if name.strip()]
    given = {"start": start, "step": step, "channel": channel, "holidays": holidays}
    flags |= {f"data.{key}": value for key, value in given.items() if value}
    if names is not None:
        flags["data.sensors"] = int(names[0]) if len(names) == 1 and names[0].isdecimal() else names
    if spec is None and "data.readings" not in flags:
        if found:
            received = ", ".join(f"{row['file']} ({row['kind']})" for row in found)
            raise DataError(f"expected a file of readings; received {received}: give the readings too, or --spec FILE")
        flags = {"data.readings": "demo", **flags}
    resolved = resolve_spec(spec_file=spec, study=None, studies_folder=studies, flags=flags, settings=settings or [])
    result = check_data(resolved, Path.cwd())
    if json:
        print_json("data-check", {"files": found, "budget": resolved.budget, **check_document(result)})
    else:
        print_check(result, found, resolved)


@data.command()
def convert(
    source: Annotated[Path, typer.Argument(help="Readings in any format; a folder or pattern is one series.")],
    target: Annotated[Path, typer.Argument(help="File to write, ending in .npz.")],
    start: Start = None,
    step: Step = None,
    channel: Channel = None,
    sensors: Annotated[str | None, typer.Option(help="The first n sensors, or names with commas.")] = None,
    settings: Annotated[
        list[str] | None, typer.Option("--set", help="How the file is read: data.key=value, as in a specification.")
    ] = None,
    json: Json = False,
) -> None:
    """Write readings as one compact file that needs no --start, --step or --channel any more and is read at once.

    Example: gman-search data convert PEMS04.npz flow.npz --channel flow --start 2018-01-01 --step 5min
    """
    from gman_search.cli.output import print_json
    from gman_search.data.formats.npz import write_npz
    from gman_search.data.read import read_series
    from gman_search.data.sources import source_files
    from gman_search.errors import UsageError
    from gman_search.specification import resolve_spec

    if target.suffix != ".npz":
        raise UsageError(f"expected a file that ends in .npz to write; received {target}")
    if target.exists() and target.resolve() == source.resolve():
        raise UsageError(f"expected another file to write than to read; received {target} twice")
    given = {"readings": str(source), "start": start, "step": step, "channel": channel}
    flags = {f"data.{key}": value for key, value in given.items() if value is not None}
    spec = resolve_spec(spec_file=None, study=None, studies_folder=Path(), flags=flags, settings=settings or [])
    series = read_series(source, spec.data.reading)
    if sensors is not None:
        series = series.take(
            int(sensors) if sensors.isdecimal() else tuple(name.strip() for name in sensors.split(","))
        )
    try:
        write_npz(target, series)
    except OSError as error:
        raise UsageError(f"expected a file that can be written; {target}: {error.strerror}") from None
    read = sum(file.stat().st_size for file in source_files(source))
    facts = {
        "file": str(target),
        "sensors": len(series.sensors),
        "steps": len(series.values),
        "step_minutes": series.step_minutes,
        "bytes": target.stat().st_size,
        "notes": list(series.notes),
    }
    if json:
        print_json("data-convert", facts)
        return
    print(
        f"{target}: {facts['steps']} steps of {facts['sensors']} sensors, every {series.step_minutes} min, "
        f"{target.stat().st_size / 1e6:.1f} MB (from {read / 1e6:.1f} MB)"
    )
    for note in series.notes:
        print(f"  {note}")


@data.command()
def fetch(
    name: Annotated[str, typer.Argument(help="metr-la or pems-bay.", metavar="NAME")],
    address: Annotated[str, typer.Option("--from", help="Address of the file, or of its folder (ending in /).")],
    sha256: Annotated[
        str | None, typer.Option(help="Expected checksum; default: the one in the file ADDRESS.sha256.")
    ] = None,
    output: Annotated[
        Path | None,
        typer.Option("--output", "-o", help="File to write; default: in studies/data."),
    ] = None,
    json: Json = False,
) -> None:
    """Download a public data set from an address of yours; checked by SHA-256, number of steps and of sensors.

    Example: gman-search data fetch metr-la --from https://host/metr-la.h5 --sha256 0123...
    """
    from gman_search.cli.output import print_json, say
    from gman_search.data.fetch import PUBLIC
    from gman_search.data.fetch import fetch as download

    target = output or Path("studies") / "data" / (PUBLIC[name].file if name in PUBLIC else name)
    checksum, size = download(name, address, target, sha256=sha256, say=say)
    if json:
        print_json("data-fetch", {"file": str(target), "sha256": checksum, "bytes": size})
    else:
        print(f"{target}: {size / 1e6:.1f} MB, SHA-256 {checksum}")


def _sorted_files(files: list[Path], *, counted: bool) -> tuple[list[dict[str, str]], dict[str, object]]:
    """What each file is, and the flags of a specification that name them.

    With `counted`, a first time or a step was given: one of the files must be readings without times.
    """
    from gman_search.data.file_type import file_type, is_timeless
    from gman_search.errors import UsageError

    keys = {"readings": "data.readings", "graph": "data.adjacency", "embedding": "data.embedding"}
    found = [{"file": str(path), "kind": file_type(path)} for path in files]
    kinds = [row["kind"] for row in found]
    wanted = counted and "readings" not in kinds
    if wanted and kinds.count("numbers") > 1:
        raise UsageError(
            f"expected one file of readings; received {kinds.count('numbers')} of numbers alone: "
            "put a line with the names of sensors above the readings"
        )
    for row in found:
        if row["kind"] == "numbers":
            row["kind"] = "readings" if wanted else "graph"
    doubtful = [row for row in found if row["kind"] == "readings"]
    if len(doubtful) > 1 and not {"graph", "embedding"} & set(kinds):
        without = [row for row in doubtful if is_timeless(Path(row["file"]))]
        if len(without) == 1:  # links, places or a matrix of named sensors look like readings, but have no times
            without[0]["kind"] = "graph"
    flags: dict[str, object] = {}
    for row, path in zip(found, files, strict=True):
        key = keys[row["kind"]]
        if key in flags:
            advice = ""
            if row["kind"] == "readings":
                advice = (
                    ": to read several as one series give their folder, or a pattern in quotes, such as 'pems/*.gz'"
                )
            raise UsageError(f"expected one file of {row['kind']}; received {flags[key]} and {path}{advice}")
        flags[key] = str(path.resolve())
    # Readings first: a specification forgets its other files when the readings are others.
    return found, {key: flags[key] for key in keys.values() if key in flags}
