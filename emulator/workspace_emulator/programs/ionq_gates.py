"""The gates of IonQ's JSON circuits, as the user writes them and as the simulated machine applies them.

Sources: IonQ's "Writing quantum programs" (gate set `qis`: `control(s)`, `target(s)`, rotations in radians, at most
seven controls, a single one for swap) and "Getting started with native gates" (gate set `native`: phases and angles in
turns).
A `z` with a rotation is a phase gate: that is how IonQ's and Microsoft's clients write `p`, and `cp` with controls.
"""

import math
from collections.abc import Iterator
from typing import Annotated, Any, Final, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from workspace_emulator.programs.circuit import Operation

Qubit = Annotated[int, Field(ge=0)]

_ALIASES: Final = {"not": "x", "cnot": "x"}
_ROTATIONS: Final = frozenset({"rx", "ry", "rz", "xx", "yy", "zz"})
_ROTATABLE: Final = frozenset({"z"})
_TWO_QUBITS: Final = frozenset({"swap", "xx", "yy", "zz"})
_QIS: Final = _ROTATIONS | _TWO_QUBITS | set(_ALIASES) | {"h", "x", "y", "z", "s", "si", "t", "ti", "v", "vi"}
_NATIVE: Final = frozenset({"gpi", "gpi2", "ms", "zz"})
_MOST_CONTROLS: Final = 7
_TWO: Final = 2
_TURN: Final = 2 * math.pi
_FULLY_ENTANGLING: Final = 0.25


class _Gate(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True, frozen=True, allow_inf_nan=False)

    gate: str
    target: Qubit | None = None
    targets: list[Qubit] | None = None

    @property
    def all_targets(self) -> list[int]:
        """The qubits it acts on, whichever way they were written."""
        return self.targets or ([] if self.target is None else [self.target])

    @property
    def qubits(self) -> list[int]:
        """All qubits it touches."""
        return self.all_targets

    def _check_targets(self, two_qubits: frozenset[str]) -> None:
        if self.target is not None and self.targets is not None:
            raise ValueError("give 'target' or 'targets', not both")
        if not self.all_targets or (self.gate in two_qubits and len(self.all_targets) != _TWO):
            wanted = "two 'targets'" if self.gate in two_qubits else "'target' or 'targets'"
            raise ValueError(f"gate '{self.gate}' needs {wanted}")
        if len(set(self.qubits)) != len(self.qubits):
            raise ValueError("the same qubit is named twice in 'targets' and 'controls'")


def _known(body: Any, gateset: str, gates: frozenset[str]) -> Any:
    """Look at a gate's name before its fields: to leave out the fields of a gate that is not run would be no help."""
    name = body.get("gate") if isinstance(body, dict) else None
    if isinstance(name, str) and name not in gates:
        raise ValueError(f"gate '{name[:40]}' is not run here; gateset '{gateset}' has {', '.join(sorted(gates))}")
    return body


class QisGate(_Gate):
    """One step of a circuit of the gate set `qis`."""

    control: Qubit | None = None
    controls: list[Qubit] | None = None
    rotation: float | None = None

    @property
    def all_controls(self) -> list[int]:
        """The qubits that control it, whichever way they were written."""
        return self.controls or ([] if self.control is None else [self.control])

    @property
    def qubits(self) -> list[int]:
        """All qubits it touches."""
        return self.all_targets + self.all_controls

    @model_validator(mode="before")
    @classmethod
    def _is_known(cls, body: Any) -> Any:
        return _known(body, "qis", _QIS)

    @model_validator(mode="after")
    def _fits_its_gate(self) -> Self:
        if self.gate not in _ROTATABLE and (self.gate in _ROTATIONS) != (self.rotation is not None):
            rule = "needs 'rotation', in radians" if self.gate in _ROTATIONS else "takes no 'rotation'"
            raise ValueError(f"gate '{self.gate}' {rule}")
        if self.control is not None and self.controls is not None:
            raise ValueError("give 'control' or 'controls', not both")
        self._check_targets(_TWO_QUBITS)
        if self.gate == "cnot" and not self.all_controls:
            raise ValueError("gate 'cnot' needs 'control' or 'controls'")
        if len(self.all_controls) > (1 if self.gate == "swap" else _MOST_CONTROLS):
            raise ValueError(f"gate '{self.gate}' has too many 'controls'")
        return self

    def operations(self) -> Iterator[Operation]:
        """Yield what the machine does: several targets of a gate for one qubit are one after the other."""
        name = _ALIASES.get(self.gate, self.gate)
        if name in _ROTATABLE and self.rotation is not None:
            name = "p"
        angles = () if self.rotation is None else (self.rotation,)
        groups = [tuple(self.all_targets)] if name in _TWO_QUBITS else [(target,) for target in self.all_targets]
        for targets in groups:
            yield Operation(name, targets, tuple(self.all_controls), angles)


class NativeGate(_Gate):
    """One step of a circuit of the gate set `native`; phases and angles are in turns."""

    phase: float | None = None
    phases: Annotated[list[float], Field(min_length=2, max_length=2)] | None = None
    angle: float | None = None

    @model_validator(mode="before")
    @classmethod
    def _is_known(cls, body: Any) -> Any:
        return _known(body, "native", _NATIVE)

    @model_validator(mode="after")
    def _fits_its_gate(self) -> Self:
        needed, allowed = {"ms": ("phases", "angle"), "zz": ("angle", "angle")}.get(self.gate, ("phase", "phase"))
        if getattr(self, needed) is None:
            raise ValueError(f"gate '{self.gate}' needs '{needed}', in turns")
        if foreign := [
            name
            for name in ("phase", "phases", "angle")
            if name not in {needed, allowed} and getattr(self, name) is not None
        ]:
            raise ValueError(f"gate '{self.gate}' takes no '{foreign[0]}'")
        self._check_targets(frozenset({"ms", "zz"}))
        if self.gate in {"gpi", "gpi2"} and len(self.all_targets) > 1:
            raise ValueError(f"gate '{self.gate}' needs one 'target'")
        return self

    def operations(self) -> Iterator[Operation]:
        """Yield rotations of the machine that do the same, up to a global phase."""
        phases = self.phases or ([] if self.phase is None else [self.phase])
        angle = _TURN * (_FULLY_ENTANGLING if self.angle is None else self.angle)
        qubits = tuple(self.all_targets)
        match self.gate:
            case "gpi":
                yield Operation("x", qubits)
                yield Operation("rz", qubits, angles=(2 * _TURN * phases[0],))
            case "zz":
                yield Operation("zz", qubits, angles=(angle,))
            case gate:
                turns = [(qubit, _TURN * phase) for qubit, phase in zip(qubits, phases, strict=True)]
                yield from (Operation("rz", (qubit,), angles=(-turn,)) for qubit, turn in turns)
                yield (
                    Operation("xx", qubits, angles=(angle,))
                    if gate == "ms"
                    else Operation("rx", qubits, angles=(_TURN / 4,))
                )
                yield from (Operation("rz", (qubit,), angles=(turn,)) for qubit, turn in turns)
