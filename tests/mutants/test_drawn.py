"""Random mutants: the same for the same seed, at places that decide something, and noticed or not."""

from pathlib import Path

import pytest
from cosmic_ray.mutating import mutate_code

from localstack.manifests import PROJECT
from mutants.drawn import Drawn, draw, equivalent
from mutants.hunt import Fate, Hunted, enough, figures, hunt
from mutants.sites import OWN, sites

SOURCE = "def add(left, right):\n    return left + right\n"
TEST = "from sums import add\n\n\ndef test_sum():\n    assert add(2, 2) == 4\n"


@pytest.mark.parametrize("operator", OWN, ids=lambda one: one.__name__)
def test_own_operators_do_as_they_say(operator: type) -> None:
    """Each by its own examples."""
    for example in operator.examples():  # type: ignore[attr-defined]
        made = mutate_code(example.pre_mutation_code, operator(), example.occurrence)
        assert made.replace(" ", "") == example.post_mutation_code.replace(" ", "")


@pytest.mark.parametrize(
    "source",
    [
        "a: int | None\n",
        "def f(a: int | str) -> int | None: ...\n",
        '_log.info("%s", 1)\n',
        "A = int | None\n",
    ],
)
def test_what_decides_nothing_is_left_alone(source: str) -> None:
    """Annotations, the log and names of types."""
    assert sites(source) == ()


def test_seed_draws_the_same_again() -> None:
    """And another one something else; no mutant twice."""
    one = draw(PROJECT, 12, 1)
    assert draw(PROJECT, 12, 1) == one
    assert draw(PROJECT, 12, 2) != one
    assert len({each.key for each in one}) == 12


def mutant(returned: str) -> Drawn:
    """The function with another value."""
    was, becomes = "return left + right", f"return {returned}"
    return Drawn("operator/sums.py", "Test", SOURCE.replace(was, becomes), was, becomes, "")


@pytest.mark.parametrize(
    ("returned", "known", "fate"),
    [
        pytest.param("left - right", False, Fate.KILLED, id="a test fails"),
        pytest.param("left * right", False, Fate.SURVIVED, id="no test fails"),
        pytest.param("right + left", True, Fate.EQUIVALENT, id="no test can fail"),
        pytest.param("left +", False, Fate.BROKEN, id="it does not load"),
    ],
)
def test_what_becomes_of_it(tmp_path: Path, returned: str, fate: Fate, *, known: bool) -> None:
    """The tree is as before afterwards."""
    for name, text in {
        "operator/sums.py": SOURCE,
        "tests/test_sum.py": TEST,
        "pytest.ini": "[pytest]\nmarkers=\n cluster\n slow\n",
    }.items():
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(text)
    one = mutant(returned)
    (hunted,) = hunt([one], [tmp_path], known={one.key} if known else (), stages=(("tests",),))
    assert hunted.fate is fate
    assert (tmp_path / "operator/sums.py").read_text() == SOURCE


def test_what_is_counted() -> None:
    """Neither equivalent ones nor what does not load."""
    fates = [Fate.KILLED] * 18 + [Fate.TIMED_OUT, Fate.SURVIVED, Fate.EQUIVALENT, Fate.BROKEN]
    result = figures([Hunted(mutant("0"), fate) for fate in fates], 1)
    assert (result["killed_share"], len(result["survivors"]), enough(result)) == (0.95, 1, True)
    assert not enough(figures([Hunted(mutant("0"), Fate.SURVIVED)], 1))
    assert not enough(figures([], 1))


def test_entries_of_the_list_are_still_in_the_code() -> None:
    """Each with its reason."""
    entries = list(equivalent())
    lines = {one.path: {line.strip() for line in (PROJECT / one.path).read_text().splitlines()} for one in entries}
    assert [one for one in entries if not one.why or not set(one.was.splitlines()) <= lines[one.path]] == []
