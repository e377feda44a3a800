"""What readers say of a file, for those who forecast: a saved model takes no settings of a study (pure)."""

import re

from gman_search.reading_options import ReadingOptions

__all__ = ["message_for_recent", "note_for_recent"]

SETTING = re.compile(rf"\bdata\.({'|'.join(ReadingOptions.model_fields)})\b")
FACT = re.compile(rf"as {SETTING.pattern}(?: = \S+)? says")
REMARK = re.compile(rf" \({SETTING.pattern}\)")
ELSEWHERE = " (run and train: --set data.channel=NAME)"
BREAKS = (": ", "; ", ", or ")
"""What stands before a piece of advice."""
REMEDIES = {
    "timezone": "write local times without a zone, as in the training",
    "day_first": "write times like 2025-03-03 00:05",
    "decimal": "write numbers with a point before decimals and no marks between thousands",
    "ignore_columns": "leave out columns that are no sensors",
    "sensor_column": "name the column of the sensors `sensor`",
    "missing_values": "leave cells without a reading blank",
    "missing_codes": "leave cells without a reading blank",
    "sheet": "leave one sheet of readings in it",
    "axes": "save it as (times, sensors, channels)",
}
USUAL = "write it as the file of the training was"


def message_for_recent(message: str) -> str:
    """A refusal without advice to set something: with what can be done to the file."""
    kept, mark, named = _without_advice(message)
    if mark != BREAKS[0]:
        return kept  # it has advice of its own, or never named a setting
    return f"{kept}: {', or '.join(dict.fromkeys(REMEDIES.get(name, USUAL) for name in named))}"


def note_for_recent(note: str) -> str:
    """A note without advice to set something."""
    return _without_advice(note)[0]


def _without_advice(text: str) -> tuple[str, str | None, list[str]]:
    """What stands before advice that names settings, the mark between them, and these settings; None: no advice."""
    text = _facts(text)
    while (found := SETTING.search(text)) is not None:
        kept, mark = _before_advice(text, found)
        if mark is not None:
            return kept, mark, [each[1] for each in SETTING.finditer(text)]
        text = kept
    return text, None, []


def _facts(text: str) -> str:
    """Text in which settings are those of the training, where it only says why something was done."""
    text = text.replace(ELSEWHERE, "").replace("(data.channel)", "(--channel)")
    return REMARK.sub("", FACT.sub("as in the training", text))


def _before_advice(text: str, setting: re.Match[str]) -> tuple[str, str | None]:
    """What stands before the advice that names a setting, and the mark between them.

    Where it is no advice: all of the text, with the training's setting in place of it, and no mark.
    """
    place, mark = max((text.rfind(mark, 0, setting.start()), mark) for mark in BREAKS)
    if place < 0:
        return text.replace(setting[0], f"the training's {setting[1]}"), None
    return text[:place], mark
