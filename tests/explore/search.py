"""The exploration: level by level of disturbances, every state once.

A level holds the states that so many disturbances lead to, closed under everything that goes on by itself. A state in
which a promise is broken is not gone on from. At the end, every state has to have a way to a good end that needs no
luck but that of the free moves; a set of states without one is stuck. Must not live here: what happens (`moves`).
"""

import gc
import multiprocessing
import time
from array import array
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import count, islice
from multiprocessing.connection import Connection
from multiprocessing.sharedctypes import Synchronized
from typing import Final

from explore.effects import moved
from explore.judge import at_rest, early_trace, wrongs
from explore.moves import Move, disturbances, free_moves
from explore.state import Scenario, State, begin

STUCK = "stuck: no way leads to an end"
_QUIET = frozenset({"time", "ends"})
_BLOCK: Final = 32
"""Neighbours lead to the same states and steps: a worker takes so many of them at once."""


@dataclass(frozen=True, slots=True)
class Violation:
    """A broken promise, and the shortest schedule that was found for it."""

    what: str
    scenario: str
    moves: tuple[Move, ...]
    disturbances: int


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


@dataclass(frozen=True, slots=True)
class _Share:
    """What one worker found in its share of the last level: the numbers of new states, the longest way, and more."""

    numbers: "array[int]"
    longest: int
    complete: bool
    found: list[Violation]


class OutOfTimeError(Exception):
    """The budget is used up."""


def _blocks(following: "Synchronized[int]") -> Iterator[int]:
    """Whichever process asks first gets the next block: all are done at about the same time, however long one takes."""
    while True:
        with following.get_lock():
            block = following.value
            following.value += 1
        yield block


class Exploration:
    """The states of one scenario."""

    def __init__(self, scenario: Scenario, depth: int, *, deadline: float = float("inf"), workers: int = 1) -> None:
        self._scenario = scenario
        self._depth = depth
        self._deadline = deadline
        self._workers = workers
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
        self._elsewhere = 0

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
                self._last_level(frontier, result)
        except OutOfTimeError:
            result.complete = False
        result.states, result.longest = len(self._by) + self._elsewhere, max(result.longest, *self._steps)
        result.levels = [self._levels.count(level) for level in range(self._depth + 1)]
        result.levels[-1] += result.states - sum(result.levels)
        self._judge_ends(complete=result.complete)
        result.violations = sorted(self._found.values(), key=lambda one: (one.disturbances, len(one.moves)))
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
        wrong = [*wrongs(child, idle=idle), *early_trace(child, state)]
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

    def _last_level(self, closed: deque[tuple[int, State]], result: Explored) -> None:
        """The last level is gone through at once, and in shares: its states need not be kept.

        Each worker goes on from a copy of all that is known so far. A state to which the shares of two workers lead is
        gone through twice and counted once; what follows from a state, each worker sees whole.
        """
        if self._workers == 1:
            self._share(closed, count())
            return
        fork = multiprocessing.get_context("fork")
        blocks = _blocks(fork.Value("q", 0))
        gc.collect()
        gc.freeze()  # what is there already stays: no need to look through it again and again
        waiting = []
        for _ in range(self._workers):
            mine, its = fork.Pipe(duplex=False)
            process = fork.Process(target=self._work, args=(closed, blocks, its))
            process.start()
            its.close()
            waiting.append((process, mine))
        gc.unfreeze()
        numbers: set[int] = set()
        for process, mine in waiting:
            told = mine.recv()
            process.join()
            numbers.update(told.numbers)
            result.complete &= told.complete
            result.longest = max(result.longest, told.longest)
            for one in told.found:
                self._keep(one)
        self._elsewhere = len(numbers)

    def _work(self, closed: deque[tuple[int, State]], blocks: Iterator[int], its: Connection) -> None:
        """One worker's share, and what came of it."""
        known, complete = len(self._by), True
        try:
            self._share(closed, blocks)
        except OutOfTimeError:
            complete = False
        self._judge_ends(complete=complete)
        numbers = array("q", islice(self._numbers, known, None))
        its.send(_Share(numbers, max(self._steps), complete, list(self._found.values())))

    def _share(self, closed: deque[tuple[int, State]], blocks: Iterator[int]) -> None:
        mine = next(blocks)
        for index in range(len(closed)):
            number, state = closed.popleft()
            if index // _BLOCK > mine:
                mine = next(blocks)
            if index // _BLOCK < mine:
                continue  # of another worker
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
        if best is None or (found.disturbances, len(found.moves)) < (best.disturbances, len(best.moves)):
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
