"""The providers of the workspace: targets, formats, prices and quotas, as tables; no behaviour but looking things up.

Providers, targets and formats are those that the wire reference lists, dimensions those of recorded jobs; prices,
sizes and limits are invented.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from workspace_emulator.contract.billing import Dimension, Price

QIR_INPUT: Final = "qir.v1"
QIR_OUTPUTS: Final = ("microsoft.quantum-results.v2", "microsoft.quantum-results.v1")


@dataclass(frozen=True, slots=True)
class Target:
    """One target: its size, its price, what it counts, and its QIR profile if it takes QIR."""

    qubits: int
    price: Price
    dimensions: tuple[Dimension, ...]
    qir_profile: str | None = None


@dataclass(frozen=True, slots=True)
class QuotaLimit:
    """How many units may be consumed, and over what."""

    dimension: str
    limit: float
    scope: str = "Workspace"
    period: str = "Monthly"


@dataclass(frozen=True, slots=True)
class Provider:
    """One provider.

    Attributes:
        targets: By target id.
        formats: Output format by input format, without QIR.
        quota: What its targets draw on.
        status_page: Where it publishes its state.
    """

    targets: Mapping[str, Target]
    quota: QuotaLimit
    formats: Mapping[str, str] = field(default_factory=dict)
    status_page: str | None = None


_FREE: Final = Price(units_per_job=1.0)
_IONQ_QPU: Final = Price(units_per_job=12.4, units_per_shot=0.01, unit_price=1.0)
_QUANTINUUM_QPU: Final = Price(units_per_job=5.0, units_per_shot=0.02, unit_price=12.5)
_QUANTINUUM_EMULATOR: Final = Price(units_per_job=5.0, units_per_shot=0.02)
_RIGETTI_QPU: Final = Price(units_per_shot=0.002, unit_price=1.3)
_PASQAL_QPU: Final = Price(units_per_shot=0.0003, unit_price=3000.0)
_PASQAL_EMULATOR: Final = Price(units_per_job=0.0033)
_QCI: Final = Price(units_per_job=1.0)


def _gate_shots(one: float, two: float) -> tuple[Dimension, ...]:
    return (
        Dimension("gs1q", "1Q Gate Shot", "1q gate shot", one),
        Dimension("gs2q", "2Q Gate Shot", "2q gate shot", two),
    )


def _compute_time(emulator: float, machine: float) -> tuple[Dimension, ...]:
    return (
        Dimension("compute-time-emu", "Compute Time on HPC-based Emulators", "per hour", emulator),
        Dimension("compute-time-qpu", "Compute Time on QPU", "per hour", machine),
    )


def _rigetti_time(share: float) -> tuple[Dimension, ...]:
    return (Dimension("qpu_time_centiseconds", "QPU Execution Time", "10ms (rounded up)", share),)


_FREE_TIME: Final = (Dimension("compute-time", "Computing Time", "per hour", is_billed=False),)
_JOB_SECONDS: Final = (Dimension("jobseconds", "Job Seconds", "second"),)
# A syntax checker counts like the machine and consumes nothing; an emulator has a dimension of its own.
_QUANTINUUM_KINDS: Final[Mapping[str, tuple[Price, tuple[Dimension, ...]]]] = {
    "qpu.{}": (_QUANTINUUM_QPU, (Dimension("hqc", "HQC", "hqc"),)),
    "sim.{}sc": (Price(), (Dimension("hqc", "HQC", "hqc"),)),
    "sim.{}e": (_QUANTINUUM_EMULATOR, (Dimension("ehqc", "EHQC", "hqc"),)),
}


def _quantinuum_targets() -> dict[str, Target]:
    sizes = {"h2-1": 56, "h2-2": 56, "helios-1": 98}
    return {
        f"quantinuum.{kind.format(machine)}": Target(qubits, price, dimensions, "Adaptive_RIF")
        for machine, qubits in sizes.items()
        for kind, (price, dimensions) in _QUANTINUUM_KINDS.items()
    }


PROVIDERS: Final[Mapping[str, Provider]] = {
    "ionq": Provider(
        targets={
            "ionq.simulator": Target(29, _FREE, _gate_shots(0.0, 0.0), "Base"),
            "ionq.qpu.aria-1": Target(25, _IONQ_QPU, _gate_shots(0.2, 0.8), "Base"),
            "ionq.qpu.forte-1": Target(36, _IONQ_QPU, _gate_shots(0.2, 0.8), "Base"),
            "ionq.qpu.forte-enterprise-1": Target(36, _IONQ_QPU, _gate_shots(0.2, 0.8), "Base"),
        },
        formats={"ionq.circuit.v1": "ionq.quantum-results.v1"},
        quota=QuotaLimit("qgs", 8_333_334.0),
        status_page="https://status.ionq.co",
    ),
    "quantinuum": Provider(
        targets=_quantinuum_targets(),
        formats={"honeywell.openqasm.v1": "honeywell.quantum-results.v1"},
        quota=QuotaLimit("hqc", 100_000.0, scope="Subscription"),
        status_page="https://www.quantinuum.com/products/h1",
    ),
    "rigetti": Provider(
        targets={
            "rigetti.sim.qvm": Target(20, _FREE, _rigetti_time(0.0), "Base"),
            "rigetti.qpu.cepheus-1-108q": Target(108, _RIGETTI_QPU, _rigetti_time(1.0), "Base"),
        },
        formats={"rigetti.quil.v1": "rigetti.quil-results.v1"},
        quota=QuotaLimit("credits", 10_000.0),
        status_page="https://rigetti.statuspage.io",
    ),
    "pasqal": Provider(
        targets={
            "pasqal.sim.emu-tn": Target(100, _PASQAL_EMULATOR, _compute_time(1.0, 0.0)),
            "pasqal.sim.emu-sv": Target(25, _PASQAL_EMULATOR, _compute_time(1.0, 0.0)),
            "pasqal.sim.emu-mps": Target(80, _PASQAL_EMULATOR, _compute_time(1.0, 0.0)),
            "pasqal.sim.emu-free": Target(12, _PASQAL_EMULATOR, _FREE_TIME),
            "pasqal.qpu.fresnel": Target(100, _PASQAL_QPU, _compute_time(0.0, 1.0)),
        },
        formats={"pasqal.pulser.v1": "pasqal.pulser-results.v1"},
        quota=QuotaLimit("qpu-hours", 100.0),
    ),
    "qci": Provider(
        targets={
            "qci.simulator": Target(29, _QCI, _JOB_SECONDS, "Adaptive_RI"),
            "qci.simulator.noisy": Target(29, _QCI, _JOB_SECONDS, "Adaptive_RI"),
            "qci.machine1": Target(11, _IONQ_QPU, _JOB_SECONDS, "Adaptive_RI"),
        },
        quota=QuotaLimit("jobs", 1_000.0, period="None"),
    ),
}


def find_target(provider: str, target: str) -> Target | None:
    """Return a target by its ids in any case, or None if the provider or the target is not known."""
    known = PROVIDERS.get(provider.lower())
    return None if known is None else known.targets.get(target.lower())


def output_formats(provider: str, target: str, input_format: str) -> tuple[str, ...]:
    """Return the output formats that a known target offers for an input format; empty if it takes no such input."""
    if input_format == QIR_INPUT:
        found = find_target(provider, target)
        return QIR_OUTPUTS if found is not None and found.qir_profile else ()
    formats = PROVIDERS[provider.lower()].formats
    return (formats[input_format],) if input_format in formats else ()


def output_blob(output_format: str) -> str:
    """Return the name of the output blob: QIR results are translated by the service, the others are passed through."""
    return "outputData" if output_format in QIR_OUTPUTS else "rawOutputData"
