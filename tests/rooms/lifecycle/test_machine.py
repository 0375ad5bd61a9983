"""The four promises under everything that can happen, in every order that Hypothesis can think of.

No attempt is billed twice, none is lost, none runs on after its object is gone, none is stuck. The core is the real
one; the world around it is a model in virtual time (`core.world`).
"""

from dataclasses import replace

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from rooms.lifecycle.world.actions import FENCE
from rooms.lifecycle.world.calls import Fate
from rooms.lifecycle.world.process import Process
from rooms.lifecycle.world.service import VISIBILITY
from rooms.lifecycle.world.world import World

ANY = st.integers(0, 7)
BOUNDARIES = ("PUT", "PUT", "claim", "GET", "status", "cancel", "release", "read the claim", "upload")
WISHES = {
    "suspend": lambda spec: replace(spec, suspend=True),
    "resume": lambda spec: replace(spec, suspend=False),
    "cancel": lambda spec: replace(spec, cancel=True),
    "orphan": lambda spec: replace(spec, deletion_policy="Orphan"),
}


class Promises(RuleBasedStateMachine):
    """What can happen. Each rule is one event; the invariants are reconciled after each."""

    def __init__(self) -> None:
        super().__init__()
        self.world = World()
        self.broken: list[str] = []

    @initialize(
        keyed=st.booleans(),
        backoff_limit=st.integers(0, 2),
        two=st.booleans(),
        hides_for=st.sampled_from([0.0, VISIBILITY]),
        stubborn=st.booleans(),
    )
    def begin(self, *, keyed: bool, backoff_limit: int, two: bool, hides_for: float, stubborn: bool) -> None:
        """At least one operator and one object are there."""
        self.behave(hides_for, stubborn=stubborn)
        self.world.start()
        if two:
            self.world.start()
        self.world.create(1, keyed=keyed, backoff_limit=backoff_limit)

    @precondition(lambda self: len(self.world.histories) < 3)
    @rule(keyed=st.booleans(), backoff_limit=st.integers(0, 2))
    def create(self, *, keyed: bool, backoff_limit: int) -> None:
        """A user applies another object."""
        self.world.create(9 - len(self.world.histories), keyed=keyed, backoff_limit=backoff_limit)

    @precondition(lambda self: self.world.api.objects)
    @rule(which=ANY, wish=st.sampled_from(sorted(WISHES)))
    def edit(self, which: int, wish: str) -> None:
        """A user changes their mind."""
        uid = list(self.world.api.objects)[which % len(self.world.api.objects)]
        change: object = WISHES[wish]
        if wish == "resume" or not self.world.api.objects[uid].spec.cancel:
            self.world.edit(uid, change)  # type: ignore[arg-type]

    @precondition(lambda self: self.world.api.objects)
    @rule(which=ANY)
    def delete(self, which: int) -> None:
        """A user deletes an object."""
        self.world.delete(list(self.world.api.objects)[which % len(self.world.api.objects)])

    @precondition(lambda self: self.world.api.past)
    @rule(which=ANY, version=st.integers(0, 30))
    def restore(self, which: int, version: int) -> None:
        """An administrator brings an object back as it was."""
        past = list(self.world.api.past)
        self.world.restore(past[which % len(past)], version)

    # --- the operator

    def process(self, which: int) -> Process:
        """One of those that run."""
        return self.world.processes[which % len(self.world.processes)]

    @precondition(lambda self: self.world.processes)
    @rule(which=ANY, steps=st.integers(1, 12))
    def work(self, which: int, steps: int) -> None:
        """A process hears everything and goes on undisturbed."""
        process = self.process(which)
        while process.inbox:
            process.hear(*process.inbox.pop(0))
        self.world.work(process, steps)

    @precondition(lambda self: self.world.processes)
    @rule(which=ANY, boundary=st.sampled_from(BOUNDARIES))
    def work_until(self, which: int, boundary: str) -> None:
        """A process goes on until it waits for the answer to such a request."""
        process = self.process(which)
        while process.inbox:
            process.hear(*process.inbox.pop(0))
        self.world.work_until(process, boundary)

    @precondition(lambda self: self.world.processes)
    @rule(which=ANY)
    def reconcile(self, which: int) -> None:
        """A process begins one reconciliation more, beside those that wait for answers."""
        self.world.begin(self.process(which))

    @precondition(lambda self: self.world.pending)
    @rule(which=ANY, fate=st.sampled_from(Fate))
    def answer(self, which: int, fate: Fate) -> None:
        """One request ends, well or badly; the newest more often than others."""
        self.world.end_call(list(self.world.pending)[-1 - which % len(self.world.pending)], fate)

    @precondition(lambda self: self.world.pending)
    @rule(which=ANY)
    def apply(self, which: int) -> None:
        """One request has its effect; its answer is on the way."""
        list(self.world.pending.values())[which % len(self.world.pending)].call.apply()

    @precondition(lambda self: self.world.processes)
    @rule(which=ANY, arrive=st.booleans(), successor=st.booleans())
    def crash(self, which: int, *, arrive: bool, successor: bool) -> None:
        """A process is killed; what it sent may arrive all the same."""
        self.world.crash(self.process(which), arrive=arrive)
        if successor:
            self.world.start()

    @precondition(lambda self: len(self.world.processes) < 2)
    @rule()
    def start(self) -> None:
        """A process starts, beside another one or not."""
        self.world.start()

    # --- the watch

    @precondition(lambda self: any(one.inbox for one in self.world.processes))
    @rule(which=ANY, event=ANY, twice=st.booleans())
    def hear(self, which: int, event: int, *, twice: bool) -> None:
        """One event arrives, perhaps before older ones, perhaps not for the last time."""
        process = self.process(which)
        if process.inbox:
            index = event % len(process.inbox)
            process.hear(*process.inbox[index])
            if not twice:
                del process.inbox[index]

    @precondition(lambda self: self.world.processes)
    @rule(which=ANY)
    def miss(self, which: int) -> None:
        """Events are lost until the next check of the watch."""
        self.process(which).inbox.clear()

    @precondition(lambda self: self.world.processes)
    @rule(which=ANY)
    def check(self, which: int) -> None:
        """The check of the watch."""
        self.process(which).relist()

    # --- time and the service

    @rule(seconds=st.sampled_from([0.5, 2.0, 6.0, 20.0, 29.0, 40.0, FENCE, 2 * FENCE, 400.0]), late=st.booleans())
    def wait(self, seconds: float, *, late: bool) -> None:
        """Time passes."""
        self.world.advance(seconds, late=late)

    @rule(seconds=st.sampled_from([10.0, FENCE, 2 * FENCE]))
    def live(self, seconds: float) -> None:
        """Time passes, and nothing is in the way of those who work."""
        self.world.live(seconds)

    @precondition(lambda self: self.world.service.open_runs())
    @rule(
        which=ANY,
        word=st.sampled_from(["Executing", "Paused", "Waiting", "Succeeded", "Failed", "Cancelled"]),
        code=st.sampled_from([None, "InvalidInputData", "TransientFailure"]),
    )
    def move(self, which: int, word: str, code: str | None) -> None:
        """A job moves on its own."""
        runs = self.world.service.open_runs()
        self.world.service.move(runs[which % len(runs)], word, code if word == "Failed" else None)

    @rule(hides_for=st.sampled_from([0.0, 1.0, VISIBILITY]), stubborn=st.booleans())
    def behave(self, hides_for: float, *, stubborn: bool) -> None:
        """The service hides new jobs for a while, or does not cancel what executes."""
        self.world.service.hides_for, self.world.service.stubborn = hides_for, stubborn

    # --- the promises

    @invariant()
    def promises_hold(self) -> None:
        """Nothing is billed twice, nothing runs on, nothing is told that isn't so."""
        self.broken = list(self.world.wrongs())
        assert not self.broken, self.broken

    def teardown(self) -> None:
        """All faults end: nothing is lost and nothing is stuck, neither now nor after the suspended are resumed."""
        if self.broken or not self.world.histories:
            return
        self.world.calm_down()
        self.promises_hold()
        for uid in list(self.world.api.objects):
            if uid in self.world.api.objects:
                self.world.edit(uid, lambda spec: replace(spec, suspend=False))
        self.world.calm_down()
        self.promises_hold()
        assert all(one.status.finished for one in self.world.api.objects.values())


COMMON = settings(
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


def test_the_four_promises() -> None:
    """The same interleavings in every run."""
    few = settings(COMMON, derandomize=True, max_examples=400, stateful_step_count=50, database=None)
    run_state_machine_as_test(Promises, settings=few)


@pytest.mark.slow
def test_the_four_promises_for_longer() -> None:
    """Longer interleavings, and new ones in each run; in CI the same ones, so that only a change can break it."""
    many = settings(COMMON, max_examples=1000, stateful_step_count=80)
    run_state_machine_as_test(Promises, settings=many)
