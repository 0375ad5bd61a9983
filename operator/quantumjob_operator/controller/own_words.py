"""What this process has said in the status of objects: two processes must not write in turn without end.

Each version is news for the other process, which looks at once. Two of them that know different things would contradict
each other as fast as the API server answers, and nothing else could be written any more. So whoever finds another's
words in place of its own leaves them for a minute, unless it has found something else meanwhile; then it says its own
again, for if the other process is gone, nobody else corrects them. Must not live here: what is said.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, Generic, TypeVar

T = TypeVar("T")
_PATIENCE_SECONDS: Final = 60.0


@dataclass(slots=True)
class Said(Generic[T]):
    """What this process has said of one object; None before it said anything."""

    words: T | None = None
    _until: float | None = None

    def patience(self, there: T, is_alike: Callable[[T], bool], now: float, seconds: float) -> float:
        """As `OwnWords.patience`, which is for so many seconds at most; `now` is monotonic."""
        if self.words == there:
            self._until = None
        if self.words in (None, there) or not is_alike(self.words):
            return 0.0
        if self._until is None:
            self._until = now + seconds
        return max(self._until - now, 0.0)

    def say(self, words: T) -> None:
        """Status says this now, by this process."""
        self.words, self._until = words, None


class OwnWords(Generic[T]):
    """What was said of each object.

    Args:
        clock: Monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._said: dict[str, Said[T]] = {}

    def patience(self, uid: str, there: T, is_alike: Callable[[T], bool]) -> float:
        """Seconds for which an object's status is left as it is; 0 if this process says what it has found.

        Args:
            uid: Of the object.
            there: What its status says.
            is_alike: Whether what this process has found is what it has said, which is given.
        """
        said = self._said.get(uid)
        return said.patience(there, is_alike, self._clock(), _PATIENCE_SECONDS) if said else 0.0

    def say(self, uid: str, words: T) -> None:
        """Status says this now, by this process."""
        self._said.setdefault(uid, Said()).say(words)

    def forget(self, uid: str) -> None:
        """The object is gone."""
        self._said.pop(uid, None)
