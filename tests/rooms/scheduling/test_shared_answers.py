"""Questions that are asked for all who wait: by one answer, which is younger than each of their questions."""

import asyncio
from dataclasses import dataclass, field

import pytest

from quantumjob_operator.scheduling.shared_answers import SharedAnswers

MANY = 16


@dataclass(slots=True)
class World:
    """Something to be asked about, whose answers come when they are let go.

    Attributes:
        written: How things are.
        begun: How often it was asked.
        may_end: Whether answers come.
        broken: Whether they fail.
    """

    written: int = 0
    begun: int = 0
    may_end: asyncio.Event = field(default_factory=asyncio.Event)
    broken: bool = False

    async def ask(self, question: str) -> str:
        """How things were when this was asked."""
        self.begun += 1
        answer = f"{question} {self.written}"
        await self.may_end.wait()
        if self.broken:
            raise ConnectionError(answer)
        return answer


def _asked(answers: SharedAnswers[str, str], question: str = "key", times: int = 1) -> "list[asyncio.Task[str]]":
    return [asyncio.create_task(answers.get(question)) for _ in range(times)]


async def _settle() -> None:
    for _ in range(3 * MANY):
        await asyncio.sleep(0)


async def test_nobody_is_told_what_was_so_before_they_asked() -> None:
    """Who asks while an answer is gathered has seen something that it may not hold."""
    answers = SharedAnswers((world := World()).ask)
    early = _asked(answers)
    await _settle()
    world.written = 1
    late = _asked(answers, times=MANY)
    await _settle()
    world.may_end.set()
    assert await asyncio.gather(*early, *late) == ["key 0", *["key 1"] * MANY]


async def test_one_answer_is_for_all_who_wait() -> None:
    """Two for any number who ask meanwhile: the one that is under way, and the next."""
    answers = SharedAnswers((world := World()).ask)
    waiting = _asked(answers)
    await _settle()
    waiting += _asked(answers, times=MANY)
    await _settle()
    assert world.begun == 1
    world.may_end.set()
    await asyncio.gather(*waiting)
    assert world.begun == 2


async def test_other_questions_do_not_wait() -> None:
    """Each has a line of its own, and none is left when everybody has an answer."""
    answers = SharedAnswers((world := World()).ask)
    waiting = _asked(answers, "one") + _asked(answers, "other")
    await _settle()
    assert world.begun == 2
    world.may_end.set()
    assert await asyncio.gather(*waiting) == ["one 0", "other 0"]
    waiting.clear()
    await _settle()
    assert not answers._lines


async def test_what_fails_fails_for_all_who_wait_and_is_asked_anew_after_that() -> None:
    """One after the other they would wait for as long as it takes to fail, again and again."""
    answers = SharedAnswers((world := World(broken=True)).ask)
    early = _asked(answers)
    await _settle()
    late = _asked(answers, times=MANY)
    await _settle()
    world.may_end.set()
    ends = await asyncio.gather(*early, *late, return_exceptions=True)
    assert ([type(end) for end in ends], world.begun) == ([ConnectionError] * (1 + MANY), 2)
    world.broken = False
    assert await answers.get("key") == "key 0"


async def test_who_is_cancelled_leaves_the_question_to_the_next() -> None:
    """The answer that was half gathered is nobody's; the next one is younger than all questions that wait."""
    answers = SharedAnswers((world := World()).ask)
    asking, *others = _asked(answers, times=MANY)
    await _settle()
    world.written = 1
    asking.cancel()
    await _settle()
    world.may_end.set()
    assert await asyncio.gather(*others) == ["key 1"] * (MANY - 1)
    assert world.begun == 2
    with pytest.raises(asyncio.CancelledError):
        await asking
