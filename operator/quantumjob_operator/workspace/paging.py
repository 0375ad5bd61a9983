"""Following `nextLink`: a link comes from outside, and a credential goes with it, so it is checked like an endpoint.

Pure: the caller sends the requests.
"""

from typing import Final

import httpx

from quantumjob_operator.workspace.origins import OriginError, origin_of
from quantumjob_operator.workspace.wire import Unreadable

MAX_PAGES: Final = 10_000


class Trail:
    """The links of one list, from its first page to its last.

    Args:
        first: The URL of the first page; further pages have its origin and its path.
    """

    def __init__(self, first: str) -> None:
        self._origin = origin_of(first)
        self._path = _path(httpx.URL(first))
        self._seen = set[str]()

    def follow(self, link: str) -> str:
        """The URL of the next page.

        Args:
            link: The `nextLink` of the page before.

        Returns:
            The link, without the API version (each request adds its own).

        Raises:
            Unreadable: The link leads elsewhere than to more of the same list, or around in a circle.
        """
        try:
            same_origin = origin_of(link) == self._origin
        except OriginError as error:
            raise Unreadable(f"nextLink: {error}") from None
        if not same_origin:
            raise Unreadable("nextLink leads to another origin")
        url = httpx.URL(link)
        if _path(url) != self._path:
            raise Unreadable("nextLink leads to another path")
        if link in self._seen or len(self._seen) >= MAX_PAGES:
            raise Unreadable("nextLink leads around in a circle")
        self._seen.add(link)
        return str(url.copy_remove_param("api-version"))


def _path(url: httpx.URL) -> str:
    # Resource ids are compared without case throughout Azure.
    return url.raw_path.partition(b"?")[0].decode("ascii").rstrip("/").lower()
