"""Where the demo plays: a cluster's namespace with an operator that serves it, and the local workspace.

The value that `local` and `current` hand to `play`.
"""

from dataclasses import dataclass
from pathlib import Path

from demo.kubectl import Kubectl
from localstack.emulated import Emulator


@dataclass(frozen=True, slots=True)
class Venue:
    """A place that is ready for jobs.

    Attributes:
        kubectl: In the namespace of the jobs.
        emulator: The workspace that the namespace's QuantumWorkspace `default` leads to.
        operator_log: What the operator writes.
    """

    kubectl: Kubectl
    emulator: Emulator
    operator_log: Path
