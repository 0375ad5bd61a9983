"""No secret gets into anything that the operator writes, however storage and services fail, with logs at DEBUG.

The search comes after the failures have happened (the operator's own counters say so) and with a proof that it finds
what it looks for.
"""

import base64
import json
from collections.abc import Iterator
from typing import Final

import httpx
import pytest

from crash.troubled import API_KEY, STORAGE_KEY, WRONG_KEY, Troubled, troubled_system

pytestmark = pytest.mark.cluster

_WRITTEN: Final = "quantumjobs,quantumworkspaces,configmaps,events"
_SERVICE_CALLS: Final = {
    "get-sas-uri": "sas_uri",
    "create-job": "put_job",
    "get-job": "get_job",
    "get-provider-status": "provider_status",
}
_OUTCOMES: Final = [
    *((operation, word) for operation in _SERVICE_CALLS.values() for word in ("403", "404", "timeout")),
    ("provider_status", "401"),
    ("upload_program", "403"),
    ("upload_program", "404"),
    ("upload_program", "timeout"),
    ("read_output", "403"),
    ("read_output", "404"),
    ("read_output", "timeout"),
]
_TRACES: Final = [
    '"level": "DEBUG"',
    "put_job: HTTP 403",
    "upload_program: HTTP 404",
    "upload_program: no answer",
    "read_output: HTTP 404",
    "read_output: no answer",
    "read_output: HTTP 403",
    "upload_program: HTTP 403",
]


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Troubled]:
    """The system after everything has gone wrong."""
    with troubled_system(tmp_path_factory.mktemp("troubled")) as troubled:
        _let_the_service_fail(troubled)
        _let_the_storage_fail(troubled)
        yield troubled


def _let_the_service_fail(system: Troubled) -> None:
    for call, operation in _SERVICE_CALLS.items():
        for status in (403, 404):
            system.answer(call, status)
            _cause(system, call, f"{operation.replace('_', '-')}-{status}")
            system.wait_for(operation, str(status))
        system.delay(call)
        _cause(system, call, f"{operation.replace('_', '-')}-late")
        system.wait_for(operation, "timeout")
    system.wait_for("provider_status", "401")


def _cause(system: Troubled, call: str, name: str) -> None:
    """Make the operator call: with a job, or with a workspace that has changed."""
    if call == "get-provider-status":
        system.touch_workspace()
    else:
        system.submit(name)


def _let_the_storage_fail(system: Troubled) -> None:
    system.miss_an_output()
    system.submit("output-missing")
    system.wait_for("read_output", "404")
    for method, operation in {"PUT": "upload_program", "GET": "read_output"}.items():
        held = system.hold_blob(method)
        system.submit(f"slow-{method.lower()}", "slow")
        system.wait_for(operation, "timeout")
        held.drop()
    system.remove_container_before_upload("homeless")
    system.wait_for("upload_program", "404")
    system.submit("expires", "expired")
    system.stack.wait("quantumjob/expires", "jsonpath={.status.state}=Executing")
    system.end_signatures()
    system.wait_for("read_output", "403")
    system.submit("expired", "expired")
    system.wait_for_log(_TRACES[-1])


@pytest.fixture(scope="module")
def written(system: Troubled) -> dict[str, str]:
    """Everything that the operator wrote, by place."""
    objects = system.stack.kubectl("get", _WRITTEN, "--all-namespaces", "--output=yaml", "--show-managed-fields")
    return {
        "log": system.operator.log.read_text(),
        "metrics": system.metrics(),
        "health": httpx.get(f"{system.operator.url}/healthz", trust_env=False).text,
        "objects": objects,
    }


def secrets_of(system: Troubled) -> dict[str, str]:
    """What must not be found, by what it is."""
    return {
        "a signature": "sig=",
        "a quoted signature": "sig%3d",
        "the API key": API_KEY,
        "the API key in base64": base64.b64encode(API_KEY.encode()).decode(),
        "a refused API key": WRONG_KEY,
        "the storage key": STORAGE_KEY,
        "the operator's own token": system.token,
    }


def found_in(text: str, system: Troubled) -> set[str]:
    """Which secrets a text holds."""
    return {what for what, secret in secrets_of(system).items() if secret.lower() in text.lower()}


@pytest.mark.parametrize(("operation", "outcome"), _OUTCOMES)
def test_the_failure_happened(written: dict[str, str], operation: str, outcome: str) -> None:
    """The operator itself counted it."""
    assert f'quantumjob_remote_requests_total{{code="{outcome}",operation="{operation}"}}' in written["metrics"]


@pytest.mark.parametrize("trace", _TRACES)
def test_the_log_tells_of_it(written: dict[str, str], trace: str) -> None:
    """The failures went through the log, at its most talkative."""
    assert trace in written["log"]


@pytest.mark.parametrize("place", ["log", "metrics", "health", "objects"])
def test_no_secret_is_written(system: Troubled, written: dict[str, str], place: str) -> None:
    """The search finds none of the secrets."""
    assert written[place]
    assert found_in(written[place], system) == set()


def test_the_search_finds_what_is_there(system: Troubled) -> None:
    """Where the secrets may be, the same search finds them: in the Secrets, and in what the service answers."""
    emulator = system.stack.emulator
    assert found_in(system.stack.kubectl("get", "secrets", "--output=yaml"), system) == {"the API key in base64"}
    assert found_in(json.dumps(emulator.announced), system) == {"the API key"}
    answer = httpx.get(
        f"{emulator.url}{emulator.resource_id}/jobs",
        params={"api-version": "2026-01-15-preview"},
        headers={"x-ms-quantum-api-key": API_KEY},
        trust_env=False,
    )
    assert found_in(answer.text, system) == {"a signature"}
