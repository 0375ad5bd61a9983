"""The hunt for drawn mutants: each put into a tree of its own, where the quick suites must notice it.

Must not live here: which mutants there are (`drawn`), or the command line (`__main__`).
"""

import os
import subprocess
import sys
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from enum import StrEnum
from importlib.util import cache_from_source
from pathlib import Path
from queue import SimpleQueue
from typing import Any, Final

from mutants.drawn import Drawn
from mutants.trial import environment

NEAR: Final[Mapping[str, Sequence[str]]] = {
    "lifecycle": ("tests/rooms/lifecycle/test_*.py",),
    "results": ("tests/rooms/results",),
    "poller": ("tests/rooms/azure/test_poller*.py", "tests/tenants/test_polls.py"),
    "inflight_limiter": ("tests/rooms/controller/test_inflight_*.py",),
    "fair_queue": ("tests/rooms/scheduling/test_fair_queue.py", "tests/rooms/controller/test_inflight_*.py"),
    "submitter": ("tests/rooms/controller/test_submitter*.py",),
    "wire": ("tests/rooms/azure/test_wire.py", "tests/rooms/azure/test_requests.py"),
}
"""Where a mutant of a module or folder dies most often: tried first, to save the time of all the others."""
_SEARCHING: Final = ("laws", "schedules")
"""In the names of files that try hundreds of examples: last among those that are near."""
_SLOW: Final = "tests/rooms/lifecycle/test_machine.py"
STAGES: Final = (
    (
        "tests/rooms",
        "tests/tenants",
        f"--ignore={_SLOW}",
        "--ignore-glob=tests/rooms/azure/test_entra*.py",
        "--ignore=tests/rooms/azure/test_environment.py",
        "--ignore=tests/rooms/azure/test_with_emulator.py",
        "--ignore=tests/rooms/azure/test_storage_troubles.py",
    ),
    (_SLOW, "tests/rooms/azure/test_storage_troubles.py"),
)
"""What needs neither a cluster nor Azurite; the slow ones only if nothing else has noticed."""
_LEAST_SECONDS: Final = 120.0
_TIMES_THE_USUAL: Final = 5.0
_NEAR_SECONDS: Final = 240.0
_ONE_FAILED: Final = 1
_TARGET: Final = 0.95


class Fate(StrEnum):
    """What became of a drawn mutant."""

    KILLED = "killed"
    TIMED_OUT = "timed out"  # it hangs, which is noticed too
    SURVIVED = "SURVIVED"
    EQUIVALENT = "equivalent"  # survived, and is on the list of those that change nothing
    BROKEN = "does not load"  # no test had to notice; not counted


@dataclass(frozen=True, slots=True)
class Hunted:
    """A mutant and its fate."""

    mutant: Drawn
    fate: Fate
    by: str = ""


class SuitesFail(RuntimeError):  # noqa: N818 - reads as what it says on the terminal
    """The suites fail without any mutant, so that they prove nothing."""


def hunt(
    mutants: Sequence[Drawn],
    trees: Sequence[Path],
    *,
    known: Collection[tuple[str, str, str]] = (),
    stages: Sequence[Sequence[str]] = STAGES,
    report: Callable[[Hunted], None] = lambda _: None,
) -> list[Hunted]:
    """Try all out, in as many trees at a time as there are.

    Args:
        mutants: What was drawn.
        trees: Clean worktrees.
        known: Keys of those that are equivalent.
        stages: What pytest is to run, in turn, until one fails.
        report: Told of each.

    Raises:
        SuitesFail: Without any mutant.
    """
    limits = [_usual(trees[0], stage) for stage in stages]
    free: SimpleQueue[Path] = SimpleQueue()
    for tree in trees:
        free.put(tree)

    def one(mutant: Drawn) -> Hunted:
        tree = free.get()
        try:
            hunted = _try(mutant, tree, list(zip(stages, limits, strict=True)), known)
        finally:
            free.put(tree)
        report(hunted)
        return hunted

    with ThreadPoolExecutor(len(trees)) as pool:
        return list(pool.map(one, mutants))


def figures(hunted: Sequence[Hunted], seed: int) -> dict[str, Any]:
    """The JSON of `build/mutants.json`; `killed_share` is of those that are neither equivalent nor broken."""
    counts = {fate: sum(one.fate is fate for one in hunted) for fate in Fate}
    killed = counts[Fate.KILLED] + counts[Fate.TIMED_OUT]
    counted = killed + counts[Fate.SURVIVED]
    return {
        "seed": seed,
        "drawn": len(hunted),
        **{fate.name.lower(): count for fate, count in counts.items()},
        "killed_share": round(killed / counted, 4) if counted else None,
        "survivors": [
            {"path": one.mutant.path, "operator": one.mutant.operator, "diff": one.mutant.diff}
            for one in hunted
            if one.fate is Fate.SURVIVED
        ],
    }


def enough(result: dict[str, Any]) -> bool:
    """Whether the tests noticed as many as they must."""
    return result["killed_share"] is not None and result["killed_share"] >= _TARGET


def _usual(tree: Path, stage: Sequence[str]) -> float:
    began = time.monotonic()
    done = _pytest(tree, stage, None)
    if done is None or done.returncode:
        raise SuitesFail("the suites fail without any mutant:\n" + _end(done.stdout if done else ""))
    return max(_LEAST_SECONDS, _TIMES_THE_USUAL * (time.monotonic() - began))


def _try(
    mutant: Drawn, tree: Path, stages: Sequence[tuple[Sequence[str], float]], known: Collection[tuple[str, str, str]]
) -> Hunted:
    file = tree / mutant.path
    before = file.read_text()
    _rewrite(file, mutant.source)
    try:
        near = _near(mutant, tree)
        for stage, limit in (*([(near, _NEAR_SECONDS)] if near else []), *stages):
            done = _pytest(tree, stage, limit)
            if done is None:
                return Hunted(mutant, Fate.TIMED_OUT)
            if done.returncode == _ONE_FAILED:
                return Hunted(mutant, Fate.KILLED, _who(done.stdout))
            if done.returncode:
                return Hunted(mutant, Fate.BROKEN)
    finally:
        _rewrite(file, before)
    return Hunted(mutant, Fate.EQUIVALENT if mutant.key in known else Fate.SURVIVED)


def _rewrite(file: Path, text: str) -> None:
    """Change a source; what was compiled of it goes: another text of the same length and second would pass as it."""
    file.write_text(text)
    Path(cache_from_source(str(file))).unlink(missing_ok=True)


def _near(mutant: Drawn, tree: Path) -> list[str]:
    """The test files that are tried first, of those that a tree has."""
    parts = Path(mutant.path).with_suffix("").parts
    patterns = (pattern for name, patterns in NEAR.items() if name in parts for pattern in patterns)
    found = (str(file.relative_to(tree)) for pattern in patterns for file in sorted(tree.glob(pattern)))
    near = [file for file in dict.fromkeys(found) if file != _SLOW]
    # Files that are named after the module come first.
    return sorted(near, key=lambda file: (any(word in file for word in _SEARCHING), parts[-1] not in file))


def _pytest(tree: Path, stage: Sequence[str], limit: float | None) -> "subprocess.CompletedProcess[str] | None":
    """What pytest did; None if it came to no end."""
    argv = [sys.executable, "-m", "pytest", "-x", "-q", "-n0", "--durations=0", "--durations-min=1000"]
    argv += ["-p", "no:cacheprovider", "-m", "not cluster and not slow", "--tb=no", *stage]
    # The examples of Hypothesis are the same each time: only the mutant may make a difference.
    env = environment(tree) | {"CI": "1"}
    # Compiled anew each time, the tests would cost more than they take to run.
    del env["PYTHONDONTWRITEBYTECODE"]
    process = subprocess.Popen(
        argv, cwd=tree, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, start_new_session=True
    )
    try:
        said, _ = process.communicate(timeout=limit)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, 9)
        process.communicate()
        return None
    return subprocess.CompletedProcess(argv, process.returncode, said, "")


def _who(said: str) -> str:
    return next((line.removeprefix("FAILED ") for line in said.splitlines() if line.startswith("FAILED ")), "")


def _end(said: str) -> str:
    return "\n".join(said.splitlines()[-15:])
