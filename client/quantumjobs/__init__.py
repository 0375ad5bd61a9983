"""Run quantum programs on Azure Quantum through a Kubernetes cluster.

Everything is imported on use: neither the Kubernetes client nor Qiskit is loaded by `import quantumjobs`.
"""

import importlib
from typing import TYPE_CHECKING, Any, Final

if TYPE_CHECKING:
    from quantumjobs.cluster import QuantumCluster as QuantumCluster
    from quantumjobs.job import Job as Job
    from quantumjobs.jobset import JobSet as JobSet
    from quantumjobs.kubeconfig import Access as Access

_HOMES: Final = {
    "Access": "quantumjobs.kubeconfig",
    "Job": "quantumjobs.job",
    "JobSet": "quantumjobs.jobset",
    "QuantumCluster": "quantumjobs.cluster",
}
__all__ = ["Access", "Job", "JobSet", "QuantumCluster"]
__version__ = "0.1.0"


def __getattr__(name: str) -> Any:
    """Import a public name on its first use."""
    if name in _HOMES:
        return getattr(importlib.import_module(_HOMES[name]), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
