"""What an answer of the API server that is not 2xx says: refused, for longer or at this moment, or failed.

Must not live here: requests, or what follows for a job.
"""

from collections.abc import Mapping
from typing import Any, Final

from quantumjob_operator.cluster.long_objects import loads
from quantumjob_operator.model.json_values import values_in

# Who asks is not known (yet), what is meant is not there or was changed, or it was asked at the wrong moment.
_NOT_ITS_FAULT: Final = frozenset({401, 404, 408, 409, 429})
_TIMED_OUT: Final = 504
_AWAY: Final = frozenset({503, _TIMED_OUT})
# The store's limit and that of the connection to it reach clients as 500.
_TOO_LARGE: Final = ("request is too large", "request entity too large", "message larger than max")
LONGEST_REFERENCE: Final = 3 * 1024 * 1024
"""Bytes of JSON: a program of a megabyte, in which every character but a few is one byte or two."""
MOST_VALUES: Final = 10_000
"""Some 2 ms of reading; a key or a label has up to five, since `managedFields` names it once more."""
_FOREIGN: Final = "the answer is not in the API server's own words"


class ClusterError(Exception):
    """The API server did not do what was asked.

    Attributes:
        status: HTTP status, or None if no answer came.
        reason: The `reason` of the API server's Status, for example `NotFound`.
    """

    def __init__(self, what: str, status: int | None, reason: str, message: str) -> None:
        self.what = what
        self.status = status
        self.reason = reason
        self.message = message
        super().__init__(f"{what}: {reason}: {message}" if status is None else f"{what}: {status} {reason}: {message}")

    @property
    def refused(self) -> bool:
        """Whether the request is refused for longer: by a right, a quota, a policy, the schema or its size."""
        client_error = self.status is not None and 400 <= self.status < 500  # noqa: PLR2004 - HTTP
        return self.too_large or (client_error and self.status not in _NOT_ITS_FAULT)

    @property
    def too_large(self) -> bool:
        """Whether the object would be larger than what the API server, or etcd behind it, takes."""
        said = self.message.lower()
        return self.status is not None and any(words in said for words in _TOO_LARGE)

    @property
    def timed_out(self) -> bool:
        """Whether the answer did not come in time."""
        return self.status == _TIMED_OUT or (self.status is None and self.reason.endswith(TimeoutError.__name__))

    @property
    def broken_inside(self) -> bool:
        """Whether the API server says in its own words that it failed: by this request, perhaps, and so each time."""
        server_error = self.status is not None and 500 <= self.status < 600  # noqa: PLR2004 - HTTP
        return server_error and self.status not in _AWAY and self.message != _FOREIGN

    @property
    def write_refused(self) -> bool:
        """Whether a write was refused so."""
        return self.refused and not self.what.startswith("GET ")


class NotFound(ClusterError):  # noqa: N818 - the API server's own word
    """404 of the API server: there is no such object.

    A 404 that is not in its own words is none of these: a proxy sent it, or the kind is not served at the moment.
    """


class Conflict(ClusterError):  # noqa: N818 - the API server's own word
    """409: somebody was faster, or the name is taken."""


class ObjectTooLong(ClusterError):  # noqa: N818 - as the others
    """An object that others write holds more than is read of one."""


_CLASSES: Final[Mapping[int, type[ClusterError]]] = {404: NotFound, 409: Conflict}


def object_in(text: bytes) -> dict[str, Any]:
    """The JSON object that an answer is.

    Raises:
        ValueError: It is none.
    """
    try:
        parsed = loads(text)
    except ValueError:
        parsed = None
    if not isinstance(parsed, dict):
        raise ValueError("the answer is not a JSON object")  # noqa: TRY004 - of its value
    return parsed


def short_object_in(text: bytes) -> dict[str, Any] | None:
    """The JSON object that an answer is; None if it is too long to be read.

    Keys and labels are as many as fit into an object, and each of hundreds of jobs may refer to the same one.

    Raises:
        ValueError: It is no object.
    """
    if len(text) > LONGEST_REFERENCE or values_in(text, MOST_VALUES) > MOST_VALUES:
        return None
    return object_in(text)


def refusal(what: str, status: int, text: bytes) -> ClusterError:
    """What an answer that is not 2xx says.

    Args:
        what: Was asked.
        status: Of the answer.
        text: Its body.
    """
    try:
        told = object_in(text)
    except ValueError:
        told = {}
    if told.get("kind") != "Status":
        return ClusterError(what, status, "Unexpected", _FOREIGN)
    reason, message = str(told.get("reason") or "Unexpected"), str(told.get("message") or "")
    return _CLASSES.get(status, ClusterError)(what, status, reason, message)
