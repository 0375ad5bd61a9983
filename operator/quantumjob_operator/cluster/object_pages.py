"""Answers of the API server that may be long, and pages of objects: what is wanted of each, and where the next begins.

Must not live here: the request (`api`), or how many objects a page has (`listing`).
"""

from collections.abc import Callable
from functools import partial
from typing import Any, Final, TypeVar

from quantumjob_operator.cluster.api_errors import object_in
from quantumjob_operator.scheduling.calculations import aside

_IN_PLACE_BYTES: Final = 16 * 1024
"""A longer one is read beside the event loop: so many of empty lists take four milliseconds."""

T = TypeVar("T")


async def in_turn(tenant: str, text: bytes, read: Callable[[bytes], T]) -> T:
    """What `read` makes of an answer; beside the event loop if it is long."""
    return read(text) if len(text) <= _IN_PLACE_BYTES else await aside(tenant, partial(read, text))


def tenant_of(path: str) -> str:
    """The namespace of what a path leads to; empty if it is in none."""
    return path.partition("/namespaces/")[2].partition("/")[0]


def wanted_of(of_each: Callable[[dict[str, Any]], T], text: bytes) -> tuple[list[T], str]:
    """What is wanted of each object of a page, and the token of the next page; empty if there is none.

    Raises:
        ValueError: It is no page.
    """
    page = object_in(text)
    items, wanted = page.pop("items", None) or [], []
    while items:
        wanted.append(of_each(items.pop(0)))
    return wanted, (page.get("metadata") or {}).get("continue") or ""
