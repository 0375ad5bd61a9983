"""A quicker `dataclasses.replace` for the operator's own frozen values.

pydantic looks at every field of a value anew, and makes it again, when one of them is replaced, and a status has 25.
What values hold is what their types say: mypy sees to it, to which this function is the one of the standard library.
What comes from outside is parsed, and never gets into a value by this way. Must not live here: anything that changes
what a value is.
"""

import dataclasses
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final

Places = Mapping[str, tuple[Callable[[Any], Any], Callable[[Any, Any], None]]]

if TYPE_CHECKING:
    from dataclasses import replace as replace  # noqa: PLC0414 - so that it is exported
else:

    def replace(value: Any, /, **changes: Any) -> Any:
        """As `dataclasses.replace`, for values that are what their types say."""
        kind = type(value)
        places = _PLACES.get(kind)
        if places is None:
            places = _PLACES[kind] = _places(kind)
        if not places:
            return dataclasses.replace(value, **changes)
        copy = object.__new__(kind)
        for get, put in places.values():
            put(copy, get(value))
        for name, changed in changes.items():
            if name not in places:
                raise TypeError(f"{kind.__name__} has no field {name}")
            places[name][1](copy, changed)
        return copy


def _places(kind: type) -> Places:
    """How each field is read and written, where they are all there is; none for values that make more of them."""
    fields = dataclasses.fields(kind)
    slots = {name for one in kind.__mro__ for name in one.__dict__.get("__slots__", ())}
    whole = not hasattr(kind, "__post_init__") and slots == {one.name for one in fields}
    if not whole or not all(one.init for one in fields):
        return {}
    places = {one.name: getattr(kind, one.name) for one in fields}
    return {name: (place.__get__, place.__set__) for name, place in places.items()}


_PLACES: Final[dict[type, Places]] = {}
