"""A served twin that keeps its state in a file."""

from pathlib import Path

import pytest

from cloudwright.core.errors import UsageError
from cloudwright.evals.serving import build, open_database
from cloudwright.twin.api import CONFIG_MAPS, DEPLOYMENTS, PODS
from cloudwright.twin.topologies.start import settled


def test_a_database_brings_a_twin_back(tmp_path: Path) -> None:
    database, saved = open_database(tmp_path / "twin.db")
    assert saved is None
    world = build(None, saved, 1_767_225_600.0).world
    database.follow(world.store)
    world.api.create(CONFIG_MAPS, {"metadata": {"name": "kept"}, "data": {"a": "b"}}, "default")
    world.api.delete(DEPLOYMENTS, "ads", "shop")
    world.step(60)
    before = {pod["metadata"]["uid"] for pod in world.api.cached(PODS)}
    database.close()

    database, saved = open_database(tmp_path / "twin.db")
    again = build(None, saved, 1_767_232_800.0).world
    assert again.api.get(CONFIG_MAPS, "kept", "default")["data"] == {"a": "b"}
    assert again.api.cached_one(DEPLOYMENTS, "ads", "shop") is None
    again.step_until(lambda: settled(again), 300, 5)
    assert {pod["metadata"]["uid"] for pod in again.api.cached(PODS)} >= before
    again.api.delete(PODS, next(p["metadata"]["name"] for p in again.api.cached(PODS, "shop")), "shop")
    again.step(60)
    uids = [obj["metadata"]["uid"] for _, obj in again.store.snapshot().objects if "uid" in obj["metadata"]]
    assert len(uids) == len(set(uids))
    database.close()


def test_another_kind_of_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "notes.txt"
    path.write_text("no database" * 100)
    with pytest.raises(UsageError, match=r"notes\.txt cannot be used"):
        open_database(path)
