"""Answers of the API server that may be long, and pages of objects: what is wanted of each, and where the next begins.

Must not live here: the request (`api`), or how many objects a page has (`listing`).
"""

from collections.abc import Callable
from functools import partial
from typing import Any, Final, TypeVar

from quantumjob_operator.cluster.api_errors import ClusterError, object_in
from quantumjob_operator.scheduling.calculations import aside

_IN_PLACE_BYTES: Final = 16 * 1024
"""A longer one is read beside the event loop: so many of empty lists take four milliseconds."""
_OK: Final = 200

T = TypeVar("T")


async def wanted_of(what: str, text: bytes, tenant: str, of_each: Callable[[dict[str, Any]], T]) -> tuple[list[T], str]:
    """What is wanted of each object, and the token of the next page; empty if there is none.

    Args:
        what: Was asked.
        text: The page.
        tenant: In whose turn it is read.
        of_each: Touches nothing that others change.

    Raises:
        ClusterError: It is no page.
    """
    return await in_turn(tenant, text, partial(_read, what, of_each))


async def in_turn(tenant: str, text: bytes, read: Callable[[bytes], T]) -> T:
    """What `read` makes of an answer; beside the event loop if it is long."""
    return read(text) if len(text) <= _IN_PLACE_BYTES else await aside(tenant, partial(read, text))


def tenant_of(path: str) -> str:
    """The namespace of what a path leads to; empty if it is in none."""
    return path.partition("/namespaces/")[2].partition("/")[0]


def _read(what: str, of_each: Callable[[dict[str, Any]], T], text: bytes) -> tuple[list[T], str]:
    try:
        page = object_in(text)
    except ValueError as error:
        raise unreadable(what, _OK, error) from None
    items, wanted = page.pop("items", None) or [], []
    while items:
        wanted.append(of_each(items.pop(0)))
    return wanted, (page.get("metadata") or {}).get("continue") or ""


def unreadable(what: str, status: int, error: ValueError) -> ClusterError:
    """An answer that is none of the API server's."""
    return ClusterError(what, status, "Unreadable", f"{error}; does a proxy stand between?")
