"""Names and labels of outputs that other controllers act on are refused before anything is written."""

from typing import Any

import pytest

from quantumjob_operator.lifecycle.reservations import RESERVED, reserved
from rooms.lifecycle.observations import accepted, seen

LIMITS = {"reserved_output_names": ("kube-*",), "reserved_output_labels": ("trust.example/*",)}


@pytest.mark.parametrize(
    ("output", "says"),
    [
        pytest.param(None, None, id="the usual name"),
        pytest.param({"configMapName": "mine", "labels": {"app": "x"}}, None, id="a name and labels of one's own"),
        pytest.param({"configMapName": "my-kube-x"}, None, id="a name that only contains a reserved one"),
        pytest.param({"configMapName": "kube-root-ca.crt"}, "spec.output.configMapName kube-root-ca.crt", id="a name"),
        pytest.param({"labels": {"app": "x", "trust.example/y": "1"}}, "remove trust.example/y", id="a label"),
        pytest.param({"annotations": {"paper": "x"}}, None, id="an annotation of one's own"),
        pytest.param({"annotations": {"trust.example/y": "1"}}, "annotations like trust.example/*", id="an annotation"),
    ],
)
def test_what_is_reserved(output: dict[str, Any] | None, says: str | None) -> None:
    """The field and the remedy are named."""
    trouble = reserved(seen(accepted({"output": output} if output else None), limits=LIMITS))
    assert (trouble.reason if trouble else None) == (RESERVED if says else None)
    assert trouble is None or (says or "") in trouble.message


def test_the_usual_name_may_be_reserved_too() -> None:
    """Then the field that is absent is named."""
    trouble = reserved(seen(accepted(), limits={"reserved_output_names": ("bell-*",)}))
    assert trouble is not None
    assert "spec.output.configMapName is absent, which means bell-output" in trouble.message
