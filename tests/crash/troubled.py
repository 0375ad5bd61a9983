"""A system whose storage and services fail in many ways, for the search for leaks.

Lives here: the parts, their secrets, and how each failure is brought about. Must not live here: what is searched.
"""

import base64
import itertools
import json
import secrets
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import httpx
import yaml
from azure.storage.blob import BlobServiceClient

from crash.harness import Object, create, quantum_job
from devcluster.proxy import TlsProxy
from devcluster.proxyrules import Moment, Rule
from localstack import manifests
from localstack.emulated import Emulator
from localstack.operated import Operator
from localstack.stack import Stack

API_KEY: Final = secrets.token_urlsafe(32)
WRONG_KEY: Final = secrets.token_urlsafe(32)
STORAGE_KEY: Final = base64.b64encode(secrets.token_bytes(64)).decode()
_ACCOUNT: Final = ("--storage-account=emulator", f"--storage-key={STORAGE_KEY}")
_QUICK: Final = ("--waiting-seconds=0.1", "--executing-seconds=0.1", "--no-simulate", f"--api-key={API_KEY}")
_IMPATIENT: Final = (
    "--log-level=DEBUG",
    "--put-start-seconds=1",
    "--request-timeout-seconds=1",
    "--visibility-delay-seconds=0.5",
    "--poll-min-seconds=0.2",
    "--poll-max-seconds=0.5",
)
_SECONDS: Final = 60.0
_LIMITS: Final = itertools.count(100)


@dataclass(frozen=True, slots=True)
class Troubled:
    """The running parts.

    Attributes:
        stack: Its emulator is the workspace `default`; its own operator is never started.
        storage: Stands before the storage account of the workspaces `slow` and `expired`.
        expired: The workspace of that name, with signatures that last, and with such that don't.
        operator: The operator.
        token: The operator's own token at the API server.
    """

    stack: Stack
    storage: TlsProxy
    expired: tuple[Emulator, Emulator]
    operator: Operator
    token: str

    def metrics(self) -> str:
        """What Prometheus would read."""
        return httpx.get(self.operator.metrics_url, trust_env=False).raise_for_status().text

    def wait_for(self, operation: str, word: str) -> None:
        """Wait until the operator has counted an operation that ended so."""
        counted = f'quantumjob_remote_requests_total{{code="{word}",operation="{operation}"}}'
        _wait(lambda: counted in self.metrics(), f"{operation} did not end as {word}")

    def wait_for_log(self, text: str) -> None:
        """Wait until the operator has logged a text."""
        _wait(lambda: text in self.operator.log.read_text(), f"nothing was logged of {text!r}")

    def submit(self, name: str, workspace: str = "default") -> None:
        """Create a job for one of the workspaces."""
        create(self.stack, [quantum_job(name, workspaceRef={"name": workspace})])

    def answer(self, operation: str, status: int) -> None:
        """Let the workspace `default` answer one call of an operation so."""
        self._arm(operation=operation, kind="status-before", status=status, count=1)

    def delay(self, operation: str) -> None:
        """Let it answer one call too late."""
        self._arm(operation=operation, kind="delay-after", seconds=2, count=1)

    def miss_an_output(self) -> None:
        """Let it forget the output of the next job for a while."""
        self._arm(kind="missing-output", seconds=2, count=1)

    def hold_blob(self, method: str) -> Rule:
        """Let the storage account keep silent about the next call of the operator: nobody else uses signatures."""
        return self.storage.hold(
            lambda request: request.method == method and "sig=" in request.path, when=Moment.BEFORE
        )

    def remove_container_before_upload(self, name: str) -> None:
        """Create a job for the workspace `slow` whose container goes while its program is on the way."""
        held = self.hold_blob("PUT")
        self.submit(name, "slow")
        _, account, container, _ = held.wait_until_held().path.split("/", 3)
        key = {"account_name": account, "account_key": STORAGE_KEY}
        with BlobServiceClient(f"{self.stack.emulator.storage_origin}/{account}", credential=key) as service:
            service.delete_container(container)
        held.release()

    def touch_workspace(self) -> None:
        """Change the workspace `default` in a way that matters to nobody, so that the operator looks at it."""
        patch = {"spec": {"maxJobsInFlight": next(_LIMITS)}}
        self.stack.kubectl("patch", "quantumworkspace", "default", "--type=merge", f"--patch={json.dumps(patch)}")

    def end_signatures(self) -> None:
        """Start the workspace `expired` again, as one whose signatures are over before they can be used."""
        self.expired[0].kill()
        self.expired[1].start()

    def _arm(self, **fault: Any) -> None:
        self.stack.emulator.admin("POST", "faults", fault)


def _wait(over: Callable[[], bool], complaint: str) -> None:
    deadline = time.monotonic() + _SECONDS
    while not over():
        if time.monotonic() > deadline:
            raise TimeoutError(f"{complaint} within {_SECONDS} s")
        time.sleep(0.1)


@contextmanager
def troubled_system(folder: Path) -> Iterator[Troubled]:
    """Start the parts: one storage account, and workspaces that lead to it in good and bad ways."""
    with ExitStack() as resources:
        stack = resources.enter_context(Stack.start(emulator_args=[*_QUICK, *_ACCOUNT], start_operator=False))
        storage = resources.enter_context(TlsProxy.start(stack.emulator.storage_origin, tls=False))
        slow = _workspace(folder, storage, "slow")
        expired = _workspace(folder, storage, "expired", "--executing-seconds=5")
        over = _workspace(folder, storage, "expired", f"--port={httpx.URL(expired.url).port}", "--sas-seconds=0.001")
        for emulator in (slow, expired, over):
            resources.callback(emulator.end)
        kubeconfig = stack.cluster.service_account_kubeconfig(manifests.SYSTEM_NAMESPACE, manifests.SERVICE_ACCOUNT)
        operator = Operator(
            folder,
            kubeconfig=kubeconfig,
            allowed_endpoints=[stack.emulator.url, slow.url, expired.url, stack.emulator.storage_origin, storage.url],
            arguments=_IMPATIENT,
        )
        resources.callback(operator.end)
        for name, emulator in {"slow": slow, "expired": expired}.items():
            emulator.start()
            _point_to(stack, emulator, name, manifests.CREDENTIALS)
        _point_to(stack, stack.emulator, "refused", "wrong-credentials")
        stack.apply(_wrong_credentials())
        operator.start()
        token = yaml.safe_load(kubeconfig.read_text())["users"][0]["user"]["token"]
        yield Troubled(stack, storage, (expired, over), operator, token)


def _workspace(folder: Path, storage: TlsProxy, name: str, *arguments: str) -> Emulator:
    """A further workspace on the same storage account, which it and its clients reach through a proxy."""
    place = folder / name
    place.mkdir(exist_ok=True)
    way = f"--storage-url={storage.url}/emulator"
    return Emulator(place, [*_QUICK, *_ACCOUNT, way, f"--workspace={name}", *arguments])


def _point_to(stack: Stack, emulator: Emulator, name: str, secret: str) -> None:
    workspace = manifests.workspace(name, resource_id=emulator.resource_id, location="eastus", endpoint=emulator.url)
    workspace["spec"]["credentials"]["apiKey"]["secretKeyRef"]["name"] = secret
    stack.apply(workspace)


def _wrong_credentials() -> Object:
    secret = manifests.credentials(WRONG_KEY)
    return secret | {"metadata": {"name": "wrong-credentials"}}
