"""From the bytes of an answer to values, without holding up the event loop.

What is large is read in another thread (see `calculations`), one answer after the other and round-robin by tenant. The
standard library's reader of JSON holds the interpreter's lock for a whole document, so that the number of its values is
bounded before: that bounds the time. Must not live here: what the values mean (`wire`).
"""

import json
from collections.abc import Callable
from typing import Any, Final, TypeVar

from quantumjob_operator.azure.failures import unreadable
from quantumjob_operator.azure.http.bounds import reader_of_request
from quantumjob_operator.azure.times import Unreadable
from quantumjob_operator.model.errors import AnswerTooLarge
from quantumjob_operator.model.json_values import values_in
from quantumjob_operator.scheduling.calculations import aside

MAX_VALUES: Final = 400_000
"""Some 0.15 s of reading at worst; the largest answer recorded from Azure has 113,000 values."""
_AT_ONCE: Final = 32 * 1024

T = TypeVar("T")


async def understood(
    operation: str, status: int, body: bytes, parse: Callable[[Any], T], *, of_list: bool = False
) -> T:
    """The body of a success as JSON, read by `parse`.

    Args:
        operation: For errors.
        status: For errors.
        body: As it came.
        parse: May raise `Unreadable`; runs in another thread if the body is large.
        of_list: It shows the jobs of many: how long these are delays nothing else of the workspace's namespace.

    Raises:
        Retryable: It is no JSON, or `parse` says so; `AnswerTooLarge` if it holds too many values.
    """
    try:
        if len(body) <= _AT_ONCE:
            return parse(load(body))
        if values_in(body, MAX_VALUES) > MAX_VALUES:
            detail = f"the answer cannot be read: it holds more than {MAX_VALUES:,} values"
            raise AnswerTooLarge(operation, status=status, detail=detail)
        reader = reader_of_request()
        return await aside(f"{reader}/lists" if of_list else reader, lambda: parse(load(body)))
    except Unreadable as error:
        raise unreadable(operation, status, str(error)) from None


def load(body: bytes) -> Any:
    """The body as JSON.

    Raises:
        Unreadable: It is none.
    """
    try:
        return json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Unreadable("no JSON") from error
