"""A quicker `dataclasses.replace` for the operator's own values, for the length of an exploration.

An exploration replaces fields some hundred million times, and each time pydantic would look again at values that it has
looked at before. Only `make explore` does this: the tests explore with the real one. Must not live here: anything that
changes what a value is.
"""

import dataclasses
import sys
from collections.abc import Callable, Mapping
from typing import Any, Final

from explore.clone import attributes

Slots = Mapping[str, tuple[Callable[[Any], Any], Callable[[Any, Any], None]]]


def replaced(value: Any, /, **changes: Any) -> Any:
    """As `dataclasses.replace`, for values that are what their types say."""
    kind = type(value)
    known = _SLOTS.get(kind)
    if known is None:
        known = _SLOTS[kind] = _slots(kind)
    if not known:
        return dataclasses.replace(value, **changes)
    copy = object.__new__(kind)
    for get, put in known.values():
        put(copy, get(value))
    for name, changed in changes.items():
        if name not in known:
            raise TypeError(f"{kind.__name__} has no field {name}")
        known[name][1](copy, changed)
    return copy


def put_everywhere() -> None:
    """Let all modules of the operator and of the exploration use it."""
    for name, module in list(sys.modules.items()):
        if (
            name.startswith(("quantumjob_operator", "explore"))
            and getattr(module, "replace", None) is dataclasses.replace
        ):
            setattr(module, "replace", replaced)  # noqa: B010 - mypy knows modules as they are


def _slots(kind: type) -> Slots:
    """How each field is read and written, where they are all there is; none for values that make more of them."""
    fields = dataclasses.fields(kind)
    whole = not hasattr(kind, "__post_init__") and set(attributes(kind)) == {one.name for one in fields}
    if not whole or not all(one.init for one in fields):
        return {}
    places = {one.name: getattr(kind, one.name) for one in fields}
    return {name: (place.__get__, place.__set__) for name, place in places.items()}


_SLOTS: Final[dict[type, Slots]] = {}
