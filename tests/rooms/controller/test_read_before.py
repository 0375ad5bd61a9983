"""What is read once for all that ask for the same."""

import pytest

from quantumjob_operator.controller.read_before import ReadBefore


def test_the_same_is_read_once() -> None:
    """And what was not asked for for longest goes first."""
    before, reads = ReadBefore[int](2), []

    def get(key: str) -> int:
        return before.get(key, lambda: reads.append(key) or len(reads))  # type: ignore[func-returns-value]

    assert [get(key) for key in "abacab"] == [1, 2, 1, 3, 1, 4]
    assert reads == ["a", "b", "c", "b"]
    assert (before.find("c"), before.find("a")) == (None, 1)


def test_what_raises_is_read_again() -> None:
    """Nothing is kept of it."""
    before = ReadBefore[int](2)
    with pytest.raises(ZeroDivisionError):
        before.get("a", lambda: 1 // 0)
    assert before.get("a", lambda: 1) == 1
