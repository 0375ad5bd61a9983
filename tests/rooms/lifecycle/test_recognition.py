"""Which rows of a list have the id of their object's uid, if whoever owns the list chooses the rows."""

from dataclasses import replace
from typing import Final

import pytest

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


@pytest.mark.parametrize("others", [1, 4, 8])
def test_rows_of_others_hide_no_attempt_of_a_namespace(others: int) -> None:
    """However many rows each of a few other namespaces has before it: a later attempt is recognised, too."""
    recognition, mallory = Recognition(WORKSPACE.id), replace(ROW, id=OTHER_UID)
    for number in range(others):
        for _ in range(600):
            recognition.has_id_of_its_uid(mallory, Origin(f"mallory-{number}", OTHER_UID, "bell"))
    assert recognition.made < 40_000 + 3 * 600 * others
    own = Origin("research", UID, "bell")
    assert recognition.has_id_of_its_uid(replace(ROW, id=identify(new(), WORKSPACE.id, 30)), own)
