"""The real operator beside an endpoint that lies in every way at once, for many tenants, while others' jobs run."""

import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import httpx
import psutil
import pytest

from answers.hostile import KINDS, MIB, ZEROS
from cluster import jobs
from cluster.jobnamespace import FOR_EVER, JobNamespace, eventually
from cluster.overwriting import overwrite_output
from localstack import manifests
from localstack.operated import Operator
from localstack.stack import Stack

pytestmark = [pytest.mark.cluster, pytest.mark.slow, pytest.mark.alone]

SPOILT: Final = 8
"""Outputs that are compressed or too large."""
MOST_MIB: Final = 400
LONGEST_SECONDS: Final = 1.0
SECONDS: Final = 60.0
TRUE: Final = {"large", "same"}
"""What these answer about their targets can be shown."""
LARGEST: Final = b'{"histogram":[' + b"{}," * (16 * MIB // 3 - 8) + b"{}]}"


class Strain:
    """What the operator and its children take at most, and how long its loop answers nobody.

    Attributes:
        peak_mib: Memory of all its processes together.
        longest: Seconds that `/healthz` took at most.
    """

    def __init__(self, operator: Operator) -> None:
        self._url = f"{operator.url}/healthz"
        self._process = psutil.Process(operator.pid)
        self.peak_mib, self.longest = 0.0, 0.0
        self._over = threading.Event()

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Look at it meanwhile."""
        looking = [threading.Thread(target=one, daemon=True) for one in (self._weigh, self._ask)]
        for one in looking:
            one.start()
        try:
            yield
        finally:
            self._over.set()
            for one in looking:
                one.join(30)

    def _weigh(self) -> None:
        while not self._over.wait(0.05):
            taken = 0
            for one in (self._process, *self._process.children(recursive=True)):
                try:
                    taken += one.memory_full_info().pss  # pages that processes share count once
                except psutil.NoSuchProcess:
                    continue
            self.peak_mib = max(self.peak_mib, taken / MIB)

    def _ask(self) -> None:
        with httpx.Client(trust_env=False, timeout=60) as client:
            while not self._over.wait(0.05):
                before = time.monotonic()
                assert client.get(self._url).status_code == httpx.codes.OK
                self.longest = max(self.longest, time.monotonic() - before)


@pytest.fixture(scope="module")
def lies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The origin of the endpoint that lies."""
    told = tmp_path_factory.mktemp("lies") / "port"
    server = subprocess.Popen([sys.executable, "-m", "answers.hostile", told], cwd=Path(__file__).parents[1])
    try:
        eventually(lambda: told.exists() and told.read_text(), within=300)
        yield f"http://127.0.0.1:{told.read_text()}"
    finally:
        server.kill()
        server.wait()


@pytest.fixture(scope="module")
def stack(lies: str) -> Iterator[Stack]:
    """Control plane, emulator, and an operator that may ask the liar."""
    with Stack.start(
        operator_args=("--poll-min-seconds=0.5", "--poll-max-seconds=5", "--garbage-collection-seconds=10"),
        emulator_args=("--no-simulate", "--waiting-seconds=0.1", "--executing-seconds=0.1", "--seed=7"),
        start_operator=False,
    ) as started:
        started.operator._argv.append(f"--allowed-endpoints={lies}")
        started.operator.start()
        yield started


def time_a_job(place: JobNamespace, name: str) -> float:
    """Seconds from applying a job to its output."""
    before = time.monotonic()
    place.apply(jobs.ionq(name))
    place.wait(name)
    assert place.status(name)["state"] == "Succeeded"
    return time.monotonic() - before


def lure(place: JobNamespace, lies: str, kind: str) -> list[manifests.Manifest]:
    """Workspaces of one kind of lie."""
    endpoint = lies if kind != "dead" else "https://nobody.quantum.azure.com"
    made = []
    for number in range(KINDS[kind]):
        resource = place.stack.emulator.resource_id.rsplit("/", 1)[0] + f"/{kind}-{number}"
        made.append(place.workspace(f"{kind}-{number}", endpoint=endpoint, resourceId=resource))
    return made


def spoil_outputs(place: JobNamespace) -> list[str]:
    """Finished jobs whose outputs are compressed or as large as is read; read once their names are free."""
    names = [f"spoilt-{number}" for number in range(SPOILT)]
    place.stack.emulator.behave(executing_seconds=FOR_EVER)
    place.apply(*(jobs.ionq(name) for name in names))
    for name in names:
        place.wait_state(name, "Executing")
    place.apply(*(jobs.config_map(f"{name}-output", {"in": "the way"}) for name in names))
    place.pass_time()
    place.stack.emulator.admin("DELETE", "settings")
    for number, name in enumerate(names):
        place.wait_reason(name, "Complete", "OutputConfigMapConflict")
        if number % 2:
            overwrite_output(place, name, ZEROS, x_ms_blob_content_encoding="gzip")
        else:
            overwrite_output(place, name, LARGEST)
    return names


def test_every_lie_at_once(stack: Stack, lies: str) -> None:
    """The operator stays small and awake, and others' jobs take no more than twice their usual time."""
    victim = JobNamespace.make(stack, "victim")
    usual = sorted(time_a_job(victim, f"usual-{number}") for number in range(5))[2]
    attackers = [JobNamespace.make(stack, f"attacker-{kind}") for kind in KINDS]
    spoiler = JobNamespace.make(stack, "spoiler")
    spoilt = spoil_outputs(spoiler)
    strain = Strain(stack.operator)
    taken: list[float] = []
    with strain.watched():
        for place, kind in zip(attackers, KINDS, strict=True):
            place.apply(*lure(place, lies, kind))
        spoiler.kubectl("delete", "configmap", *(f"{name}-output" for name in spoilt))
        end = time.monotonic() + SECONDS
        while time.monotonic() < end:
            taken.append(time_a_job(victim, f"job-{len(taken)}"))
    typical = sorted(taken)[len(taken) // 2]
    print(  # noqa: T201 - the figures of docs/security.md
        f"peak {strain.peak_mib:.0f} MiB, longest {strain.longest:.2f} s, job {typical:.1f} s of {usual:.1f} s, "
        f"slowest {max(taken):.1f} s of {len(taken)}"
    )
    for place, kind in zip(attackers, KINDS, strict=True):
        ready = place.wait_reason(f"{kind}-0", "Ready", _reason(kind), kind="quantumworkspace")
        assert ready["status"] == ("True" if kind in TRUE else "False")
    same = attackers[list(KINDS).index("same")].find("quantumworkspace", "same-0")
    assert same is not None
    assert [one["target"] for one in same["status"]["targets"]] == ["t"]
    spoiler.wait(spoilt[0], "Complete")
    assert spoiler.output(spoilt[0])["countsOmitted"] == "TooLarge"
    spoiler.wait_reason(spoilt[1], "Complete", "OutputUnreadable")
    assert strain.peak_mib < MOST_MIB
    assert strain.longest < LONGEST_SECONDS
    assert typical < 2 * max(usual, 1.0)


def _reason(kind: str) -> str:
    if kind in TRUE:
        return "Connected"
    if kind in {"endless", "pages", "rows", "many", "interim", "small"}:
        return "AnswerTooLarge"
    return "Refused" if kind in {"refusal", "text"} else "Unreachable"
