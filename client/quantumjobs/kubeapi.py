"""Requests to the API server: what is repeated, what never is, and which exception an answer becomes.

A read is repeated when nobody answers or the server says that it is busy. A creation is repeated only when it is
certain that the first one never arrived or was turned away; otherwise the answer is lost. Must not live here: jobs.
"""

import json
import threading
import time
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final
from urllib.parse import urlencode

from quantumjobs.answers import refusal, status_in
from quantumjobs.errors import ClusterError
from quantumjobs.foreign import read_json
from quantumjobs.kubeconfig import Access, Login, login, unquoted

Resource = dict[str, Any]
JOBS: Final = "apis/quantumjobs.dev/v1alpha1", "quantumjobs"
WORKSPACES: Final = "apis/quantumjobs.dev/v1alpha1", "quantumworkspaces"
BUDGETS: Final = "apis/quantumjobs.dev/v1alpha1", "quantumbudgets"
CONFIG_MAPS: Final = "api/v1", "configmaps"
EVENTS: Final = "api/v1", "events"
MERGE_PATCH: Final = "application/merge-patch+json"
Kind = tuple[str, str]

_TRIES: Final = 5
_FIRST_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 30.0
_TIMEOUT: Final = 60.0
_BUSY: Final = frozenset({429, 500, 502, 503, 504})
_VERSION: Final = "quantumjobs/0.1.0"


class LostAnswerError(Exception):
    """A creation may or may not have happened."""


class GoneError(Exception):
    """The server no longer has what a watch or a list wants to continue from.

    Attributes:
        token: Goes on with a list nevertheless, by what is there now; empty if the list must begin anew.
    """

    def __init__(self, token: str = "") -> None:
        super().__init__("gone")
        self.token = token


class KubeApi:
    """A signed-in connection to one API server; credentials are loaded on the first request."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._login: Login | None = None
        self._signing_in = threading.Lock()

    @property
    def namespace(self) -> str:
        """The namespace of the context or of the pod."""
        return self._signed_in().namespace

    def get(self, kind: Kind, namespace: str, name: str) -> Resource:
        """Read an object.

        Raises:
            NotFoundError: There is none.
        """
        return self._json("GET", _path(kind, namespace, name), what=f"{_singular(kind)} {name}", namespace=namespace)

    def pages(
        self, kind: Kind, namespace: str | None, *, selector: str = "", fields: str = "", size: int = 250
    ) -> Iterator[Resource]:
        """List objects page by page; a list that grows too old meanwhile goes on as the server offers.

        Args:
            kind: Of the objects.
            namespace: Theirs; all namespaces if None.
            selector: By labels.
            fields: By fields.
            size: Objects in a page.

        Yields:
            Each page as the server gives it.
        """
        query = {"limit": str(size), "labelSelector": selector, "fieldSelector": fields}
        token = ""
        while True:
            wanted = {**query, "continue": token}
            try:
                page = self._json("GET", _path(kind, namespace), query=wanted, what=kind[1], namespace=namespace)
            except GoneError as gone:
                if not gone.token:
                    raise ClusterError(f"the list of {kind[1]} changed too much while it was read: try again") from gone
                token = gone.token
                continue
            yield page
            token = page.get("metadata", {}).get("continue", "")
            if not token:
                return

    def create(self, kind: Kind, namespace: str, body: Resource, *, dry_run: bool = False) -> Resource:
        """Create an object that has a name.

        Raises:
            LostAnswerError: It may exist now.
            NameTakenError: Another object has the name.
        """
        # An older CRD would drop what it does not know in silence, such as the key of a purchase.
        query = {"fieldValidation": "Strict"} | ({"dryRun": "All"} if dry_run else {})
        what = f"{_singular(kind)} {body['metadata']['name']}"
        return self._json("POST", _path(kind, namespace), query=query, body=body, what=what, namespace=namespace)

    def patch(self, kind: Kind, namespace: str, name: str, body: Resource) -> Resource:
        """Merge into an object; the same patch may be sent twice."""
        path, what = _path(kind, namespace, name), f"{_singular(kind)} {name}"
        return self._json("PATCH", path, body=body, what=what, namespace=namespace)

    def ask(self, path: str, body: Resource | None = None) -> Resource:
        """Ask something that is no object of ours: a review (which stores nothing), or a path of the server."""
        return self._json("POST" if body else "GET", path, body=body, what=path, namespace=None, repeat=True)

    def watch(
        self, kind: Kind, namespace: str, version: str, *, selector: str = "", fields: str = "", seconds: float
    ) -> Iterator[tuple[str, Resource]]:
        """Follow changes after a resource version, until the server ends it or `seconds` have passed.

        Raises:
            GoneError: The version is too old.
        """
        limit = max(1, int(seconds))
        query = {"watch": "1", "resourceVersion": version, "labelSelector": selector, "fieldSelector": fields}
        query |= {"timeoutSeconds": str(limit), "allowWatchBookmarks": "true"}
        import urllib3.exceptions as broken  # noqa: PLC0415

        try:
            answer = self._answer("GET", _path(kind, namespace), query, None, read_timeout=limit + 10.0)
        except (broken.HTTPError, OSError) as error:
            raise GoneError from error
        # An expired login is renewed by the list that follows.
        if answer.status in _BUSY | {HTTPStatus.GONE, HTTPStatus.UNAUTHORIZED}:
            raise GoneError
        if answer.status >= HTTPStatus.BAD_REQUEST:
            raise refusal(answer.status, answer.data, "GET", kind[1], namespace)
        try:
            for event in _events(answer):
                if event["type"] == "ERROR":
                    raise GoneError
                yield event["type"], event["object"]
        finally:
            answer.close()

    def _json(
        self,
        method: str,
        path: str,
        *,
        query: Mapping[str, str] | None = None,
        body: Resource | None = None,
        what: str,
        namespace: str | None,
        repeat: bool = False,
    ) -> Resource:
        creates = method == "POST" and not repeat
        pause, renewed = _FIRST_PAUSE, False
        for turn in range(1, _TRIES + 1):
            last = turn == _TRIES
            answer = self._try(method, path, query or {}, body, creates=creates, last=last)
            if answer is None:
                time.sleep(pause)
                pause *= 2
                continue
            if answer.status == HTTPStatus.UNAUTHORIZED and not renewed:
                renewed, self._login = True, None
                continue
            if _to_be_repeated(answer.status, creates=creates) and not last:
                time.sleep(_pause(answer.headers, pause))
                pause *= 2
                continue
            if answer.status == HTTPStatus.GONE:
                raise GoneError(status_in(answer.data).get("metadata", {}).get("continue", ""))
            if creates and answer.status >= HTTPStatus.INTERNAL_SERVER_ERROR:
                raise LostAnswerError(f"the API server answered {answer.status}")
            if answer.status >= HTTPStatus.BAD_REQUEST:
                raise refusal(answer.status, answer.data, method, what, namespace)
            read: Resource = read_json(answer.data)
            return read
        raise ClusterError("the API server keeps refusing the login: sign in again")

    def _try(
        self, method: str, path: str, query: Mapping[str, str], body: Resource | None, *, creates: bool, last: bool
    ) -> Any:
        """The answer, whole; None if the request may be sent again."""
        import urllib3.exceptions as broken  # noqa: PLC0415 - comes with the Kubernetes client

        try:
            answer = self._answer(method, path, query, body, read_timeout=self._timeout)
            _ = answer.data  # the whole body: it may break off, too
        except (broken.NewConnectionError, broken.ConnectTimeoutError) as error:
            if last:
                raise self._unreachable(error) from error
        except broken.SSLError as error:
            raise self._unreachable(error) from error
        except (broken.HTTPError, OSError) as error:
            if creates:
                raise LostAnswerError(f"the answer was lost ({type(error).__name__})") from error
            if last:
                raise self._unreachable(error) from error
        else:
            return answer
        return None

    def _answer(
        self, method: str, path: str, query: Mapping[str, str], body: Resource | None, *, read_timeout: float
    ) -> Any:
        from urllib3 import HTTPHeaderDict, Timeout  # noqa: PLC0415

        signed = self._signed_in()
        headers = HTTPHeaderDict({"Accept": "application/json", "User-Agent": _VERSION})
        for name, values in signed.headers.items():
            for value in values:
                headers.add(name, value)
        for name, value in signed.authorization().items():
            headers[name] = value.strip()
        if body is not None:
            headers["Content-Type"] = MERGE_PATCH if method == "PATCH" else "application/json"
        wanted = urlencode({key: value for key, value in query.items() if value})
        url = f"{signed.host}/{path}" + (f"?{wanted}" if wanted else "")
        data = None if body is None else json.dumps(body).encode()
        timeout = Timeout(connect=min(read_timeout, 15.0), read=read_timeout)
        with unquoted():
            return signed.pool.request(
                method, url, body=data, headers=headers, retries=False, preload_content=False, timeout=timeout
            )

    @property
    def _timeout(self) -> float:
        return self._access.request_timeout or _TIMEOUT

    def _signed_in(self) -> Login:
        with self._signing_in:
            if self._login is None:
                self._login = login(self._access)
            return self._login

    def _unreachable(self, error: Exception) -> ClusterError:
        where = f"the API server at {self._signed_in().host}"
        return ClusterError(f"{where} cannot be reached ({_short(error)}): check the context and network")


def _path(kind: Kind, namespace: str | None, name: str = "") -> str:
    prefix, plural = kind
    middle = f"/namespaces/{namespace}" if namespace else ""
    return f"{prefix}{middle}/{plural}" + (f"/{name}" if name else "")


def _singular(kind: Kind) -> str:
    return kind[1].removesuffix("s")


def _to_be_repeated(status: int, *, creates: bool) -> bool:
    # A server that asks for patience has not begun; after any other 5xx a creation may have happened.
    return status == HTTPStatus.TOO_MANY_REQUESTS if creates else status in _BUSY


def _pause(headers: Mapping[str, str], pause: float) -> float:
    asked = headers.get("Retry-After", "")
    return min(float(asked) if asked.isdigit() else pause, _LONGEST_PAUSE)


def _events(answer: Any) -> Iterator[Resource]:
    import urllib3.exceptions as broken  # noqa: PLC0415

    rest = b""
    try:
        for chunk in answer.stream(65536, decode_content=True):
            *lines, rest = (rest + chunk).split(b"\n")
            yield from (read_json(line) for line in lines if line.strip())
    except (broken.HTTPError, OSError):
        return  # a watch may break at any time; whoever follows starts another one


def _short(error: Exception) -> str:
    return " ".join(str(error).split())[:200] or type(error).__name__


def joined(selectors: Sequence[str]) -> str:
    """Label selectors, all of which must hold."""
    return ",".join(one for one in selectors if one)
