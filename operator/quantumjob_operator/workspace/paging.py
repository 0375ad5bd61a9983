"""Following `nextLink`: a link comes from outside, and a credential goes with it, so it is checked like an endpoint.

Pure: the caller sends the requests.
"""

from typing import Final

import httpx

from quantumjob_operator.workspace.origins import OriginError, origin_of
from quantumjob_operator.workspace.wire import Unreadable

MAX_PAGES: Final = 10_000


def next_url(link: str, first: str, seen: set[str]) -> str:
    """The URL of the next page.

    Args:
        link: The `nextLink` of the page before.
        first: The URL of the first page.
        seen: The links followed so far; the new one is added.

    Returns:
        The link, without the API version (each request adds its own).

    Raises:
        Unreadable: The link leads elsewhere than to more of the same list, or around in a circle.
    """
    try:
        same_origin = origin_of(link) == origin_of(first)
    except OriginError as error:
        raise Unreadable(f"nextLink: {error}") from None
    if not same_origin:
        raise Unreadable("nextLink leads to another origin")
    url = httpx.URL(link)
    if _path(url) != _path(httpx.URL(first)):
        raise Unreadable("nextLink leads to another path")
    if link in seen or len(seen) >= MAX_PAGES:
        raise Unreadable("nextLink leads around in a circle")
    seen.add(link)
    return str(url.copy_remove_param("api-version"))


def _path(url: httpx.URL) -> str:
    # Resource ids are compared without case throughout Azure.
    return url.raw_path.partition(b"?")[0].decode("ascii").rstrip("/").lower()
