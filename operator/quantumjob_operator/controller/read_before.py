"""What was read before, by what it depends on: who asks for the same finds it, and nothing is read again.

Must not live here: how something is read, or beside what (`calculations`).
"""

from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field
from threading import Lock
from typing import Generic, TypeVar

T = TypeVar("T")


@dataclass(slots=True)
class ReadBefore(Generic[T]):
    """Those that were asked for last; threads may share it.

    Attributes:
        most: So many are kept.
    """

    most: int
    _kept: "OrderedDict[Hashable, T]" = field(default_factory=OrderedDict)
    _lock: Lock = field(default_factory=Lock)

    def find(self, key: Hashable) -> T | None:
        """What was read under this key, if it is kept."""
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def get(self, key: Hashable, read: Callable[[], T]) -> T:
        """What was read under this key, or is read now.

        Args:
            key: All that it depends on.
            read: Reads it; nothing is kept if it raises.
        """
        if (found := self.find(key)) is not None:
            return found
        found = read()
        with self._lock:
            self._kept[key] = found
            if len(self._kept) > self.most:
                self._kept.popitem(last=False)
        return found
