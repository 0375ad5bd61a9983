"""A quicker `dataclasses.replace` for the operator's own values, for the length of an exploration.

An exploration replaces fields some hundred million times, and each time pydantic would look again at values that it has
looked at before. Only `make explore` does this: the tests explore with the real one. Must not live here: anything that
changes what a value is.
"""

import dataclasses
import sys
from typing import Any, Final

from explore.clone import attributes


def replaced(value: Any, /, **changes: Any) -> Any:
    """As `dataclasses.replace`, for values that are what their types say."""
    kind = type(value)
    names = _NAMES.get(kind)
    if names is None:
        names = _NAMES[kind] = _names(kind)
    if not names:
        return dataclasses.replace(value, **changes)
    copy = object.__new__(kind)
    for name in names:
        object.__setattr__(copy, name, changes.pop(name) if name in changes else getattr(value, name))
    if changes:
        raise TypeError(f"{kind.__name__} has no field {', '.join(changes)}")
    return copy


def put_everywhere() -> None:
    """Let all modules of the operator and of the exploration use it."""
    for name, module in list(sys.modules.items()):
        if (
            name.startswith(("quantumjob_operator", "explore"))
            and getattr(module, "replace", None) is dataclasses.replace
        ):
            setattr(module, "replace", replaced)  # noqa: B010 - mypy knows modules as they are


def _names(kind: type) -> tuple[str, ...]:
    """The fields, where they are all there is; none for values that make more of what they are given."""
    fields = dataclasses.fields(kind)
    whole = not hasattr(kind, "__post_init__") and set(attributes(kind)) == {one.name for one in fields}
    return tuple(one.name for one in fields) if whole and all(one.init for one in fields) else ()


_NAMES: Final[dict[type, tuple[str, ...]]] = {}
