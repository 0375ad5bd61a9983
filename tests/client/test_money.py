"""What a submission pays for when its answer is lost, late, or refused; the judge is the service's ledger."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from client.conftest import Researcher, make_researcher
from client.programs import BELL_IONQ, SIMULATOR
from cluster.jobnamespace import JobNamespace, eventually
from devcluster.proxy import TlsProxy
from devcluster.proxyrules import Request
from localstack.stack import Stack
from quantumjobs import submission
from quantumjobs.errors import NameTakenError, OutcomeUnknownError

pytestmark = [pytest.mark.cluster, pytest.mark.slow]


def creates_a_job(request: Request) -> bool:
    """Whether a request creates a QuantumJob."""
    return request.method == "POST" and "/quantumjobs" in request.path


@pytest.fixture
def proxy(stack: Stack) -> Iterator[TlsProxy]:
    """Between the client and the API server."""
    with TlsProxy.start(stack.cluster.url, upstream_ca=stack.cluster.ca_file) as started:
        yield started


@pytest.fixture
def behind(place: JobNamespace, stack: Stack, proxy: TlsProxy, tmp_path: Path) -> Researcher:
    """A researcher whose requests pass the proxy."""
    return make_researcher(place, stack, tmp_path, server=proxy)


def creations(proxy: TlsProxy) -> int:
    """How often a job was created, or tried to be."""
    return sum(creates_a_job(one.request) for one in proxy.exchanges)


def test_a_lost_answer_is_looked_up(behind: Researcher, proxy: TlsProxy, place: JobNamespace) -> None:
    """The job was created, its answer lost: the caller gets it, and nothing is created a second time."""
    proxy.drop(creates_a_job, when="after")
    job = behind.cluster().submit(BELL_IONQ, target=SIMULATOR, shots=10)
    job.wait(60)
    assert creations(proxy) == 1
    assert len(place.runs(job.name)) == 1


def test_a_request_that_never_arrived_is_not_repeated(
    behind: Researcher, proxy: TlsProxy, place: JobNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody can tell it from one that arrives late: the caller is told the name, under which sending again is safe."""
    monkeypatch.setattr(submission, "_LOOKS", (0.1, 0.1))
    proxy.drop(creates_a_job, when="before")
    with pytest.raises(OutcomeUnknownError, match="nothing was sent again") as caught:
        behind.cluster().submit(BELL_IONQ, target=SIMULATOR, shots=10)
    assert creations(proxy) == 1
    assert place.kubectl("get", "quantumjobs", "-o", "name") == ""
    again = behind.cluster().submit(BELL_IONQ, target=SIMULATOR, shots=10, name=caught.value.name)
    again.wait(60)
    assert len(place.runs(again.name)) == 1


def test_a_request_that_arrives_late_is_paid_once(
    behind: Researcher, proxy: TlsProxy, place: JobNamespace, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Sending again under the same name finds the late one instead of paying for another."""
    monkeypatch.setattr(submission, "_LOOKS", (0.1,))
    held = proxy.hold(creates_a_job)
    cluster = behind.cluster()
    cluster.api._access = type(cluster.api._access)(kubeconfig=str(behind.kubeconfig), request_timeout=1.0)
    with pytest.raises(OutcomeUnknownError) as caught:
        cluster.submit(BELL_IONQ, target=SIMULATOR, shots=10)
    held.release()
    eventually(lambda: place.find("quantumjob", caught.value.name), within=10)
    with pytest.raises(NameTakenError):
        behind.cluster().submit(BELL_IONQ, target=SIMULATOR, shots=10, name=caught.value.name)
    place.wait(caught.value.name)
    assert len(place.runs(caught.value.name)) == 1


def test_a_client_that_is_killed_before_its_answer_has_paid_once(
    behind: Researcher, proxy: TlsProxy, place: JobNamespace, tmp_path: Path
) -> None:
    """With `--once` the same command again finds the job of the killed one."""
    program = tmp_path / "bell.json"
    program.write_text(BELL_IONQ)
    arguments = ("run", program, "-t", SIMULATOR, "-s", "10", "--once", "-o", "name")
    held = proxy.hold(creates_a_job, when="after")
    killed = subprocess.Popen(
        [sys.executable, "-m", "quantumjobs", *map(str, arguments), f"--kubeconfig={behind.kubeconfig}"],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    held.wait_until_held()
    killed.kill()
    killed.wait()
    held.drop()
    done = behind.run(*arguments, "--wait")
    assert done.returncode == 0, done.stderr
    (name,) = [line.rpartition("/")[2] for line in done.stdout.splitlines()]
    assert len(place.runs(name)) == 1
    assert len(json.loads(place.kubectl("get", "quantumjobs", "-o", "json"))["items"]) == 1


def test_two_kernels_with_the_same_key_pay_once(researcher: Researcher, place: JobNamespace) -> None:
    """Both get a job with the same counts, under names of their own, too."""
    code = (
        "import sys; from quantumjobs import Access, QuantumCluster;"
        "cluster = QuantumCluster(access=Access(kubeconfig=sys.argv[1]));"
        "job = cluster.submit(sys.argv[2], target='ionq.simulator', shots=10, once='figure', name=sys.argv[3]);"
        "print(sorted(job.counts(timeout=90).items()))"
    )
    kernels = [
        subprocess.Popen(
            [sys.executable, "-c", code, str(researcher.kubeconfig), BELL_IONQ, name], stdout=subprocess.PIPE, text=True
        )
        for name in ("first", "second")
    ]
    answers = [kernel.communicate(timeout=120)[0] for kernel in kernels]
    assert answers[0] == answers[1] != ""
    assert len(place.runs("first")) + len(place.runs("second")) == 1


def test_a_busy_api_server_is_given_time(behind: Researcher, proxy: TlsProxy) -> None:
    """A read whose connection breaks is repeated; it changes nothing."""
    proxy.drop(lambda request: request.method == "GET" and request.path.endswith("/quantumjobs/absent"), times=2)
    begun = time.monotonic()
    done = behind.run("why", "absent")
    assert done.returncode == 6, done.stderr
    assert time.monotonic() - begun < 30
