"""Price lists: what is read, and what is said of one that can't be."""

import pytest

from quantumjob_operator.costs.prices import MAX_PRICES_BYTES, Free, PricesUnreadableError, parse_prices

_ROW = "{target: ionq.simulator, model: Free}"


def of(*rows: str) -> str:
    """A price list with these rows."""
    return f"asOf: 2025-09-17\ntargets: [{', '.join(rows)}]"


@pytest.mark.parametrize(
    ("text", "why"),
    [
        pytest.param("a: [", "it is no YAML (line 1)", id="no YAML"),
        pytest.param("", "valid dictionary", id="empty"),
        pytest.param("targets: []", "asOf: Field required", id="no date"),
        pytest.param("asOf: soon\ntargets: []", "asOf: String should match", id="no date's form"),
        pytest.param(of(_ROW, _ROW), "target ionq.simulator is there twice", id="a target twice"),
        pytest.param(of("{target: a, model: Barter}"), "targets.0: ", id="an unknown model"),
        pytest.param(of("{target: a, model: Free, price: 1}"), "targets.0.Free.price: Extra", id="a field too many"),
        pytest.param(
            of("{target: a, model: GateShots, currency: USD, oneQubit: -1, twoQubit: 1}"),
            "targets.0.GateShots.oneQubit: Input should be greater", id="a negative price",
        ),
        pytest.param(
            of("{target: a, model: GateShots, currency: USD, oneQubit: .nan, twoQubit: 1}"), "oneQubit", id="no number"
        ),
        pytest.param(
            of("{target: a, model: GateShots, currency: USD, oneQubit: '1,5', twoQubit: 1}"), "oneQubit", id="a comma"
        ),
        pytest.param(of(_ROW) + "\ntargets: []", "a key is there twice (line 1)", id="a key twice"),
        pytest.param("asOf: !!int x", "asOf: String should match", id="a tag, which means nothing"),
        pytest.param('asOf: "\\U00110000"', "it is no YAML", id="an impossible character"),
        pytest.param('asOf: "\\UFFFFFFFF"', "it is no YAML", id="one that is larger still"),
        pytest.param("%YAML 1." + "9" * 5000 + "\n---\na: b", "it is no YAML", id="a version without an end"),
        pytest.param(of("{target: a*********, model: Free}"), "target: String should match", id="stars in a row"),
        pytest.param(
            of("{target: a, model: Hqc, unit: USD, unitPrice: {currency: USD, amount: 9}}"), "is the unit itself",
            id="a unit that is its own price",
        ),
        pytest.param("a: &a [b]\nc: *a", "it is no YAML", id="aliases, which can multiply"),
        pytest.param("[" * 30_000, "nested too deep", id="nested without end"),
        pytest.param("- " * 15_000, "nested too deep", id="the same without brackets"),
        pytest.param(" " * (MAX_PRICES_BYTES + 1), "more than 32 KiB", id="too long"),
    ],
)  # fmt: skip
def test_unreadable(text: str, why: str) -> None:
    """One sentence that names the field."""
    with pytest.raises(PricesUnreadableError) as caught:
        parse_prices(text)
    assert why in str(caught.value)


@pytest.mark.parametrize(
    ("target", "want"),
    [
        pytest.param("q.sim.x", "q.sim.x", id="its own name wins"),
        pytest.param("q.sim.y", "q.sim.*", id="else the longest pattern"),
        pytest.param("q.qpu.y", "q.*", id="else a shorter one"),
        pytest.param("p", None, id="none"),
        pytest.param("q.end.e", "q.*.e", id="a star within"),
        pytest.param("q.e", "q.*", id="its parts may not overlap"),
    ],
)
def test_which_entry_is_meant(target: str, want: str | None) -> None:
    """An exact entry is an exception to a pattern."""
    rows = (f'{{target: "{name}", model: Free}}' for name in ("q.*", "q.sim.*", "q.sim.x", "q.s*", "q.*.e"))
    found = parse_prices(of(*rows)).price_of(target)
    assert found is None if want is None else isinstance(found, Free) and found.target == want
