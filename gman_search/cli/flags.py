"""Commands with many flags: their flags are a dataclass, and Typer sees each field as a parameter."""

import inspect
from collections.abc import Callable
from dataclasses import MISSING, fields
from typing import Any, TypeVar, get_type_hints

__all__ = ["with_flags"]

Flags = TypeVar("Flags")


def with_flags(command: Callable[[Flags], None]) -> Callable[..., None]:
    """`command`, which takes one dataclass of flags, as a function that takes each of them by name.

    Fields are annotated as Typer's parameters are; fields without a default are required.

    Example:
        >>> from dataclasses import dataclass
        >>> @dataclass(frozen=True)
        ... class Flags:
        ...     name: str
        ...     times: int = 1
        >>> @with_flags
        ... def greet(flags: Flags) -> None:
        ...     print(f"hello {flags.name}" * flags.times)
        >>> greet(name="you")
        hello you
        >>> list(inspect.signature(greet).parameters)
        ['name', 'times']
    """
    (kind,) = (hint for name, hint in get_type_hints(command).items() if name != "return")
    hints = get_type_hints(kind, include_extras=True)

    def call(**given: Any) -> None:
        command(kind(**given))

    call.__name__, call.__doc__, call.__module__ = command.__name__, command.__doc__, command.__module__
    call.__annotations__ = hints
    call.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
        [
            inspect.Parameter(
                each.name,
                inspect.Parameter.KEYWORD_ONLY,
                default=inspect.Parameter.empty if each.default is MISSING else each.default,
                annotation=hints[each.name],
            )
            for each in fields(kind)
        ]
    )
    return call
