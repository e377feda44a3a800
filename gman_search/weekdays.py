"""Names of the weekdays as they are numbered everywhere: Monday is 0."""

__all__ = ["DAY_NAMES"]

DAY_NAMES = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
