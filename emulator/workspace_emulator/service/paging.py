"""Pages of lists: what the query asks for, and the link to the next page; where rows come from is the stores' part."""

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from sqlite3 import Row
from typing import Any, Final

from starlette.requests import Request

from workspace_emulator.contract.errors import Code, ServiceError, bad_request
from workspace_emulator.jobs.database import Page, Place
from workspace_emulator.jobs.filters import Condition, Order, parse_filter, parse_order

_TOKEN: Final = "continuationToken"  # noqa: S105 - the name of a query key


@dataclass(frozen=True, slots=True)
class ListQuery:
    """What a list is asked for."""

    condition: Condition
    order: Order
    place: Place
    size: int


def read_query(request: Request, fields: Mapping[str, str], page_size: int) -> ListQuery:
    """Return what the query asks for.

    Args:
        request: The request.
        fields: SQL expression of the store by field name, for `filter` and `orderby`.
        page_size: Largest page; `top` can only make it smaller, and does not limit the whole list.

    Raises:
        ServiceError: 400, a key of the query is wrong.
    """
    query = request.query_params
    top = _number(query.get("top"), "top", least=1)
    return ListQuery(
        condition=parse_filter(query.get("filter"), fields),
        order=parse_order(query.get("orderby"), fields),
        place=_place(query.get(_TOKEN), _number(query.get("skip"), "skip", least=0)),
        size=min(top or page_size, page_size),
    )


def page_json(request: Request, page: Page, present: Callable[[Row], dict[str, Any]]) -> dict[str, Any]:
    """Return a page as JSON, with an absolute link to the next one that carries the whole query."""
    link = None
    if page.following is not None:
        token = {_TOKEN: _token(page.following)}
        link = str(request.url.remove_query_params("skip").include_query_params(**token))
    return {"value": [present(row) for row in page.rows], "nextLink": link}


def _place(token: str | None, skip: int | None) -> Place:
    if token is None:
        return Place(skip=skip or 0)
    try:
        value, row = json.loads(base64.urlsafe_b64decode(token))
    except (ValueError, TypeError):
        raise bad_request(Code.INVALID_REQUEST, f"{_TOKEN} is not one of ours", _TOKEN) from None
    if not isinstance(value, str | float | int) or not isinstance(row, int):
        raise bad_request(Code.INVALID_REQUEST, f"{_TOKEN} is not one of ours", _TOKEN)
    return Place(value=value, row=row)


def _token(place: Place) -> str:
    return base64.urlsafe_b64encode(json.dumps([place.value, place.row]).encode()).decode()


def _number(text: str | None, key: str, *, least: int) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal()) or int(text[:9]) < least:
        raise _wrong_number(key, least)
    return int(text[:9])


def _wrong_number(key: str, least: int) -> ServiceError:
    return bad_request(Code.INVALID_REQUEST, f"{key} must be a whole number of at least {least}", key)
