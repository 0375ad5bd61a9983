"""The real Prometheus and its promtool: those of the machine, or Debian's package, unpacked once into the user's cache.

Nothing is installed: the package is downloaded with apt and taken apart. Knows nothing of our metrics.
"""

import json
import os
import shutil
import subprocess
import tempfile
import urllib.parse
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import yaml

from devcluster.build import cache_directory, locked
from devcluster.processes import Child, free_port
from devcluster.progress import report_on_terminal

_PACKAGE: Final = "prometheus"
_SECONDS: Final = 300.0
_QUERY_SECONDS: Final = 10.0
_START_SECONDS: Final = 60.0


class PrometheusMissing(Exception):  # noqa: N818 - says what the trouble is
    """There is no Prometheus, and none is to be had; the text says what is missing."""


def prometheus_binaries() -> Path:
    """The folder with prometheus and promtool.

    Raises:
        PrometheusMissing: Neither the machine has them, nor can apt fetch the package.
    """
    installed = [shutil.which(program) for program in ("prometheus", "promtool")]
    if installed[0] and installed[1]:
        return Path(installed[0]).parent
    home = cache_directory() / _PACKAGE
    home.mkdir(parents=True, exist_ok=True)
    with locked(home / ".lock", report_on_terminal):
        known = sorted(home.glob("*.deb.d"))
        return (known[-1] if known else _unpacked(home)) / "usr" / "bin"


def _unpacked(home: Path) -> Path:
    missing = [program for program in ("apt-get", "dpkg-deb") if shutil.which(program) is None]
    if missing:
        raise PrometheusMissing(
            f"prometheus and promtool are not on PATH, and without {' and '.join(missing)} Debian's package can't be "
            "unpacked: install Prometheus"
        )
    report_on_terminal("downloading Debian's package prometheus: once, about ten seconds")
    with tempfile.TemporaryDirectory(prefix=".fetching-", dir=home) as scratch:
        package = _downloaded(Path(scratch))
        _run(["dpkg-deb", "--extract", package.name, "contents"], Path(scratch))
        return Path(scratch, "contents").rename(home / f"{package.name}.d")


def _downloaded(folder: Path) -> Path:
    """The package, by the machine's own lists, or by fresh ones in a folder that is thrown away."""
    fresh = [f"--option=Dir::State::lists={folder}/lists", f"--option=Dir::Cache={folder}/cache"]
    try:
        _run(["apt-get", "download", _PACKAGE], folder)
    except PrometheusMissing:
        for part in ("lists/partial", "cache/archives/partial"):
            (folder / part).mkdir(parents=True)
        _run(["apt-get", "update", *fresh], folder)
        _run(["apt-get", "download", *fresh, _PACKAGE], folder)
    return next(folder.glob(f"{_PACKAGE}_*.deb"))


def _run(command: Sequence[str], folder: Path) -> None:
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=_SECONDS, check=False)
    except subprocess.TimeoutExpired:
        raise PrometheusMissing(f"{' '.join(command)}: not done after {_SECONDS:.0f} s") from None
    if done.returncode:
        raise PrometheusMissing(
            f"prometheus and promtool are not on PATH, and {' '.join(command)} failed: {done.stderr}"
        )


def promtool(*arguments: str | Path, stdin: str = "") -> "subprocess.CompletedProcess[str]":
    """What promtool says.

    Raises:
        PrometheusMissing: As `prometheus_binaries`.
    """
    command = [prometheus_binaries() / "promtool", *arguments]
    return subprocess.run(command, input=stdin, capture_output=True, text=True, timeout=_SECONDS, check=False)


class Prometheus:
    """A running Prometheus.

    Attributes:
        url: Where it answers.
    """

    def __init__(self, url: str) -> None:
        self.url = url

    def ready(self) -> bool:
        """Whether it answers."""
        try:
            with urllib.request.urlopen(f"{self.url}/-/ready", timeout=_QUERY_SECONDS):  # noqa: S310 - our own address
                return True
        except OSError:
            return False

    def ask(self, expression: str) -> list[dict[str, Any]]:
        """What a query is answered with now."""
        return list(self._get("query", query=expression)["result"])

    def rules(self) -> list[dict[str, Any]]:
        """The rules that it evaluates, with their health."""
        return [rule for group in self._get("rules")["groups"] for rule in group["rules"]]

    def _get(self, what: str, **parameters: str) -> Any:
        url = f"{self.url}/api/v1/{what}?{urllib.parse.urlencode(parameters)}"
        with urllib.request.urlopen(url, timeout=_QUERY_SECONDS) as answer:  # noqa: S310 - our own address
            return json.load(answer)["data"]


@contextmanager
def running_prometheus(folder: Path, scrape: dict[str, Any], groups: list[dict[str, Any]]) -> Iterator[Prometheus]:
    """Prometheus with one scrape configuration and some groups of rules, once a second.

    Args:
        folder: For its data.
        scrape: One element of `scrape_configs`.
        groups: Of rules, as in a PrometheusRule.

    Raises:
        PrometheusMissing: As `prometheus_binaries`.
    """
    address = f"127.0.0.1:{free_port()}"
    second = {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"}
    (folder / "rules.yml").write_text(yaml.safe_dump({"groups": groups}))
    config = {"global": second, "rule_files": ["rules.yml"], "scrape_configs": [scrape]}
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    command: list[str | Path] = [
        prometheus_binaries() / "prometheus",
        f"--config.file={folder}/prometheus.yml",
        f"--storage.tsdb.path={folder}/data",
        f"--web.listen-address={address}",
    ]
    child = Child.start(command, name="prometheus", log=folder / "prometheus.log", env=os.environ)
    try:
        started = Prometheus(f"http://{address}")
        child.wait_until(started.ready, _START_SECONDS)
        yield started
    finally:
        child.stop()
