"""Bringing a job's output into its ConfigMap.

Lives here: reading the result and writing the ConfigMap. Must not live here: what stands in it (`results`).
"""

from contextlib import AsyncExitStack
from dataclasses import replace
from typing import Final

from quantumjob_operator.cluster.materials import MaterialError, Materials
from quantumjob_operator.cluster.outputs import Outputs, Owner
from quantumjob_operator.errors import ServiceError
from quantumjob_operator.instance import Clock
from quantumjob_operator.lifecycle.definition import resolve
from quantumjob_operator.lifecycle.facts import OutputPlace, Trouble
from quantumjob_operator.look import Look, ready, trouble
from quantumjob_operator.readout import Readout
from quantumjob_operator.remotejob import RemoteJob
from quantumjob_operator.results import MAX_READ_BYTES, Omitted, OutputData, OutputFacts

_COLLECTION_SECONDS: Final = 5.0


class Delivery:
    """The steps around the output ConfigMap."""

    def __init__(self, *, outputs: Outputs, materials: Materials, clock: Clock) -> None:
        self._outputs = outputs
        self._materials = materials
        self._clock = clock
        self._readout = Readout()

    async def check(self, look: Look) -> None:
        """See whether the output ConfigMap's name is free."""
        name, owner = look.job.output_name, await self._outputs.owner(look.job)
        free = owner in (Owner.NOBODY, Owner.JOB)
        look.know(output=OutputPlace(name) if free else _taken(name, owner))

    async def write(self, look: Look) -> None:
        """Read what the job wrote, bring it into normal form, and make the ConfigMap."""
        connection, _ = ready(look)
        wanted = look.job.spec.output is None or look.job.spec.output.include_result
        if not wanted:
            await self._put(look, None, None)
            return
        memory, remote = look.memory, look.seen.remote
        if not isinstance(remote, RemoteJob):
            raise RuntimeError(f"{look.job.key}: an output was to be written without a job")  # noqa: TRY004 - a state, no type
        memory.output_since = memory.output_since if memory.output_since is not None else self._clock.monotonic()
        async with AsyncExitStack() as held:
            try:
                output = await connection.client.read_output(
                    remote, MAX_READ_BYTES, before_large=lambda: held.enter_async_context(self._readout.places)
                )
            except ServiceError as error:
                look.know(output=replace(trouble(look, error), reason="OutputUnreadable", final=False))
                return
            await self._put(look, output.body, Omitted.TOO_LARGE if output.too_large else None)

    async def write_bare(self, look: Look) -> None:
        """Make the ConfigMap without the result, which stayed unreadable."""
        await self._put(look, None, Omitted.UNREADABLE)

    async def _put(self, look: Look, result: bytes | None, omitted: Omitted | None) -> None:
        data = await self._normal_form(look, result, omitted)
        name, owner = look.job.output_name, await self._outputs.write(look.job, data.data, data.binary_data)
        look.know(output=OutputPlace(name, written=True) if owner is Owner.JOB else _taken(name, owner))

    async def _normal_form(self, look: Look, result: bytes | None, omitted: Omitted | None) -> OutputData:
        job, remote = look.job, look.seen.remote
        resolved = job.status.resolved or resolve(job.spec, job.name)
        uri = remote.output_uri if isinstance(remote, RemoteJob) else None
        facts = OutputFacts(
            output_uri=uri or "",
            job_id=job.status.job_id or "",
            state="Succeeded",
            provider=job.spec.provider,
            target=job.spec.target,
        )
        return await self._readout.read(
            result,
            facts=facts,
            omitted=omitted,
            output_format=resolved.output_format if resolved else "",
            parameters=job.spec.parameters,
            program=await self._program(look) if result is not None else None,
            keys=job.spec.output.keys if job.spec.output else None,
        )

    async def _program(self, look: Look) -> bytes | None:
        """The program tells the width of an IonQ histogram; one that is gone by now costs the counts, not the job."""
        try:
            return await self._materials.program(look.job)
        except MaterialError:
            return None


def _taken(name: str, owner: Owner) -> Trouble:
    if owner is Owner.PREDECESSOR:
        message = f"ConfigMap {name} is the output of a deleted QuantumJob of this name; Kubernetes removes it soon"
        return Trouble("OutputConfigMapConflict", message, _COLLECTION_SECONDS)
    message = (
        f"spec.output.configMapName: ConfigMap {name} exists and is not this job's; remove it or choose another name"
    )
    return Trouble("OutputConfigMapConflict", message)
