"""Flux's own judgement of objects: the Go program in `kstatus/`, built once into the cache, keyed by its sources.

Must not live here: what is right.
"""

import fcntl
import hashlib
import json
import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Final, NamedTuple

from devcluster.build import cache_directory
from devcluster.progress import report_on_terminal
from devcluster.toolchain import find_go

_SOURCES: Final = Path(__file__).parent / "kstatus"
_NAME: Final = "fluxstatus"
_SCRATCH_PREFIX: Final = ".building-"
_ANSWER_SECONDS: Final = 30.0
_NO_CHECKS: Final[dict[str, Any]] = {}


class Judgement(NamedTuple):
    """What Flux says of one object.

    Attributes:
        kstatus: `InProgress`, `Current`, `Failed`, `Terminating` or `Unknown`.
        message: Why, in kstatus's words.
        checked: The same by the Kustomization's `healthCheckExprs`; empty if none is for this kind.
    """

    kstatus: str
    message: str
    checked: str


def judge(objects: Iterable[dict[str, Any]], kustomization: dict[str, Any] | None = None) -> list[Judgement]:
    """Ask Flux about objects, in their order.

    Args:
        objects: As the API server tells them.
        kustomization: Its health checks are evaluated too.

    Raises:
        RuntimeError: Flux can't read the Kustomization, or an expression of it.
    """
    question = {"kustomization": kustomization or _NO_CHECKS, "objects": list(objects)}
    program = _program()
    done = subprocess.run(
        [program], input=json.dumps(question), capture_output=True, text=True, timeout=_ANSWER_SECONDS, check=False
    )
    if done.returncode:
        raise RuntimeError(f"{_NAME}: {done.stderr.strip()}")
    return [Judgement(**answer) for answer in json.loads(done.stdout)]


def _program() -> Path:
    """The built program; several processes may ask at once, one builds."""
    home = cache_directory() / "gitops"
    program = home / f"{_NAME}-{_digest()}_{platform.system().lower()}-{platform.machine()}"
    if not program.exists():
        home.mkdir(parents=True, exist_ok=True)
        with (home / ".lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not program.exists():
                _build(program)
    return program


def _digest() -> str:
    digest = hashlib.sha256()
    for name in ("go.mod", "go.sum", "main.go"):
        digest.update((_SOURCES / name).read_bytes())
    return digest.hexdigest()[:16]


def _build(program: Path) -> None:
    report_on_terminal(f"building {_NAME} from Flux's libraries: once, about two minutes")
    for stale in program.parent.glob(f"{_SCRATCH_PREFIX}*"):
        # We hold the lock, so whoever made it was killed.
        shutil.rmtree(stale, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=_SCRATCH_PREFIX, dir=program.parent) as scratch:
        built = Path(scratch, _NAME)
        _go_build(built, Path(scratch))
        for older in program.parent.glob(f"{_NAME}-*"):
            older.unlink()
        shutil.move(built, program)


def _go_build(target: Path, scratch: Path) -> None:
    """Caches of its own, so that nothing is left; `readonly` holds go.sum to what is committed."""
    inherited = {name: value for name, value in os.environ.items() if name != "GOROOT"}
    environment = inherited | {
        "CGO_ENABLED": "0",
        "GOTOOLCHAIN": "local",
        "GOWORK": "off",
        "GOFLAGS": "-modcacherw -mod=readonly -buildvcs=false",
        "GOMODCACHE": str(scratch / "modules"),
        "GOCACHE": str(scratch / "objects"),
    }
    command: list[str | Path] = [find_go(), "build", "-trimpath", "-ldflags", "-s -w", "-o", target, "."]
    done = subprocess.run(command, cwd=_SOURCES, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"building {_NAME} failed: {done.stderr[-2000:]}")
