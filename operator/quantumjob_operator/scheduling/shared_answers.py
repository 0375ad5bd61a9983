"""Questions that many ask at the same time: one of a kind is under way, and its answer is for all who wait.

An answer says how things were once it had begun to be gathered: whoever asks while one is under way has seen something
that it may not hold, and gets the next one. So nobody is told what was true before they asked, which is what paying
once rests on. Must not live here: what is asked.
"""

import asyncio
from collections.abc import Awaitable, Callable, Hashable
from dataclasses import dataclass, field
from typing import Generic, TypeVar
from weakref import WeakValueDictionary

K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


@dataclass(slots=True, weakref_slot=True, eq=False)
class _Line(Generic[T]):
    """Those who wait with one question: for their turn to ask, and for an answer that nobody has begun to gather."""

    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    following: "asyncio.Future[T] | None" = None


class SharedAnswers(Generic[K, T]):
    """Asks for others, too.

    Args:
        ask: Gathers an answer.
    """

    def __init__(self, ask: Callable[[K], Awaitable[T]]) -> None:
        self._ask = ask
        # A line is there for as long as somebody waits in it.
        self._lines: WeakValueDictionary[K, _Line[T]] = WeakValueDictionary()

    async def get(self, question: K) -> T:
        """An answer that was begun after this call; what goes wrong with it goes wrong for all who wait for it.

        Who is cancelled while asking leaves that to the next in line.
        """
        line = self._lines.setdefault(question, _Line())
        if line.following is None:
            line.following = asyncio.get_running_loop().create_future()
        answer = line.following
        async with line.turn:
            if not answer.done():
                if line.following is answer:
                    line.following = None  # whoever asks from now on is not told what is gathered now
                try:
                    answer.set_result(await self._ask(question))
                except Exception as error:  # noqa: BLE001 - raised below, and for whoever else waits
                    answer.set_exception(error)
        return answer.result()
