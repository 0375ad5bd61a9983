"""How many objects that are gone wait for others to take their jobs over, and how often they are looked at."""

from quantumjob_operator.controller.awaited_heirs import MOST_OF_A_NAMESPACE, AwaitedHeirs


def test_any_number_of_them_takes_so_much_memory_and_so_many_looks() -> None:
    """A thousand of a namespace, twenty times a second; of others there are as many as there may be."""
    heirs = AwaitedHeirs()
    waits = [heirs.wait("mallory", f"m{number}") for number in range(20_000)]
    kept = [one for one in waits if one is not None]
    assert len(kept) == MOST_OF_A_NAMESPACE == len(heirs._waiting)
    again = heirs.wait("mallory", "m0")
    assert again is not None
    assert MOST_OF_A_NAMESPACE / again <= 20
    assert heirs.wait("research", "r") == 5.0
    assert heirs.wait("mallory", "accepted", surely_sent=True) is not None


def test_one_that_is_over_gives_its_place_to_another() -> None:
    """And nothing is left of a namespace of which none waits."""
    heirs = AwaitedHeirs()
    for number in range(MOST_OF_A_NAMESPACE):
        heirs.wait("mallory", f"m{number}")
    assert heirs.wait("mallory", "late") is None
    heirs.forget("m7")
    heirs.forget("m7")
    assert heirs.wait("mallory", "late") is not None
    for uid in list(heirs._waiting):
        heirs.forget(uid)
    assert not heirs._of
