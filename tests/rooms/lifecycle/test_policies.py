"""What the QuantumPolicies of a namespace hold back, and what they never touch."""

from dataclasses import replace
from typing import Any, Final

import pytest
import yaml

from crds.policyrows import ALLOWED, FORBIDDEN, NAME, Row
from quantumjob_operator.costs.prices import parse_prices
from quantumjob_operator.lifecycle import Action, decide
from quantumjob_operator.lifecycle.observation import ABSENT
from quantumjob_operator.lifecycle.policies import FREE_TARGETS, REASONS, forbidden
from quantumjob_operator.model.jobstatus import State
from quantumjob_operator.model.quantumjob import parse_job
from quantumjob_operator.model.quantumpolicy import QuantumPolicy, parse_policy
from rooms.lifecycle.observations import (
    NO_WORKSPACE,
    OUTPUT,
    PROGRAM,
    SIMULATORS,
    accepted,
    claimed,
    new,
    remote,
    seen,
    set_aside,
)
from rooms.model.bodies import job, job_body
from rooms.model.test_crd_fields import CRDS

QPU: Final = {"target": "rigetti.qpu.x"}
PRICES: Final = CRDS.parent / "charts/quantumjob-workspace/files/prices.yaml"


def policy(spec: Any, name: str = NAME) -> QuantumPolicy:
    """One of the job's namespace."""
    metadata = {"namespace": "research", "name": name, "uid": f"uid-of-{name}", "resourceVersion": "1"}
    return parse_policy({"metadata": metadata, "spec": spec})


ONLY_SIMULATORS: Final = (SIMULATORS,)


@pytest.mark.parametrize("row", [pytest.param(one, id=one.sentence) for one in ALLOWED])
def test_allowed(row: Row) -> None:
    """Nothing is said."""
    assert forbidden(parse_job({**job_body(), "spec": row.spec}).spec, [policy(row.policy)]) is None


@pytest.mark.parametrize("row", [pytest.param(one, id=one.sentence) for one in FORBIDDEN])
def test_forbidden(row: Row) -> None:
    """The field, the policy and the remedy are named, as at admission; and what comes next."""
    why = forbidden(parse_job({**job_body(), "spec": row.spec}).spec, [policy(row.policy)])
    assert why is not None
    assert (why.reason, why.message.split("; make a new job")[0]) == (row.reason, row.says)
    assert why.reason in REASONS


def test_all_policies_must_allow() -> None:
    """The one that does not is named."""
    allowing, forbidding = policy({"maxShots": 1000}, "a"), policy({"allowedTargets": ["ionq.qpu.*"]}, "b")
    why = forbidden(job({"parameters": {"shots": 1}}).spec, [allowing, forbidding])
    assert why is not None
    assert "QuantumPolicy b: allowed are ionq.qpu.*" in why.message


def test_a_policy_that_cannot_be_read_may_forbid_anything() -> None:
    """A word that only a later version knows is no permission."""
    why = forbidden(job().spec, [policy({"requireMaxCost": "Sometimes"})])
    assert why is not None
    assert why.reason == "PolicyUnreadable"
    assert "spec.requireMaxCost" in why.message


def test_free_is_what_the_published_prices_call_so() -> None:
    """Without a list of its own, a policy and the shipped price list agree."""
    listed = {one.target for one in parse_prices(PRICES.read_text()).targets if one.model == "Free"}
    assert listed == set(FREE_TARGETS)


def test_the_admission_has_the_same_list() -> None:
    """Which is written there a second time."""
    policy, _ = yaml.safe_load_all((CRDS.parent / "config/admission/quantumpolicies.yaml").read_text())
    (paid,) = (one["expression"] for one in policy["spec"]["variables"] if one["name"] == "paid")
    assert str(list(FREE_TARGETS)) in paid


@pytest.mark.parametrize(
    "now",
    [
        pytest.param(seen(new(QPU), remote=ABSENT), id="of a new job"),
        pytest.param(seen(claimed(QPU), remote=ABSENT), id="under a claim, once the service does not know it"),
        pytest.param(seen(claimed(QPU, status=set_aside()), remote=ABSENT), id="of a further attempt"),
        pytest.param(seen(new(QPU), workspace=NO_WORKSPACE), id="where there is no workspace"),
    ],
)
def test_nothing_is_sent(now: Any) -> None:
    """The job waits, and says for what; a policy can change."""
    facts = {"program": PROGRAM, "output": OUTPUT, "policies": ONLY_SIMULATORS}
    decision = decide(replace(now, **facts))
    assert (decision.action, decision.status.state, decision.again) == (Action.NONE, State.PENDING, None)
    held = decision.status.condition("Submitted")
    assert held is not None
    assert held.reason == "TargetNotAllowed"
    assert "spec.target rigetti.qpu.x" in held.message


@pytest.mark.parametrize(
    ("now", "action"),
    [
        pytest.param(seen(accepted(QPU), remote=remote()), Action.NONE, id="an accepted job is followed"),
        pytest.param(seen(claimed(QPU), remote=remote()), Action.FIND_LAST_ATTEMPT, id="what is there is adopted"),
        pytest.param(seen(claimed(QPU), remote=ABSENT, fence_left=5.0), Action.NONE, id="doubt is waited out"),
        pytest.param(seen(new(QPU)), Action.GET_REMOTE, id="an object that was restored is asked about"),
        pytest.param(seen(new(QPU), remote=remote()), Action.CLAIM, id="and claims again what it had sent"),
    ],
)
def test_what_may_be_at_the_service_is_not_touched(now: Any, action: Action) -> None:
    """As if there were no policy."""
    decision = decide(replace(now, program=PROGRAM, output=OUTPUT, policies=ONLY_SIMULATORS))
    reason = getattr(decision.status.condition("Submitted"), "reason", None)
    assert decision.action is action
    assert reason != "TargetNotAllowed"


def test_a_claim_that_a_user_wrote_is_no_way_around() -> None:
    """It is taken over, as that of a dead operator would be, and then nothing is sent."""
    facts: Any = {"program": PROGRAM, "output": OUTPUT, "policies": ONLY_SIMULATORS, "remote": ABSENT}
    assert decide(seen(claimed(QPU, holder="forged"), **facts)).action is Action.CLAIM
    assert decide(seen(claimed(QPU), **facts)).status.state is State.PENDING


def test_what_cannot_be_repaired_ends_all_the_same() -> None:
    """And a user's wish is granted."""
    decision = decide(seen(new({**QPU, "cancel": True}), remote=ABSENT, policies=ONLY_SIMULATORS))
    assert decision.status.state is State.CANCELLED
