"""One whole system for all tests of the client, and the client's library and command as a researcher uses them.

The client never authenticates as administrator: it has a ServiceAccount with the researchers' ClusterRole in its
namespace.
"""

import itertools
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import pytest

from client.bare import Bare, quantum
from cluster.jobnamespace import JobNamespace
from devcluster.controlplane import ControlPlane
from devcluster.kubeconfig import write_kubeconfig
from localstack.manifests import CRDS, RBAC
from localstack.stack import Stack
from quantumjobs import Access, QuantumCluster

_OPERATOR_ARGS: Final = ("--poll-min-seconds=0.2", "--poll-max-seconds=1")
_EMULATOR_ARGS: Final = ("--waiting-seconds=0.1", "--executing-seconds=0.1", "--seed=7")
_ROLE: Final = "quantumjob-researcher"
_numbers: Final = itertools.count(1)


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
        return quantum(self.kubeconfig, *arguments, stdin=stdin, env=env, cwd=cwd)


@pytest.fixture(scope="session")
def stack() -> Iterator[Stack]:
    """Control plane, emulator and operator, shared by all tests of the client."""
    with Stack.start(operator_args=_OPERATOR_ARGS, emulator_args=_EMULATOR_ARGS) as started:
        started.apply(RBAC / "researcher")
        yield started


@pytest.fixture(scope="session")
def kinds(control_plane: ControlPlane) -> ControlPlane:
    """An API server with our kinds and the researchers' role, and nobody who works on jobs."""
    control_plane.kubectl("apply", "--server-side", "-f", CRDS, "-f", RBAC / "researcher")
    control_plane.wait_until_established("-f", CRDS)
    return control_plane


@pytest.fixture
def bare(kinds: ControlPlane, tmp_path: Path) -> Bare:
    """A researcher's namespace there, where the test itself says what becomes of jobs."""
    return Bare.make(kinds, f"bare-{next(_numbers)}", tmp_path)


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
