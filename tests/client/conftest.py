"""One whole system for all tests of the client, and the client's library and command as a researcher uses them.

The client never authenticates as administrator: it has a ServiceAccount with the researchers' ClusterRole in its
namespace.
"""

import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from cluster.jobnamespace import JobNamespace
from devcluster.kubeconfig import write_kubeconfig
from localstack.manifests import RBAC
from localstack.stack import Stack
from quantumjobs import Access, QuantumCluster

_OPERATOR_ARGS: Final = ("--poll-min-seconds=0.2", "--poll-max-seconds=1")
_EMULATOR_ARGS: Final = ("--waiting-seconds=0.1", "--executing-seconds=0.1", "--seed=7")
_ROLE: Final = "quantumjob-researcher"
_SECONDS: Final = 120
_COMMAND: Final = (sys.executable, "-m", "quantumjobs")


@dataclass(frozen=True, slots=True)
class Researcher:
    """Somebody with a kubeconfig and the researchers' role in one namespace.

    Attributes:
        place: The namespace.
        kubeconfig: The file.
    """

    place: JobNamespace
    kubeconfig: Path

    def cluster(self, **options: Any) -> QuantumCluster:
        """The library."""
        return QuantumCluster(access=Access(kubeconfig=str(self.kubeconfig)), **options)

    def run(
        self, *arguments: str | Path, stdin: str = "", env: Mapping[str, str] | None = None, cwd: Path | None = None
    ) -> "subprocess.CompletedProcess[str]":
        """The command line, as a process of its own; returns whatever became of it."""
        return subprocess.run(
            [*_COMMAND, *map(str, arguments)],
            input=stdin,
            env=os.environ | {"KUBECONFIG": str(self.kubeconfig), "COLUMNS": "120"} | dict(env or {}),
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
            cwd=cwd,
        )


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """Control plane, emulator and operator, shared by all tests of the client."""
    with Stack.start(operator_args=_OPERATOR_ARGS, emulator_args=_EMULATOR_ARGS) as started:
        started.apply(RBAC / "researcher")
        yield started


@pytest.fixture
def researcher(place: JobNamespace, stack: Stack, tmp_path: Path) -> Researcher:
    """A researcher in a namespace of the test's own."""
    return make_researcher(place, stack, tmp_path)


def make_researcher(
    place: JobNamespace, stack: Stack, folder: Path, *, role: bool = True, server: Any = None
) -> Researcher:
    """Make a ServiceAccount, bind the role to it, and write its kubeconfig.

    Args:
        place: The namespace.
        stack: The system.
        folder: Takes the kubeconfig.
        role: Whether it gets the role.
        server: A proxy in front of the API server, if any.
    """
    place.kubectl("create", "serviceaccount", "researcher")
    if role:
        account = f"--serviceaccount={place.name}:researcher"
        place.kubectl("create", "rolebinding", "researcher", f"--clusterrole={_ROLE}", account)
    token = place.kubectl("create", "token", "researcher", "--duration=2h").strip()
    kubeconfig = write_kubeconfig(
        folder / "researcher.kubeconfig",
        server=server.url if server else stack.cluster.url,
        ca_file=server.ca_file if server else stack.cluster.ca_file,
        user="researcher",
        token=token,
        namespace=place.name,
    )
    return Researcher(place, kubeconfig)
