"""kopf's part: it holds the watch and passes every event on.

Level-triggered: a handler neither looks at state nor waits for anything, and kopf never patches anything.
Must not live here: anything that could fail.
"""

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import replace
from typing import Any, Final, Protocol

import kopf
from kopf._cogs.clients import api, fetching
from kopf._core.reactor import processing

from quantumjob_operator.cluster import long_objects
from quantumjob_operator.cluster.api import address_in_a_pod, read_until
from quantumjob_operator.cluster.listing import AS_IT_IS, PageSize
from quantumjob_operator.cluster.objects import PLURALS
from quantumjob_operator.model.naming import GROUP, VERSION

_MOST: Final = 500
"""Objects of a page, where they are short."""


class Sink(Protocol):
    """Takes events; called from kopf's thread."""

    def __call__(self, plural: str, event_type: str | None, body: Mapping[str, Any]) -> None:
        """`event_type` is None for the first listing, else ADDED, MODIFIED or DELETED."""


def watching(sink: Sink) -> kopf.OperatorRegistry:
    """The registry of handlers that pass events to the sink; kopf, which this process has once, does so by itself."""
    registry = kopf.OperatorRegistry()
    for plural in PLURALS:
        kopf.on.event(GROUP, VERSION, plural, registry=registry)(_passing(plural, sink))
    kopf.on.login(registry=registry)(_login)
    processing.process_resource_event = _directly(sink)  # type: ignore[assignment]
    api.json = long_objects  # type: ignore[attr-defined]
    fetching.fetch_objs = _listing(sink, {})
    return registry


def _directly(sink: Sink) -> Callable[..., Awaitable[None]]:
    """What takes the place of kopf's way from an event to its handlers.

    That way takes 0.4 ms of CPU for each event (measured), and keeps notes of each object, for what is switched off
    here: causes, patches, retries, indices. A kopf that does not go by this name calls the handlers, as slow as ever.
    """

    async def passed(
        *, resource: Any, raw_event: Any, operator_indexed: Any = None, resource_indexed: Any = None, **_: Any
    ) -> None:
        if operator_indexed is not None and resource_indexed is not None:
            await operator_indexed.drop_toggle(resource_indexed)  # else one for each object stays
        sink(resource.plural, raw_event["type"], raw_event["object"])

    return passed


def _listing(sink: Sink, sizes: dict[str, PageSize]) -> Callable[..., AsyncIterator[tuple[list[Any], str]]]:
    """What takes the place of kopf's listing, whose pages are read whatever their length.

    With the parameters that a user can write, an object takes 57 MB while it is read (measured). Our own kinds go to
    the sink at once: for each object kopf would begin a task, and ten thousand of them take three seconds (measured).

    Args:
        sink: Takes them.
        sizes: By collection, how many objects of it came in a page that could be read.
    """

    async def listed(
        *, settings: kopf.OperatorSettings, resource: Any, namespace: str | None, logger: Any
    ) -> AsyncIterator[tuple[list[Any], str]]:
        collection = resource.get_url(namespace=namespace)
        size, following = sizes.setdefault(collection, PageSize(_MOST, first=settings.watching.chunk_size or 1)), ""
        while True:
            params = {"limit": str(size.now)} | ({"continue": following} if following else {})
            url = resource.get_url(namespace=namespace, params=params)
            text = await _page(url, size, settings=settings, logger=logger)
            if text is None:
                continue
            page = long_objects.loads(text)
            del text
            of_all = {"apiVersion": page.get("apiVersion"), "kind": str(page.get("kind", "")).removesuffix("List")}
            found = [of_all | item for item in page.get("items") or ()]
            if resource.group == GROUP:
                for one in found:
                    sink(resource.plural, None, one)
                found = []
            yield found, page["metadata"]["resourceVersion"]
            following = page["metadata"].get("continue") or ""
            if not following:
                return

    return listed


async def _page(url: str, size: PageSize, **usual: Any) -> bytes | None:
    """A page; None if it is too long to be read, or to come in time, and is to be asked for again."""
    try:
        async with await api.request("get", url, headers=dict(AS_IT_IS), **usual) as response:
            text = await read_until(response, size.bound)
            return text if size.takes_page(text) else None
    except TimeoutError:
        if not size.shrink():
            raise
        return None


def _passing(plural: str, sink: Sink) -> Callable[..., Any]:
    async def changed(event: Mapping[str, Any], **_: Any) -> None:
        sink(plural, event["type"], event["object"])

    return changed


def _login(**kwargs: Any) -> kopf.ConnectionInfo | None:
    account = kopf.login_with_service_account(**kwargs)
    if account is None:
        return kopf.login_with_kubeconfig(**kwargs)
    # kopf would ask by the name kubernetes.default.svc, which needs DNS and is not what NO_PROXY names.
    return replace(account, server=address_in_a_pod())


class _NoDiffs(kopf.DiffBaseStorage):
    """Keeps kopf from copying each object twice to learn what changed: no handler of ours asks.

    The copies of an object with 160,000 small values take seconds (measured), with the interpreter's lock held.
    """

    def build(self, **_: Any) -> kopf.BodyEssence:
        """Nothing of an object counts as a change."""
        return kopf.BodyEssence()

    def fetch(self, **_: Any) -> None:
        """Nothing was stored."""

    def store(self, **_: Any) -> None:
        """Nothing is stored: it would be a patch."""


def quiet_settings() -> kopf.OperatorSettings:
    """Make kopf a pure watcher: no Events of its own, no scanning or copies, small pages."""
    settings = kopf.OperatorSettings()
    settings.posting.enabled = False
    settings.persistence.diffbase_storage = _NoDiffs()
    settings.scanning.disabled = True
    # 1,000 objects of 64 KiB peak at 150 MB with pages of 50 (measured); with kopf's default they don't end there.
    settings.watching.chunk_size = 50
    settings.watching.server_timeout = 300
    settings.watching.connect_timeout = 15
    settings.networking.request_timeout = 60
    # HTTPS_PROXY and NO_PROXY, as every other client of this process honours them.
    settings.networking.trust_env = True
    settings.queueing.idle_timeout = 1.0
    return settings
