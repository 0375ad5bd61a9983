"""What the proxy may do with a request that a test picks: hold it, let it go, drop its connection, answer otherwise.

No I/O: `devcluster.proxy` moves the bytes.
"""

import asyncio
import hashlib
import json
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Moment(StrEnum):
    """When a rule takes effect."""

    BEFORE = "before"  # nothing has been forwarded
    AFTER = "after"  # the server has answered, so the request has had its effect; the client has seen nothing


class Verdict(StrEnum):
    """What becomes of a request that a rule picked."""

    RELEASE = "release"
    DROP = "drop"
    REPLACE = "replace"


@dataclass(frozen=True, slots=True)
class Request:
    """A request as the client sent it.

    Attributes:
        method: `GET`, `PATCH`, …
        path: Path and query, as sent.
        body: The whole body.
        user_agent: The client's own name.
        client: The same for the same credential, and no secret.
    """

    method: str
    path: str
    body: bytes
    user_agent: str = ""
    client: str = ""

    def json(self) -> Any:
        """The body, parsed as JSON."""
        return json.loads(self.body)


def client_name(authorization: str) -> str:
    """What `Request.client` is for a client that sends this header."""
    return hashlib.sha256(authorization.encode()).hexdigest()[:16]


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that a client gets in the place of the server's.

    Attributes:
        status: HTTP status.
        body: As JSON.
    """

    status: int
    body: bytes


def timed_out(what: str = "etcdserver: request timed out") -> Answer:
    """What an API server says of a write that etcd applied too late for it to see."""
    said = {"kind": "Status", "apiVersion": "v1", "status": "Failure", "message": what, "reason": "Timeout"}
    return Answer(504, json.dumps(said | {"code": 504}).encode())


@dataclass(frozen=True, slots=True)
class Exchange:
    """A request and what became of it.

    Attributes:
        request: What the client sent.
        status: HTTP status of the answer, None if the server gave none or never saw the request.
        dropped: Whether the proxy cut the connection instead of passing the answer on.
        replaced: Whether the client got another answer instead.
    """

    request: Request
    status: int | None
    dropped: bool
    replaced: bool = False


Predicate = Callable[[Request], bool]


class Rule:
    """Picks requests at one moment; made by `hold`, `drop` and `replace` of `TlsProxy`, used from any thread.

    Attributes:
        when: The moment.
        answer: What takes the place of the server's answer, for a rule that replaces it.
    """

    def __init__(self, predicate: Predicate, when: Moment, times: int | None, answer: Answer | None = None) -> None:
        self.when = when
        self.answer = answer
        self._predicate = predicate
        self._left = times
        self._held = threading.Event()
        self._request: Request | None = None
        self._verdict: Future[Verdict] = Future()

    def picks(self, request: Request) -> bool:
        """Whether the rule takes this request; each yes uses up one of its times."""
        if self._left == 0 or not self._predicate(request):
            return False
        if self._left is not None:
            self._left -= 1
        return True

    async def judge(self, request: Request) -> Verdict:
        """Hold the request until the test has decided."""
        self._request = request
        self._held.set()
        return await asyncio.wrap_future(self._verdict)

    def wait_until_held(self, timeout: float = 30) -> Request:
        """Wait until a request is held; returns it.

        Raises:
            TimeoutError: None came within `timeout` seconds.
        """
        if not self._held.wait(timeout) or self._request is None:
            raise TimeoutError(f"no matching request within {timeout} s")
        return self._request

    def release(self) -> None:
        """Let the held request (or its answer) go, and whatever else the rule picks later."""
        self._decide(Verdict.RELEASE)

    def drop(self) -> None:
        """Cut the connection of the held request, and of whatever else the rule picks later."""
        self._decide(Verdict.DROP)

    def replace(self) -> None:
        """Give the client the rule's own answer, now and to whatever else the rule picks later."""
        self._decide(Verdict.REPLACE)

    def retire(self) -> None:
        """Pick nothing more."""
        self._left = 0

    def _decide(self, verdict: Verdict) -> None:
        if not self._verdict.done():
            self._verdict.set_result(verdict)
