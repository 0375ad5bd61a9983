"""The estimate of a job's cost: what was counted, times what the price list says.

The formulas are those of Azure Quantum's pricing page (learn.microsoft.com, 2025-09-17). "Unknown" is an answer with a
reason, and never 0. Must not live here: counting (`gates` and the formats), or reading the price list.
"""

from collections.abc import Callable, Mapping
from decimal import Context, Decimal, localcontext
from typing import Any, Final

from quantumjob_operator.costs import ionq_circuit, openqasm, qir
from quantumjob_operator.costs.gates import Gates, UncountableError
from quantumjob_operator.costs.prices import MAX_SHOTS, Free, GateShots, Hqc, PriceList, Time
from quantumjob_operator.model.money import Amount, Basis, ByShots, Estimate, amount_of

MAX_COUNTED_BYTES: Final = 256 * 1024
"""Longer programs are not counted: counting happens between two requests."""
_BASE_CREDITS: Final = 5
"""Of each job at Quantinuum, whatever it does."""
_MAX_AMOUNT: Final = Decimal(10) ** 15
_EXACT: Final = Context(prec=100)
"""Prices have 24 digits, counts and shots 12 and 9."""

_COUNTERS: Final[Mapping[str, Callable[[bytes], Gates]]] = {
    "ionq.circuit.v1": ionq_circuit.count,
    "honeywell.openqasm.v1": openqasm.count,
}


def estimate(
    target: str,
    program_format: str,
    program: bytes,
    parameters: Mapping[str, Any] | None,
    prices: PriceList,
    *,
    confidential: bool = False,
) -> Estimate:
    """What a job is expected to cost.

    Args:
        target: As the job names it.
        program_format: The input data format.
        program: Its bytes.
        parameters: `inputParams` as they are sent.
        prices: The price list.
        confidential: Nothing of the program may be quoted.

    Returns:
        The amounts with what they rest on, or `Basis.UNKNOWN` with the reason.
    """
    price = prices.price_of(target)
    if price is None:
        return _unknown(f"the price list of {prices.as_of} has no target {target}", prices)
    if isinstance(price, Free):
        return Estimate(basis=Basis.FREE, detail=f"{target} costs nothing", as_of=prices.as_of)
    if isinstance(price, Time):
        return _unknown(f"the cost of {target} depends on its execution time", prices)
    try:
        shots = _shots(parameters or {}, price)
        gates = _count(program_format, program, parameters or {})
        with localcontext(_EXACT):
            return _priced(price, gates, shots, parameters or {}, prices)
    except RecursionError:
        return _unknown("the program is nested too deeply", prices, _at_least(price, parameters or {}))
    except UncountableError as error:
        return _unknown(error.why if confidential else str(error), prices, _at_least(price, parameters or {}))


def _priced(
    price: GateShots | Hqc, gates: Gates, shots: int, parameters: Mapping[str, Any], prices: PriceList
) -> Estimate:
    told = (
        _gate_shots(price, gates, shots, parameters, prices)
        if isinstance(price, GateShots)
        else _hqc(price, gates, shots, prices)
    )
    if any(one.value > _MAX_AMOUNT for one in told.amounts):
        raise UncountableError("the cost is beyond all prices")
    return told


def _unknown(why: str, prices: PriceList, at_least: tuple[Amount, ...] = ()) -> Estimate:
    return Estimate(basis=Basis.UNKNOWN, detail=why, as_of=prices.as_of, at_least=at_least or None)


def _at_least(price: GateShots | Hqc, parameters: Mapping[str, Any]) -> tuple[Amount, ...]:
    """What a job without any gate costs: none costs less, whatever its program is."""
    with localcontext(_EXACT):
        return (
            (amount_of(_minimum(price, parameters), price.currency),)
            if isinstance(price, GateShots)
            else tuple(_amount(one, 0) for one in _credits(price, Decimal(0)))
        )


def _shots(parameters: Mapping[str, Any], price: GateShots | Hqc) -> int:
    if "items" in parameters:
        raise UncountableError("parameters.items asks for several runs")
    given = [parameters[key] for key in ("shots", "count") if key in parameters]
    if not given and price.default_shots is None:
        raise UncountableError("parameters.shots is absent, and the target chooses")
    for shots in given:
        if isinstance(shots, bool) or not isinstance(shots, int) or not 1 <= shots <= MAX_SHOTS:
            raise UncountableError("parameters.shots is no number of shots")
    return max(given, default=price.default_shots or 0)


def _count(program_format: str, program: bytes, parameters: Mapping[str, Any]) -> Gates:
    if len(program) > MAX_COUNTED_BYTES:
        raise UncountableError(f"programs of more than {MAX_COUNTED_BYTES // 1024} KiB are not counted")
    if program_format == "qir.v1":
        if parameters.get("arguments"):
            raise UncountableError("parameters.arguments is for a function that takes some")
        return qir.count(program, parameters.get("entryPoint"))
    counter = _COUNTERS.get(program_format)
    if counter is None:
        raise UncountableError(f"gates of {program_format} are not counted")
    return counter(program)


def _gate_shots(
    price: GateShots, gates: Gates, shots: int, parameters: Mapping[str, Any], prices: PriceList
) -> Estimate:
    minimum = _minimum(price, parameters)
    mitigated = price.minimum_without_mitigation is None or not _without_mitigation(parameters)
    each = price.one_qubit * gates.one + price.two_qubit * gates.two
    in_money = ByShots(price.currency, minimum if price.rule == "Sum" else Decimal(0), each, minimum)
    floor = f"; at least {minimum} {'with' if mitigated else 'without'} error mitigation" if minimum else ""
    return Estimate(
        basis=Basis.PRICE_LIST,
        amounts=(_amount(in_money, shots),),
        as_of=prices.as_of,
        detail=f"{gates}, {shots:,} shots{floor}",
        by_shots=(in_money,),
    )


def _minimum(price: GateShots, parameters: Mapping[str, Any]) -> Decimal:
    lower = price.minimum_without_mitigation if _without_mitigation(parameters) else None
    return price.minimum if lower is None else lower


def _without_mitigation(parameters: Mapping[str, Any]) -> bool:
    """Only what says so: error mitigation is on by default, and its minimum is eight times the other."""
    mitigation = parameters.get("error-mitigation")
    return isinstance(mitigation, Mapping) and mitigation.get("debias") is False


def _hqc(price: Hqc, gates: Gates, shots: int, prices: PriceList) -> Estimate:
    weight = gates.one + 10 * gates.two + 5 * gates.measured
    by_shots = _credits(price, Decimal(weight) / 5000 * (1 + price.margin))
    margin = f", {price.margin:.0%} more for the provider's compiler" if price.margin else ""
    return Estimate(
        basis=Basis.PRICE_LIST,
        amounts=tuple(_amount(one, shots) for one in by_shots),
        as_of=prices.as_of,
        detail=f"{gates}, {gates.measured:,} measurements and preparations, {shots:,} shots{margin}",
        by_shots=by_shots,
    )


def _credits(price: Hqc, each: Decimal) -> tuple[ByShots, ...]:
    """So many credits a shot, and in money where the list says what one costs."""
    money, fixed = price.unit_price, Decimal(_BASE_CREDITS)
    bought = (ByShots(money.currency, fixed * money.amount, each * money.amount),) if money else ()
    return (ByShots(price.unit, fixed, each), *bought)


def _amount(by_shots: ByShots, shots: int) -> Amount:
    return amount_of(by_shots.cost_of(shots), by_shots.unit)
