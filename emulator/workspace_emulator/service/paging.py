"""Pages of lists: what the query asks for, and the link to the next page; where rows come from is the stores' part."""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from sqlite3 import Row
from typing import Any, Final
from urllib.parse import quote

from starlette.requests import Request

from workspace_emulator.contract.errors import Code, ServiceError, bad_request
from workspace_emulator.jobs.database import Page
from workspace_emulator.jobs.filters import Condition, Order, parse_filter, parse_order

# The keys of a link in the service's order, and what it leaves unescaped.
_BEFORE: Final = ("filter", "orderby")
_PLAIN: Final = "()"


@dataclass(frozen=True, slots=True)
class ListQuery:
    """What a list is asked for."""

    condition: Condition
    order: Order
    skip: int
    size: int


def read_query(request: Request, fields: Mapping[str, str], page_size: int, refused: Collection[str] = ()) -> ListQuery:
    """Return what the query asks for.

    Args:
        request: The request.
        fields: SQL expression of the store by field name, for `filter` and `orderby`.
        page_size: Largest page; `top` can only make it smaller, and does not limit the whole list.
        refused: Words that a filter may not have.

    Raises:
        ServiceError: 400, a key of the query is wrong.
    """
    query = request.query_params
    top = _number(query.get("top"), "top", least=1)
    return ListQuery(
        condition=parse_filter(query.get("filter"), fields, refused),
        order=parse_order(query.get("orderby"), fields),
        skip=_number(query.get("skip"), "skip", least=0) or 0,
        size=min(top or page_size, page_size),
    )


def page_json(request: Request, page: Page, size: int, present: Callable[[Row], dict[str, Any]]) -> dict[str, Any]:
    """Return a page as JSON, with an absolute link to the next one that carries the whole query."""
    link = None if page.following is None else _link(request, skip=page.following, top=size)
    return {"value": [present(row) for row in page.rows], "nextLink": link}


def _link(request: Request, *, skip: int, top: int) -> str:
    query = request.query_params
    kept = {key: query[key] for key in _BEFORE if key in query}
    values = {**kept, "top": top, "skip": skip, "api-version": query["api-version"]}
    text = "&".join(f"{key}={quote(str(value), safe=_PLAIN)}" for key, value in values.items())
    return str(request.url.replace(query=text))


def _number(text: str | None, key: str, *, least: int) -> int | None:
    if text is None:
        return None
    if not (text.isascii() and text.isdecimal()) or int(text[:9]) < least:
        raise _wrong_number(key, least)
    return int(text[:9])


def _wrong_number(key: str, least: int) -> ServiceError:
    return bad_request(Code.INVALID_REQUEST, f"{key} must be a whole number of at least {least}", key)
