"""The jobs by the QuantumWorkspaces that their references and claims name.

Whoever may create QuantumWorkspaces can have a new one each moment: a look at one of them must not walk through the
jobs of everybody else. Must not live here: which of them serves a job (`lifecycle.admission`).
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from quantumjob_operator.model.naming import DEFAULT_WORKSPACE
from quantumjob_operator.model.quantumjob import QuantumJob
from quantumjob_operator.model.quantumworkspace import Name


@dataclass(slots=True)
class JobsByWay:
    """The jobs that name each QuantumWorkspace, whether there is such an object or not."""

    _naming: dict[Name, dict[str, QuantumJob]] = field(default_factory=dict)

    def put(self, old: QuantumJob | None, new: QuantumJob | None) -> None:
        """A version of a job takes the place of another one.

        Args:
            old: None if the job is new.
            new: None if it is gone.
        """
        if old:
            for name in set(_ways(old)).difference(_ways(new) if new else ()):
                self._take_out(name, old.uid)
        if new:
            for name in _ways(new):
                self._naming.setdefault(name, {})[new.uid] = new

    def naming(self, name: Name) -> Iterator[QuantumJob]:
        """The jobs whose reference, or claim, names a QuantumWorkspace; without a reference, that is `default`."""
        return iter(self._naming.get(name, {}).values())

    def _take_out(self, name: Name, uid: str) -> None:
        having = self._naming[name]
        del having[uid]
        if not having:
            del self._naming[name]


def _ways(job: QuantumJob) -> tuple[Name, ...]:
    ref, through = job.spec.workspace_ref, job.claim.through if job.claim else None
    referenced = (ref.namespace or job.namespace, ref.name) if ref else (job.namespace, DEFAULT_WORKSPACE)
    claimed = (through.namespace, through.name) if through else referenced
    return (referenced,) if claimed == referenced else (referenced, claimed)
