"""The command `python -m mutants`: tries out all mutants, or those named, and shows what became of each.

Only the command line and the table; the work is done by `mutants.trial`.
"""

import argparse
import sys
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from queue import SimpleQueue
from typing import Final

from rich.console import Console
from rich.table import Table

from mutants.mutant import Mutant, all_mutants
from mutants.trial import Result, Trial, failing, try_out, worktree

_PROJECT: Final = Path(__file__).resolve().parents[2]
_AT_A_TIME: Final = 2


def main() -> int:
    """Try them out; returns 0 only if each was killed by its test."""
    parser = argparse.ArgumentParser(prog="mutants", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", help="of patches without their ending; all if none is given")
    names = parser.parse_args().names
    mutants = [one for one in all_mutants() if not names or one.name in names]
    console, began = Console(stderr=True), time.monotonic()
    with ExitStack() as stack:
        trees = [stack.enter_context(worktree(_PROJECT)) for _ in range(_AT_A_TIME)]
        if said := failing(trees[0], sorted({one.test for one in mutants})):
            console.print(f"the tests fail without any mutant:\n{said}", markup=False)
            return 1
        trials = _all(mutants, trees, console)
    console.print(_table(trials))
    console.print(f"{len(trials)} mutants in {time.monotonic() - began:.0f} s")
    return 0 if trials and all(one.result is Result.KILLED for one in trials) else 1


def _all(mutants: Sequence[Mutant], trees: Sequence[Path], console: Console) -> list[Trial]:
    free: SimpleQueue[Path] = SimpleQueue()
    for tree in trees:
        free.put(tree)

    def one(mutant: Mutant) -> Trial:
        tree = free.get()
        try:
            trial = try_out(mutant, tree)
        finally:
            free.put(tree)
        console.print(f"{trial.result:17} {mutant.name}", markup=False)
        if trial.said:
            console.print(trial.said, markup=False)
        return trial

    with ThreadPoolExecutor(len(trees)) as pool:
        return list(pool.map(one, mutants))


def _table(trials: Sequence[Trial]) -> Table:
    table = Table("mutant", "breaks", "result", title="Mutants")
    for trial in trials:
        style = "green" if trial.result is Result.KILLED else "bold red"
        table.add_row(trial.mutant.name, trial.mutant.promise, f"[{style}]{trial.result}[/]")
    return table


if __name__ == "__main__":
    sys.exit(main())
