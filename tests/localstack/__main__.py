"""The command `python -m localstack`: the whole system left running for a person at a terminal.

Only the command line; the work is done by `localstack.stack` and `devcluster.detached`.
"""

import argparse
import os
import shlex
import shutil
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Final

from devcluster.build import control_plane_binaries
from devcluster.detached import Detached, State, presence, wait_for_end
from devcluster.errors import DevClusterError
from devcluster.progress import Steps, report_on_terminal
from localstack.manifests import PROJECT
from localstack.stack import STEPS, Stack

_FOLDER: Final = PROJECT / "build" / "localstack"
_ENV_FILE: Final = PROJECT / "build" / "dev.env"
_UP_SECONDS: Final = 240.0
_DOWN_SECONDS: Final = 60.0
_PREPARING: Final = 2
_NEXT: Final = """\
Everything runs. Paste the line above into your shell, then run a job:
  kubectl apply -f examples/bell.yaml
  kubectl wait --for=condition=Finished quantumjob/bell --timeout=1m
  kubectl get configmap bell-output -o jsonpath='{{.data.counts\\.json}}'
or a program of your own, without a manifest:
  kubectl quantum run examples/bell.qasm -t ionq.simulator --shots 500 --wait
Addresses and the API key for scripts: {env_file}. Logs: {logs}. `make dev-down` ends it."""


def up(arguments: argparse.Namespace) -> None:
    """Start everything, unless it runs; write the environment file and say what to paste."""
    state = Detached(arguments.dir).state() or _start(arguments)
    lines = [f"{name}={shlex.quote(value)}" for name, value in state["env"].items()]
    arguments.env_file.parent.mkdir(parents=True, exist_ok=True)
    # It holds the workspace's key.
    arguments.env_file.touch(mode=0o600)
    arguments.env_file.write_text("\n".join(lines) + "\n")
    kubeconfig = shlex.quote(state["env"]["KUBECONFIG"])
    path = shlex.quote(f"{state['binaries']}{os.pathsep}{_plugin(arguments.dir / 'bin')}")
    # Standard output is this line only, so that a script can evaluate it.
    print(f'export KUBECONFIG={kubeconfig} PATH={path}:"$PATH"', flush=True)  # noqa: T201
    report_on_terminal(_NEXT.format(env_file=arguments.env_file, logs=arguments.dir / "data"))


def _plugin(folder: Path) -> Path:
    """A folder with `kubectl quantum` and its completion of this environment, and no other program of it."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("kubectl-quantum", "kubectl_complete-quantum"):
        link = folder / name
        link.unlink(missing_ok=True)
        link.symlink_to(Path(sys.executable).parent / name)
    return folder.resolve()


def _start(arguments: argparse.Namespace) -> State:
    steps = Steps(report_on_terminal, _PREPARING + STEPS)
    steps.next("looking for the control plane; the first build takes about six minutes on two cores")
    control_plane_binaries()
    # What has to be fetched is fetched before the clock of the start runs.
    steps.next("looking for Azurite, the local storage account; the first download takes about 20 seconds")
    subprocess.run([sys.executable, "-m", "workspace_emulator", "install"], check=True, stdout=subprocess.DEVNULL)
    serving = [sys.executable, "-m", "localstack", "serve", *_passed_through(arguments)]
    return Detached(arguments.dir).start(serving, _UP_SECONDS, report_on_terminal)


def serve(arguments: argparse.Namespace) -> None:
    """Run everything until SIGTERM: what `up` leaves running."""
    emulator_args, operator_args = shlex.split(arguments.emulator_args), shlex.split(arguments.operator_args)
    with presence(arguments.dir) as announce, ExitStack() as resources:
        # Logs stay readable after the end, until the next start.
        folder = arguments.dir / "data"
        steps = Steps(report_on_terminal, _PREPARING + STEPS, done=_PREPARING)
        shutil.rmtree(folder, ignore_errors=True)
        stack = resources.enter_context(
            Stack.start(emulator_args=emulator_args, operator_args=operator_args, folder=folder, report=steps.next)
        )
        announce({"env": stack.env(), "binaries": str(control_plane_binaries())})
        wait_for_end()


def down(arguments: argparse.Namespace) -> None:
    """End everything that `up` left; nothing happens if there is none."""
    Detached(arguments.dir).stop(_DOWN_SECONDS)
    arguments.env_file.unlink(missing_ok=True)


_COMMANDS: Final = {"up": up, "down": down, "serve": serve}


def main() -> int:
    """Parse the command line and run the command; returns the exit code."""
    parser = argparse.ArgumentParser(prog="localstack", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("command", choices=_COMMANDS)
    parser.add_argument("--emulator-args", default="", help="further arguments of the emulator, as one shell word")
    parser.add_argument("--operator-args", default="", help="further arguments of the operator, as one shell word")
    parser.add_argument("--dir", type=Path, default=_FOLDER, help="where its state is kept")
    parser.add_argument("--env-file", type=Path, default=_ENV_FILE, help="takes shell assignments; holds the API key")
    arguments = parser.parse_args()
    try:
        _COMMANDS[arguments.command](arguments)
    except (DevClusterError, TimeoutError, subprocess.CalledProcessError) as error:
        print(f"localstack: {error}", file=sys.stderr)  # noqa: T201 - a command's message
        return 1
    return 0


def _passed_through(arguments: argparse.Namespace) -> list[str]:
    return [
        f"--dir={arguments.dir.resolve()}",
        f"--emulator-args={arguments.emulator_args}",
        f"--operator-args={arguments.operator_args}",
    ]


if __name__ == "__main__":
    sys.exit(main())
