"""The entry point: collects the commands and turns errors into one line and an exit code."""

import sys
from typing import Annotated

import typer

from gman_search import __version__
from gman_search.cli.dashboard import dashboard
from gman_search.cli.data import data
from gman_search.cli.evaluate import evaluate
from gman_search.cli.export import export
from gman_search.cli.predict import predict
from gman_search.cli.refit import refit
from gman_search.cli.report import report
from gman_search.cli.run import run
from gman_search.cli.stages import stages
from gman_search.cli.study import best, evaluations, explain, status
from gman_search.cli.train import train
from gman_search.cli.worker import worker
from gman_search.errors import GmanSearchError, StudyError

__all__ = ["app", "main"]

app = typer.Typer(
    help="Tune and train GMAN traffic forecasters by successive halving with grown warm starts.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
for command in (
    run,
    worker,
    status,
    best,
    explain,
    evaluations,
    stages,
    report,
    dashboard,
    train,
    evaluate,
    predict,
    refit,
    export,
):
    app.command()(command)
app.add_typer(data, name="data")


def _print_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        print(
            f"gman-search {__version__}, " + ", ".join(f"{name} {version(name)}" for name in ("optuna", "tensorflow"))
        )
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", is_eager=True, callback=_print_version, help="Print versions.")
    ] = False,
) -> None:
    """Tune and train GMAN traffic forecasters by successive halving with grown warm starts."""


def main() -> None:
    """Run the command line."""
    try:
        app()
    except GmanSearchError as error:
        print(f"gman-search: {' '.join(str(error).split())}", file=sys.stderr)
        sys.exit(error.exit_code)
    except KeyboardInterrupt:
        print("gman-search: stopped", file=sys.stderr)
        sys.exit(130)
    except Exception as error:
        if not _is_of_the_database(error):
            raise
        text = " ".join(str(error.__cause__ or error).split())[:200]
        print(f"gman-search: the database of the study does not answer as it should: {text}", file=sys.stderr)
        sys.exit(StudyError.exit_code)


def _is_of_the_database(error: Exception) -> bool:
    """Whether the database failed under a command; its packages need not be loaded to tell."""
    kinds = {f"{kind.__module__.partition('.')[0]}.{kind.__name__}" for kind in type(error).__mro__}
    return not kinds.isdisjoint({"sqlalchemy.SQLAlchemyError", "optuna.StorageInternalError", "sqlite3.Error"})


if __name__ == "__main__":
    main()
