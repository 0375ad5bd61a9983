"""templates/deployment.yaml: one hardened pod, and each value where it belongs."""

from typing import Any

import pytest

from chart.conftest import Render
from chart.helm import Rendering, Values
from chart.values import EVERYTHING, IMAGE, REPLICATED


class TestHardening:
    """Without any value the pod meets the strictest standard."""

    def test_container_can_do_nothing_but_run(self, default: Rendering) -> None:
        """No privilege, no capability, no writable root."""
        assert default.container()["securityContext"] == {
            "allowPrivilegeEscalation": False,
            "readOnlyRootFilesystem": True,
            "capabilities": {"drop": ["ALL"]},
        }

    def test_pod_runs_as_nobody_under_the_runtimes_filter(self, default: Rendering) -> None:
        """A user without a name, and seccomp."""
        context = default.pod()["securityContext"]
        assert context["runAsNonRoot"]
        assert context["runAsUser"] == 65532
        assert context["seccompProfile"] == {"type": "RuntimeDefault"}

    def test_resources_are_bounded(self, default: Rendering) -> None:
        """A scheduler knows what it needs, and memory has an end."""
        resources = default.container()["resources"]
        assert set(resources["requests"]) == {"cpu", "memory"}
        assert "memory" in resources["limits"]

    def test_nothing_is_mounted_unasked(self, default: Rendering) -> None:
        """No volume but the token that the kubelet adds; no environment of other Services."""
        assert "volumes" not in default.pod()
        assert default.pod()["enableServiceLinks"] is False


class TestLife:
    """How the pod starts, is watched and ends."""

    @pytest.mark.parametrize(
        ("probe", "path"), [("startupProbe", "/healthz"), ("livenessProbe", "/healthz"), ("readinessProbe", "/readyz")]
    )
    def test_each_probe_asks_the_right_question(self, default: Rendering, probe: str, path: str) -> None:
        """Liveness never depends on what readiness depends on."""
        assert default.container()[probe]["httpGet"] == {"path": path, "port": "metrics"}

    def test_probes_find_the_port_that_the_operator_is_told(self, default: Rendering) -> None:
        """Argument and container port agree."""
        (port,) = default.container()["ports"]
        assert f"--port={port['containerPort']}" in default.container()["args"]

    def test_timing_of_a_probe_is_changed_in_part(self, render: Render) -> None:
        """One value does not take the others away."""
        probe = render({"livenessProbe": {"periodSeconds": 60}}).container()["livenessProbe"]
        assert (probe["periodSeconds"], probe["failureThreshold"]) == (60, 3)

    def test_old_pod_ends_before_the_new_one_starts(self, default: Rendering) -> None:
        """A new operator would only wait for the old one's claims."""
        assert default.only("Deployment")["spec"]["strategy"] == {"type": "Recreate"}

    def test_of_several_pods_new_ones_stand_by_before_old_ones_end(self, render: Render) -> None:
        """They share a Lease then, which the lone one does without."""
        rendering = render(REPLICATED)
        assert rendering.only("Deployment")["spec"]["strategy"]["type"] == "RollingUpdate"
        assert rendering.environment() == {"QUANTUMJOB_OPERATOR_LEASE": "quantumjob-system/quantumjob-operator"}

    def test_it_can_be_paused(self, render: Render) -> None:
        """No replica, for a restore."""
        assert render({"replicaCount": 0}).only("Deployment")["spec"]["replicas"] == 0

    def test_it_has_time_to_end(self, default: Rendering) -> None:
        """SIGTERM, then a while."""
        assert default.pod()["terminationGracePeriodSeconds"] == 30


class TestImage:
    """What is run."""

    @pytest.mark.parametrize(
        ("image", "expected"),
        [
            pytest.param({}, f"{IMAGE}:0.1.0", id="without a tag it is the operator's version"),
            pytest.param({"tag": "nightly"}, f"{IMAGE}:nightly", id="a tag replaces it"),
            pytest.param(
                {"tag": "nightly", "digest": f"sha256:{'a' * 64}"},
                f"{IMAGE}@sha256:{'a' * 64}",
                id="a digest wins over the tag",
            ),
        ],
    )
    def test_reference(self, render: Render, image: Values, expected: str) -> None:
        """Repository, and tag or digest."""
        assert render({"image": {"repository": IMAGE, **image}}).container()["image"] == expected


class TestCustomaryValues:
    """Each value reaches its field."""

    @pytest.mark.parametrize(
        ("field", "expected"),
        [
            (name, EVERYTHING[name])
            for name in (
                "imagePullSecrets",
                "nodeSelector",
                "tolerations",
                "affinity",
                "topologySpreadConstraints",
                "priorityClassName",
                "runtimeClassName",
                "schedulerName",
                "hostAliases",
                "dnsPolicy",
                "dnsConfig",
            )
        ]
        + [("initContainers", EVERYTHING["extraInitContainers"])],
    )
    def test_field_of_the_pod(self, render: Render, field: str, expected: Any) -> None:
        """As the value says, unchanged; and absent without it."""
        assert render(EVERYTHING).pod()[field] == expected
        assert field not in render({}).pod()

    def test_sidecars_stand_beside_the_operator(self, render: Render) -> None:
        """The operator stays the first container."""
        assert [one["name"] for one in render(EVERYTHING).pod()["containers"]] == ["operator", "beside"]

    def test_volumes_and_mounts_are_added(self, render: Render) -> None:
        """To what the chart itself mounts."""
        rendering = render(EVERYTHING)
        assert [one["name"] for one in rendering.pod()["volumes"]] == ["ca-bundle", "scratch"]
        assert [one["name"] for one in rendering.container()["volumeMounts"]] == ["ca-bundle", "scratch"]

    def test_arguments_and_sources_of_variables_are_added(self, render: Render) -> None:
        """After the chart's own."""
        container = render(EVERYTHING).container()
        assert container["args"] == ["--port=8080", "--poll-max-seconds=60"]
        assert container["envFrom"] == EVERYTHING["extraEnvFrom"]
        assert container["env"][-1] == EVERYTHING["extraEnv"][0]

    def test_pod_has_its_labels_and_annotations(self, render: Render) -> None:
        """For admission webhooks such as workload identity's."""
        metadata = render(EVERYTHING).only("Deployment")["spec"]["template"]["metadata"]
        assert metadata["labels"]["azure.workload.identity/use"] == "true"
        assert metadata["annotations"]["example.org/checked"] == "yes"

    def test_label_of_the_pod_cannot_hide_it_from_its_deployment(self, render: Render) -> None:
        """What selects the pod stays."""
        deployment = render({"podLabels": {"app.kubernetes.io/name": "mine"}}).only("Deployment")
        selector = deployment["spec"]["selector"]["matchLabels"]
        assert selector.items() <= deployment["spec"]["template"]["metadata"]["labels"].items()

    def test_new_chart_alone_restarts_nothing(self, default: Rendering) -> None:
        """The pod's template has no version of the chart in it."""
        labels = default.only("Deployment")["spec"]["template"]["metadata"]["labels"]
        assert "helm.sh/chart" not in labels
