"""Words that people and programs write where there is no reading (pure)."""

from collections.abc import Mapping

__all__ = ["MISSING_WORDS", "is_missing_word", "missing_words_note"]

MISSING_WORDS = frozenset({
    "", "nan", "-nan", "na", "<na>", "n/a", "#n/a", "#n/a n/a", "#na", "null", "none",
    "1.#ind", "-1.#ind", "1.#qnan", "-1.#qnan", "-", "--", "---", "\u2013", "\u2014", "\u2212", "?", ".", "..", "...",
    "nat", "nil", "missing", "nodata", "no data", "no_data", "n.a.", "n.d.", "n/d", "s/d", "k.a.", "\\n",
    "#value!", "#div/0!", "#ref!", "#num!", "#name?", "#null!",
})  # fmt: skip
"""Those that pandas knows, dashes of all lengths, points, errors of spreadsheets, and what databases (\\N) and people
in several countries write; in any case."""
USUAL = ("", "nan")


def is_missing_word(text: str) -> bool:
    """Whether a cell says that there is no reading."""
    return text.strip().lower() in MISSING_WORDS


def missing_words_note(counts: Mapping[str, int]) -> tuple[str, ...]:
    """One note that names each word and how often it stands, but for blanks and NaN, which everybody uses."""
    told = [(word, count) for word, count in sorted(counts.items()) if word.lower() not in USUAL and count]
    if not told:
        return ()
    return (f"cells count as missing readings: {', '.join(f'{count} of {word!r}' for word, count in told)}",)
