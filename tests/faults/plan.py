"""What happens in the campaign's second part, and how large a campaign is. Only values.

Its clock counts kills: acts are due after so many, so that the same things meet on a fast and on a slow machine.
Must not live here: how a plan is drawn (`drawing`), or doing any of it (`turmoil`).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, Final

from faults.jobs import Object
from faults.writes import Write

A_DATE: Final = "a date"
"""Stands for a date in a fault's `Retry-After`: it has to be in the future when the fault acts."""

Fault = dict[str, Any]


class Act(StrEnum):
    """What somebody does."""

    CREATE = "create"
    CANCEL = "cancel"
    DELETE = "delete"
    SUSPEND = "suspend"
    RESUME = "resume"
    ARM = "arm"
    DISARM = "disarm"
    RESTART = "restart"
    ROTATE = "rotate"
    CLOCK = "clock"
    LEAVE_BEHIND = "leave behind"
    RECREATE = "create again"
    LOSE = "lose answers"
    WITHHOLD = "withhold events"


@dataclass(frozen=True, slots=True)
class Event:
    """An action and its time.

    Attributes:
        at: After so many kills.
        job: The manifest's name, for what is done to a job.
        manifest: For CREATE; for RECREATE one of another name, or None for the same again.
        namespace: For CREATE and RECREATE.
        faults: For ARM.
        write: For LOSE the write whose answers are lost.
        times: For LOSE how many.
        seconds: For WITHHOLD how long; for what is done to a job, how soon after it is due.
        choice: For RESTART whether etcd is compacted, for ROTATE whether the Secrets come first, for LOSE whether the
            connection is cut, for WITHHOLD whether events are merged.
    """

    at: float
    act: Act
    job: str = ""
    manifest: Object | None = None
    namespace: str = "default"
    faults: tuple[Fault, ...] = ()
    write: Write | None = None
    times: int = 1
    seconds: float = 0.0
    choice: bool = False


@dataclass(frozen=True, slots=True)
class Life:
    """One life of an operator: seconds before its start, and from there to its SIGKILL.

    Attributes:
        frozen: For so many seconds of its life it is stopped and then continued, halfway; longer than the fence.
    """

    pause: float
    seconds: float
    frozen: float = 0.0


@dataclass(frozen=True, slots=True)
class Size:
    """How much of everything there is.

    Attributes:
        share: Kills at each boundary, before and after its effect.
        rounds: At most so many.
        losses: How often answers to each kind of write are lost.
        withheld: How often events are.
        frozen: Lives of the second operator in which it is stopped and continued.
        encounters: How often each of the staged encounters takes place.
        regrets: In each of them, objects that are deleted at once.
        wakes: Whether the longer ones are among them.
    """

    kills: int
    jobs: int
    restarts: int
    rotations: int
    share: int
    rounds: int
    losses: int
    withheld: int
    frozen: int
    encounters: int
    regrets: int
    wakes: bool = True


FULL: Final = Size(
    kills=210, jobs=520, restarts=8, rotations=6, share=10, rounds=24,
    losses=8, withheld=40, frozen=12, encounters=4, regrets=40,
)  # fmt: skip
SHORT: Final = Size(
    kills=5, jobs=14, restarts=1, rotations=1, share=1, rounds=6,
    losses=1, withheld=2, frozen=0, encounters=1, regrets=24, wakes=False,
)  # fmt: skip
MEDIUM: Final = replace(
    FULL, kills=30, jobs=80, restarts=1, rotations=1, share=1, losses=2, withheld=6, frozen=3, encounters=2
)
"""For whoever changes something here: three to five minutes."""
STAGED: Final = replace(SHORT, kills=1, jobs=1, restarts=0, rotations=0, share=0, withheld=0, encounters=2, wakes=True)
"""Only the staged encounters."""
SIZES: Final[Mapping[str, Size]] = {"full": FULL, "medium": MEDIUM, "short": SHORT, "staged": STAGED}


@dataclass(frozen=True, slots=True)
class Plan:
    """A campaign.

    Attributes:
        repeated_put: What the workspace makes of a PUT with a known id.
        lives: Of the first operator, and of the second, who runs part of the time.
        events: In the order of time.
    """

    seed: int
    size: Size
    repeated_put: str
    lives: tuple[tuple[Life, ...], tuple[Life, ...]]
    events: tuple[Event, ...]


LOSABLE: Final = tuple(kind for kind in Write if kind is not Write.LEASE)
"""The campaign runs without a Lease, which none of the promises needs."""
