"""The remote service as a model: every PUT is a paid run, and a job moves on its own."""

from dataclasses import dataclass, field, replace

from quantumjob_operator.model.naming import METADATA_UID
from quantumjob_operator.model.remotejob import CancelAnswer, RemoteError, RemoteJob
from rooms.lifecycle.observations import owner, remote

ENDS = ("Succeeded", "Failed", "Cancelled")
VISIBILITY = 30.0
"""Seconds for which a job that was accepted may be hidden."""


@dataclass(slots=True)
class Run:
    """One paid run."""

    job: RemoteJob
    visible_at: float
    moved_at: float = 0.0

    @property
    def ended(self) -> bool:
        """Whether it costs nothing more."""
        return self.job.status in ENDS

    @property
    def uid(self) -> str:
        """Of the object that it was sent for."""
        return self.job.metadata[METADATA_UID]


@dataclass(slots=True)
class Service:
    """Jobs by id; several runs under one id are the catastrophe that the ledger is for.

    Attributes:
        hides_for: For how long the next accepted jobs are hidden.
        stubborn: Executing jobs can't be cancelled.
        asked_to_cancel: The ids of jobs that somebody asked to cancel.
    """

    runs: dict[str, list[Run]] = field(default_factory=dict)
    hides_for: float = 0.0
    stubborn: bool = False
    asked_to_cancel: set[str] = field(default_factory=set)

    def put(self, job_id: str, uid: str, now: float) -> RemoteJob:
        """Accept a job: paid from now on, whether one of this id exists or not."""
        job = remote("Waiting", id=job_id, metadata=owner(uid))
        self.runs.setdefault(job_id, []).append(Run(job, now + self.hides_for))
        return job

    def get(self, job_id: str, now: float) -> RemoteJob | None:
        """The newest run that is visible."""
        visible = [run for run in self.runs.get(job_id, ()) if run.visible_at <= now]
        return visible[-1].job if visible else None

    def cancel(self, job_id: str, now: float) -> CancelAnswer:
        """Ask for a cancellation: a request, not a result."""
        if self.get(job_id, now) is None:
            return CancelAnswer.ABSENT
        self.asked_to_cancel.add(job_id)
        run = self.runs[job_id][-1]
        if run.ended or (self.stubborn and run.job.status == "Executing"):
            return CancelAnswer.NOT_CANCELLABLE
        self.move(run, "CancellationRequested")
        return CancelAnswer.ACCEPTED

    def tag(self, job_id: str, tag: str) -> None:
        """A PATCH of the newest run's tags."""
        for run in self.runs.get(job_id, ())[-1:]:
            run.job = replace(run.job, tags=(*run.job.tags, tag))

    def all_runs(self) -> list[Run]:
        """Every run there ever was, in the order in which the ids appeared."""
        return [run for runs in self.runs.values() for run in runs]

    def open_runs(self) -> list[Run]:
        """Those that still cost money."""
        return [run for run in self.all_runs() if not run.ended]

    @staticmethod
    def move(run: Run, word: str, code: str | None = None) -> None:
        """The job goes on; an end is an end."""
        if not run.ended:
            run.job = replace(run.job, status=word, error=RemoteError(code, "it broke") if code else None)
