"""What a connection with TLS keeps beside its answer: counted nowhere, so it is little."""

import asyncio
import gc
from asyncio.sslproto import SSLProtocol
from pathlib import Path
from typing import Any, Final

from quantumjob_operator.azure.http.answer_sizes import ANSWER_BYTES
from rooms.azure.samples import JOB_ID
from rooms.azure.test_errors_let_go import LONG, begins, client, come_true
from rooms.azure.test_handshake_turns import usual

KIB: Final = 1024
HELD: Final = 4


def kept() -> list[int]:
    """Bytes in the buffers of each connection that the operator has open."""
    connections: list[Any] = [one for one in gc.get_objects() if isinstance(one, SSLProtocol)]
    return [
        len(one._ssl_buffer) + one._incoming.pending + one._sslobj._got.pending
        for one in connections
        if not one._server_side and one._sslobj is not None
    ]


async def test_a_connection_keeps_few_records_of_what_it_does_not_read(tmp_path: Path) -> None:
    """By itself asyncio has 256 KiB for each, of which hundreds can wait for answers that do not come."""
    async with usual(tmp_path) as (server, transport):
        server.plays(begins(LONG * 3))
        gc.collect()
        assert kept() == []
        async with transport.answers.hold("others", ANSWER_BYTES):  # so that the answers wait
            asking = client(server, transport, seconds=60)
            asked = [asyncio.create_task(asking.get_job(JOB_ID)) for _ in range(HELD)]
            await come_true(lambda: len(kept()) == HELD and len(server.received) == HELD)
            most = 0
            for _ in range(50):
                most = max(most, *kept())
                await asyncio.sleep(0.01)
            for one in asked:
                one.cancel()
            await asyncio.gather(*asked, return_exceptions=True)
        assert most <= 96 * KIB
