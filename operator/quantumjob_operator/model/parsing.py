"""How a part of an object is read, whatever its kind. Must not live here: the shape of any kind."""

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from pydantic import ValidationError

T = TypeVar("T")


class MalformedObject(ValueError):  # noqa: N818 - reads as what it says in conditions and logs
    """An object that the API server stored and we cannot read; the message names the field."""


def parsed_part(body: Mapping[str, Any], part: str, parse: Callable[[Mapping[str, Any]], T]) -> T:
    """`.spec` or `.status` of an object, parsed.

    Raises:
        MalformedObject: It is not what the CRD's schema admits; the message names the field and never quotes its value.
    """
    try:
        return parse(body.get(part) or {})
    except ValidationError as error:
        meta, first = body["metadata"], error.errors(include_url=False, include_input=False)[0]
        field = ".".join(str(step) for step in (part, *first["loc"]))
        raise MalformedObject(f"{meta['namespace']}/{meta['name']}: {field}: {first['msg']}") from None
