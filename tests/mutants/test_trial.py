"""The trial of mutants tells those that are noticed from those that are not."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from localstack.manifests import PROJECT
from mutants.mutant import MalformedMutant, Mutant, all_mutants
from mutants.trial import Result, failing, try_out, worktree

_TEST = "tests/test_sum.py::test_sum"
_PATCH = """\
Promise: Numbers are added.
Test: {test}

diff --git a/operator/sums.py b/operator/sums.py
--- a/operator/sums.py
+++ b/operator/sums.py
@@ -1,2 +1,2 @@
 def add(left, right):
-    return {old}
+    return {new}
"""


@pytest.fixture
def tree(tmp_path: Path) -> Iterator[Path]:
    """A worktree of a project with one function and one test."""
    project = tmp_path / "project"
    for name, text in {
        "operator/sums.py": "def add(left, right):\n    return left + right\n",
        "tests/test_sum.py": "from sums import add\n\n\ndef test_sum():\n    assert add(2, 2) == 4\n",
    }.items():
        (project / name).parent.mkdir(parents=True, exist_ok=True)
        (project / name).write_text(text)
    identity = ("-c", "user.name=nobody", "-c", "user.email=nobody@example.invalid")
    for command in (["init", "--quiet"], ["add", "."], [*identity, "commit", "--quiet", "-m", "one"]):
        subprocess.run(["git", *command], cwd=project, check=True)
    with worktree(project) as place:
        yield place


def mutant(folder: Path, *, new: str, old: str = "left + right", test: str = _TEST) -> Mutant:
    """A mutant of that project."""
    patch = folder / "sum.patch"
    patch.write_text(_PATCH.format(new=new, old=old, test=test))
    return Mutant.read(patch)


@pytest.mark.parametrize(
    ("new", "old", "test", "result"),
    [
        pytest.param("left - right", "left + right", _TEST, Result.KILLED, id="the test notices"),
        pytest.param("left * right", "left + right", _TEST, Result.SURVIVED, id="the test does not notice"),
        pytest.param("left - right", "right + left", _TEST, Result.STALE, id="the code has moved on"),
        pytest.param("left +", "left + right", _TEST, Result.BROKEN, id="the code does not even load"),
        pytest.param("left - right", "left + right", "tests/none.py", Result.BROKEN, id="there is no such test"),
    ],
)
def test_what_becomes_of_a_mutant(tree: Path, tmp_path: Path, *, new: str, old: str, test: str, result: Result) -> None:
    """Only a test that fails because of the patch kills it; the tree is clean afterwards."""
    assert try_out(mutant(tmp_path, new=new, old=old, test=test), tree).result is result
    assert failing(tree, [_TEST]) == ""


@pytest.mark.parametrize("text", ["", "Promise: something\n", "Test: some/test.py\n", "Promise:\nTest: a.py\n"])
def test_header_says_what_is_broken_and_who_must_notice(tmp_path: Path, text: str) -> None:
    """Without both it is refused."""
    patch = tmp_path / "one.patch"
    patch.write_text(f"{text}\ndiff --git a/x b/x\n")
    with pytest.raises(MalformedMutant, match=r"one\.patch"):
        Mutant.read(patch)


def test_the_project_s_own_mutants_have_headers() -> None:
    """Each names a test file that exists."""
    project = Path(__file__).resolve().parents[2]
    missing = [one.name for one in all_mutants() if not (project / one.test.partition("::")[0]).exists()]
    assert missing == []


@pytest.mark.parametrize("one", all_mutants(), ids=lambda one: one.name)
def test_patches_fit_the_code(one: Mutant) -> None:
    """A patch that no longer applies breaks nothing, and so proves nothing."""
    # Inside a repository git skips files that it doesn't know; told of none, it looks at the files as they are.
    nowhere = os.environ | {"GIT_DIR": os.devnull}
    command = ["git", "apply", "--check", "--whitespace=nowarn", str(one.patch)]
    ended = subprocess.run(command, cwd=PROJECT, env=nowhere, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr
