"""The way to a QuantumWorkspace, where the API server may refuse what the operator needs for it.

Must not live here: how a connection is made (`azure.connections`), or what follows from trouble.
"""

from collections.abc import Awaitable

from quantumjob_operator.azure.connections import Connection
from quantumjob_operator.cluster.api import ClusterError
from quantumjob_operator.controller.workspace_status import unreadable
from quantumjob_operator.lifecycle.observation import Trouble


async def unless_refused(way: Awaitable[Connection | Trouble]) -> Connection | Trouble:
    """What the API server refuses of a workspace is trouble of that workspace, and of nobody else.

    Raises:
        ClusterError: It did not answer, which says nothing of the workspace.
    """
    try:
        return await way
    except ClusterError as error:
        if not error.refused:
            raise
        return unreadable(error)
