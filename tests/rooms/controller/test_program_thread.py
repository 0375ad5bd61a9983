"""Programs that take long to be read: one at a time, and namespaces in turn."""

import asyncio
import threading
import time

from quantumjob_operator.controller.program_thread import aside


async def test_programs_without_end_of_one_namespace_keep_no_other_waiting() -> None:
    """Another one's comes after the one that is read just now; two at a time would slow down each turn of the loop."""
    begun: list[str] = []
    at_work, most = 0, 0
    lock = threading.Lock()

    def read(whose: str) -> str:
        nonlocal at_work, most
        with lock:
            begun.append(whose)
            at_work += 1
            most = max(most, at_work)
        time.sleep(0.02)
        with lock:
            at_work -= 1
        return whose

    def read_of(whose: str) -> asyncio.Task[str]:
        return asyncio.create_task(aside(whose, lambda: read(whose)))

    many = [read_of("many") for _ in range(14)]
    await asyncio.sleep(0.03)
    assert await read_of("few") == "few"
    assert sum(one == "many" for one in begun[: begun.index("few")]) <= 4
    assert await asyncio.gather(*many) == ["many"] * 14
    assert most == 1
