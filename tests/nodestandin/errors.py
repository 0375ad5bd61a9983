"""What can go wrong on the stand-in's node.

Errors only.
"""


class StandInError(Exception):
    """The stand-in can't work on this machine; the text says what it needs."""


class Unstartable(Exception):  # noqa: N818 - reads as what the container is
    """A container can't be started as things are; it is tried again, as the kubelet does.

    Attributes:
        reason: What the container's state says that it waits for, such as `CreateContainerConfigError`.
    """

    def __init__(self, reason: str, message: str) -> None:
        self.reason = reason
        super().__init__(message)


def misconfigured(message: str) -> Unstartable:
    """Something that the spec refers to is missing, or is a kind of thing that the stand-in doesn't know."""
    return Unstartable("CreateContainerConfigError", message)
