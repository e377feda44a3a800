"""How long the stages of a contest train, and how long its peers may, who know one scale only (pure)."""

from gman_search.stages import PRESETS, Stage, StageOverrides

__all__ = ["BUDGETS", "at_full", "ladder_stages"]

FIFTH = 5


def _cut() -> dict[str, StageOverrides]:
    """That of the recorded curves (`recorder.py`)."""
    from recorder import SHORTER

    return dict.fromkeys(PRESETS, SHORTER)


def _fifth() -> dict[str, StageOverrides]:
    """A fifth of the guide's epochs, each one pass over all windows, on the guide's schedule made as much shorter."""
    return {
        name: StageOverrides(
            max_epochs=stage.max_epochs // FIFTH,
            decay_epoch=stage.decay_epoch / FIFTH,
            patience=stage.max_epochs // FIFTH,
        )
        for name, stage in PRESETS.items()
    }


BUDGETS = {"cut": _cut, "fifth": _fifth}


def ladder_stages(budget: str) -> dict[str, StageOverrides]:
    """What our search changes of the presets, by stage."""
    return BUDGETS[budget]()


def at_full(budget: str) -> Stage:
    """The full stage of the peers: as many epochs as all of our stages together, on a schedule stretched as much."""
    ours = {name: change.apply(PRESETS[name]) for name, change in ladder_stages(budget).items()}
    full, epochs = ours["full"], sum(stage.max_epochs for stage in ours.values())
    stretched = full.decay_epoch * epochs / full.max_epochs
    return full.model_copy(update={"max_epochs": epochs, "decay_epoch": stretched, "patience": epochs})
