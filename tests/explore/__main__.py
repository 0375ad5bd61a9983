"""`make explore`: explores, prints what was covered and the shortest failing schedules, and replays one.

Must not live here: the exploration (`search`).
"""
# ruff: noqa: T201 - its output is for people

import argparse
import json
import logging
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor, as_completed
from functools import reduce
from pathlib import Path
from typing import Final

from explore.effects import moved
from explore.judge import wrong_steps, wrongs
from explore.moves import Move, free_moves
from explore.search import Explored, Part, Violation, explored
from explore.state import Scenario, begin

SCENARIOS: Final = {
    one.name: one
    for one in (
        Scenario("one"),
        Scenario("two", operators=2),
        Scenario("orphan", operators=2, acts=("orphan", "delete")),
        Scenario("again", keyed=True, orphan=True, acts=("delete", "create")),
        Scenario("bill", budget=True),
        Scenario("money", jobs=2, budget=True),
        Scenario("rivals", operators=2, jobs=2, budget=True),
        Scenario("turn", jobs=2, budget=True, turns=True),
        Scenario("heir", keyed=True, orphan=True, budget=True, acts=("delete", "create")),
    )
}
DEPTH: Final = 3
_LESS: Final = {"one": 0, "two": 1, "orphan": 2, "again": 2, "bill": 2, "money": 2, "rivals": 3, "turn": 2, "heir": 3}
"""By how many disturbances less a scenario is tried than one operator alone: its own choices make as many states."""
_WORKERS: Final = 2
_REPORT: Final = Path("build/explore.json")


def as_text(scenario: str, moves: tuple[Move, ...]) -> str:
    """A schedule in one line, for REPLAY."""
    return f"{scenario}: " + ", ".join(" ".join(move) for move in moves)


def from_text(text: str) -> tuple[str, list[Move]]:
    """The other way round."""
    scenario, _, moves = text.partition(":")
    return scenario.strip(), [tuple(move.split()) for move in moves.split(",")]


def replayed(text: str) -> list[str]:
    """Play a schedule, print each step, and tell what is wrong at its end."""
    scenario, moves = from_text(text)
    state, wrong = begin(SCENARIOS[scenario]), []
    for move in moves:
        what = ""
        process = state.processes[int(move[1]) - 1] if move[0] in {"answer", "fail", "drop", "late"} else None
        if process:
            what = ", ".join(ask.name for ask in process.asks.values())
        before, state = state, moved(state, move)
        idle = all(one[0] in {"time", "ends"} for one in free_moves(state))
        wrong = [*wrongs(state, idle=idle), *wrong_steps(state, before)]
        print(f"{state.outside.now - 1e6:8.1f} s  {' '.join(move):16} {what:10} {'; '.join(wrong)}")
    return wrong


def _show(violation: Violation) -> None:
    print(f"VIOLATION after {violation.disturbances} disturbances: {violation.what}")
    print(f"  make explore REPLAY='{as_text(violation.scenario, violation.moves)}'")


def _finished(one: Explored) -> int:
    """With how many disturbances every schedule was tried."""
    return one.depth if one.complete else one.depth - 1


def _report(results: list[Explored]) -> None:
    operators: dict[str, dict[str, object]] = {}
    for number in sorted({one.scenario.operators for one in results}):
        own = [one for one in results if one.scenario.operators == number]
        # Where users follow a script, what they do is not counted, and two jobs make more states: these say their own.
        free = [one for one in own if not one.scenario.acts and not one.scenario.budget] or own
        operators[str(number)] = {
            "disturbances": min(_finished(one) for one in free),
            "states": sum(one.states for one in own),
            "depth": max(one.longest for one in own),
            "violations": sum(len(one.violations) for one in own),
            "seconds": round(sum(one.seconds for one in own), 1),
            "scenarios": {
                one.scenario.name: {
                    "disturbances": _finished(one),
                    "states": one.states,
                    "levels": one.levels,
                    "depth": one.longest,
                    "complete": one.complete,
                    "seconds": round(one.seconds, 1),
                }
                for one in own
            },
        }
    _REPORT.parent.mkdir(exist_ok=True)
    _REPORT.write_text(json.dumps({"operators": operators}, indent=2) + "\n")


def depths_of(depth: int | None, only: str | None) -> dict[str, int]:
    """How many disturbances each scenario is tried with.

    Args:
        depth: For one operator, or for the only scenario; None for the whole.
        only: The only scenario to try.
    """
    if only and depth is not None:
        return {only: depth}
    names = [only] if only else list(SCENARIOS)
    return {name: max((DEPTH if depth is None else depth) - _LESS[name], 0) for name in names}


def main() -> int:
    """Explore or replay; 1 if a promise is broken."""
    parser = argparse.ArgumentParser(prog="make explore")
    parser.add_argument("--replay")
    parser.add_argument("--only", choices=sorted(SCENARIOS))
    parser.add_argument("--depth", type=int, help="disturbances for one operator, or for the only scenario")
    parser.add_argument("--minutes", type=float, default=30.0, help="after so many, all end")
    options = parser.parse_args()
    if options.replay:
        logging.disable(logging.CRITICAL)
        return 1 if replayed(options.replay) else 0
    results = list(_all(depths_of(options.depth, options.only), time.monotonic() + options.minutes * 60))
    _report(results)
    return 1 if any(one.violations for one in results) else 0


def _all(depths: dict[str, int], deadline: float) -> Iterator[Explored]:
    """Explore each scenario, print what came of it, and give it back."""
    # The deepest is the longest by far: it comes first, and all processes share it.
    order = sorted(depths.items(), key=lambda one: -one[1])
    known: dict[str, list[tuple[Explored, float]]] = {name: [] for name, _ in order}
    with ProcessPoolExecutor(_WORKERS, max_tasks_per_child=1) as pool:
        running = {
            pool.submit(explored, SCENARIOS[name], depth, deadline, Part(number, _parts(depth))): (name, depth)
            for name, depth in order
            for number in range(_parts(depth))
        }
        for one in as_completed(running):
            name, depth = running[one]
            known[name].append(one.result())
            if len(known[name]) == _parts(depth):
                result = reduce(Explored.joined, (done for done, _ in known[name]))
                _tell(result, sum(cpu for _, cpu in known[name]))
                yield result


def _parts(depth: int) -> int:
    return _WORKERS if depth >= DEPTH else 1


def _tell(result: Explored, cpu: float) -> None:
    note = "" if result.complete else " (out of time: this depth was not finished)"
    took = f"{result.seconds:.0f} s, {cpu:.0f} s of CPU"
    print(f"{result.scenario.name}: {result.states} states, {result.levels} by disturbances, {took}{note}")
    for violation in result.violations:
        _show(violation)


if __name__ == "__main__":
    sys.exit(main())
