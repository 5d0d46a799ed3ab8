"""Worlds for requests: loaded into a real API server, held still, and put back after every change.

Once a world has settled its controllers are stopped, so that a request meets exactly the world of the file; what a
request changed is put back object by object.
"""

import copy
import time
import urllib.error
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import yaml

from tests.agents.language.worldfiles import documents, rename, topology
from tests.servers.apiserver import ControlPlane

Json = dict[str, Any]
CORPORA = Path(__file__).parents[2] / "corpora"
_NOT_KEPT = ("resourceVersion", "uid", "creationTimestamp", "managedFields", "generation", "selfLink", "deletionTimestamp",  # noqa: E501
             "deletionGracePeriodSeconds")  # fmt: skip
_STILL = frozenset(
    [
        "events",
        "ipaddresses",
        "servicecidrs",
        "leases",
        "endpoints",
        "endpointslices",
        "controllerrevisions",
        "componentstatuses",
        "flowschemas",
        "prioritylevelconfigurations",
        "apiservices",
    ]
)


class World:
    """A world in a server."""

    def __init__(self, plane: ControlPlane) -> None:
        self.plane = plane
        self._paths: dict[tuple[str, str], tuple[str, bool]] = {}
        self._before: dict[str, Json] = {}
        self._kinds: dict[tuple[str, str], str] = {}

    def load(self, setup: Json) -> None:
        """Load what a corpus' `setup` names, wait until it stands still, and stop the controllers."""
        renames = setup.get("renames", {})
        if "topology" in setup:
            found = yaml.safe_dump([[*part] for part in topology(setup)], width=10_000)
            manifests, nodes, pods = yaml.safe_load(rename(found, renames))
        else:
            manifests = documents(rename((CORPORA / setup["world"]).read_text(), renames))
            status = yaml.safe_load(rename((CORPORA / setup["status"]).read_text(), renames))
            nodes, pods = status["nodes"], status["pods"]
        for node in nodes:
            self._node(node)
        for manifest in manifests:
            self._apply(manifest)
        for entry in pods:
            self._pods(entry)
        self._settle()
        self.plane.stop_controllers()
        self._before = self._all()

    def put_back(self) -> None:
        """Make the world what it was."""
        now = self._all()
        for path in now.keys() - self._before.keys():
            self._delete(path)
        for path, wanted in self._before.items():
            if path not in now or now[path]["metadata"].get("deletionTimestamp"):
                if path in now:
                    self._delete(path)
                self._create(path, wanted)
            elif _kept(now[path]) != _kept(wanted):
                self._replace(path, now[path], wanted)
        self._before = self._all()

    def get(self, resource: str, namespace: str, name: str) -> Json | None:
        """An object, or None."""
        try:
            return dict(self.plane.request("GET", f"{self.collection(resource, namespace)}/{name}"))
        except urllib.error.HTTPError as error:
            error.close()
            return None

    def before(self, resource: str, namespace: str, name: str) -> Json:
        """An object as it was before the request."""
        return self._before.get(f"{self.collection(resource, namespace)}/{name}", {})

    def collection(self, resource: str, namespace: str) -> str:
        """The path of a collection by its plural name."""
        plural, _, group = resource.partition(".")
        if not self._paths:
            self._discover()
        root, namespaced = next(
            value
            for (name, owner), value in self._paths.items()
            if name == plural.lower() and (not group or owner == group)
        )
        return f"{root}/namespaces/{namespace}/{plural}" if namespaced and namespace else f"{root}/{plural}"

    def _discover(self) -> None:
        groups = [("", "/api/v1")]
        for group in self.plane.request("GET", "/apis")["groups"]:
            groups.append((group["name"], f"/apis/{group['preferredVersion']['groupVersion']}"))
        for group, root in groups:
            for entry in self.plane.request("GET", root)["resources"]:
                if "/" not in entry["name"] and "list" in entry["verbs"]:
                    self._paths.setdefault((entry["name"], group), (root, entry["namespaced"]))
                    self._kinds[(f"{root.removeprefix('/apis/').removeprefix('/api/')}", entry["kind"])] = entry["name"]

    def _path_of(self, manifest: Json) -> str:
        key = (manifest["apiVersion"], manifest["kind"])
        end = time.monotonic() + 30
        while key not in self._kinds:
            self._discover()
            if time.monotonic() > end:
                raise TimeoutError(f"the server has no {key}")
            time.sleep(0.1)
        plural = self._kinds[key]
        group = manifest["apiVersion"].partition("/")[0] if "/" in manifest["apiVersion"] else ""
        root, namespaced = self._paths[(plural, group)]
        namespace = manifest["metadata"].get("namespace", "default")
        return f"{root}/namespaces/{namespace}/{plural}" if namespaced else f"{root}/{plural}"

    def _apply(self, manifest: Json) -> None:
        path = f"{self._path_of(manifest)}/{manifest['metadata']['name']}?fieldManager=world&force=true"
        end = time.monotonic() + 30
        while True:
            try:
                self.plane.request("PATCH", path, manifest, "application/apply-patch+yaml")
                break
            except urllib.error.HTTPError as error:
                text = error.read().decode()
                if time.monotonic() > end:
                    raise RuntimeError(f"{path}: {text[:400]}") from None
                time.sleep(0.2)
        if manifest["kind"] == "Namespace":
            self.plane.await_path(f"/api/v1/namespaces/{manifest['metadata']['name']}/serviceaccounts/default")
        if "status" in manifest and manifest["kind"] not in ("Pod", "CustomResourceDefinition"):
            self._status(path.partition("?")[0], manifest["status"])

    def _status(self, path: str, status: Json) -> None:
        try:
            self.plane.request("PATCH", f"{path}/status", {"status": status}, "application/merge-patch+json")
        except urllib.error.HTTPError as error:
            error.close()

    def _node(self, entry: Json) -> None:
        manifest = entry["manifest"]
        self._apply(manifest)
        path = f"/api/v1/nodes/{manifest['metadata']['name']}"
        self._status(path, entry["status"])
        wanted = (manifest.get("spec") or {}).get("taints")
        self.plane.request("PATCH", path, {"spec": {"taints": wanted}}, "application/merge-patch+json")

    def _pods(self, entry: Json) -> None:
        end = time.monotonic() + 60
        while True:
            names = self._pods_of(entry["kind"], entry["namespace"], entry["name"])
            if len(names) >= len(entry["status"]):
                break
            if time.monotonic() > end:
                raise TimeoutError(f"{entry['kind']} {entry['name']}: {len(names)} of {len(entry['status'])} pods")
            time.sleep(0.1)
        for name, status in zip(sorted(names), entry["status"], strict=False):
            self._status(f"/api/v1/namespaces/{entry['namespace']}/pods/{name}", status)

    def _pods_of(self, kind: str, namespace: str, name: str) -> list[str]:
        if kind == "Pod":
            return [name]
        owner = (kind, name)
        base = f"/namespaces/{namespace}"
        if kind == "Deployment":
            owned = [
                item
                for item in self.plane.request("GET", f"/apis/apps/v1{base}/replicasets")["items"]
                if _owned(item, *owner)
            ]
            if not owned:
                return []
            newest = max(
                owned, key=lambda item: int(item["metadata"]["annotations"]["deployment.kubernetes.io/revision"])
            )
            owner = ("ReplicaSet", newest["metadata"]["name"])
        if kind == "CronJob":
            jobs = [
                item["metadata"]["name"]
                for item in self.plane.request("GET", f"/apis/batch/v1{base}/jobs")["items"]
                if _owned(item, *owner)
            ]
            owner = ("Job", max(jobs, default=""))
        return [
            item["metadata"]["name"]
            for item in self.plane.request("GET", f"/api/v1{base}/pods")["items"]
            if _owned(item, *owner) and not item["metadata"].get("deletionTimestamp")
        ]

    def _settle(self) -> None:
        """Wait until nothing has changed for three seconds, and every claim that a volume waits for is bound."""
        last: Any = None
        since = time.monotonic()
        end = since + 60
        while time.monotonic() < end and time.monotonic() - since < 3:
            now = {path: _kept(item) for path, item in self._all().items()}
            if now != last or _unbound(now.values()):
                last, since = now, time.monotonic()
            time.sleep(0.5)

    def _all(self) -> dict[str, Json]:
        self._discover()
        found: dict[str, Json] = {}
        for (plural, group), (root, namespaced) in self._paths.items():
            if plural in _STILL or group in ("metrics.k8s.io", "authentication.k8s.io", "authorization.k8s.io"):
                continue
            try:
                answer = self.plane.request("GET", f"{root}/{plural}")
            except urllib.error.HTTPError as error:
                error.close()
                continue
            for item in answer["items"]:
                space = item["metadata"].get("namespace", "")
                place = f"{root}/namespaces/{space}/{plural}" if namespaced else f"{root}/{plural}"
                item.setdefault("apiVersion", answer["apiVersion"])
                item.setdefault("kind", answer["kind"].removesuffix("List"))
                found[f"{place}/{item['metadata']['name']}"] = item
        return found

    def _delete(self, path: str) -> None:
        try:
            self.plane.request("PATCH", path, {"metadata": {"finalizers": None}}, "application/merge-patch+json")
            self.plane.request(
                "DELETE",
                path,
                {
                    "kind": "DeleteOptions",
                    "apiVersion": "v1",
                    "gracePeriodSeconds": 0,
                    "propagationPolicy": "Background",
                },
            )
        except urllib.error.HTTPError as error:
            error.close()

    def _create(self, path: str, wanted: Json) -> None:
        body = _kept(wanted)
        if "/pods/" in path:
            body["metadata"].pop("generateName", None)
        if "/jobs/" in path:  # the server makes selector and labels anew
            body["spec"].pop("selector", None)
            for labels in (body["metadata"].get("labels", {}), body["spec"]["template"]["metadata"].get("labels", {})):
                for key in [key for key in labels if key.endswith(("controller-uid", "job-name"))]:
                    del labels[key]
        try:
            self.plane.request("POST", path.rpartition("/")[0], body)
        except urllib.error.HTTPError as error:
            text = error.read().decode()
            if error.code != 409:
                raise RuntimeError(f"{path}: {text[:300]}") from None
        if "status" in wanted:
            self._status(path, wanted["status"])

    def _replace(self, path: str, now: Json, wanted: Json) -> None:
        body = _kept(wanted)
        body["metadata"]["resourceVersion"] = now["metadata"]["resourceVersion"]
        try:
            put = self.plane.request("PUT", path, body)
        except urllib.error.HTTPError:
            self._delete(path)
            self._create(path, wanted)
            return
        if "status" in wanted:
            body = {**put, "status": _observed(wanted["status"], put["metadata"].get("generation"))}
            try:
                self.plane.request("PUT", f"{path}/status", body)
            except urllib.error.HTTPError as error:
                error.close()


def _unbound(objects: Iterable[Json]) -> bool:
    """Whether a claim and the volume that is meant for it have not found each other yet."""
    found = list(objects)
    refs = [item["spec"].get("claimRef", {}) for item in found if item["kind"] == "PersistentVolume"]
    wanted = {(ref.get("namespace"), ref.get("name")) for ref in refs}
    return any(
        item["spec"].get("volumeName") or (item["metadata"]["namespace"], item["metadata"]["name"]) in wanted
        for item in found
        if item["kind"] == "PersistentVolumeClaim" and item["status"].get("phase") == "Pending"
    )


def _observed(status: Json, generation: int | None) -> Json:
    """The status as controllers would leave it: what is put back counts as seen by them."""
    return {**status, "observedGeneration": generation} if generation and "observedGeneration" in status else status


def _kept(item: Json) -> Json:
    out = copy.deepcopy(item)
    out["metadata"] = {key: value for key, value in out["metadata"].items() if key not in _NOT_KEPT}
    return out


def _owned(item: Json, kind: str, name: str) -> bool:
    return any(owner["kind"] == kind and owner["name"] == name for owner in item["metadata"].get("ownerReferences", ()))
