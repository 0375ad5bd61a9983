"""Plays on loopback: builds what is missing, then starts control plane, storage, workspace and operator.

Must not live here: the start of single parts (`localstack`).
"""

import shlex
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from demo.kubectl import Kubectl
from demo.screen import Screen
from demo.venue import Venue
from devcluster.build import control_plane_binaries
from devcluster.errors import StartError
from localstack.stack import Stack

_NOTICEABLE_SECONDS: Final = 3.0
# Long enough to be seen by a person, and for a deletion to meet a job that executes.
TIMELINE: Final = ("--waiting-seconds=1.5", "--executing-seconds=5")
ATTENTIVE: Final = ("--poll-min-seconds=0.3", "--poll-max-seconds=2")


def fetch_azurite(screen: Screen) -> None:
    """Have the storage account in the cache; takes 20 seconds once.

    Raises:
        StartError: It can't be fetched.
    """
    command = [sys.executable, "-m", "workspace_emulator", "install"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as fetching:  # noqa: S603 - our own program
        try:
            fetching.wait(_NOTICEABLE_SECONDS)
        except subprocess.TimeoutExpired:
            screen.say("getting Azurite, the local storage account, ready: fetched once, about 20 seconds")
        _, errors = fetching.communicate()
    if fetching.returncode:
        raise StartError(f"Azurite can't be fetched: {errors.strip()}")


@contextmanager
def on_loopback(screen: Screen, emulator_args: str, operator_args: str) -> Iterator[Venue]:
    """A whole system of our own, for the time of the block.

    Raises:
        DevClusterError: A part can't be built, fetched or started.
    """
    binaries = control_plane_binaries(screen.say)
    fetch_azurite(screen)
    screen.say("starting a Kubernetes control plane, a local workspace and the operator on 127.0.0.1")
    with Stack.start(
        emulator_args=[*TIMELINE, *shlex.split(emulator_args)],
        operator_args=[*ATTENTIVE, *shlex.split(operator_args)],
    ) as stack:
        environment = {name: stack.cluster.kubectl_environment()[name] for name in ("KUBECONFIG", "KUBECACHEDIR")}
        kubectl = Kubectl(binaries / "kubectl", "default", environment=environment)
        yield Venue(kubectl, stack.emulator, stack.operator.log)
