"""The cluster as a whole, its kinds and their fields, its alerts; an object by its name alone."""

from cloudwright.agents.language.calls import call
from cloudwright.agents.language.clause import Clause
from cloudwright.agents.language.reads.frame import MOST_OBJECTS, Read, on
from cloudwright.agents.language.references import EVERYWHERE, World, namespace_in, objects_of

_DETAILS = (
    "describe, summarize, summarise, tell me about, tell me more, details, detail, info, information, everything about, inspect,"
    " examine, look at, summary"
)


def details(clause: Clause, world: World) -> Read | None:
    """All that is known of one named object."""
    if not clause.has(_DETAILS) or not clause.of("name", "pronoun", "ordinal"):
        return None
    objects = objects_of(clause, world)
    return on("describe_resource", objects, 0.9) if 0 < len(objects) <= MOST_OBJECTS else None


def describe(clause: Clause, world: World) -> Read | None:
    """An object by its name alone."""
    objects = objects_of(clause, world)
    if not objects:
        return None
    if len(objects) > MOST_OBJECTS:
        kinds = {item.ref.kind for item in objects}
        place = namespace_in(clause) or EVERYWHERE
        test = " or ".join(f"name = {item.ref.name}" for item in objects[:40])
        return Read(
            tuple(call("list_resources", kind=kind.lower(), namespace=place, where=test) for kind in sorted(kinds)[:3])
        )
    return on("describe_resource", objects, 0.85)


def cluster(clause: Clause, world: World) -> Read | None:
    """The cluster as a whole."""
    if clause.has(
        "api resources, api-resources, custom resources, which kinds, what kinds, kinds of objects,"
        " kinds are there, resource types, crds installed"
    ):
        return Read((call("api_resources"),))
    if clause.has(
        "cluster info, what cluster, which cluster, who am i, overview of the cluster, cluster version,"
        " version does the cluster, cluster overview, version of kubernetes, kubernetes version,"
        " which version of kubernetes, k8s version, version is the cluster, about the cluster,"
        " state of the cluster, version of the cluster, what context, which context, cluster summary,"
        " summary of the cluster, server version, overview of this cluster, version of the api server"
    ):
        return Read((call("cluster_info"),))
    return None


def alerts(clause: Clause, world: World) -> Read | None:
    """Prometheus: alerts, targets, rules."""
    if clause.has("alert, alerts, alerting") and not clause.has("rules"):
        return Read((call("prometheus_alerts", state="firing" if clause.has("firing, active") else ""),))
    if clause.has("targets, scraped, scrape"):
        return Read((call("prometheus_targets", state="down" if clause.has("down") else ""),))
    if clause.has("alerting rules, recording rules, prometheus rules"):
        return Read((call("prometheus_rules"),))
    return None


def explaining(clause: Clause, world: World) -> Read | None:
    """What a field of a kind means."""
    kinds = [item.kind for item in clause.of("kind") if item.kind is not None]
    if not kinds or clause.of("name"):
        return None
    paths = clause.of("path")
    asks = clause.has(
        "mean, means, explain, documentation, which fields, what fields, what is a, what is an, fields does"
    )
    if asks and (paths or clause.has("explain, what is a, what is an, which fields, what fields, documentation")):
        return Read((call("explain_field", kind=kinds[0].plural, path=paths[0].text if paths else ""),))
    return None
