"""What QuantumPolicies forbid, sentence by sentence: the same for the operator and for the API server's admission.

Data only.
"""

from typing import Any, Final, NamedTuple

Spec = dict[str, Any]
NAME: Final = "limits"
_JOB: Final[Spec] = {
    "provider": "ionq",
    "target": "ionq.simulator",
    "parameters": {"shots": 100},
    "program": {"format": "ionq.circuit.v1", "source": '{"qubits": 1, "circuit": []}'},
}
_MAX_COST: Final = [{"unit": "USD", "amount": "5"}]


class Row(NamedTuple):
    """A policy and a job.

    Attributes:
        sentence: What the row shows.
        policy: The policy's spec.
        job: What is different about the job's spec; None takes a field away.
        reason: Why it is not allowed; empty if it is.
        says: The whole message.
    """

    sentence: str
    policy: Spec
    job: Spec
    reason: str = ""
    says: str = ""

    @property
    def spec(self) -> Spec:
        """The job's spec."""
        return {field: value for field, value in (_JOB | self.job).items() if value is not None}


_MISSING: Final = (
    "spec.parameters.shots is missing, and QuantumPolicy limits requires it: set it, because targets choose shots "
    "themselves when it is absent"
)
_SHOTS_MISSING: Final = ("ShotsMissing", _MISSING)
_MAX_COST_MISSING: Final = "spec.maxCost is missing, and QuantumPolicy limits requires it"
_FOR_EXAMPLE: Final = ': set it, for example to [{unit: USD, amount: "10"}]'


def _target(target: str, *patterns: str) -> Row:
    says = f"spec.target {target} is not allowed in this namespace by QuantumPolicy limits: allowed are "
    return Row(
        f"target {target} is none of {', '.join(patterns)}",
        {"allowedTargets": list(patterns)},
        {"target": target},
        "TargetNotAllowed",
        says + ", ".join(patterns),
    )


def _named(target: str, *patterns: str) -> Row:
    return Row(f"target {target} is {' or '.join(patterns)}", {"allowedTargets": list(patterns)}, {"target": target})


def _many(shots: Spec, says: str, most: int = 1000) -> Row:
    return Row(
        f"of {shots} at most {most} are allowed",
        {"maxShots": most},
        {"parameters": shots},
        "TooManyShots",
        f"spec.parameters asks for {says}, and QuantumPolicy limits allows at most {most} for a job: use fewer",
    )


def _own_shots(item: Spec) -> Row:
    return Row(
        f"an item names {item}",
        {"maxShots": 100},
        {"parameters": {"shots": 1, "items": [{}, item]}},
        "TooManyShots",
        "spec.parameters.items names shots of its own, and QuantumPolicy limits limits those of the whole job: name "
        "them once, in spec.parameters.shots",
    )


def _paid(target: str, policy: Spec | None = None) -> Row:
    return Row(
        f"{target} costs something, if {policy or 'nothing is said'}, and has no limit",
        {"requireMaxCost": "OnPaidTargets", **(policy or {})},
        {"target": target},
        "MaxCostMissing",
        f"{_MAX_COST_MISSING} on {target}, which is not free{_FOR_EXAMPLE}",
    )


def _free(target: str, policy: Spec | None = None) -> Row:
    required = {"requireMaxCost": "OnPaidTargets", **(policy or {})}
    return Row(f"{target} is free, if {policy or 'nothing is said'}", required, {"target": target})


ALLOWED: Final = (
    _named("ionq.simulator", "quantinuum.qpu.*", "ionq.simulator"),
    _named("ionq.simulator", "*.simulator"),
    _named("quantinuum.sim.h2-1sc", "quantinuum.*.h2-*sc"),
    _named("rigetti.qpu.x", "*"),
    Row("a provider in another case is the same", {"allowedProviders": ["rigetti", "IonQ"]}, {"provider": "IONQ"}),
    Row("as many shots as are allowed", {"maxShots": 100}, {}),
    Row("shots of all items together", {"maxShots": 200}, {"parameters": {"shots": 100, "items": [{}, {}]}}),
    Row("no item is one run", {"maxShots": 100}, {"parameters": {"shots": 100, "items": []}}),
    Row("items that are no list are one run", {"maxShots": 100}, {"parameters": {"shots": 100, "items": "x"}}),
    Row("items without shots", {"maxShots": 200}, {"parameters": {"shots": 100, "items": [{"shots": None}, "shots"]}}),
    Row(
        "shots of an item where no policy limits them",
        {"requireShots": False},
        {"parameters": {"items": [{"shots": 5000}]}},
    ),
    Row("no shots where nobody requires them", {"requireShots": False}, {"parameters": None}),
    Row("no priority counts as Standard", {"allowedPriorities": ["Standard"]}, {}),
    Row("a priority that is allowed", {"allowedPriorities": ["Standard", "High"]}, {"priority": "High"}),
    Row("a limit where all need one", {"requireMaxCost": "Always"}, {"maxCost": _MAX_COST}),
    Row(
        "a limit on a paid target",
        {"requireMaxCost": "OnPaidTargets"},
        {"target": "ionq.qpu.forte-1", "maxCost": _MAX_COST},
    ),
    _free("ionq.simulator"),
    _free("quantinuum.sim.h2-1sc"),
    _free("rigetti.sim.qvm"),
    _free("pasqal.sim.emu-free"),
    _free("mine.sim.a", {"freeTargets": ["mine.*"]}),
)

FORBIDDEN: Final = (
    _target("rigetti.qpu.x", "ionq.simulator", "quantinuum.qpu.*"),
    _target("ionqxsimulator", "ionq.simulator"),
    _target("ionq.simulator.2", "*.simulator"),
    _target("a.sim.ab", "a.sim.*ab*b"),
    _target("IONQ.simulator", "ionq.*"),
    Row(
        "a provider that is not named",
        {"allowedProviders": ["rigetti", "pasqal"]},
        {},
        "ProviderNotAllowed",
        "spec.provider ionq is not allowed in this namespace by QuantumPolicy limits: allowed are rigetti, pasqal",
    ),
    Row("no parameters where shots are required", {"requireShots": True}, {"parameters": None}, *_SHOTS_MISSING),
    Row("other parameters only", {"requireShots": True}, {"parameters": {"noise": {}}}, *_SHOTS_MISSING),
    Row("shots that can't be compared are missing", {"maxShots": 5}, {"parameters": {}}, *_SHOTS_MISSING),
    _many({"shots": 1001}, "1001 shots"),
    _many({"shots": 10, "count": 5000}, "5000 shots"),
    _many({"shots": 600, "items": [{}, {}]}, "600 shots for each of 2 items"),
    _many({"shots": 9223372036854775807, "items": [{}, {}]}, "9223372036854775807 shots for each of 2 items"),
    _own_shots({"shots": 5000}),
    _own_shots({"count": 5000}),
    Row(
        "a priority that is not allowed",
        {"allowedPriorities": ["Standard"]},
        {"priority": "High"},
        "PriorityNotAllowed",
        "spec.priority High is not allowed in this namespace by QuantumPolicy limits: allowed are Standard",
    ),
    Row(
        "no priority where Standard is not allowed",
        {"allowedPriorities": ["High"]},
        {},
        "PriorityNotAllowed",
        "spec.priority Standard (which it is if absent) is not allowed in this namespace by QuantumPolicy limits: "
        "allowed are High",
    ),
    Row(
        "no limit where all need one",
        {"requireMaxCost": "Always"},
        {},
        "MaxCostMissing",
        _MAX_COST_MISSING + _FOR_EXAMPLE,
    ),
    _paid("ionq.qpu.forte-1"),
    _paid("quantinuum.sim.h2-1e"),
    _paid("a.simulator"),
    _paid("ionq.simulator", {"freeTargets": []}),
    _paid("ionq.simulator", {"freeTargets": ["mine.*"]}),
    Row(
        "the first rule of several is told",
        {"allowedTargets": ["a"], "maxShots": 1, "requireMaxCost": "Always"},
        {"target": "b"},
        "TargetNotAllowed",
        "spec.target b is not allowed in this namespace by QuantumPolicy limits: allowed are a",
    ),
)
