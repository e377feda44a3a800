"""Lines of a CSV that end with a delimiter behind which there is no cell (pure)."""

import csv

__all__ = ["ends_with_nothing", "without_trailing"]


def without_trailing(text: str, delimiter: str) -> str:
    """`text` without a delimiter at the end of every row, where the header ends with one, too, or has one cell fewer.

    A last column that has a name and is blank in every row stays: it is a sensor without readings.
    """
    while text.endswith(delimiter):
        lines = text.split("\n")
        if not all(line.endswith(delimiter) for line in lines[1:] if line.strip()):
            return text
        if lines[0].endswith(delimiter):
            lines[0] = lines[0].removesuffix(delimiter)
        elif not ends_with_nothing([line for line in lines if line.strip()][:2], delimiter):
            return text
        text = "\n".join([lines[0], *(line.removesuffix(delimiter) for line in lines[1:])])
    return text


def ends_with_nothing(lines: list[str], delimiter: str) -> bool:
    """Whether all lines below the first have one cell more than it, behind a delimiter at their end."""
    try:
        first, *rows = csv.reader(lines, delimiter=delimiter)
    except (csv.Error, ValueError):
        return False
    return (
        len(first) > 1
        and bool(rows)
        and all(len(row) == len(first) + 1 for row in rows)
        and all(line.endswith(delimiter) for line in lines[1:])
    )
