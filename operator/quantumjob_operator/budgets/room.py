"""How many reservations a budget keeps account of, and how many of them may be one namespace's.

Rules:
1. A ledger is one object, which etcd must take: it has an end. A reservation takes one place, and more of them if its
   names are long: nobody fills the object with fewer jobs. One that stands and grows asks for what it takes more.
2. A namespace may have four times as many as are free. So one alone has four fifths of all, two have four ninths each,
   and for one that has none something is free however many the others would like to have. What is reserved without an
   amount takes as much of the object as anything else.

Must not live here: what is said to who finds no room (`refusals`).
"""

from collections import Counter
from collections.abc import Iterable
from typing import Final

from quantumjob_operator.model.reservation import Reservation

MAX_OPEN: Final = 2500
"""Places for the reservations of a budget."""
_BYTES: Final = 500
"""Of a place: together they stay below the 1.5 MiB that etcd takes, with what else stands in the object."""
_USUAL_BYTES: Final = 345
"""Of a reservation without names and amounts."""
_BYTES_OF_AN_AMOUNT: Final = 43
"""Beside its unit and its number, as text in a text."""
_BYTES_OF_A_UID: Final = 39
MOST_ASKERS: Final = 8
"""Objects that a keyed reservation tells of; their places are taken from the first one on."""
_TIMES: Final = 4


class Room:
    """The places of a ledger, by namespace.

    Attributes:
        taken: Places that are taken.
    """

    def __init__(self, entries: Iterable[Reservation]) -> None:
        self._of: Counter[str] = Counter()
        self.taken = 0
        for one in entries:
            self.put(one)

    def of(self, namespace: str) -> int:
        """Those that a namespace has."""
        return self._of[namespace]

    def has_place(self, namespace: str) -> bool:
        """Whether a namespace may have one more."""
        return self.of(namespace) < _TIMES * (MAX_OPEN - self.taken)

    def take(self, namespace: str, places: int = 1) -> None:
        """One more is taken."""
        self._of[namespace] += places
        self.taken += places

    def put(self, one: Reservation) -> None:
        """The places of a reservation are taken."""
        self.take(one.namespace, places(one))


def places(one: Reservation) -> int:
    """How many places a reservation takes."""
    names = len(one.namespace) + len(one.name) + len(one.workspace)
    amounts = sum(_BYTES_OF_AN_AMOUNT + len(each.unit) + len(each.amount) for each in one.amounts)
    askers = _BYTES_OF_A_UID * (MOST_ASKERS if one.asked_by else 0)
    return 1 + (_USUAL_BYTES + names + amounts + askers) // _BYTES
