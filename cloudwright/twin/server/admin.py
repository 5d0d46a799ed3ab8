"""Snapshot, restore and fork of a served twin: paths under /twin/, for its administrator alone."""

import json
from collections.abc import Callable
from typing import Protocol

from cloudwright.twin.api import Obj
from cloudwright.twin.server.errors import StatusError, bad_request
from cloudwright.twin.server.exchange import Answer, Call
from cloudwright.twin.server.gateway import Gateway
from cloudwright.twin.server.request import User
from cloudwright.twin.server.serving import Serving
from cloudwright.twin.store import Store, StoreSnapshot

_PREFIX = "/twin/"


class Forkable(Protocol):
    """What can be forked: a world."""

    store: Store

    def settle(self) -> None:
        """Come to rest."""
        ...


def encode(snapshot: StoreSnapshot) -> Obj:
    """A snapshot as JSON."""
    objects = [[*kind, obj] for kind, obj in snapshot.objects]
    return {"kind": "TwinSnapshot", "apiVersion": "cloudwright/v1", "revision": snapshot.revision, "objects": objects}


def decode(document: object) -> StoreSnapshot:
    """A snapshot from JSON.

    Raises:
        StatusError: 400, the document is no snapshot.
    """
    try:
        assert isinstance(document, dict)
        assert document["kind"] == "TwinSnapshot"
        objects = tuple(((group, plural), obj) for group, plural, obj in document["objects"])
        assert all(isinstance(obj, dict) and obj["metadata"]["name"] for _, obj in objects)
        return StoreSnapshot(int(document["revision"]), objects)
    except (AssertionError, KeyError, TypeError, ValueError):
        raise bad_request("this is no snapshot of a twin: make one with `cloudwright twin snapshot`") from None


class Admin:
    """Adds the paths to a gateway. `serve_fork` makes and starts a served copy of the world."""

    def __init__(self, gateway: Gateway, world: Forkable, serve_fork: Callable[[], Serving]) -> None:
        self._world = world
        self._serve_fork = serve_fork
        self._forks: list[Serving] = []
        gateway.raw_routes[_PREFIX] = self._answer

    def _answer(self, call: Call, user: User) -> Answer:
        if "system:masters" not in user.groups:
            raise StatusError(403, "Forbidden", f'forbidden: User "{user.name}" cannot manage the twin')
        match call.method, call.path.removeprefix(_PREFIX):
            case "GET", "snapshot":
                return Answer(obj=encode(self._world.store.snapshot()))
            case "POST", "restore":
                return self._restore(call.body)
            case "POST", "fork":
                fork = self._serve_fork()
                self._forks.append(fork)
                return Answer(201, {"server": fork.url, "kubeconfig": fork.kubeconfig()})
        return Answer(404, text="404 page not found\n")

    def _restore(self, body: bytes) -> Answer:
        try:
            document = json.loads(body)
        except ValueError:
            document = None
        self._world.store.restore(decode(document))
        self._world.settle()
        return Answer(obj={"revision": self._world.store.revision})

    def close(self) -> None:
        """Stop the forks."""
        for fork in self._forks:
            fork.stop()
