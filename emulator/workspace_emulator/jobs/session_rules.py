"""What clients ask of sessions, and how jobs and idleness end them: the rules, without HTTP."""

from workspace_emulator.behaviour import BehaviourSwitch
from workspace_emulator.clock import Clock
from workspace_emulator.contract.catalogue import find_target
from workspace_emulator.contract.definitions import SessionDefinition
from workspace_emulator.contract.errors import Code, bad_request, conflict, not_found
from workspace_emulator.jobs.job import Job, JobStatus
from workspace_emulator.jobs.job_store import JobStore
from workspace_emulator.jobs.session import Session, SessionStatus, closed, timed_out, with_job_accepted, with_job_ended
from workspace_emulator.jobs.session_store import SessionStore


class SessionRules:
    """The sessions of one workspace.

    Args:
        sessions: Keeps the sessions.
        jobs: Says whether a session still has work.
        clock: The time.
        behaviour: How long a session may be idle.
    """

    def __init__(self, *, sessions: SessionStore, jobs: JobStore, clock: Clock, behaviour: BehaviourSwitch) -> None:
        self._sessions = sessions
        self._jobs = jobs
        self._clock = clock
        self._behaviour = behaviour

    def open(self, session_id: str, definition: SessionDefinition) -> Session:
        """Open a session; the same PUT again returns it as it is.

        Raises:
            ServiceError: 400 for an unknown target, 409 if the id is taken by another definition.
        """
        existing = self._sessions.find(session_id)
        if existing is not None:
            if existing.definition != definition:
                raise conflict(Code.SESSION_EXISTS, "a session with this id exists and is defined otherwise")
            return existing
        if find_target(definition.provider_id, definition.target) is None:
            message = (
                f"the target {definition.target[:100]} of the provider {definition.provider_id[:100]} does not exist"
            )
            raise bad_request(Code.INVALID_SESSION_DEFINITION, message, "target")
        now = self._clock.now()
        session = Session(
            id=session_id, definition=definition, status=SessionStatus.WAITING, created=now, last_active=now
        )
        self._sessions.save(session)
        return session

    def get(self, session_id: str) -> Session:
        """Return a session.

        Raises:
            ServiceError: 404.
        """
        self.expire()
        session = self._sessions.find(session_id)
        if session is None:
            raise not_found(Code.SESSION_NOT_FOUND, f"there is no session {session_id[:64]} in this workspace")
        return session

    def close(self, session_id: str) -> Session:
        """Close a session; jobs that it already has run on.

        Raises:
            ServiceError: 404.
        """
        session = closed(self.get(session_id), self._clock.now())
        self._sessions.save(session)
        return session

    def join(self, session_id: str, job: Job) -> None:
        """Let a job join a session.

        Raises:
            ServiceError: 400, there is no such session, it is final, or it is for another target.
        """
        self.expire()
        session = self._sessions.find(session_id)
        if session is None:
            raise bad_request(Code.INVALID_JOB_DEFINITION, "the session does not exist", "sessionId")
        if not session.is_open:
            message = f"the session is {session.status} and takes no more jobs"
            raise bad_request(Code.INVALID_JOB_DEFINITION, message, "sessionId")
        if session.definition.target.lower() != job.definition.target.lower():
            message = f"the session is for the target {session.definition.target}"
            raise bad_request(Code.INVALID_JOB_DEFINITION, message, "target")
        self._sessions.save(with_job_accepted(session, self._clock.now()))

    def note_end(self, job: Job) -> None:
        """Let a session know that a job of it became final."""
        session = None if job.definition.session_id is None else self._sessions.find(job.definition.session_id)
        if session is not None:
            failed = job.status is JobStatus.FAILED
            self._sessions.save(with_job_ended(session, self._clock.now(), failed=failed))

    def expire(self) -> None:
        """End the sessions that were idle for too long; called before anybody looks at one, so nothing has to tick."""
        now = self._clock.now()
        for session in self._sessions.still_open():
            deadline = session.last_active + self._behaviour.now.session_idle_seconds
            if deadline <= now and not self._jobs.has_unfinished(session.id):
                self._sessions.save(timed_out(session, deadline))
