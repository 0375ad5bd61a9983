"""One process of the operator as a value, that can be kept and gone on from twice.

Python can't copy a coroutine that waits. So a process is kept as what its parts held at the last moment in which no
look was under way, and a log of all that came in since; going on from it means to put that into parts that nobody uses,
and to play the log again. Only whoever goes on first has the coroutines themselves.

Must not live here: what is driven (`drive`), what happens (`moves`), or what a request does (`outside`).
"""

from dataclasses import dataclass, field
from typing import Any, Final

from explore.asks import Answer, Ask
from explore.clone import held, hold
from explore.drive import Input, Known, take
from explore.wiring import Parts, new_parts


@dataclass(slots=True)
class Core:
    """What a process came to by all that came in; nothing of it changes once it is made.

    Attributes:
        base: What its parts held when no look was under way; never touched again.
        log: What came in since.
        asks: The request that each reconciliation waits for, by uid.
        due: When which reconciliation is due.
        followed: What the poller follows.
        known: The uids of which it knows or remembers anything.
        reports: What it counted in the step that made it, by metric and labels.
        unconfirmed: The uids of the ends that it told to be unconfirmed in that step.
        live: Its parts as they are now, with the looks under way: whoever goes on first may have them.
        before: What it was before the last of its log came in; until it is counted.
        prints: What `fingerprint` keeps of it.
    """

    holder: str
    base: list[Any]
    log: tuple[Input, ...] = ()
    asks: dict[str, Ask] = field(default_factory=dict)
    due: dict[str, float] = field(default_factory=dict)
    followed: dict[str, tuple[str, str | None]] = field(default_factory=dict)
    known: frozenset[str] = frozenset()
    reports: dict[str, int] = field(default_factory=dict)
    unconfirmed: tuple[str, ...] = ()
    live: Parts | None = None
    before: "Core | None" = None
    prints: Any = None

    def step(self, come: Input) -> "Core":
        """The same process after something came in; played once, however many worlds it comes in."""
        key = (id(self), *come.key)
        known = _STEPS.get(key)
        if known is None:
            if len(_STEPS) >= _MOST_STEPS:
                _STEPS.clear()
            # What the key names by its address has to live as long as the key.
            known = _STEPS[key] = (self._stepped(come), self, come)
        return known[0]

    def _stepped(self, come: Input) -> "Core":
        parts, self.live = self.live, None
        if parts is None:
            parts = _idle.pop() if _idle else new_parts("", 0.0)
            hold(parts.leaves, self.base)
            for before in self.log:
                take(parts, before)
        parts.told.reports.clear()
        parts.told.unconfirmed_ends.clear()
        take(parts, come)
        log = (*self.log, come) if parts.tasks else ()
        if not log:
            _idle.append(parts)
        return Core(
            holder=self.holder,
            base=self.base if log else held(parts.leaves),
            log=log,
            asks={uid: ask for uid, (_, ask) in parts.tasks.items()},
            due=dict(parts.queue.due),
            followed=dict(parts.workspaces.followed),
            known=frozenset(
                (*parts.cache.jobs, *parts.cache.budgets, *parts.cache.deleted, *parts.reconciler._memories)
            ),
            reports=dict(parts.told.reports),
            unconfirmed=tuple(parts.told.unconfirmed_ends),
            live=parts if log else None,
            before=self if log else None,
        )


_idle: Final[list[Parts]] = []
"""Parts whose process is kept: they serve the next one."""
_MOST_STEPS: Final = 20_000
_STEPS: Final[dict[tuple[Any, ...], tuple[Core, Core, Input]]] = {}


@dataclass(frozen=True, slots=True)
class Process:
    """A process as a value, and what the world does with it.

    Attributes:
        core: What it is.
        inbox: Events of the watch that it has not heard yet: the type, and the object as it was.
        held: Its watch lags: events stay in the inbox.
        paused_at: It stands still since then.
        applied: The answer to the request of a reconciliation that had its effect while the process stood still.
    """

    core: Core
    inbox: tuple[tuple[str | None, Known], ...] = ()
    held: bool = False
    paused_at: float | None = None
    applied: tuple[tuple[str, Answer], ...] = ()

    @property
    def asks(self) -> dict[str, Ask]:
        """The request that each reconciliation waits for."""
        return self.core.asks

    def knows(self, uid: str) -> bool:
        """Whether it knows of an object, or remembers it."""
        return uid in self.core.known or uid in self.asks

    def step(self, come: Input) -> "Process":
        """The process after something came in."""
        core = self.core.step(come)
        # What an answer was kept for is over once it is given; the next request of the reconciliation is another.
        given = come.uid if come.what == "answer" else None
        applied = tuple(one for one in self.applied if one[0] != given and one[0] in core.asks)
        return Process(core, self.inbox, self.held, self.paused_at, applied)


def start(holder: str, now: float) -> Process:
    """A process that knows nothing yet."""
    key = (holder, now)
    if key not in _STARTED:
        _STARTED[key] = Core(holder, held(new_parts(holder, now).leaves))
    return Process(_STARTED[key])


_STARTED: Final[dict[tuple[str, float], Core]] = {}


def forget() -> None:
    """Play every step anew: the operator may have been changed since."""
    _STEPS.clear()
    _STARTED.clear()
    _idle.clear()
