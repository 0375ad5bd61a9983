"""What kopf is told to leave out."""

from typing import Any

import kopf

from quantumjob_operator.cluster.handlers import quiet_settings
from rooms.model.bodies import job_body


class Uncopied(dict[str, Any]):
    """Whoever copies it is found out."""

    def __deepcopy__(self, _: object) -> "Uncopied":
        raise AssertionError("it was copied")


def test_no_object_is_copied_to_find_what_changed() -> None:
    """An object of many small values would hold up everything else, for an answer that nobody asks for."""
    raw: Any = job_body()
    raw["spec"] = Uncopied(raw["spec"])
    body = kopf.Body(raw)
    persistence = quiet_settings().persistence
    essence = persistence.diffbase_storage.build(body=body)
    assert persistence.progress_storage.clear(essence=essence) == {}
    assert persistence.diffbase_storage.fetch(body=body) is None
