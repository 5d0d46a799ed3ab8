"""One attempt of a call at one server: does it fail, how long does it take, and what does the client read."""

import math

from cloudwright.twin.apps.model import Call
from cloudwright.twin.apps.process import Process, expand
from cloudwright.twin.apps.stores import LOCKED, OOM_COMMAND, READ_ONLY, TOO_MANY, StoreState
from cloudwright.twin.clock import Clock
from cloudwright.twin.network.edges import Edge, Target, server_cause


class Attempts:
    """What calls meet at their servers; sessions at stores last as long as the call says."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock

    def at(self, edge: Edge, target: Target) -> tuple[float, float, str, str]:
        """Failure ratio, latency, cause and text of one attempt at one target."""
        if target.refused:
            return 1.0, edge.timeout if target.slow else 0.002, target.refused, target.detail
        if target.process is None:
            return self._outside(edge, target)
        server = target.process
        if not server.running or not server.serving:
            return 1.0, 0.002, "refused", f"{edge.call.name}: connection reset by peer"
        failed, cause, detail = self._store_failure(edge, server)
        took = max(server.traffic.latency, 0.0005) + target.delay + target.loss * 0.4
        if cause == "lock":
            took = edge.timeout
        late = math.exp(-edge.timeout / max(took, 1e-6))
        lost = target.loss**3
        ok = (1 - failed) * (1 - server.traffic.failure) * (1 - late) * (1 - lost)
        if not cause:
            cause, detail = server_cause(edge, server, late, lost)
        return 1 - ok, min(edge.timeout, took), cause, detail

    def _outside(self, edge: Edge, target: Target) -> tuple[float, float, str, str]:
        external = target.external
        if external is None:
            return 0.0, 0.01, "", ""
        late = math.exp(-edge.timeout / max(external.latency, 1e-6))
        failed = 1 - (1 - external.error_ratio) * (1 - late)
        cause = "timeout" if late > external.error_ratio else "status"
        text = "context deadline exceeded" if cause == "timeout" else "503 Service Unavailable"
        return failed, min(edge.timeout, external.latency), cause, f"{external.name}: {text}"

    def _store_failure(self, edge: Edge, server: Process) -> tuple[float, str, str]:
        store = server.store
        if store is None:
            return 0.0, "", ""
        if refused := self._login(edge, server, store):
            return 1.0, "auth", refused
        call = edge.call
        if store.engine == "postgres" and (denied := store.denied(expand(call.user, edge.client.env), call.grants)):
            return 1.0, "auth", denied
        if store.connections > store.max_connections:
            return 1 - store.max_connections / store.connections, "status", TOO_MANY
        return self._store_state(call, server, store)

    def _login(self, edge: Edge, server: Process, store: StoreState) -> str:
        """Why a client is turned away when it opens a session (an open one is not asked again for a while)."""
        env, call = edge.client.env, edge.call
        key = (call.name, f"{server.sandbox.uid}/{server.container}/{server.started_at}")
        now = self.clock.now()
        since = edge.client.sessions.get(key)
        if since is not None and now - since <= call.session:
            return ""
        user, password = expand(call.user, env), expand(call.password, env)
        refused = store.refusal(user, password, expand(call.database, env), ())
        if not refused:
            edge.client.sessions[key] = now
        return refused

    @staticmethod
    def _store_state(call: Call, server: Process, store: StoreState) -> tuple[float, str, str]:
        """What the store's own state does to a call."""
        writes = [grant for grant in call.grants if not grant.startswith("SELECT")]
        if store.lock and any(grant.endswith(":" + store.lock) for grant in call.grants):
            return 1.0, "lock", LOCKED
        share = len(writes) / max(1, len(call.grants))
        if writes and store.read_only:
            return share, "status", READ_ONLY
        if writes and store.full():
            return share, "status", OOM_COMMAND
        if writes and server.traffic.cause.endswith("No space left on device"):
            return share, "status", server.traffic.cause
        return 0.0, "", ""
