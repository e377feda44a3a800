"""What mkdocstrings needs to show our docstrings: `Example:` is Google's `Examples:`, with doctests as code."""

import re

import griffe


class Examples(griffe.Extension):
    """Rename the section before it is parsed."""

    def on_instance(self, *, obj: griffe.Object, **_: object) -> None:
        if obj.docstring is not None:
            obj.docstring.value = re.sub(r"^Example:$", "Examples:", obj.docstring.value, flags=re.MULTILINE)
