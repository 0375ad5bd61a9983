"""Equal elements of the lists of a result are one object, so that a million shots cost no more than their values."""

import json
from typing import Any

import pytest

from quantumjob_operator.results.lean import load


def refuse(word: str) -> Any:
    """NaN and the infinities are no part of these results."""
    raise ValueError(word)


def text(length: int) -> str:
    """A list of two equal strings, each so long with its quotes."""
    return json.dumps(["x" * (length - 2)] * 2)


@pytest.mark.parametrize(
    ("document", "shared"),
    [
        pytest.param('["00","00"]', True, id="a list of shots"),
        pytest.param("[[0, 1], [0, 1]]", True, id="shots that are lists of bits"),
        pytest.param('{"c":["00","00"]}', True, id="a register"),
        pytest.param('[{"c":["00","00"]}]', True, id="an object in a list"),
        pytest.param('[ {"c":["00","00"]}]', True, id="an object in a list, behind a space"),
        pytest.param('[{"a":{"b":["00","00"]}}]', True, id="as deep as results of a batch"),
        pytest.param('{"a":{"b":{"c":["00","00"]}}}', True, id="three objects deep"),
        pytest.param('{"a":{"b":{"c":{"d":["00","00"]}}}}', False, id="deeper than any format"),
        pytest.param(text(256), True, id="as long as is remembered"),
        pytest.param(text(257), False, id="too long to be remembered"),
    ],
)
def test_equal_elements_are_one_object(document: str, *, shared: bool) -> None:
    """And the document reads as the standard library reads it."""
    value = inner = load(document, dict, refuse)
    assert value == json.loads(document)
    while len(inner) == 1:
        (inner,) = inner.values() if isinstance(inner, dict) else inner
    first, second = inner
    assert (first is second) is shared
