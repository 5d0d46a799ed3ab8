"""`Api` over HTTPS: any Kubernetes API server, so that the same node agent drives simulated nodes of a real one."""

import base64
import contextlib
import json
import tempfile
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import requests
import yaml

from cloudwright.twin.api import ApiStatusError, Change, ChangeType, Obj, PatchType, Resource
from cloudwright.twin.store import clone

_TIMEOUT = 30.0
_WATCH_SECONDS = 240
_PAUSE = 0.5
_CLUSTER_SCOPED = {
    "nodes",
    "namespaces",
    "persistentvolumes",
    "storageclasses",
    "clusterroles",
    "clusterrolebindings",
    "priorityclasses",
    "customresourcedefinitions",
    "runtimeclasses",
    "csinodes",
    "csidrivers",
    "volumeattachments",
    "ingressclasses",
}
Handler = Callable[[Change], None]


class Connected:
    """A session with an API server, from a kubeconfig's current context (client certificate or token)."""

    def __init__(self, kubeconfig: str | Path) -> None:
        loaded = yaml.safe_load(Path(kubeconfig).read_text(encoding="utf-8"))
        context = _named(loaded["contexts"], loaded["current-context"])["context"]
        cluster = _named(loaded["clusters"], context["cluster"])["cluster"]
        user = _named(loaded["users"], context["user"])["user"]
        self.server: str = cluster["server"].rstrip("/")
        self._folder = tempfile.TemporaryDirectory(prefix="api-")
        folder = Path(self._folder.name)
        self._verify: str | bool = True
        if "certificate-authority-data" in cluster:
            self._verify = self._write(folder / "ca.crt", cluster["certificate-authority-data"])
        elif "certificate-authority" in cluster:
            self._verify = cluster["certificate-authority"]
        self._pair: tuple[str, str] | None = None
        if "client-certificate-data" in user:
            certificate = self._write(folder / "client.crt", user["client-certificate-data"])
            self._pair = (certificate, self._write(folder / "client.key", user["client-key-data"]))
        self._token: str = user.get("token", "")

    @staticmethod
    def _write(path: Path, encoded: str) -> str:
        path.touch(mode=0o600)
        path.write_bytes(base64.b64decode(encoded))
        return str(path)

    def session(self) -> requests.Session:
        """A new session; each thread needs its own."""
        made = requests.Session()
        made.trust_env = False
        made.verify = self._verify
        made.cert = self._pair
        if self._token:
            made.headers["Authorization"] = f"Bearer {self._token}"
        return made

    def close(self) -> None:
        """Remove the credentials' files."""
        self._folder.cleanup()


def _named(entries: list[dict[str, Any]], name: str) -> dict[str, Any]:
    for entry in entries:
        if entry["name"] == name:
            return entry
    raise ValueError(f"the kubeconfig has no entry named {name!r}")


def path_of(resource: Resource, namespace: str | None = None, name: str = "", subresource: str = "") -> str:
    """The path of a resource, one object or a subresource."""
    root = f"/apis/{resource.group}/{resource.version}" if resource.group else f"/api/{resource.version}"
    where = f"/namespaces/{namespace}" if namespace and resource.plural not in _CLUSTER_SCOPED else ""
    parts = "".join(f"/{part}" for part in (name, subresource) if part)
    return f"{root}{where}/{resource.plural}{parts}"


class _Informer:
    """A cache of one resource, kept by a thread that lists and watches."""

    def __init__(self, api: "HttpApi", resource: Resource) -> None:
        self._api, self._resource = api, resource
        self._lock = threading.RLock()
        self._objects: dict[tuple[str, str], Obj] = {}
        self._handlers: list[Handler] = []
        self._synced = threading.Event()
        self._stopping = threading.Event()
        self._response: requests.Response | None = None
        self._thread = threading.Thread(target=self._run, name=f"informer-{resource.plural}", daemon=True)
        self._thread.start()
        if not self._synced.wait(_TIMEOUT):
            raise ApiStatusError(504, "Timeout", f"no list of {resource.plural} within {_TIMEOUT:.0f} s")

    def _run(self) -> None:
        with self._api.connected.session() as session:
            while not self._stopping.is_set():
                try:
                    version = self._list(session)
                    while not self._stopping.is_set() and version:
                        version = self._watch(session, version)
                except (requests.RequestException, ApiStatusError, ValueError, AttributeError, OSError):
                    self._stopping.wait(_PAUSE)

    def _list(self, session: requests.Session) -> str:
        answer = session.get(self._api.connected.server + path_of(self._resource), timeout=_TIMEOUT)
        body = _checked(answer)
        kind, version = body["kind"].removesuffix("List"), self._resource.api_version
        present = {_key(obj): {"apiVersion": version, "kind": kind, **obj} for obj in body.get("items") or ()}
        with self._lock:
            for key in self._objects.keys() - present.keys():
                self._tell(ChangeType.DELETED, self._objects.pop(key))
            for key, obj in present.items():
                before = self._objects.get(key)
                if before is None or before["metadata"]["resourceVersion"] != obj["metadata"]["resourceVersion"]:
                    self._objects[key] = obj
                    self._tell(ChangeType.MODIFIED if before else ChangeType.ADDED, obj)
        self._synced.set()
        found: str = body["metadata"]["resourceVersion"]
        return found

    def _watch(self, session: requests.Session, version: str) -> str:
        """Follow changes; returns where to go on, "" to list again."""
        query: dict[str, str] = {
            "watch": "1",
            "resourceVersion": version,
            "timeoutSeconds": str(_WATCH_SECONDS),
            "allowWatchBookmarks": "true",
        }
        url = self._api.connected.server + path_of(self._resource)
        with session.get(url, params=query, stream=True, timeout=_WATCH_SECONDS + _TIMEOUT) as answer:
            self._response = answer
            if answer.status_code != 200:
                return ""
            for line in answer.iter_lines(chunk_size=None):
                event = json.loads(line) if line else {}
                if event.get("type") == "ERROR":
                    return ""
                if event:
                    version = event["object"]["metadata"]["resourceVersion"]
                    self._take(event)
        return version

    def _take(self, event: Mapping[str, Any]) -> None:
        if event["type"] not in ("ADDED", "MODIFIED", "DELETED"):
            return
        kind, obj = ChangeType(event["type"]), event["object"]
        with self._lock:
            if kind is ChangeType.DELETED:
                self._objects.pop(_key(obj), None)
            else:
                self._objects[_key(obj)] = obj
            self._tell(kind, obj)

    def _tell(self, kind: ChangeType, obj: Obj) -> None:
        for handler in tuple(self._handlers):
            handler(Change(kind, self._resource, obj))

    def all(self, namespace: str | None) -> list[Mapping[str, Any]]:
        """The cached objects, ordered by namespace and name."""
        with self._lock:
            return [obj for key, obj in sorted(self._objects.items()) if namespace in (None, key[0])]

    def one(self, namespace: str, name: str) -> Mapping[str, Any] | None:
        """One cached object."""
        with self._lock:
            return self._objects.get((namespace, name))

    def add(self, handler: Handler) -> Callable[[], None]:
        """Register a handler and tell it what is there."""
        with self._lock:
            for obj in self.all(None):
                handler(Change(ChangeType.ADDED, self._resource, obj))
            self._handlers.append(handler)

        def remove() -> None:
            with self._lock:
                if handler in self._handlers:
                    self._handlers.remove(handler)

        return remove

    def join(self) -> None:
        """Wait a moment for the thread to end."""
        self._thread.join(2)

    def stop(self) -> None:
        """End the thread soon."""
        self._stopping.set()
        if self._response is not None:
            with contextlib.suppress(requests.RequestException, OSError, AttributeError):
                self._response.close()


def _key(obj: Mapping[str, Any]) -> tuple[str, str]:
    metadata = obj["metadata"]
    return metadata.get("namespace", ""), metadata["name"]


def _checked(answer: requests.Response) -> Obj:
    try:
        body = answer.json()
    except ValueError:
        body = {"message": answer.text[:500]}
    if answer.status_code >= 400 or not isinstance(body, dict):
        raise ApiStatusError(
            answer.status_code, body.get("reason", ""), body.get("message", answer.reason), body.get("details")
        )
    return body


class HttpApi:
    """Typed access to an API server over HTTPS.

    Caches are filled on first use; handlers are called on an informer's thread, one at a time for each resource.
    """

    def __init__(self, connected: Connected) -> None:
        self.connected = connected
        self._sessions = threading.local()
        self._opened: list[requests.Session] = []
        self._informers: dict[Resource, _Informer] = {}
        self._lock = threading.Lock()

    def _call(self, method: str, path: str, body: Any = None, *, media: str = "application/json", **query: str) -> Obj:
        session = getattr(self._sessions, "session", None)
        if session is None:
            session = self._sessions.session = self.connected.session()
            self._opened.append(session)
        data = None if body is None else json.dumps(body)
        url = self.connected.server + path
        headers = {"Content-Type": media, "Accept": "application/json"}
        try:
            answer = session.request(method, url, params=query, data=data, headers=headers, timeout=_TIMEOUT)
        except requests.RequestException as error:
            raise ApiStatusError(
                503, "ServiceUnavailable", f"{self.connected.server} does not answer: {error}"
            ) from error
        return _checked(answer)

    def _informer(self, resource: Resource) -> _Informer:
        with self._lock:
            found = self._informers.get(resource)
            if found is None:
                found = self._informers[resource] = _Informer(self, resource)
            return found

    def raw(self, method: str, path: str, body: Any = None) -> Obj:
        """A request on any path that answers JSON."""
        return self._call(method, path, body)

    def get(self, resource: Resource, name: str, namespace: str | None = None) -> Obj:
        """One object, from the server."""
        return self._call("GET", path_of(resource, namespace, name))

    def cached(self, resource: Resource, namespace: str | None = None) -> list[Mapping[str, Any]]:
        """All objects from the cache, ordered by namespace and name."""
        return self._informer(resource).all(namespace)

    def cached_one(self, resource: Resource, name: str, namespace: str | None = None) -> Mapping[str, Any] | None:
        """One object from the cache, or None."""
        where = "" if resource.plural in _CLUSTER_SCOPED else namespace or ""
        return self._informer(resource).one(where, name)

    def create(self, resource: Resource, obj: Mapping[str, Any], namespace: str | None = None) -> Obj:
        """Create and return the stored object."""
        where = namespace or (obj.get("metadata") or {}).get("namespace")
        return self._call("POST", path_of(resource, where), clone(dict(obj)))

    def update(self, resource: Resource, obj: Mapping[str, Any], *, subresource: str = "") -> Obj:
        """Replace an object or its subresource."""
        metadata = obj["metadata"]
        path = path_of(resource, metadata.get("namespace"), metadata["name"], subresource)
        return self._call("PUT", path, clone(dict(obj)))

    def patch(
        self,
        resource: Resource,
        name: str,
        namespace: str | None,
        patch: Any,
        *,
        type: PatchType = PatchType.MERGE,
        subresource: str = "",
    ) -> Obj:
        """Apply a patch and return the stored object."""
        query = {"fieldManager": "cloudwright-twin"} if type is PatchType.APPLY else {}
        return self._call("PATCH", path_of(resource, namespace, name, subresource), patch, media=type.value, **query)

    def delete(
        self,
        resource: Resource,
        name: str,
        namespace: str | None = None,
        *,
        propagation: str = "Background",
        grace_period: int | None = None,
        uid: str | None = None,
    ) -> None:
        """Delete, or mark for deletion."""
        body: Obj = {"apiVersion": "v1", "kind": "DeleteOptions", "propagationPolicy": propagation}
        if grace_period is not None:
            body["gracePeriodSeconds"] = grace_period
        if uid:
            body["preconditions"] = {"uid": uid}
        self._call("DELETE", path_of(resource, namespace, name), body)

    def create_subresource(
        self, resource: Resource, name: str, namespace: str | None, subresource: str, body: Mapping[str, Any]
    ) -> Obj:
        """POST to a subresource."""
        return self._call("POST", path_of(resource, namespace, name, subresource), clone(dict(body)))

    def subscribe(self, resource: Resource, handler: Handler) -> Callable[[], None]:
        """Call `handler` for every present object and every later change; returns an unsubscriber."""
        return self._informer(resource).add(handler)

    def close(self) -> None:
        """Stop the informers and forget the credentials."""
        with self._lock:
            for informer in self._informers.values():
                informer.stop()
            for informer in self._informers.values():
                informer.join()
            self._informers.clear()
        for session in self._opened:
            session.close()
        self.connected.close()
