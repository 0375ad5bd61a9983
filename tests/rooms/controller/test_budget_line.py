"""Who waits for a budget, and whose turn it is."""

import pytest

from quantumjob_operator.budgets.fit import Ahead
from quantumjob_operator.budgets.ledger import ledger_of, put, release
from quantumjob_operator.budgets.simulated import Simulated
from quantumjob_operator.controller.budget_line import OFFER_SECONDS
from quantumjob_operator.model.conditions import stamp
from quantumjob_operator.model.money import Amount
from quantumjob_operator.model.reservation import Reservation
from rooms.budgets.values import NOW, budget
from rooms.controller.aline import DELETED, Alone, Room, dollars, line_of


def test_tenants_have_turns() -> None:
    """One that has much to do waits for its own."""
    line, _ = line_of(("a", "a1", 10), ("a", "a2", 10), ("a", "a3", 10), ("b", "b1", 10))
    assert line.woken(Room(20)) == ["a1", "b1"]


def test_a_large_one_keeps_its_turn() -> None:
    """Small ones behind it wait until it fits, and what it needs is kept for it."""
    line, _ = line_of(("a", "large", 80), ("a", "small", 10))
    assert line.woken(Room(50)) == []
    assert line.before("newcomer") == (Ahead("a", dollars(80)),)
    assert line.woken(Room(80)) == ["large"]


def test_one_that_can_never_fit_has_no_turn() -> None:
    """In this period."""
    line, _ = line_of(("a", "giant", 101), ("a", "small", 10))
    assert line.woken(Room(50)) == ["small"]


def test_who_has_all_its_places_keeps_nobody_waiting() -> None:
    """It waits for jobs of its own."""
    line, _ = line_of(("a", "a1", 10), ("a", "a2", 10), ("b", "b1", 10))
    assert line.woken(Room(50, crowded=("a",))) == ["b1"]
    assert line.before("newcomer") == (Ahead("b", dollars(10), offered=True),)
    assert line.woken(Room(50)) == ["a1", "a2"]


def test_nothing_is_kept_for_one_that_is_deleted_while_it_has_the_turn() -> None:
    """Nor is it woken."""
    line, _ = line_of(("a", "large", 80), ("b", "small", 10))
    assert line.woken(Room(50)) == []
    DELETED.add("large")
    assert line.before("small") == ()
    assert line.woken(Room(50)) == ["small"]
    DELETED.remove("large")


def test_one_that_was_deleted_in_the_line_is_passed_over() -> None:
    """It goes, and the next has the turn."""
    line, _ = line_of(("a", "deleted", 10), ("b", "small", 10))
    assert line.woken(Room(50)) == ["small"]
    assert len(line) == 1


def test_what_was_offered_is_kept_for_a_while() -> None:
    """Whoever was woken asks in a moment; whoever does not holds up nobody."""
    line, time = line_of(("a", "a1", 10))
    assert line.woken(Room(10)) == ["a1"]
    assert line.before("newcomer") == (Ahead("a", dollars(10), offered=True),)
    assert line.before("a1") == ()
    time.now = OFFER_SECONDS
    assert line.before("newcomer") == ()
    assert len(line) == 0


def test_nobody_is_woken_twice_for_the_same() -> None:
    """A thousand that wait are no reason for a thousand questions."""
    line, _ = line_of(*(("a", f"a{number}", 10) for number in range(1000)))
    assert line.woken(Room(20)) == ["a0", "a1"]
    assert line.woken(Room(20)) == []


@pytest.mark.parametrize(
    "waiting",
    [
        pytest.param([("x", "x1", 80), ("y", "y1", 30)], id="the second does not fit beside the first"),
        pytest.param([("x", "x1", 60), ("y", "y1", 60), ("z", "z1", 60)], id="none fits beside another"),
        pytest.param([("x", f"x{one}", 10) for one in range(8)] + [("y", f"y{one}", 10) for one in range(8)],
                     id="ten of sixteen fit"),
    ],
)  # fmt: skip
def test_who_is_woken_is_not_kept_out_by_whose_turn_comes_next(waiting: list[tuple[str, str, int]]) -> None:
    """Of an empty budget all goes to those that were woken, in the order in which they were."""
    line, _ = line_of(*waiting)
    needs, free, gone = {uid: amount for _, uid, amount in waiting}, 100, list[str]()
    for uid in line.woken(Room(free)):
        kept = sum(int(one.value) for ahead in line.before(uid) for one in ahead.amounts)
        assert needs[uid] + kept <= free
        line.leave(uid)
        free -= needs[uid]
        gone.append(uid)
    assert free < min(amount for uid, amount in needs.items() if uid not in gone)


def test_who_comes_anew_goes_after_all_that_wait_for_their_turn() -> None:
    """What was released for them is not theirs to take."""
    line, _ = line_of(("x", "x1", 80), ("y", "y1", 30))
    assert line.woken(Room(100)) == ["x1"]
    assert [one.namespace for one in line.before("new")] == ["x", "y"]
    assert [one.namespace for one in line.before("y1")] == ["x"]


def test_who_waits_for_one_unit_does_not_wait_for_another_one() -> None:
    """Whose turn it is waits for hqc, and nobody behind it gets any; dollars are free."""
    one = budget(limits=[{"unit": "hqc", "amount": "500"}, {"unit": "USD", "amount": "2000"}])
    ledger = put(ledger_of(one, NOW), Reservation("r", "a", "r", "r", "shared", stamp(NOW), amounts=(hqc(450),)))
    line, _ = line_of()
    line.stand("turn", Ahead("b", (hqc(100), Amount("USD", "500"))))
    line.stand("small", Ahead("b", (hqc(10),)))
    line.stand("dollars", Ahead("b", dollars(1_400)))
    line.stand("more", Ahead("c", dollars(1)))
    assert [line.woken(Simulated(one, ledger)) for _ in range(2)] == [["more", "dollars"], []]
    assert [ahead.namespace for ahead in line.before("new")] == ["c", "b", "b"]
    assert line.woken(Simulated(one, ledger_of(one, NOW))) == ["turn", "small"]


@pytest.mark.parametrize(("before", "seen"), [(1, True), (500, True), (1_001, False)])
def test_many_that_wait_for_one_unit_hide_nobody_who_needs_another_one(before: int, *, seen: bool) -> None:
    """As far as it pays to look for them each time something is released."""
    one = budget(limits=[{"unit": "hqc", "amount": "500"}, {"unit": "USD", "amount": "2000"}])
    ledger = put(ledger_of(one, NOW), Reservation("r", "a", "r", "r", "shared", stamp(NOW), amounts=(hqc(500),)))
    line, _ = line_of()
    for number in range(before):
        line.stand(f"hqc-{number}", Ahead("b", (hqc(100),)))
    line.stand("dollars", Ahead("b", dollars(1)))
    assert [line.woken(Simulated(one, ledger)) for _ in range(2)] == [["dollars"] if seen else [], []]
    assert line.woken(Simulated(one, ledger_of(one, NOW)))[0] == "hqc-0", "the order stays"


def released_one_by_one(line: Alone, crowds: tuple[str, ...], rounds: int) -> list[str]:
    """Who passes, by namespace, while one of twenty jobs of 100 after another ends, and crowds never get shorter."""
    one, passed = budget(), list[str]()
    ledger = ledger_of(one, NOW)
    for number in range(20):
        name = crowds[number % len(crowds)]
        ledger = put(ledger, Reservation(f"r{number}", name, "r", "r", "s", stamp(NOW), amounts=dollars(100)))
    for number in range(rounds):
        ledger = release(ledger, next(iter(ledger.open)))
        for uid in line.woken(Simulated(one, ledger)):
            tenant = uid.split("-")[0]
            ledger = put(ledger, Reservation(uid, tenant, "r", uid, "s", stamp(NOW), amounts=dollars(100)))
            line.leave(uid)
            passed.append(tenant)
            if tenant in crowds:
                line.stand(f"{tenant}-more-{number}", Ahead(tenant, dollars(100)))
    return passed


@pytest.mark.parametrize("crowd", [3, 40, 1_200])
def test_two_that_have_many_waiting_do_not_keep_the_others_out(crowd: int) -> None:
    """Turns go round among the tenants, however many jobs each of them has in the line."""
    line, _ = line_of(*[(name, f"{name}-{number}", 100) for name in "ab" for number in range(crowd)])
    for name in "cd":
        for number in range(5):
            line.stand(f"{name}-{number}", Ahead(name, dollars(100)))
    passed = released_one_by_one(line, ("a", "b"), 60)
    assert [passed[:40].count(name) for name in "cd"] == [5, 5]
    assert abs(passed.count("a") - passed.count("b")) <= 2


def test_nobody_loses_a_place_by_those_who_went_before_it() -> None:
    """Beside the first of its own it can't fit at all; when that has ended, it is before those that came later."""
    line, _ = line_of(("a", "a1", 900), ("b", "b1", 50), ("a", "a2", 900), ("a", "a3", 60), ("a", "a4", 900))
    free = Simulated(budget(limits=[{"unit": "USD", "amount": "1000"}]), ledger_of(budget(), NOW))
    assert line.woken(free) == ["a1", "b1"]
    for uid in ("a1", "b1", "a3"):
        line.leave(uid)
    free = Simulated(budget(limits=[{"unit": "USD", "amount": "1000"}]), ledger_of(budget(), NOW))
    assert line.woken(free) == ["a2"]


@pytest.mark.parametrize("impossible", [3_000, 1_800], ids=["more than there is", "more than fits beside its own"])
def test_one_that_can_not_fit_costs_its_namespace_no_turn(impossible: int) -> None:
    """Behind it in its namespace is one that can, and two others always have a large one waiting."""
    one, order, running = budget(), list[str](), dict[str, tuple[str, int]]()
    line, _ = line_of(("y", "y-never", impossible), ("y", "y-large", 1_500), ("z", "z-0", 1_500), ("w", "w-0", 1_500))
    for number in range(1, 9):
        ledger = ledger_of(one, NOW)
        for uid, (tenant, amount) in {"own": ("y", 300), **running}.items():
            entry = Reservation(uid, tenant, "r", uid, "s", stamp(NOW), amounts=dollars(amount))
            ledger = put(ledger, entry)
        for uid in line.woken(Simulated(one, ledger)):
            tenant = uid.split("-")[0]
            line.leave(uid)
            order.append(uid)
            running = {uid: (tenant, 1_500)}
            if tenant in "zw":
                line.stand(f"{tenant}-{number}", Ahead(tenant, dollars(1_500)))
        if number % 2:
            running = {}
    assert "y-large" in order[:4]
    assert "y-never" not in order


def test_no_more_are_woken_at_once_than_can_be_kept_for() -> None:
    """Each that asks looks at all for whom something is kept."""
    line, _ = line_of(*[("a", f"u{number}", 1) for number in range(150)])
    assert [len(line.woken(Room(1_000))) for _ in range(3)] == [100, 50, 0]


def hqc(amount: int) -> Amount:
    """So many of Quantinuum's credits."""
    return Amount("hqc", f"{amount}")


def test_one_that_lacks_a_slot_is_waited_for() -> None:
    """One, which comes when others' jobs end; the others of the line may need no slot."""
    line, time = line_of(("a", "slotless-1", 10), ("a", "slotless-2", 10), ("a", "a1", 10), ("a", "a2", 80))
    assert line.woken(Room(30)) == ["slotless-1", "slotless-2", "a1"]
    time.now = OFFER_SECONDS
    assert line.before("new") == (Ahead("a", dollars(10), offered=True), Ahead("a", dollars(80)))
    line.leave("slotless-1")
    assert line.before("new") == (Ahead("a", dollars(80)),)


def test_who_loses_a_turn_rests() -> None:
    """Another line may not know yet why it can't fit, and would give it a turn again."""
    line, _ = line_of(("a", "large", 90))
    assert line.woken(Room(50)) == []
    assert (line.before("other"), line.rested) == ((Ahead("a", dollars(90), offered=False),), [])
    assert line.woken(Room(50, most=80)) == []
    assert (line.before("other"), line.rested) == ((), ["large"])
