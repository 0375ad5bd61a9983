"""How far kopf's thread is ahead of the event loop."""

import asyncio
import threading
from collections.abc import Mapping
from typing import Any

from quantumjob_operator.cluster.handing_over import HandOver
from quantumjob_operator.model.naming import JOB_PLURAL
from rooms.model.bodies import job_body


class Ahead:
    """A thread that has a hundred objects at hand.

    Attributes:
        heard: Their uids, as the loop hears of them.
        most: How many it was ahead at most.
    """

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.most = 0
        self.stop = threading.Event()
        self._sink = HandOver(asyncio.get_running_loop(), self.stop, self._hear)
        self.thread = threading.Thread(target=self._tell, daemon=True)

    def _hear(self, plural: str, event_type: str | None, body: Mapping[str, Any]) -> None:
        assert (plural, event_type) == (JOB_PLURAL, None)
        self.heard.append(body["metadata"]["uid"])

    def _tell(self) -> None:
        for number in range(100):
            self._sink(JOB_PLURAL, None, job_body(uid=f"uid-{number}"))
            self.most = max(self.most, number + 1 - len(self.heard))


async def test_the_thread_is_no_further_ahead_than_a_few_objects() -> None:
    """Each may take megabytes once it is read: of a thousand the loop heard in one turn, and nobody else had his."""
    ahead = Ahead()
    ahead.thread.start()
    await asyncio.to_thread(ahead.thread.join)
    await asyncio.sleep(0.01)
    assert ahead.heard == [f"uid-{number}" for number in range(100)]
    assert ahead.most <= 18


async def test_a_thread_that_waits_for_the_loop_ends_once_nothing_is_heard() -> None:
    """The loop does something else for good."""
    ahead = Ahead()
    ahead.thread.start()
    ahead.stop.set()
    ahead.thread.join(10)
    assert not ahead.thread.is_alive()
