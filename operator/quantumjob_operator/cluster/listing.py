"""Pages of a collection: how long one may be, and its metadata alone, for which objects are there in which version.

The rest of the metadata, most of it `managedFields`, never becomes objects of Python: for ten thousand jobs they would
be hundreds of thousands, and the garbage collector would look through all that the operator holds again and again.
Pure: the requests are sent elsewhere.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Annotated, Final

from pydantic import Field, TypeAdapter, ValidationError

from quantumjob_operator.model.json_values import values_in

ACCEPT: Final = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
AS_IT_IS: Final[Mapping[str, str]] = {"Accept-Encoding": "identity"}
"""Of each request for a page: a kilobyte that comes compressed can be a megabyte before anybody has counted it."""

MOST_BYTES: Final = 2 * 1024 * 1024
"""Of a page that is read at once. An object has up to 1.5 MiB, of which empty lists make Python take twenty times as
much, and a third of a second."""
_BYTES_OF_A_VALUE: Final = 20
"""A page of values alone is as long as one of so many bytes for each: to read it, the interpreter's lock is held."""


def weight_of(page: bytes, enough: int = MOST_BYTES) -> int:
    """How long a page is: its bytes, or what its values count for if that is more.

    Args:
        page: JSON.
        enough: More is too long, however much it is.
    """
    return max(len(page), _BYTES_OF_A_VALUE * values_in(page, 1 + enough // _BYTES_OF_A_VALUE))


@dataclass(slots=True)
class PageSize:
    """How many objects the next page of a listing is to have.

    Attributes:
        most: The most that it ever has.
        longest: Bytes of a page that is read at once.
        first: Objects of the first page; 0: as many as it ever has.
        now: Objects that it has now.
    """

    most: int
    longest: int = MOST_BYTES
    first: int = 0
    now: int = field(init=False)

    def __post_init__(self) -> None:
        """A listing begins with pages of which hardly one is too long."""
        self.now = self.first or self.most

    @property
    def bound(self) -> int | None:
        """Bytes after which the rest of a page is not read; None if all of it is: a single object."""
        return self.longest if self.now > 1 else None

    def shrink(self) -> bool:
        """A page was too long, or did not come in time: ask for one object; False if it was one already."""
        if self.now == 1:
            return False
        self.now = 1
        return True

    def takes_page(self, page: bytes) -> bool:
        """As `takes`, of a page of objects."""
        return self.takes(weight_of(page, self.longest))

    def takes(self, length: int) -> bool:
        """Whether a page may be read; if not, it is to be asked for again, with a single object.

        Args:
            length: Its bytes, or those that were read of it, or its weight.
        """
        if length > self.longest and self.shrink():
            return False
        # Half of what may be read: the next objects may be larger than these.
        self.now = max(1, min(self.most, 2 * self.now, self.now * self.longest // (2 * max(1, length))))
        return True


@dataclass(frozen=True, slots=True)
class _Metadata:
    uid: str
    resource_version: Annotated[str, Field(alias="resourceVersion")]


@dataclass(frozen=True, slots=True)
class _Item:
    metadata: _Metadata


@dataclass(frozen=True, slots=True)
class _ListMetadata:
    resource_version: Annotated[str, Field(alias="resourceVersion")]
    following: Annotated[str, Field(alias="continue")] = ""


@dataclass(frozen=True, slots=True)
class _List:
    metadata: _ListMetadata
    items: list[_Item] | None  # an empty list of this kind is null


_LIST: Final = TypeAdapter(_List)


@dataclass(frozen=True, slots=True)
class Page:
    """What a page says.

    Attributes:
        revision: Resource version of the listing.
        versions: The uid and the resource version of each object of this page.
        following: Token of the next page; empty on the last one.
    """

    revision: str
    versions: list[tuple[str, str]]
    following: str


def parse_page(text: bytes) -> Page:
    """Read a `PartialObjectMetadataList`.

    Raises:
        ValueError: It is none: to take it for an empty one would make all objects look deleted.
    """
    try:
        read = _LIST.validate_json(text)
    except ValidationError:  # which cites the answer
        raise ValueError("the answer is no list of metadata") from None
    versions = [(item.metadata.uid, item.metadata.resource_version) for item in read.items or ()]
    return Page(read.metadata.resource_version, versions, read.metadata.following)
