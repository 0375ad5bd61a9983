"""The command `python -m chart`: builds helm and helm-docs, writes the charts' READMEs, packages the charts.

Only the command line; the work is done by `devcluster.build` and `chart.helm`.
"""

import argparse
import sys
from pathlib import Path
from typing import Final

from chart.helm import CHARTS, OPERATOR_CHART, PROJECT, WORKSPACE_CHART, Helm, HelmError, documentation
from devcluster.build import ensure
from devcluster.errors import DevClusterError
from devcluster.gotools import CHART_TOOLS
from devcluster.scratch import scratch_directory

_BOTH: Final = (OPERATOR_CHART, WORKSPACE_CHART)
_PACKAGES: Final = PROJECT / "build" / "charts"


def build() -> None:
    """Build helm and helm-docs into the cache if need be; print their folder."""
    _print(str(ensure(CHART_TOOLS)))


def docs() -> None:
    """Write the README of each chart."""
    for chart in _BOTH:
        documentation(chart)
        _print(str(chart.relative_to(CHARTS.parent) / "README.md"))


def package() -> None:
    """Check the charts and package them into build/charts."""
    with scratch_directory() as home:
        helm = Helm(Path(home))
        for chart in _BOTH:
            _print(helm.run("package", chart, f"--destination={_PACKAGES}").strip())


_COMMANDS: Final = {command.__name__: command for command in (build, docs, package)}


def main() -> int:
    """Parse the command line and run the command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="chart", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("command", choices=_COMMANDS)
    try:
        _COMMANDS[parser.parse_args().command]()
    except (DevClusterError, HelmError) as error:
        print(f"chart: {error}", file=sys.stderr)  # noqa: T201 - a command's message
        return 1
    return 0


def _print(text: str) -> None:
    print(text)  # noqa: T201 - a command's output


if __name__ == "__main__":
    sys.exit(main())
