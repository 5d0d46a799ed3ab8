"""Worlds: deterministic, copyable, independent of each other."""

import hashlib
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from cloudwright.twin.api import CONFIG_MAPS, DEPLOYMENTS, EVENTS, PODS, PatchType, Resource
from cloudwright.twin.world import Livelock, World
from tests.twin.differential.manifests import cron_job, deployment, service
from tests.twin.lab import audit, in_namespace, kubelets, make_world, names


def _life(seed: int) -> World:
    """Half an hour with roll-outs, a lost node and jobs."""
    world = make_world(seed=seed)
    world.apply([in_namespace(each) for each in (deployment(replicas=4), service(), cron_job())])
    world.step(120)
    image = {"spec": {"template": {"spec": {"containers": [{"name": "main", "image": "app:2"}]}}}}
    world.api.patch(DEPLOYMENTS, "web", "default", image, type=PatchType.STRATEGIC)
    world.step(60)
    kubelets(world).silent.add("node-2")
    world.step(1600)
    return world


def _everything(world: World) -> list[object]:
    return [world.store.objects(kind) for kind in world.store.kinds()]


def test_same_seed_same_history() -> None:
    one, two = _life(7), _life(7)
    assert audit(one) == audit(two)
    assert _everything(one) == _everything(two)
    assert one.store.revision == two.store.revision


def test_another_seed_gives_other_names() -> None:
    assert audit(_life(7)) != audit(_life(8))


def test_history_does_not_depend_on_the_process() -> None:
    program = "from tests.twin.test_world import _digest; print(_digest(5))"
    digests = {
        subprocess.run(
            [sys.executable, "-c", program],
            capture_output=True,
            text=True,
            check=True,
            env={**os.environ, "PYTHONHASHSEED": seed, "PYTHONPATH": str(Path(__file__).parents[2])},
        ).stdout
        for seed in ("1", "2", "3")
    }
    assert len(digests) == 1


def _digest(seed: int) -> str:
    text = json.dumps([audit(_life(seed)), _everything(_life(seed))], sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()


def test_a_fork_does_not_touch_its_origin_and_goes_on_alike() -> None:
    world = _life(3)
    before = _everything(world)
    copy = world.fork()
    copy.api.delete(DEPLOYMENTS, "web", "default")
    copy.step(60)
    assert names(copy, DEPLOYMENTS) == []
    assert _everything(world) == before
    assert names(world, DEPLOYMENTS) == ["web"]


def test_two_forks_of_one_world_live_the_same_life() -> None:
    world = _life(3)
    lives = []
    for copy in (world.fork(), world.fork()):
        copy.api.patch(DEPLOYMENTS, "web", "default", {"spec": {"replicas": 6}})
        copy.step(300)
        lives.append(_everything(copy))
    assert lives[0] == lives[1]


def test_a_world_at_rest_stays_as_it_is_through_a_snapshot() -> None:
    world = make_world()
    world.apply([in_namespace(deployment())])
    world.step(60)
    copy = world.fork()
    assert _everything(copy) == _everything(world)
    copy.step(30)
    assert names(copy, PODS) == names(world, PODS)


def test_twenty_worlds_side_by_side_do_not_disturb_each_other() -> None:
    worlds = [make_world(seed=number) for number in range(20)]
    for number, world in enumerate(worlds):
        world.apply([in_namespace(deployment(f"web-{number}", replicas=1 + number % 4))])
    for _ in range(12):
        for world in worlds:
            world.step(10)
    for number, world in enumerate(worlds):
        alone = make_world(seed=number)
        alone.apply([in_namespace(deployment(f"web-{number}", replicas=1 + number % 4))])
        for _ in range(12):
            alone.step(10)
        assert _everything(world) == _everything(alone)


def test_worlds_on_threads_do_not_disturb_each_other() -> None:
    finished: dict[int, list[object]] = {}

    def live(seed: int) -> None:
        finished[seed] = _everything(_life(seed))

    threads = [threading.Thread(target=live, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert finished[2] == _everything(_life(2))


def test_two_that_undo_each_other_are_found_out() -> None:
    class Quarrel:
        def run_once(self) -> bool:
            return True

        def close(self) -> None:
            return

        def snapshot(self) -> None:
            return

        def restore(self, state: object) -> None:
            return

    world = make_world(0)
    world.add_agent("quarrel", Quarrel())
    with pytest.raises(Livelock, match="no rest"):
        world.settle()


def test_real_time_follows_the_wall_clock_and_wakes_on_writes() -> None:
    world = make_world()
    start = world.clock.now()
    stop = world.run_realtime(speed=600)
    try:
        with world.lock:
            world.api.create(DEPLOYMENTS, in_namespace(deployment()), "default")
        end = time.monotonic() + 20
        while time.monotonic() < end:
            with world.lock:
                found = world.api.get(DEPLOYMENTS, "web", "default").get("status", {}).get("readyReplicas")
            if found == 3:
                break
            time.sleep(0.01)
        assert found == 3
        assert world.clock.now() > start
    finally:
        stop()


def test_the_authority_is_published_in_every_namespace() -> None:
    world = make_world(0)
    world.trust("PEM")
    spaces = [each["metadata"]["name"] for each in world.api.cached(Resource("", "v1", "namespaces"))]
    for space in spaces:
        assert world.api.get(CONFIG_MAPS, "kube-root-ca.crt", space)["data"] == {"ca.crt": "PEM"}


def test_five_minutes_of_eviction_cost_no_waiting() -> None:
    world = make_world()
    world.apply([in_namespace(deployment())])
    world.step(30)
    kubelets(world).silent.add("node-1")
    assert world.step_until(
        lambda: any(each["reason"] == "TaintManagerEviction" for each in world.api.cached(EVENTS)), 600
    )
