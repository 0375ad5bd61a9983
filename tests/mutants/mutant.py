"""A mutant: a patch that breaks one promise on purpose, and the test that must notice.

The lines before the patch say both:

    Promise: A GET stands before every PUT.
    Test: tests/rooms/lifecycle/test_new.py::test_the_path

Must not live here: applying it or running anything (`trial`).
"""

from dataclasses import dataclass
from pathlib import Path
from typing import Final, Self

FOLDER: Final = Path(__file__).resolve().parent
_PROMISE: Final = "Promise:"
_TEST: Final = "Test:"


class MalformedMutant(ValueError):  # noqa: N818 - reads as what it says on the terminal
    """A patch whose header does not say what it breaks or which test must notice."""


@dataclass(frozen=True, slots=True)
class Mutant:
    """One patch.

    Attributes:
        name: Of its file, without the ending.
        promise: What it breaks.
        test: What pytest is to run; must fail.
        patch: Its file.
    """

    name: str
    promise: str
    test: str
    patch: Path

    @classmethod
    def read(cls, patch: Path) -> Self:
        """Read the header of a patch.

        Raises:
            MalformedMutant: A line is missing.
        """
        header = patch.read_text().partition("\ndiff --git ")[0].splitlines()
        return cls(patch.stem, _line(patch, header, _PROMISE), _line(patch, header, _TEST), patch)


def all_mutants(folder: Path = FOLDER) -> list[Mutant]:
    """All mutants of a folder, by name."""
    return [Mutant.read(patch) for patch in sorted(folder.glob("*.patch"))]


def _line(patch: Path, header: list[str], key: str) -> str:
    found = [line.removeprefix(key).strip() for line in header if line.startswith(key)]
    if len(found) != 1 or not found[0]:
        raise MalformedMutant(f"{patch.name}: its header needs one line that begins with {key!r}")
    return found[0]
