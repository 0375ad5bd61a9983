"""The command `python -m devcluster`: a control plane for a person at a terminal.

Only the command line; the work is done by `devcluster.build`, `devcluster.controlplane`, `devcluster.node` and
`devcluster.detached`.
"""

import argparse
import shlex
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from devcluster.build import control_plane_binaries, node_binaries
from devcluster.controlplane import ControlPlane
from devcluster.detached import Detached, State, presence, wait_for_end
from devcluster.errors import DevClusterError
from devcluster.node import require_a_node, running_node

_PROJECT: Final = Path(__file__).resolve().parents[2]
_UP_SECONDS: Final = 400.0
_DOWN_SECONDS: Final = 150.0


def build(_folder: Path, *, node: bool) -> None:
    """Build the programs into the cache if need be; print their folder."""
    for binaries in _binaries(node=node):
        _print(str(binaries))


def _binaries(*, node: bool) -> list[Path]:
    of_the_node = [node_binaries()] if node else []
    return [control_plane_binaries(), *of_the_node]


def up(folder: Path, *, node: bool) -> None:
    """Leave a control plane running, unless one is; print what to paste."""
    if node:
        require_a_node()
    _binaries(node=node)
    running = Detached(folder)
    served = [sys.executable, "-m", "devcluster", "serve", f"--dir={folder}", *(["--node"] if node else [])]
    _print(_exports(running.state() or running.start(served, _UP_SECONDS)))


def serve(folder: Path, *, node: bool) -> None:
    """Run a control plane until SIGTERM: what `up` leaves running."""
    with presence(folder) as announce, _cluster(node=node) as running:
        announce({"kubeconfig": str(running.kubeconfig), "binaries": str(control_plane_binaries())})
        wait_for_end()


@contextmanager
def _cluster(*, node: bool) -> Iterator[ControlPlane]:
    if node:
        with running_node() as running:
            yield running.cluster
        return
    with ControlPlane.start() as alone:
        yield alone


def down(folder: Path, *, node: bool) -> None:  # noqa: ARG001 - whatever was started is ended
    """End the control plane that `up` left; nothing happens if there is none."""
    Detached(folder).stop(_DOWN_SECONDS)


def env(folder: Path, *, node: bool) -> None:  # noqa: ARG001 - whatever was started is told of
    """Print the shell lines that make kubectl talk to the running control plane."""
    state = Detached(folder).state()
    if state is None:
        raise DevClusterError(f"no control plane runs in {folder}: start one with `python -m devcluster up`")
    _print(_exports(state))


_COMMANDS: Final[dict[str, Callable[..., None]]] = {
    command.__name__: command for command in (build, up, down, env, serve)
}


def main(arguments: list[str] | None = None) -> int:
    """Parse the command line and run the command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="devcluster", description=__doc__.splitlines()[0])
    parser.add_argument("command", choices=_COMMANDS, help="; ".join(map(_help, _COMMANDS)))
    parser.add_argument("--name", default="default", help="which of several control planes")
    parser.add_argument("--dir", type=Path, help="where its state is kept; default build/devcluster/NAME")
    parser.add_argument("--node", action="store_true", help="with a real node that runs Pods; needs root")
    chosen = parser.parse_args(arguments)
    folder = (chosen.dir or _PROJECT / "build" / "devcluster" / chosen.name).resolve()
    try:
        _COMMANDS[chosen.command](folder, node=chosen.node)
    except (DevClusterError, TimeoutError) as error:
        print(f"devcluster: {error}", file=sys.stderr)  # noqa: T201 - a command's message
        return 1
    return 0


def _help(command: str) -> str:
    return f"{command}: {(_COMMANDS[command].__doc__ or '').splitlines()[0]}"


def _exports(state: State) -> str:
    return f'export KUBECONFIG={shlex.quote(state["kubeconfig"])}\nexport PATH={shlex.quote(state["binaries"])}:"$PATH"'


def _print(text: str) -> None:
    print(text)  # noqa: T201 - a command's output


if __name__ == "__main__":
    sys.exit(main())
