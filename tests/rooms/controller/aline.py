"""A line of a budget that has no other line beside it, room for those who wait, and time."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Final

from quantumjob_operator.budgets.fit import Ahead
from quantumjob_operator.controller.budget_line import Line, RoomLeft
from quantumjob_operator.controller.budget_turns import LineKey, Turns
from quantumjob_operator.model.money import Amount

DELETED: Final = {"deleted"}
SLOTLESS: Final = {"slotless-1", "slotless-2"}


@dataclass(slots=True)
class Room:
    """So much is free, and so much could be."""

    free: int
    most: int = 100
    crowded: tuple[str, ...] = ()
    taken: list[int] = field(default_factory=list)

    def takes(self, who: Ahead) -> bool:
        """Whether it fits; then it is in."""
        if who.namespace in self.crowded or sum(self.taken) + who.amounts[0].value > self.free:
            return False
        self.taken.append(int(who.amounts[0].value))
        return True

    def keep(self, who: Ahead) -> None:
        """Nobody else has it."""
        assert not self.crowded or who.namespace not in self.crowded
        self.taken.append(int(who.amounts[0].value))

    def could_fit(self, who: Ahead) -> bool:
        """Whether it ever could."""
        return who.namespace not in self.crowded and who.amounts[0].value <= self.most


@dataclass(slots=True)
class Time:
    """A clock that is moved by hand."""

    now: float = 0.0

    def __call__(self) -> float:
        """Monotonic seconds."""
        return self.now


def dollars(amount: int) -> tuple[Amount, ...]:
    """So many."""
    return (Amount("USD", str(Decimal(amount))),)


@dataclass(slots=True)
class Alone:
    """A line, and no other one."""

    clock: Time = field(default_factory=Time)
    turns: Turns = field(default_factory=Turns)
    line: Line = field(init=False)
    rested: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        """Nobody waits yet."""
        self.line = Line(LineKey("budget", ""), self.clock)

    def __len__(self) -> int:
        return len(self.line)

    def waits(self, uid: str) -> bool:
        """Who is not deleted."""
        return uid not in DELETED

    def needs_slot(self, uid: str) -> bool:
        """Who lacks nothing else."""
        return uid in SLOTLESS

    def wants(self, _uid: str) -> Mapping[LineKey, Ahead]:
        """What it asks of this one."""
        return {}

    def could_fit_elsewhere(self, _uid: str, _key: LineKey) -> bool:
        """It asks for nothing elsewhere."""
        return True

    def rests(self, _uid: str) -> bool:
        """Nobody was refused."""
        return False

    def rest(self, uid: str) -> None:
        """Take note."""
        self.rested.append(uid)

    def heard(self, uid: str) -> None:
        """Nobody is asked whether it still comes."""

    def lost(self, uid: str, _kept: tuple[LineKey, ...]) -> None:
        """It stands in no other one."""
        self.line.has_no_turn(uid)

    def stand(self, uid: str, who: Ahead) -> None:
        """Wait."""
        if self.line.has_woken(uid):
            self.turns.drop(uid)
        self.line.stand(uid, who, self.turns)

    def leave(self, uid: str) -> None:
        """Wait no more."""
        self.line.leave(uid)
        self.turns.drop(uid)

    def before(self, uid: str) -> tuple[Ahead, ...]:
        """For whom something is kept."""
        return self.line.before(uid, self)

    def woken(self, room: RoomLeft) -> list[str]:
        """Who can go."""
        return self.line.woken(room, self)


def line_of(*waiting: tuple[str, str, int]) -> tuple[Alone, Time]:
    """A line in which these stand: tenant, uid, amount."""
    time = Time()
    line = Alone(time)
    for tenant, uid, amount in waiting:
        line.stand(uid, Ahead(tenant, dollars(amount)))
    return line, time
