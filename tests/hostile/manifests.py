"""Manifests at volume, as bytes ready to be sent: the same ones for the same seed.

Must not live here: the values in them (`hostile.schema`, `hostile.spoiling`).
"""

import json
import math
import random
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from hypothesis.strategies import DrawFn, SearchStrategy

from hostile.schema import specs
from hostile.spoiling import MALICE, Change, Manifest, hostile, nearly_valid

_MARK: Final = re.compile(r'"@@(raw|list|object):([^@]*)@@"')


class Sort(StrEnum):
    """How a manifest was made."""

    VALID = "valid"
    NEARLY_VALID = "nearly valid"
    HOSTILE = "hostile"


@dataclass(frozen=True, slots=True)
class Candidate:
    """One manifest, and whose it will be if it is accepted.

    Attributes:
        resource: Plural of its kind.
        body: JSON, or something like it.
    """

    sort: Sort
    resource: str
    name: str
    body: bytes


def generate(count: int, *, start: int) -> list[Candidate]:
    """About so many manifests, and at least so many.

    Args:
        count: How many.
        start: Seed of the choice.
    """
    drawn = [
        (sort, manifest)
        for sort, kind, change, share in _recipes()
        for manifest in _draw(_manifests(kind, change), math.ceil(count * share), start)
    ]
    # In one order for one seed, but with friend and foe beside each other.
    random.Random(start).shuffle(drawn)  # noqa: S311 - repeatable, not secret
    return [_candidate(number, sort, manifest) for number, (sort, manifest) in enumerate(drawn)]


def _draw(strategy: SearchStrategy[Manifest], count: int, start: int) -> list[Manifest]:
    drawn: list[Manifest] = []

    @seed(start)
    @settings(
        max_examples=count,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(strategy)
    def collect(one: Manifest) -> None:
        drawn.append(one)

    collect()
    return drawn


@st.composite
def _manifests(draw: DrawFn, kind: str, change: Change) -> Manifest:
    manifest: Manifest = {"apiVersion": "quantumjobs.dev/v1alpha1", "kind": kind, "metadata": {}}
    manifest["spec"] = draw(specs(kind))
    change(draw, manifest)
    return manifest


def _leave(_: DrawFn, __: Manifest) -> None:
    """Nothing is spoilt."""


def _recipes() -> Iterator[tuple[Sort, str, Change, float]]:
    """What is made of which kind by which change, and its share of all; nearly all malice is about jobs."""
    for kind, valid, nearly in (("QuantumJob", 0.2, 0.2), ("QuantumWorkspace", 0.05, 0.05)):
        yield Sort.VALID, kind, _leave, valid
        yield Sort.NEARLY_VALID, kind, nearly_valid, nearly
    for name in MALICE:
        yield Sort.HOSTILE, "QuantumJob", hostile(name), 0.5 / len(MALICE)


def _candidate(number: int, sort: Sort, manifest: Manifest) -> Candidate:
    """With a name of its own, unless malice gave it one."""
    resource = "quantumworkspaces" if manifest["kind"] == "QuantumWorkspace" else "quantumjobs"
    own = f"{'qws' if resource == 'quantumworkspaces' else 'job'}-{number:04}"
    name = manifest["metadata"].setdefault("name", own)
    return Candidate(sort, resource, str(name), _encode(manifest))


def _encode(manifest: Manifest) -> bytes:
    return _MARK.sub(_marked, json.dumps(manifest)).encode()


def _marked(found: re.Match[str]) -> str:
    kind, value = found.groups()
    if kind == "raw":
        return value
    opening, closing = ("[", "]") if kind == "list" else ('{"x":', "}")
    return opening * int(value) + "1" + closing * int(value)
