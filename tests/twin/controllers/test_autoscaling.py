"""Horizontal autoscaling with measurements."""

from typing import Any

import pytest

from cloudwright.twin.api import DEPLOYMENTS, EVENTS
from cloudwright.twin.controllers import hpa_rules
from cloudwright.twin.controllers.hpa import AUTOSCALERS
from cloudwright.twin.world import World
from tests.twin.differential.manifests import Manifest, autoscaler, deployment
from tests.twin.lab import Meter, events, in_namespace, make_world


def _world(*objects: Manifest, use: float = 0.05) -> tuple[World, Meter]:
    """A world that has been running for a while with some CPU use a pod."""
    holder: list[World] = []
    meter = Meter(lambda: holder[0])
    meter.cores["web"] = use
    holder.append(make_world(metrics=meter))
    holder[0].apply([in_namespace(each) for each in objects])
    holder[0].step(400)
    return holder[0], meter


def _replicas(world: World) -> Any:
    return world.api.get(DEPLOYMENTS, "web", "default")["spec"]["replicas"]


def _conditions(world: World) -> dict[str, tuple[str, str]]:
    status = world.api.get(AUTOSCALERS, "web", "default")["status"]
    return {each["type"]: (each["status"], each["reason"]) for each in status["conditions"]}


def test_load_doubles_the_replicas_until_it_fits() -> None:
    world, meter = _world(deployment(replicas=2, cpu="100m"), autoscaler(maxReplicas=10))
    meter.cores["web"] = 0.1
    world.step(16)
    assert _replicas(world) == 4
    meter.cores["web"] = 0.05
    world.step(60)
    assert _replicas(world) == 4
    message = "New size: 4; reason: cpu resource utilization (percentage of request) above target"
    assert message in events(world, "SuccessfulRescale")
    assert _conditions(world)["ScalingActive"] == ("True", "ValidMetricFound")


def test_scaling_down_waits_for_the_stabilization_window() -> None:
    world, meter = _world(deployment(replicas=4, cpu="100m"), autoscaler(), use=0.0)
    assert _replicas(world) == 1
    meter.cores["web"] = 0.4
    world.step(32)
    assert _replicas(world) >= 4
    world.step(600)
    meter.cores["web"] = 0.01
    world.step(60)
    assert _replicas(world) == 5
    assert _conditions(world)["AbleToScale"] == ("True", "ScaleDownStabilized")
    world.step(300)
    assert _replicas(world) == 1
    again = [each for each in world.api.cached(EVENTS) if each["message"].startswith("New size: 1;")]
    assert [each["count"] for each in again] == [2]


def test_the_maximum_is_named_as_the_limit() -> None:
    world, meter = _world(deployment(replicas=2, cpu="100m"), autoscaler(maxReplicas=3))
    meter.cores["web"] = 1.0
    world.step(60)
    assert _replicas(world) == 3
    assert _conditions(world)["ScalingLimited"] == ("True", "TooManyReplicas")


def test_pods_without_requests_cannot_be_measured() -> None:
    world, meter = _world(deployment(replicas=2), autoscaler())
    meter.cores["web"] = 1.0
    world.step(60)
    assert _replicas(world) == 2
    assert _conditions(world)["ScalingActive"] == ("False", "FailedGetResourceMetric")
    texts = events(world, "FailedGetResourceMetric")
    assert any("missing request for cpu in container main of Pod web-" in each for each in texts)


def test_behavior_limits_the_speed() -> None:
    up = {"policies": [{"type": "Pods", "value": 1, "periodSeconds": 60}]}
    web, scaler = deployment(replicas=2, cpu="100m"), autoscaler(maxReplicas=9, behavior={"scaleUp": up})
    world, meter = _world(web, scaler)
    before = _replicas(world)
    meter.cores["web"] = 1.0
    world.step(45)
    assert _replicas(world) == before + 1
    world.step(60)
    assert _replicas(world) == before + 2


@pytest.mark.parametrize(("current", "proposed", "expected"), [(1, 9, 4), (3, 9, 6), (5, 3, 5), (2, 2, 2), (6, 50, 10)])
def test_built_in_limits(current: int, proposed: int, expected: int) -> None:
    memory = hpa_rules.Memory(recommendations=[(0.0, current)])
    found = hpa_rules.normalize(memory, current, proposed, 1, 10, 10.0, 300.0)
    assert found.replicas == expected
