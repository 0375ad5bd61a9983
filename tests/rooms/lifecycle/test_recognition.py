"""Which rows of a list have the id of their object's uid, if whoever owns the list chooses the rows."""

from dataclasses import replace
from typing import Final

from quantumjob_operator.lifecycle.attempts import identify
from quantumjob_operator.lifecycle.garbage_collection import Origin, Recognition
from rooms.lifecycle.observations import WORKSPACE, new, remote
from rooms.model.bodies import OTHER_UID, UID

ROW: Final = remote("Executing")


def test_a_list_of_objects_that_never_were_costs_few_ids_a_row() -> None:
    """However many rows it has; the first attempts of others are recognised all the same."""
    recognition, rows = Recognition(WORKSPACE.id), 1_000
    for number in range(rows):
        origin = Origin("research", f"{OTHER_UID[:-6]}{number:06d}", "bell")
        assert not recognition.has_id_of_its_uid(replace(ROW, id=OTHER_UID), origin)
    assert recognition.made < 20_000 + 3 * rows
    own = Origin("research", UID, "bell")
    found = [
        recognition.has_id_of_its_uid(replace(ROW, id=identify(new(), WORKSPACE.id, attempt)), own)
        for attempt in (1, 3, 4)
    ]
    assert found == [True, True, False]
