"""What is kept in memory of the lists that were read, and of connections that are closed."""

import gc
from asyncio.sslproto import SSLProtocol
from collections.abc import Iterator
from contextlib import contextmanager

from aiohttp.client_proto import ResponseHandler

from quantumjob_operator.model.remotejob import JobRow, RemoteJob
from quantumjob_operator.scheduling import calculations


def rows_kept() -> int:
    """How many rows of lists of jobs are in memory."""
    # The thread that has read a page lets go of it before it does anything else, which may be a moment later.
    calculations._thread.submit(int).result()
    return sum(isinstance(one, JobRow | RemoteJob) for one in gc.get_objects())


def connections_kept() -> int:
    """How much there is in memory of connections that the operator has opened, open or closed."""
    objects = gc.get_objects()
    secure = sum(isinstance(one, SSLProtocol) and not one._server_side for one in objects)
    return secure + sum(isinstance(one, ResponseHandler) for one in objects)


@contextmanager
def without_collections() -> Iterator[None]:
    """Nothing is looked for that lies in a circle: when that happens is nobody's promise."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
