"""Which worker runs a test file, and when, where several work at a time.

Must not live here: which tests a target runs (the Makefile and the markers).
"""

from collections import Counter
from collections.abc import Sequence
from typing import Final

import pytest
from xdist.scheduler import LoadFileScheduling

TOGETHER: Final = ("tests/gitops", "tests/hostile", "tests/node", "tests/restores", "tests/tenants")
"""Folders whose files share what takes long to set up, so that one worker has them all."""
FIRST: Final = (
    "tests/node",
    "tests/restores",
    "tests/faults/test_short_campaign.py",
    "tests/cluster/test_budgets.py",
    "tests/tenants",
)
"""Few tests that take minutes: begun last, they would run alone."""


class Turns(LoadFileScheduling):  # type: ignore[misc]  # xdist ships no types
    """Hands out units in the order in which they were collected."""

    def _split_scope(self, nodeid: str) -> str:
        return unit(nodeid)


def unit(nodeid: str) -> str:
    """What one worker runs as a whole: the test's file, or its folder."""
    file = nodeid.partition("::")[0]
    return next((folder for folder in TOGETHER if file.startswith(f"{folder}/")), file)


def in_turn(items: Sequence[pytest.Item]) -> list[pytest.Item]:
    """The tests of long units first, then those of units with many tests."""
    sizes = Counter(unit(item.nodeid) for item in items)

    def turn(item: pytest.Item) -> tuple[int, int]:
        one = unit(item.nodeid)
        return (FIRST.index(one) if one in FIRST else len(FIRST)), -sizes[one]

    return sorted(items, key=turn)
