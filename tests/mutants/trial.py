"""The trial of mutants: each applied in a worktree of its own beside the working tree, where its test must fail.

A test that fails without the patch proves nothing, so all of them are run on the unchanged tree first. Must not live
here: the command line or the table (`__main__`).
"""

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Final

from mutants.mutant import Mutant

_TEST_SECONDS: Final = 240.0
_FAILED: Final = re.compile(r"^FAILED ", re.MULTILINE)
_SOURCES: Final = ("operator", "emulator", "client", "tests")


class Result(StrEnum):
    """What became of a mutant."""

    KILLED = "killed"  # its test fails, as it must
    SURVIVED = "SURVIVED"  # its test passes: the promise is not held by it
    STALE = "DOES NOT APPLY"  # the code has moved on: renew the patch
    BROKEN = "TEST DOES NOT RUN"  # for another reason than a failed assertion


@dataclass(frozen=True, slots=True)
class Trial:
    """A mutant and what became of it; `said` is the end of what its test said, unless it was killed."""

    mutant: Mutant
    result: Result
    said: str = ""


@contextmanager
def worktree(project: Path) -> Iterator[Path]:
    """The last commit, checked out in a temporary folder."""
    with tempfile.TemporaryDirectory(prefix="quantumjob-mutants-") as folder:
        place = Path(folder) / "tree"
        _git(project, "worktree", "add", "--quiet", "--detach", str(place), "HEAD")
        try:
            yield place
        finally:
            _git(project, "worktree", "remove", "--force", str(place))


def failing(tree: Path, tests: Sequence[str]) -> str:
    """What pytest says of tests that do not pass in a tree; empty if they all do."""
    done = _pytest(tree, tests)
    return "" if done.returncode == 0 else _end(done)


def try_out(mutant: Mutant, tree: Path) -> Trial:
    """Apply a mutant in a clean tree, run its test, and clean the tree again."""
    applied = subprocess.run(
        ["git", "apply", "--whitespace=nowarn", str(mutant.patch)],
        cwd=tree,
        capture_output=True,
        text=True,
        check=False,
    )
    if applied.returncode:
        return Trial(mutant, Result.STALE, applied.stderr.strip())
    try:
        return _judged(mutant, _pytest(tree, [mutant.test]))
    finally:
        _git(tree, "reset", "--quiet", "--hard")


def _judged(mutant: Mutant, done: "subprocess.CompletedProcess[str]") -> Trial:
    if done.returncode == 0:
        return Trial(mutant, Result.SURVIVED)
    if done.returncode == 1 and _FAILED.search(done.stdout):
        return Trial(mutant, Result.KILLED)
    return Trial(mutant, Result.BROKEN, _end(done))


def environment(tree: Path) -> dict[str, str]:
    """For a process that is to run a tree's code, not what is installed; programs that it starts included."""
    path = os.pathsep.join(str(tree / source) for source in _SOURCES)
    return os.environ | {"PYTHONPATH": path, "PYTHONDONTWRITEBYTECODE": "1"}


def _pytest(tree: Path, tests: Sequence[str]) -> "subprocess.CompletedProcess[str]":
    argv = [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", *tests]
    try:
        return subprocess.run(
            argv, cwd=tree, env=environment(tree), capture_output=True, text=True, timeout=_TEST_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        return subprocess.CompletedProcess(argv, -1, f"no end after {_TEST_SECONDS} s", "")


def _end(done: "subprocess.CompletedProcess[str]") -> str:
    return "\n".join((done.stdout + done.stderr).splitlines()[-15:])


def _git(place: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=place, check=True, capture_output=True)
