"""What users did to an object, as the world of the state machine remembers it. Nothing here judges."""

from dataclasses import dataclass


@dataclass(slots=True)
class History:
    """What users did to one object, by which its bills are judged.

    Attributes:
        deleted_at: For the first time; a restore does not undo what is known.
        orphaned: Its job may run on without it.
    """

    suspended: int = 0
    resumed: int = 0
    cancelled: bool = False
    deleted_at: float | None = None
    orphaned: bool = False
