"""A proxy on this machine that sees, holds and drops what passes between a client and a server.

It ends TLS with a certificate of its own authority and forwards HTTP/1.1 requests, streamed answers (watches) included.
It changes nothing on the way unless a test says so, and never sends a request twice.
"""

import asyncio
import ssl
import sys
import threading
from collections.abc import Coroutine, Iterable
from contextlib import ExitStack
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, TypeVar

import httpx
from aiohttp import web
from multidict import CIMultiDict

from devcluster.certificates import Authority
from devcluster.proxyrules import Answer, Exchange, Moment, Predicate, Request, Rule, Verdict, client_name
from devcluster.proxystreams import Streams, Withheld, is_watch
from devcluster.scratch import scratch_directory

# httpcore asks for this package at each request, and Python would search all folders for it, since it is not there.
sys.modules.setdefault("sniffio", None)  # type: ignore[arg-type]

_T = TypeVar("_T")
Settled = httpx.Response | Answer | None

_CONTROL_SECONDS: Final = 30.0
_LARGEST_BODY: Final = 64 * 1024 * 1024
_CONNECTION_HEADERS: Final = frozenset(
    {"connection", "keep-alive", "proxy-connection", "te", "trailer", "transfer-encoding", "upgrade"}
)
# Made anew for the upstream: the body is whole when it is forwarded. `Host` stays, so that the links in an answer lead
# through the proxy again.
_REQUEST_HEADERS: Final = _CONNECTION_HEADERS | {"content-length", "expect"}
_LONGEST_HEADER: Final = 64 * 1024
_WITHOUT_BODY: Final = frozenset({204, 304})


class TlsProxy:
    """Stands between clients and one upstream server; runs in a thread of its own, used from synchronous tests.

    Attributes:
        url: Where clients reach it.
        ca_file: What clients have to trust.
    """

    def __init__(self, resources: ExitStack) -> None:
        self.url = ""
        self.ca_file = Path()
        self._resources = resources
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="proxy", daemon=True)
        self._rules: list[Rule] = []
        self._exchanges: list[Exchange] = []
        self._tasks: set[asyncio.Task[Any]] = set()
        self._streams = Streams(self._loop)

    @classmethod
    def start(
        cls, upstream: str, *, upstream_ca: Path | None = None, tls: bool = True, host: str = "127.0.0.1"
    ) -> Self:
        """Start a proxy on a free port.

        Args:
            upstream: Origin of the server, `http` or `https`.
            upstream_ca: PEM file of the authority of the server's certificate; the system's ones if None.
            tls: Whether clients talk TLS to the proxy; plain HTTP if not.
            host: Address to listen on.
        """
        with ExitStack() as resources:
            proxy = cls(resources)
            folder = resources.enter_context(scratch_directory())
            resources.callback(proxy._end_thread)
            proxy._thread.start()
            proxy._run(proxy._open(upstream, upstream_ca, folder if tls else None, host))
            proxy._resources = resources.pop_all()
        return proxy

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    @property
    def exchanges(self) -> tuple[Exchange, ...]:
        """What passed until now, in the order in which it was settled; an answer still streaming is included."""
        return tuple(self._exchanges)

    def hold(self, predicate: Predicate, *, when: Moment | str = Moment.BEFORE) -> Rule:
        """Hold the next request for which `predicate` is true, until the rule's `release()` or `drop()`.

        A held request is forwarded after `release()` even if its client has given up since, as on a slow network.

        Args:
            predicate: Called in the proxy's thread with each request.
            when: Before it is forwarded, or after the server has answered.
        """
        return self._add(Rule(predicate, Moment(when), times=1))

    def drop(self, predicate: Predicate, *, when: Moment | str = Moment.BEFORE, times: int | None = 1) -> Rule:
        """Cut the connections of the next `times` matching requests; of all that match if `times` is None."""
        rule = Rule(predicate, Moment(when), times=times)
        rule.drop()
        return self._add(rule)

    def replace(self, predicate: Predicate, answer: Answer, *, times: int | None = 1) -> Rule:
        """Let the next `times` matching requests have their effect, and give their clients another answer."""
        rule = Rule(predicate, Moment.AFTER, times=times, answer=answer)
        rule.replace()
        return self._add(rule)

    def withhold(self, predicate: Predicate, *, merge: bool = False) -> Withheld:
        """Hold back what matching watches tell, open ones included, until `release()`.

        Args:
            predicate: Called in the proxy's thread with the request of each watch.
            merge: Whether of the versions of an object that were pending only the last is delivered.
        """
        return self._streams.withhold(lambda asked: is_watch(asked) and predicate(asked), merge=merge)

    def sever(self) -> None:
        """Cut every open connection of the clients, watches included."""
        self._run(self._sever())

    def stop(self) -> None:
        """Cut all connections and end; harmless when repeated."""
        self._resources.close()

    def _add(self, rule: Rule) -> Rule:
        self._rules.append(rule)
        return rule

    def _run(self, work: Coroutine[Any, Any, None]) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(_CONTROL_SECONDS)

    def _end_thread(self) -> None:
        self._run(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    async def _open(self, upstream: str, upstream_ca: Path | None, folder: Path | None, host: str) -> None:
        trust = ssl.create_default_context(cafile=upstream_ca)
        self._upstream = httpx.URL(upstream)
        self._client = httpx.AsyncClient(
            verify=trust,
            timeout=None,  # noqa: S113 - how long to wait is the client's decision
            # The pool goes through all connections that it keeps at each request.
            limits=httpx.Limits(max_connections=None, max_keepalive_connections=16),
            trust_env=False,
        )
        # The headers are the client's, and only those.
        self._client.headers = httpx.Headers()
        application = web.Application(client_max_size=_LARGEST_BODY)
        application.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(
            application,
            shutdown_timeout=0,
            access_log=None,
            # A client that hangs up ends its watch at the upstream too.
            handler_cancellation=True,
            auto_decompress=False,
            max_line_size=_LONGEST_HEADER,
            max_field_size=_LONGEST_HEADER,
        )
        await self._runner.setup()
        certified = self._server_context(folder, host) if folder else None
        site = web.TCPSite(self._runner, host, 0, ssl_context=certified)
        await site.start()
        self.url = f"{'https' if folder else 'http'}://{host}:{self._runner.addresses[0][1]}"

    def _server_context(self, folder: Path, host: str) -> ssl.SSLContext:
        authority = Authority.create(folder, "devcluster-proxy-ca")
        self.ca_file = authority.ca_file
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*authority.issue_for_loopback("proxy", addresses=[host]))
        return context

    async def _close(self) -> None:
        await self._sever()
        await self._runner.cleanup()
        for task in tuple(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._client.aclose()

    async def _sever(self) -> None:
        for connection in self._runner.server.connections if self._runner.server else ():
            _abort(connection.transport)

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        agent, credential = (request.headers.get(name, "") for name in ("User-Agent", "Authorization"))
        asked = Request(request.method, request.raw_path, await request.read(), agent, client_name(credential))
        settling = self._spawn(self._settle(asked, request.headers.items()))
        try:
            answer = await asyncio.shield(settling)
        except asyncio.CancelledError:
            # The client gave up; what it asked for still happens, as on a real network.
            settling.add_done_callback(self._discard)
            raise
        if answer is None:
            _abort(request.transport)
            return web.Response(status=502)
        if isinstance(answer, Answer):
            return web.Response(status=answer.status, body=answer.body, content_type="application/json")
        return await self._pass_on(request, asked, answer)

    async def _settle(self, asked: Request, headers: Iterable[tuple[str, str]]) -> "Settled":
        """Forward a request as the rules allow; None if the client's connection is to be cut."""
        verdict, _ = await self._judge(asked, Moment.BEFORE)
        if verdict is Verdict.DROP:
            self._record(asked, None, dropped=True)
            return None
        forwarded = self._client.build_request(
            asked.method,
            self._upstream.copy_with(raw_path=asked.path.encode()),
            headers=_without(headers, _REQUEST_HEADERS),
            content=asked.body,
        )
        try:
            answer = await self._client.send(forwarded, stream=True)
        except httpx.TransportError:
            # The upstream is down: the client is to see just that.
            self._record(asked, None, dropped=True)
            return None
        verdict, other = await self._judge(asked, Moment.AFTER)
        dropped, replaced = verdict is Verdict.DROP, verdict is Verdict.REPLACE
        self._record(asked, answer.status_code, dropped=dropped, replaced=replaced)
        if dropped or replaced:
            await answer.aclose()
            return other if replaced else None
        return answer

    async def _judge(self, asked: Request, moment: Moment) -> tuple[Verdict, Answer | None]:
        for rule in self._rules:
            if rule.when is moment and rule.picks(asked):
                return await rule.judge(asked), rule.answer
        return Verdict.RELEASE, None

    def _record(self, asked: Request, status: int | None, *, dropped: bool, replaced: bool = False) -> None:
        self._exchanges.append(Exchange(asked, status, dropped, replaced))

    def _discard(self, settled: "asyncio.Task[Settled]") -> None:
        if not settled.cancelled() and isinstance(answer := settled.result(), httpx.Response):
            self._spawn(answer.aclose())

    async def _pass_on(self, request: web.Request, asked: Request, answer: httpx.Response) -> web.StreamResponse:
        response = web.StreamResponse(
            status=answer.status_code,
            reason=answer.reason_phrase,
            headers=CIMultiDict(_without(answer.headers.multi_items(), _CONNECTION_HEADERS)),
        )
        if "Content-Length" not in answer.headers and answer.status_code not in _WITHOUT_BODY:
            response.enable_chunked_encoding()
        try:
            await response.prepare(request)
            if is_watch(asked):
                await self._streams.pass_on(asked, answer.aiter_raw(), response.write)
            else:
                async for chunk in answer.aiter_raw():
                    await response.write(chunk)
        except httpx.TransportError:
            # Cut off upstream: the client must not take what it has for the whole answer.
            _abort(request.transport)
        finally:
            await answer.aclose()
        return response

    def _spawn(self, work: Coroutine[Any, Any, _T]) -> "asyncio.Task[_T]":
        task = self._loop.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task


def _without(headers: Iterable[tuple[str, str]], unwanted: frozenset[str]) -> list[tuple[str, str]]:
    return [(name, value) for name, value in headers if name.lower() not in unwanted]


def _abort(transport: asyncio.BaseTransport | None) -> None:
    if isinstance(transport, asyncio.WriteTransport):
        transport.abort()
