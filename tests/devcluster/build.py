"""Builds Go programs from the module proxy, once, into the user's cache directory.

Knows nothing of what the programs do; the tables stand in `devcluster.gotools`.
"""

import fcntl
import json
import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Final

from devcluster.errors import BuildError
from devcluster.gotools import CONTROL_PLANE, NODE, GoModule, ToolSet
from devcluster.progress import Report, Steps, report_on_terminal
from devcluster.toolchain import find_go

ASSETS_VARIABLE: Final = "KUBEBUILDER_ASSETS"
_PROGRESS_STEP: Final = 100
_SCRATCH_PREFIX: Final = ".building-"


def cache_directory() -> Path:
    """Where everything that is built once is kept: `$XDG_CACHE_HOME` or `~/.cache`, then the project's name."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "quantumjob-operator"


def control_plane_binaries(report: Report = report_on_terminal) -> Path:
    """The folder with etcd, kube-apiserver, kube-controller-manager and kubectl; built now if need be.

    Args:
        report: Takes each line of progress.

    Raises:
        BuildError: A build failed, or the folder named by `KUBEBUILDER_ASSETS` lacks a program.
    """
    if assets := os.environ.get(ASSETS_VARIABLE):
        return _checked_assets(Path(assets), CONTROL_PLANE)
    return ensure(CONTROL_PLANE, report)


def node_binaries(report: Report = report_on_terminal) -> Path:
    """The folder with kubelet, kube-scheduler, kube-proxy, coredns and pause; built now if need be.

    Where the control plane is missing too, both are built in one go.

    Raises:
        BuildError: As `control_plane_binaries`.
    """
    if os.environ.get(ASSETS_VARIABLE):
        return ensure(NODE, report)
    return ensure_all([CONTROL_PLANE, NODE], report)[1]


def ensure(tools: ToolSet, report: Report = report_on_terminal) -> Path:
    """The folder with the programs of a tool set; built now if this version isn't in the cache.

    Several processes may ask at once: one builds, the others wait for it.

    Raises:
        BuildError: No usable Go, or the build failed.
    """
    return ensure_all([tools], report)[0]


def ensure_all(sets: Sequence[ToolSet], report: Report = report_on_terminal) -> list[Path]:
    """The same for several sets: those that are missing are built in one go, and what they share is compiled once.

    Raises:
        BuildError: As `ensure`.
    """
    targets = {tools: _target(tools) for tools in sets}
    if not all(target.exists() for target in targets.values()):
        with ExitStack() as locks:
            for target in targets.values():
                target.parent.mkdir(parents=True, exist_ok=True)
                locks.enter_context(locked(target.parent / ".lock", report))
            if missing := [tools for tools, target in targets.items() if not target.exists()]:
                _build(missing, report)
    return [target / "bin" for target in targets.values()]


def _target(tools: ToolSet) -> Path:
    return cache_directory() / tools.name / f"{tools.key}_{platform.system().lower()}-{platform.machine()}"


def kept_files(binaries: Path, module: GoModule) -> Path:
    """The folder with what was kept of a module's files, beside the folder of the programs."""
    return binaries.parent / "kept" / module.name


def _checked_assets(folder: Path, tools: ToolSet) -> Path:
    missing = [name for name in tools.programs if not os.access(folder / name, os.X_OK)]
    if missing:
        raise BuildError(f"{ASSETS_VARIABLE} names {folder}, which lacks {', '.join(missing)}: add them or unset it")
    return folder


@contextmanager
def locked(path: Path, report: Report) -> Iterator[None]:
    """Hold a lock that other processes respect; waits for it, and says so."""
    with path.open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            report("another process is building the same tools: waiting for it")
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _build(sets: Sequence[ToolSet], report: Report) -> None:
    go = find_go()
    home = _target(sets[0]).parent
    for stale in home.glob(f"{_SCRATCH_PREFIX}*"):
        # We hold the lock, so whoever made it was killed.
        shutil.rmtree(stale, ignore_errors=True)
    modules = [module for tools in sets for module in tools.modules]
    # Each module is fetched, and each program built.
    steps = Steps(report, len(modules) + sum(len(tools.programs) for tools in sets))
    with tempfile.TemporaryDirectory(prefix=_SCRATCH_PREFIX, dir=home) as scratch:
        for tools in sets:
            report(f"building {', '.join(tools.programs)}: once, {tools.duration}")
            finished = Path(scratch, tools.name)
            (finished / "bin").mkdir(parents=True)
            for module in tools.modules:
                build = _GoBuild(go, module, finished, steps)
                build.run(finished / "bin")
                build.keep(kept_files(finished / "bin", module))
                shutil.rmtree(finished / module.name)
            finished.rename(_target(tools))
            report(f"built into {_target(tools)}")


class _GoBuild:
    """Builds the programs of one module within a folder, with caches beside it that all modules share."""

    def __init__(self, go: Path, module: GoModule, folder: Path, steps: Steps) -> None:
        self._go = go
        self._module = module
        self._steps = steps
        self._compiled: set[str] = set()
        self._folder = folder / module.name
        # A GOROOT of another Go would make ours use that one's compiler.
        inherited = {name: value for name, value in os.environ.items() if name != "GOROOT"}
        self._environment = inherited | {
            "CGO_ENABLED": "0",
            "GOTOOLCHAIN": "local",
            "GOWORK": "off",
            # A writable module cache, so that the scratch folder can be deleted; `mod` completes our go.mod and go.sum.
            "GOFLAGS": "-modcacherw -mod=mod",
            "GOMODCACHE": str(folder.parent / "modules"),
            "GOCACHE": str(folder.parent / "objects"),
        }

    def run(self, binaries: Path) -> None:
        """Build every program of the module into the folder `binaries`."""
        self._folder.mkdir()
        self._steps.next(f"fetching {self._module.path} {self._module.version} and what it needs")
        (self._folder / "go.mod").write_text(self._go_mod())
        for name, text in self._module.sources:
            (self._folder / name).mkdir()
            (self._folder / name / "main.go").write_text(text)
        needed = {name: self._packages(package) for name, package in self._module.programs}
        for name, package in self._module.programs:
            self._steps.next(f"building {name}")
            self._compile(name, package, binaries / name, total=len(needed[name] - self._compiled))

    def keep(self, target: Path) -> None:
        """Copy those of the module's files that are wanted beside its programs."""
        if self._module.kept:
            shutil.copytree(Path(self._downloaded()["Dir"], self._module.kept), target)

    def _packages(self, package: str) -> set[str]:
        """All packages that a program is compiled from; asking for them fetches their modules."""
        return set(self._output("list", "-deps", package).split())

    def _go_mod(self) -> str:
        path, version = self._module.path, self._module.version
        lines = ["module quantumjobs.dev/tools", "go 1.26", f"require {path} {version}"]
        if self._module.staging_version:
            lines += [f"replace {staged} => {staged} {self._module.staging_version}" for staged in self._staged()]
        lines += [f"replace {replaced} => {replaced} {version}" for replaced, version in self._module.replacements]
        return "\n".join(lines) + "\n"

    def _staged(self) -> list[str]:
        described = json.loads(self._output("mod", "edit", "-json", self._downloaded()["GoMod"]))
        return [required["Path"] for required in described["Require"] if required["Version"] == "v0.0.0"]

    def _downloaded(self) -> dict[str, str]:
        """Where the module's files are."""
        wanted = f"{self._module.path}@{self._module.version}"
        found: dict[str, str] = json.loads(self._output("mod", "download", "-json", wanted))
        return found

    def _output(self, *arguments: str) -> str:
        done = subprocess.run(
            [self._go, *arguments],
            cwd=self._folder,
            env=self._environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise BuildError(f"go {' '.join(arguments)} failed: {done.stderr or done.stdout}")
        return done.stdout

    def _compile(self, name: str, package: str, target: Path, *, total: int) -> None:
        ldflags = f"-s -w {self._module.ldflags}".strip()
        command: list[str | Path] = [self._go, "build", "-v", "-trimpath", "-ldflags", ldflags, "-o", target, package]
        with subprocess.Popen(
            command, cwd=self._folder, env=self._environment, stderr=subprocess.PIPE, text=True
        ) as building:
            tail = self._follow(name, building, total)
        if building.returncode:
            raise BuildError(f"building {name} failed:\n" + "\n".join(tail))

    def _follow(self, name: str, building: "subprocess.Popen[str]", total: int) -> list[str]:
        """Report each hundredth package that `go build -v` compiles; return its last lines."""
        lines: list[str] = []
        for count, line in enumerate(building.stderr or (), start=1):
            lines = [*lines[-19:], line.rstrip()]
            self._compiled.add(line.strip())
            if count % _PROGRESS_STEP == 0:
                self._steps.detail(f"{name}: {count} of {total} packages")
        return lines
