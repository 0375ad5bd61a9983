"""The steps of a look at a job: one method for each action, in one table.

Each takes the facts as they are and adds what it learnt. Nothing here chooses the next step (`lifecycle`), orders steps
or writes status (`reconciler`).
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Final

from quantumjob_operator.cluster.references import MaterialError, Materials
from quantumjob_operator.controller.output_writer import Delivery
from quantumjob_operator.controller.process_state import Clock
from quantumjob_operator.controller.reconcile_context import Look, ready, trouble
from quantumjob_operator.controller.submitter import Submitter
from quantumjob_operator.lifecycle import Action
from quantumjob_operator.lifecycle.definition import purchase_digest
from quantumjob_operator.lifecycle.observation import ABSENT, Absent, ProgramFacts, Trouble
from quantumjob_operator.model.errors import Refused, ServiceError
from quantumjob_operator.model.naming import orphan_tag, program_digest
from quantumjob_operator.model.remotejob import RemoteJob


class Deeds:
    """The `Action → method` table."""

    def __init__(self, *, submitter: Submitter, delivery: Delivery, materials: Materials, clock: Clock) -> None:
        self._materials = materials
        self._clock = clock
        self.table: Final[Mapping[Action, Callable[[Look], Awaitable[None]]]] = {
            Action.READ_PROGRAM: self.read_program,
            Action.CHECK_OUTPUT: delivery.check,
            Action.LOOK: self.look_remote,
            Action.CLAIM: submitter.claim,
            Action.CHECK_KEY: submitter.check_key,
            Action.FIND_LAST_ATTEMPT: submitter.find_last_attempt,
            Action.RENOUNCE: submitter.renounce,
            Action.SUBMIT: submitter.submit,
            Action.CANCEL: self.cancel,
            Action.MARK_ORPHAN: self.mark_orphan,
            Action.WRITE_OUTPUT: delivery.write,
            Action.WRITE_OUTPUT_BARE: delivery.write_bare,
        }

    async def read_program(self, look: Look) -> None:
        """Read the program; its bytes stay in memory until the look ends."""
        try:
            look.memory.program = await self._materials.program(look.job)
        except MaterialError as error:
            look.know(program=Trouble(error.reason, error.message))
        else:
            program = look.memory.program
            look.know(program=ProgramFacts(program_digest(program), purchase_digest(look.job, program) or ""))

    async def look_remote(self, look: Look) -> None:
        """GET the job. What can't be asked is trouble, never absence."""
        connection, job_id = ready(look)
        asked = self._clock.monotonic()
        try:
            found = await connection.client.get_job(job_id)
        except ServiceError as error:
            remote: RemoteJob | Absent | Trouble = trouble(look, error)
        else:
            remote = ABSENT if found is None else found
        look.memory.certainty = look.memory.certainty.looked(remote, asked, self._clock.monotonic())
        look.know(remote=remote)

    async def cancel(self, look: Look) -> None:
        """Ask the service to cancel; what was seen before its answer is old news then.

        A request that failed is not noted as made: the back-off decides when it is made again.
        """
        connection, job_id = ready(look)
        asked_at = self._clock.monotonic()
        try:
            answer = await connection.client.cancel_job(job_id)
        except ServiceError as error:
            look.know(cancel=trouble(look, error))
        else:
            look.memory.asked_at = asked_at
            look.know(cancel=answer, remote=None)

    async def mark_orphan(self, look: Look) -> None:
        """Tell the remote job that its object lets it go on purpose; a service that takes no tags is left alone."""
        connection, job_id = ready(look)
        remote = look.seen.remote
        tags = remote.tags if isinstance(remote, RemoteJob) else ()
        try:
            marked = await connection.client.set_tags(job_id, [*tags, orphan_tag(look.job.uid)])
        except Refused:
            look.know(marked=False)
        except ServiceError as error:
            look.know(marked=trouble(look, error))
        else:
            look.know(marked=marked)
