"""`quantumjob-operator check`: whether the operator finds in the cluster what it needs; `helm test` runs it.

It asks as whoever runs it, so in the operator's pod, or with its ServiceAccount, it is the operator's own rights that
are checked. It changes nothing and prints nothing secret. Must not live here: what the rights are (`permissions`).
"""

import argparse
import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from typing import Final

import aiohttp

from quantumjob_operator.cluster.api import Api, ClusterError
from quantumjob_operator.cluster.objects import PLURALS
from quantumjob_operator.cluster.permissions import LEASE_PERMISSIONS, PERMISSIONS, Permission
from quantumjob_operator.model.naming import GROUP, POLICY_PLURAL, VERSION
from quantumjob_operator.settings import Settings, read_settings

_IDENTITY: Final = "/apis/authentication.k8s.io/v1/selfsubjectreviews"
_ACCESS: Final = "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews"
_PATIENCE_SECONDS: Final = 60.0
_PAUSE_SECONDS: Final = 2.0
_ANSWER_SECONDS: Final = 5.0
_EACH: Final = aiohttp.ClientTimeout(total=_ANSWER_SECONDS)
_OK: Final = 200


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that was checked.

    Attributes:
        good: Whether it is as it should be.
        text: What it is, and the remedy if it is not good.
    """

    good: bool
    text: str

    def __str__(self) -> str:
        return f"{'ok' if self.good else 'MISSING':8} {self.text}"


async def main(arguments: Sequence[str]) -> int:
    """Check, print a line for each finding; returns the exit code, 1 if anything is missing.

    Raises:
        InvalidSettings: A setting of the operator is wrong.
    """
    parser = argparse.ArgumentParser(
        prog="quantumjob-operator check",
        description="Check that the operator finds in the cluster what it needs. Takes its settings too.",
        allow_abbrev=False,
    )
    parser.add_argument("--readyz", metavar="URL", help="of an operator that has to be ready within a minute")
    own, settings = parser.parse_known_args(arguments)
    return await _print_all(read_settings(settings), own.readyz)


async def _print_all(settings: Settings, readyz: str | None) -> int:
    missing = 0
    async for finding in _findings(settings, readyz):
        print(finding, flush=True)  # noqa: T201 - the output of a command
        missing += not finding.good
    return int(missing > 0)


async def _findings(settings: Settings, readyz: str | None) -> AsyncIterator[Finding]:
    end = asyncio.get_running_loop().time() + _PATIENCE_SECONDS
    try:
        api = await Api.connect()
    except ClusterError as error:
        yield Finding(good=False, text=f"API server: {error}")
        return
    try:
        async for finding in _cluster(api, settings):
            yield finding
    except ClusterError as error:
        yield Finding(good=False, text=f"API server: {error}")
    finally:
        await api.close()
    if readyz:
        # Asked once at least, however long the API server took.
        yield await _readiness(readyz, max(end, asyncio.get_running_loop().time() + _ANSWER_SECONDS))


async def _cluster(api: Api, settings: Settings) -> AsyncIterator[Finding]:
    yield await _identity(api)
    served = await _served(api)
    for plural in PLURALS:
        known = ({plural} if plural == POLICY_PLURAL else {plural, f"{plural}/status"}) <= served
        remedy = "" if known else ": install crds/ (in the chart: crds.enabled)"
        yield Finding(good=known, text=f"{plural}.{GROUP}/{VERSION} are served{remedy}")
    scopes: list[str | None] = [*settings.watch_namespaces] or [None]
    for namespace in scopes:
        for right in PERMISSIONS:
            yield await _granted(api, right, namespace, settings.workload_service_account)
    if settings.lease:
        namespace, _slash, name = settings.lease.partition("/")
        for right in LEASE_PERMISSIONS:
            yield await _granted(api, right, namespace, name)


async def _identity(api: Api) -> Finding:
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview"}
    answer = await api.request("POST", _IDENTITY, review)
    return Finding(good=True, text=f"the API server knows us as {answer['status']['userInfo']['username']}")


async def _served(api: Api) -> set[str]:
    """Resources and subresources of our group, none if it is not served."""
    try:
        found = await api.request("GET", f"/apis/{GROUP}/{VERSION}")
    except ClusterError as error:
        if error.status is None:
            raise
        return set()
    return {resource["name"] for resource in found.get("resources", [])}


async def _granted(api: Api, right: Permission, namespace: str | None, only: str) -> Finding:
    """Whether all verbs of a right are granted, in a namespace or in all of them."""
    name = only if right.of_one_name else ""
    allowed = await asyncio.gather(*(_allowed(api, right, verb, namespace, name) for verb in right.verbs))
    lacking = [verb for verb, granted in zip(right.verbs, allowed, strict=True) if not granted]
    place = f"in the namespace {namespace}" if namespace else "in all namespaces"
    limit = f" for {name}" if name else ""
    text = f"{', '.join(lacking or right.verbs)} {right}{limit} {place}"
    return Finding(good=not lacking, text=f"may not {text}: see config/rbac" if lacking else f"may {text}")


async def _allowed(api: Api, right: Permission, verb: str, namespace: str | None, name: str) -> bool:
    attributes = {
        "group": right.group,
        "resource": right.resource,
        "subresource": right.subresource,
        "verb": verb,
        "name": name,
        "namespace": namespace or "",
    }
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SelfSubjectAccessReview",
        "spec": {"resourceAttributes": attributes},
    }
    answer = await api.request("POST", _ACCESS, review)
    return bool(answer["status"]["allowed"])


async def _readiness(url: str, end: float) -> Finding:
    """Ask until then: an operator that has just been installed is listing what there is."""
    told = "it does not answer"
    try:
        async with asyncio.timeout_at(end), aiohttp.ClientSession(timeout=_EACH) as session:
            while True:
                try:
                    async with session.get(url) as answer:
                        told = f"it answers {answer.status}"
                        if answer.status == _OK:
                            return Finding(good=True, text=f"the operator at {url} is ready")
                except (aiohttp.ClientError, TimeoutError) as error:
                    told = f"{type(error).__name__}: {error}"
                await asyncio.sleep(_PAUSE_SECONDS)
    except TimeoutError:
        return Finding(good=False, text=f"the operator at {url} is not ready: {told}; see its log")
