"""Names that nobody answers for hold threads of the system's resolver; here they are names that take long."""

import asyncio
import socket
import threading
from typing import Any, Final

import pytest

from quantumjob_operator.azure.client import WorkspaceClient
from quantumjob_operator.azure.http.allowlist import AllowedOrigins
from quantumjob_operator.azure.http.bounds import at_most
from quantumjob_operator.azure.http.name_resolution import NameResolver
from rooms.azure.conftest import MakeClient
from rooms.azure.misbehaving import MisbehavingServer, says
from rooms.azure.samples import JOB_ID, job

DEAD: Final = 60


@pytest.fixture
def dead_names(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """The system's resolver gives no answer for names that end so, until the event is set."""
    answered, system = threading.Event(), socket.getaddrinfo

    def resolve(host: Any, *arguments: Any, **options: Any) -> Any:
        if str(host).endswith(".dead.invalid"):
            answered.wait(60)
            raise socket.gaierror(socket.EAI_AGAIN, "no answer")
        return system(host, *arguments, **options)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return answered


async def test_dead_names_of_one_tenant_leave_the_others_alone(dead_names: threading.Event) -> None:
    """Another one's name is found, and so is what the loop's own threads are for."""
    name_resolver = NameResolver()

    async def resolve(tenant: str, name: str) -> object:
        with at_most("get_job", tenant=tenant):
            return await name_resolver.resolve(name, 80)

    lost = [asyncio.create_task(resolve("attacker", f"x{number}.dead.invalid")) for number in range(DEAD)]
    try:
        await asyncio.sleep(0.1)
        async with asyncio.timeout(20):
            assert await resolve("victim", "localhost")
            assert await asyncio.to_thread(lambda: True)
    finally:
        dead_names.set()
    assert all(isinstance(one, OSError) for one in await asyncio.gather(*lost, return_exceptions=True))
    await name_resolver.close()


async def test_dead_endpoints_do_not_hold_what_reads_results(
    dead_names: threading.Event, make_client: MakeClient, server: MisbehavingServer
) -> None:
    """Through a whole client: the threads of the loop are free, and another workspace answers."""
    server.plays(says(job()))
    lost = [asyncio.create_task(_ask(make_client, number)) for number in range(DEAD)]
    try:
        await asyncio.sleep(0.1)
        async with asyncio.timeout(20):
            assert await asyncio.to_thread(lambda: True)
            assert await make_client().get_job(JOB_ID)
    finally:
        dead_names.set()
    await asyncio.gather(*lost, return_exceptions=True)


async def _ask(make_client: MakeClient, number: int) -> object:
    endpoint = f"https://x{number}.dead.invalid"
    client: WorkspaceClient = make_client(endpoint=endpoint, allowed=AllowedOrigins.parse([endpoint]))
    return await client.get_job(JOB_ID)
