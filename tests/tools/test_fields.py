"""Field-by-field comparison: every difference is found, and writing it back gives the state before."""

import copy
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from cloudwright.core.change import ABSENT
from cloudwright.tools.kubernetes import fields


def deployment(**container: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": "web", "labels": {"app.kubernetes.io/name": "web"}, "resourceVersion": "1"},
        "spec": {"replicas": 2, "template": {"spec": {"containers": [{"name": "api", "image": "a:1", **container}]}}},
        "status": {"replicas": 2},
    }


def paths(before: dict[str, Any], after: dict[str, Any], intent: dict[str, Any] | None = None) -> dict[str, Any]:
    return {change.path: (change.before, change.after) for change in fields.diff(before, after, intent)}


def test_list_elements_are_named_by_their_key() -> None:
    assert paths(deployment(), deployment(image="a:2")) == {"spec.template.spec.containers[api].image": ("a:1", "a:2")}


def test_what_the_server_keeps_is_no_difference() -> None:
    after = deployment()
    after["metadata"]["resourceVersion"] = "2"
    after["metadata"]["managedFields"] = [{"manager": "x"}]
    after["status"] = {"replicas": 5}
    assert paths(deployment(), after) == {}


def test_label_keys_with_dots_survive_a_round_trip() -> None:
    tokens = ("metadata", "labels", "app.kubernetes.io/name")
    assert fields.split(fields.join(tokens)) == tokens
    assert fields.read(deployment(), tokens) == "web"


def test_defaults_inside_something_new_are_left_out_and_injected_containers_are_not() -> None:
    after = deployment()
    after["spec"]["template"]["spec"]["containers"] += [
        {"name": "side", "image": "b:1", "terminationMessagePath": "/dev/termination-log"},
        {"name": "injected", "image": "c:1"},
    ]
    intent = deployment()
    intent["spec"]["template"]["spec"]["containers"].append({"name": "side", "image": "b:1"})
    found = paths(deployment(), after, intent)
    assert found["spec.template.spec.containers[side]"] == (ABSENT, {"name": "side", "image": "b:1"})
    assert found["spec.template.spec.containers[injected]"][1] == {"name": "injected", "image": "c:1"}


def test_an_element_taken_from_the_middle_comes_back_in_its_place() -> None:
    before = deployment(env=[{"name": "A", "value": "1"}, {"name": "B", "value": "$(A)"}])
    after = deployment(env=[{"name": "B", "value": "$(A)"}])
    changes = fields.diff(before, after)
    assert "spec.template.spec.containers[api].env[]" in {change.path for change in changes}
    assert fields.write(after, [(change.path, change.before) for change in changes]) == before


def test_service_ports_are_told_apart_by_port_and_protocol() -> None:
    before = {"spec": {"ports": [{"port": 53, "protocol": "UDP", "targetPort": 1}, {"port": 53, "targetPort": 1}]}}
    after = copy.deepcopy(before)
    after["spec"]["ports"][0]["targetPort"] = 2
    assert paths(before, after) == {"spec.ports[53/UDP].targetPort": (1, 2)}


def test_creation_shows_what_the_manifest_says_and_no_defaults() -> None:
    manifest = {"apiVersion": "v1", "kind": "Service", "metadata": {"name": "web"}, "spec": {"ports": [{"port": 80}]}}
    server = {
        **manifest,
        "metadata": {"name": "web", "namespace": "x", "uid": "u"},
        "spec": {"clusterIP": "10.0.0.7", "ports": [{"port": 80, "protocol": "TCP", "targetPort": 80}]},
    }
    assert [(change.path, change.after) for change in fields.creation(server, manifest)] == [
        ("spec.ports[80/TCP].port", 80)
    ]


names = st.sampled_from(["a", "b", "name", "app.io/x", "w]ird", "é", "7", "[", '"', "x y"])
scalars = st.none() | st.booleans() | st.integers(-5, 5) | st.sampled_from(["", "v", "w"])


def keyed_lists(values: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    element = st.builds(lambda name, value: {"name": name, "value": value}, names, values)
    return st.lists(element, max_size=5, unique_by=lambda item: str(item["name"]))


values = st.recursive(
    scalars,
    lambda inner: st.lists(scalars, max_size=3) | st.dictionaries(names, inner, max_size=4) | keyed_lists(inner),
    max_leaves=8,
)
objects = st.dictionaries(names, values, max_size=4).map(lambda spec: {"kind": "Thing", "spec": spec})


@given(objects, objects)
def test_writing_back_every_before_value_gives_the_state_before(before: dict[str, Any], after: dict[str, Any]) -> None:
    changes = fields.diff(before, after)
    assert fields.write(after, [(change.path, change.before) for change in changes]) == before


@given(objects, objects)
def test_every_change_can_be_read_at_its_path(before: dict[str, Any], after: dict[str, Any]) -> None:
    for change in fields.diff(before, after):
        assert fields.read(before, fields.split(change.path)) == change.before
        assert fields.read(after, fields.split(change.path)) == change.after


@given(st.lists(st.text(max_size=8), min_size=1, max_size=5))
def test_paths_survive_being_written_and_read(tokens: list[str]) -> None:
    assert fields.split(fields.join(tokens)) == tuple(tokens)
