"""What a command says before an ensemble forecasts."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from gman_search.cli.run_locator import SavedRun

__all__ = ["ensemble_notes"]


def _why_alone(check: "Mapping[str, Any]") -> str:
    """Why one forecaster is delivered: its JSON has no errors where the check could not be made."""
    if check.get("ensemble") is None or check.get("single") is None:
        return "as the validation part has too few windows to check an ensemble on"
    return "which no ensemble beat"


def ensemble_notes(run: "SavedRun") -> list[str]:
    """What forecasts, and what a forecast costs, where that is an ensemble."""
    config = run.ensemble_config()
    if config is None:
        return []
    so_far = f"the search of {run.study.name} has not ended; " if run.interim and run.study is not None else ""
    names = [member.name for member in config.members]
    shown = ", ".join(names[:4]) + (f" and {len(names) - 4} more" if len(names) > 4 else "")
    told = f"an ensemble of {len(names)} ({shown})" if len(names) > 1 else f"{shown} alone, {_why_alone(config.check)}"
    single = "it is the best so far, and is not tested" if run.interim else "--single takes the winner"
    return [f"{so_far}forecasts are made by {told}; one takes about {config.forecast_ms:.0f} ms; {single}"]
