"""The newest known version of every object, by uid.

Fed by the watch, by listings and by the answers of our own patches; older versions never replace newer ones. Must not
live here: what a change means.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from quantumjob_operator.quantumjob import QuantumJob
from quantumjob_operator.quantumworkspace import Name, QuantumWorkspace


@dataclass(slots=True)
class Inventory:
    """Jobs and workspaces in memory."""

    jobs: dict[str, QuantumJob] = field(default_factory=dict)
    workspaces: dict[str, QuantumWorkspace] = field(default_factory=dict)
    _names: dict[Name, str] = field(default_factory=dict)

    def put_job(self, job: QuantumJob) -> bool:
        """Take a version of a job; False if it is no news."""
        if not _is_newer(job, self.jobs.get(job.uid)):
            return False
        self.jobs[job.uid] = job
        return True

    def put_workspace(self, workspace: QuantumWorkspace) -> bool:
        """Take a version of a workspace; False if it is no news."""
        if not _is_newer(workspace, self.workspaces.get(workspace.uid)):
            return False
        self.workspaces[workspace.uid] = workspace
        self._names[workspace.key] = workspace.uid
        return True

    def remove(self, uid: str) -> QuantumJob | QuantumWorkspace | None:
        """Forget an object; what was known of it comes back."""
        workspace = self.workspaces.pop(uid, None)
        if workspace and self._names.get(workspace.key) == uid:
            del self._names[workspace.key]
        return self.jobs.pop(uid, None) or workspace

    def find_workspace(self, name: Name) -> QuantumWorkspace | None:
        """The workspace of a namespace and name."""
        return self.workspaces.get(self._names.get(name, ""))

    def resource_version(self, uid: str) -> str | None:
        """Of what is known of an object."""
        known = self.jobs.get(uid) or self.workspaces.get(uid)
        return known.resource_version if known else None

    def labels(self) -> Iterator[tuple[str, str, str]]:
        """State, provider and target of each job, for the metrics."""
        for job in self.jobs.values():
            yield (job.status.state or "Pending", job.spec.provider.lower(), job.spec.target)


def _is_newer(new: QuantumJob | QuantumWorkspace, old: QuantumJob | QuantumWorkspace | None) -> bool:
    """Whether a version is news.

    Resource versions are comparable integers since Kubernetes 1.35 (KEP-5504); before, they were so in practice.
    """
    return old is None or int(new.resource_version) > int(old.resource_version)
