"""When nothing of a job is at the service for sure, whatever is written into its claim."""

import pytest

from quantumjob_operator.lifecycle.fence import FenceState, Sent
from quantumjob_operator.lifecycle.observation import ABSENT
from rooms.lifecycle.fencing import CLAIMED, FENCE
from rooms.lifecycle.observations import HOLDER, RIVAL, claimed, new, remote

TAKEN_OVER = FenceState().claimed(claimed(holder=RIVAL), 1, asked=9.0, now=10.0, fence=FENCE)


@pytest.mark.parametrize(
    ("known", "unsent"),
    [
        pytest.param(FenceState(), False, id="nothing is known of the claim"),
        pytest.param(CLAIMED, True, id="just claimed"),
        pytest.param(CLAIMED.sending(), False, id="a PUT is under way"),
        pytest.param(
            CLAIMED.sending().sent(Sent.NOT_APPLIED, CLAIMED, 12.0, FENCE), True, id="the service said that it did not"
        ),
        pytest.param(
            CLAIMED.answered(ABSENT, 10.0, 10.5).sending().sent(Sent.UNKNOWN, CLAIMED, 12.0, FENCE),
            False,
            id="a PUT without an answer, after a 404",
        ),
        pytest.param(
            CLAIMED.sending().sent(Sent.UNKNOWN, CLAIMED, 12.0, FENCE).answered(ABSENT, 77.0, 78.0),
            True,
            id="a 404 that was asked for after its fence",
        ),
        pytest.param(
            CLAIMED.sending().sent(Sent.UNKNOWN, CLAIMED, 12.0, FENCE).answered(ABSENT, 76.9, 78.0),
            False,
            id="a 404 that was asked for within its fence",
        ),
        pytest.param(TAKEN_OVER, False, id="taken over"),
        pytest.param(TAKEN_OVER.answered(ABSENT, 75.0, 76.0), True, id="taken over, and a 404 after its fence"),
        pytest.param(
            TAKEN_OVER.answered(ABSENT, 75.0, 76.0).answered(remote(), 77.0, 78.0), False, id="and then it was there"
        ),
        pytest.param(CLAIMED.met(claimed(holder=RIVAL), HOLDER, 11.0, FENCE), False, id="another process claimed it"),
    ],
)
def test_when_nothing_is_at_the_service_for_sure(known: FenceState, *, unsent: bool) -> None:
    """Only then a job that waits gives its slot back."""
    assert known.surely_unsent is unsent


FOUND = FenceState().met(claimed(holder=RIVAL), HOLDER, 10.0, FENCE)
RIVALLED = claimed(holder="x")


@pytest.mark.parametrize(
    ("known", "unsent"),
    [
        pytest.param(CLAIMED.answered(ABSENT, 10.0, 10.5, 1).met(RIVALLED, HOLDER, 11.0, 900.0), True, id="asked once"),
        pytest.param(CLAIMED.answered(ABSENT, 10.0, 10.5, 1).met(new(), HOLDER, 11.0, 900.0), True, id="taken off"),
        pytest.param(
            CLAIMED.answered(ABSENT, 10.0, 10.5, 2).met(RIVALLED, HOLDER, 11.0, 900.0), False, id="of another"
        ),
        pytest.param(FOUND.answered(ABSENT, 10.0, 10.5, 1), False, id="found, and asked at once"),
        pytest.param(FOUND.answered(ABSENT, 10.0 + FENCE, 99.0, 1), True, id="found, and asked after a fence"),
        pytest.param(
            FOUND.met(RIVALLED, HOLDER, 70.0, 900.0).answered(ABSENT, 10.0 + FENCE, 99.0, 1),
            True,
            id="found, and another holder is written before the fence is over",
        ),
        pytest.param(
            FOUND.answered(ABSENT, 10.0 + FENCE, 99.0, 1)
            .claimed(claimed(holder=RIVAL), 1, asked=100.0, now=100.0, fence=FENCE)
            .answered(ABSENT, 101.0, 101.0, 1),
            False,
            id="found, and taken over: its holder may have sent until then",
        ),
        pytest.param(
            CLAIMED.answered(ABSENT, 10.0, 10.5, 1)
            .sending()
            .sent(Sent.NOT_APPLIED, CLAIMED.answered(ABSENT, 10.0, 10.5, 1), 12.0, FENCE)
            .met(RIVALLED, HOLDER, 13.0, 900.0),
            True,
            id="the service said that it did not",
        ),
        pytest.param(
            CLAIMED.answered(ABSENT, 10.0, 10.5, 1)
            .sending()
            .sent(Sent.UNKNOWN, CLAIMED, 12.0, FENCE)
            .met(RIVALLED, HOLDER, 13.0, 900.0)
            .answered(ABSENT, 76.9, 78.0, 1),
            False,
            id="a PUT without an answer, and a 404 within its fence",
        ),
        pytest.param(
            CLAIMED.sending()
            .sent(Sent.UNKNOWN, CLAIMED, 12.0, FENCE)
            .met(RIVALLED, HOLDER, 13.0, 900.0)
            .answered(ABSENT, 77.0, 78.0, 1),
            True,
            id="a PUT without an answer, and a 404 after its fence",
        ),
        pytest.param(
            CLAIMED.answered(ABSENT, 10.0, 10.5, 1)
            .answered(remote(), 11.0, 11.5, 1)
            .met(RIVALLED, HOLDER, 13.0, 900.0),
            False,
            id="it is there",
        ),
    ],
)
def test_what_was_not_sent_whatever_is_written_into_the_claim(known: FenceState, *, unsent: bool) -> None:
    """Holder and fence of a claim are the users' to write; what operators may have sent is shown after one fence."""
    assert known.is_unsent(1) is unsent
