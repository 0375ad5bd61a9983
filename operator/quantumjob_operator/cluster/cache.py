"""The newest known version of every object, by uid.

Fed by the watch, by listings and by the answers of our own patches; older versions never replace newer ones, unless
the cluster itself was restored (`mark_stale`). Must not live here: what a change means.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Final

from quantumjob_operator.cluster.budget_index import Budgets
from quantumjob_operator.cluster.claims_heard import ClaimsHeard
from quantumjob_operator.cluster.key_index import JobsByKey
from quantumjob_operator.cluster.way_index import JobsByWay
from quantumjob_operator.model.quantumbudget import QuantumBudget
from quantumjob_operator.model.quantumjob import QuantumJob
from quantumjob_operator.model.quantumpolicy import QuantumPolicy
from quantumjob_operator.model.quantumworkspace import Name, QuantumWorkspace
from quantumjob_operator.model.remains import remains_of

_MOST_GONE: Final = 1_000
"""Objects whose last version is remembered after the event of their deletion: no answer is on its way for longer."""
Known = QuantumJob | QuantumWorkspace | QuantumPolicy | QuantumBudget


@dataclass(slots=True)
class Cache:
    """Jobs, workspaces, policies and budgets in memory.

    Attributes:
        newest: The highest resource version that was ever taken.
        deleted: What is left of each job that was removed (`remains_of`), until that is reconciled.
        removed: Is told of each of these.
        gone_workspaces: Uids of QuantumWorkspaces that are gone, until what was kept of them is forgotten.
        unheard: Of these, the ones whose deletion no event has told yet: the last version may be newer.
        claims: What jobs had for claims before.
        by_key: Which jobs have one idempotency key.
        by_way: Which jobs name one QuantumWorkspace.
        doubts: By uid, a number that no other doubt has: whoever compared a ledger meanwhile has compared a former one.
    """

    newest: int = 0
    jobs: dict[str, QuantumJob] = field(default_factory=dict)
    workspaces: dict[str, QuantumWorkspace] = field(default_factory=dict)
    policies: dict[str, QuantumPolicy] = field(default_factory=dict)
    budgets: Budgets = field(default_factory=Budgets)
    deleted: dict[str, QuantumJob] = field(default_factory=dict)
    unheard: set[str] = field(default_factory=set)
    claims: ClaimsHeard = field(default_factory=ClaimsHeard)
    by_key: JobsByKey = field(default_factory=JobsByKey)
    by_way: JobsByWay = field(default_factory=JobsByWay)
    removed: Callable[[str], None] = lambda _: None
    gone_workspaces: set[str] = field(default_factory=set)
    doubts: dict[str, int] = field(default_factory=dict)
    _left_in: dict[str, str] = field(default_factory=dict)
    _gone: dict[str, int] = field(default_factory=dict)
    _names: dict[Name, str] = field(default_factory=dict)
    _rules: dict[str, tuple[QuantumPolicy, ...]] = field(default_factory=dict)
    _stale: set[str] = field(default_factory=set)
    _doubts: int = 0

    def put_job(self, job: QuantumJob) -> bool:
        """Take a version of a job; False if it is no news."""
        before = self.jobs.get(job.uid)
        if not self._takes(job):
            if before:
                self.claims.note_late(before, job)
            return False
        if before and before.claim:
            self.claims.note(before.claim, job)
        self.jobs[job.uid] = job
        self.by_key.put(before, job)
        self.by_way.put(before, job)
        return True

    def put_workspace(self, workspace: QuantumWorkspace) -> bool:
        """Take a version of a workspace; False if it is no news."""
        if not self._takes(workspace):
            return False
        self.workspaces[workspace.uid] = workspace
        self._names[workspace.key] = workspace.uid
        return True

    def put_policy(self, policy: QuantumPolicy) -> bool:
        """Take a version of a policy; False if it is no news."""
        if not self._takes(policy):
            return False
        self.policies[policy.uid] = policy
        self._order_policies(policy.namespace)
        return True

    def _order_policies(self, namespace: str) -> None:
        found = [one for one in self.policies.values() if one.namespace == namespace]
        if found:
            self._rules[namespace] = tuple(sorted(found, key=lambda one: one.name))
        else:
            self._rules.pop(namespace, None)

    def policies_of(self, namespace: str) -> tuple[QuantumPolicy, ...]:
        """The policies of a namespace, by name."""
        return self._rules.get(namespace, ())

    def put_budget(self, budget: QuantumBudget) -> bool:
        """Take a version of a budget; False if it is no news.

        A ledger that was set back with the cluster lacks what was spent since: it is doubted until somebody looked.
        """
        restored = budget.uid in self._stale
        if not self._takes(budget):
            return False
        known = self.budgets.get(budget.uid)
        taken = budget.after(replace(known, doubted=False) if known else None)
        # What was compared before a version came that was set back, or restored, was the ledger of before.
        self.budgets[budget.uid] = replace(taken, doubted=known is not None and known.doubted)
        if taken.doubted or restored:
            self._doubt(budget.uid)
        return True

    def _doubt(self, uid: str) -> None:
        self._doubts += 1
        self.doubts[uid] = self._doubts
        self.budgets[uid] = replace(self.budgets[uid], doubted=True)

    def doubt_budgets(self) -> None:
        """Nobody watched for a while, in which the cluster may have been restored."""
        for uid in list(self.budgets):
            self._doubt(uid)

    def trust_budget(self, uid: str) -> None:
        """The ledger was compared with the service's list."""
        if budget := self.budgets.get(uid):
            self.budgets[uid] = replace(budget, doubted=False)

    def put(self, new: Known) -> bool:
        """Take a version of an object; False if it is no news."""
        match new:
            case QuantumJob():
                return self.put_job(new)
            case QuantumWorkspace():
                return self.put_workspace(new)
            case QuantumPolicy():
                return self.put_policy(new)
            case _:
                return self.put_budget(new)

    def listed(self, uid: str) -> None:
        """A list shows an object: it is there, even if it was deleted once, in a cluster that was restored since."""
        self._gone.pop(uid, None)

    def update(self, answer: Known) -> bool:
        """Take the answer of one of our own patches; an object that was removed meanwhile stays removed."""
        return self.find(answer.uid) is not None and self.put(answer)

    def _takes(self, new: Known) -> bool:
        if int(new.resource_version) <= self._gone.get(new.uid, -1):
            return False  # an answer that was on its way for longer than the event of the deletion
        if new.uid not in self._stale and not _is_newer(new, self.find(new.uid)):
            return False
        self._stale.discard(new.uid)
        self.newest = max(self.newest, int(new.resource_version))
        return True

    def is_news(self, body: Mapping[str, Any]) -> bool:
        """Whether an event has to be read: what most of them tell is our own writing.

        One that is older than a live read, or an answer, may tell of a claim that nothing else tells of.
        """
        uid, version = body["metadata"]["uid"], body["metadata"]["resourceVersion"]
        if not self.has(uid, version):
            return True
        return bool(version != self.resource_version(uid) and self.claims.is_foreign(body))

    def has(self, uid: str, version: str) -> bool:
        """Whether an object is known in this version or a newer one."""
        return int(version) <= int(self.resource_version(uid) or -1)

    def mark_stale(self) -> None:
        """The cluster was restored to an older state: the next version of each object is news, whatever its number."""
        self._stale = {*self.jobs, *self.workspaces, *self.policies, *self.budgets}
        self._gone.clear()
        self.newest = 0
        self.doubt_budgets()

    def is_stale(self, uid: str) -> bool:
        """Whether what is known of an object may be from before the cluster was restored."""
        return uid in self._stale

    def remove(self, uid: str, last: QuantumJob | None = None) -> None:
        """An object is gone; what is known last of a job stays in `deleted` and `claims.named`.

        Args:
            uid: Of the object.
            last: Its last version, if the event of its deletion told it: it may be newer than what we know.
        """
        known, deleted, unheard = self.jobs.get(uid), self.deleted.get(uid), uid in self.unheard
        claimed = known.claim.attempt if known and known.claim and known.claim.uid == uid else 0
        named = max(self.claims.named.get(uid, 0), claimed)
        namespace = "" if uid in self.policies else self.namespace(uid)  # a policy leaves nothing
        self.forget(uid)
        if namespace:
            self._left_in[uid] = namespace
        if last:
            self._gone[uid] = int(last.resource_version)
            self.newest = max(self.newest, int(last.resource_version))
            if len(self._gone) > _MOST_GONE:
                del self._gone[next(iter(self._gone))]
        waits = known is not None or unheard  # of an object whose deletion was told, nothing is news
        left = (last if waits else None) or known or deleted
        if left:
            self.deleted[uid] = remains_of(left)
            self._left_in[uid] = left.namespace
            self.removed(uid)
        if left and named:
            self.claims.named[uid] = named
        if left and waits and last is None:
            self.unheard.add(uid)

    def take_deleted(self, uid: str) -> QuantumJob | None:
        """The last version of a job that was removed; what it left is reconciled now."""
        self.unheard.discard(uid)
        return self.deleted.pop(uid, None)

    def seen_to(self, uid: str) -> None:
        """What an object left that is gone was reconciled, and nothing more is to be done for it."""
        self._left_in.pop(uid, None)

    def forget(self, uid: str) -> None:
        """An object is gone and left nothing."""
        self._stale.discard(uid)
        self.claims.forget(uid)
        self.take_deleted(uid)
        if workspace := self.workspaces.pop(uid, None):
            self.gone_workspaces.add(uid)
            if self._names.get(workspace.key) == uid:
                del self._names[workspace.key]
        job = self.jobs.pop(uid, None)
        self.by_key.put(job, None)
        self.by_way.put(job, None)
        if policy := self.policies.pop(uid, None):
            self._order_policies(policy.namespace)
        self.budgets.pop(uid, None)
        self.doubts.pop(uid, None)

    def with_key(self, namespace: str, key: str) -> Iterator[QuantumJob]:
        """The jobs of a namespace with an idempotency key."""
        return self.by_key.having(namespace, key)

    def deleted_with_key(self, namespace: str, key: str) -> Iterator[QuantumJob]:
        """The same, of those that are gone and not seen to yet."""
        return (job for job in self.deleted.values() if (job.spec.idempotency_key, job.namespace) == (key, namespace))

    def find_workspace(self, name: Name) -> QuantumWorkspace | None:
        """The workspace of a namespace and name."""
        return self.workspaces.get(self._names.get(name, ""))

    def find(self, uid: str) -> Known | None:
        """What is known of an object."""
        return self.jobs.get(uid) or self.workspaces.get(uid) or self.policies.get(uid) or self.budgets.get(uid)

    def namespace(self, uid: str) -> str:
        """The namespace of an object, also of one that is gone until that was seen to; else empty."""
        known = self.find(uid)
        return known.namespace if known else self._left_in.get(uid, "")

    def resource_version(self, uid: str) -> str | None:
        """Of what is known of an object, and not stale."""
        known = self.find(uid)
        return known.resource_version if known and uid not in self._stale else None

    def versions(self) -> dict[str, str]:
        """The resource version of each object that is known, by uid."""
        known: list[Known] = [*self.jobs.values(), *self.workspaces.values(), *self.policies.values()]
        known += self.budgets.values()
        return {one.uid: one.resource_version for one in known}


def _is_newer(new: Known, old: Known | None) -> bool:
    """Whether a version is news.

    Resource versions are comparable integers since Kubernetes 1.35 (KEP-5504); before, they were so in practice.
    """
    return old is None or int(new.resource_version) > int(old.resource_version)
