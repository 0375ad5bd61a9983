"""A quicker `dataclasses.replace` for the operator's own frozen values.

pydantic looks at every field of a value anew, and makes it again, when one of them is replaced, and a status has 25.
What values hold is what their types say: mypy sees to it, to which this function is the one of the standard library.
What comes from outside is parsed, and never gets into a value by this way. Must not live here: anything that changes
what a value is.
"""

import dataclasses
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from dataclasses import replace as replace  # noqa: PLC0414 - so that it is exported
else:

    def replace(value: Any, /, **changes: Any) -> Any:
        """As `dataclasses.replace`, for values that are what their types say."""
        kind = type(value)
        names = _NAMES.get(kind)
        if names is None:
            names = _NAMES[kind] = _names(kind)
        if not names:
            return dataclasses.replace(value, **changes)
        if not changes.keys() <= names.keys():
            unknown = ", ".join(changes.keys() - names.keys())
            raise TypeError(f"{kind.__name__} has no field {unknown}")
        copy = object.__new__(kind)
        for name in names:
            object.__setattr__(copy, name, changes[name] if name in changes else getattr(value, name))
        return copy


def _names(kind: type) -> dict[str, None]:
    """The fields, where they are all there is; none for values that make more of what they are given."""
    fields = dataclasses.fields(kind)
    slots = {name for one in kind.__mro__ for name in one.__dict__.get("__slots__", ())}
    whole = not hasattr(kind, "__post_init__") and slots == {one.name for one in fields}
    return dict.fromkeys(one.name for one in fields) if whole and all(one.init for one in fields) else {}


_NAMES: Final[dict[type, dict[str, None]]] = {}
