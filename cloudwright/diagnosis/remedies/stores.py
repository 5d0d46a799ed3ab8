"""Settings inside of data stores, changed by their own programs in their own Pods."""

import re
from collections.abc import Iterator, Sequence

from cloudwright.core.finding import Remedy
from cloudwright.core.tool import ToolCall
from cloudwright.diagnosis import fields as f
from cloudwright.diagnosis.checks.make import restart
from cloudwright.diagnosis.fields import Object
from cloudwright.diagnosis.model import Cause
from cloudwright.diagnosis.pods import Container, live_pods, main_containers, pod_ready
from cloudwright.diagnosis.view import ClusterView

POSTGRES, REDIS = 5432, 6379
USUAL_CONNECTIONS = 100
"""`max_connections` of a PostgreSQL that nobody configured."""
SHARE = 0.75
"""Of a container's memory limit, what the data of an in-memory store may take: the rest is for copies while it saves."""
_IDLE = (
    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE state = 'idle in transaction' "
    "AND pid IN (SELECT unnest(pg_blocking_pids(pid)) FROM pg_stat_activity WHERE wait_event_type = 'Lock')"
)


def writable(view: ClusterView, cause: Cause) -> Iterator[Remedy]:
    """The setting that makes every transaction of a PostgreSQL read-only, switched off."""
    statements = ("ALTER SYSTEM SET default_transaction_read_only = off", "SELECT pg_reload_conf()")
    risk = "A standby, or a server that was set so to save a full disk, must stay read-only."
    yield from _sql(view, cause, "Let {name} accept writes again", statements, risk)


def unlocked(view: ClusterView, cause: Cause) -> Iterator[Remedy]:
    """The sessions ended that hold a lock in a transaction in which they do nothing."""
    risk = "What these sessions did in their transaction is rolled back."
    yield from _sql(view, cause, "End the idle sessions that block others in {name}", (_IDLE,), risk)


def more_connections(view: ClusterView, cause: Cause) -> Iterator[Remedy]:
    """Twice the connections that are configured, and the restart that PostgreSQL needs for it."""
    store = view.lookup(cause.object)
    item = _container(store, POSTGRES)
    if store is None or item is None:
        return
    words = " ".join([*f.strings(item.spec, "command"), *f.strings(item.spec, "args")])
    stated = re.search(r"max_connections[= ](\d+)", words)
    if stated is not None:
        return  # the command line wins over what is set inside
    more = 2 * USUAL_CONNECTIONS
    risk = "It restarts, which ends all sessions; each connection takes some megabytes of memory."
    for remedy in _sql(
        view, cause, f"Let {{name}} take {more} connections", (f"ALTER SYSTEM SET max_connections = {more}",), risk
    ):
        yield remedy.model_copy(update={"calls": (*remedy.calls, *restart(store, "").calls)})  # fmt: skip


def more_store_memory(view: ClusterView, cause: Cause) -> Iterator[Remedy]:
    """A limit of a Redis' own that fits the memory limit of its container, where that leaves room."""
    store = view.lookup(cause.object)
    item = _container(store, REDIS)
    limit = f.amount(item.spec, "resources", "limits", "memory") if item is not None else 0.0
    if store is None or item is None or not limit:
        return
    used = [usage.memory for (space, pod, name), usage in view.observations.pod_usage.items()
            if space == f.namespace(store) and name == item.name and pod in {f.name(one) for one in view.pods_of(store)}]  # fmt: skip
    if max(used, default=0.0) > limit * SHARE / 2:
        return
    size = f"{int(limit * SHARE / 2**20)}mb"
    # Its own environment holds the password, if there is one: nobody has to know it.
    plain = ["redis-cli", "config", "set", "maxmemory", size]
    program = f'redis-cli -a "${_password(item)}" config set maxmemory {size}'
    command = ["sh", "-c", program] if _password(item) else plain
    risk = "It is set until the next restart; write it into its configuration too."
    yield from _run(
        view, store, item, f"Let {f.name(store)} use {size} of its container's {f.size(limit)}", [command], risk
    )


def _password(item: Container) -> str:
    names = [f.text(one, "name") for one in f.maps(item.spec, "env")]
    return next((name for name in names if re.search(r"PASS|AUTH", name)), "")


def _container(store: Object | None, port: int) -> Container | None:
    """The container of a workload that is this sort of store, by its port or the name of its image."""
    word = "postgres" if port == POSTGRES else "redis"
    for item in main_containers(store) if store is not None else ():
        ports = {f.integer(one, "containerPort") for one in f.maps(item.spec, "ports")}
        image = f.text(item.spec, "image").rpartition("/")[2]
        if port in ports or word in image or (port == REDIS and "valkey" in image):
            return item
    return None


def _sql(view: ClusterView, cause: Cause, title: str, statements: Sequence[str], risk: str) -> Iterator[Remedy]:
    store = view.lookup(cause.object)
    item = _container(store, POSTGRES)
    if store is None or item is None:
        return
    variable = next((one for one in f.maps(item.spec, "env") if f.text(one, "name") == "POSTGRES_USER"), {})
    if "valueFrom" in variable:
        commands = [["sh", "-c", f'psql -U "$POSTGRES_USER" -c "{text}"'] for text in statements]
    else:
        commands = [["psql", "-U", f.text(variable, "value") or "postgres", "-c", text] for text in statements]
    yield from _run(view, store, item, title.format(name=f.name(store)), commands, risk)


def _run(
    view: ClusterView, store: Object, item: Container, title: str, commands: Sequence[Sequence[str]], risk: str
) -> Iterator[Remedy]:  # fmt: skip
    """The commands in the first ready Pod."""
    pod = next((one for one in live_pods(view, store) if pod_ready(one)), None)
    if pod is None:
        return
    where = {"name": f.name(pod), "namespace": f.namespace(pod), "container": item.name}
    calls = tuple(ToolCall(tool="exec_command", arguments={**where, "command": list(one)}) for one in commands)
    yield Remedy(title=title, calls=calls, risk=risk)
