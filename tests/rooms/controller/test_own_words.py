"""What another process has said in place of this one."""

import pytest

from quantumjob_operator.controller.own_words import OwnWords


@pytest.mark.parametrize(
    ("said", "there", "found", "left_alone"),
    [
        pytest.param("good", "bad", "good", True, id="another's words, and nothing new here"),
        pytest.param("good", "bad", "worse", False, id="something was found meanwhile"),
        pytest.param("good", "good", "worse", False, id="nobody else has said anything"),
        pytest.param(None, "bad", "good", False, id="this process has said nothing yet"),
    ],
)
def test_whose_words_stand(said: str | None, there: str, found: str, *, left_alone: bool) -> None:
    """For a minute, from when they were seen first."""
    now = 1000.0
    words: OwnWords[str] = OwnWords(lambda: now)
    if said:
        words.say("uid", said)
    assert words.patience("uid", there, lambda one: one == found) == (60.0 if left_alone else 0.0)
    now += 45.0
    assert words.patience("uid", there, lambda one: one == found) == (15.0 if left_alone else 0.0)
    now += 30.0
    assert words.patience("uid", there, lambda one: one == found) == 0.0
    words.say("uid", found)
    assert words.patience("uid", there, lambda one: one == found) == 60.0


def test_an_object_that_is_gone_is_forgotten() -> None:
    """One of its name has another uid."""
    words: OwnWords[str] = OwnWords(lambda: 0.0)
    words.say("uid", "good")
    words.forget("uid")
    assert words.patience("uid", "bad", lambda _: True) == 0.0


def test_words_that_stood_again_meanwhile_are_left_alone_as_long_as_before() -> None:
    """Somebody else says the same now; what is said after that is another contradiction."""
    now = 1000.0
    words: OwnWords[str] = OwnWords(lambda: now)
    words.say("uid", "good")
    for there, left in (("bad", 60.0), ("good", 0.0), ("bad", 60.0)):
        assert words.patience("uid", there, lambda one: one == "good") == left
        now += 45.0
