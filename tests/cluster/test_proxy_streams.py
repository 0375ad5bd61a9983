"""The proxy withholds and merges what a watch tells, and answers in the server's place after the effect."""

import json
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from devcluster.controlplane import ControlPlane
from devcluster.proxy import TlsProxy
from devcluster.proxyrules import Request, timed_out
from devcluster.proxystreams import is_watch, merged

_NAMESPACE = "streamed"
_SECONDS = 30.0


def line(kind: str, uid: str, version: int) -> bytes:
    """A line of a watch."""
    return json.dumps({"type": kind, "object": {"metadata": {"uid": uid, "resourceVersion": str(version)}}}).encode()


BOOKMARK = json.dumps({"type": "BOOKMARK", "object": {"metadata": {"resourceVersion": "9"}}}).encode()
NO_JSON = b"half a li"


@pytest.mark.parametrize(
    ("lines", "kept"),
    [
        pytest.param([], [], id="nothing"),
        pytest.param([("MODIFIED", "a", 1), ("MODIFIED", "a", 2)], [1], id="only the last version of an object"),
        pytest.param([("MODIFIED", "a", 1), ("MODIFIED", "b", 2)], [0, 1], id="objects apart"),
        pytest.param(
            [("MODIFIED", "a", 1), ("MODIFIED", "b", 2), ("MODIFIED", "a", 3)], [1, 2], id="in the server's order"
        ),
        pytest.param([("MODIFIED", "a", 1), ("DELETED", "a", 2)], [1], id="a deletion that tells the last version"),
        pytest.param([("ADDED", "a", 1), ("MODIFIED", "a", 2)], [0, 1], id="the first version stays"),
        pytest.param([("DELETED", "a", 1), ("ADDED", "b", 2)], [0, 1], id="another object of the same name"),
    ],
)
def test_lines_are_merged(lines: list[tuple[str, str, int]], kept: list[int]) -> None:
    """Each version that a later one follows is never told."""
    told = [line(*each) for each in lines]
    assert merged(told) == [told[index] for index in kept]


def test_lines_about_no_object_stay() -> None:
    """Bookmarks, and what is no JSON."""
    told = [line("MODIFIED", "a", 1), BOOKMARK, NO_JSON, BOOKMARK]
    assert merged(told) == told


@pytest.mark.parametrize(
    ("method", "path", "watch"),
    [
        pytest.param("GET", "/api/v1/pods?watch=1", True, id="short"),
        pytest.param("GET", "/api/v1/pods?limit=1&watch=true", True, id="long"),
        pytest.param("GET", "/api/v1/pods?watch=false", False, id="declined"),
        pytest.param("GET", "/api/v1/watch", False, id="a name"),
        pytest.param("DELETE", "/api/v1/pods?watch=1", False, id="no reading"),
    ],
)
def test_watches_are_told_from_other_requests(method: str, path: str, *, watch: bool) -> None:
    """By the query of a GET."""
    assert is_watch(Request(method, path, b"")) is watch


class Client:
    """A ServiceAccount's requests through the proxy, and what a watch tells it."""

    def __init__(self, proxy: TlsProxy, token: str) -> None:
        self.versions: list[tuple[str, str]] = []
        self._client = httpx.Client(
            base_url=f"{proxy.url}/api/v1/namespaces/{_NAMESPACE}",
            headers={"Authorization": f"Bearer {token}"},
            verify=ssl.create_default_context(cafile=proxy.ca_file),
            timeout=_SECONDS,
            trust_env=False,
        )

    def close(self) -> None:
        """End its connections."""
        self._client.close()

    def create(self, name: str) -> httpx.Response:
        """Make a ConfigMap."""
        return self._client.post("/configmaps", json={"metadata": {"name": name}, "data": {"step": "0"}})

    def change(self, name: str, step: str) -> None:
        """Change it."""
        merge = {"Content-Type": "application/merge-patch+json"}
        body = json.dumps({"data": {"step": step}})
        self._client.patch(f"/configmaps/{name}", content=body, headers=merge).raise_for_status()

    def exists(self, name: str) -> bool:
        """Whether the ConfigMap is there."""
        return self._client.get(f"/configmaps/{name}").is_success

    def watch(self, name: str) -> None:
        """Note each event of a ConfigMap until the connection is cut."""
        try:
            with self._client.stream("GET", f"/configmaps?watch=1&fieldSelector=metadata.name={name}") as stream:
                for told in stream.iter_lines():
                    event = json.loads(told)
                    self.versions.append((event["type"], event["object"].get("data", {}).get("step", "")))
        except httpx.TransportError:
            return

    def told(self, *versions: tuple[str, str]) -> bool:
        """Whether the watch comes to have told just this, within the time that is usual."""
        deadline = time.monotonic() + _SECONDS
        while self.versions != list(versions) and time.monotonic() < deadline:
            time.sleep(0.05)
        return self.versions == list(versions)


@pytest.fixture(scope="module")
def token(control_plane: ControlPlane) -> str:
    """Of a ServiceAccount that may do all in its namespace."""
    control_plane.kubectl("create", "namespace", _NAMESPACE)
    control_plane.kubectl("create", "serviceaccount", "client", "-n", _NAMESPACE)
    account = f"--serviceaccount={_NAMESPACE}:client"
    control_plane.kubectl("create", "rolebinding", "client", "--clusterrole=edit", account, "-n", _NAMESPACE)
    return control_plane.kubectl("create", "token", "client", "-n", _NAMESPACE).stdout.strip()


@pytest.fixture
def proxy(control_plane: ControlPlane) -> Iterator[TlsProxy]:
    """A proxy before the API server."""
    with TlsProxy.start(control_plane.url, upstream_ca=control_plane.ca_file) as started:
        yield started


@pytest.fixture
def client(proxy: TlsProxy, token: str) -> Iterator[Client]:
    """The ServiceAccount."""
    opened = Client(proxy, token)
    yield opened
    opened.close()


@pytest.fixture
def watching(proxy: TlsProxy, client: Client) -> Iterator[Callable[[str], None]]:
    """Begins to watch a ConfigMap in the background."""
    threads: list[threading.Thread] = []

    def begin(name: str) -> None:
        threads.append(threading.Thread(target=client.watch, args=(name,)))
        threads[-1].start()

    yield begin
    proxy.sever()
    for thread in threads:
        thread.join(_SECONDS)


def a_watch(_: Request) -> Any:
    """Picks every watch."""
    return True


@pytest.mark.cluster
def test_another_answer_after_the_effect(proxy: TlsProxy, client: Client) -> None:
    """The client is told of a time-out, the write has happened, and the next one is answered as it is."""
    proxy.replace(lambda request: request.method == "POST", timed_out())
    refused = client.create("late")
    assert (refused.status_code, refused.json()["message"]) == (504, "etcdserver: request timed out")
    assert client.exists("late")
    (replaced,) = [exchange for exchange in proxy.exchanges if exchange.replaced]
    assert (replaced.status, replaced.dropped) == (201, False)
    assert client.create("at-once").status_code == 201


@pytest.mark.cluster
@pytest.mark.parametrize(
    ("merge", "told", "left_out"),
    [
        pytest.param(False, ["1", "2", "3"], 0, id="late"),
        pytest.param(True, ["3"], 2, id="merged into the last version"),
    ],
)
def test_withheld_events(
    proxy: TlsProxy, client: Client, watching: Callable[[str], None], *, merge: bool, told: list[str], left_out: int
) -> None:
    """A watch that is open tells nothing while it is withheld, all of it or the last afterwards, and goes on."""
    name = f"withheld-{merge}".lower()
    client.create(name)
    watching(name)
    assert client.told(("ADDED", "0"))
    withheld = proxy.withhold(a_watch, merge=merge)
    for step in "123":
        client.change(name, step)
    deadline = time.monotonic() + _SECONDS
    while withheld.lines < 3 and time.monotonic() < deadline:
        time.sleep(0.05)
    assert client.versions == [("ADDED", "0")]
    withheld.release()
    before = [("ADDED", "0"), *(("MODIFIED", step) for step in told)]
    assert client.told(*before)
    assert withheld.merged == left_out
    client.change(name, "4")
    assert client.told(*before, ("MODIFIED", "4"))


@pytest.mark.cluster
def test_other_watches_are_not_withheld(proxy: TlsProxy, client: Client, watching: Callable[[str], None]) -> None:
    """Clients are told apart by their credential."""
    client.create("free")
    proxy.withhold(lambda request: request.client == "somebody else's")
    watching("free")
    assert client.told(("ADDED", "0"))
    (watch,) = {exchange.request.client for exchange in proxy.exchanges}
    assert len(watch) == 16
