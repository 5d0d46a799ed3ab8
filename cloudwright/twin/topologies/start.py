"""Worlds from topologies: built, brought to readiness, and given a past."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cloudwright.twin.api import DEPLOYMENTS, EVENTS, PODS, PatchType
from cloudwright.twin.apps.machine import Machine
from cloudwright.twin.clock import parse_timestamp
from cloudwright.twin.controllers.cronjob import note_skipped_runs
from cloudwright.twin.estate import Estate, EstateOptions
from cloudwright.twin.network.plane import External
from cloudwright.twin.objects import is_finished, is_ready
from cloudwright.twin.telemetry.series import RETENTION
from cloudwright.twin.topologies.model import Topology, load_topology, objects_of
from cloudwright.twin.world import DEFAULT_START, World

READY_TIMEOUT = 300.0
EVENT_TTL = 3600.0
_MANAGER = "kubectl-create"
"""Who made the objects of a topology, as their managed fields say."""
_WARM_UP = 100.0


@dataclass(frozen=True)
class Cluster:
    """A world with its estate."""

    world: World
    estate: Estate
    topology: Topology


def machines_of(topology: Topology) -> tuple[Machine, ...]:
    """Fresh machines for the nodes of a topology."""
    return tuple(
        Machine(
            name=node.name,
            address=f"10.0.0.{11 + index}",
            pod_cidr=f"10.244.{index + 1}.0/24",
            cpu=node.cpu,
            memory=node.memory,
            disk=node.disk,
            arch=node.arch,
            labels=dict(node.labels),
        )
        for index, node in enumerate(topology.nodes)
    )


def estate_factory(topology: Topology, *, seed: int = 0, telemetry: bool = True) -> Callable[[World], Estate]:
    """What makes the estate of a topology's world."""

    def make(world: World) -> Estate:
        externals = tuple(External(each.name, each.ip, each.latency) for each in topology.externals)
        options = EstateOptions(externals=externals, seed=seed, telemetry=telemetry)
        estate = Estate(world.api_for("system:node-agent"), world.clock, options)
        world.metrics = estate
        world.server.kubelet = estate
        return estate

    return make


def start(
    topology: Topology | str | Path, *, seed: int = 0, start_at: float = DEFAULT_START, history: bool = True
) -> Cluster:
    """A ready cluster at virtual time `start_at`, with its past behind it.

    Raises:
        TopologyError: the topology cannot be used.
        ApiStatusError: the server refuses one of its objects.
    """
    if not isinstance(topology, Topology):
        topology = load_topology(topology)
    past = topology.past if history else topology.past.model_copy(update={"age": 0.0, "rollout": 0.0})
    factory = estate_factory(topology, seed=seed)
    world = World.create(seed=seed, start=start_at - past.age, agents={"estate": factory})
    estate = world.agents["estate"]
    assert isinstance(estate, Estate)
    for machine in machines_of(topology):
        estate.agent.add_machine(machine)
    world.apply(objects_of(topology, before=past.rollout > 0), _MANAGER)
    world.step_until(lambda: settled(world), READY_TIMEOUT, 5.0)
    if past.rollout > 0:
        skip(world, estate, start_at - past.rollout - world.clock.now())
        _roll_out(world, topology)
        world.step_until(lambda: settled(world), READY_TIMEOUT, 5.0)
    if past.age > 0:
        skip(world, estate, start_at - _WARM_UP - world.clock.now())
        _expire_events(world)
        world.step(10.0)
        before = estate.counts()
        world.step(20.0)
        estate.age(before, 20.0)
        world.step(_WARM_UP - 30.0)
        estate.series.age(start_at - min(past.age, RETENTION))
    return Cluster(world, estate, topology)


def settled(world: World) -> bool:
    """Whether every pod that is not finished is ready, and every Deployment has its replicas up to date."""
    pods = world.api.cached(PODS)
    if not pods or not all(is_finished(pod) or is_ready(pod) for pod in pods):
        return False
    return all(_complete(obj) for obj in world.api.cached(DEPLOYMENTS))


def _complete(obj: Mapping[str, Any]) -> bool:
    status, wanted = obj.get("status") or {}, obj["spec"].get("replicas", 1)
    counts = (status.get("updatedReplicas") or 0, status.get("availableReplicas") or 0, status.get("replicas") or 0)
    return counts == (wanted, wanted, wanted)


def skip(world: World, estate: Estate, seconds: float) -> None:
    """Let time pass in which nothing happens: timers move along, and the nodes are heard of at once."""
    if seconds > 0:
        world.clock.skip(seconds)
        note_skipped_runs(world.api, world.clock.now())
        estate.agent.heartbeats.beat_now()
        estate.traffic.resume()


def _expire_events(world: World) -> None:
    """Events that would have expired during a skipped time are gone."""
    limit = world.clock.now() - EVENT_TTL
    for event in list(world.api.cached(EVENTS)):
        last = event.get("lastTimestamp") or event.get("eventTime") or event["metadata"]["creationTimestamp"]
        if parse_timestamp(last) < limit:
            world.api.delete(EVENTS, event["metadata"]["name"], event["metadata"]["namespace"])


def _roll_out(world: World, topology: Topology) -> None:
    """Bring every workload with a previous revision to its present one."""
    now = {(o["kind"], o["metadata"].get("namespace"), o["metadata"]["name"]): o for o in objects_of(topology)}
    for old in objects_of(topology, before=True):
        new = now[old["kind"], old["metadata"].get("namespace"), old["metadata"]["name"]]
        if old != new and old["kind"] == "Deployment":
            meta = new["metadata"]
            world.api.patch(
                DEPLOYMENTS, meta["name"], meta["namespace"], {"spec": new["spec"]}, type=PatchType.STRATEGIC
            )
