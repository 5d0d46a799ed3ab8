"""Who feels a change, computed from lists of objects."""

from collections.abc import Sequence
from typing import Any

from cloudwright.core.refs import ObjectRef
from cloudwright.tools.kubernetes import blast, placement
from cloudwright.tools.kubernetes.moved import Moved
from cloudwright.tools.kubernetes.objects import names, ref_of
from cloudwright.tools.kubernetes.ownership import last_writer
from cloudwright.tools.kubernetes.programs import why_not_read_only


class Objects:
    """A world of given objects."""

    def __init__(self, **kinds: list[dict[str, Any]]) -> None:
        self._kinds = kinds

    def items(self, kind: str, namespace: str) -> Sequence[dict[str, Any]]:
        found = self._kinds.get(kind.split(".")[0], [])
        return [item for item in found if not namespace or item["metadata"].get("namespace") == namespace]

    def namespaced_kinds(self) -> Sequence[str]:
        return list(self._kinds)


def thing(kind: str, name: str, uid: str = "", owner: str = "", **rest: Any) -> dict[str, Any]:
    metadata: dict[str, Any] = {"name": name, "namespace": "shop", "uid": uid or name, **rest.pop("metadata", {})}
    if owner:
        metadata["ownerReferences"] = [{"kind": "X", "name": owner, "uid": owner}]
    return {"kind": kind, "apiVersion": "v1", "metadata": metadata, **rest}


def pod(name: str, owner: str = "rs", **spec: Any) -> dict[str, Any]:
    status = {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}
    return thing("Pod", name, owner=owner, metadata={"labels": {"app": "web"}}, spec=spec, status=status)


def deployment(replicas: int = 2, image: str = "a:1", **spec: Any) -> dict[str, Any]:
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [{"name": "c", "image": image}]}}
    selector = {"matchLabels": {"app": "web"}}
    return thing("Deployment", "web", spec={"replicas": replicas, "selector": selector, "template": template, **spec})


REF = ObjectRef(kind="Deployment", name="web", namespace="shop")
SERVICE = thing("Service", "web", spec={"selector": {"app": "web"}})


def texts(moved: Moved, world: Objects) -> list[str]:
    return [f"{impact.level}: {impact.text}" for impact in blast.radius([moved], world)]


def test_a_new_template_restarts_the_pods_and_recreate_all_at_once() -> None:
    world = Objects(pods=[pod("web-1"), pod("web-2")])
    rolling = texts(Moved(REF, deployment(), deployment(image="a:2")), world)
    assert rolling == ["warning: Restarts 2 pods of Deployment web in shop by turns: web-1, web-2."]
    recreate = {"strategy": {"type": "Recreate"}}
    assert "danger: Restarts 2 pods" in texts(Moved(REF, deployment(), deployment(image="a:2", **recreate)), world)[0]


def test_a_paused_workload_restarts_nothing_yet() -> None:
    world = Objects(pods=[pod("web-1")])
    assert texts(Moved(REF, deployment(), deployment(image="a:2", paused=True)), world)[0].startswith("info")


def test_scaling_to_nothing_takes_a_service_its_endpoints() -> None:
    found = texts(Moved(REF, deployment(), deployment(replicas=0)), Objects(pods=[pod("web-1")], services=[SERVICE]))
    assert "danger: Service web loses all its endpoints." in found


def test_an_autoscaler_fights_a_scaling() -> None:
    target = {"scaleTargetRef": {"kind": "Deployment", "name": "web"}, "minReplicas": 2, "maxReplicas": 5}
    scaler = thing("HorizontalPodAutoscaler", "web", spec=target)
    found = texts(Moved(REF, deployment(), deployment(replicas=9)), Objects(horizontalpodautoscalers=[scaler]))
    assert any("keeps 2 to 5 replicas" in text for text in found)


def test_a_quota_says_what_is_left_and_what_is_not_made() -> None:
    quota = thing("ResourceQuota", "q", status={"hard": {"pods": "4"}, "used": {"pods": "2"}})
    world = Objects(resourcequotas=[quota])
    within = texts(Moved(REF, deployment(), deployment(replicas=4)), world)
    assert "info: Quota q: pods 4 of 4 afterwards." in within
    beyond = texts(Moved(REF, deployment(), deployment(replicas=5)), world)
    assert "danger: Quota q: pods 5 of 4 afterwards; what is beyond it is not made." in beyond


def test_garbage_collection_takes_all_generations_and_orphaning_none() -> None:
    world = Objects(
        replicasets=[thing("ReplicaSet", "rs", owner="web")], pods=[pod("web-1"), pod("other", owner="elsewhere")]
    )
    deleted = Moved(REF, deployment(), {}, "delete")
    assert "danger: Garbage collection takes along 1 ReplicaSet, 1 Pod." in texts(deleted, world)
    orphaned = texts(Moved(REF, deployment(), {}, "delete", "Orphan"), world)
    assert orphaned == ["warning: 2 owned objects stay without an owner: 1 ReplicaSet, 1 Pod."]


def test_several_deletions_are_counted_together() -> None:
    pods = [pod("web-1"), pod("web-2")]
    moved = [Moved(ref_of(item), item, {}, "delete") for item in pods]
    found = [impact.text for impact in blast.radius(moved, Objects(pods=pods, services=[SERVICE]))]
    assert found == ["Service web goes from 2 to 0 ready endpoints."]


def test_a_deleted_config_map_names_who_needs_it() -> None:
    user = deployment()
    user["spec"]["template"]["spec"]["containers"][0]["envFrom"] = [{"configMapRef": {"name": "settings"}}]
    config = thing("ConfigMap", "settings", data={})
    moved = Moved(ObjectRef(kind="ConfigMap", name="settings", namespace="shop"), config, {}, "delete")
    assert any("1 Deployment use" in text for text in texts(moved, Objects(deployments=[user])))


def test_a_no_execute_taint_names_the_pods_that_must_go() -> None:
    tolerant = pod("b", nodeName="n", tolerations=[{"key": "x", "operator": "Exists"}])
    world = Objects(pods=[pod("a", nodeName="n"), tolerant])
    taint = {"key": "x", "effect": "NoExecute"}
    moved = Moved(ObjectRef(kind="Node", name="n"), {"spec": {}}, {"spec": {"taints": [taint]}})
    assert "Stops 1 pod on Node n for want of a toleration of x:NoExecute: a." in texts(moved, world)[0]


def node(name: str, **spec: Any) -> dict[str, Any]:
    status = {
        "conditions": [{"type": "Ready", "status": "True"}],
        "allocatable": {"cpu": "1", "memory": "1Gi", "pods": "10"},
    }
    return {"kind": "Node", "metadata": {"name": name, "labels": {"zone": "a"}}, "spec": spec, "status": status}


def needing(cpu: str, **spec: Any) -> dict[str, Any]:
    return pod(f"p-{cpu}", containers=[{"name": "c", "resources": {"requests": {"cpu": cpu}}}], **spec)


def test_pods_that_fit_nowhere_are_named() -> None:
    nodes = [node("n1"), node("n2", unschedulable=True)]
    big, small, smaller = needing("2"), needing("700m"), needing("400m")
    assert placement.homeless([big, small, smaller], nodes, []) == [big, smaller]
    assert placement.homeless([smaller], nodes, [{**small, "spec": {**small["spec"], "nodeName": "n1"}}]) == [smaller]


def test_node_rules_decide_where_a_pod_may_go() -> None:
    tainted = node("n", taints=[{"key": "gpu", "effect": "NoSchedule"}])
    assert not placement.accepts(tainted, pod("a"))
    assert placement.accepts(tainted, pod("a", tolerations=[{"key": "gpu", "operator": "Exists"}]))
    assert not placement.accepts(node("n"), pod("a", nodeSelector={"zone": "b"}))
    terms = [{"matchExpressions": [{"key": "zone", "operator": "In", "values": ["a"]}]}]
    affinity = {"nodeAffinity": {"requiredDuringSchedulingIgnoredDuringExecution": {"nodeSelectorTerms": terms}}}
    assert placement.accepts(node("n"), pod("a", affinity=affinity))


def test_the_last_writer_of_a_field_is_found_through_lists_and_maps() -> None:
    def entry(manager: str, time: str, owned: dict[str, Any]) -> dict[str, Any]:
        return {"manager": manager, "time": time, "fieldsV1": owned}

    container = {"f:template": {"f:spec": {"f:containers": {'k:{"name":"api"}': {"f:image": {}}}}}}
    obj = {
        "metadata": {
            "managedFields": [
                entry("first", "2026-01-01", {"f:spec": {"f:replicas": {}}}),
                entry("second", "2026-01-02", {"f:spec": container}),
            ]
        }
    }
    image = ("spec", "template", "spec", "containers", "api", "image")
    assert last_writer(obj, image) == "second at 2026-01-02"
    assert last_writer(obj, ("spec", "replicas")) == "first at 2026-01-01"
    assert last_writer(obj, ("data", "x")) == ""


def test_only_programs_that_look_pass_with_arguments_that_look() -> None:
    for command in (["ls", "-la", "/etc"], ["cat", "/etc/hosts"], ["head", "-n", "5", "/var/log/app.log"], ["date"]):
        assert why_not_read_only(command) == "", command
    for command in (
        ["sh", "-c", "ls"], ["/tmp/ls"], ["env", "rm"], ["date", "-s", "1"], ["tail", "-f", "/x"], ["cat"],
        ["cat", "/proc/1/environ"], ["cat", "/var/run/secrets/kubernetes.io/serviceaccount/token"],
        ["cat", "/etc/../proc/1/environ"], ["hostname", "evil"], ["wc", "--files0-from=/x"], ["cat", "-"], [],
        ["LS"], ["ls\n"], ["cat", "/app/.env"], ["ls", "-l;rm", "/"], ["top"], ["ps", "--help"],
    ):  # fmt: skip
        assert why_not_read_only(command), command


def test_a_service_of_several_namespaces_is_named_with_its_own() -> None:
    there = {"labels": {"app": "web"}, "namespace": "desk"}
    other = {**pod("web-9"), "metadata": {**pod("web-9")["metadata"], **there}}
    services = [SERVICE, thing("Service", "web", metadata={"namespace": "desk"}, spec={"selector": {"app": "web"}})]
    world = Objects(pods=[pod("web-1"), other], services=services)
    both = blast.radius([Moved(ref_of(gone), gone, {}, "delete") for gone in (pod("web-1"), other)], world)
    assert [impact.text for impact in both] == [
        "Service web in shop goes from 1 to 0 ready endpoints.",
        "Service web in desk goes from 1 to 0 ready endpoints.",
    ]
    one = blast.radius([Moved(ref_of(other), other, {}, "delete")], world)
    assert [impact.text for impact in one] == ["Service web goes from 1 to 0 ready endpoints."]


def test_pods_are_named_by_namespace_and_none_of_a_dozen_is_hidden() -> None:
    mine = [pod(f"web-{number}") for number in range(13)]
    assert names(mine) == ", ".join(f"web-{number}" for number in range(13))
    other = thing("Pod", "mail-1", metadata={"namespace": "desk"})
    assert names([*mine[:2], other]) == "web-0, web-1 in shop; mail-1 in desk"
    assert names([pod(str(number)) for number in range(32)]).endswith(", 29 and 2 more")
