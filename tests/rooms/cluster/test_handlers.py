"""What kopf is told to leave out, and that events come all the same."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import kopf
import pytest
from kopf._cogs.aiokits.aiotoggles import ToggleSet
from kopf._cogs.structs.ephemera import Memo
from kopf._cogs.structs.references import Resource
from kopf._core.actions.lifecycles import asap
from kopf._core.engines.indexing import OperatorIndexers
from kopf._core.reactor import running
from kopf._core.reactor.inventory import ResourceMemories
from kopf._core.reactor.processing import process_resource_event

from quantumjob_operator.cluster.handlers import quiet_settings, watching
from quantumjob_operator.model.naming import GROUP, JOB_PLURAL, VERSION
from rooms.model.bodies import job_body


class Uncopied(dict[str, Any]):
    """Whoever copies it is found out."""

    def __deepcopy__(self, _: object) -> "Uncopied":
        raise AssertionError("it was copied")


def test_no_object_is_copied_to_find_what_changed() -> None:
    """An object of many small values would hold up everything else, for an answer that nobody asks for."""
    raw: Any = job_body()
    raw["spec"] = Uncopied(raw["spec"])
    body = kopf.Body(raw)
    persistence = quiet_settings().persistence
    essence = persistence.diffbase_storage.build(body=body)
    assert persistence.progress_storage.clear(essence=essence) == {}
    assert persistence.diffbase_storage.fetch(body=body) is None


Heard = list[tuple[str, str | None, Mapping[str, Any]]]


async def _told(registry: kopf.OperatorRegistry, process: Any, *events: Any, **options: Any) -> None:
    """Let events be handled as kopf's watch does it; nothing is patched, since there is no API server."""
    resource = Resource(GROUP, VERSION, JOB_PLURAL, kind="QuantumJob", namespaced=True, verbs=frozenset({"watch"}))
    usual: dict[str, Any] = {"indexers": OperatorIndexers(), "memories": ResourceMemories(), "memobase": Memo()}
    usual |= {"lifecycle": asap, "settings": quiet_settings(), "event_queue": asyncio.Queue(), **options}
    for event in events:
        await process(registry=registry, resource=resource, raw_event=event, **usual)


Process = Callable[..., Awaitable[Any]]


@pytest.mark.parametrize(
    "find",
    [
        pytest.param(lambda: vars(running)["processing"].process_resource_event, id="by what kopf calls"),
        pytest.param(lambda: process_resource_event, id="by its handlers, if it should call something else"),
    ],
)
async def test_each_event_comes_once(find: Callable[[], Process]) -> None:
    """As it was told, whatever becomes of the object."""
    heard: Heard = []
    registry = watching(lambda *event: heard.append(event))
    body: Any = job_body()
    kinds = (None, "ADDED", "MODIFIED", "DELETED")
    await _told(registry, find(), *({"type": kind, "object": body} for kind in kinds))
    assert heard == [(JOB_PLURAL, kind, body) for kind in kinds]


async def test_kopf_goes_no_way_of_its_own() -> None:
    """Neither causes nor patches come into it, and of no object it keeps a note."""
    registry, memories = watching(lambda *_: None), ResourceMemories()
    process = vars(running)["processing"].process_resource_event
    assert process is not process_resource_event
    await _told(registry, process, {"type": "ADDED", "object": job_body()}, memories=memories)
    assert not list(memories.iter_all_memories())


async def test_what_is_heard_of_no_longer_keeps_kopf_waiting() -> None:
    """It waits at its start for each object that it lists, by a toggle, and would keep them all."""
    toggles = ToggleSet(all)
    toggle = await toggles.make_toggle(name="an object")
    registry = watching(lambda *_: None)
    event = {"type": None, "object": job_body()}
    process = vars(running)["processing"].process_resource_event
    await _told(registry, process, event, operator_indexed=toggles, resource_indexed=toggle)
    assert not list(toggles)
