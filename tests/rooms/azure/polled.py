"""A poller at work on a workspace in memory, and the news that it tells."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final, cast

from quantumjob_operator.azure.client import WorkspaceClient
from quantumjob_operator.azure.poller import Poller
from quantumjob_operator.model.errors import Retryable
from quantumjob_operator.model.remotejob import RemoteJob
from quantumjob_operator.settings import Settings
from rooms.azure.service import Service

ABSENT: Final = "absent"
DOWN: Final = Retryable("get_job", status=503)


def now() -> float:
    """Virtual seconds."""
    return asyncio.get_running_loop().time()


@dataclass(slots=True)
class News:
    """What the poller told: when, about whom, and the service's word; and how often it was not let in.

    Attributes:
        listing_changes: When the list's trouble came or went.
    """

    told: list[tuple[float, str, str]] = field(default_factory=list)
    refusals: int = 0
    listing_changes: list[float] = field(default_factory=list)

    def refuse(self) -> None:
        """Take note that the credentials were refused."""
        self.refusals += 1

    def change_listing(self) -> None:
        """Take note that the list's trouble came or went."""
        self.listing_changes.append(now())

    def __call__(self, uid: str, remote: RemoteJob | None) -> None:
        """Take a piece of news."""
        self.told.append((now(), uid, remote.status if remote else ABSENT))

    @property
    def words(self) -> list[tuple[str, str]]:
        """The news without their times."""
        return [(uid, word) for _, uid, word in self.told]


def make_poller(service: Service, news: News, **settings: Any) -> Poller:
    """A poller of the workspace research/default."""
    return Poller(
        name="research/default",
        client=as_client(service),
        settings=Settings(**settings),
        wake=news,
        monotonic=now,
        refused=news.refuse,
        listing_changed=news.change_listing,
    )


def as_client(service: Service) -> WorkspaceClient:
    """The service in the place of a client: it answers the two questions that a poller asks."""
    return cast("WorkspaceClient", service)


@asynccontextmanager
async def polling(poller: Poller) -> AsyncIterator[None]:
    """Let the poller run for as long as the context is open."""
    task = asyncio.create_task(poller.run())
    try:
        yield
    finally:
        task.cancel()
        (ended,) = await asyncio.gather(task, return_exceptions=True)
        assert isinstance(ended, asyncio.CancelledError)
