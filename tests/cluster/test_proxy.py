"""The proxy shows, holds and drops requests at the moment a test names, and is otherwise invisible."""

import ssl
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import httpx
import pytest

from devcluster.controlplane import ControlPlane
from devcluster.proxy import TlsProxy
from devcluster.proxyrules import Request

if TYPE_CHECKING:
    import subprocess

pytestmark = pytest.mark.cluster

_NAMESPACE = "proxied"

Client = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(scope="module", autouse=True)
def account(control_plane: ControlPlane) -> None:
    """A ServiceAccount that may do all in its namespace."""
    control_plane.kubectl("create", "namespace", _NAMESPACE)
    control_plane.kubectl("create", "serviceaccount", "client", "-n", _NAMESPACE)
    control_plane.kubectl(
        "create",
        "rolebinding",
        "client",
        "--clusterrole=edit",
        f"--serviceaccount={_NAMESPACE}:client",
        "-n",
        _NAMESPACE,
    )


@pytest.fixture
def proxy(control_plane: ControlPlane) -> Iterator[TlsProxy]:
    """A proxy before the API server."""
    with TlsProxy.start(control_plane.url, upstream_ca=control_plane.ca_file) as started:
        yield started


@pytest.fixture
def client(control_plane: ControlPlane, proxy: TlsProxy) -> Client:
    """Kubectl through the proxy, as the ServiceAccount."""
    kubeconfig = control_plane.service_account_kubeconfig(_NAMESPACE, "client", server=proxy.url, ca_file=proxy.ca_file)

    def kubectl(*arguments: str) -> "subprocess.CompletedProcess[str]":
        return control_plane.kubectl("--kubeconfig", kubeconfig, *arguments, check=False)

    return kubectl


@pytest.fixture
def in_background() -> Iterator[ThreadPoolExecutor]:
    """Runs the client while the test looks at the proxy."""
    with ThreadPoolExecutor() as executor:
        yield executor


def creation_of(name: str) -> Callable[[Request], bool]:
    """Picks the request that creates a ConfigMap."""
    return lambda request: request.method == "POST" and name.encode() in request.body


def exists(control_plane: ControlPlane, name: str) -> bool:
    """Whether the ConfigMap is there, asked past the proxy."""
    return control_plane.kubectl("get", "configmap", name, "-n", _NAMESPACE, check=False).returncode == 0


@pytest.mark.parametrize(
    ("when", "applied_while_held"),
    [
        pytest.param("before", False, id="a request held before it is forwarded has no effect yet"),
        pytest.param("after", True, id="a request whose answer is held has had its effect"),
    ],
)
def test_hold(
    control_plane: ControlPlane,
    proxy: TlsProxy,
    client: Client,
    in_background: ThreadPoolExecutor,
    when: str,
    *,
    applied_while_held: bool,
) -> None:
    """The client waits while its request is held, and gets its answer after the release."""
    name = f"held-{when}"
    rule = proxy.hold(creation_of(name), when=when)
    creating = in_background.submit(client, "create", "configmap", name)
    held = rule.wait_until_held()
    assert held.path.startswith(f"/api/v1/namespaces/{_NAMESPACE}/configmaps")
    assert exists(control_plane, name) is applied_while_held
    assert not creating.done()
    rule.release()
    assert creating.result().returncode == 0
    assert exists(control_plane, name)


@pytest.mark.parametrize(
    ("when", "applied"),
    [
        pytest.param("before", False, id="a request dropped before it is forwarded never happens"),
        pytest.param("after", True, id="a request whose answer is dropped has happened"),
    ],
)
def test_drop(control_plane: ControlPlane, proxy: TlsProxy, client: Client, when: str, *, applied: bool) -> None:
    """The client sees a broken connection."""
    name = f"dropped-{when}"
    proxy.drop(creation_of(name), when=when)
    assert client("create", "configmap", name).returncode == 1
    assert exists(control_plane, name) is applied
    (dropped,) = [exchange for exchange in proxy.exchanges if exchange.dropped]
    assert dropped.request.method == "POST"
    assert dropped.status == (201 if applied else None)


def test_held_request_of_an_impatient_client_still_happens(control_plane: ControlPlane, proxy: TlsProxy) -> None:
    """A request that arrives after its sender gave up is what a slow network does."""
    name = "late"
    rule = proxy.hold(creation_of(name))
    token = control_plane.kubectl("create", "token", "client", "-n", _NAMESPACE).stdout
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(
            f"{proxy.url}/api/v1/namespaces/{_NAMESPACE}/configmaps",
            json={"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}},
            headers={"Authorization": f"Bearer {token}"},
            verify=ssl.create_default_context(cafile=proxy.ca_file),
            timeout=1,
        )
    rule.wait_until_held()
    assert not exists(control_plane, name)
    rule.release()
    control_plane.kubectl("wait", "--for=create", f"configmap/{name}", "-n", _NAMESPACE, "--timeout=30s")


def test_watch_is_streamed_until_it_is_cut(control_plane: ControlPlane, proxy: TlsProxy, client: Client) -> None:
    """Each event of a watch arrives when it happens; `sever` ends the watch."""
    arrived = threading.Event()
    trust = ssl.create_default_context(cafile=proxy.ca_file)
    token = control_plane.kubectl("create", "token", "client", "-n", _NAMESPACE).stdout

    def watch() -> None:
        path = f"{proxy.url}/api/v1/namespaces/{_NAMESPACE}/configmaps?watch=1"
        headers = {"Authorization": f"Bearer {token}"}
        with httpx.stream("GET", path, headers=headers, timeout=60, verify=trust) as stream:
            for line in stream.iter_lines():
                if '"watched"' in line:
                    arrived.set()

    with ThreadPoolExecutor() as executor:
        watching = executor.submit(watch)
        assert client("create", "configmap", "watched").returncode == 0
        assert arrived.wait(30)
        assert not watching.done()
        proxy.sever()
        with pytest.raises(httpx.TransportError):
            watching.result(30)


def test_absent_upstream_is_a_broken_connection() -> None:
    """No answer of the proxy's own can be taken for one of the server."""
    with TlsProxy.start("http://127.0.0.1:1", tls=False) as proxy, pytest.raises(httpx.TransportError):
        httpx.get(proxy.url)
