"""What the operator has to be allowed to do in the cluster: what `config/rbac` grants, as a test holds.

Data only.
"""

from dataclasses import dataclass
from typing import Final

from quantumjob_operator.model.naming import BUDGET_PLURAL, GROUP, JOB_PLURAL, POLICY_PLURAL, WORKSPACE_PLURAL


@dataclass(frozen=True, slots=True)
class Permission:
    """A right on one resource.

    Attributes:
        group: API group; empty for the core.
        resource: Plural name.
        subresource: `status`, …; empty for the resource itself.
        verbs: What may be done.
        of_one_name: Whether it is limited to the name that a setting gives.
    """

    group: str
    resource: str
    verbs: tuple[str, ...]
    subresource: str = ""
    of_one_name: bool = False

    def __str__(self) -> str:
        """As kubectl names it."""
        plain = f"{self.resource}.{self.group}" if self.group else self.resource
        return f"{plain}/{self.subresource}" if self.subresource else plain


PERMISSIONS: Final = (
    Permission(GROUP, JOB_PLURAL, ("get", "list", "watch", "patch", "delete")),
    Permission(GROUP, WORKSPACE_PLURAL, ("list", "watch", "patch")),
    Permission(GROUP, POLICY_PLURAL, ("list", "watch")),
    Permission(GROUP, BUDGET_PLURAL, ("get", "list", "watch", "patch")),
    Permission(GROUP, JOB_PLURAL, ("patch",), "status"),
    Permission(GROUP, WORKSPACE_PLURAL, ("patch",), "status"),
    Permission(GROUP, BUDGET_PLURAL, ("patch",), "status"),
    Permission("", "configmaps", ("get", "create")),
    Permission("", "secrets", ("get",)),
    # The name in the setting `workload_service_account`.
    Permission("", "serviceaccounts", ("create",), "token", of_one_name=True),
    Permission("", "namespaces", ("get",)),
    Permission("", "events", ("create",)),
)

LEASE_PERMISSIONS: Final = (
    Permission("coordination.k8s.io", "leases", ("get", "patch"), of_one_name=True),
    Permission("coordination.k8s.io", "leases", ("create",)),
)
"""What several replicas need beside them, in the namespace of the Lease that the setting `lease` names."""
