"""The command `python -m flux`: builds Flux's source-controller and kustomize-controller into the cache if need be.

Only the command line; the work is done by `devcluster.build`.
"""

import sys

from devcluster.build import ensure
from devcluster.errors import DevClusterError
from devcluster.gotools import FLUX


def main() -> int:
    """Build, and print the folder of the programs; returns the exit code."""
    try:
        print(ensure(FLUX))  # noqa: T201 - a command's output
    except DevClusterError as error:
        print(f"flux: {error}", file=sys.stderr)  # noqa: T201 - a command's message
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
