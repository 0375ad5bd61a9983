"""What a job or a QuantumWorkspace refers to is read as far as it can be what it is read for."""

import base64
import json
from collections.abc import Awaitable, Callable
from typing import Any, Final

import pytest

from quantumjob_operator.cluster.api import Api
from quantumjob_operator.cluster.outputs import Outputs, Owner
from quantumjob_operator.cluster.references import BrokenReferenceError, References
from quantumjob_operator.model.quantumjob import KeyRef, QuantumJob, parse_job
from rooms.azure.misbehaving import MisbehavingServer, answers, says
from rooms.model.bodies import job_body

MIB: Final = 1024 * 1024
KEYS: Final = [f"key-{number:x}" for number in range(60_000)]
"""As many as etcd has room for beside a program: Kubernetes bounds the bytes of values alone."""


def job() -> QuantumJob:
    """One whose program stands in a ConfigMap."""
    reference = {"configMapKeyRef": {"name": "programs", "key": "program"}}
    return parse_job(job_body({"program": {"format": "ionq.circuit.v1", **reference}}))


async def program(api: Api) -> object:
    """The program of a ConfigMap."""
    return await References(api).program(job())


async def prices(api: Api) -> object:
    """A price list."""
    return await References(api).prices("research", "prices")


async def credential(api: Api) -> object:
    """The credential of a Secret."""
    return await References(api).credential("research", KeyRef("own", "program"), "spec.credentials")


def _object(text: str, encoded: Callable[[str], str] = str, **more: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": "programs", "labels": {}},
        "type": "quantumjobs.dev/credentials",
        "data": {"program": encoded(text), "prices.yaml": encoded(text)},
    } | more


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


@pytest.mark.parametrize(
    ("read", "answer"),
    [
        pytest.param(program, _object("{}", data={"program": "{}"} | dict.fromkeys(KEYS, "")), id="with many keys"),
        pytest.param(program, _object("{}", metadata={"labels": dict.fromkeys(KEYS, "")}), id="with many labels"),
        pytest.param(prices, _object("{}", metadata={"annotations": dict.fromkeys(KEYS, "")}), id="a price list"),
        pytest.param(
            credential, _object("key", _base64, metadata={"labels": dict.fromkeys(KEYS, "")}), id="a credential"
        ),
        pytest.param(program, _object("{}", binaryData={"other": "A" * 4 * MIB}), id="with many bytes"),
    ],
)
async def test_a_long_object_is_not_read(
    server: MisbehavingServer, api: Api, read: Callable[[Api], Awaitable[object]], answer: dict[str, Any]
) -> None:
    """Each of hundreds of small jobs may refer to it, each time that it is looked at."""
    server.plays(says(answer))
    with pytest.raises(BrokenReferenceError, match="fewer than a thousand keys"):
        await read(api)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("[0," * (MIB // 3), id="of nothing but marks"),
        pytest.param(json.dumps(["h", "q", "0"] * (MIB // 16)), id="of nothing but short texts"),
        pytest.param('"' * MIB, id="of nothing but quotation marks"),
        pytest.param("line\n" * (MIB // 5), id="of short lines"),
    ],
)
async def test_a_program_of_a_megabyte_is_read(server: MisbehavingServer, api: Api, text: str) -> None:
    """Beside hundreds of other keys, whatever stands in it."""
    found = _object(text)
    found["data"] = {"program": text} | dict.fromkeys(KEYS[:500], "")
    found["metadata"]["managedFields"] = [{"fieldsV1": {"f:data": {f"f:{key}": {} for key in KEYS[:500]}}}]
    server.plays(says(found))
    assert await program(api) == text.encode()


async def test_a_long_secret_reads_as_one_that_is_missing(server: MisbehavingServer, api: Api) -> None:
    """Nobody learns which Secrets exist."""
    told = []
    for behaviour in (
        says({"metadata": {"labels": dict.fromkeys(KEYS, "")}}),
        answers(404, json.dumps({"kind": "Status", "reason": "NotFound"}).encode()),
        says({"metadata": {}, "type": "Opaque"}),
    ):
        server.plays(behaviour)
        with pytest.raises(BrokenReferenceError) as raised:
            await credential(api)
        told.append(raised.value.message)
    assert len(set(told)) == 1


async def test_a_long_configmap_of_the_outputs_name_is_somebody_elses(server: MisbehavingServer, api: Api) -> None:
    """It is looked at each time as well."""
    server.plays(says(_object("{}", metadata={"labels": dict.fromkeys(KEYS, "")})))
    assert await Outputs(api).owner(job()) is Owner.OTHER
