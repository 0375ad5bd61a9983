"""How large a JSON value is, whatever stands in it."""

from typing import Any

import pytest

from quantumjob_operator.model.measures import bytes_of


def nested(levels: int) -> Any:
    """Lists in lists."""
    value: Any = []
    for _ in range(levels - 1):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("value", "size"),
    [
        pytest.param({"a": [1, None, True]}, 19, id="no white space"),
        pytest.param("é", 4, id="a character beyond ASCII by its bytes"),
        pytest.param("\ud800", 5, id="half of a character, which is no UTF-8"),
        pytest.param(nested(500), 1_000, id="deeper than one of the two readers goes"),
    ],
)
def test_the_bytes_of_a_value(value: Any, size: int) -> None:
    """By either way of counting."""
    assert bytes_of(value) == size
