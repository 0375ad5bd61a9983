"""Looking names up, in threads that do nothing else: a name that nobody answers for holds one for up to a minute.

Each tenant has only so many of them, so that dead names of one leave threads to the others. Must not live here: whose
request it is (`bounds` carries that).
"""

import asyncio
import socket
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from typing import Any, Final
from weakref import WeakValueDictionary

from aiohttp.abc import AbstractResolver, ResolveResult

from quantumjob_operator.azure.http.bounds import tenant_of_request

_THREADS: Final = 64
_FOR_EACH_TENANT: Final = 4

Found = list[tuple[int, int, int, str, Any]]


class NameResolver(AbstractResolver):
    """The system's own resolver (`getaddrinfo`)."""

    def __init__(self) -> None:
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="lookups")
        self._limits: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    async def resolve(
        self, host: str, port: int = 0, family: socket.AddressFamily = socket.AF_INET
    ) -> list[ResolveResult]:
        """The addresses of a name.

        Raises:
            OSError: It has none, or nobody knows.
        """
        limit = self._limits.setdefault(tenant_of_request(), asyncio.Semaphore(_FOR_EACH_TENANT))
        await limit.acquire()
        loop = asyncio.get_running_loop()

        def over(_: Future[Found]) -> None:
            with suppress(RuntimeError):  # the loop is closed
                loop.call_soon_threadsafe(limit.release)

        future: Future[Found] = self._threads.submit(_addresses, host, port, family)
        # Whoever gives up gives back nothing: the thread goes on until the system's time-out.
        future.add_done_callback(over)
        return [_result(host, port, one) for one in await asyncio.wrap_future(future)]

    async def close(self) -> None:
        """Let the threads end."""
        self._threads.shutdown(wait=False, cancel_futures=True)


def _addresses(host: str, port: int, family: socket.AddressFamily) -> Found:
    return [*socket.getaddrinfo(host, port, family, socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)]


def _result(host: str, port: int, found: tuple[int, int, int, str, Any]) -> ResolveResult:
    family, _, proto, _, address = found
    flags = socket.AI_NUMERICHOST | socket.AI_NUMERICSERV
    return ResolveResult(hostname=host, host=address[0], port=port, family=family, proto=proto, flags=flags)
