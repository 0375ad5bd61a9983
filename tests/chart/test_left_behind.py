"""What Kubernetes takes away by itself, a namespace or the definitions, takes no running job along uncancelled."""

import json
from collections.abc import Iterator

import pytest

from chart.helm import WORKSPACE_CHART, HelmError, Values
from chart.installation import SHORT_FENCE, WAIT, Installation, bell, states, until
from chart.releases import CRDS, RELEASE, SYSTEM
from localstack import manifests

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

_PLATFORM = "quantum-workspaces"
_PAUSED: Values = {"replicaCount": 0}
_GONE = ("--wait=true", "--timeout=90s")


@pytest.fixture
def place(installation: Installation) -> Iterator[Installation]:
    """A workspace whose jobs execute until somebody ends them; the operator is not installed yet."""
    installation.emulator.behave(simulate=False, executing_seconds=600)
    yield installation
    pass_time(installation)
    installation.emulator.admin("DELETE", "settings")
    for namespace in (installation.namespace, _PLATFORM):  # one after the other: the jobs hold the workspace
        installation.delete_namespace(namespace)
    installation.clean()


def values(place: Installation, **more: object) -> Values:
    """Values of the operator, with the default workspace of docs/install.md."""
    return place.values(**SHORT_FENCE, defaultWorkspace=f"{_PLATFORM}/default", **more)


def set_up_platform(place: Installation) -> None:
    """The layout of docs/install.md: Secret and workspace in a namespace of their own; a label lets jobs in."""
    kubectl = place.releases.cluster.kubectl
    kubectl("create", "namespace", _PLATFORM)
    secret = json.dumps(manifests.credentials(place.emulator.api_key))
    kubectl("apply", "--server-side", f"--namespace={_PLATFORM}", "-f", "-", stdin=secret)
    workspace: Values = {
        "resourceId": place.emulator.resource_id,
        "location": str(place.emulator.announced["location"]),
        "endpoint": place.emulator.url,
        "credentials": {"apiKey": {"secretKeyRef": {"name": manifests.CREDENTIALS, "key": "apiKey"}}},
        "allowedNamespaces": {"from": "Selector", "selector": {"matchLabels": {"quantum-jobs": "allowed"}}},
    }
    place.releases.helm.run(
        "install", "default-workspace", WORKSPACE_CHART, f"--namespace={_PLATFORM}", values=workspace
    )
    kubectl("create", "namespace", place.namespace)
    kubectl("label", "namespace", place.namespace, "quantum-jobs=allowed")


def pass_time(place: Installation) -> None:
    """Whatever the service was to do for so long is over."""
    place.emulator.admin("POST", "clock", {"advance_seconds": 600})


def run_one(place: Installation) -> str:
    """Bring a job into execution; returns its id at the service."""
    place.apply(bell("bell"))
    until(lambda: states(place.jobs())["Executing"] == 1)
    return str(place.jobs()[0]["status"]["jobId"])


def service_says(place: Installation, job_id: str) -> str:
    """The state of a paid run in the ledger."""
    (run,) = (one for one in place.emulator.ledger() if one["job"] == job_id)
    return str(run["status"])


def delete_namespace_while_nobody_watches(place: Installation, settings: Values) -> None:
    """Delete the jobs' namespace while no operator runs, wait until all but the jobs is gone, and start it again."""
    place.releases.upgrade(settings | _PAUSED, *WAIT)
    selector = f"--selector=app.kubernetes.io/name={RELEASE}"
    place.releases.cluster.kubectl("wait", "--for=delete", "pods", selector, f"--namespace={SYSTEM}", "--timeout=60s")
    place.releases.cluster.kubectl("delete", "namespace", place.namespace, "--wait=false")
    until(lambda: not place.kubectl("get", "secrets,configmaps", "--output=name"))
    assert states(place.jobs()) == {"Executing": 1}
    place.releases.upgrade(settings, *WAIT)


def test_namespace_deleted_while_the_operator_is_away_is_cancelled_with_the_platforms_secret(
    place: Installation,
) -> None:
    """Its own Secrets are gone before the next operator starts, but the one that cancels is not among them."""
    place.releases.install(values(place), *WAIT)
    set_up_platform(place)
    job_id = run_one(place)
    delete_namespace_while_nobody_watches(place, values(place))
    place.releases.cluster.kubectl("wait", "--for=delete", f"namespace/{place.namespace}", "--timeout=90s", timeout=120)
    assert service_says(place, job_id) == "Cancelled"


def test_namespace_that_holds_the_secret_itself_leaves_its_job_running(place: Installation) -> None:
    """What the guide warns of: nobody can authenticate, so the object goes after the grace period, and says so."""
    settings = place.values(**SHORT_FENCE, cancellationGracePeriodSeconds=5)
    place.releases.install(settings, *WAIT)
    place.make_workspace()
    job_id = run_one(place)
    delete_namespace_while_nobody_watches(place, settings)
    place.releases.cluster.kubectl("wait", "--for=delete", f"namespace/{place.namespace}", "--timeout=90s", timeout=120)
    assert service_says(place, job_id) == "Executing"
    assert "CancellationUnconfirmed" in place.node.logs(RELEASE)


def test_uninstall_that_takes_the_definitions_cancels_first(place: Installation) -> None:
    """Operator and rights go after the jobs, and nothing stays Terminating."""
    notes = place.releases.install(values(place) | {"crds": {"keep": False}}, *WAIT)
    assert f"kubectl logs job/{RELEASE}-drain" in notes
    set_up_platform(place)
    job_id = run_one(place)
    place.uninstall()
    assert service_says(place, job_id) == "Cancelled"
    definitions = [f"crd/{name}" for name in CRDS]
    place.releases.cluster.kubectl("wait", "--for=delete", *definitions, "--timeout=60s", timeout=90)
    assert place.releases.names("jobs,pods", f"--namespace={SYSTEM}") == set()


def test_uninstall_stops_where_a_job_can_not_be_cancelled_in_time(place: Installation) -> None:
    """It says which is left, removes nothing else, and the next attempt goes on."""
    short: Values = {"crds": {"keep": False, "drainTimeoutSeconds": 3}}
    place.releases.install(values(place) | short, *WAIT)
    set_up_platform(place)
    job_id = run_one(place)
    place.emulator.behave(cancelling_seconds=600)
    with pytest.raises(HelmError, match=f"{RELEASE}-drain not ready"):
        place.releases.uninstall()
    log = place.node.logs(f"{RELEASE}-drain")
    assert f"after 3 seconds there is still 1 QuantumJob ({place.namespace}/bell)" in log
    assert len(place.operators()) == 1
    assert states(place.jobs()) == {"Cancelling": 1}
    place.emulator.behave(cancelling_seconds=0)  # what comes after the stage that it is in takes no time
    pass_time(place)
    until(lambda: not place.jobs())
    place.uninstall()
    assert service_says(place, job_id) == "Cancelled"
    assert place.releases.names("crd", *CRDS) == set()
