"""Bringing a job's output into its ConfigMap.

Lives here: reading the result and writing the ConfigMap. Must not live here: what stands in it (`results`).
"""

from contextlib import AsyncExitStack
from typing import Final

from quantumjob_operator.clock import Clock
from quantumjob_operator.cluster.api import ClusterError
from quantumjob_operator.cluster.outputs import Outputs, Owner
from quantumjob_operator.cluster.references import BrokenReferenceError, References
from quantumjob_operator.controller.reconcile_context import ReconcileContext, output_trouble, ready
from quantumjob_operator.controller.result_reader import ResultReader
from quantumjob_operator.lifecycle.definition import resolve
from quantumjob_operator.lifecycle.error_mapping import OUTPUT_MISSING
from quantumjob_operator.lifecycle.observation import OutputPlace, Trouble
from quantumjob_operator.lifecycle.status_mapping import MAX_URI, whole_uri
from quantumjob_operator.model.errors import ServiceError
from quantumjob_operator.model.quantumjob import Output
from quantumjob_operator.model.redaction import clean_text
from quantumjob_operator.model.remotejob import RemoteJob
from quantumjob_operator.results import MAX_READ_BYTES, READ_WITH_THE_PROGRAM, Omitted, OutputData, OutputFacts, Part

_COLLECTION_SECONDS: Final = 5.0
_COLLECTED_WITHIN: Final = 60.0
_NO_URI: Final = (
    f"the place of the output that the service names is no http or https URI of at most {MAX_URI} characters without "
    "secrets; it is neither asked nor shown"
)


class OutputWriter:
    """The steps around the output ConfigMap."""

    def __init__(self, *, outputs: Outputs, references: References, clock: Clock) -> None:
        self._outputs = outputs
        self._references = references
        self._clock = clock
        self._result_reader = ResultReader()

    async def check(self, context: ReconcileContext) -> None:
        """See whether the output ConfigMap's name is free."""
        if await self._is_free(context):
            context.know(output=OutputPlace(context.job.output_name))

    async def _is_free(self, context: ReconcileContext) -> bool:
        """Whether the name is; what is in the way is known then."""
        try:
            owner = await self._outputs.owner(context.job)
        except ClusterError as error:
            context.know(output=_refused(context.job.output_name, error))
            return False
        if owner in (Owner.NOBODY, Owner.JOB):
            context.memory.output_taken = False
            return True
        context.know(output=self._taken(context, owner))
        return False

    async def write(self, context: ReconcileContext) -> None:
        """Read what the job wrote, bring it into normal form, and make the ConfigMap."""
        connection, _ = ready(context)
        # A result is long to read: not again for as long as its name is somebody else's.
        if context.memory.output_taken and not await self._is_free(context):
            return
        if included(context.job.spec.output) == frozenset():
            await self._put(context, None, None)
            return
        memory, remote = context.memory, context.seen.remote
        if not isinstance(remote, RemoteJob):
            raise RuntimeError(f"{context.job.key}: an output was to be written without a job")  # noqa: TRY004 - a state, no type
        memory.output_since = memory.output_since if memory.output_since is not None else self._clock.monotonic()
        if remote.output_uri and whole_uri(remote.output_uri) is None:
            context.know(output=Trouble("OutputUnreadable", _NO_URI))
            return
        async with AsyncExitStack() as held:
            try:
                output = await connection.client.read_output(
                    remote,
                    MAX_READ_BYTES,
                    before_large=lambda size: held.enter_async_context(
                        self._result_reader.memory.hold(context.job.namespace, size)
                    ),
                )
            except ServiceError as error:
                context.know(output=output_trouble(context, error))
                return
            await self._put(context, output.body, Omitted.TOO_LARGE if output.too_large else None)

    async def write_bare(self, context: ReconcileContext) -> None:
        """Make the ConfigMap without the result, which stayed away or unreadable."""
        trouble = context.seen.output
        missing = isinstance(trouble, Trouble) and trouble.reason == OUTPUT_MISSING
        await self._put(context, None, Omitted.MISSING if missing else Omitted.UNREADABLE)

    async def _put(self, context: ReconcileContext, result: bytes | None, omitted: Omitted | None) -> None:
        data = await self._normal_form(context, result, omitted)
        name = context.job.output_name
        try:
            owner = await self._outputs.write(context.job, data.data, data.binary_data)
        except ClusterError as error:
            context.know(output=_refused(name, error))
            return
        context.know(output=OutputPlace(name, written=True) if owner is Owner.JOB else self._taken(context, owner))

    def _taken(self, context: ReconcileContext, owner: Owner) -> Trouble:
        name, memory = context.job.output_name, context.memory
        memory.output_taken = True
        if owner is not Owner.PREDECESSOR:
            message = f"ConfigMap {name} exists and is not this job's; remove it or choose another name"
            return Trouble("OutputConfigMapConflict", f"spec.output.configMapName: {message}")
        now = self._clock.monotonic()
        memory.predecessor_since = now if memory.predecessor_since is None else memory.predecessor_since
        message = f"ConfigMap {name} is the output of a deleted QuantumJob of this name; Kubernetes removes it soon"
        if now - memory.predecessor_since >= _COLLECTED_WITHIN:
            # Its garbage collector may have missed the deletion, and never looks again.
            message = (
                f"ConfigMap {name} is the output of a deleted QuantumJob of this name, and Kubernetes has not removed "
                f"it; run `kubectl delete configmap {name} -n {context.job.namespace}`, or choose another name in "
                "spec.output.configMapName"
            )
        return Trouble("OutputConfigMapConflict", message, _COLLECTION_SECONDS)

    async def _normal_form(
        self, context: ReconcileContext, result: bytes | None, omitted: Omitted | None
    ) -> OutputData:
        job, remote = context.job, context.seen.remote
        resolved = job.status.resolved or resolve(job.spec, job.name)
        uri = whole_uri(remote.output_uri) if isinstance(remote, RemoteJob) else None
        facts = OutputFacts(
            output_uri=uri or "",
            job_id=job.status.job_id or "",
            state="Succeeded",
            provider=job.spec.provider,
            target=job.spec.target,
        )
        output_format = resolved.output_format if resolved else ""
        needs_program = result is not None and output_format in READ_WITH_THE_PROGRAM
        return await self._result_reader.read(
            result,
            job.namespace,
            facts=facts,
            omitted=omitted,
            output_format=output_format,
            parameters=job.spec.parameters,
            program=await self._program(context) if needs_program else None,
            keys=job.spec.output.keys if job.spec.output else None,
            include=included(job.spec.output),
        )

    async def _program(self, context: ReconcileContext) -> bytes | None:
        """The program tells the width of an IonQ histogram; one that is gone by now costs the counts, not the job."""
        try:
            return await self._references.program(context.job)
        except BrokenReferenceError:
            return None


def included(output: Output | None) -> frozenset[Part] | None:
    """Which parts of a result the output holds; None, as if the job said nothing, for all that there are."""
    if output is None or (output.include is None and output.include_result is not False):
        return None
    return frozenset(Part(name) for name in output.include or ())


def _refused(name: str, error: ClusterError) -> Trouble:
    """What stands in the way for longer is told in the API server's own words.

    Raises:
        ClusterError: It is nothing that anybody could fix in the cluster: it is tried again without a word.
    """
    if not error.refused:
        try:
            raise error
        finally:
            del error
    said = clean_text(error.message or error.reason)
    remedy = "make room, or set spec.output so that it is admitted; it is tried again"
    return Trouble("OutputRefused", f"the API server refuses the output ConfigMap {name}: {said}; {remedy}")
