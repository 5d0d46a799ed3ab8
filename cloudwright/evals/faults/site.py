"""A running twin as fault actions and checks see it: only API requests, plus the world outside the API."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from cloudwright.twin.api import (
    ENDPOINT_SLICES,
    EVENTS,
    JOBS,
    NODES,
    PODS,
    Api,
    ApiStatusError,
    Obj,
    PatchType,
    Resource,
)
from cloudwright.twin.apps.machine import Edge
from cloudwright.twin.kubelet import LogOptions
from cloudwright.twin.objects import condition_is, created_at, is_finished, is_ready, labels_of
from cloudwright.twin.topologies.start import Cluster, settled

RESTARTED = "kubectl.kubernetes.io/restartedAt"
KINDS = {
    "deployment": Resource("apps", "v1", "deployments"),
    "statefulset": Resource("apps", "v1", "statefulsets"),
    "daemonset": Resource("apps", "v1", "daemonsets"),
    "replicaset": Resource("apps", "v1", "replicasets"),
    "service": Resource("", "v1", "services"),
    "configmap": Resource("", "v1", "configmaps"),
    "secret": Resource("", "v1", "secrets"),
    "serviceaccount": Resource("", "v1", "serviceaccounts"),
    "namespace": Resource("", "v1", "namespaces"),
    "node": NODES,
    "pod": PODS,
    "persistentvolumeclaim": Resource("", "v1", "persistentvolumeclaims"),
    "persistentvolume": Resource("", "v1", "persistentvolumes"),
    "resourcequota": Resource("", "v1", "resourcequotas"),
    "limitrange": Resource("", "v1", "limitranges"),
    "networkpolicy": Resource("networking.k8s.io", "v1", "networkpolicies"),
    "ingress": Resource("networking.k8s.io", "v1", "ingresses"),
    "poddisruptionbudget": Resource("policy", "v1", "poddisruptionbudgets"),
    "horizontalpodautoscaler": Resource("autoscaling", "v2", "horizontalpodautoscalers"),
    "cronjob": Resource("batch", "v1", "cronjobs"),
    "job": JOBS,
    "role": Resource("rbac.authorization.k8s.io", "v1", "roles"),
    "rolebinding": Resource("rbac.authorization.k8s.io", "v1", "rolebindings"),
    "validatingwebhookconfiguration": Resource("admissionregistration.k8s.io", "v1", "validatingwebhookconfigurations"),
    "storageclass": Resource("storage.k8s.io", "v1", "storageclasses"),
    "priorityclass": Resource("scheduling.k8s.io", "v1", "priorityclasses"),
}
_CLUSTER = {"namespace", "node", "persistentvolume", "validatingwebhookconfiguration", "storageclass", "priorityclass"}
_FORMS = {"merge": PatchType.MERGE, "json": PatchType.JSON, "strategic": PatchType.STRATEGIC}


class Site:
    """Actions and checks over one cluster; names without a namespace are in `namespace`."""

    def __init__(self, cluster: Cluster, namespace: str = "shop", user: str = "operator") -> None:
        self.cluster = cluster
        self.namespace = namespace
        self.world, self.estate = cluster.world, cluster.estate
        self.api: Api = cluster.world.api_for(user)

    def fork(self) -> "Site":
        """The same site in an independent copy of the world."""
        world = self.world.fork()
        estate: Any = world.agents["estate"]
        return Site(Cluster(world, estate, self.cluster.topology), self.namespace)

    # actions

    def do(self, action: Mapping[str, Any]) -> None:
        """Carry one action out.

        Raises:
            ApiStatusError: the server refuses it.
            ValueError: there is no such action.
        """
        for name, target in action.items():
            handler: Callable[[Any, Mapping[str, Any]], None] | None = getattr(self, f"_do_{name}", None)
            if handler is not None:
                handler(target, action)
                self.world.settle()
                return
        raise ValueError(f"unknown action {sorted(action)}")

    def where(self, target: str) -> tuple[Resource, str, str | None]:
        """Resource, name and namespace of "kind/name", "namespace:kind/name"."""
        namespace, separator, rest = target.rpartition(":")
        kind, _, name = rest.partition("/")
        place = None if kind in _CLUSTER else namespace if separator else self.namespace
        return KINDS[kind], name, place

    def get(self, target: str) -> Obj:
        """An object."""
        resource, name, namespace = self.where(target)
        return self.api.get(resource, name, namespace)

    def _do_patch(self, target: str, action: Mapping[str, Any]) -> None:
        resource, name, namespace = self.where(target)
        form = next(form for form in _FORMS if form in action)
        subresource = str(action.get("subresource", ""))
        self.api.patch(resource, name, namespace, action[form], type=_FORMS[form], subresource=subresource)

    def _do_container(self, target: str, action: Mapping[str, Any]) -> None:
        """Merge fields into the container of a workload that bears its name."""
        resource, name, namespace = self.where(target)
        patch: Obj = {"spec": {"containers": [{"name": action.get("of", name), **action["set"]}]}}
        template: Obj = {"spec": {"template": patch}}
        if resource.plural == "cronjobs":
            template = {"spec": {"jobTemplate": template}}
        self.api.patch(resource, name, namespace, template, type=PatchType.STRATEGIC)

    def _do_create(self, obj: Mapping[str, Any], action: Mapping[str, Any]) -> None:
        kind = str(obj["kind"]).lower()
        namespace = None if kind in _CLUSTER else obj["metadata"].get("namespace", self.namespace)
        self.api.create(KINDS[kind], obj, namespace)

    def _do_delete(self, target: str, action: Mapping[str, Any]) -> None:
        resource, name, namespace = self.where(target)
        self.api.delete(resource, name, namespace, grace_period=action.get("grace"))

    def _do_delete_pods(self, app: str, action: Mapping[str, Any]) -> None:
        for pod in self.pods(app):
            self.api.delete(PODS, pod["metadata"]["name"], pod["metadata"]["namespace"])

    def _do_scale(self, target: str, action: Mapping[str, Any]) -> None:
        resource, name, namespace = self.where(target)
        self.api.patch(resource, name, namespace, {"spec": {"replicas": action["replicas"]}}, subresource="scale")

    def _do_restart(self, target: str, action: Mapping[str, Any]) -> None:
        resource, name, namespace = self.where(target)
        stamp = {"annotations": {RESTARTED: self.world.clock.timestamp()}}
        self.api.patch(resource, name, namespace, {"spec": {"template": {"metadata": stamp}}}, type=PatchType.STRATEGIC)

    def _do_undo(self, target: str, action: Mapping[str, Any]) -> None:
        """What `kubectl rollout undo` does: the template of the previous revision."""
        resource, name, namespace = self.where(target)
        uid = self.api.get(resource, name, namespace)["metadata"]["uid"]
        sets = [
            each
            for each in self.api.cached(KINDS["replicaset"], namespace)
            if any(owner["uid"] == uid for owner in each["metadata"].get("ownerReferences") or ())
        ]
        sets.sort(key=lambda each: int(each["metadata"]["annotations"]["deployment.kubernetes.io/revision"]))
        template = dict(sets[-2]["spec"]["template"])
        labels = {k: v for k, v in template["metadata"]["labels"].items() if k != "pod-template-hash"}
        template["metadata"] = {**template["metadata"], "labels": labels}
        patch = [{"op": "replace", "path": "/spec/template", "value": template}]
        self.api.patch(resource, name, namespace, patch, type=PatchType.JSON)

    def _do_exec(self, app: str, action: Mapping[str, Any]) -> None:
        pod = next(pod for pod in self.pods(app) if is_ready(pod) or action.get("unready"))
        meta = pod["metadata"]
        container = pod["spec"]["containers"][0]["name"]
        done = self.estate.exec(meta["namespace"], meta["name"], container, action["argv"], stdin=None, tty=False)
        if done.exit_code != 0 and not action.get("may_fail"):
            raise ValueError(f"{action['argv']}: exit {done.exit_code}: {done.stderr.decode()}")

    def _do_node(self, name: str, action: Mapping[str, Any]) -> None:
        machine = self.estate.fleet.machines[name]
        for field, value in action["set"].items():
            if field == "kubelet_running":
                self.estate.agent.set_kubelet(name, bool(value))
            else:
                setattr(machine, field, value)
        self.estate.plane.touch()

    def _do_network(self, source: str, action: Mapping[str, Any]) -> None:
        """A lasting condition between two parties; loss and delay 0 removes it."""
        target = str(action.get("to", ""))
        edges = [edge for edge in self.estate.fleet.edges if (edge.source, edge.target) != (source, target)]
        if action.get("loss") or action.get("delay"):
            edges.append(Edge(source, target, float(action.get("loss", 0)), float(action.get("delay", 0))))
        self.estate.fleet.edges[:] = edges
        self.estate.plane.touch()

    def _do_external(self, name: str, action: Mapping[str, Any]) -> None:
        for field, value in action["set"].items():
            setattr(self.estate.plane.externals[name], field, value)
        self.estate.plane.touch()

    def _do_wait(self, seconds: float, action: Mapping[str, Any]) -> None:
        self.world.step(seconds)

    # checks

    def holds(self, check: Mapping[str, Any]) -> bool:
        """Whether an observation is true now.

        Raises:
            ValueError: there is no such check.
        """
        for name, target in check.items():
            handler: Callable[[Any, Mapping[str, Any]], bool] | None = getattr(self, f"_is_{name}", None)
            if handler is not None:
                return handler(target, check)
        raise ValueError(f"unknown check {sorted(check)}")

    def pods(self, app: str) -> list[Mapping[str, Any]]:
        """The live pods of an application ("app" or "namespace:app"), by its usual labels."""
        namespace, _, name = app.rpartition(":")
        return [
            pod
            for pod in self.api.cached(PODS, namespace or self.namespace)
            if name
            in (labels_of(pod).get("app.kubernetes.io/name"), labels_of(pod).get("k8s-app"), labels_of(pod).get("app"))
            and not is_finished(pod)
        ]

    def _is_waiting(self, app: str, check: Mapping[str, Any]) -> bool:
        """A container of the application waits with a reason (a regular expression)."""
        for pod in self.pods(app):
            status = pod.get("status") or {}
            for each in (*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())):
                reason = ((each.get("state") or {}).get("waiting") or {}).get("reason", "")
                if re.fullmatch(check["reason"], reason):
                    return True
        return False

    def _is_last_exit(self, app: str, check: Mapping[str, Any]) -> bool:
        """A container of the application last ended with a reason."""
        for pod in self.pods(app):
            for each in (pod.get("status") or {}).get("containerStatuses") or ():
                ended = (
                    (each.get("lastState") or {}).get("terminated") or (each.get("state") or {}).get("terminated") or {}
                )
                if ended.get("reason") == check["reason"]:
                    return True
        return False

    def _is_unready(self, app: str, check: Mapping[str, Any]) -> bool:
        return any(not is_ready(pod) for pod in self.pods(app))

    def _is_restarts(self, app: str, check: Mapping[str, Any]) -> bool:
        statuses = [each for pod in self.pods(app) for each in (pod.get("status") or {}).get("containerStatuses") or ()]
        return any(each["restartCount"] >= check["at_least"] for each in statuses)

    def _is_fewer_pods(self, app: str, check: Mapping[str, Any]) -> bool:
        return sum(is_ready(pod) for pod in self.pods(app)) < int(check["than"])

    def _is_evicted(self, app: str, check: Mapping[str, Any]) -> bool:
        """A pod of the application that began in the last seconds has been evicted."""
        limit = self.world.clock.now() - float(check["seconds"])
        return any(
            (pod.get("status") or {}).get("reason") == "Evicted" and created_at(pod) >= limit
            for pod in self.api.cached(PODS, self.namespace)
            if labels_of(pod).get("app.kubernetes.io/name") == app
        )

    def _is_pending(self, app: str, check: Mapping[str, Any]) -> bool:
        return any(not condition_is(pod, "PodScheduled") for pod in self.pods(app))

    def _is_event(self, reason: str, check: Mapping[str, Any]) -> bool:
        """An event with this reason whose message matches, seen in the last minutes."""
        pattern = re.compile(check.get("matches", ""))
        return any(
            event.get("reason") == reason and pattern.search(event.get("message") or "")
            for event in self.api.cached(EVENTS, check.get("in", self.namespace))
        )

    def _is_log(self, app: str, check: Mapping[str, Any]) -> bool:
        """A line in the newest logs (or those before the last restart) matches."""
        pattern = re.compile(check["matches"])
        texts = (text for pod in self.pods(app) for text in self._texts(pod))
        return any(pattern.search(text.replace('\\"', '"')) for text in texts)

    def _texts(self, pod: Mapping[str, Any]) -> list[str]:
        meta, texts = pod["metadata"], []
        for container in (*(pod["spec"].get("initContainers") or ()), *pod["spec"]["containers"]):
            for previous in (False, True):
                options = LogOptions(tail_lines=60, previous=previous)
                try:
                    lines = self.estate.logs(meta["namespace"], meta["name"], container["name"], options)
                    texts.append(b"".join(lines).decode())
                except Exception:  # noqa: BLE001, S112 - a container without a log says nothing
                    continue
        return texts

    def _is_errors(self, app: str, check: Mapping[str, Any]) -> bool:
        """More than a share of the application's requests fail now."""
        return self.failure(app) > float(check.get("above", 0.05))

    def failure(self, app: str) -> float:
        """The share of failing requests at an application, weighted by rate (1.0 when nobody can be reached)."""
        found = [p for p in self._processes(app) if p.running]
        rate = sum(p.traffic.arriving for p in found)
        return sum(p.traffic.arriving * p.traffic.failure for p in found) / rate if rate else 0.0

    def _processes(self, app: str) -> list[Any]:
        namespace, _, name = app.rpartition(":")
        sandboxes = self.estate.fleet.sandboxes.values()
        mine = [s for s in sandboxes if s.namespace == (namespace or self.namespace) and s.app() == name]
        return [process for sandbox in mine for process in sandbox.processes.values()]

    def _is_call_fails(self, edge: str, check: Mapping[str, Any]) -> bool:
        """Attempts from "app" to a dependency ("app->call") fail for more than a share."""
        app, _, call = edge.partition("->")
        states = [p.traffic.calls[call] for p in self._processes(app) if p.running and call in p.traffic.calls]
        return any(state.attempt_failure > float(check.get("above", 0.05)) for state in states)

    def _is_slow(self, app: str, check: Mapping[str, Any]) -> bool:
        return any(p.running and p.traffic.latency > float(check["above"]) for p in self._processes(app))

    def _is_throttled(self, app: str, check: Mapping[str, Any]) -> bool:
        return any(p.running and p.throttled > float(check.get("above", 0.25)) for p in self._processes(app))

    def _is_memory_grows(self, app: str, check: Mapping[str, Any]) -> bool:
        return any(p.running and p.grown > float(check.get("above", 20 * 2**20)) for p in self._processes(app))

    def _is_endpoints(self, service: str, check: Mapping[str, Any]) -> bool:
        """The number of ready addresses behind a service."""
        ready = set()
        for each in self.api.cached(ENDPOINT_SLICES, self.namespace):
            if labels_of(each).get("kubernetes.io/service-name") == service:
                for endpoint in each.get("endpoints") or ():
                    if (endpoint.get("conditions") or {}).get("ready", True) and each.get("ports"):
                        ready.update(endpoint["addresses"])
        return len(ready) == check["are"] if "are" in check else len(ready) > int(check["more_than"])

    def _is_field(self, target: str, check: Mapping[str, Any]) -> bool:
        """A field of an object (by path) has a value; a missing object has none."""
        try:
            value: Any = self.get(target)
        except ApiStatusError:
            return check.get("is") is None
        for part in str(check["path"]).split("."):
            value = value[int(part)] if isinstance(value, list) else (value or {}).get(part)
        return bool(value == check["is"]) if "is" in check else value != check["is_not"]

    def _is_condition(self, target: str, check: Mapping[str, Any]) -> bool:
        found = [
            each
            for each in (self.get(target).get("status") or {}).get("conditions") or ()
            if each["type"] == check["type"]
        ]
        return any(
            each["status"] == check["status"] and each.get("reason") == check.get("reason", each.get("reason"))
            for each in found
        )

    def _is_absent(self, target: str, check: Mapping[str, Any]) -> bool:
        try:
            self.get(target)
        except ApiStatusError as error:
            return error.code == 404
        return False

    def _is_deleting(self, target: str, check: Mapping[str, Any]) -> bool:
        try:
            return "deletionTimestamp" in self.get(target)["metadata"]
        except ApiStatusError:
            return False

    def _is_jobs(self, prefix: str, check: Mapping[str, Any]) -> bool:
        """Jobs with a name prefix: `failed`, or `since` seconds without a new one."""
        jobs = [job for job in self.api.cached(JOBS, self.namespace) if job["metadata"]["name"].startswith(prefix)]
        if "failed" in check:
            newest = max(jobs, key=lambda job: job["metadata"]["creationTimestamp"], default=None)
            return newest is not None and condition_is(newest, "Failed") == check["failed"]
        active = sum(int((job.get("status") or {}).get("active") or 0) for job in jobs)
        return active >= int(check["active"])

    def _is_resolves(self, name: str, check: Mapping[str, Any]) -> bool:
        client = next(iter(self._processes(check["from"])))
        return bool(self.estate.plane.resolve(client.sandbox, name).addresses) is bool(check.get("is", True))

    def healthy(self) -> bool:
        """Whether the whole of the shop works: every workload complete, no request fails, nothing is slow."""
        if not settled(self.world):
            return False
        sources = self._processes("loadgenerator")
        if not sources or not any(process.traffic.calls for process in sources):
            return False
        worst = max(call.failure for process in sources for call in process.traffic.calls.values())
        calls = [
            state.attempt_failure
            for p in self.estate.fleet.processes()
            if p.running
            for state in p.traffic.calls.values()
        ]
        slow = any(
            p.traffic.latency > 1.0
            for p in self.estate.fleet.processes()
            if p.running and p.sandbox.namespace == self.namespace and p.base and p.base.role == "server"
        )
        return worst < 0.01 and max(calls, default=0.0) < 0.02 and not slow
