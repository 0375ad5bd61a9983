"""Mutants that nobody chose: drawn from all sites of the core by a seed, the same ones for the same seed and code.

First a place is drawn, then one of the operators that fit there, so that a comparison, of which there are seven
variants, counts no more than a call. Must not live here: running anything (`hunt`).
"""

import ast
import difflib
import random
import tomllib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from cosmic_ray.mutating import mutate_code

from mutants.sites import Site, operators, sites

_PACKAGE: Final = "operator/quantumjob_operator"
CORE: Final = (
    f"{_PACKAGE}/lifecycle",
    f"{_PACKAGE}/results",
    f"{_PACKAGE}/azure/poller.py",
    f"{_PACKAGE}/azure/wire.py",
    f"{_PACKAGE}/controller/inflight_limiter.py",
    f"{_PACKAGE}/controller/submitter.py",
    f"{_PACKAGE}/scheduling/fair_queue.py",
)
"""What decides about money; folders whole."""
EQUIVALENT: Final = Path(__file__).resolve().parent / "equivalent.toml"


@dataclass(frozen=True, slots=True)
class Drawn:
    """One mutant.

    Attributes:
        path: Of the source, from the root of the project.
        operator: By whose name it was made.
        source: The whole text of the file, mutated.
        was: The lines that are different, stripped.
        becomes: What stands there now.
        diff: For people.
    """

    path: str
    operator: str
    source: str
    was: str
    becomes: str
    diff: str

    @property
    def key(self) -> tuple[str, str, str]:
        """By what an entry in the list of equivalent ones is found: its text, for numbers of lines change."""
        return self.path, self.was, self.becomes


def sources(tree: Path) -> list[Path]:
    """The files of the core in a tree."""
    found = [tree / each for each in CORE]
    return sorted(file for each in found for file in (each.rglob("*.py") if each.is_dir() else [each]))


def draw(tree: Path, count: int, seed: int) -> list[Drawn]:
    """So many different mutants of the core in a tree, fewer if there are no more."""
    places: defaultdict[tuple[Path, tuple[int, int], tuple[int, int]], list[Site]] = defaultdict(list)
    for path in sources(tree):
        for site in sites(path.read_text()):
            places[path, site.start, site.stop].append(site)
    chance, order, found = random.Random(seed), sorted(places), list[Drawn]()  # noqa: S311 - no secrets
    chance.shuffle(order)
    for place in order:
        if len(found) == count:
            break
        mutant = _mutant(tree, place[0], chance.choice(places[place]))
        if mutant and mutant.key not in {one.key for one in found}:
            found.append(mutant)
    return found


def _mutant(tree: Path, path: Path, site: Site) -> Drawn | None:
    """The mutant of a site; None if nothing changes, or what comes is no Python."""
    before = path.read_text()
    after = mutate_code(before, operators()[site.operator], site.occurrence)
    try:
        if after is None or ast.dump(ast.parse(after)) == ast.dump(ast.parse(before)):
            return None
    except SyntaxError:
        return None
    name = str(path.relative_to(tree))
    lines = list(difflib.unified_diff(before.splitlines(), after.splitlines(), name, name, lineterm="", n=2))
    return Drawn(name, site.operator, after, _changed(lines, "-"), _changed(lines, "+"), "\n".join(lines))


def _changed(diff: Sequence[str], sign: str) -> str:
    return "\n".join(line[1:].strip() for line in diff[2:] if line.startswith(sign))


@dataclass(frozen=True, slots=True)
class Equivalent:
    """A mutant that no test can notice, and why."""

    path: str
    was: str
    becomes: str
    why: str

    @property
    def key(self) -> tuple[str, str, str]:
        """As of `Drawn`."""
        return self.path, self.was, self.becomes


def equivalent(file: Path = EQUIVALENT) -> Iterator[Equivalent]:
    """The list of those that were reconciled and change nothing that anybody can see."""
    for each in tomllib.loads(file.read_text()).get("mutant", []):
        yield Equivalent(f"{_PACKAGE}/{each['path']}", each["was"].strip(), each["becomes"].strip(), each["why"])
