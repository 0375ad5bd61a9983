"""What follows the jobs of one QuantumWorkspace: its poller, what asks for places in queues, and their tasks.

Must not live here: when that begins and ends (`workspaces`), or what news mean.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass

from quantumjob_operator.azure.connections import Connection
from quantumjob_operator.azure.poller import Poller
from quantumjob_operator.azure.positions import QueuePositions, TellPlace
from quantumjob_operator.azure.watched import Wake
from quantumjob_operator.settings import Settings


@dataclass(slots=True)
class Followed:
    """A workspace's poller, what asks for places in queues, and the tasks that run them."""

    poller: Poller
    positions: QueuePositions
    tasks: "tuple[asyncio.Task[None], ...]"

    def use(self, connection: Connection) -> None:
        """Go on with the connection's client."""
        self.poller.use(connection.client, refused=connection.refused)
        self.positions.use(connection.client)

    def unwatch(self, uid: str) -> bool:
        """Follow a job no longer; whether there are others."""
        self.poller.unwatch(uid)
        self.positions.unwatch(uid)
        return len(self.poller) > 0

    def stop(self) -> None:
        """End the tasks."""
        for task in self.tasks:
            task.cancel()


def begin(
    connection: Connection,
    settings: Settings,
    monotonic: Callable[[], float],
    *,
    wake: Wake,
    changed: Callable[[], None],
    tell: TellPlace,
) -> Followed:
    """Begin to follow jobs of a QuantumWorkspace, of which there is none yet.

    Args:
        connection: To the QuantumWorkspace.
        settings: The operator's.
        monotonic: Seconds of a clock that never steps back.
        wake: Told of news of a job.
        changed: The credentials were refused, or the list's trouble came or went.
        tell: Told of a job's place in its provider's queue.
    """
    name = "/".join(connection.workspace.key)
    poller = Poller(name, connection.client, settings, wake, monotonic, refused=changed, listing_changed=changed)
    positions = QueuePositions(name, connection.client, settings, tell, monotonic)
    tasks = (
        asyncio.create_task(poller.run(), name=f"poller {name}"),
        asyncio.create_task(positions.run(), name=f"places in queues {name}"),
    )
    return Followed(poller, positions, tasks)
