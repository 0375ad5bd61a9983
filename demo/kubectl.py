"""kubectl, as the person at the terminal has it: every cluster that they can reach with it can play the demo.

Must not live here: what is asked of the cluster.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from devcluster.build import control_plane_binaries
from devcluster.errors import KubectlError

_SECONDS: Final = 60.0


@dataclass(frozen=True, slots=True)
class Kubectl:
    """Runs kubectl in one namespace.

    Attributes:
        program: The binary.
        namespace: Where namespaced objects are meant; the context's own if None.
        context: Which context is meant; the current one if None.
        environment: Beside our own.
    """

    program: Path
    namespace: str | None = None
    context: str | None = None
    environment: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of_user(cls) -> "Kubectl":
        """The user's own kubectl (the local control plane's if they have none) with the context that is current now.

        Raises:
            KubectlError: There is no current context.
        """
        found = shutil.which("kubectl")
        free = cls(Path(found) if found else control_plane_binaries() / "kubectl")
        # Whoever switches contexts in another terminal must not send our removals to another cluster.
        return replace(free, context=free.run("config", "current-context").strip())

    def within(self, namespace: str) -> "Kubectl":
        """The same in a namespace."""
        return replace(self, namespace=namespace)

    def run(self, *arguments: str | Path, stdin: Any = None, timeout: float = _SECONDS) -> str:
        """Run it and return what it printed.

        Args:
            arguments: Its arguments.
            stdin: What it reads, text or something to write as JSON.
            timeout: Seconds after which it is killed.

        Raises:
            KubectlError: It ended with another code than 0, or took too long.
        """
        return self._call([*self._scope(), *arguments], stdin, timeout)

    def quantum(self, *arguments: str | Path) -> str:
        """Run the plugin `kubectl quantum` of this environment and return what it printed to standard output.

        Raises:
            KubectlError: It ended with another code than 0, or took too long.
        """
        # kubectl takes no flags before a plugin's name.
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
        return self._call(["quantum", *arguments, *self._scope()], None, _SECONDS, {"PATH": path})

    def _scope(self) -> list[str]:
        options = {"namespace": self.namespace, "context": self.context}
        return [f"--{name}={value}" for name, value in options.items() if value]

    def _call(
        self, arguments: Sequence[str | Path], stdin: Any, timeout: float, more: Mapping[str, str] | None = None
    ) -> str:
        text = stdin if stdin is None or isinstance(stdin, str) else json.dumps(stdin)
        said = " ".join(map(str, arguments))
        try:
            done = subprocess.run(  # noqa: S603 - no shell is involved
                [self.program, *arguments],
                input=text,
                env=os.environ | dict(self.environment) | dict(more or {}),
                capture_output=True,
                text=True,
                timeout=timeout,
                check=False,
            )
        except subprocess.TimeoutExpired:
            raise KubectlError(f"kubectl {said}: no answer within {timeout:g} s") from None
        if done.returncode:
            raise KubectlError(f"kubectl {said}: {done.stderr.strip()}")
        return done.stdout

    def read(self, *arguments: str) -> Any:
        """Run `get` and return the object or list; None if nothing was found and that was allowed."""
        said = self.run("get", *arguments, "--output=json")
        return json.loads(said) if said else None
