"""The QuantumJob operator: runs the quantum programs that a cluster's QuantumJob resources declare on Azure Quantum.

Only the version lives here; `__main__` composes the parts, and the import contracts in `pyproject.toml` say which part
may know which.
"""

from importlib.metadata import version
from typing import Final

__version__: Final = version("quantumjob-operator")
