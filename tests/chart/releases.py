"""Releases on the control plane, and how all traces of them are removed.

Must not live here: what a chart contains.
"""

import json
import os
import time
from pathlib import Path
from typing import Any, Final

import yaml

from chart.helm import OPERATOR_CHART, Helm, Values
from chart.values import REQUIRED
from devcluster.build import ensure
from devcluster.controlplane import ControlPlane
from devcluster.gotools import CHART_TOOLS

SYSTEM: Final = "quantumjob-system"
RELEASE: Final = "quantumjob-operator"
_API: Final = "/apis/quantumjobs.dev/v1alpha1"
_SECONDS: Final = 60.0
PLURALS: Final = ("quantumjobs", "quantumworkspaces", "quantumpolicies", "quantumbudgets")
CRDS: Final = tuple(f"{plural}.quantumjobs.dev" for plural in PLURALS)


class Releases:
    """Installs charts and asks kubectl what came of it."""

    def __init__(self, helm: Helm, cluster: ControlPlane) -> None:
        self.helm = helm
        self.cluster = cluster

    def install(self, values: Values, *arguments: str, name: str = RELEASE, chart: Path = OPERATOR_CHART) -> str:
        """Install the operator's chart, without waiting for a pod (nothing runs pods here); returns the notes."""
        return self.helm.run(
            "install", name, chart, f"--namespace={SYSTEM}", "--create-namespace", *arguments, values=REQUIRED | values
        )

    def upgrade(self, values: Values, *arguments: str, name: str = RELEASE, chart: Path = OPERATOR_CHART) -> str:
        """Upgrade it; returns the notes."""
        return self.helm.run("upgrade", name, chart, f"--namespace={SYSTEM}", *arguments, values=REQUIRED | values)

    def uninstall(self, *arguments: str, name: str = RELEASE) -> str:
        """Remove it; returns what Helm says about what it keeps.

        Where no node runs pods, a release that takes its definitions along needs `--no-hooks`: its Job would never end.
        """
        return self.helm.run("uninstall", name, f"--namespace={SYSTEM}", *arguments)

    def get(self, *what: str) -> Any:
        """Objects as kubectl shows them."""
        return yaml.safe_load(self.cluster.kubectl("get", *what, "--output=yaml").stdout)

    def names(self, *what: str) -> set[str]:
        """Kind and name of objects, as `deployment.apps/quantumjob-operator`."""
        return set(self.cluster.kubectl("get", *what, "--output=name", "--ignore-not-found").stdout.split())

    def served(self) -> None:
        """Wait until our kinds are served and can be listed.

        A definition that is deleted before the API server has listed its objects once is not gone for minutes: the
        server finds its storage still initialising, and tries again later and later.
        """
        self.cluster.wait_until_established(*(f"crd/{name}" for name in CRDS))
        deadline = time.monotonic() + _SECONDS
        for plural in PLURALS:
            while self.cluster.kubectl("get", "--raw", f"{_API}/{plural}", check=False).returncode:
                assert time.monotonic() < deadline, f"{plural} can't be listed"
                time.sleep(0.1)

    def environment(self) -> dict[str, str]:
        """Variables with which a shell finds this cluster, and our helm and kubectl."""
        ours = self.cluster.kubectl_environment()
        return ours | self.helm.folders | {"PATH": f"{ensure(CHART_TOOLS)}{os.pathsep}{ours['PATH']}"}

    def clean(self) -> None:
        """Remove every release, and then the definitions with all their objects; no pod has to run for it."""
        for release in json.loads(self.helm.run("list", "--all-namespaces", "--output=json")):
            self.helm.run("uninstall", release["name"], f"--namespace={release['namespace']}", "--no-hooks")
        if self.names("crd", *CRDS):
            self.served()
            self.cluster.kubectl("delete", *(f"crd/{name}" for name in CRDS))
