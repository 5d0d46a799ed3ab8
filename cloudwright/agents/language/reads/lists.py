"""Objects of a kind: which ones, how many, narrowed, sorted, grouped."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from cloudwright.agents.language import aspects
from cloudwright.agents.language.calls import call, label_of, located
from cloudwright.agents.language.clause import Clause, Mention
from cloudwright.agents.language.comparing import excluded
from cloudwright.agents.language.lexicon import listed
from cloudwright.agents.language.reads.arranging import groups, order, superlative
from cloudwright.agents.language.reads.asking import chosen, said
from cloudwright.agents.language.reads.conditions import conditions
from cloudwright.agents.language.reads.frame import MOST_OBJECTS, Read, on
from cloudwright.agents.language.reads.meant import known, meant
from cloudwright.agents.language.reads.paths import of_kind
from cloudwright.agents.language.reads.states import WHETHER, covering
from cloudwright.agents.language.references import (
    EVERYWHERE,
    World,
    everywhere,
    kind_beside,
    namespace_for,
    placed,
    pointed,
    rank,
    says_place,
    selector_text,
)
from cloudwright.agents.language.understanding import KindWord, Named
from cloudwright.core.refs import ObjectRef
from cloudwright.core.tool import ToolCall
from cloudwright.tools.kubernetes.columns import COLUMNS

_COUNTED_ALREADY = "restart count, restart counts, replica count, replica counts, count of restarts"
"""What each object has as a number of its own."""
_COUNTING = "how many, count, number of, total, amount of, tally"


_DISTRIBUTED = "each, every, per deployment, per workload, per service, per configmap, respectively"
"""With these, a number of each object is asked for, not the number of objects."""


def _counted_in_each(clause: Clause) -> bool:
    """Whether no kind stands behind "how many": "how many replicas does each deployment have"."""
    at = clause.find("how many") + 2
    return at > 1 and not any(at <= item.start < at + 3 for item in clause.of("kind", "workload"))


def counts(clause: Clause, world: World) -> Read | None:
    """How many."""
    if not clause.has(_COUNTING) or (clause.has(_COUNTED_ALREADY) and not clause.has("how many")):
        return None
    found = lists(clause, world)
    if found is not None and clause.has(_DISTRIBUTED) and _counted_in_each(clause):
        return found
    if found is None or any(item.tool != "list_resources" for item in found.calls):
        return found
    if not clause.has("how many, count, number of, tally") and any("columns" in item.arguments for item in found.calls):
        return found
    calls = []
    for item in found.calls:
        arguments = {key: value for key, value in item.arguments.items() if key not in ("sort", "limit", "columns")}
        arguments.setdefault("group_by", ["kind"])
        calls.append(ToolCall(tool=item.tool, arguments=arguments))
    return Read(tuple(calls), found.about, 0.95)


def lists(clause: Clause, world: World) -> Read | None:
    """Objects of a kind, narrowed, sorted, grouped."""
    kinds = _kinds(clause, world)
    if [kind.kind for kind in kinds] == ["Namespace"] and clause.of("name"):
        return _where_lives(clause)
    if not kinds:
        return None
    if (unrelated := _unrelated(clause, kinds, world)) is not None:
        return unrelated
    if _one_named(clause, kinds, world) and not clause.has(_COUNTING):
        return None
    calls = []
    about: tuple[ObjectRef, ...] = ()
    before = set(clause.used)
    for kind in kinds:
        clause.used = set(before)
        place = namespace_for(clause, kind, world)
        narrowed = conditions(clause, kind, world)
        belonging = _of_named(clause, kind, world)
        if belonging is not None and excluded(clause):
            narrowed.parts += [f"not {test}" for test in _not_of(clause, kind, world)]
        elif belonging is not None:
            place, about = belonging.place, belonging.about
            narrowed.labels += [belonging.labels] if belonging.labels else []
            narrowed.parts += [belonging.test] if belonging.test else []
        arguments: dict[str, JsonValue] = {
            "kind": kind.plural, "namespace": place, "labels": ",".join(narrowed.labels), "where": narrowed.where,
        }  # fmt: skip
        if columns := _columns(clause, kind, world) or _telling(kind, narrowed.where):
            arguments["columns"] = columns
        arguments |= order(clause, kind, world.index.vocabulary)
        arguments |= {} if _of_itself(groups(clause), kind) else groups(clause)
        calls.append(call("list_resources", **arguments))
    return Read(tuple(calls), about, 0.9)


def _of_itself(grouped: Mapping[str, JsonValue], kind: KindWord) -> bool:
    """ "taints per node": one row for each, which the list has anyway."""
    return grouped.get("group_by") == [kind.kind.lower()]


_SHOWN_ANYWAY = listed(
    "image, images, version, status, state, phase, age, old, ready, type, kind, node, nodes, restarts, replicas, replica, copies, instances,"
    " container, data, memory, cpu, owner, pod, how old, created, name, config, tag, build, size, keys, used, limit, max, min, role, port, ports, minreplicas, maxreplicas, currentreplicas"
)
"""Words for what the default columns have, or that seldom name a field where several objects are asked for."""


def _one_named(clause: Clause, kinds: Sequence[KindWord], world: World) -> bool:
    """Whether one thing is asked for by its kind and name, and nothing else is said of it: it is described then."""
    names, own = clause.of("name"), [item for item in clause.of("kind") if item.kind in kinds]
    if len(names) != 1 or len(kinds) != 1 or any(item.plural for item in (*own, *names)) or superlative(clause):
        return False
    named = [item for item in placed(names[0].objects, clause, world) if item.ref.kind == kinds[0].kind]
    return (
        bool(named)
        and kind_beside(clause, names[0]) is not None
        and (_whether(clause) or not conditions(clause.fresh(), kinds[0], world).parts)
    )


def _whether(clause: Clause) -> bool:
    """Whether a yes or a no is asked for: "check whether x has all its pods", "is x ready"."""
    asks = clause.has("whether, if") or any(word in _ASKING_YES for word in clause.low[:2])
    return asks and not clause.has("which, what, list, show, how many")


_ASKING_YES = ("is", "are", "does", "do", "has", "have", "did", "was", "were")


def _columns(clause: Clause, kind: KindWord, world: World) -> list[JsonValue]:
    """The field of the listed objects that the clause asks for; all plain values of kinds without columns of their own."""
    fields = [*aspects.fields_of(kind.kind)]
    fields += [(words, f"spec.{path}") for words, path, _ in aspects.settings_of(kind.kind, world.index.vocabulary)]
    own = {mention.text for mention in clause.of("kind") if mention.kind == kind}
    possible = [(words, path) for words, path in fields if words not in _SHOWN_ANYWAY | own]
    asked = chosen(clause, [field for field in said(clause, possible) if field.at not in clause.used])
    paths = [path for field in asked for path in field.paths]
    paths += of_kind(clause, kind.kind)
    group = kind.api_version.partition("/")[0]
    if paths and (kind.kind in COLUMNS or "." not in group or group.endswith(".k8s.io")):
        state = ["status"] if clause.has(WHETHER) else []
        return [*dict.fromkeys([*state, *paths])]
    return ["status", "age", "spec"] if "." in kind.api_version.partition("/")[0] and kind.kind not in COLUMNS else []


_SHOWN_WITH: Mapping[str, tuple[tuple[str, tuple[str, ...]], ...]] = {
    "Pod": tuple(
        (part, ("status", "restarts", "ended", "node")) for part in ("OOMKilled", "restarts > ", "restarts >= ")
    ),
    "Node": (("spec.taints", ("status", "spec.taints")),),
    **{
        kind: ((".containers", ("ready", "container", "image")),) for kind in ("Deployment", "StatefulSet", "DaemonSet")
    },
}
"""Columns that show what a filter asked for, where the usual ones do not."""


def _telling(kind: KindWord, where: str) -> list[JsonValue]:
    return next(([*columns] for part, columns in _SHOWN_WITH.get(kind.kind, ()) if part in where), [])


def _where_lives(clause: Clause) -> Read:
    """The namespaces that have objects of a name."""
    found = [item for mention in clause.of("name") for item in mention.objects]
    best = min(rank(item.ref.kind) for item in found)
    main = [item for item in found if rank(item.ref.kind) == best]
    kinds = sorted({str(located(item)["kind"]) for item in main})
    test = " or ".join(f"name = {name}" for name in sorted({item.ref.name for item in main}))
    return Read(
        tuple(call("list_resources", kind=kind, namespace=EVERYWHERE, where=test) for kind in kinds),
        tuple(item.ref for item in main[:MOST_OBJECTS]),
    )


_ASKING_IN = "what, which, anything, everything, summary, overview, how is, how are, how does, status, state, health, running, runs"
"""With these, "the blue namespace" says where to look."""
_SERVING = "serve, serves, served, domain, domains, url, urls, outside, public, publicly, reachable, expose, exposed, internet, ingress, http, https, dns"


def _resource_limits(clause: Clause, mention: Mention) -> bool:
    """Whether "limits" are those of containers and no LimitRange."""
    before = clause.low[mention.start - 1 : mention.start]
    return mention.text in ("limits", "limit") and (
        before in (("memory",), ("cpu",), ("resource",), ("ram",), ("its",), ("their",))
        or bool(clause.of("name", "workload"))
        or clause.has("container, containers, who, nobody")
    )


def _names_field_of_another(mention: Mention, others: Sequence[Mention]) -> bool:
    """ "which storage class do our claims use": what is listed are the claims, with that field."""
    return any(
        other is not mention
        and other.plural
        and other.kind is not None
        and any(words == mention.text and "." in path for words, path in aspects.fields_of(other.kind.kind))
        for other in others
    )


_CARRYING = listed("has, have, runs, run, with, host, hosts, hold, holds")


def _kinds(clause: Clause, world: World) -> list[KindWord]:
    """The kinds that are listed."""
    state = covering(clause)
    mentions = [
        item
        for item in clause.of("kind")
        if item.kind is not None
        and item.start not in state
        and not (everywhere(clause, item) or (says_place(clause, item) and clause.has(_ASKING_IN)))
    ]
    places = [item for item in mentions if item.kind is not None and item.kind.kind in ("Node", "Namespace")]
    main = [item for item in mentions if item not in places] or places
    main = [item for item in main if not _resource_limits(clause, item)]
    main = [
        item for item in main if item.text not in ("limits", "limit") and not _names_field_of_another(item, main)
    ] or main
    if main and main == places and clause.has("restarts, restarted, restart, crashes, crashed"):
        return known(["Pod"], world)
    if clause.has("hosts, host") and clause.has(_SERVING) and not clause.of("name"):
        return known(["Ingress"], world)
    if main and places and main != places and (carrier := _carrier(clause, mentions, places, main)) is not None:
        return [carrier]
    found = list(dict.fromkeys(item.kind.kind for item in main if item.kind is not None))
    if found:
        joined = clause.has("and, or") or bool({",", "/", "+"} & set(clause.low))
        chosen = found if joined and len(found) > 1 and not clause.of("name") else found[:1]
        return known(chosen, world)
    return meant(clause, world)


def _carrier(
    clause: Clause, mentions: Sequence[Mention], places: Sequence[Mention], main: Sequence[Mention]
) -> KindWord | None:
    """ "which node has the most pods" counts pods; "nodes with pods that fail" lists nodes."""
    first = min(mentions, key=lambda item: item.start)
    if first not in places or (clause.has("pods on, pods in") and superlative(clause)):
        return None
    follower = clause.low[first.end : first.end + 1]
    if not follower or follower[0] not in _CARRYING:
        return None
    return main[0].kind if superlative(clause) else first.kind


_LINKED = frozenset(
    ("ConfigMap", "Secret", "PersistentVolumeClaim", "ServiceAccount", "Service", "Ingress", "HorizontalPodAutoscaler",
     "PodDisruptionBudget", "NetworkPolicy", "RoleBinding")
)  # fmt: skip
"""Kinds of which every relation is known: where none is known, there is none."""


def _unrelated(clause: Clause, kinds: Sequence[KindWord], world: World) -> Read | None:
    """ "does x have a disruption budget": no, and what x has instead."""
    mentions = clause.of("name")
    if len(kinds) != 1 or kinds[0].kind not in _LINKED or not mentions or excluded(clause):
        return None
    named = _owners_of_pods(placed(mentions[-1].objects, clause, world))
    if not named or any(item.ref.kind == kinds[0].kind for mention in mentions for item in mention.objects):
        return None
    if any(world.index.links.related(item, kinds[0].kind) for item in named):
        return None
    read = on("describe_resource", named)
    if kinds[0].kind == "HorizontalPodAutoscaler":
        where = f"spec.scaleTargetRef.name = {named[0].ref.name}"
        none = call("list_resources", kind=kinds[0].plural, namespace=named[0].ref.namespace, where=where)
        read = Read((*read.calls, none), read.about)
    names = ", ".join(label_of(item) for item in named[:MOST_OBJECTS])
    return Read(read.calls, read.about, 0.85, say=f"There is no {kinds[0].kind} for {names}.")


@dataclass(frozen=True)
class _Belonging:
    """Where a list is of what belongs to named objects: where they are, and how the list is narrowed to them."""

    place: str
    labels: str
    test: str
    about: tuple[ObjectRef, ...]


def _of_named(clause: Clause, kind: KindWord, world: World) -> _Belonging | None:
    """How a list of a kind is narrowed to named objects, or to what is related to them."""
    mentions = [item for item in clause.of("name") if not any(x.ref.kind == "Node" for x in item.objects)]
    own = [
        item for mention in mentions for item in placed(mention.objects, clause, world) if item.ref.kind == kind.kind
    ]
    if own and (kind.kind != "Pod" or not _owners_of_pods(mentions[-1].objects)):
        return _belonging(own, names=True)
    pool = placed(mentions[-1].objects, clause, world) if mentions else []
    pool = _owners_of_pods(pool) or pool
    if not mentions and clause.of("pronoun"):
        pool = [item for ref in pointed(clause, world) if (item := world.named(ref)) is not None]
    if not pool:
        return None
    if kind.kind == "Pod" and pool[0].selector:
        return _belonging(pool, labels=selector_text(dict(pool[0].selector)))
    found = [other for item in pool for other in world.index.links.related(item, kind.kind)]
    return _belonging(found, names=True) if found else None


def _not_of(clause: Clause, kind: KindWord, world: World) -> list[str]:
    """Filters for what belongs to named objects that are to be left out."""
    named = [item for mention in clause.of("name") for item in placed(mention.objects, clause, world)]
    found = [item for item in named if item.ref.kind == kind.kind]
    found += [other for item in _owners_of_pods(named) for other in world.index.links.related(item, kind.kind)]
    belonging = _belonging(found, names=True) if found else None
    return [belonging.test] if belonging is not None else []


def _owners_of_pods(objects: Sequence[Named]) -> list[Named]:
    return [item for item in objects if rank(item.ref.kind) == 0 or item.ref.kind in ("Job", "ReplicaSet")]


def _belonging(found: Sequence[Named], *, labels: str = "", names: bool = False) -> _Belonging:
    spaces = {item.ref.namespace for item in found}
    place = spaces.pop() if len(spaces) == 1 else EVERYWHERE
    test = " or ".join(f"name = {name}" for name in dict.fromkeys(item.ref.name for item in found)) if names else ""
    return _Belonging(place, labels, f"({test})" if test else "", tuple(item.ref for item in found))
