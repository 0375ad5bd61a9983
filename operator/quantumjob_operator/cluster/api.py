"""Requests to the API server, as JSON in and JSON out.

The official client does authentication, TLS and token renewal; its models are passed by, because they would parse and
rebuild every object twice. Must not live here: paths of kinds, or what an answer means for a job.
"""

import asyncio
import logging
import time
from collections.abc import AsyncIterator, Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import quote, urlencode
from urllib.request import getproxies_environment

import aiohttp
from kubernetes.aio import config
from kubernetes.aio.client import ApiClient, Configuration
from kubernetes.aio.config import ConfigException

from quantumjob_operator.cluster.api_errors import (
    LONGEST_REFERENCE,
    ClusterError,
    Conflict,
    NotFound,
    ObjectTooLong,
    object_in,
    refusal,
    short_object_in,
)
from quantumjob_operator.cluster.clock_skew import Skew
from quantumjob_operator.cluster.listing import ACCEPT, AS_IT_IS, PageSize, parse_page
from quantumjob_operator.cluster.object_pages import in_turn, tenant_of, wanted_of
from quantumjob_operator.model.naming import MANAGED_BY
from quantumjob_operator.model.parsing import MalformedObject

__all__ = ["Api", "ClusterError", "Conflict", "NotFound", "ObjectTooLong", "address_in_a_pod", "read_until"]

_log: Final = logging.getLogger(__name__)
MERGE_PATCH: Final = "application/merge-patch+json"
_JSON: Final = "application/json"
_TIMEOUT: Final = 30
_PAGE: Final = 500
_LONGEST_PAGE: Final = 8 * 1024 * 1024
"""Bytes of a page of metadata that is read at once, of which labels and `managedFields` are most."""
_QUESTIONS: Final = 6
_PAUSE: Final = 1.0
T = TypeVar("T")


def address_in_a_pod() -> str:
    """Origin of the API server as the environment of every pod has it.

    Raises:
        ConfigException: This is no pod with a ServiceAccount's token.
    """
    configuration = Configuration()
    config.load_incluster_config(client_configuration=configuration)  # type: ignore[no-untyped-call]
    return str(configuration.host)


async def read_until(response: aiohttp.ClientResponse, bound: int | None) -> bytes:
    """The body of an answer; of one that is longer than a bound the beginning, which is longer than that, too.

    Bytes are counted where they arrive: whoever looks at the length of a whole page has it in memory.

    Args:
        response: The answer, which is closed unless it was read to its end.
        bound: Bytes; None for all.
    """
    text = bytearray()
    try:
        async for chunk in response.content.iter_any():
            text += chunk
            if bound is not None and len(text) > bound:
                response.close()
                break
    except BaseException:
        response.close()
        raise
    return bytes(text)


def _has_kubeconfig() -> bool:
    """Whether there is the file that KUBECONFIG names, or that of the home directory."""
    return Path(config.KUBE_CONFIG_DEFAULT_LOCATION).expanduser().exists()


class Api:
    """A connection to one API server; close it after use.

    Attributes:
        skew: How far our clock is ahead of the API server's.
    """

    def __init__(self, client: Any) -> None:
        self._client = client
        self._sizes: dict[str, PageSize] = {}
        self.skew = Skew()

    def now(self) -> datetime:
        """The time of day in the cluster: ours, as far as it agrees with the API server's."""
        return datetime.fromtimestamp(time.time() - self.skew.correction, UTC)

    async def learn_time(self) -> None:
        """Ask until our clock is compared with the API server's; one that tells no time is left alone after a while."""
        for _ in range(_QUESTIONS):
            if self.skew.known:
                return
            try:
                await self.request("GET", "/version")
            except ClusterError as error:
                _log.warning("%s", error)
                await asyncio.sleep(_PAUSE)

    @classmethod
    async def connect(cls) -> "Api":
        """Connect as kubectl or a pod would: `KUBECONFIG`, the home directory's kubeconfig, or the pod's own account.

        Raises:
            ClusterError: There is none of them.
        """
        configuration = Configuration()
        try:
            # The library's own choice between the two prints a warning in every pod.
            if _has_kubeconfig():
                await config.load_kube_config(client_configuration=configuration)  # type: ignore[no-untyped-call]
            else:
                config.load_incluster_config(client_configuration=configuration)  # type: ignore[no-untyped-call]
        except (ConfigException, OSError) as error:
            raise ClusterError("connect", None, "NoConfiguration", str(error)) from None
        configuration.retries = None  # when to try again is decided by the reconciler
        configuration.connection_pool_maxsize = 64
        # Without a proxy there is nothing to learn there, and for each request aiohttp would open ~/.netrc in a thread;
        # a `default` entry in it would even be an error beside our token.
        configuration.client_session_kwargs = {"trust_env": bool(getproxies_environment())}
        return cls(ApiClient(configuration))

    async def close(self) -> None:
        """Close all connections."""
        await self._client.close()

    async def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        content_type: str = _JSON,
        query: Mapping[str, str] | None = None,
    ) -> dict[str, Any]:
        """One request, one answer.

        Raises:
            ClusterError: The answer is not 2xx, or none came, or it is no JSON; `NotFound` and `Conflict` where the API
                server says so itself with 404 and 409.
        """
        headers = {"Accept": _JSON, "Content-Type": content_type}
        return await self._exchange(object_in, method, path, headers=headers, query=query or {}, body=body)

    async def read_short(self, path: str) -> dict[str, Any]:
        """An object that others write, as long as it is no longer than what it is read for.

        Raises:
            ObjectTooLong: It is.
            ClusterError: As for `request`.
        """
        headers = {"Accept": _JSON}
        found = await self._exchange(short_object_in, "GET", path, headers=headers, query={}, bound=LONGEST_REFERENCE)
        if found is None:
            raise ObjectTooLong(f"GET {path}", None, "TooLong", "the object is longer than what is read of one")
        return found

    async def list_pages(
        self, path: str, query: Mapping[str, str], most: int, of_each: Callable[[dict[str, Any]], T]
    ) -> AsyncIterator[list[T]]:
        """The objects of a collection in pages; what a long one has is asked for one by one instead of read.

        Args:
            path: Of the collection.
            query: What to select.
            most: Objects of a page.
            of_each: What is wanted of each; touches nothing that others change.

        Raises:
            ClusterError: As for `request`.
            MalformedObject: As `of_each` does.
        """
        size, following = PageSize(most), ""
        while True:
            read = await self._page(partial(wanted_of, of_each), path, size, following, accept=_JSON, query=query)
            if read is None:
                continue
            page, following = read
            del read
            yield page
            if not following:
                return

    async def patch(self, path: str, patch: Mapping[str, Any]) -> dict[str, Any]:
        """A merge patch (RFC 7386) under the operator's field manager."""
        query = {"fieldManager": MANAGED_BY}
        return await self.request("PATCH", path, patch, content_type=MERGE_PATCH, query=query)

    async def list_versions(self, path: str) -> AsyncIterator[tuple[str, str]]:
        """The uid and the resource version of each object of a collection, in pages: the rest is not looked at."""
        # How many come in a page that can be read is known from the last time.
        size, following = self._sizes.setdefault(path, PageSize(_PAGE, _LONGEST_PAGE)), ""
        while True:
            page = await self._page(parse_page, path, size, following, accept=ACCEPT)
            if page is None:
                continue
            for version in page.versions:
                yield version
            following = page.following
            if not following:
                return
            await asyncio.sleep(0)

    async def list_revision(self, path: str) -> str:
        """The resource version of a listing, which is read from the store and not from a cache that may lag."""
        page = await self._exchange(parse_page, "GET", path, headers={"Accept": ACCEPT}, query={"limit": "1"})
        return page.revision

    async def _page(
        self,
        parse: Callable[[bytes], T],
        path: str,
        size: PageSize,
        following: str,
        *,
        accept: str,
        query: Mapping[str, str] | None = None,
    ) -> T | None:
        """The next page of a listing; None if it is too long to be read, or to come, and is to be asked for again."""
        asked = {**(query or {}), "limit": str(size.now)} | ({"continue": following} if following else {})

        def read(text: bytes) -> T | None:
            return parse(text) if size.takes_page(text) else None

        headers = {"Accept": accept, **AS_IT_IS}
        try:
            return await self._exchange(read, "GET", path, headers=headers, query=asked, bound=size.bound)
        except ClusterError as error:
            if error.timed_out and size.shrink():
                return None
            raise

    async def _exchange(
        self,
        parse: Callable[[bytes], T],
        method: str,
        path: str,
        *,
        headers: dict[str, str],
        query: Mapping[str, str],
        body: Any = None,
        bound: int | None = None,
    ) -> T:
        """One request, whose answer is read by `parse`; what that refuses with `ValueError` is an error, too.

        Of an answer that is longer than the bound, `parse` is given the beginning.
        """
        what = f"{method} {path}"
        try:
            sent_headers = {**headers, **self._client.default_headers}
            await self._client.update_params_for_auth(sent_headers, [], ["BearerToken"], path, method, body)
            url = f"{self._client.configuration.host}{path}" + (
                f"?{urlencode(query, quote_via=quote)}" if query else ""
            )
            sent = time.time()
            # All of it is text and JSON already: what the library would look for in it, models and dates, isn't there.
            response: Any = await self._client.call_api(method, url, sent_headers, body, _request_timeout=_TIMEOUT)
            self._compare(response.headers.get("date"), sent)
            status, text = response.status, await read_until(response.response, bound)
        except (aiohttp.ClientError, ConfigException, TimeoutError, OSError) as error:
            raise ClusterError(what, None, type(error).__name__, str(error)) from None
        if not 200 <= status < 300:  # noqa: PLR2004 - HTTP
            raise refusal(what, status, text)
        try:
            return await in_turn(tenant_of(path), text, parse)
        except MalformedObject:
            raise
        except ValueError as error:
            raise ClusterError(what, status, "Unreadable", f"{error}; does a proxy stand between?") from None

    def _compare(self, date: str | None, sent: float) -> None:
        before = self.skew.correction
        self.skew.hear(date, sent, time.time())
        if bool(self.skew.correction) == bool(before):
            return
        if before:
            _log.info("the clocks of this machine and of the API server agree again")
            return
        _log.warning(
            "the clock of this machine is %+.0f s ahead of the API server's, whose time is used for deadlines, "
            "ttlSecondsAfterFinished and the grace period; set the clocks of the nodes right",
            self.skew.seconds,
        )
