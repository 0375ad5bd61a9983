"""The authenticated line to one workspace's endpoint: one request out, one answer back.

Checks where a request goes, adds the credential, bounds time and size, renews the credential once after a 401, and
tells the observer. It knows no operation of the service; `client` does.
"""

import asyncio
import copy
import json
import re
from collections.abc import AsyncIterator, Callable, Coroutine, Mapping
from contextlib import AbstractContextManager, asynccontextmanager
from typing import Any, Final, TypeVar
from uuid import uuid4

import httpx

from quantumjob_operator import __version__
from quantumjob_operator.azure.auth import Credential
from quantumjob_operator.azure.exchange import Answer, Observer, Timing
from quantumjob_operator.azure.failures import (
    BROKEN_ANSWER,
    answer_failure,
    asked_pause,
    exchange_failure,
    refuses_credentials,
    word_for,
)
from quantumjob_operator.azure.http.allowlist import AllowedOrigins, OriginError, parse_origin
from quantumjob_operator.azure.http.bounds import at_most
from quantumjob_operator.azure.http.transport import HttpTransport
from quantumjob_operator.azure.wire import API_VERSION
from quantumjob_operator.model.errors import Applied, CredentialsRefused, EndpointNotAllowed, Retryable, ServiceError
from quantumjob_operator.scheduling.rate_limiter import RateLimiter

USER_AGENT: Final = f"quantumjob-operator/{__version__}"
_VERSIONED: Final = re.compile(r"[?&]api-version=")

T = TypeVar("T")


class ServiceChannel:
    """Sends requests to one endpoint; see the module's docstring.

    Args:
        endpoint: The origin of the data plane.
        credential: Lets the requests in; only added for exactly this origin.
        transport: The shared connections, and what of them each tenant may have.
        allowed: Where requests may go.
        observer: Counts.
        timing: Time-outs and clocks.
        rate_limiter: What bounds the requests of all that speak with this workspace; no bound if None.
        owner: The tenant whose workspace it is.
        request_ids: Makes the `x-ms-client-request-id` of each request.
    """

    def __init__(
        self,
        *,
        endpoint: str,
        credential: Credential,
        transport: HttpTransport,
        allowed: AllowedOrigins,
        observer: Observer | None,
        timing: Timing,
        rate_limiter: RateLimiter | None = None,
        owner: str = "",
        request_ids: Callable[[], str] = lambda: str(uuid4()),
    ) -> None:
        self.endpoint = endpoint.strip().rstrip("/")
        self._credential = credential
        self._transport = transport
        self._allowed = allowed
        self._observer = observer
        self._timing = timing
        self._request_ids = request_ids
        self._rate_limiter = rate_limiter
        self._owner = owner
        self._tenant, self._cancelling = "", False
        # Single reads and writes are bounded by the whole; but who doesn't even take a connection holds a worker for a
        # shorter time than who thinks about a request.
        self._connect_seconds = timing.request_seconds / 3

    def on_behalf(self, tenant: str, *, cancelling: bool) -> "ServiceChannel":
        """The same channel, whose requests are sent in a tenant's name."""
        view = copy.copy(self)
        view._tenant, view._cancelling = tenant, cancelling  # noqa: SLF001 - a copy of our own
        return view

    async def acquire(self, operation: str, *, cancelling: bool = False) -> None:
        """Wait until the workspace's rate limit lets a request begin.

        Raises:
            Throttled: The service asked for a pause, which is not over.
        """
        if self._rate_limiter is not None:
            await self._rate_limiter.acquire(operation, self._tenant, cancelling=cancelling or self._cancelling)

    def reading(self, operation: str, max_bytes: int | None = None) -> AbstractContextManager[None]:
        """Where an operation sends its requests and reads their answers: both count against its tenant's shares.

        Args:
            operation: Which.
            max_bytes: Of its answers; what is usual for it if None.
        """
        # In a shared workspace it is not its owner's doing how long the jobs of others are.
        reader = f"{self._owner}/{self._tenant}" if self._tenant not in {"", self._owner} else self._owner
        return at_most(operation, max_bytes, tenant=self._owner, reader=reader, memory=self._transport.answers)

    async def call(
        self,
        operation: str,
        method: str,
        url: str,
        *,
        body: Mapping[str, Any] | None = None,
        may_start: Callable[[], bool] | None = None,
        rate_limited: bool = False,
    ) -> Answer:
        """Send a request and insist on a 2xx answer.

        Raises:
            ServiceError: It did not work; `applied` says whether it may have happened.
        """
        answer = await self.send(operation, method, url, body=body, may_start=may_start, rate_limited=rate_limited)
        if not answer.succeeded:
            raise self.failure(operation, answer)
        return answer

    async def send(
        self,
        operation: str,
        method: str,
        url: str,
        *,
        body: Mapping[str, Any] | None = None,
        may_start: Callable[[], bool] | None = None,
        rate_limited: bool = False,
        content_type: str | None = None,
    ) -> Answer:
        """Send a request once, and once more with a renewed credential if it was not let in; within `reading`.

        Args:
            operation: The name for errors and metrics.
            method: The HTTP method.
            url: An absolute URL of the endpoint's origin, with its query; without an API version it gets the usual one.
            body: Sent as JSON.
            may_start: Asked right before each sending; False ends it with a `Retryable` that was not applied.
            rate_limited: The caller has waited for the rate limit already.
            content_type: Of the body; JSON if absent.

        Returns:
            The answer, whatever its status.

        Raises:
            ServiceError: There was no answer.
        """
        if not rate_limited:
            await self.acquire(operation)
        try:
            answer = await self._let_in(operation, method, url, body, may_start, content_type)
        except CredentialsRefused:
            self._refused()
            raise
        if refuses_credentials(operation, answer.status, answer.body):
            self._refused()
        return answer

    async def _let_in(  # noqa: PLR0917 - what `send` was given
        self,
        operation: str,
        method: str,
        url: str,
        body: Mapping[str, Any] | None,
        may_start: Callable[[], bool] | None,
        content_type: str | None,
    ) -> Answer:
        answer = await self._send_once(operation, method, url, body, may_start, content_type)
        pause = asked_pause(answer.status, answer.headers, answer.body, self._timing.clock())
        if pause and self._rate_limiter is not None:
            self._rate_limiter.stop(pause)
        # A request that was not let in was not applied, so that repeating even a PUT is safe.
        if answer.status == httpx.codes.UNAUTHORIZED and await self._renewed(operation):
            return await self._send_once(operation, method, url, body, may_start, content_type)
        return answer

    def failure(self, operation: str, answer: Answer) -> ServiceError:
        """The error that an answer stands for."""
        return answer_failure(operation, answer.status, answer.headers, answer.body, self._timing.clock())

    async def close(self) -> None:
        """Close the credential; the shared client stays open."""
        await self._credential.close()

    async def _send_once(  # noqa: PLR0917 - what `send` was given
        self,
        operation: str,
        method: str,
        url: str,
        body: Mapping[str, Any] | None,
        may_start: Callable[[], bool] | None,
        content_type: str | None,
    ) -> Answer:
        headers, text = await self._headers(operation, url), None if body is None else _json(body)
        if content_type or text is not None:
            headers["Content-Type"] = content_type or "application/json"
        if not _VERSIONED.search(url):
            url = f"{url}{'&' if '?' in url else '?'}api-version={API_VERSION}"
        async with self._place(operation):
            if may_start is not None and not may_start():
                raise Retryable(operation, detail="the time to start the request has passed", applied=Applied.NO)
            started = self._timing.monotonic()
            try:
                answer = await self._exchange(method, url, headers, text)
            except (httpx.HTTPError, OSError) as error:
                self._observe(operation, word_for(error), started)
                raise exchange_failure(operation, error) from None
            except ServiceError:
                self._observe(operation, BROKEN_ANSWER, started)
                raise
            self._observe(operation, str(answer.status), started)
            return answer

    @asynccontextmanager
    async def _place(self, operation: str) -> AsyncIterator[None]:
        """A place among the requests that are under way, of which each tenant has only so many."""
        try:
            async with asyncio.timeout(self._connect_seconds):
                held = await self._transport.requests.take(self._owner)
        except TimeoutError:
            detail = f"too many requests of namespace {self._owner}'s workspaces wait for an answer"
            raise Retryable(operation, detail=detail, applied=Applied.NO) from None
        try:
            yield
        finally:
            held.give_back()

    async def _exchange(self, method: str, url: str, headers: Mapping[str, str], text: bytes | None) -> Answer:
        engine = self._transport.engine
        async with asyncio.timeout(self._timing.request_seconds):
            return await engine.exchange(method, url, headers, text, connect_seconds=self._connect_seconds)

    async def _headers(self, operation: str, url: str) -> dict[str, str]:
        origin = self._allowed.check_service(operation, url)
        try:
            home = parse_origin(self.endpoint)
        except OriginError as error:
            raise EndpointNotAllowed(operation, detail=f"the endpoint: {error}", applied=Applied.NO) from None
        if origin != home:
            detail = f"{origin} is not the endpoint {home}, so it gets no credential"
            raise EndpointNotAllowed(operation, detail=detail, applied=Applied.NO)
        credential = await self._within(operation, self._credential.headers())
        if "Authorization" in credential and origin.scheme != "https" and not origin.is_loopback:
            raise EndpointNotAllowed(operation, detail="a token is never sent over plain http", applied=Applied.NO)
        return {
            **credential,
            "Accept": "application/json",
            "User-Agent": USER_AGENT,
            "x-ms-client-request-id": self._request_ids(),
        }

    async def _renewed(self, operation: str) -> bool:
        return await self._within(operation, self._credential.renew())

    async def _within(self, operation: str, step: Coroutine[Any, Any, T]) -> T:
        try:
            async with asyncio.timeout(self._timing.request_seconds):
                return await step
        except TimeoutError:
            detail = "the credential could not be obtained in time"
            raise Retryable(operation, detail=detail, applied=Applied.NO) from None

    def _observe(self, operation: str, word: str, started: float) -> None:
        if self._observer is not None:
            self._observer.exchanged(operation, word, self._timing.monotonic() - started)

    def _refused(self) -> None:
        if self._observer is not None:
            self._observer.refused()


def _json(body: Mapping[str, Any]) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"), allow_nan=False).encode()
