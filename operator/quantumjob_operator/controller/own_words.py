"""What this process has said in the status of objects: two processes must not write in turn without end.

Each version is news for the other process, which looks at once. Two of them that know different things would contradict
each other as fast as the API server answers, and nothing else could be written any more. So whoever finds another's
words in place of its own leaves them for a minute, unless it has found something else meanwhile; then it says its own
again, for if the other process is gone, nobody else corrects them. Must not live here: what is said.
"""

from collections.abc import Callable
from typing import Final, Generic, TypeVar

T = TypeVar("T")
_PATIENCE_SECONDS: Final = 60.0


class OwnWords(Generic[T]):
    """What was said of each object.

    Args:
        clock: Monotonic seconds.
    """

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._said: dict[str, T] = {}
        self._until: dict[str, float] = {}

    def patience(self, uid: str, there: T, is_alike: Callable[[T], bool]) -> float:
        """Seconds for which an object's status is left as it is; 0 if this process says what it has found.

        Args:
            uid: Of the object.
            there: What its status says.
            is_alike: Whether what this process has found is what it has said, which is given.
        """
        said = self._said.get(uid)
        if said is None or said == there or not is_alike(said):
            return 0.0
        now = self._clock()
        return max(self._until.setdefault(uid, now + _PATIENCE_SECONDS) - now, 0.0)

    def say(self, uid: str, words: T) -> None:
        """Status says this now, by this process."""
        self._said[uid] = words
        self._until.pop(uid, None)

    def forget(self, uid: str) -> None:
        """The object is gone."""
        self._said.pop(uid, None)
        self._until.pop(uid, None)
