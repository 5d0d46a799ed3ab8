"""Who is configured to call a Service."""

from cloudwright.diagnosis import fields as f
from cloudwright.diagnosis.fields import Object
from cloudwright.diagnosis.graph.addresses import addresses, service_name
from cloudwright.diagnosis.view import ClusterView


def callers(view: ClusterView, service: Object) -> list[Object]:
    """Workloads that are configured with this Service's name (or were seen to call it)."""
    cache: dict[tuple[str, str], list[Object]] | None = view.__dict__.get("_callers")
    if cache is None:
        cache = {}
        spaces = frozenset(f.namespace(item) for item in view.of("Service"))
        for item in view.workloads:
            for address in addresses(view, item):
                target = service_name(address.host, f.namespace(item), spaces)
                if target is not None:
                    users = cache.setdefault((target.namespace, target.service), [])
                    if item not in users[-1:]:
                        users.append(item)
        for call in view.observations.calls:
            client = view.lookup(call.client)
            if client is not None:
                users = cache.setdefault((call.server.namespace, call.server.name), [])
                if all(item is not client for item in users):
                    users.append(client)
        view.__dict__["_callers"] = cache
    return cache.get((f.namespace(service), f.name(service)), [])


def names(items: list[Object]) -> str:
    """Names for a claim, at most four."""
    names = list(dict.fromkeys(f.name(item) for item in items))
    return ", ".join(names[:4]) + (" and others" if len(names) > 4 else "")
