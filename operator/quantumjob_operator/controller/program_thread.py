"""What takes long to be read in programs, price lists and results is read beside the event loop, one after the other.

Each thread of Python that calculates makes every turn of the loop wait for it, so that there is one; namespaces have it
in turn. Must not live here: what is read (`programs`, `costs`, `results`).
"""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Final, TypeVar

from quantumjob_operator.scheduling.fair_share import FairShare

_thread: Final = ThreadPoolExecutor(max_workers=1, thread_name_prefix="programs")
_turns: Final = FairShare(1)

T = TypeVar("T")


async def aside(namespace: str, read: Callable[[], T]) -> T:
    """What `read` returns, or raises; it runs in the thread.

    Args:
        namespace: Whose turn it takes.
        read: Calculates, and touches nothing that others change.
    """
    async with _turns.hold(namespace):
        return await asyncio.get_running_loop().run_in_executor(_thread, read)
