"""Following many jobs with one list and one watch, or by asking at growing intervals where watching is forbidden.

Must not live here: what a change means to a job.
"""

import time
from collections.abc import Generator, Iterator
from dataclasses import dataclass, field
from typing import Any, Final

from quantumjobs.errors import ClusterError, ForbiddenError
from quantumjobs.facts import name_of
from quantumjobs.kubeapi import JOBS, GoneError, KubeApi

Resource = dict[str, Any]
_WATCH_SECONDS: Final = 240.0
_FIRST_POLL: Final = 1.0
_LONGEST_POLL: Final = 15.0
_FAILURES: Final = 20
_FOREVER: Final = 10.0**9


@dataclass(frozen=True, slots=True)
class Change:
    """A job as it is now, or as it was last seen before it was deleted."""

    resource: Resource
    deleted: bool = False


@dataclass(slots=True)
class Selection:
    """Which jobs are followed.

    Attributes:
        namespace: Theirs.
        selector: By labels.
        names: By names; all that the selector selects if empty.
        only: Of those that are found, only these; all if empty. Unlike with `names`, none is missed.
    """

    namespace: str
    selector: str = ""
    names: frozenset[str] = frozenset()
    only: frozenset[str] = frozenset()
    _fields: str = field(init=False, default="")

    def __post_init__(self) -> None:
        if len(self.names) == 1 and not self.selector:
            self._fields = f"metadata.name={next(iter(self.names))}"

    @property
    def fields(self) -> str:
        """The field selector of the requests."""
        return self._fields

    def has(self, resource: Resource) -> bool:
        """Whether a listed job is one of them."""
        name = name_of(resource)
        return (not self.names or name in self.names) and (not self.only or name in self.only)


def follow(api: KubeApi, selection: Selection, *, deadline: float | None) -> Iterator[Change | None]:
    """Tell each job once as it is, then each change of one; ends at the deadline.

    Args:
        api: The cluster.
        selection: The jobs.
        deadline: By `time.monotonic`; None never ends.

    Yields:
        Changes; None after each whole list, so that the caller knows that it has seen all.
    """
    known: dict[str, Resource] = {}
    pause, failures = _FIRST_POLL, None
    while True:
        try:
            version = yield from _listed(api, selection, known)
        except ClusterError:
            # Once it was there, an API server that is away for a while does not end the waiting.
            if failures is None or failures >= _FAILURES or _left(deadline) <= 0:
                raise
            failures += 1
            time.sleep(_LONGEST_POLL)
            continue
        failures = 0
        yield None
        left = _left(deadline)
        if left <= 0:
            return
        try:
            while left > 0:
                for change, newest in _watched(api, selection, known, version, min(left, _WATCH_SECONDS)):
                    version = newest
                    if change:
                        yield change
                yield None  # a quiet minute: the caller may look at the clock
                left = _left(deadline)
        except GoneError:
            continue
        except ForbiddenError:
            time.sleep(min(pause, max(left, 0.0)))
            pause = min(pause * 1.5, _LONGEST_POLL)


def _listed(api: KubeApi, selection: Selection, known: dict[str, Resource]) -> Generator[Change, None, str]:
    seen: set[str] = set()
    version = ""
    for page in api.pages(JOBS, selection.namespace, selector=selection.selector, fields=selection.fields):
        version = page["metadata"]["resourceVersion"]
        for resource in filter(selection.has, page["items"]):
            seen.add(name_of(resource))
            if _changed(known, resource):
                yield Change(resource)
    for name in known.keys() - seen:
        yield Change(known.pop(name), deleted=True)
    return version


def _watched(
    api: KubeApi, selection: Selection, known: dict[str, Resource], version: str, seconds: float
) -> Iterator[tuple[Change | None, str]]:
    watched = api.watch(
        JOBS, selection.namespace, version, selector=selection.selector, fields=selection.fields, seconds=seconds
    )
    for kind, resource in watched:
        newest = resource["metadata"]["resourceVersion"]
        if kind == "BOOKMARK" or not selection.has(resource):
            yield None, newest
        elif kind == "DELETED":
            known.pop(name_of(resource), None)
            yield Change(resource, deleted=True), newest
        elif _changed(known, resource):
            yield Change(resource), newest


def _changed(known: dict[str, Resource], resource: Resource) -> bool:
    """Remember what decides whether a job changed; programs are not kept."""
    slim = {
        "metadata": resource["metadata"],
        "spec": {**resource["spec"], "program": {}},
        "status": resource.get("status"),
    }
    before = known.get(name_of(resource))
    known[name_of(resource)] = slim
    return before is None or before["metadata"]["resourceVersion"] != slim["metadata"]["resourceVersion"]


def _left(deadline: float | None) -> float:
    return _FOREVER if deadline is None else deadline - time.monotonic()
