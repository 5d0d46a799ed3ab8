"""`Api` over HTTPS: any Kubernetes API server, so that the same node agent drives simulated nodes of a real one."""

import base64
import contextlib
import json
import os
import queue
import tempfile
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import requests
import yaml

from cloudwright.twin.api import ApiStatusError, Change, ChangeType, Obj, PatchType, Resource
from cloudwright.twin.clock import Clock

_TIMEOUT = 30.0
_WATCH_TIMEOUT = 300.0
_RETRY_SECONDS = 1.0
Key = tuple[str, str]


class HttpApi:
    """Implements `Api`. Watches run on threads of their own; their changes are delivered by `pump`, on the caller's.

    Give a token, or a client certificate as a pair of files; `authority` is a file, or False to trust anybody.
    """

    def __init__(
        self, url: str, *, token: str = "", certificate: tuple[str, str] | None = None, authority: str | bool = True
    ) -> None:
        self._url = url.rstrip("/")
        self._token, self._certificate, self._authority = token, certificate, authority
        self._session = self._new_session()
        self._caches: dict[Resource, dict[Key, Obj]] = {}
        self._handlers: list[tuple[Resource, Callable[[Change], None]]] = []
        self._changes: queue.SimpleQueue[tuple[Resource, str, Obj]] = queue.SimpleQueue()
        self._closed = threading.Event()
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    @classmethod
    def from_kubeconfig(cls, path: Path) -> "HttpApi":
        """The current context of a kubeconfig (token or client certificate).

        Raises:
            KeyError: the file has no complete current context.
        """
        config = yaml.safe_load(path.read_text())
        context = next(c["context"] for c in config["contexts"] if c["name"] == config["current-context"])
        cluster = next(c["cluster"] for c in config["clusters"] if c["name"] == context["cluster"])
        user = next(u["user"] for u in config["users"] if u["name"] == context["user"])
        folder = tempfile.TemporaryDirectory(prefix="cloudwright-api-")
        files = {
            name: _material(entry, name, Path(folder.name), path.parent)
            for name, entry in (("certificate-authority", cluster), ("client-certificate", user), ("client-key", user))
        }
        pair = (files["client-certificate"], files["client-key"]) if files["client-certificate"] else None
        api = cls(
            cluster["server"],
            token=user.get("token", ""),
            certificate=pair,
            authority=files["certificate-authority"] or True,
        )
        api._folder = folder
        return api

    def close(self) -> None:
        """Stop all watches."""
        self._closed.set()
        self._session.close()
        if self._folder is not None:
            self._folder.cleanup()

    def _new_session(self) -> requests.Session:
        session = requests.Session()
        session.trust_env = False
        session.verify = self._authority
        session.cert = self._certificate
        session.headers["User-Agent"] = "kubelet/v1.34.4"
        if self._token:
            session.headers["Authorization"] = f"Bearer {self._token}"
        return session

    def _path(self, resource: Resource, namespace: str | None, name: str = "", subresource: str = "") -> str:
        root = f"/apis/{resource.group}/{resource.version}" if resource.group else f"/api/{resource.version}"
        place = f"/namespaces/{namespace}" if namespace else ""
        tail = "/".join(part for part in (resource.plural, name, subresource) if part)
        return f"{self._url}{root}{place}/{tail}"

    def _send(self, method: str, url: str, **options: Any) -> Obj:
        response = self._session.request(method, url, timeout=_TIMEOUT, **options)
        body: Obj = response.json() if response.content else {}
        if response.status_code >= 400:
            details = body.get("details")
            raise ApiStatusError(response.status_code, body.get("reason", ""), body.get("message", ""), details)
        return body

    def raw(self, method: str, path: str, body: Any = None) -> Obj:
        """A request on any path that answers JSON."""
        return self._send(method, f"{self._url}{path}", **({} if body is None else {"json": body}))

    def get(self, resource: Resource, name: str, namespace: str | None = None) -> Obj:
        """See `Api.get`."""
        return self._send("GET", self._path(resource, namespace, name))

    def cached(self, resource: Resource, namespace: str | None = None) -> list[Mapping[str, Any]]:
        """See `Api.cached`."""
        cache = self._cache(resource)
        return [obj for (where, _), obj in sorted(cache.items()) if namespace in (None, where)]

    def cached_one(self, resource: Resource, name: str, namespace: str | None = None) -> Mapping[str, Any] | None:
        """See `Api.cached_one`."""
        return self._cache(resource).get((namespace or "", name))

    def subscribe(self, resource: Resource, handler: Callable[[Change], None]) -> Callable[[], None]:
        """See `Api.subscribe`; later changes come from `pump`."""
        for obj in list(self._cache(resource).values()):
            handler(Change(ChangeType.ADDED, resource, obj))
        entry = (resource, handler)
        self._handlers.append(entry)

        def stop() -> None:
            with contextlib.suppress(ValueError):
                self._handlers.remove(entry)

        return stop

    def _cache(self, resource: Resource) -> dict[Key, Obj]:
        if resource not in self._caches:
            listed = self._send("GET", self._path(resource, None))
            self._caches[resource] = {_key(obj): obj for obj in _items(listed, resource)}
            version = listed["metadata"]["resourceVersion"]
            thread = threading.Thread(target=self._watch, args=(resource, version), name="twin-watch", daemon=True)
            thread.start()
        return self._caches[resource]

    def _watch(self, resource: Resource, version: str) -> None:
        session = self._new_session()
        while not self._closed.is_set():
            try:
                version = self._follow(session, resource, version)
            except (requests.RequestException, ValueError):
                self._closed.wait(_RETRY_SECONDS)
        session.close()

    def _follow(self, session: requests.Session, resource: Resource, version: str) -> str:
        """Read one watch to its end; the version to go on from."""
        parameters = {"watch": "1", "allowWatchBookmarks": "true", "resourceVersion": version}
        url = self._path(resource, None)
        with session.get(url, params=parameters, stream=True, timeout=(_TIMEOUT, _WATCH_TIMEOUT)) as response:
            if response.status_code == 410:
                return self._relist(session, resource)
            for line in response.iter_lines(chunk_size=None):
                if self._closed.is_set():
                    break
                if not line:
                    continue
                event = json.loads(line)
                if event["type"] == "ERROR":
                    return self._relist(session, resource)
                version = event["object"]["metadata"]["resourceVersion"]
                if event["type"] != "BOOKMARK":
                    self._changes.put((resource, event["type"], _typed(event["object"], resource)))
        return version

    def _relist(self, session: requests.Session, resource: Resource) -> str:
        response = session.get(self._path(resource, None), timeout=_TIMEOUT)
        listed = response.json()
        self._changes.put((resource, "RELIST", listed))
        return str(listed["metadata"]["resourceVersion"])

    def pump(self, seconds: float) -> None:
        """Deliver changes: those that are there, or the first that comes within some seconds."""
        with contextlib.suppress(queue.Empty):
            self._deliver(*self._changes.get(timeout=max(seconds, 0.001)))
            while True:
                self._deliver(*self._changes.get_nowait())

    def _deliver(self, resource: Resource, kind: str, obj: Obj) -> None:
        cache = self._caches[resource]
        if kind == "RELIST":
            fresh = {_key(each): each for each in _items(obj, resource)}
            for key in set(cache) - set(fresh):
                self._deliver(resource, "DELETED", cache[key])
            for each in fresh.values():
                self._deliver(resource, "MODIFIED", each)
            return
        if kind == "DELETED":
            cache.pop(_key(obj), None)
        else:
            cache[_key(obj)] = obj
        for wanted, handler in list(self._handlers):
            if wanted == resource:
                handler(Change(ChangeType(kind), resource, obj))

    # writes

    def create(self, resource: Resource, obj: Mapping[str, Any], namespace: str | None = None) -> Obj:
        """See `Api.create`."""
        where = namespace or (obj.get("metadata") or {}).get("namespace")
        return self._send("POST", self._path(resource, where), json=obj)

    def update(self, resource: Resource, obj: Mapping[str, Any], *, subresource: str = "") -> Obj:
        """See `Api.update`."""
        meta = obj["metadata"]
        return self._send("PUT", self._path(resource, meta.get("namespace"), meta["name"], subresource), json=obj)

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
        """See `Api.patch`."""
        url = self._path(resource, namespace, name, subresource)
        return self._send("PATCH", url, data=json.dumps(patch), headers={"Content-Type": type.value})

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
        """See `Api.delete`."""
        options: Obj = {"kind": "DeleteOptions", "apiVersion": "v1", "propagationPolicy": propagation}
        if grace_period is not None:
            options["gracePeriodSeconds"] = grace_period
        if uid is not None:
            options["preconditions"] = {"uid": uid}
        self._send("DELETE", self._path(resource, namespace, name), json=options)

    def create_subresource(
        self, resource: Resource, name: str, namespace: str | None, subresource: str, body: Mapping[str, Any]
    ) -> Obj:
        """See `Api.create_subresource`."""
        return self._send("POST", self._path(resource, namespace, name, subresource), json=body)


def run_for(api: HttpApi, clock: Clock, work: Callable[[], bool], until: Callable[[], bool], seconds: float) -> bool:
    """Drive an agent on a real server in real time; whether `until` came true within `seconds`."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        clock.advance_to(time.time())
        while timer := clock.pop_due():
            timer.callback()
        while work():
            pass
        if until():
            return True
        due = clock.next_due()
        nap = 0.2 if due is None else min(0.2, due - time.time())
        api.pump(nap)
    return False


def _material(entry: Mapping[str, Any], name: str, folder: Path, base: Path) -> str:
    """A file with key material that a kubeconfig has inline or by path ("" when it has none)."""
    if data := entry.get(f"{name}-data"):
        target = folder / name
        descriptor = os.open(target, os.O_WRONLY | os.O_CREAT, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(base64.b64decode(data))
        return str(target)
    return str(base / entry[name]) if name in entry else ""


def _key(obj: Mapping[str, Any]) -> Key:
    return obj["metadata"].get("namespace", ""), obj["metadata"]["name"]


def _typed(obj: Obj, resource: Resource) -> Obj:
    obj.setdefault("apiVersion", resource.api_version)
    return obj


def _items(listed: Mapping[str, Any], resource: Resource) -> list[Obj]:
    kind = str(listed.get("kind", "")).removesuffix("List")
    return [{"apiVersion": resource.api_version, "kind": kind, **obj} for obj in listed.get("items") or ()]
