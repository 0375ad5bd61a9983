"""What can go wrong with the local control plane.

Errors only; each message names the part and what to do.
"""


class DevClusterError(Exception):
    """Any failure of the local control plane."""


class BuildError(DevClusterError):
    """The programs of the control plane can't be built or found."""


class StartError(DevClusterError):
    """A process didn't become ready; the message carries the end of its log."""


class KubectlError(DevClusterError):
    """`kubectl` ended with another code than 0; the message carries its standard error."""
