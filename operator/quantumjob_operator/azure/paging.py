"""Following `nextLink`: a link comes from outside, and a credential goes with it, so it is checked like an endpoint.

Pure: the caller sends the requests.
"""

import hashlib
from typing import Final

import httpx

from quantumjob_operator.azure.http.allowlist import OriginError, origin_of
from quantumjob_operator.azure.times import Unreadable
from quantumjob_operator.model.errors import AnswerTooLarge

MAX_PAGES: Final = 1_000
"""Of a list of jobs, with a hundred rows on each; all other lists are shorter."""
MAX_ROWS: Final = 1_000
"""Of a list that is shown in a status: the schema takes no more; and of a page, of which a hundred are asked for."""


class Trail:
    """The links of one list, from its first page to its last.

    Args:
        operation: For errors.
        first: The URL of the first page; further pages have its origin and its path.
        max_pages: Where a list is taken to have no end.
    """

    def __init__(self, operation: str, first: str, max_pages: int = MAX_PAGES) -> None:
        self._operation = operation
        self._max_pages = max_pages
        self._origin = origin_of(first)
        self._path = _path(httpx.URL(first))
        self._seen = set[bytes]()

    def follow(self, link: str) -> str:
        """The URL of the next page.

        Args:
            link: The `nextLink` of the page before.

        Returns:
            The link, without the API version (each request adds its own).

        Raises:
            Unreadable: The link leads elsewhere than to more of the same list, or around in a circle.
            AnswerTooLarge: There were so many pages already.
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
        digest = hashlib.sha256(link.encode(errors="replace")).digest()
        if digest in self._seen:
            raise Unreadable("nextLink leads around in a circle")
        if len(self._seen) >= self._max_pages - 1:
            detail = f"the list cannot be read: it has more than {self._max_pages:,} pages"
            raise AnswerTooLarge(self._operation, detail=detail)
        self._seen.add(digest)
        return str(url.copy_remove_param("api-version"))


def _path(url: httpx.URL) -> str:
    # Resource ids are compared without case throughout Azure.
    return url.raw_path.partition(b"?")[0].decode("ascii").rstrip("/").lower()
