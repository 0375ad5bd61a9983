"""The QuantumJob that a submission sends: its name, its key, its labels, and whether a stored one is the same. Pure.

Must not live here: sending it (`submission`).
"""

import base64
import hashlib
import json
import re
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from quantumjobs import facts
from quantumjobs.errors import UsageError
from quantumjobs.limits import Amount
from quantumjobs.programs.prepared import Prepared, Target

Resource = dict[str, Any]
INLINE_LIMIT: Final = 65536
PROGRAM_KEY: Final = "program"
_API: Final = "quantumjobs.dev/v1alpha1"
_LONGEST_STEM: Final = 40
_LABEL: Final = re.compile(r"([A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?)?")
_NAME: Final = re.compile(r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?")
# What decides what is bought; the rest of a spec may differ, such as what it may cost.
_BOUGHT: Final = ("provider", "target", "parameters", "program", "workspaceRef", "idempotencyKey", "outputFormat")


@dataclass(frozen=True, slots=True)
class Order:
    """What a user asks for.

    Attributes:
        program: Ready to be sent.
        target: Where it runs.
        shots: How often; None leaves it to the target.
        options: Handed to the target beside the shots.
        name: Of the resource; made from the program's if None.
        once: True or a key of the user's own: the same order again is the same purchase.
        labels: Of the resource and of its output.
        values: The parameters that were put into the program, as they are shown later.
        workspace: Name of the QuantumWorkspace, or `namespace/name`; the default one if None.
        max_cost: The most that it may cost, in each unit; see `quantumjobs.limits`.
        deadline: Seconds after which it is cancelled.
        queue_deadline: Seconds in the queue after which it is cancelled.
    """

    program: Prepared
    target: Target
    shots: int | None = None
    options: Mapping[str, Any] = field(default_factory=dict)
    name: str | None = None
    once: bool | str = False
    labels: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, Any] = field(default_factory=dict)
    workspace: str | None = None
    max_cost: Sequence[Amount] = ()
    deadline: int | None = None
    queue_deadline: int | None = None


def manifest(order: Order) -> Resource:
    """The object to create; each call is a submission of its own, unless the order is `once`.

    Raises:
        UsageError: A name, label or number that the API server would refuse.
    """
    spec = _spec(order)
    key = _key(order, spec)
    if key:
        spec["idempotencyKey"] = key
    tail = hashlib.sha256(key.encode()).hexdigest()[:10] if key else uuid.uuid4().hex[:8]
    name = _checked_name(order.name) if order.name else f"{_stem(order.program.stem)}-{tail}"
    labels = _checked_labels(order.labels)
    if labels:
        spec["output"] = {"labels": labels}
    if _too_long(order.program):
        spec["program"] = {
            "format": order.program.format,
            "configMapKeyRef": {"name": program_map(name), "key": PROGRAM_KEY},
        }
    annotations = {
        facts.SUBMISSION: uuid.uuid4().hex,
        facts.DIGEST: order.program.digest,
        facts.HEADER: order.program.header.to_json(),
    }
    if order.values:
        annotations[facts.PARAMETERS] = json.dumps(dict(order.values), sort_keys=True)
    metadata = {"name": name, "annotations": annotations} | ({"labels": labels} if labels else {})
    return {"apiVersion": _API, "kind": "QuantumJob", "metadata": metadata, "spec": spec}


def program_config_map(order: Order, job: Resource) -> Resource | None:
    """The ConfigMap of a program that is too long for the resource, owned by it; None if it is not."""
    if not _too_long(order.program):
        return None
    name = facts.name_of(job)
    owner = {"apiVersion": _API, "kind": "QuantumJob", "name": name, "uid": job["metadata"].get("uid", "")}
    metadata: Resource = {"name": program_map(name)} | ({"ownerReferences": [owner]} if owner["uid"] else {})
    body: Resource = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "immutable": True}
    if order.program.text:
        return body | {"data": {PROGRAM_KEY: order.program.data.decode()}}
    return body | {"binaryData": {PROGRAM_KEY: base64.b64encode(order.program.data).decode()}}


def program_map(job: str) -> str:
    """Name of the ConfigMap that holds a job's long program."""
    return f"{job}-program"


def is_this_submission(found: Resource, sent: Resource) -> bool:
    """Whether a stored object is the one that this very submission sent."""
    return facts.annotation(found, facts.SUBMISSION) == facts.annotation(sent, facts.SUBMISSION)


def is_same_purchase(found: Resource, sent: Resource) -> bool:
    """Whether a stored object is meant to be the one that was sent: by its key, or as the same point of a sweep."""
    point = (facts.label(sent, facts.BATCH), facts.label(sent, facts.POINT))
    repeated = all(point) and point == (facts.label(found, facts.BATCH), facts.label(found, facts.POINT))
    if not repeated and not sent["spec"].get("idempotencyKey"):
        return False
    same_program: bool = facts.annotation(found, facts.DIGEST) == facts.annotation(sent, facts.DIGEST)
    return same_program and all(found["spec"].get(field) == sent["spec"].get(field) for field in _BOUGHT)


def _spec(order: Order) -> Resource:
    if order.shots is not None and order.shots < 1:
        raise UsageError(f"shots must be at least 1, not {order.shots}")
    parameters = {**order.program.inputs, **order.options} | ({"shots": order.shots} if order.shots is not None else {})
    spec: Resource = {
        "provider": order.target.provider,
        "target": order.target.name,
        "program": {"format": order.program.format, **_inline(order.program)},
    }
    if parameters:
        spec["parameters"] = parameters
    if order.program.notes:
        spec["metadata"] = dict(order.program.notes)
    if order.workspace:
        namespace, _, name = order.workspace.rpartition("/")
        spec["workspaceRef"] = {"name": name} | ({"namespace": namespace} if namespace else {})
    if order.max_cost:
        spec["maxCost"] = [dict(one) for one in order.max_cost]
    for field_name, value in (
        ("activeDeadlineSeconds", order.deadline),
        ("queueDeadlineSeconds", order.queue_deadline),
    ):
        if value is not None:
            spec[field_name] = value
    return spec


def _inline(program: Prepared) -> dict[str, str]:
    if program.text:
        return {"source": program.data.decode()}
    return {"sourceBase64": base64.b64encode(program.data).decode()}


def _too_long(program: Prepared) -> bool:
    return len(program.data) > INLINE_LIMIT


def _key(order: Order, spec: Resource) -> str:
    if not order.once:
        return ""
    if isinstance(order.once, str):
        return order.once
    identity = {field: spec.get(field) for field in ("provider", "target", "parameters", "workspaceRef")}
    text = json.dumps(identity | {"format": order.program.format, "program": order.program.digest}, sort_keys=True)
    return f"once:{hashlib.sha256(text.encode()).hexdigest()}"


def _stem(text: str) -> str:
    plain = re.sub(r"[^a-z0-9]+", "-", text.lower()).strip("-")[:_LONGEST_STEM].strip("-")
    return plain or "job"


def _checked_name(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise UsageError(f"{name!r} is no name for a job: at most 63 lower-case letters, digits and '-'")
    return name


def _checked_labels(labels: Mapping[str, str]) -> dict[str, str]:
    for key, value in labels.items():
        if not _LABEL.fullmatch(value):
            raise UsageError(
                f"{value!r} is no value for the label {key}: at most 63 letters, digits, '-', '_' and '.', "
                "beginning and ending with a letter or digit"
            )
    return dict(labels)
