"""Plays in the cluster of the current kubeconfig context: asks first, stays in one namespace, removes what it made.

The workspace and the operator run here as local processes; the operator with a token that is good for that namespace
only. Must not live here: what is made in the cluster (`footprint`, `access`).
"""

import shlex
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from demo.access import operator_kubeconfig
from demo.errors import DemoError
from demo.footprint import Footprint
from demo.kubectl import Kubectl
from demo.local import ATTENTIVE, TIMELINE, fetch_azurite
from demo.screen import Screen
from demo.venue import Venue
from devcluster.errors import KubectlError
from devcluster.scratch import scratch_directory
from localstack import manifests
from localstack.emulated import Emulator
from localstack.operated import Operator


@contextmanager
def in_current_cluster(screen: Screen, emulator_args: str, operator_args: str, *, ask: bool) -> Iterator[Venue]:
    """A namespace of the current cluster with an operator that serves it, for the time of the block.

    Raises:
        DemoError: The user doesn't agree, or the cluster has the CRDs already.
        DevClusterError: kubectl is refused something, or a process doesn't start.
    """
    kubectl = Kubectl.of_user()
    _agree(kubectl, screen, ask=ask)
    footprint = Footprint(kubectl)
    footprint.refuse_foreign_crds()
    fetch_azurite(screen)
    with ExitStack() as resources:
        try:
            yield _set_up(footprint, screen, resources, (shlex.split(emulator_args), shlex.split(operator_args)))
        finally:
            _undisturbed(screen)


def _set_up(
    footprint: Footprint, screen: Screen, resources: ExitStack, arguments: tuple[list[str], list[str]]
) -> Venue:
    folder = resources.enter_context(scratch_directory())
    emulator_args, operator_args = arguments
    screen.say("starting a local workspace")
    emulator = Emulator(folder, [*TIMELINE, *emulator_args])
    resources.callback(emulator.end)
    emulator.start()
    _settle(footprint, emulator, screen, resources)
    operator = _make_operator(footprint, emulator, folder, operator_args)
    resources.callback(operator.end)
    operator.start()
    resources.callback(_trying, screen, footprint.delete_jobs)
    return Venue(footprint.kubectl, emulator, operator.log)


def _agree(kubectl: Kubectl, screen: Screen, *, ask: bool) -> None:
    server = kubectl.run("config", "view", "--minify", "--output=jsonpath={.clusters[0].cluster.server}")
    screen.say(f"the current context is {kubectl.context} ({server})")
    if not ask:
        return
    if not sys.stdin.isatty():
        raise DemoError("say YES=1 (or --yes) to use this cluster; there is nobody to ask")
    question = "Install two CRDs and a namespace there, and remove both afterwards? [y/N] "
    if input(question).strip().lower() not in {"y", "yes"}:
        raise DemoError("not agreed to; nothing was touched")


def _settle(footprint: Footprint, emulator: Emulator, screen: Screen, resources: ExitStack) -> None:
    """Make what is needed in the cluster; each removal is agreed on before its making, which may be cut short."""
    screen.say(f"installing the CRDs and the namespace {footprint.namespace}")
    resources.callback(_removing_crds, footprint, screen)
    footprint.install_crds()
    resources.callback(footprint.remove_namespace)
    footprint.make_namespace()
    location = str(emulator.announced["location"])
    workspace = manifests.workspace(
        "default", resource_id=emulator.resource_id, location=location, endpoint=emulator.url
    )
    for manifest in (manifests.credentials(emulator.api_key), workspace):
        footprint.kubectl.run("create", "--filename=-", stdin=manifest)


def _make_operator(footprint: Footprint, emulator: Emulator, folder: Path, arguments: list[str]) -> Operator:
    namespace = footprint.namespace
    # Without a name for the cluster it would look for one outside of its namespace.
    return Operator(
        folder,
        kubeconfig=operator_kubeconfig(footprint.kubectl, folder / "operator.kubeconfig"),
        allowed_endpoints=[emulator.url, emulator.storage_origin],
        arguments=[f"--watch-namespaces={namespace}", f"--cluster-name={namespace}", *ATTENTIVE, *arguments],
    )


def _undisturbed(screen: Screen) -> None:
    """From here on a second Ctrl-C would only leave something behind."""
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    screen.close()
    screen.say("removing what the demo made in the cluster")


def _trying(screen: Screen, removal: Callable[[], None]) -> None:
    """A removal that others make up for."""
    try:
        removal()
    except KubectlError as error:
        screen.say(f"{error}; going on without")


def _removing_crds(footprint: Footprint, screen: Screen) -> None:
    left = footprint.remove_crds()
    if left:
        screen.say(left)
