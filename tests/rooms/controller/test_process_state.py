"""What this process remembers of a job: news of it, and of whom they are believed."""

import pytest

from quantumjob_operator.controller.process_state import News
from rooms.lifecycle.observations import identity, remote


@pytest.mark.parametrize(
    ("job_id", "serving", "believed"),
    [
        pytest.param(identity(), "uid-1", True, id="the one that serves the job tells of its attempt"),
        pytest.param("another", "uid-1", False, id="it tells of an attempt that is over"),
        pytest.param(identity(), "uid-2", False, id="another one serves the job by now"),
        pytest.param(identity(), None, False, id="none serves it by now, as after its end"),
        pytest.param(None, "uid-1", False, id="the job has no attempt"),
    ],
)
def test_whose_news_are_believed(job_id: str | None, serving: str | None, *, believed: bool) -> None:
    """Whoever owns another QuantumWorkspace may own its endpoint as well."""
    assert (News(remote("Failed"), "uid-1").of(job_id, serving) is not None) == believed
