"""`quantumjob-operator drain`: deletes the QuantumJobs that the operator serves, and waits until they are gone.

For whoever is about to remove the CustomResourceDefinitions: with them all jobs go, and only an operator that still
runs can cancel what is at the service. Deletes nothing but jobs; the operator does the rest, and workspaces are only
waited for until no job holds them. Must not live here: how a job is cancelled.
"""

import argparse
import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from quantumjob_operator.cluster.api import Api, ClusterError, NotFound
from quantumjob_operator.cluster.objects import BASE, Objects, collection
from quantumjob_operator.cluster.paths import path_of
from quantumjob_operator.model.naming import JOB_KIND, JOB_PLURAL, WORKSPACE_FINALIZER, WORKSPACE_KIND, WORKSPACE_PLURAL
from quantumjob_operator.settings import Settings, read_settings

_TIMEOUT_SECONDS: Final = 240.0
_PAUSE_SECONDS: Final = 2.0
_PAGE: Final = 100
_AT_ONCE: Final = 16
_NAMED: Final = 10
_NEEDED: Final = frozenset({"namespace", "name", "deletionTimestamp", "finalizers"})


@dataclass(frozen=True, slots=True)
class Remains:
    """What is left.

    Attributes:
        jobs: `namespace/name` of each QuantumJob.
        fresh: Paths of those that nobody has deleted yet.
        workspaces: `namespace/name` of each QuantumWorkspace that jobs hold.
    """

    jobs: tuple[str, ...] = ()
    fresh: tuple[str, ...] = ()
    workspaces: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.jobs or self.workspaces)

    def __str__(self) -> str:
        held = _some(JOB_KIND, self.jobs), _some(f"{WORKSPACE_KIND} in use", self.workspaces)
        return "; ".join(filter(None, held))


async def main(arguments: Sequence[str]) -> int:
    """Delete and wait; returns the exit code, 1 if something is left when the time is up.

    Raises:
        InvalidSettings: A setting of the operator is wrong.
    """
    parser = argparse.ArgumentParser(
        prog="quantumjob-operator drain",
        description="Delete all QuantumJobs that the operator serves, and wait until it has cancelled them. Takes the "
        "operator's settings too.",
        allow_abbrev=False,
    )
    parser.add_argument(
        "--timeout", type=float, default=_TIMEOUT_SECONDS, metavar="SECONDS", help="default: %(default).0f"
    )
    own, settings = parser.parse_known_args(arguments)
    return await _drain_and_tell(read_settings(settings), own.timeout)


async def _drain_and_tell(settings: Settings, seconds: float) -> int:
    try:
        api = await Api.connect()
    except ClusterError as error:
        return _say(f"no API server: {error}", 1)
    try:
        left = await _drain(api, settings, time.monotonic() + seconds)
    finally:
        await api.close()
    if left is None:
        return _say("no QuantumJob is left, and none holds a QuantumWorkspace")
    return _say(
        f"after {seconds:.0f} seconds there is still {left}. Nothing but QuantumJobs was deleted. Their conditions say"
        " what each waits for; it needs an operator that runs. Do the same again to wait longer",
        1,
    )


async def _drain(api: Api, settings: Settings, deadline: float) -> str | None:
    """Delete and list until nothing is left; returns what is left when the time is up."""
    left, told = "", ""
    while True:
        try:
            remains = await _remaining(api, settings)
            if not remains:
                return None
            await _delete(api, remains.fresh)
            left = str(remains)
        except ClusterError as error:
            left = f"trouble with the API server: {error}"
        if time.monotonic() > deadline:
            return left
        if left != told:
            _say(left)
            told = left
        await asyncio.sleep(_PAUSE_SECONDS)


async def _remaining(api: Api, settings: Settings) -> Remains:
    if not await Objects(api).served():
        return Remains()
    scopes: list[str | None] = [*settings.watch_namespaces] or [None]
    jobs = [one for scope in scopes async for one in _metadata(api, JOB_PLURAL, scope)]
    workspaces = [one for scope in scopes async for one in _metadata(api, WORKSPACE_PLURAL, scope)]
    return Remains(
        jobs=tuple(_key(one) for one in jobs),
        fresh=tuple(_path(one) for one in jobs if "deletionTimestamp" not in one),
        workspaces=tuple(_key(one) for one in workspaces if WORKSPACE_FINALIZER in one.get("finalizers", ())),
    )


async def _metadata(api: Api, plural: str, namespace: str | None) -> AsyncIterator[dict[str, Any]]:
    query = {"limit": str(_PAGE)}
    while True:
        page = await api.request("GET", collection(plural, namespace), query=query)
        for item in page.get("items") or ():
            yield {name: value for name, value in item["metadata"].items() if name in _NEEDED}
        following = page["metadata"].get("continue")
        if not following:
            return
        query["continue"] = following


async def _delete(api: Api, paths: Sequence[str]) -> None:
    limit = asyncio.Semaphore(_AT_ONCE)

    async def delete(path: str) -> None:
        async with limit:
            try:
                await api.request("DELETE", path)
            except NotFound:
                return  # it ended meanwhile

    await asyncio.gather(*(delete(path) for path in paths))


def _key(metadata: dict[str, Any]) -> str:
    return f"{metadata['namespace']}/{metadata['name']}"


def _path(metadata: dict[str, Any]) -> str:
    return path_of(BASE, JOB_PLURAL, metadata["namespace"], metadata["name"])


def _some(kind: str, names: Sequence[str]) -> str:
    rest = len(names) - _NAMED
    told = ", ".join(names[:_NAMED]) + (f" and {rest} more" if rest > 0 else "")
    return f"{len(names)} {kind} ({told})" if names else ""


def _say(text: str, code: int = 0) -> int:
    print(text, flush=True)  # noqa: T201 - the output of a command
    return code
