"""Names from outside never lead to another path of the API server."""

from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Final

import pytest

from quantumjob_operator.cluster.api import Api, NotFound
from quantumjob_operator.cluster.namespaces import Namespaces
from quantumjob_operator.cluster.objects import Objects
from quantumjob_operator.cluster.references import BrokenReferenceError, References
from quantumjob_operator.model.quantumjob import KeyRef
from rooms.azure.misbehaving import MisbehavingServer, misbehaving_server, says

NAMES: Final = [
    pytest.param("platform/secrets/quantum-credentials", id="a Secret of another namespace"),
    pytest.param("mallory/../../../version", id="up and away"),
    pytest.param("..", id="the parent"),
    pytest.param("mallory?x=1", id="a query"),
    pytest.param("mallory#x", id="a fragment"),
    pytest.param("platform%2Fsecrets%2Fx", id="a slash that is quoted already"),
    pytest.param("mallory;x", id="a parameter"),
    pytest.param("Mallory", id="in capitals"),
    pytest.param("", id="nothing"),
    pytest.param("a" * 254, id="longer than any name"),
    pytest.param("mallory\n", id="with a line end"),
]


@pytest.fixture
async def server() -> AsyncIterator[MisbehavingServer]:
    """An API server that has everything that it is asked for."""
    async with misbehaving_server() as running:
        running.plays(says({"metadata": {"labels": {"tier": "gold"}}, "data": {"key": ""}}))
        yield running


@pytest.mark.parametrize("name", [*NAMES, pytest.param("a.b", id="a name of objects that no namespace has")])
async def test_what_is_no_namespace_is_not_asked_for(server: MisbehavingServer, api: Api, name: str) -> None:
    """It has no labels, as one that is gone; and it is forgotten like one."""
    now = [0.0]
    namespaces = Namespaces(api, lambda: now[0])
    assert await namespaces.labels(name) is None
    assert server.received == []
    now[0] = 10
    await namespaces.labels("research")
    assert len(namespaces) == 1


async def read_job(api: Api, namespace: str, name: str) -> None:
    """A QuantumJob."""
    assert await Objects(api).read_job(namespace, name) is None


async def list_jobs(api: Api, namespace: str, name: str) -> None:
    """The QuantumJobs of a namespace, by either name."""
    with pytest.raises(NotFound):
        await Objects(api).each_of(name if namespace == "namespace" else namespace, print)


async def read_credential(api: Api, namespace: str, name: str) -> None:
    """A Secret."""
    with pytest.raises(BrokenReferenceError):
        await References(api).credential(namespace, KeyRef(name, "key"), "spec.credentials")


async def read_prices(api: Api, namespace: str, name: str) -> None:
    """A ConfigMap."""
    with pytest.raises(BrokenReferenceError):
        await References(api).prices(namespace, name)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("read", [read_job, list_jobs, read_credential, read_prices])
async def test_what_no_object_can_be_named_is_not_there(
    server: MisbehavingServer, api: Api, read: Callable[[Api, str, str], Awaitable[None]], name: str
) -> None:
    """Neither as a namespace nor as a name: nobody is asked."""
    await read(api, name, "name")
    await read(api, "namespace", name)
    assert server.received == []


async def test_labels_that_nobody_asks_for_any_more_are_forgotten(server: MisbehavingServer, api: Api) -> None:
    """Namespaces come and go."""
    now = [0.0]
    namespaces = Namespaces(api, lambda: now[0])
    for number in range(100):
        now[0] += 60
        assert await namespaces.labels(f"course-{number}") == {"tier": "gold"}
    assert len(namespaces) < 65
    assert namespaces.known("course-99") == {"tier": "gold"}
    assert len(server.received) == 100
