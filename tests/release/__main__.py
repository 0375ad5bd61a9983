"""The command `python -m release`: everything that a release consists of, in one folder.

Only the command line and the order; the parts are written by `images.build` and `release.parts`.
"""

import argparse
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Final

from chart.helm import HelmError
from devcluster.errors import DevClusterError
from devcluster.progress import Report, report_on_terminal
from images.build import NAMES, build_image, commit_time
from images.engine import find_engine
from images.errors import ImageError
from images.recipe import PROJECT
from release.parts import write_charts, write_checksums, write_manifests, write_wheel

LOADED: Final = "localhost"
"""The registry of images that are not pulled but loaded into the nodes."""


def make_release(target: Path, *, registry: str, base: str, report: Report, anew: bool = True) -> None:
    """Make a release in a folder, and remove what was there.

    Args:
        target: The folder.
        registry: Where the images will be, for the manifests.
        base: As `images.base.find_base` takes it.
        report: Takes lines of progress.
        anew: As `images.build.build_image` takes it.

    Raises:
        ImageError: An image can't be built.
        HelmError: A chart can't be packaged or rendered.
        DevClusterError: A tool can't be built.
    """
    engine = find_engine()
    shutil.rmtree(target, ignore_errors=True)
    target.mkdir(parents=True)
    for which in NAMES:
        build_image(which, engine, base=base, target=target / "images", report=report, anew=anew)
    report(f"charts: {', '.join(write_charts(target / 'charts'))}")
    write_manifests(target / "install.yaml", registry)
    report(f"the client: {write_wheel(target, commit_time()).name}")
    write_checksums(target)


def main() -> int:
    """Parse the command line and make the release; returns the exit code."""
    parser = argparse.ArgumentParser(prog="release", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--registry", default=LOADED, help="where the images will be pushed, for install.yaml")
    parser.add_argument("--base", default="", help="image to build on; `debian`: make one of Debian's packages")
    parser.add_argument("--target", type=Path, default=PROJECT / "build" / "release")
    chosen = parser.parse_args()
    try:
        make_release(chosen.target, registry=chosen.registry or LOADED, base=chosen.base, report=report_on_terminal)
    except (ImageError, HelmError, DevClusterError, subprocess.CalledProcessError) as error:
        print(f"release: {error}", file=sys.stderr)  # noqa: T201 - a command's message
        return 1
    print(chosen.target)  # noqa: T201 - a command's output
    return 0


if __name__ == "__main__":
    sys.exit(main())
