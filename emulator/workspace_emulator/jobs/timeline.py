"""Moves jobs from state to state as time passes: a task for each job that is not final; a restart takes them up again.

What a client asks for (create, cancel, delete) is `workspace`'s part: it stops the task, keeps the changed job, and
starts it anew.
"""

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace

from azure.core.exceptions import AzureError

from workspace_emulator.behaviour import BehaviourSwitch
from workspace_emulator.clock import Clock
from workspace_emulator.contract.errors import JobError
from workspace_emulator.faults.armed import Faults
from workspace_emulator.jobs.execution import Execution
from workspace_emulator.jobs.job import Job, JobStatus
from workspace_emulator.jobs.job_store import JobStore
from workspace_emulator.jobs.ledger import Ledger
from workspace_emulator.programs import ProgramOutput
from workspace_emulator.storage.account import BlobName

_log = logging.getLogger(__name__)
_Stage = Callable[[Job], Awaitable[Job]]


class Timeline:
    """Carries every job to its end.

    Args:
        jobs: Keeps the jobs.
        ledger: Keeps the billed runs.
        execution: Runs the programs.
        clock: The time.
        behaviour: How long each stage lasts.
        faults: What goes wrong at a job's end.
        on_end: Told of each job that became final.
    """

    def __init__(
        self,
        *,
        jobs: JobStore,
        ledger: Ledger,
        execution: Execution,
        clock: Clock,
        behaviour: BehaviourSwitch,
        faults: Faults,
        on_end: Callable[[Job], None],
    ) -> None:
        self._jobs = jobs
        self._ledger = ledger
        self._execution = execution
        self._clock = clock
        self._behaviour = behaviour
        self._faults = faults
        self._on_end = on_end
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._late: set[asyncio.Task[None]] = set()
        self._stages: Mapping[JobStatus, _Stage] = {
            JobStatus.WAITING: self._wait,
            JobStatus.EXECUTING: self._execute,
            JobStatus.FINISHING: self._finish,
            JobStatus.CANCELLATION_REQUESTED: self._consider_cancelling,
            JobStatus.CANCELLING: self._cancel,
        }

    def resume(self) -> None:
        """Take up all jobs that an earlier process left unfinished."""
        for job in self._jobs.unfinished():
            self.start(job)

    def start(self, job: Job) -> None:
        """Let a job live from its present state on."""
        task = asyncio.create_task(self._live(job), name=f"job {job.id}")
        self._tasks[job.id] = task
        task.add_done_callback(lambda done: self._forget(job.id, done))

    def stop(self, job_id: str) -> None:
        """Let a job be; a program that runs for it is killed."""
        task = self._tasks.pop(job_id, None)
        if task is not None:
            task.cancel()

    async def close(self) -> None:
        """Stop all jobs where they are."""
        tasks = [*self._tasks.values(), *self._late]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def keep(self, job: Job) -> Job:
        """Keep a job in the store and in the ledger, and return it."""
        self._jobs.save(job)
        self._ledger.record(job)
        if job.is_final:
            self._on_end(job)
        return job

    def _forget(self, job_id: str, task: asyncio.Task[None]) -> None:
        if self._tasks.get(job_id) is task:
            del self._tasks[job_id]

    async def _live(self, job: Job) -> None:
        try:
            while not job.is_final:
                job = await self._stages[job.status](job)
        except AzureError as error:
            _log.warning("job %s: its output cannot be written: %s", job.id, type(error).__name__)
            self._fail(job, JobError("InternalError", "the output could not be written to storage"))
        except Exception:  # noqa: BLE001 - the border of the task: a job must end, and the log must say why
            _log.exception("job %s: the workspace is at fault", job.id)
            self._fail(job, JobError("InternalError", "the workspace failed; its log says more"))

    async def _wait(self, job: Job) -> Job:
        await self._clock.sleep_until(job.due)
        now = self._clock.now()
        due = now + self._behaviour.now.executing_at(job.definition.target)
        return self.keep(replace(job, status=JobStatus.EXECUTING, begun=now, due=due, is_paid=True))

    async def _execute(self, job: Job) -> Job:
        outcome = await self._execution.outcome(job, self._behaviour.now)
        await self._clock.sleep_until(job.due)
        outcome = self._faults.failure(job.id) or outcome
        if isinstance(outcome, JobError):
            return self._fail(job, outcome)
        job = replace(job, output=BlobName(job.output.container, outcome.blob_name))
        await self._publish(job, outcome)
        finishing = self._behaviour.now.finishing_seconds
        if finishing:
            return self.keep(replace(job, status=JobStatus.FINISHING, due=self._clock.now() + finishing))
        return self._succeed(job)

    async def _publish(self, job: Job, output: ProgramOutput) -> None:
        absence = self._faults.output_absence(job.id)
        if not absence:
            await self._execution.publish(job, output, self._behaviour.now)
            return
        task = asyncio.create_task(self._publish_late(job, output, self._clock.now() + absence))
        self._late.add(task)
        task.add_done_callback(self._late.discard)

    async def _publish_late(self, job: Job, output: ProgramOutput, when: float) -> None:
        await self._clock.sleep_until(when)
        await self._execution.publish(job, output, self._behaviour.now)

    async def _finish(self, job: Job) -> Job:
        await self._clock.sleep_until(job.due)
        return self._succeed(job)

    async def _consider_cancelling(self, job: Job) -> Job:
        await self._clock.sleep_until(job.due)
        now = self._clock.now()
        if job.begun is not None and not self._behaviour.now.of_target(job.definition.target).cancellable:
            due = job.begun + self._behaviour.now.executing_at(job.definition.target)
            return self.keep(replace(job, status=JobStatus.EXECUTING, due=due))
        return self.keep(replace(job, status=JobStatus.CANCELLING, due=now + self._behaviour.now.cancelling_seconds))

    async def _cancel(self, job: Job) -> Job:
        await self._clock.sleep_until(job.due)
        return self.keep(cancelled(job, self._clock.now()))

    def _succeed(self, job: Job) -> Job:
        return self.keep(replace(job, status=JobStatus.SUCCEEDED, ended=self._clock.now()))

    def _fail(self, job: Job, error: JobError) -> Job:
        return self.keep(replace(job, status=JobStatus.FAILED, ended=self._clock.now(), error=error))


def cancelled(job: Job, now: float) -> Job:
    """Return a job as Cancelled: with the time of that and, as the real service shows it, without begin and end."""
    return replace(job, status=JobStatus.CANCELLED, cancelled=now, begun=None, ended=None)
