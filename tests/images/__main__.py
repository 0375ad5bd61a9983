"""The command `python -m images`: builds the images of the operator and of the local workspace.

Only the command line; the work is done by `images.build`.
"""

import argparse
import sys
from pathlib import Path

from devcluster.errors import DevClusterError
from devcluster.progress import report_on_terminal
from images.build import NAMES, build_image
from images.engine import find_engine
from images.errors import ImageError
from images.recipe import PROJECT


def main() -> int:
    """Parse the command line and build; returns the exit code."""
    parser = argparse.ArgumentParser(prog="images", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("which", nargs="*", help=f"of {', '.join(NAMES)}; both if none is named")
    parser.add_argument("--base", default="", help="image to build on; `debian`: make one of Debian's packages")
    parser.add_argument("--target", type=Path, default=PROJECT / "build" / "images", help="for archives and bills")
    chosen = parser.parse_args()
    if unknown := set(chosen.which) - set(NAMES):
        parser.error(f"no image is called {', '.join(sorted(unknown))}")
    try:
        engine = find_engine()
        for which in chosen.which or NAMES:
            # Steps that an earlier commit left in the engine's cache have its times.
            built = build_image(
                which, engine, base=chosen.base, target=chosen.target, report=report_on_terminal, anew=True
            )
            print(f"{built.name}\n{built.archive}\n{built.bill}")  # noqa: T201 - a command's output
    except (ImageError, DevClusterError) as error:
        print(f"images: {error}", file=sys.stderr)  # noqa: T201 - a command's message
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
