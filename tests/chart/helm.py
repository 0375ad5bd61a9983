"""The real helm and helm-docs, with folders of their own, so that a user's repositories and plugins play no part.

Knows nothing of what our charts contain.
"""

import json
import os
import subprocess
from pathlib import Path
from typing import Any, Final

import yaml

from devcluster.build import ensure
from devcluster.gotools import CHART_TOOLS

PROJECT: Final = Path(__file__).resolve().parents[2]
CHARTS: Final = PROJECT / "charts"
OPERATOR_CHART: Final = CHARTS / "quantumjob-operator"
WORKSPACE_CHART: Final = CHARTS / "quantumjob-workspace"
_SECONDS: Final = 600.0

Manifest = dict[str, Any]
Values = dict[str, Any]


class HelmError(Exception):
    """Helm refused; the text is what it said."""


class Helm:
    """Runs helm.

    Attributes:
        folders: Variables that name the folders of its cache, configuration and data.
    """

    def __init__(self, home: Path, kubeconfig: Path | None = None) -> None:
        """Prepare to run it; without a kubeconfig, only what needs no cluster works."""
        self.folders = {f"HELM_{name}_HOME": str(home / name.lower()) for name in ("CACHE", "CONFIG", "DATA")}
        self._environment = os.environ | self.folders | {"KUBECONFIG": str(kubeconfig or home / "none")}

    def run(self, *arguments: str | Path, values: Values | None = None) -> str:
        """What a command prints; `values` become its `--values`.

        Raises:
            HelmError: It failed.
        """
        command = [ensure(CHART_TOOLS) / "helm", *arguments, *(() if values is None else ("--values=-",))]
        done = subprocess.run(
            command,
            input=None if values is None else json.dumps(values),
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
        if done.returncode:
            raise HelmError(done.stderr.strip() or done.stdout.strip())
        return done.stdout

    def template(self, chart: Path, values: Values, *arguments: str, namespace: str = "quantumjob-system") -> str:
        """The manifests of a chart as YAML, for the release `quantumjob-operator`.

        Raises:
            HelmError: The values are refused, or a template fails.
        """
        return self.run("template", "quantumjob-operator", chart, f"--namespace={namespace}", *arguments, values=values)


class Rendering:
    """The objects that a chart makes from some values."""

    def __init__(self, text: str) -> None:
        self.objects: list[Manifest] = [one for one in yaml.load_all(text, Loader=yaml.CSafeLoader) if one]

    def all(self, kind: str) -> list[Manifest]:
        """The objects of a kind."""
        return [one for one in self.objects if one["kind"] == kind]

    def only(self, kind: str) -> Manifest:
        """The one object of a kind."""
        (found,) = self.all(kind)
        return found

    def pod(self) -> Manifest:
        """The spec of the Deployment's pods."""
        spec: Manifest = self.only("Deployment")["spec"]["template"]["spec"]
        return spec

    def container(self) -> Manifest:
        """The operator's container."""
        (found,) = (one for one in self.pod()["containers"] if one["name"] == "operator")
        return dict(found)

    def environment(self) -> dict[str, str]:
        """The variables of the operator's container that have a value in the manifest."""
        return {one["name"]: one["value"] for one in self.container().get("env", ()) if "value" in one}


def documentation(chart: Path, *, dry_run: bool = False) -> str:
    """Write a chart's README.md from the comments of its values; with `dry_run`, only return it."""
    done = subprocess.run(
        [
            ensure(CHART_TOOLS) / "helm-docs",
            f"--chart-search-root={chart}",
            "--sort-values-order=file",
            "--log-level=error",
            *(["--dry-run"] if dry_run else []),
        ],
        capture_output=True,
        text=True,
        check=True,
        timeout=_SECONDS,
    )
    return done.stdout
