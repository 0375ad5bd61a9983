"""The real Prometheus and its promtool: those of the machine, or Debian's package, unpacked once into the user's cache.

Nothing is installed: the package is downloaded with apt and taken apart. Knows nothing of our metrics.
"""

import json
import os
import shutil
import subprocess
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

import yaml

from devcluster.debian import unpacked
from devcluster.errors import BuildError
from devcluster.processes import Child, free_port
from devcluster.progress import report_on_terminal

_PACKAGE: Final = "prometheus"
_SECONDS: Final = 300.0
_QUERY_SECONDS: Final = 10.0
_START_SECONDS: Final = 180.0


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
    try:
        return unpacked(_PACKAGE, report_on_terminal) / "usr" / "bin"
    except BuildError as error:
        raise PrometheusMissing(f"prometheus and promtool are not on PATH, and {error}: install Prometheus") from None


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
def running_prometheus(
    folder: Path,
    scrape: dict[str, Any],
    groups: list[dict[str, Any]],
    *,
    host: str = "127.0.0.1",
    within: Callable[..., list[str | Path]] = lambda *command: [*command],
) -> Iterator[Prometheus]:
    """Prometheus with one scrape configuration and some groups of rules, once a second.

    Args:
        folder: For its data.
        scrape: One element of `scrape_configs`.
        groups: Of rules, as in a PrometheusRule.
        host: Address to answer at.
        within: Makes of a command line the one that runs it where it finds what it scrapes.

    Raises:
        PrometheusMissing: As `prometheus_binaries`.
    """
    address = f"{host}:{free_port()}"
    second = {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"}
    (folder / "rules.yml").write_text(yaml.safe_dump({"groups": groups}))
    config = {"global": second, "rule_files": ["rules.yml"], "scrape_configs": [scrape]}
    (folder / "prometheus.yml").write_text(yaml.safe_dump(config))
    command = within(
        prometheus_binaries() / "prometheus",
        f"--config.file={folder}/prometheus.yml",
        f"--storage.tsdb.path={folder}/data",
        f"--web.listen-address={address}",
    )
    child = Child.start(command, name="prometheus", log=folder / "prometheus.log", env=os.environ)
    try:
        started = Prometheus(f"http://{address}")
        child.wait_until(started.ready, _START_SECONDS)
        yield started
    finally:
        child.stop()
