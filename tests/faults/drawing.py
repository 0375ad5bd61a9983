"""Plans drawn from a seed before the campaign begins, so that a seed can be replayed: lives, users, and the weather.

Must not live here: what a plan is made of, or how large it is (`plan`).
"""

import random
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

from faults.jobs import Target, quantum_job
from faults.plan import A_DATE, LOSABLE, Act, Event, Fault, Life, Plan, Size

_FROZEN: Final = (6.0, 8.0)
"""Seconds; the campaign's fence is shorter."""
_REPEATED_PUT: Final = {7: "same", 8: "replace", 9: "conflict"}
"""By the seed's last digit; a second paid run for all others."""


def draw(seed: int, size: Size) -> Plan:
    """The plan of a seed."""
    chance = random.Random(seed)  # noqa: S311 - draws a plan, not secrets
    second = size.kills // 3 if size.frozen else size.kills * 2 // 5
    frozen = set(chance.sample(range(second), size.frozen))
    lives = (
        tuple(Life(chance.choice((0.0, 0.0, 0.0, 1.0)), _life(chance)) for _ in range(size.kills - second)),
        tuple(
            Life(chance.uniform(0.5, 3.0), chance.uniform(5.0, 8.0), frozen=chance.uniform(*_FROZEN))
            if number in frozen
            else Life(chance.uniform(0.5, 6.0), _life(chance))
            for number in range(second)
        ),
    )
    events = [*_people(chance, size), *_weather(chance, size)]
    repeated_put = _REPEATED_PUT.get(seed % 10, "second-run")
    return Plan(seed, size, repeated_put, lives, tuple(sorted(events, key=lambda event: event.at)))


def _life(chance: random.Random) -> float:
    """Most are short; some are long enough for what is fenced to become certain."""
    shortest, longest = chance.choices(((0.0, 1.0), (0.5, 4.0), (6.0, 9.0)), (5, 4, 1.5))[0]
    return chance.uniform(shortest, longest)


def _people(chance: random.Random, size: Size) -> Iterator[Event]:
    """What users make, and what they do to it later."""
    last = size.kills * 0.93
    for number in range(size.jobs):
        at, name = chance.uniform(0, last), f"job-{number}"
        fate = chance.choices(*zip(*_FATES, strict=True))[0]
        spec, target, later = fate(chance)
        namespace = chance.choices(("default", "research", "teaching"), (3, 2, 2))[0]
        yield Event(at, Act.CREATE, name, quantum_job(name, target, "turmoil", **spec), namespace)
        # Some change their mind within half a second, by the clock of the wall.
        soon = fate is _regretted or chance.random() < _SOON
        for act in later:
            at += 0.0 if soon else chance.expovariate(0.5)
            after = chance.uniform(0.0, _AT_ONCE_SECONDS) if soon else 0.0
            other = None
            if act is Act.RECREATE and "idempotencyKey" in spec:
                other = quantum_job(f"{name}-again", target, "turmoil", **spec)
            yield Event(at, act, name, other, namespace, seconds=after)


_Fate = tuple[dict[str, Any], Target, Sequence[Act]]


_SOON: Final = 0.25
_AT_ONCE_SECONDS: Final = 0.4


def _left_alone(chance: random.Random) -> _Fate:
    retried = {"backoffLimit": 1} if chance.random() < 0.1 else {}
    return retried, Target.SHORT, ()


def _expires(chance: random.Random) -> _Fate:
    return {"ttlSecondsAfterFinished": chance.randint(0, 3)}, Target.SHORT, ()


def _regretted(chance: random.Random) -> _Fate:
    return {}, chance.choice((Target.SHORT, Target.LONG)), (Act.DELETE,)


def _left_behind_late(chance: random.Random) -> _Fate:
    return {}, chance.choice((Target.SHORT, Target.LONG, Target.LONG)), (Act.LEAVE_BEHIND, Act.DELETE)


def _made_again(chance: random.Random) -> _Fate:
    return {}, chance.choice((Target.SHORT, Target.LONG)), (Act.DELETE, Act.RECREATE)


def _made_again_with_key(chance: random.Random) -> _Fate:
    policy = chance.choice(({}, {"deletionPolicy": "Orphan"}))
    return {"idempotencyKey": f"again-{chance.randrange(10**6)}", **policy}, Target.SHORT, (Act.DELETE, Act.RECREATE)


def _deleted(chance: random.Random) -> _Fate:
    return {}, chance.choice((Target.SHORT, Target.LONG, Target.LONG, Target.TIMED)), (Act.DELETE,)


def _left_behind(_chance: random.Random) -> _Fate:
    return {"deletionPolicy": "Orphan"}, Target.SHORT, (Act.DELETE,)


def _cancelled(chance: random.Random) -> _Fate:
    return {}, chance.choice((Target.SHORT, Target.LONG)), (Act.CANCEL,)


def _cancelled_and_deleted(_chance: random.Random) -> _Fate:
    return {}, Target.LONG, (Act.CANCEL, Act.DELETE)


def _suspended(chance: random.Random) -> _Fate:
    more = chance.choice(((Act.RESUME,), (Act.RESUME, Act.SUSPEND, Act.RESUME), (Act.CANCEL,), (Act.DELETE,), ()))
    return {}, chance.choice((Target.SHORT, Target.LONG, Target.TIMED)), (Act.SUSPEND, *more)


def _held_at_first(_chance: random.Random) -> _Fate:
    return {"suspend": True}, Target.SHORT, (Act.RESUME,)


def _keyed(chance: random.Random) -> _Fate:
    """Several objects come to have the same key, at the same time and one after the other."""
    return {"idempotencyKey": f"key-{chance.randrange(15)}"}, Target.SHORT, chance.choice(((), (Act.DELETE,)))


_FATES: Final[tuple[tuple[Callable[[random.Random], _Fate], int], ...]] = (
    (_left_alone, 40),
    (_expires, 4),
    (_deleted, 20),
    (_left_behind, 3),
    (_cancelled, 12),
    (_cancelled_and_deleted, 4),
    (_suspended, 12),
    (_held_at_first, 5),
    (_keyed, 6),
    (_regretted, 8),
    (_left_behind_late, 8),
    (_made_again, 5),
    (_made_again_with_key, 5),
)


_WITHHELD: Final = ((0.1, 1.0), (1.0, 4.0), (7.0, 10.0))
"""Seconds: late, long enough to be merged, and stale."""


def _weather(chance: random.Random, size: Size) -> Iterator[Event]:
    """What goes wrong by itself."""
    at = 1.0
    while at < size.kills:
        yield Event(at, Act.ARM, faults=tuple(_fault(chance) for _ in range(chance.randint(1, 4))))
        at += chance.uniform(0.8, 3.0)
        yield Event(at, Act.DISARM)
        at += chance.uniform(1.0, 4.0)
    for number in range(size.restarts):
        yield Event(_spread(chance, number, size.restarts, size), Act.RESTART, choice=number % 2 == 1)
    for number in range(size.rotations):
        yield Event(_spread(chance, number, size.rotations, size), Act.ROTATE, choice=chance.random() < 0.5)
    for kind in LOSABLE:
        for number in range(size.losses):
            due, times, cut = (
                _spread(chance, number, size.losses, size),
                chance.choice((1, 1, 2)),
                chance.random() < 0.5,
            )
            yield Event(due, Act.LOSE, write=kind, times=times, choice=cut)
    for number in range(size.withheld):
        seconds = chance.uniform(*chance.choices(_WITHHELD, (5, 4, 1))[0])
        yield Event(
            _spread(chance, number, size.withheld, size), Act.WITHHOLD, seconds=seconds, choice=chance.random() < 0.6
        )
    for number in range(size.kills // 8):
        yield Event(_spread(chance, number, size.kills // 8, size), Act.CLOCK)


def _spread(chance: random.Random, number: int, count: int, size: Size) -> float:
    """One time in each of `count` equal parts, none at the very end."""
    return (number + chance.random()) * 0.95 * size.kills / count


_CALLS: Final = ("create-job", "create-job", "get-job", "get-job", "cancel-job", "list-jobs", "get-sas-uri", None)


def _fault(chance: random.Random) -> Fault:
    fault = dict(chance.choices(*zip(*_MENU, strict=True))[0](chance))
    if fault["kind"] in _AROUND_A_CALL:
        fault.setdefault("operation", chance.choice(_CALLS))
    return {"probability": round(chance.uniform(0.2, 0.7), 2), **fault}


_AROUND_A_CALL: Final = frozenset(
    {"delay-before", "delay-after", "drop-before", "drop-after", "status-before", "status-after", "html-page",
     "truncated-body"}
)  # fmt: skip


def _status(chance: random.Random) -> Fault:
    return {
        "kind": chance.choice(("status-before", "status-after")),
        "status": chance.choice((408, 500, 502, 503, 504)),
        "retry_after": chance.choice((None, None, "1", A_DATE)),
    }


_MENU: Final[tuple[tuple[Callable[[random.Random], Fault], int], ...]] = (
    # Together with the operator's time to begin, still within its time-out.
    (lambda chance: {"kind": "delay-before", "seconds": round(chance.uniform(0.1, 1.5), 2)}, 3),
    (lambda chance: {"kind": "delay-after", "seconds": round(chance.uniform(0.1, 4.0), 2)}, 4),
    (lambda _: {"kind": "drop-before"}, 3),
    (lambda _: {"kind": "drop-after"}, 4),
    (_status, 5),
    (lambda chance: {"kind": "status-before", "status": 429, "retry_after": chance.choice((None, "1", A_DATE))}, 3),
    (lambda _: {"kind": "status-before", "status": 401, "probability": 0.2}, 1),
    (lambda _: {"kind": "html-page", "status": 502}, 1),
    (lambda _: {"kind": "html-page", "status": 404, "operation": "get-job"}, 1),
    (lambda _: {"kind": "truncated-body"}, 2),
    (lambda _: {"kind": "unknown-status"}, 1),
    (lambda _: {"kind": "stale-list"}, 2),
    (lambda _: {"kind": "short-list"}, 2),
    (lambda chance: {"kind": "missing-output", "seconds": round(chance.uniform(0.5, 4.0), 2)}, 2),
    (lambda chance: {"kind": "failed-run", "code": chance.choice(("", "ProviderTimeout", "InvalidInputData"))}, 1),
)
