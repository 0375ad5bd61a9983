"""Bills that come after the end of a job, and above its limit; what changes between an estimate and the job's turn."""

import json
import time
from datetime import UTC, datetime, timedelta
from typing import Final

import pytest

from cluster import jobs
from cluster.answers import assert_failed
from cluster.jobnamespace import JobNamespace, eventually
from cluster.test_max_cost import PRICES, limit
from localstack.emulated import Emulator

pytestmark = pytest.mark.cluster

CHEAP: Final = "asOf: 2026-01-01\ntargets: [{target: quantinuum.sim.*, model: Hqc, unit: ehqc}]\n"
"""Without a margin 6.02 for what the emulator bills 7."""
FOR_EVER: Final = 3600
THRICE: Final = jobs.QASM_HEADER + "cx q[0],q[1];\n" * 30 + "measure q -> c;\n"


@pytest.fixture
def cheap(place: JobNamespace) -> JobNamespace:
    """A namespace whose QuantumWorkspace names a price list that is too low, and takes one job at a time."""
    prices = jobs.config_map("prices", {"prices.yaml": CHEAP})
    place.apply(prices, place.workspace(pricesRef={"name": "prices"}, maxJobsInFlight=1))
    return place


def set_back_the_end(place: JobNamespace, name: str, seconds: float) -> None:
    """Have a job's status say that it ended so long ago."""
    conditions = place.status(name)["conditions"]
    then = (datetime.now(UTC) - timedelta(seconds=seconds)).strftime("%Y-%m-%dT%H:%M:%SZ")
    for one in conditions:
        one["lastTransitionTime"] = then
    patch = json.dumps({"status": {"conditions": conditions}})
    place.kubectl("patch", "quantumjob", name, "--subresource=status", "--type=merge", "-p", patch)


def test_a_bill_that_is_told_late_is_filled_in(cheap: JobNamespace, emulator: Emulator) -> None:
    """At the next of the fixed times; the end stays the end, and above the limit it is told once."""
    emulator.behave(bill_delay_seconds=FOR_EVER)
    cheap.apply(jobs.quantinuum("ghz", **limit("6.5")))
    cheap.wait("ghz")
    ended = cheap.status("ghz")
    assert (ended["state"], "cost" in ended, "totalCost" in ended) == ("Succeeded", False, False)

    cheap.pass_time(FOR_EVER)
    set_back_the_end(cheap, "ghz", 595)
    eventually(lambda: "cost" in cheap.status("ghz"), within=90)
    cost = cheap.status("ghz")["cost"]
    (event,) = [one for one in cost["events"] if one["dimension"] == "ehqc"]
    status = cheap.status("ghz")
    assert (event["billed"], status["state"], status["attempts"][0]["cost"]) == ("7", "Succeeded", cost)
    assert {"unit": "ehqc", "amount": "7"} in status["totalCost"]
    told = cheap.wait_event("ghz", "CostAboveMaximum")
    assert (told.type, told.message) == ("Warning", "the job was billed 7 ehqc, and spec.maxCost allows 6.5 ehqc")
    assert [one.reason for one in cheap.events("ghz")].count("CostAboveMaximum") == 1
    assert "finalizers" not in cheap.job("ghz")["metadata"]


def waiting(place: JobNamespace, emulator: Emulator) -> None:
    """A job with a limit that has been estimated, and waits for the slot of another."""
    emulator.behave(executing_seconds=FOR_EVER)
    place.apply(jobs.config_map("programs", {"ghz.qasm": jobs.GHZ_QASM}), jobs.ionq("first"))
    place.wait_state("first", "Executing")
    program = {"format": "honeywell.openqasm.v1", "configMapKeyRef": {"name": "programs", "key": "ghz.qasm"}}
    made = {"provider": "quantinuum", "target": "quantinuum.sim.h2-1e", "program": program}
    place.apply(jobs.job("second", **made, **limit("6.1")))
    place.wait_reason("second", "Submitted", "MaxJobsInFlight")


def test_a_program_that_changes_while_the_job_waits(cheap: JobNamespace, emulator: Emulator) -> None:
    """What is sent is what was estimated: a dearer one is not sent."""
    waiting(cheap, emulator)
    cheap.apply(jobs.config_map("programs", {"ghz.qasm": THRICE}))
    cheap.pass_time(FOR_EVER)
    assert_failed(cheap, "second", "AboveMaxCost", "allows 6.1 ehqc", "30 two-qubit")
    assert cheap.runs("second") == []


@pytest.mark.slow
def test_prices_that_change_while_the_job_waits(cheap: JobNamespace, emulator: Emulator) -> None:
    """The prices of its turn count, not those of its creation."""
    waiting(cheap, emulator)
    cheap.apply(jobs.config_map("prices", {"prices.yaml": PRICES}))
    time.sleep(31)  # for so long a list that was read is not read again
    cheap.pass_time(FOR_EVER)
    assert_failed(cheap, "second", "AboveMaxCost", "allows 6.1 ehqc", "cost 6.275 ehqc")
    assert cheap.runs("second") == []


def test_a_program_that_cannot_be_counted_costs_its_minimum(cheap: JobNamespace) -> None:
    """Bitcode hides its gates, and not that each job costs five credits."""
    program = {"format": "qir.v1", "sourceBase64": jobs.bitcode(jobs.qir_that_flips_the_first())}
    made = {"provider": "quantinuum", "target": "quantinuum.sim.h2-1e", "program": program}
    cheap.apply(jobs.job("bitcode", **made, **limit("4.9")))
    assert_failed(cheap, "bitcode", "AboveMaxCost", "allows 4.9 ehqc", "at least 5 ehqc", "not in bitcode")
    assert cheap.status("bitcode")["estimate"]["atLeast"] == [{"unit": "ehqc", "amount": "5"}]
