"""A turn in the line of one budget, and what it is in those of others."""

from dataclasses import dataclass, field
from typing import Final

import pytest

from quantumjob_operator.budgets.fit import Ahead
from quantumjob_operator.controller.budget_lines import Lines
from quantumjob_operator.controller.budget_turns import MOST_TURNS, LineKey
from rooms.controller.aline import Room, Time, dollars

A: Final = LineKey("a", "")
B: Final = LineKey("b", "")
FULL: Final = 0


@dataclass(slots=True)
class Place:
    """The lines of the budgets a and b."""

    time: Time = field(default_factory=Time)
    looked_at: list[str] = field(default_factory=list)
    waiting: set[str] = field(default_factory=set)
    most: dict[str, int] = field(default_factory=dict)
    lines: Lines = field(init=False)

    def __post_init__(self) -> None:
        """Nobody waits."""
        room_of = lambda budget: Room(FULL, most=self.most.get(budget, 100))  # noqa: E731 - a part
        self.lines = Lines(self.time, self.waiting.__contains__, self.looked_at.append, lambda _: False, room_of)

    def refuse(self, key: LineKey, uid: str, amount: int, *keys: LineKey, most: int = 100) -> None:
        """A job that needs so much of these budgets doesn't fit in one of them."""
        self.waiting.add(uid)
        wants = {one: Ahead(uid, dollars(amount), uid) for one in (key, *keys)}
        self.most[key.budget] = most
        self.lines.refused(key, uid, wants)

    def kept(self, key: LineKey, uid: str = "new") -> list[str]:
        """Those for whom something is kept in a line when somebody asks."""
        return [one.job_id for one in self.lines.before(key, uid)]

    def woken(self, key: LineKey, free: int, most: int = 100) -> list[str]:
        """Those who can go with so much left."""
        return self.lines.woken(key.budget, Room(free, most=most))


def having_turns(*jobs: str) -> Place:
    """These need 60 of both budgets; it's their turn in a line each, in their order."""
    place = Place()
    for uid, key in zip(jobs, (A, B), strict=False):
        place.refuse(key, uid, 60, A, B)
        assert place.woken(key, 50) == []
    return place


def test_a_turn_in_one_line_is_one_in_all() -> None:
    """Else what one budget can give is gone when the other can."""
    place = having_turns("large")
    assert place.kept(A) == place.kept(B) == ["large"]
    place.refuse(B, "small", 30)
    assert place.woken(B, 80) == []
    assert place.woken(B, 90) == ["small"]


def test_nothing_is_kept_where_it_asks_for_nothing() -> None:
    """It is counted by one budget."""
    place = Place()
    place.refuse(A, "large", 60)
    assert place.woken(A, 50) == []
    assert (place.kept(A), place.kept(B)) == (["large"], [])


def test_who_had_its_turn_first_goes_first_everywhere() -> None:
    """Else each would wait for the other."""
    place = having_turns("first", "second")
    assert place.kept(A) == ["first", "second"]
    assert place.kept(A, "first") == place.kept(B, "first") == []
    assert place.kept(A, "second") == place.kept(B, "second") == ["first"]


@pytest.mark.parametrize(
    ("refused_by", "most", "kept", "looked_at"),
    [
        pytest.param(A, 100, [], ["a", "b"], id="who woke it has less than it thought"),
        pytest.param(B, 100, ["large"], [], id="another one has nothing left now"),
        pytest.param(B, 50, [], ["b"], id="another one will have nothing left, whatever is released"),
    ],
)
def test_a_job_that_was_woken_is_refused(refused_by: LineKey, most: int, kept: list[str], looked_at: list[str]) -> None:
    """It keeps its turn as long as that can help."""
    place = having_turns("large")
    for key in (A, B):
        place.refuse(key, f"other-{key.budget}", 101)
    assert place.woken(A, 60) == ["large"]
    if refused_by is B:
        place.lines.granted(A, "large")
    place.refuse(refused_by, "large", 60, A, B, most=most)
    assert place.kept(A) == place.kept(B) == kept
    assert sorted(place.looked_at) == looked_at
    if kept:
        place.time.now = 1000
        assert place.kept(A) == ["large"]


@pytest.mark.parametrize("key", [A, B])
def test_a_turn_that_is_lost_is_waited_for_again(key: LineKey) -> None:
    """In the line of whoever has refused the job."""
    place = having_turns("large")
    assert place.woken(A, 60) == ["large"]
    place.refuse(key, "large", 60, A, B, most=100 if key is A else 50)
    assert place.kept(A) == []
    place.most.clear()
    assert place.woken(key, 60) == [], "it was refused a moment ago"
    place.time.now += 5
    assert place.woken(key, 60) == ["large"]


def test_a_job_that_waits_in_two_lines_is_woken_once() -> None:
    """It stood in both before it had a turn in one of them."""
    place = Place()
    for key in (A, B):
        place.refuse(key, "large", 60, A, B)
    assert place.woken(B, 50) == []
    assert place.woken(A, 200) == ["large"]


@pytest.mark.parametrize("gone", ["forgotten", "deleted", "granted", "late", "budget"])
def test_nothing_is_kept_for_one_that_does_not_wait(gone: str) -> None:
    """Anywhere."""
    place = having_turns("large")
    place.refuse(B, "other", 101)
    if gone == "forgotten":
        place.lines.forget("large")
    elif gone == "deleted":
        place.waiting.remove("large")
    elif gone == "granted":
        for key in (A, B):
            place.lines.granted(key, "large")
    elif gone == "late":
        assert place.woken(A, 60) == ["large"]
        place.time.now = 100
        assert place.woken(A, 60) == []
    else:
        place.lines.gone("a")
    assert place.kept(A) == place.kept(B) == []
    assert place.looked_at == ([] if gone == "granted" else ["b"])


def test_not_everybody_has_a_turn() -> None:
    """Each that asks looks at all who have one; the last ones stand in line again, and the first keeps its own."""
    place = having_turns("large")
    for number in range(MOST_TURNS + 5):
        place.refuse(B, f"s{number}", 1, A, B)
        place.woken(B, 100 + number)
        place.refuse(A, f"s{number}", 1, A, B)
    assert len(place.kept(B)) == MOST_TURNS
    assert place.kept(B)[0] == "large"
    assert len(place.lines.everybody("a")) == MOST_TURNS + 6


def test_a_job_that_can_not_fit_elsewhere_has_no_turn() -> None:
    """One budget would give it and the other one take it away, and each would look again for that, without end."""
    place = Place()
    for key in (A, B):
        place.refuse(key, "large", 60, A, B)
    place.refuse(A, "other", 60, A)
    place.most = {"b": 50}
    assert place.woken(A, 50) == []
    assert place.kept(A) == ["other"]
    assert place.looked_at == []


def test_who_was_woken_and_refused_is_not_woken_again_at_once() -> None:
    """Whatever each of them knows of the other: else it would ask as fast as it is answered."""
    place, asked = Place(), 0
    place.refuse(A, "one", 10, A, B)
    for _ in range(100):
        place.time.now += 0.1
        for key in (A, B):
            for uid in place.woken(key, 10):
                asked += 1
                place.refuse(key, uid, 10, A, B)
    assert asked <= 1 + 10 / 5


def test_who_is_woken_in_many_lines_does_not_fill_another_one() -> None:
    """A hundred in each of some hundred lines may be, and each that asks the one looks at all who have a turn there."""
    place = Place()
    for group in range(5):
        key = LineKey("each", f"{group}")
        for number in range(80):
            place.refuse(key, f"{group}-{number}", 1, key, B)
    assert len(place.woken(LineKey("each", ""), 1000)) == 400
    assert len(place.kept(B)) == MOST_TURNS
    place.refuse(A, "large", 60, A, B)
    assert place.woken(A, 50) == []
    assert place.kept(B)[-1] == "large", "whose turn it is has it everywhere"
    assert place.woken(A, 60) == ["large"]
    assert place.kept(B)[-1] == "large", "also when it is woken"


def test_nothing_is_kept_for_one_that_waits_for_something_else() -> None:
    """A policy forbids it, or its program is gone: it was looked at, and asked no budget."""
    place = having_turns("large")
    place.lines.before(A, "large")
    place.lines.reconciled("large")
    assert place.kept(B) == ["large"], "it has asked"
    place.lines.reconciled("large")
    assert place.kept(A) == place.kept(B) == []
    assert place.woken(A, 60) == ["large"], "it keeps its place"


@pytest.mark.parametrize(("asks", "kept"), [(True, ["large"]), (False, [])])
def test_who_has_a_turn_in_several_lines_is_asked_whether_it_still_comes(*, asks: bool, kept: list[str]) -> None:
    """In one of them nothing may be released for days, while it waits for something that nobody tells of."""
    place = having_turns("large")
    place.refuse(B, "other", 101)
    for minute in range(1, 30):
        place.time.now = 60.0 * minute
        if "large" in place.woken(B, 0) and asks:
            place.refuse(A, "large", 60, A, B)
            place.lines.before(A, "large")
    assert place.kept(B) == kept


def test_a_budget_is_looked_at_again_when_who_rests_may_be_woken() -> None:
    """Else the job would wait for the next look, though there is room."""
    place = Place()
    place.refuse(A, "one", 10)
    assert place.lines.rest_left("a") is None
    assert place.woken(A, 10) == ["one"]
    place.refuse(A, "one", 10)
    assert (place.lines.rest_left("a"), place.lines.rest_left("b")) == (5.0, None)
    place.time.now += 2
    assert place.lines.rest_left("a") == 3.0
    place.time.now += 3
    assert place.lines.rest_left("a") is None
