"""Which parts of a result a job asks for, and what of a service's words about it gets into the cluster."""

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from quantumjob_operator.azure.auth import ApiKey
from quantumjob_operator.azure.client import WorkspaceClient
from quantumjob_operator.azure.connections import Connection
from quantumjob_operator.azure.http.allowlist import AllowedOrigins
from quantumjob_operator.clock import Clock
from quantumjob_operator.cluster.objects import Objects
from quantumjob_operator.cluster.outputs import Outputs
from quantumjob_operator.cluster.references import References
from quantumjob_operator.controller.output_writer import OutputWriter, included
from quantumjob_operator.controller.process_state import Memory
from quantumjob_operator.controller.reconcile_context import ReconcileContext
from quantumjob_operator.lifecycle.observation import OutputPlace, Trouble
from quantumjob_operator.model.jobstatus import Resolved
from quantumjob_operator.model.remotejob import RemoteJob
from quantumjob_operator.results import Part
from rooms.azure.misbehaving import MisbehavingServer, answers, says
from rooms.azure.samples import KEY
from rooms.controller.submitting import connections
from rooms.lifecycle.observations import NOW, accepted, remote, seen
from rooms.model.bodies import RESOURCE_ID, job, workspace

BAD_URIS = [
    pytest.param("javascript:alert(1)", id="another scheme"),
    pytest.param("https://storage/a\nb", id="a line's end"),
    pytest.param("https://storage/sig=abc", id="a signature"),
    pytest.param("https://me:password@storage/a", id="a password"),
    pytest.param("https://storage/" + "a" * 2048, id="a very long one"),
]


@pytest.mark.parametrize(
    ("output", "parts"),
    [
        pytest.param(None, None, id="nothing is said: all there is"),
        pytest.param({"labels": {"a": "b"}}, None, id="something else is said"),
        pytest.param({"includeResult": True}, None, id="the older form: all there is"),
        pytest.param({"includeResult": False}, set(), id="the older form: nothing"),
        pytest.param({"include": []}, set(), id="nothing"),
        pytest.param({"include": ["counts"]}, {Part.COUNTS}, id="one part"),
        pytest.param({"include": ["result", "probabilities"]}, {Part.RESULT, Part.PROBABILITIES}, id="two parts"),
        pytest.param(
            {"include": ["counts"], "includeResult": False}, {Part.COUNTS}, id="both, let pass by an older CRD"
        ),
    ],
)
def test_what_a_job_asks_for(output: dict[str, Any] | None, parts: set[Part] | None) -> None:
    """`include` names the parts, `includeResult` is its shorter form."""
    assert included(job({"output": output} if output else None).spec.output) == parts


@dataclass(frozen=True, slots=True)
class Told:
    """A finished job, whose service names a place for its output."""

    writer: OutputWriter
    context: ReconcileContext
    cluster: MisbehavingServer
    service: MisbehavingServer

    def written(self) -> dict[str, str]:
        """The data of the ConfigMap that was made."""
        data: dict[str, str] = json.loads(self.cluster.received[-1].body)["data"]
        return data


@asynccontextmanager
async def told(folder: Path, uri: str, include: list[str], **spec: Any) -> AsyncIterator[Told]:
    """A job that wants so much of its output, at this place."""
    async with connections(folder) as (api, cluster, service, transport):
        cluster.plays(says({}))
        client = WorkspaceClient(
            endpoint=service.url,
            resource_id=RESOURCE_ID,
            credential=ApiKey(KEY),
            transport=transport,
            allowed=AllowedOrigins.parse([service.url]),
        )
        finished = accepted({"output": {"include": include}} | spec)
        context = ReconcileContext(
            seen=seen(finished, remote=replace(remote("Succeeded"), output_uri=uri, output_location=uri)),
            memory=Memory(finished),
            connection=Connection(workspace(), client),
            stored=finished.status,
            writer=Objects(api),
        )
        clock = Clock(lambda: 0.0, lambda: NOW)
        yield Told(
            OutputWriter(outputs=Outputs(api), references=References(api), clock=clock), context, cluster, service
        )


@pytest.mark.parametrize("uri", BAD_URIS)
async def test_a_place_that_is_no_uri_is_not_asked(tmp_path: Path, uri: str) -> None:
    """The condition says so, and nothing is written."""
    async with told(tmp_path, uri, ["counts"]) as one:
        before = len(one.cluster.received)
        await one.writer.write(one.context)
        assert isinstance(one.context.seen.output, Trouble)
        assert one.context.seen.output.reason == "OutputUnreadable"
        assert "is no http or https URI" in one.context.seen.output.message
        assert (len(one.cluster.received), one.service.received) == (before, [])


def has_result(one: Told) -> None:
    """The service has a result of the job."""
    remote_job = one.context.seen.remote
    assert isinstance(remote_job, RemoteJob)
    place = f"{one.service.url}/account/container/blob?se=2099-01-01T00%3A00%3A00Z&sig=x"
    one.context.know(remote=replace(remote_job, output_uri=place.partition("?")[0], output_location=place))
    one.service.plays(answers(206, b'{"histogram": {"0": 1}}', {"Content-Range": "bytes 0-22/23"}))


@pytest.mark.parametrize(
    ("output_format", "read"),
    [
        pytest.param("ionq.quantum-results.v1", True, id="the program tells the number of qubits"),
        pytest.param("rigetti.quil-results.v1", False, id="the result tells all"),
        pytest.param("tomorrow.results.v1", False, id="a format that nobody reads"),
    ],
)
async def test_a_program_is_read_with_the_result_only_where_it_tells_something(
    tmp_path: Path, output_format: str, *, read: bool
) -> None:
    """However long it is: a small result would be as long to read."""
    program = {"format": "ionq.circuit.v1", "configMapKeyRef": {"name": "programs", "key": "bell"}}
    async with told(tmp_path, "", ["counts"], program=program) as one:
        resolved = replace(one.context.job.status.resolved or Resolved("", "", None, ""), output_format=output_format)
        status = replace(one.context.job.status, resolved=resolved)
        one.context.know(job=replace(one.context.job, status=status))
        has_result(one)
        await one.writer.write(one.context)
        assert any("/configmaps/programs" in asked.path for asked in one.cluster.received) is read
        assert one.written()["jobId"]


async def test_a_result_is_not_read_again_while_its_name_is_somebody_elses(tmp_path: Path) -> None:
    """It is long to read, and the name may be taken for ever; once it is free, all is done."""
    async with told(tmp_path, "", ["counts"]) as one:
        has_result(one)
        taken = says({"metadata": {"name": "bell-output", "ownerReferences": []}})
        one.cluster.plays(says({"kind": "Status", "reason": "AlreadyExists", "code": 409}, 409), taken)
        await one.writer.write(one.context)
        read = len(one.service.received)
        assert read > 0
        await one.writer.write(one.context)
        assert isinstance(one.context.seen.output, Trouble)
        assert one.context.seen.output.reason == "OutputConfigMapConflict", one.context.seen.output
        assert len(one.service.received) == read
        one.cluster.plays(says({"kind": "Status", "reason": "NotFound", "code": 404}, 404), says({}))
        await one.writer.write(one.context)
        assert isinstance(one.context.seen.output, OutputPlace)
        assert len(one.service.received) > read


@pytest.mark.parametrize("uri", BAD_URIS)
async def test_a_place_that_is_no_uri_is_not_shown(tmp_path: Path, uri: str) -> None:
    """Neither to who asked for no part of the result, nor to who got none in the end."""
    async with told(tmp_path, uri, []) as one:
        await one.writer.write(one.context)
        assert not one.written().get("outputUri")
        await one.writer.write_bare(one.context)
        assert not one.written().get("outputUri")
        assert one.service.received == []
