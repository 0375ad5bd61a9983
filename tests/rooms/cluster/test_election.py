"""Who may lead: every decision of `election`, on clocks that are numbers."""

from dataclasses import dataclass, replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from quantumjob_operator.cluster.election import NOBODY, Candidacy, Lease, Record, Step, Terms

TERMS = Terms()
OURS = Record("us", TERMS.promised, "then", "then", 3)
THEIRS = replace(OURS, holder="them")
FREE = replace(OURS, holder=NOBODY)
CANDIDATE = Candidacy("us")


def seen(record: Record, at: float = 100.0) -> Candidacy:
    """A candidate that has just read this record."""
    return CANDIDATE.saw(Lease("1", record), at)


def leading(since: float = 100.0) -> Candidacy:
    """A candidate that asked for its record at this time."""
    return seen(FREE, since - 1).wrote(Lease("2", OURS), since)


@pytest.mark.parametrize(
    ("candidate", "now", "expected"),
    [
        pytest.param(CANDIDATE, 0.0, Step.READ, id="who has just started looks first"),
        pytest.param(CANDIDATE.saw(None, 100.0), 100.0, Step.WRITE, id="where there is no Lease, one is made"),
        pytest.param(seen(FREE), 100.0, Step.WRITE, id="a free Lease is taken at once"),
        pytest.param(seen(OURS), 100.0, Step.WRITE, id="a record of ours, whose write was never answered, is renewed"),
        pytest.param(seen(THEIRS), 100.0, Step.WAIT, id="another's is left alone"),
        pytest.param(seen(THEIRS), 114.9, Step.WAIT, id="another's is left alone until the end of its promise"),
        pytest.param(seen(THEIRS), 115.0, Step.WRITE, id="another's is taken when it has not changed for so long"),
        pytest.param(seen(replace(THEIRS, promised=60.0)), 159.9, Step.WAIT, id="its promise counts, not ours"),
        pytest.param(
            seen(THEIRS).unsure().saw(Lease("1", THEIRS), 114.0),
            115.0,
            Step.WRITE,
            id="another reconciliation changes nothing",
        ),
        pytest.param(
            seen(THEIRS).unsure().saw(Lease("9", THEIRS), 114.0),
            115.0,
            Step.WRITE,
            id="a label that somebody puts on the Lease keeps nobody alive",
        ),
        pytest.param(
            seen(THEIRS).unsure().saw(Lease("2", replace(THEIRS, renewed="now")), 114.0),
            128.9,
            Step.WAIT,
            id="a renewal begins the promise anew",
        ),
        pytest.param(seen(THEIRS).unsure(), 200.0, Step.READ, id="nothing is taken without a fresh reconciliation"),
        pytest.param(leading(), 102.0, Step.WRITE, id="a leader renews"),
        pytest.param(leading().unsure(), 102.0, Step.READ, id="a leader whose renewal failed reconciliations first"),
        pytest.param(leading(), 109.9, Step.WRITE, id="a leader renews until its deadline"),
        pytest.param(leading(), 110.0, Step.LOST, id="a leader at its deadline has lost"),
        pytest.param(leading().unsure(), 110.0, Step.LOST, id="a leader at its deadline asks nobody"),
        pytest.param(
            leading().unsure().saw(Lease("3", THEIRS), 102.0), 102.0, Step.LOST, id="a leader that reads another's name"
        ),
        pytest.param(
            leading().unsure().saw(Lease("3", FREE), 102.0), 102.0, Step.LOST, id="a leader whose name was taken off"
        ),
        pytest.param(
            leading().unsure().saw(None, 102.0), 102.0, Step.WRITE, id="a leader makes the Lease anew that was deleted"
        ),
    ],
)
def test_step(candidate: Candidacy, now: float, expected: Step) -> None:
    """One step for each situation."""
    assert candidate.step(now) is expected


@pytest.mark.parametrize(
    ("candidate", "expected"),
    [
        pytest.param(CANDIDATE.saw(None, 0.0), Record("us", 15.0, "now", "now", 0), id="the first"),
        pytest.param(seen(THEIRS), Record("us", 15.0, "now", "now", 4), id="after somebody else"),
        pytest.param(seen(FREE), Record("us", 15.0, "now", "now", 4), id="after an orderly end"),
        pytest.param(leading(), Record("us", 15.0, "then", "now", 3), id="a renewal"),
    ],
)
def test_claim(candidate: Candidacy, expected: Record) -> None:
    """The record tells people since when, and how often the leader has changed."""
    assert candidate.claim("now") == expected


@pytest.mark.parametrize(
    ("candidate", "lease", "expected"),
    [
        pytest.param(
            leading(), Lease("2", OURS), Record(NOBODY, 1.0, "then", "now", 3), id="a leader takes its name off"
        ),
        pytest.param(leading(), Lease("3", THEIRS), None, id="another's name is left alone"),
        pytest.param(leading(), None, None, id="a Lease that is gone is not made"),
        pytest.param(seen(OURS), Lease("2", OURS), None, id="who never led has nothing to give back"),
    ],
)
def test_resignation(candidate: Candidacy, lease: Lease | None, expected: Record | None) -> None:
    """An orderly end frees the Lease, and only if it is ours."""
    assert candidate.resignation(lease, "now") == expected


@pytest.mark.parametrize(
    ("candidate", "now", "pause", "timeout"),
    [
        pytest.param(CANDIDATE, 100.0, 2.0, 5.0, id="a bystander"),
        pytest.param(leading(), 101.0, 2.0, 5.0, id="a leader"),
        pytest.param(leading(), 106.0, 2.0, 4.0, id="a leader whose attempts fail"),
        pytest.param(leading(), 109.5, 0.5, 0.5, id="a leader near its deadline"),
        pytest.param(leading(), 140.0, 0.0, 0.0, id="a leader that was paused"),
    ],
)
def test_times(candidate: Candidacy, now: float, pause: float, timeout: float) -> None:
    """Neither a request nor a pause reaches beyond a leader's deadline."""
    assert (candidate.pause(now), candidate.timeout(now)) == (pause, timeout)


@dataclass
class Election:
    """Some candidates, each with a clock of its own, and the Lease of an API server that refuses old versions."""

    candidates: list[Candidacy]
    offsets: list[float]
    now: float = 0.0
    version: int = 0
    record: Record | None = None

    def local(self, who: int) -> float:
        """The time on a candidate's clock."""
        return self.now + self.offsets[who]

    def attempt(self, who: int, travel: float, *, answered: bool) -> None:
        """One attempt, as the shell makes it: look if need be, write if told to, and perhaps hear no answer."""
        if self.local_step(who) is Step.READ:
            lease = None if self.record is None else Lease(str(self.version), self.record)
            self.candidates[who] = self.candidates[who].saw(lease, self.local(who))
        candidate = self.candidates[who]
        if self.local_step(who) is Step.WRITE:
            asked, known = self.local(who), candidate.known.version if candidate.known else None
            self.now += travel
            if known == (str(self.version) if self.record else None):
                self.version, self.record = self.version + 1, candidate.claim(str(self.now))
                written = Lease(str(self.version), self.record)
                self.candidates[who] = candidate.wrote(written, asked) if answered else candidate.unsure()
            else:
                self.candidates[who] = candidate.unsure()
        if not self.candidates[who].leads:
            self.candidates[who] = self.candidates[who].unsure()

    def local_step(self, who: int) -> Step:
        """What a candidate would do now."""
        return self.candidates[who].step(self.local(who))

    def leading(self) -> list[int]:
        """Who takes itself for the leader now."""
        return [
            who
            for who, candidate in enumerate(self.candidates)
            if candidate.leads and self.local_step(who) is not Step.LOST
        ]


MOVES = st.lists(
    st.tuples(st.integers(0, 1), st.sampled_from((0.0, 2.0, 15.0)), st.sampled_from((0.0, 4.0)), st.booleans()),
    min_size=1,
    max_size=30,
)


@settings(max_examples=500)
@given(MOVES, st.tuples(st.floats(-1e6, 1e6), st.floats(-1e6, 1e6)))
def test_never_two_leaders(moves: list[tuple[int, float, float, bool]], offsets: tuple[float, float]) -> None:
    """Whatever their clocks say, however slow the requests and whichever answers are lost; ended ones come back."""
    election = Election([Candidacy(f"candidate-{who}") for who in range(2)], list(offsets))
    for born, (who, gap, travel, answered) in enumerate(moves):
        election.now += gap
        if election.local_step(who) is Step.LOST:
            election.candidates[who] = Candidacy(f"candidate-{who}-{born}")
        election.attempt(who, travel, answered=answered)
        assert len(election.leading()) <= 1
