"""`kubectl_complete-quantum`: completion of `kubectl quantum`, in the form that kubectl reads.

Names of jobs come from kubectl itself, which starts faster than the Kubernetes client is imported.
"""

import subprocess
import sys
from collections.abc import Mapping
from typing import Any, Final

from click.shell_completion import ShellComplete

from quantumjobs.cli.output import say

_NO_FILES: Final = ":4"
_FILES: Final = ":0"
_SECONDS: Final = 5
_PASSED_ON: Final = ("namespace", "context", "cluster", "user", "kubeconfig")


class _ForKubectl(ShellComplete):
    name = "kubectl"
    source_template = ""


def main() -> None:
    """Print the completions of the arguments, the last of which is incomplete."""
    from quantumjobs.cli.commands import cli  # noqa: PLC0415 - the commands import this module

    *arguments, incomplete = sys.argv[1:] or [""]
    complete = _ForKubectl(cli, {}, "kubectl quantum", "_QUANTUM_COMPLETE")
    found = complete.get_completions(arguments, incomplete)
    for item in found:
        if item.type == "plain":
            say(f"{item.value}\t{item.help}" if item.help else item.value, kept="\t")
    say(_FILES if any(item.type in {"file", "dir"} for item in found) else _NO_FILES)


def job_names(parameters: Mapping[str, Any], incomplete: str) -> list[str]:
    """Names of jobs that begin so, with the flags that were typed already; none if kubectl cannot say."""
    flags = [f"--{name}={parameters[name]}" for name in _PASSED_ON if parameters.get(name)]
    argv = ["kubectl", "get", "quantumjobs.quantumjobs.dev", "-o", "name", f"--request-timeout={_SECONDS}s", *flags]
    try:
        done = subprocess.run(argv, capture_output=True, text=True, timeout=_SECONDS, check=True)  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return []
    names = [line.rpartition("/")[2] for line in done.stdout.splitlines()]
    return [name for name in names if name.startswith(incomplete)]
