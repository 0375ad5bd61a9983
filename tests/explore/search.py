"""The exploration: level by level of disturbances, every state once.

A level holds the states that so many disturbances lead to, closed under everything that goes on by itself. A state in
which a promise is broken is not gone on from. At the end, every state has to have a way to a good end that needs no
luck but that of the free moves; a set of states without one is stuck. Must not live here: what happens (`moves`).
"""

import gc
import logging
import time
from array import array
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from functools import partial

from explore.effects import moved
from explore.judge import at_rest, wrong_steps, wrongs
from explore.moves import Move, disturbances, free_moves
from explore.quick import put_everywhere
from explore.state import Scenario, State, begin

STUCK = "stuck: no way leads to an end"
_QUIET = frozenset({"time", "ends"})


@dataclass(frozen=True, slots=True)
class Violation:
    """A broken promise, and the shortest schedule that was found for it."""

    what: str
    scenario: str
    moves: tuple[Move, ...]
    disturbances: int

    @property
    def length(self) -> tuple[int, int]:
        """How much it takes to get there."""
        return self.disturbances, len(self.moves)


@dataclass(frozen=True, slots=True)
class Part:
    """What one process does of an exploration that several share: its part of the last level, after all levels before.

    What is entered twice is gone through twice; so each part is closed in itself, and its ends can be judged.
    """

    number: int = 0
    of: int = 1

    def roots(self, count: int) -> range:
        """The places in the level before from which it goes on: neighbours lead to the same more often than others."""
        return range(count * self.number // self.of, count * (self.number + 1) // self.of)


@dataclass(slots=True)
class Explored:
    """What the exploration of one scenario came to."""

    scenario: Scenario
    depth: int = 0
    states: int = 0
    levels: list[int] = field(default_factory=list)
    longest: int = 0
    violations: list[Violation] = field(default_factory=list)
    seconds: float = 0.0
    complete: bool = True
    numbers: "array[int]" = field(default_factory=lambda: array("q"))

    def joined(self, other: "Explored") -> "Explored":
        """What two parts of the same exploration came to; states that both met count once."""
        states = len({*self.numbers, *other.numbers})
        best: dict[str, Violation] = {}
        for one in (*self.violations, *other.violations):
            known = best.get(one.what)
            if known is None or one.length < known.length:
                best[one.what] = one
        return replace(
            self,
            depth=min(self.depth, other.depth),
            states=states,
            # All levels but the last are the same.
            levels=[*self.levels[:-1], states - sum(self.levels[:-1])],
            longest=max(self.longest, other.longest),
            violations=sorted(best.values(), key=lambda one: one.length),
            seconds=max(self.seconds, other.seconds),
            complete=self.complete and other.complete,
        )


class OutOfTimeError(Exception):
    """The budget is used up."""


class Exploration:
    """The states of one scenario."""

    def __init__(self, scenario: Scenario, depth: int, *, deadline: float = float("inf"), part: Part = Part()) -> None:
        self._scenario = scenario
        self._depth = depth
        self._deadline = deadline
        self._part = part
        self._numbers: dict[int, int] = {}
        self._levels = array("b")
        self._parents = array("i")
        self._by: list[Move] = []
        self._steps = array("i")
        self._edges_from, self._edges_to = array("i"), array("i")
        self._good: list[int] = []
        self._found: dict[str, Violation] = {}
        self._moves: dict[Move, Move] = {}
        self._broken: set[int] = set()
        self._latest = 0

    def run(self, progress: Callable[[str], None] = lambda _: None) -> Explored:
        """Explore to the depth, or until time is over."""
        begun = time.monotonic()
        result = Explored(self._scenario)
        first = begin(self._scenario)
        self._enter(first.number, -1, ("begin",), 0)
        frontier: deque[tuple[int, State]] = deque([(0, first)])
        try:
            for level in range(max(self._depth, 1)):
                frontier = self._close(frontier, level)
                result.depth = level
                progress(f"{self._scenario.name}: {level} disturbances, {len(self._by)} states")
                if level < self._depth - 1:
                    frontier = self._disturbed(frontier, level)
            result.depth = self._depth
            if self._depth > 0:
                self._last_level(frontier)
        except OutOfTimeError:
            result.complete = False
        result.states, result.longest = len(self._by), max(self._steps)
        result.levels = [self._levels.count(level) for level in range(self._depth + 1)]
        result.levels[-1] += result.states - sum(result.levels)
        self._judge_ends(complete=result.complete)
        result.violations = sorted(self._found.values(), key=lambda one: one.length)
        if self._part.of > 1:
            result.numbers.extend(self._numbers)
        result.seconds = time.monotonic() - begun
        return result

    # --- levels

    def _close(self, frontier: Iterable[tuple[int, State]], level: int) -> deque[tuple[int, State]]:
        """All states of a level: everything that follows without another disturbance."""
        closed: deque[tuple[int, State]] = deque()
        work = deque(frontier)
        while work:
            number, state = work.popleft()
            closed.append((number, state))
            work.extend(self._follow(number, state, level))
        return closed

    def _follow(self, number: int, state: State, level: int) -> list[tuple[int, State]]:
        """The new states that free moves lead to."""
        if time.monotonic() > self._deadline:
            raise OutOfTimeError
        moves = free_moves(state)
        new = []
        for move in moves:
            child = moved(state, move)
            entered = self._child(number, state, child, move, level)
            self._edges_from.append(number)
            self._edges_to.append(self._latest)
            if entered is not None:
                new.append(entered)
        if all(move[0] in _QUIET or move[0].startswith("user-") for move in moves) and at_rest(state):
            self._good.append(number)
        return new

    def _child(self, number: int, state: State, child: State, move: Move, level: int) -> tuple[int, State] | None:
        """Enter a state that a move led to; None if it was known, or is wrong."""
        key = child.number
        known = self._numbers.get(key)
        self._latest = len(self._by) if known is None else known
        if known is not None:
            if self._levels[known] <= level or known in self._broken:
                return None
            self._levels[known], self._parents[known] = level, number
            self._by[known], self._steps[known] = self._moves.setdefault(move, move), self._steps[number] + 1
            return known, child
        index = self._enter(key, number, move, level)
        idle = all(one[0] in _QUIET for one in free_moves(child))
        wrong = [*wrongs(child, idle=idle), *wrong_steps(child, state)]
        for what in wrong:
            self._note(what, index, child.disturbances)
        if wrong:
            self._broken.add(index)
            return None
        return index, child

    def _enter(self, key: int, parent: int, move: Move, level: int) -> int:
        index = self._numbers[key] = len(self._by)
        self._by.append(self._moves.setdefault(move, move))
        self._parents.append(parent)
        self._levels.append(level)
        self._steps.append(self._steps[parent] + 1 if parent >= 0 else 0)
        return index

    def _disturbed(self, closed: deque[tuple[int, State]], level: int) -> deque[tuple[int, State]]:
        """The first states of the next level."""
        following: deque[tuple[int, State]] = deque()
        while closed:
            number, state = closed.popleft()
            for move in disturbances(state):
                entered = self._child(number, state, moved(state, move), move, level + 1)
                if entered is not None:
                    following.append(entered)
        return following

    def _last_level(self, closed: deque[tuple[int, State]]) -> None:
        """The last level is gone through at once: its states need not be kept."""
        roots = self._part.roots(len(closed))
        for place in range(len(closed)):
            number, state = closed.popleft()
            if place not in roots:
                continue
            for move in disturbances(state):
                entered = self._child(number, state, moved(state, move), move, self._depth)
                if entered is not None:
                    self._close([entered], self._depth)

    # --- ends

    def _note(self, what: str, index: int, disturbed: int) -> None:
        self._keep(Violation(what, self._scenario.name, self._path(index), disturbed))

    def _keep(self, found: Violation) -> None:
        """The shortest of its kind."""
        best = self._found.get(found.what)
        if best is None or found.length < best.length:
            self._found[found.what] = found

    def _path(self, index: int) -> tuple[Move, ...]:
        moves = []
        while self._parents[index] >= 0:
            moves.append(self._by[index])
            index = self._parents[index]
        return tuple(reversed(moves))

    def _judge_ends(self, *, complete: bool) -> None:
        """Whoever can't reach a good end (or a state that was complained of already) is stuck."""
        if not complete:
            return
        first, back = self._ways_back()
        reached = bytearray(len(self._by))
        work = [*self._good, *self._broken]
        while work:
            index = work.pop()
            if not reached[index]:
                reached[index] = 1
                work.extend(back[first[index] : first[index + 1]])
        stuck = [index for index in range(len(self._by)) if not reached[index]]
        if stuck:
            index = min(stuck, key=lambda one: (self._levels[one], self._steps[one]))
            self._note(STUCK, index, self._levels[index])

    def _ways_back(self) -> tuple["array[int]", "array[int]"]:
        """For each state where its own begin, and all states from which a free move leads to one, in that order."""
        first = array("i", bytes(4 * (len(self._by) + 2)))
        for after in self._edges_to:
            first[after + 2] += 1
        for index in range(2, len(first)):
            first[index] += first[index - 1]
        back = array("i", bytes(4 * len(self._edges_to)))
        for before, after in zip(self._edges_from, self._edges_to, strict=True):
            back[first[after + 1]] = before
            first[after + 1] += 1
        return first, back


def explored(scenario: Scenario, depth: int, deadline: float, part: Part) -> tuple[Explored, float]:
    """Explore one scenario, or a part of it, in a process of its own; and the seconds of CPU that it took."""
    logging.disable(logging.CRITICAL)
    gc.disable()  # it would look through millions of objects again and again, for next to nothing
    put_everywhere()
    result = Exploration(scenario, depth, deadline=deadline, part=part).run(partial(print, flush=True))
    return result, time.process_time()
