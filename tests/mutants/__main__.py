"""The command `python -m mutants`: tries out all mutants, those named, or random ones, and shows what became of each.

Only the command line and the table; the work is done by `mutants.trial` and `mutants.hunt`.
"""

import argparse
import json
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

from mutants.drawn import draw, equivalent
from mutants.hunt import Fate, Hunted, SuitesFail, enough, figures, hunt
from mutants.mutant import Mutant, all_mutants
from mutants.trial import Result, Trial, failing, try_out, worktree

_PROJECT: Final = Path(__file__).resolve().parents[2]
_FIGURES: Final = _PROJECT / "build" / "mutants.json"
_AT_A_TIME: Final = 2


def main() -> int:
    """Try them out; returns 0 only if each was killed by its test."""
    parser = argparse.ArgumentParser(prog="mutants", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", help="of patches without their ending; all if none is given")
    parser.add_argument("--random", type=int, default=0, help="instead: so many that are drawn from the whole core")
    parser.add_argument("--seed", type=int, default=1, help="draws them")
    arguments = parser.parse_args()
    if arguments.random:
        return _hunt(arguments.random, arguments.seed)
    names = arguments.names
    mutants = [one for one in all_mutants() if not names or one.name in names]
    if unknown := sorted({*names} - {one.name for one in mutants}):
        parser.error(f"no mutant has the name {', '.join(unknown)}")
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


def _hunt(count: int, seed: int) -> int:
    """Draw mutants and try them out; returns 0 only if enough were killed."""
    console, began = Console(stderr=True), time.monotonic()

    def report(one: Hunted) -> None:
        console.print(f"{one.fate:13} {one.mutant.path} {one.mutant.operator} {one.by}", markup=False, soft_wrap=True)
        if one.fate is Fate.SURVIVED:
            console.print(one.mutant.diff, markup=False, highlight=False)

    with ExitStack() as stack:
        trees = [stack.enter_context(worktree(_PROJECT)) for _ in range(_AT_A_TIME)]
        try:
            known = {one.key for one in equivalent()}
            hunted = hunt(draw(trees[0], count, seed), trees, known=known, report=report)
        except SuitesFail as error:
            console.print(str(error), markup=False)
            return 1
    result = figures(hunted, seed) | {"seconds": round(time.monotonic() - began)}
    _FIGURES.parent.mkdir(exist_ok=True)
    _FIGURES.write_text(json.dumps(result, indent=2) + "\n")
    console.print(json.dumps({name: value for name, value in result.items() if name != "survivors"}), markup=False)
    return 0 if enough(result) else 1


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
