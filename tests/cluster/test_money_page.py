"""The example of docs/money.md, as printed: its commands, and what they answer."""

import re
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import pytest

from cluster import jobs
from cluster.jobnamespace import JobNamespace
from cluster.test_max_cost import PRICES
from localstack.manifests import PROJECT

pytestmark = [pytest.mark.cluster, pytest.mark.slow]

_PAGE: Final = (PROJECT / "docs" / "money.md").read_text()
_ANSWERED: Final = re.compile(r"^\$ (.*)\n((?:(?!\$ |```).*\n)*)", re.MULTILINE)


def blocks(language: str) -> list[str]:
    """The blocks of a language in the order of the page."""
    return re.findall(rf"^```{language}\n(.*?)^```", _PAGE, re.DOTALL | re.MULTILINE)


def as_printed(answer: str, namespace: str) -> list[list[str]]:
    """Lines word by word, with the namespace and the month of the page, and without an age."""
    now = datetime.now(UTC)
    year, month = divmod(now.month, 12)
    following = f"{now.year + year}-{month + 1:02}-01"
    text = answer.replace(f"{namespace}/", "research/").replace(f"in {now:%B} ", "in November ")
    text = re.sub(r"\b\d+m?\d*s$", "AGE", text.replace(following, "2026-12-01"), flags=re.MULTILINE)
    return [line.split() for line in text.splitlines()]


def test_the_example_is_as_printed(place: JobNamespace, tmp_path: Path) -> None:
    """Where the page shows an answer."""
    place.apply(jobs.config_map("prices", {"prices.yaml": PRICES}), place.workspace(pricesRef={"name": "prices"}))
    (tmp_path / "ghz.yaml").write_text(blocks("yaml")[0])
    (tmp_path / "trial.yaml").write_text(next(one for one in blocks("yaml") if "name: trial" in one))
    kubectl = f'kubectl() {{ command kubectl --namespace {place.name} "$@"; }}'
    environment = place.stack.cluster.kubectl_environment()
    (example,) = (one for one in blocks("console") if "trial.yaml" in one)
    for command, answer in _ANSWERED.findall(example):
        done = subprocess.run(
            ["bash", "-c", f"set -euo pipefail; {kubectl}; {command}"],
            cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        if answer:
            assert as_printed(done.stdout, place.name) == as_printed(answer, place.name)
