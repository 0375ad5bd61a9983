"""The counts of many jobs, in pages: memory stays flat however many there are.

Jobs are listed first and only a few words of each are kept; their ConfigMaps then come in small pages, by the labels
that the jobs gave their outputs, or one by one. Must not live here: tables and files (`tables`).
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from quantumjobs import facts
from quantumjobs.counts import Header, read_counts
from quantumjobs.errors import NoCountsError, NotFoundError
from quantumjobs.job import parameters_of
from quantumjobs.kubeapi import CONFIG_MAPS, JOBS, KubeApi

Resource = dict[str, Any]
_OURS: Final = "app.kubernetes.io/managed-by=quantumjob-operator"
# A result may have 512 KiB, a program 64 KiB.
_OUTPUTS_PAGE: Final = 50
_JOBS_PAGE: Final = 250
_SINGLY: Final = 20


@dataclass(frozen=True, slots=True)
class Reading:
    """One job and its counts.

    Attributes:
        name: Of the job.
        state: Its summary.
        parameters: What was put into its program.
        header: What was known of the program when it was sent.
        outcome: How it ended, or that it has not.
        counts: None if it has none.
        missing: Why it has none; empty otherwise.
    """

    name: str
    state: str
    outcome: facts.Outcome
    parameters: Mapping[str, Any]
    header: Header
    counts: dict[str, int] | None
    missing: str = ""


@dataclass(frozen=True, slots=True)
class _Slim:
    name: str
    state: str
    outcome: facts.Outcome
    parameters: Mapping[str, Any]
    header: Header
    output: str
    missing: str


class Harvest:
    """The jobs that are selected or named, and on iteration the counts of each, once; those without come first.

    Attributes:
        parameters: Names of all parameters that were put into their programs, in the order in which they occur.

    Raises:
        NotFoundError: A name does not exist, or nothing is selected.
    """

    def __init__(self, api: KubeApi, namespace: str, *, selector: str = "", names: Sequence[str] = ()) -> None:
        self._api = api
        self._namespace = namespace
        self._slim: list[_Slim] = []
        self._selector = f"{_OURS},{selector}" if selector else _OURS
        labelled = bool(selector)
        for resource in _jobs(api, namespace, selector, names):
            self._slim.append(_slim(resource))
            labelled = labelled and _carries(resource)
        if not labelled:
            self._selector = _OURS
        self.parameters = list(dict.fromkeys(name for slim in self._slim for name in slim.parameters))

    def __len__(self) -> int:
        return len(self._slim)

    def __iter__(self) -> Iterator[Reading]:
        """Read the ConfigMaps, in pages if there are many."""
        wanted: dict[str, list[_Slim]] = {}  # several may show one: jobs with one key have one output
        for slim in self._slim:
            if slim.output:
                wanted.setdefault(slim.output, []).append(slim)
        yield from (_without(slim, slim.missing) for slim in self._slim if not slim.output)
        if len(wanted) > _SINGLY:
            for page in self._api.pages(CONFIG_MAPS, self._namespace, selector=self._selector, size=_OUTPUTS_PAGE):
                for config_map in page["items"]:
                    yield from (_read(slim, config_map) for slim in wanted.pop(facts.name_of(config_map), ()))
        for alike in wanted.values():
            yield from (_read_singly(self._api, self._namespace, slim) for slim in alike)


def _jobs(api: KubeApi, namespace: str, selector: str, names: Sequence[str]) -> Iterator[Resource]:
    if names:
        for name in names:
            yield api.get(JOBS, namespace, name)
        return
    found = False
    for page in api.pages(JOBS, namespace, selector=selector, size=_JOBS_PAGE):
        for resource in page["items"]:
            found = True
            yield resource
    if not found:
        raise NotFoundError(f"no quantumjob in namespace {namespace} matches {selector!r}")


def _slim(resource: Resource) -> _Slim:
    ended = facts.outcome(resource)
    missing = (
        "" if ended is facts.Outcome.SUCCEEDED else " ".join(filter(None, facts.reason(resource))) or "not finished"
    )
    return _Slim(
        name=facts.name_of(resource),
        state=facts.state(resource),
        outcome=ended,
        parameters=parameters_of(resource),
        header=Header.from_json(facts.annotation(resource, facts.HEADER)),
        output="" if missing else facts.output_name(resource),
        missing=missing,
    )


def _carries(resource: Resource) -> bool:
    """Whether a job gave its output all its own labels, so that a selector finds both."""
    labels = resource["metadata"].get("labels") or {}
    given = (resource["spec"].get("output") or {}).get("labels") or {}
    return bool(labels) and labels == given


def _read(slim: _Slim, config_map: Resource) -> Reading:
    try:
        counts = read_counts(config_map, slim.header)
    except NoCountsError as error:
        return _without(slim, str(error))
    return Reading(slim.name, slim.state, slim.outcome, slim.parameters, slim.header, counts)


def _read_singly(api: KubeApi, namespace: str, slim: _Slim) -> Reading:
    try:
        return _read(slim, api.get(CONFIG_MAPS, namespace, slim.output))
    except NotFoundError as error:
        return _without(slim, str(error))


def _without(slim: _Slim, why: str) -> Reading:
    return Reading(slim.name, slim.state, slim.outcome, slim.parameters, slim.header, None, why)
