"""Paths of the API server: the one place where names become part of them.

A name may come from outside: from a spec, or from the list of an endpoint of a tenant's choosing. With a slash, two
dots or a question mark in it a path would lead elsewhere, with all the rights of the operator, and what came back would
tell of objects that are none of the tenant's business. Must not live here: requests.
"""

from typing import Final
from urllib.parse import quote

from quantumjob_operator.cluster.api import NotFound
from quantumjob_operator.model.naming import is_namespace, is_object_name

CORE: Final = "/api/v1"
"""The group of namespaces, ConfigMaps, Secrets and Events."""
NAMESPACES: Final = "namespaces"


def path_of(base: str, plural: str, namespace: str | None, *rest: str) -> str:
    """The path of a collection, or of an object in it.

    Args:
        base: Group and version: `CORE`, or `/apis/GROUP/VERSION`.
        plural: The kind, as paths name it.
        namespace: Where it is; None for the whole cluster.
        rest: The object's name, and a subresource.

    Raises:
        NotFound: No object can have such a name, so that there is none; nobody has to be asked.
    """
    if namespace is not None and not is_namespace(namespace):
        raise _no_such(NAMESPACES, namespace)
    is_name = is_namespace if plural == NAMESPACES else is_object_name
    if rest and not is_name(rest[0]):
        raise _no_such(plural, rest[0])
    scope = "" if namespace is None else f"/namespaces/{quote(namespace, safe='')}"
    return "/".join((f"{base}{scope}", plural, *(quote(part, safe="") for part in rest)))


def _no_such(plural: str, name: str) -> NotFound:
    # It may be as long as somebody likes.
    return NotFound(f"path of {plural}", 404, "NotFound", f"{name[:253]!r} is no name that an object can have")
