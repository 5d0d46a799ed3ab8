"""The node agent drives simulated nodes of a real API server: real controllers and a real scheduler do the rest."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from cloudwright.twin.api import DEPLOYMENTS, ENDPOINT_SLICES, NODES, PODS, SERVICES, ApiStatusError
from cloudwright.twin.apps.machine import Machine
from cloudwright.twin.clock import Clock
from cloudwright.twin.estate import Estate, EstateOptions
from cloudwright.twin.objects import is_ready, labels_of
from cloudwright.twin.remote import HttpApi, run_for
from tests.servers.apiserver import ControlPlane, assets
from tests.servers.fixtures import NO_SERVERS


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    programs = assets()
    if programs is None:
        pytest.skip(NO_SERVERS)
    with ControlPlane(programs, tmp_path_factory.mktemp("agent"), nodes=0) as plane:
        yield plane


class Driven:
    """Two machines on a real server."""

    def __init__(self, plane: ControlPlane) -> None:
        self.api = HttpApi.from_kubeconfig(plane.kubeconfig)
        self.clock = Clock(time.time())
        self.estate = Estate(self.api, self.clock, EstateOptions(telemetry=False))
        for index in (1, 2):
            machine = Machine(f"agent-{index}", f"10.0.0.{10 + index}", f"10.244.{index}.0/24")
            self.estate.agent.add_machine(machine)
            # The control plane under test runs no node lifecycle controller, which would take this taint away.
            self.api.patch(NODES, machine.name, None, {"spec": {"taints": None}})

    def reaches(self, condition: Any, seconds: float = 40) -> bool:
        return run_for(self.api, self.clock, self.estate.run_once, condition, seconds)

    def pods(self, namespace: str) -> list[Any]:
        return self.api.cached(PODS, namespace)


@pytest.fixture(scope="module")
def driven(plane: ControlPlane) -> Iterator[Driven]:
    driven = Driven(plane)
    yield driven
    driven.estate.close()
    driven.api.close()


def deployment(name: str, image: str, replicas: int) -> dict[str, Any]:
    probe = {"httpGet": {"path": "/hostname", "port": 8080}, "periodSeconds": 1}
    container = {
        "name": "web",
        "image": image,
        "command": ["httpd", "-f", "-p", "8080", "-h", "/etc"],
        "readinessProbe": probe,
    }
    template = {
        "metadata": {"labels": {"app": name}},
        "spec": {"containers": [container], "terminationGracePeriodSeconds": 1},
    }
    spec = {"replicas": replicas, "selector": {"matchLabels": {"app": name}}, "template": template}
    return {"apiVersion": "apps/v1", "kind": "Deployment", "metadata": {"name": name}, "spec": spec}


def test_deployment_becomes_available_with_endpoints(plane: ControlPlane, driven: Driven) -> None:
    space = plane.new_namespace("agent-web")
    driven.api.create(DEPLOYMENTS, deployment("web", "busybox:1.36", 3), space)
    service = {
        "metadata": {"name": "web"},
        "spec": {"selector": {"app": "web"}, "ports": [{"port": 80, "targetPort": 8080}]},
    }
    driven.api.create(SERVICES, {"apiVersion": "v1", "kind": "Service", **service}, space)
    assert driven.reaches(lambda: len([pod for pod in driven.pods(space) if is_ready(pod)]) == 3)
    addresses = {pod["status"]["podIP"] for pod in driven.pods(space)}

    def served() -> bool:
        slices = [
            each
            for each in driven.api.cached(ENDPOINT_SLICES, space)
            if labels_of(each).get("kubernetes.io/service-name") == "web"
        ]
        ready = {
            a
            for each in slices
            for e in each.get("endpoints") or ()
            if e["conditions"]["ready"]
            for a in e["addresses"]
        }
        return ready == addresses

    assert driven.reaches(served)
    assert driven.reaches(lambda: driven.api.get(DEPLOYMENTS, "web", space)["status"].get("availableReplicas") == 3)
    answer = driven.estate.exec(
        space,
        driven.pods(space)[0]["metadata"]["name"],
        "web",
        ["wget", "-qO-", f"http://{sorted(addresses)[0]}:8080/hostname"],
        stdin=None,
        tty=False,
    )
    assert answer.exit_code == 0


def test_wrong_image_waits_and_deleted_pod_goes(plane: ControlPlane, driven: Driven) -> None:
    space = plane.new_namespace("agent-bad")
    driven.api.create(DEPLOYMENTS, deployment("bad", "busybox:9.99", 1), space)

    def waiting() -> bool:
        statuses = [s for pod in driven.pods(space) for s in (pod.get("status") or {}).get("containerStatuses") or ()]
        return any(
            s["state"].get("waiting", {}).get("reason") in ("ErrImagePull", "ImagePullBackOff") for s in statuses
        )

    assert driven.reaches(waiting)
    name = driven.pods(space)[0]["metadata"]["name"]
    driven.api.delete(PODS, name, space)

    def gone() -> bool:
        try:
            driven.api.get(PODS, name, space)
        except ApiStatusError as error:
            return error.code == 404
        return False

    assert driven.reaches(gone)


def test_nodes_are_ready(plane: ControlPlane, driven: Driven) -> None:
    def ready() -> bool:
        nodes = driven.api.cached(NODES)
        return len(nodes) == 2 and all(is_ready(node) for node in nodes)

    assert driven.reaches(ready)
