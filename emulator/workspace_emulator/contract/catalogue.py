"""The providers of the workspace: targets, formats, prices and quotas, as tables; no behaviour but looking things up.

Providers, targets and formats are those that the wire reference lists; prices and limits are invented.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

QIR_INPUT: Final = "qir.v1"
QIR_OUTPUTS: Final = ("microsoft.quantum-results.v2", "microsoft.quantum-results.v1")
CURRENCY: Final = "USD"


@dataclass(frozen=True, slots=True)
class Price:
    """What a run consumes and costs: units of the provider's quota for a job and for each shot, money for each unit."""

    units_per_job: float = 0.0
    units_per_shot: float = 0.0
    unit_price: float = 0.0

    def units(self, shots: int) -> float:
        """Return how many units of the quota a run of so many shots consumes."""
        return self.units_per_job + self.units_per_shot * shots


@dataclass(frozen=True, slots=True)
class Target:
    """One target: its size, its QIR profile if it takes QIR, and its price."""

    qubits: int
    price: Price
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


def _quantinuum_targets() -> dict[str, Target]:
    sizes = {"h2-1": 56, "h2-2": 56, "helios-1": 98}
    prices = {"qpu.{}": _QUANTINUUM_QPU, "sim.{}sc": _FREE, "sim.{}e": _QUANTINUUM_EMULATOR}
    return {
        f"quantinuum.{kind.format(machine)}": Target(qubits, price, "Adaptive_RIF")
        for machine, qubits in sizes.items()
        for kind, price in prices.items()
    }


PROVIDERS: Final[Mapping[str, Provider]] = {
    "ionq": Provider(
        targets={
            "ionq.simulator": Target(29, _FREE, "Base"),
            "ionq.qpu.aria-1": Target(25, _IONQ_QPU, "Base"),
            "ionq.qpu.forte-1": Target(36, _IONQ_QPU, "Base"),
            "ionq.qpu.forte-enterprise-1": Target(36, _IONQ_QPU, "Base"),
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
            "rigetti.sim.qvm": Target(20, _FREE, "Base"),
            "rigetti.qpu.cepheus-1-108q": Target(108, _RIGETTI_QPU, "Base"),
        },
        formats={"rigetti.quil.v1": "rigetti.quil-results.v1"},
        quota=QuotaLimit("credits", 10_000.0),
        status_page="https://rigetti.statuspage.io",
    ),
    "pasqal": Provider(
        targets={
            "pasqal.sim.emu-tn": Target(100, _FREE),
            "pasqal.sim.emu-sv": Target(25, _FREE),
            "pasqal.sim.emu-mps": Target(80, _FREE),
            "pasqal.sim.emu-free": Target(12, _FREE),
            "pasqal.qpu.fresnel": Target(100, _PASQAL_QPU),
        },
        formats={"pasqal.pulser.v1": "pasqal.pulser-results.v1"},
        quota=QuotaLimit("qpu-hours", 100.0),
    ),
    "qci": Provider(
        targets={
            "qci.simulator": Target(29, _FREE, "Adaptive_RI"),
            "qci.simulator.noisy": Target(29, _FREE, "Adaptive_RI"),
            "qci.machine1": Target(11, _IONQ_QPU, "Adaptive_RI"),
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
