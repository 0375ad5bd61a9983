"""Single requests to a blob, by the SAS in its URI: Put Blob, and Get Blob from one byte to another.

They are sent as they are. Azure's storage library would build a pipeline of some fifteen steps for each blob, which
takes several times what the request takes. Must not live here: what a blob is for (`blobs`), or what a failure means
(`failures`).
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Final
from uuid import uuid4

import aiohttp
from yarl import URL

from quantumjob_operator.azure.channel import USER_AGENT
from quantumjob_operator.azure.failures import StorageAnswer, WrongPart

# What each of the two requests has meant since, so that no newer version changes it.
_VERSION: Final = "2021-12-02"
_CREATED: Final = frozenset({201})
_READ: Final = frozenset({200, 206})
_NO_SUCH_BYTE: Final = 416
_RANGE: Final = re.compile(r"bytes ([0-9]{1,18})-([0-9]{1,18})/([0-9]{1,18})")
_CONNECT_SECONDS: Final = 20.0
# The whole is bounded by who asks.
_TIMEOUT: Final = aiohttp.ClientTimeout(total=None, sock_connect=_CONNECT_SECONDS)


@dataclass(frozen=True, slots=True)
class Part:
    """Bytes of a blob, and what is known of the whole of it.

    Attributes:
        size: Of the whole blob.
        etag: Of the version that was read; empty if the account named none.
    """

    body: bytes = field(repr=False)
    size: int
    etag: str


async def put_blob(
    session: aiohttp.ClientSession, uri: str, content: bytes, content_type: str, *, only_new: bool
) -> None:
    """Write a block blob in one request.

    Args:
        session: The shared connections.
        uri: Of the blob, with its SAS.
        content: All of it.
        content_type: As readers of the blob are told it.
        only_new: Whether one that is there stays.

    Raises:
        StorageAnswer: It was not created.
        aiohttp.ClientError: The exchange broke off; so may an `OSError` tell.
    """
    headers = {
        "Content-Type": "application/octet-stream",
        "x-ms-blob-type": "BlockBlob",
        "x-ms-blob-content-type": content_type,
    }
    headers |= {"If-None-Match": "*"} if only_new else {}
    await _send(session, "PUT", uri, headers, content, _CREATED)


async def get_part(session: aiohttp.ClientSession, uri: str, first: int, most: int, etag: str = "") -> Part:
    """Read a blob from one byte on.

    Args:
        session: The shared connections.
        uri: Of the blob, with its SAS.
        first: Number of the first byte.
        most: How many at most.
        etag: Of the version that is read; of whichever is there if empty.

    Raises:
        StorageAnswer: It could not be read, or is another version now.
        WrongPart: The answer is not the part that was asked for.
        aiohttp.ClientError: The exchange broke off; so may an `OSError` tell.
    """
    headers = {"x-ms-range": f"bytes={first}-{first + most - 1}"} | ({"If-Match": etag} if etag else {})
    try:
        told, body = await _send(session, "GET", uri, headers, None, _READ)
    except StorageAnswer as answer:
        if (answer.status, first) == (_NO_SUCH_BYTE, 0):
            return Part(b"", 0, "")  # an empty blob has no first byte to be read
        raise
    found = _RANGE.fullmatch(told.get("Content-Range", ""))
    if found is None:
        raise WrongPart("it does not say which part it is")
    begin, size = int(found[1]), int(found[3])
    if begin != first or len(body) != min(most, size - first):
        raise WrongPart("it is another part than was asked for")
    return Part(body, size, told.get("ETag", ""))


async def _send(  # noqa: PLR0917 - what a request consists of
    session: aiohttp.ClientSession,
    method: str,
    uri: str,
    headers: Mapping[str, str],
    content: bytes | None,
    expected: Collection[int],
) -> tuple[Mapping[str, str], bytes]:
    usual = {"User-Agent": USER_AGENT, "x-ms-version": _VERSION, "x-ms-client-request-id": str(uuid4())}
    # As it stands: what the SAS signs would not bear to be written in another way.
    url = URL(uri, encoded=True)
    async with session.request(
        method, url, headers={**usual, **headers}, data=content, allow_redirects=False, timeout=_TIMEOUT
    ) as response:
        if response.status not in expected:
            # What it says beyond its head is not read: it may be anything.
            response.close()
            raise StorageAnswer(response.status, response.headers)
        return response.headers, await response.read()
