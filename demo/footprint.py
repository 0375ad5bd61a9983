"""Everything that the demo leaves in a cluster that isn't ours, and its removal.

CRDs belong to the whole cluster: those that somebody else installed are never touched, and our own are left where they
are if somebody has put objects of theirs into them meanwhile. Must not live here: processes (`current`).
"""

import secrets
from typing import Final

import yaml

from demo.access import namespaced_access
from demo.errors import DemoError
from demo.expectations import Manifest
from demo.kubectl import Kubectl
from devcluster.errors import KubectlError
from localstack.manifests import CRDS, namespace

OWNER_LABEL: Final = "app.kubernetes.io/managed-by"
OWNER: Final = "quantumjob-demo"
_KINDS: Final = ",".join(f"quantum{one}.quantumjobs.dev" for one in ("jobs", "workspaces", "policies", "budgets"))
_JOBS_SECONDS: Final = 30
_GONE_SECONDS: Final = 90


def own_crds() -> list[Manifest]:
    """The CRDs of the project, marked as the demo's."""
    manifests: list[Manifest] = []
    for file in sorted(CRDS.glob("*.yaml")):
        for manifest in yaml.safe_load_all(file.read_text()):
            manifest["metadata"].setdefault("labels", {})[OWNER_LABEL] = OWNER
            manifests.append(manifest)
    return manifests


class Footprint:
    """The CRDs, a namespace and the operator's access in it.

    Args:
        kubectl: The user's, with the context that was agreed to.

    Attributes:
        namespace: A name that nobody else has.
    """

    def __init__(self, kubectl: Kubectl) -> None:
        self._cluster = kubectl
        self.namespace = f"{OWNER}-{secrets.token_hex(3)}"
        self.kubectl = kubectl.within(self.namespace)

    def refuse_foreign_crds(self) -> None:
        """Look before anything is made.

        Raises:
            DemoError: CRDs are there that are not the demo's, or that are in use.
        """
        present = self._present_crds()
        foreign = [name for name, owner in present.items() if owner != OWNER]
        if foreign:
            raise DemoError(
                f"the cluster has {', '.join(foreign)} already, and not from this demo: it would run against your "
                "installation; apply the examples there yourself, or take another cluster"
            )
        if present and (objects := self._objects()):
            raise DemoError(
                f"another demo uses this cluster, or was killed in it: {', '.join(objects)}; if it is dead, remove "
                f"their finalizers, then `kubectl delete namespace,crd -l {OWNER_LABEL}={OWNER}`"
            )

    def install_crds(self) -> None:
        """Install the CRDs and wait until they are served."""
        listed = {"apiVersion": "v1", "kind": "List", "items": own_crds()}
        # `create` fails if somebody else was faster since we looked; what an earlier demo left is brought up to date.
        verb = ("apply", "--server-side", "--force-conflicts") if self._present_crds() else ("create",)
        self._cluster.run(*verb, "--filename=-", stdin=listed)
        names = [f"crd/{crd['metadata']['name']}" for crd in own_crds()]
        # A definition that was just made has `conditions: null`, which `--for=condition` takes for an error.
        for wanted in ("jsonpath={.status.conditions[0].type}", "condition=Established"):
            self._cluster.run("wait", f"--for={wanted}", *names)

    def remove_crds(self) -> str | None:
        """Remove the CRDs, and so the objects of their kinds; returns why they had to be left, if they had to."""
        present = self._present_crds()
        ours = [name for name, owner in present.items() if owner == OWNER]
        if ours and (objects := self._objects()):
            return f"{', '.join(ours)} stay in the cluster, because somebody uses them: {', '.join(objects)}"
        if ours:
            self._cluster.run("delete", "crd", *ours, f"--timeout={_GONE_SECONDS}s", timeout=_GONE_SECONDS + 10)
        return None

    def make_namespace(self) -> None:
        """Make the namespace and the operator's access."""
        made = namespace(self.namespace)
        made["metadata"]["labels"] = {OWNER_LABEL: OWNER}
        self._cluster.run("create", "--filename=-", stdin=made)
        self.kubectl.run("create", "--filename=-", stdin=namespaced_access())

    def remove_namespace(self) -> None:
        """Remove the namespace with everything in it, whatever still holds it; nothing happens if it is gone."""
        self._strip_finalizers()
        self._cluster.run(
            "delete",
            "namespace",
            self.namespace,
            "--ignore-not-found",
            f"--timeout={_GONE_SECONDS}s",
            timeout=_GONE_SECONDS + 10,
        )

    def delete_jobs(self) -> None:
        """Delete the jobs while the operator is there to cancel them; what it doesn't release in time stays.

        Raises:
            KubectlError: It took too long.
        """
        seconds = f"--timeout={_JOBS_SECONDS}s"
        self.kubectl.run("delete", "quantumjobs", "--all", seconds, timeout=_JOBS_SECONDS + 10)

    def _strip_finalizers(self) -> None:
        """The local workspace ends with the demo: nothing is left to be cancelled."""
        try:
            left = self.kubectl.run("get", _KINDS, "--output=name").split()
        except KubectlError:
            return  # the CRDs are not there, so no object is
        for name in left:
            self.kubectl.run("patch", name, "--type=merge", '--patch={"metadata":{"finalizers":null}}')

    def _present_crds(self) -> dict[str, str]:
        """Name and owner of each CRD of ours that the cluster has."""
        names = [crd["metadata"]["name"] for crd in own_crds()]
        found = self._cluster.read("crd", *names, "--ignore-not-found") or {"items": []}
        # One that is found alone comes without a list around it.
        crds = found.get("items", [found])
        return {crd["metadata"]["name"]: crd["metadata"].get("labels", {}).get(OWNER_LABEL, "") for crd in crds}

    def _objects(self) -> list[str]:
        template = '--output=go-template={{range .items}}{{.metadata.namespace}}/{{.metadata.name}}{{"\\n"}}{{end}}'
        return self._cluster.run("get", _KINDS, "--all-namespaces", template).split()
