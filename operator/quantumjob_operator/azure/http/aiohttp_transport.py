"""What carries httpx's requests: connections of aiohttp, in place of httpx's own pool.

That pool asks each of its idle connections twice for each request whether it is still alive, and closes idle ones as
soon as more are open, idle or not, than it keeps: with two dozen requests at a time nearly each made a connection of
its own, and took some four times the CPU. Must not live here: what a failure means (`failures`).
"""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import contextmanager
from functools import lru_cache
from typing import Any

import aiohttp
import httpx
from yarl import URL

from quantumjob_operator.azure.exchange import Answer
from quantumjob_operator.azure.http.bounds import bounded_session
from quantumjob_operator.azure.http.proxies import through

_LONGEST_KEPT = 512
"""Characters: links to further pages are the service's to write, and asked for once."""


class AiohttpTransport(httpx.AsyncBaseTransport):
    """Sends each request once, over a session of aiohttp, and raises httpx's errors.

    `httpx.ConnectError` only where there was no connection, so that nothing can have been applied; what broke off
    later, or nobody knows when, is another error. That line is what paying once rests on.

    Args:
        connector: Bounds the connections and knows whose certificates are accepted; closed with this transport.
        proxies: Of the environment (see `proxies`).
    """

    def __init__(self, connector: aiohttp.TCPConnector, proxies: Mapping[str, str]) -> None:
        self._session = bounded_session(connector, through(proxies), _sent_once)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request; the answer's body is read from its stream, and its connection given back by closing it."""
        timeout, body = request.extensions.get("timeout", {}), await request.aread() or None
        headers, url = request.headers.multi_items(), URL(str(request.url), encoded=True)
        with _translated():
            response = await self._sent(
                request.method, url, headers, body, connect=timeout.get("connect"), read=timeout.get("read")
            )
        return httpx.Response(response.status, headers=response.raw_headers, stream=_Body(response))

    async def exchange(
        self, method: str, url: str, headers: Mapping[str, str], body: bytes | None, *, connect_seconds: float
    ) -> Answer:
        """Send a request and read its whole answer, without the objects that httpx would make for each.

        Args:
            method: Of HTTP.
            url: As httpx writes it, it is sent.
            headers: Without those that follow from the connection and the body's length.
            body: Sent as it is.
            connect_seconds: For so long a connection may be waited for.
        """
        with _translated():
            spelt = _as_httpx_writes(url) if len(url) <= _LONGEST_KEPT else _spelt(url)
            response = await self._sent(method, spelt, headers, body, connect=connect_seconds)
            try:
                return Answer(response.status, response.headers, await response.content.read())
            finally:
                response.release()

    async def _sent(
        self,
        method: str,
        url: URL,
        headers: Any,
        body: bytes | None,
        *,
        connect: float | None,
        read: float | None = None,
    ) -> aiohttp.ClientResponse:
        return await self._session.request(
            method,
            url,
            headers=headers,
            data=body,
            allow_redirects=False,
            timeout=aiohttp.ClientTimeout(total=None, sock_connect=connect, sock_read=read),
        )

    async def aclose(self) -> None:
        """Close all connections."""
        await self._session.close()


@lru_cache(maxsize=1024)
def _as_httpx_writes(url: str) -> URL:
    """Each job is asked for several times, and no URL of the service carries a secret."""
    return _spelt(url)


def _spelt(url: str) -> URL:
    return URL(str(httpx.URL(url)), encoded=True)


async def _sent_once(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """A middleware of the session: what broke off is told at once.

    By itself aiohttp repeats a GET or a PUT whose connection was lost, and a PUT that is repeated may be billed twice.
    It does so on seeing an error of its own; it never sees one.
    """
    with _translated():
        return await handler(request)


class _Body(httpx.AsyncByteStream):
    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self._response = response

    async def __aiter__(self) -> AsyncIterator[bytes]:
        with _translated():
            while chunk := await self._response.content.readany():
                yield chunk

    async def aclose(self) -> None:
        self._response.release()


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except aiohttp.ClientConnectorError as error:
        raise httpx.ConnectError(str(error)) from error
    except aiohttp.ConnectionTimeoutError as error:
        raise httpx.ConnectTimeout("no connection in time") from error
    except TimeoutError as error:
        raise httpx.ReadTimeout("no answer in time") from error
    except aiohttp.ClientError as error:
        raise httpx.RemoteProtocolError(type(error).__name__) from error
