"""What users write at length, in little memory: as JSON in UTF-8 until it is asked for.

Objects stay in memory until they are deleted. As text one character beyond the 16-bit range makes CPython keep four
bytes for each of them, and small values take twenty times the memory of their JSON. Must not live here: which fields
are long (`quantumjob`).
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Annotated, Any, Final, overload

from pydantic import AfterValidator

from quantumjob_operator.model.measures import json_of

_FEW: Final = 16
"""So many names take little memory as they are: Kubernetes bounds the length of each."""
_MOST_LABELS: Final = 32 * 1024
"""Bytes of JSON in labels: more of them help nobody, and each look reads all of them."""
_MOST_READ: Final = 4
"""Texts that are there read as well: one reconciliation looks into the same ones again and again."""


@dataclass(frozen=True, slots=True, eq=False)
class Packed(Mapping[str, Any]):
    """A mapping like any other, which is read from its text each time that it is needed.

    Attributes:
        text: Its JSON.
    """

    text: bytes

    def __getitem__(self, key: str) -> Any:
        """One value, which nobody may change."""
        return _read(self.text)[key]

    def __iter__(self) -> Iterator[str]:
        """The keys in the order in which they were written."""
        return iter(_read(self.text))

    def __len__(self) -> int:
        """How many keys there are."""
        return len(_read(self.text))


@dataclass(frozen=True, slots=True, eq=False)
class PackedNames(Sequence[str]):
    """A list of names that is read from its text each time that it is needed.

    Attributes:
        text: Its JSON.
    """

    text: bytes

    @overload
    def __getitem__(self, index: int) -> str: ...

    @overload
    def __getitem__(self, index: slice) -> Sequence[str]: ...

    def __getitem__(self, index: int | slice) -> str | Sequence[str]:
        """One name, or some."""
        return self._names()[index]

    def __iter__(self) -> Iterator[str]:
        """The names in their order."""
        return iter(self._names())

    def __contains__(self, name: object) -> bool:
        """Whether it is one of them."""
        # Read again and again: an inner quote would follow a backslash, and no name in Kubernetes has one.
        return isinstance(name, str) and json_of(name) in self.text

    def __len__(self) -> int:
        """How many names there are."""
        return len(self._names())

    def _names(self) -> list[str]:
        found: list[str] = json.loads(self.text)  # never kept: there may be hundreds of thousands
        return found


@lru_cache(maxsize=_MOST_READ)
def _read(text: bytes) -> Mapping[str, Any]:
    found: dict[str, Any] = json.loads(text)
    return found


def packed(values: Mapping[str, Any]) -> Packed:
    """The same values in little memory."""
    return Packed(json_of(dict(values)))


def packed_labels(labels: Mapping[str, str]) -> Packed | None:
    """The same labels in little memory; None if they are too many to be read."""
    made = packed(labels)
    return made if len(made.text) <= _MOST_LABELS else None


def packed_names(names: Sequence[str]) -> Sequence[str]:
    """The same names, in little memory if they are many."""
    return tuple(names) if len(names) <= _FEW else PackedNames(json_of(list(names)))


def _if_any(values: Mapping[str, Any] | None) -> Packed | None:
    return None if values is None else packed(values)


Values = Annotated[Mapping[str, Any] | None, AfterValidator(_if_any)]
"""A field for any JSON object, or none."""
Texts = Annotated[Mapping[str, str] | None, AfterValidator(_if_any)]
"""A field for texts by name, or none."""
