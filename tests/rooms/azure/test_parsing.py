"""How many values an answer may hold: they are counted before they are read, and texts are no values."""

import json
from typing import Any

import pytest

from quantumjob_operator.azure.parsing import MAX_VALUES, understood
from quantumjob_operator.model.errors import AnswerTooLarge

MANY = MAX_VALUES + 1
SHORT_LISTS = "[]," * (MAX_VALUES // 2)


@pytest.mark.parametrize(
    "answer",
    [
        pytest.param({"x": "," * MANY}, id="commas"),
        pytest.param({"x": "[" * MANY + "{:"}, id="brackets"),
        pytest.param({"x": '",' * MANY}, id="escaped quotation marks"),
        pytest.param({"x": "\\" + "," * MANY}, id="a backslash at the beginning"),
        pytest.param({"x": "," * MANY + "\\"}, id="a backslash at the end"),
        pytest.param({"x": "," * MANY + '\\"\\\\'}, id="backslashes and a quotation mark"),
        pytest.param({"x": "é," * MANY}, id="other letters"),
        pytest.param([",,,,,,,," for _ in range(MANY // 8)], id="many texts"),
    ],
)
async def test_texts_are_few_values_whatever_stands_in_them(answer: Any) -> None:
    """Else whoever writes a text makes their job's answer one that nobody reads."""
    for ascii_only in (True, False):
        body = json.dumps(answer, ensure_ascii=ascii_only).encode()
        assert await understood("get_job", 200, body, lambda read: read) == answer


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(f"[{'0,' * MANY}0]".encode(), id="numbers"),
        pytest.param(f"[{SHORT_LISTS}0]".encode(), id="empty lists"),
        pytest.param(f'["\\\\",{SHORT_LISTS}0]'.encode(), id="after a text that ends with a backslash"),
        pytest.param(f'["\\\\\\"",{SHORT_LISTS}0]'.encode(), id="after a text that ends with a quotation mark"),
        pytest.param(f'["é∢",{SHORT_LISTS}0]'.encode(), id="after letters of several bytes"),
        pytest.param(f'["∀",{SHORT_LISTS}0]'.encode("utf-16-le"), id="in UTF-16, after what looks like a quotation"),
        pytest.param(f'[{SHORT_LISTS}"'.encode(), id="before a text that does not end"),
        pytest.param(b"[" + b'"",' * MANY + b"0]", id="empty texts"),
    ],
)
async def test_values_are_counted_wherever_they_stand(body: bytes) -> None:
    """No text before them hides them."""
    with pytest.raises(AnswerTooLarge, match="values"):
        await understood("get_job", 200, body, lambda read: read)
