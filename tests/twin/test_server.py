"""The served twin, by HTTP and by the official client's means."""

import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cloudwright.twin.api import CONFIG_MAPS, DEPLOYMENTS, NAMESPACES, PODS, ApiStatusError, Change, PatchType, Resource
from cloudwright.twin.clock import Clock
from cloudwright.twin.local import LocalApi
from cloudwright.twin.persistence import Database
from cloudwright.twin.remote import HttpApi
from cloudwright.twin.server.admin import Admin, decode, encode
from cloudwright.twin.server.exchange import Call
from cloudwright.twin.server.gateway import Gateway
from cloudwright.twin.server.pipeline import ApiServer
from cloudwright.twin.server.protobuf import decode as decode_protobuf
from cloudwright.twin.server.serving import Serving
from cloudwright.twin.server.spdy import Session
from cloudwright.twin.store import Expired, Store

ACCOUNT = {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default", "namespace": "default"}}
POD = {"metadata": {"generateName": "p-"}, "spec": {"containers": [{"name": "a", "image": "i:1"}]}}


def config_map(name: str, **data: str) -> dict[str, Any]:
    """A config map in the default namespace."""
    return {"metadata": {"name": name, "namespace": "default"}, "data": data}


@pytest.fixture
def server() -> ApiServer:
    """A fresh server at a fixed time."""
    made = ApiServer(Store(), Clock(1_767_225_600.0))
    LocalApi(made.store, made.clock, server=made).create(Resource("", "v1", "serviceaccounts"), ACCOUNT)
    return made


@pytest.fixture
def api(server: ApiServer) -> LocalApi:
    """The way in for the world's own parts."""
    return LocalApi(server.store, server.clock, server=server)


@pytest.fixture
def remote(server: ApiServer, tmp_path: Path) -> Iterator[HttpApi]:
    """The same server over HTTPS."""
    with Serving(server) as serving:
        path = tmp_path / "kubeconfig"
        path.write_text(serving.kubeconfig())
        api = HttpApi.from_kubeconfig(path)
        yield api
        serving.application.end_watches()
        api.close()


def test_both_ways_in_show_the_same_objects(api: LocalApi, remote: HttpApi) -> None:
    remote.create(CONFIG_MAPS, config_map("a", x="1"))
    assert api.get(CONFIG_MAPS, "a", "default")["data"] == {"x": "1"}
    remote.patch(CONFIG_MAPS, "a", "default", {"data": {"x": "2"}})
    assert remote.get(CONFIG_MAPS, "a", "default") == api.get(CONFIG_MAPS, "a", "default")
    remote.delete(CONFIG_MAPS, "a", "default")
    with pytest.raises(ApiStatusError) as caught:
        remote.get(CONFIG_MAPS, "a", "default")
    assert (caught.value.code, caught.value.reason) == (404, "NotFound")


def test_an_informer_over_https_sees_what_is_there_and_what_changes(api: LocalApi, remote: HttpApi) -> None:
    api.create(NAMESPACES, {"metadata": {"name": "early"}})
    seen: list[tuple[str, str]] = []

    def handler(change: Change) -> None:
        seen.append((change.type.value, change.obj["metadata"]["name"]))

    remote.subscribe(NAMESPACES, handler)
    assert ("ADDED", "early") in seen
    remote.create(NAMESPACES, {"metadata": {"name": "late"}})
    end = time.monotonic() + 20
    while ("ADDED", "late") not in seen and time.monotonic() < end:
        remote.pump(0.1)
    assert remote.cached_one(NAMESPACES, "late") is not None


def test_a_stale_update_conflicts(api: LocalApi) -> None:
    first = api.create(CONFIG_MAPS, config_map("a", x="1"))
    api.update(CONFIG_MAPS, {**first, "data": {"x": "2"}})
    with pytest.raises(ApiStatusError, match="the object has been modified"):
        api.update(CONFIG_MAPS, {**first, "data": {"x": "3"}})


def test_a_write_that_changes_nothing_keeps_the_version(api: LocalApi) -> None:
    first = api.create(CONFIG_MAPS, config_map("a", x="1"))
    again = api.patch(CONFIG_MAPS, "a", "default", {"data": {"x": "1"}})
    assert again["metadata"]["resourceVersion"] == first["metadata"]["resourceVersion"]


def test_a_bound_pod_goes_gracefully_and_then_at_once(api: LocalApi) -> None:
    pod = api.create(PODS, POD, "default")
    name = pod["metadata"]["name"]
    api.create_subresource(PODS, name, "default", "binding", {"metadata": {"name": name}, "target": {"name": "n"}})
    api.delete(PODS, name, "default")
    marked = api.get(PODS, name, "default")["metadata"]
    assert (marked["deletionTimestamp"], marked["deletionGracePeriodSeconds"]) == ("2026-01-01T00:00:30Z", 30)
    api.delete(PODS, name, "default", grace_period=0)
    assert api.cached_one(PODS, name, "default") is None


def test_finalizers_hold_an_object_until_they_are_gone(api: LocalApi) -> None:
    held = config_map("held")
    held["metadata"]["finalizers"] = ["example.com/keep"]
    api.create(CONFIG_MAPS, held)
    api.delete(CONFIG_MAPS, "held", "default")
    assert api.get(CONFIG_MAPS, "held", "default")["metadata"]["deletionTimestamp"]
    api.patch(CONFIG_MAPS, "held", "default", {"metadata": {"finalizers": None}})
    assert api.cached_one(CONFIG_MAPS, "held", "default") is None


def test_strategic_merge_goes_by_the_containers_names(api: LocalApi) -> None:
    labels = {"app": "a"}
    spec = {"containers": [{"name": "a", "image": "a:1"}, {"name": "b", "image": "b:1"}]}
    template = {"metadata": {"labels": labels}, "spec": spec}
    body = {"metadata": {"name": "d"}, "spec": {"selector": {"matchLabels": labels}, "template": template}}
    api.create(DEPLOYMENTS, body, "default")
    patch = {"spec": {"template": {"spec": {"containers": [{"name": "b", "image": "b:2"}]}}}}
    stored = api.patch(DEPLOYMENTS, "d", "default", patch, type=PatchType.STRATEGIC)
    assert [(c["name"], c["image"]) for c in stored["spec"]["template"]["spec"]["containers"]] == [
        ("a", "a:1"),
        ("b", "b:2"),
    ]
    assert stored["metadata"]["generation"] == 2


def test_the_audit_log_has_user_verb_object_and_code(server: ApiServer) -> None:
    gateway = Gateway(server)
    lines: list[str] = []
    gateway.audit.sinks.append(lines.append)
    answer = gateway.respond(Call("GET", "/api/v1/namespaces/default/pods/x"))
    event = json.loads(lines[0])
    assert answer.code == event["responseStatus"]["code"] == 403
    assert event["user"]["username"] == "system:anonymous"
    assert event["objectRef"] == {"resource": "pods", "namespace": "default", "name": "x", "apiVersion": "v1"}
    assert event["annotations"]["authorization.k8s.io/decision"] == "forbid"


def test_a_wrong_token_is_nobody(server: ApiServer) -> None:
    answer = Gateway(server).respond(Call("GET", "/api/v1/nodes", headers=(("authorization", "Bearer x"),)))
    assert (answer.code, answer.obj["reason"]) == (401, "Unauthorized")


def test_a_fork_and_its_origin_do_not_see_each_other(api: LocalApi) -> None:
    api.create(CONFIG_MAPS, config_map("a", x="1"))
    copy = api.store.fork()
    other = LocalApi(copy, api.clock)
    other.patch(CONFIG_MAPS, "a", "default", {"data": {"x": "2"}})
    api.create(CONFIG_MAPS, config_map("b"))
    assert api.get(CONFIG_MAPS, "a", "default")["data"] == {"x": "1"}
    assert other.cached_one(CONFIG_MAPS, "b", "default") is None


def test_forgotten_history_is_told(api: LocalApi) -> None:
    version = int(api.create(CONFIG_MAPS, config_map("a"))["metadata"]["resourceVersion"])
    assert api.store.since(version - 1)
    api.store.compact()
    with pytest.raises(Expired):
        api.store.since(version - 1)


def test_a_database_brings_back_the_state(api: LocalApi, tmp_path: Path) -> None:
    first = Database(tmp_path / "twin.db")
    assert first.load() is None
    first.follow(api.store)
    api.create(CONFIG_MAPS, config_map("a", x="1"))
    api.create(CONFIG_MAPS, config_map("gone"))
    api.delete(CONFIG_MAPS, "gone", "default")
    first.close()
    second = Database(tmp_path / "twin.db")
    snapshot = second.load()
    second.close()
    assert snapshot is not None
    store = Store.from_snapshot(snapshot)
    assert store.snapshot() == api.store.snapshot()


def test_a_snapshot_is_restored_as_changes(server: ApiServer, api: LocalApi) -> None:
    class World:
        store = server.store

        def settle(self) -> None:
            """Nothing reacts here."""

    gateway = Gateway(server)

    def never() -> Serving:
        raise AssertionError("nobody forks")

    Admin(gateway, World(), never)
    api.create(CONFIG_MAPS, config_map("kept", x="1"))
    document = encode(server.store.snapshot())
    api.patch(CONFIG_MAPS, "kept", "default", {"data": {"x": "2"}})
    api.create(CONFIG_MAPS, config_map("later"))
    assert gateway.respond(Call("POST", "/twin/restore", body=json.dumps(document).encode())).code == 403
    server.store.restore(decode(document))
    assert api.get(CONFIG_MAPS, "kept", "default")["data"] == {"x": "1"}
    assert api.cached_one(CONFIG_MAPS, "later", "default") is None


def test_protobuf_bodies_are_read_by_field_numbers() -> None:
    name = b"\x0a\x01a"
    body = b"\x0a" + bytes([len(name)]) + name + b"\x12\x06\x0a\x01k\x12\x01v"
    meta = b"\x0a\x02v1\x12\x09ConfigMap"
    envelope = b"k8s\x00\x0a" + bytes([len(meta)]) + meta + b"\x12" + bytes([len(body)]) + body
    from cloudwright.twin.schema.types import find_kind

    found = decode_protobuf(envelope, find_kind)
    assert found == {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "a"}, "data": {"k": "v"}}
    with pytest.raises(ApiStatusError, match="protobuf"):
        decode_protobuf(envelope[:-3], find_kind)


def test_a_broken_tunnel_closes_its_session() -> None:
    session = Session()
    session.feed(b"\x80\x03\x00\x01\x00\x00\x00\x0c" + b"\x00\x00\x00\x01" + b"\x00" * 6 + b"zz")
    assert session.closed
