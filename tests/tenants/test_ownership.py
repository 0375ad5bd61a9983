"""Whose QuantumWorkspace serves a job: what tenants forge, offer and name like another's, on the real cluster."""

import itertools
import json
from collections.abc import Iterator
from typing import Any, Final

import pytest

from cluster import jobs
from cluster.jobnamespace import FOR_EVER, JobNamespace, condition_of, eventually
from devcluster.processes import free_port
from devcluster.proxyrules import Moment
from localstack import manifests
from localstack.stack import Stack
from quantumjob_operator.model.naming import CLAIM_ANNOTATION, FINALIZER
from tenants.conftest import EMULATOR_ARGS, OPERATOR_ARGS
from tenants.liar import Liar, liar

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

PLATFORM: Final = "platform"
TENANTS: Final = 6
_numbers: Final = itertools.count(1)


@pytest.fixture(scope="module")
def address() -> int:
    """The port of the tenant's own service."""
    return free_port()


@pytest.fixture(scope="module")
def stack(address: int) -> Iterator[Stack]:
    """One system with a default workspace for everybody, an allowed endpoint of a tenant's, and few workers."""
    arguments = (
        *OPERATOR_ARGS,
        f"--allowed-endpoints=http://127.0.0.1:{address}",
        f"--default-workspace={PLATFORM}/shared",
        f"--workers={TENANTS}",
        "--cancellation-grace-period-seconds=6",
    )
    with Stack.start(operator_args=arguments, emulator_args=EMULATOR_ARGS, through_proxy=True) as started:
        yield started


@pytest.fixture
def service(address: int) -> Iterator[Liar]:
    """The tenant's own service."""
    with liar(address) as told:
        yield told


@pytest.fixture
def platform(stack: Stack) -> Iterator[JobNamespace]:
    """The platform team's namespace, with the workspace `shared` for everybody."""
    stack.emulator.behave(executing_seconds=FOR_EVER)
    made = JobNamespace.make(stack, PLATFORM)
    made.apply(made.workspace("shared", allowedNamespaces={"from": "All"}))
    yield made
    stack.emulator.admin("DELETE", "settings")
    stack.emulator.admin("DELETE", "faults")


@pytest.fixture
def tenant(stack: Stack) -> JobNamespace:
    """A namespace without a QuantumWorkspace."""
    made = JobNamespace(stack, f"tenant-{next(_numbers)}")
    made.apply(manifests.namespace(made.name))
    return made


def lure(stack: Stack, service: Liar) -> JobNamespace:
    """A stranger's namespace, first of all by name, that offers everybody a way to the same Azure workspace."""
    made = JobNamespace.make(stack, f"a-stranger-{next(_numbers)}")
    made.apply(made.workspace("lure", endpoint=service.url, allowedNamespaces={"from": "All"}))
    made.wait("lure", "Ready", kind="quantumworkspace")
    return made


def running(place: JobNamespace, name: str, **spec: Any) -> str:
    """A job that executes until its time is made to pass; its id at the service."""
    place.apply(jobs.ionq(name, **spec))
    place.wait_state(name, "Executing")
    job_id: str = place.status(name)["jobId"]
    return job_id


def look_again(place: JobNamespace, name: str) -> None:
    """Have the operator look at a job, by a change that says nothing."""
    generation = place.job(name)["metadata"]["generation"]
    place.patch("quantumjob", name, {"spec": {"ttlSecondsAfterFinished": 3000 + generation}})
    place.wait(name, f"jsonpath={{.status.observedGeneration}}={generation + 1}")


def test_a_job_is_not_served_through_a_strangers_object(
    platform: JobNamespace, tenant: JobNamespace, service: Liar
) -> None:
    """Its reference comes to mean another workspace; it ends as the service says that it was claimed through."""
    lure(tenant.stack, service)
    running(tenant, "bell")
    elsewhere = tenant.stack.emulator.resource_id.rpartition("/")[0] + "/elsewhere"
    secret = manifests.credentials(tenant.stack.emulator.api_key)
    tenant.apply(secret, tenant.workspace("default", resourceId=elsewhere))
    eventually(lambda: tenant.find("quantumworkspace", "default"))
    look_again(tenant, "bell")
    tenant.pass_time()
    tenant.wait("bell", "Complete")
    assert json.loads(tenant.output("bell")["counts.json"])
    assert service.asked == []
    assert platform.name == tenant.status("bell")["workspace"]["ref"]["namespace"]


def test_an_object_that_was_removed_by_force_hands_nobody_over(
    platform: JobNamespace, tenant: JobNamespace, service: Liar
) -> None:
    """What runs is cancelled through the last good connection, and a stranger's object is not asked."""
    lure(tenant.stack, service)
    platform.apply(platform.workspace("passing", allowedNamespaces={"from": "All"}))
    running(tenant, "bell", workspaceRef={"namespace": PLATFORM, "name": "passing"})
    platform.kubectl("delete", "quantumworkspace", "passing", "--wait=false")
    platform.patch("quantumworkspace", "passing", {"metadata": {"finalizers": None}})
    platform.wait("passing", "delete", kind="quantumworkspace")
    tenant.patch("quantumjob", "bell", {"spec": {"ttlSecondsAfterFinished": 3600}})
    tenant.delete("bell")
    assert [run["status"] for run in tenant.runs("bell")] == ["Cancelled"]
    assert service.asked == []


def forge(place: JobNamespace, name: str, resource_id: str, through: dict[str, str] | None = None) -> None:
    """What the operator writes on an object that it has claimed."""
    uid = place.job(name)["metadata"]["uid"]
    claim: dict[str, Any] = {"v": 1, "uid": uid, "workspace": resource_id.lower(), "attempt": 1, "holder": "forged"}
    claim |= {"through": through} if through else {}
    metadata = {"finalizers": [FINALIZER], "annotations": {CLAIM_ANNOTATION: json.dumps(claim)}}
    place.patch("quantumjob", name, {"metadata": metadata})


def test_a_forged_claim_opens_no_workspace(platform: JobNamespace, tenant: JobNamespace) -> None:
    """No request goes out, no place is taken, and the workspace may be deleted; after a restart as well."""
    stack, proxy = tenant.stack, tenant.stack.workspace_proxy
    assert proxy is not None
    # Else that one would serve them: it admits everybody, and leads to the same Azure workspace.
    platform.apply(platform.workspace("shared"), platform.workspace("own", maxJobsInFlight=2))
    ref: dict[str, Any] = {"workspaceRef": {"namespace": PLATFORM, "name": "own"}}
    own = platform.find("quantumworkspace", "own")
    assert own is not None
    through = {"namespace": PLATFORM, "name": "own", "uid": own["metadata"]["uid"]}
    before = len(proxy.exchanges)
    for name in ("one", "two"):
        tenant.apply(jobs.ionq(name, **ref))
        tenant.wait_reason(name, "Submitted", "WorkspaceNotFound")
        forge(tenant, name, stack.emulator.resource_id, through)
        look_again(tenant, name)
    stack.operator.kill()
    stack.operator.start()
    for name in ("first", "second"):
        running(platform, name, workspaceRef={"name": "own"})
    ids = {platform.status(name)["jobId"] for name in ("first", "second")}
    paths = [one.request.path.partition("?")[0] for one in proxy.exchanges[before:]]
    asked = {path.rpartition("/jobs/")[2].partition("/")[0] for path in paths if "/jobs/" in path}
    assert asked == ids
    for name in ("first", "second"):
        platform.delete(name)
    platform.kubectl("delete", "quantumworkspace", "own", "--timeout=30s", timeout=60)
    for name in ("one", "two"):
        tenant.delete(name)


def test_what_was_sent_before_admission_was_withdrawn_is_not_left_running(
    platform: JobNamespace, tenant: JobNamespace
) -> None:
    """The operator is killed between the PUT and the status that tells of it, and the next one may not submit there."""
    stack, proxy = tenant.stack, tenant.stack.workspace_proxy
    assert proxy is not None
    platform.apply(platform.workspace("lent", allowedNamespaces={"from": "All"}))
    rule = proxy.hold(lambda one: one.method == "PUT" and "/jobs/" in one.path, when=Moment.AFTER)
    tenant.apply(jobs.ionq("bell", workspaceRef={"namespace": PLATFORM, "name": "lent"}))
    rule.wait_until_held()
    stack.operator.kill()
    rule.drop()
    platform.apply(platform.workspace("lent", allowedNamespaces={"from": "Same"}))
    stack.operator.start()
    tenant.wait_state("bell", "Executing")
    tenant.delete("bell")
    assert [run["status"] for run in tenant.runs("bell")] == ["Cancelled"]
    platform.kubectl("delete", "quantumworkspace", "lent", "--timeout=30s", timeout=60)


def test_a_service_that_knows_every_job_holds_no_worker(stack: Stack, platform: JobNamespace, service: Liar) -> None:
    """Six namespaces, as many as there are workers, are told of attempts without end; another tenant's job is done."""
    stack.emulator.behave(executing_seconds=0.1)
    base = stack.emulator.resource_id.rpartition("/")[0]
    places = [JobNamespace.make(stack, f"endless-{next(_numbers)}") for _ in range(TENANTS)]
    for place in places:
        place.apply(
            place.workspace("endless", endpoint=service.url, resourceId=f"{base}/{place.name}"),
            jobs.ionq("bell", suspend=True, workspaceRef={"name": "endless"}),
        )
    for place in places:
        place.wait_state("bell", "Suspended")
        uid = place.job("bell")["metadata"]["uid"]
        service.owners[place.name] = {"quantumjobs.dev/namespace": place.name, "quantumjobs.dev/uid": uid}
    for place in places:
        place.patch("quantumjob", "bell", {"spec": {"suspend": False}})
    for place in places:
        place.wait_reason("bell", "Submitted", "AttemptsUnexplained")
    name = f"job-{next(_numbers)}"
    platform.apply(jobs.ionq(name, workspaceRef={"name": "shared"}))
    platform.wait(name, "Complete")
    for place in places:
        place.delete("bell")
    told = places[0].stack.kubectl("get", "events", "-o", "json", namespace=places[0].name)
    assert "CancellationUnconfirmed" in told


def test_a_workspace_does_not_wait_for_jobs_of_a_strangers_object(
    platform: JobNamespace, tenant: JobNamespace, stack: Stack
) -> None:
    """It goes at once, whoever else has named the same Azure workspace; for its own jobs it waits, and says so."""
    stranger = JobNamespace.make(stack, f"stranger-{next(_numbers)}")
    running(stranger, "theirs")
    platform.apply(platform.workspace("leaving", allowedNamespaces={"from": "All"}))
    running(tenant, "bell", workspaceRef={"namespace": PLATFORM, "name": "leaving"})
    platform.kubectl("delete", "quantumworkspace", "leaving", "--wait=false")
    held = platform.wait_reason("leaving", "InUse", "JobsInFlight", kind="quantumworkspace")
    assert f"1 job: 1 of namespace {tenant.name};" in held["message"]
    tenant.delete("bell")
    platform.wait("leaving", "delete", kind="quantumworkspace")
    assert stranger.status("theirs")["state"] == "Executing"
    stranger.delete("theirs")


@pytest.mark.parametrize(
    ("output", "field"),
    [
        pytest.param({"configMapName": "istio-ca-root-cert"}, "configMapName", id="a name of certificates"),
        pytest.param({"labels": {"grafana_dashboard": "1"}}, "labels", id="a label of dashboards"),
        pytest.param({"labels": {"argocd.argoproj.io/secret-type": "cluster"}}, "labels", id="a label of Argo CD"),
    ],
)
def test_an_output_that_others_would_act_on_is_held_and_can_be_mended(
    platform: JobNamespace, output: dict[str, Any], field: str
) -> None:
    """Before anything is paid; the field may be changed, and the job goes on."""
    platform.stack.emulator.behave(executing_seconds=0.1)
    name = f"job-{next(_numbers)}"
    platform.apply(jobs.ionq(name, workspaceRef={"name": "shared"}, output=output))
    held = platform.wait_reason(name, "Submitted", "OutputReserved")
    assert f"spec.output.{field}" in held["message"]
    assert not platform.runs(name)
    platform.patch("quantumjob", name, {"spec": {"output": None}})
    platform.wait(name, "Complete")


def test_an_output_is_refused_when_it_is_written_too(platform: JobNamespace) -> None:
    """A field that may change until the end is reconciled again at the end."""
    running(platform, "late", workspaceRef={"name": "shared"})
    platform.patch("quantumjob", "late", {"spec": {"output": {"configMapName": "kube-root-ca.crt-2"}}})
    platform.wait("late", "jsonpath={.status.observedGeneration}=2")
    platform.pass_time()
    platform.wait_reason("late", "Complete", "OutputReserved")
    assert condition_of(platform.job("late"), "Complete")["status"] == "False"
    assert platform.find("configmap", "kube-root-ca.crt-2") is None
    platform.patch("quantumjob", "late", {"spec": {"output": None}})
    platform.wait("late", "Complete")
