"""The commands about the client and the cluster themselves: doctor, version."""

from typing import TYPE_CHECKING, Any, Final

import click

from quantumjobs import __version__, facts
from quantumjobs.cli.options import Connection, connected, output_option
from quantumjobs.cli.output import write_object, write_table
from quantumjobs.errors import ExitCode, ForbiddenError, QuantumJobsError

if TYPE_CHECKING:
    from quantumjobs.cluster import QuantumCluster

_GROUP: Final = "quantumjobs.dev"
RIGHTS: Final = (
    *((_GROUP, "quantumjobs", verb) for verb in ("get", "list", "watch", "create", "patch", "delete")),
    *((_GROUP, kind, verb) for kind in ("quantumworkspaces", "quantumbudgets") for verb in ("get", "list")),
    *((_GROUP, "quantumpolicies", verb) for verb in ("get", "list")),
    *(("", "configmaps", verb) for verb in ("get", "list", "create")),
    ("", "events", "list"),
)
"""All that the client uses: what the ClusterRole quantumjob-researcher gives."""
Check = tuple[str, bool, str]


@click.command()
@output_option("table", "json", "yaml")
@connected
def doctor(*, connection: Connection, output: str) -> int:
    """Check the login, the CRDs, each right and the workspace, and name what is missing."""
    cluster = connection.open()
    checks, missing = [], []
    namespace = cluster.namespace
    version = cluster.api.ask("version")
    checks.append(("API server", True, str(version.get("gitVersion", ""))))
    checks.append(_crd(cluster))
    for group, resource, verb in RIGHTS:
        allowed = _allowed(cluster, namespace, group, resource, verb)
        right = f"{verb} {resource}"
        checks.append((right, allowed, f"in namespace {namespace}"))
        missing += [] if allowed else [right]
    checks.append(_workspace(cluster, connection))
    if output == "table":
        write_table(
            ("CHECK", "OK", "DETAIL"), [(what, "yes" if fine else "NO", detail) for what, fine, detail in checks]
        )
    else:
        write_object([{"check": what, "ok": fine, "detail": detail} for what, fine, detail in checks], output)
    if missing:
        raise ForbiddenError(
            f"you may not {', '.join(missing)} in namespace {namespace}: ask for a RoleBinding to the ClusterRole "
            "quantumjob-researcher"
        )
    faults = [detail for _, fine, detail in checks if not fine]
    if faults:
        raise QuantumJobsError("; ".join(faults))
    return ExitCode.SUCCEEDED


def _crd(cluster: "QuantumCluster") -> Check:
    try:
        served = cluster.api.ask(f"apis/{_GROUP}/v1alpha1")
    except QuantumJobsError:
        return ("CRDs", False, "this cluster does not know QuantumJobs: have the operator and its CRDs installed")
    kinds = sorted(one["name"] for one in served["resources"] if "/" not in one["name"])
    return ("CRDs", True, f"{', '.join(kinds)} (v1alpha1)")


def _allowed(cluster: "QuantumCluster", namespace: str, group: str, resource: str, verb: str) -> bool:
    attributes = {"namespace": namespace, "group": group, "resource": resource, "verb": verb}
    review: dict[str, Any] = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes},
    }
    answer = cluster.api.ask("apis/authorization.k8s.io/v1/selfsubjectaccessreviews", review)
    return bool(answer["status"].get("allowed"))


def _workspace(cluster: "QuantumCluster", connection: Connection) -> Check:
    name = connection.workspace or "default"
    try:
        workspace = cluster.workspace()
    except QuantumJobsError as error:
        return (f"workspace {name}", False, f"{error}: jobs need -w, or a default of the operator")
    ready = facts.condition(workspace, "Ready")
    if not ready.reason:
        return (f"workspace {name}", False, "the operator has not said anything of it: ask whether it runs")
    return (f"workspace {name}", ready.holds, f"{ready.reason}: {ready.message}")


@click.command()
@output_option("table", "json", "yaml")
def version(*, output: str) -> int:
    """Show the version of this client and of the libraries that it finds."""
    from importlib import metadata  # noqa: PLC0415

    found = {"quantumjobs": __version__}
    for name in ("kubernetes", "qiskit", "qdk", "pyqir", "cirq-core", "pandas", "matplotlib"):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed"
    if output == "table":
        write_table(("LIBRARY", "VERSION"), list(found.items()))
    else:
        write_object(found, output)
    return ExitCode.SUCCEEDED
