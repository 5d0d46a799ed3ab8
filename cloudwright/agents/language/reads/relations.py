"""Who owns, uses, routes to, scales, grants or runs on whom, in either direction; and what has nothing of the kind."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from pydantic import JsonValue

from cloudwright.agents.language import aspects
from cloudwright.agents.language.calls import call
from cloudwright.agents.language.clause import Clause, Mention
from cloudwright.agents.language.comparing import negated
from cloudwright.agents.language.lexicon import listed
from cloudwright.agents.language.reads.asking import said, telling
from cloudwright.agents.language.reads.frame import MOST_OBJECTS, Read, columns_of, on
from cloudwright.agents.language.references import (
    EVERYWHERE,
    EVERYWHERE_THERE,
    ROLLING,
    World,
    kind_beside,
    namespace_in,
    objects_of,
    placed,
    selector_text,
)
from cloudwright.agents.language.understanding import KindWord, Named, Relation
from cloudwright.core.refs import ObjectRef
from cloudwright.core.tool import ToolCall

_PREDICATES: tuple[tuple[Relation, str], ...] = (
    (Relation.OWNS,
     "owns, owner, owned by, owners, controls, controller, belongs to, belong to, come from, comes from, created by, managed by,"
     " manages, parent, what made, owner chain, spawned, part of, behind pod"),
    (Relation.USES,
     "use, uses, using, mount, mounts, mounting, reference, references, referencing, consume, consumes, depends on, depend on, read,"
     " reads, refer to, refers to, mounted, used, relies on, rely on, referenced, attached, need, needs, load, loads, bound to,"
     " rely upon, in use, claimed by, backed by, pulls in, configured by, configured with, configure, configures, consumers, consumer,"
     " usages, usage, referrers, referrer, users, user, dependents, dependent, clients, readers, reader, notices, notice, affected by, sees, touches"),
    (Relation.ROUTES,
     "routes, backend, backends, point at, points at, pointing at, pointing to, directs, lead to, fronting, route, routed, behind, points to, point to,"
     " reaches, reach, sends traffic, send traffic, traffic, exposes, expose, exposed, selects, select, serves, fronts, backs,"
     " backing, in front of, endpoints, forwards, load balances, goes to, go to, leads to, lead to, targets, selected, serve,"
     " matches, match, covers, cover, covered, protects, protect, protected, applies to, apply to, guards, connect to, connects to,"
     " talk to, talks to, access, open connections to, call"),
    (Relation.SCALES, "autoscaled, autoscaling, scaled automatically, scale, scales, scaled by, autoscales"),
    (Relation.RUNS_ON, "run on, runs on, running on, scheduled on, hosted on, placed on, live on, lives on, sit on, sits on,"
     " is on, are on, share, shares, sharing, on it, on them, left on, still on, stays on, stay on"),
    (Relation.GRANTS, "bind, binds, bound, grants, granted, gives, given to, assigned to"),
)  # fmt: skip
_GRANTING = "bound, bind, binds, has, have, holds, hold, granted, assigned, given, gets, who"
_LACKING = listed("without, no, lack, lacks, lacking, missing, none, nothing, nobody, not, unused, any")
_MEANT = (
    ("protects, protect, protected, guards, guard, shields", ("PodDisruptionBudget", "NetworkPolicy")),
    ("url, urls, domain, domains, hostname, hostnames, path, paths, address, website", ("Ingress",)),
    ("exposes, exposed, fronts, in front of, routes to, reachable through, serves", ("Service", "Ingress")),
)
"""Kinds that a verb means where none is named: "what protects x"."""
_CONDITIONED = ("ready", "healthy", "running", "available", "enough", "all", "crashing", "failed", "pending")
"""Before the second kind, these ask for a state and not for a relative: "deployments without ready pods"."""
_HAVING = listed(
    "with, have, has, having, own, owns, mount, mounts, mounting, use, uses, using, reference, references, referencing, consume, consumes, need"
)
_NOTHING = (
    "no endpoints, without endpoints, no backend, without backends, no backends, nothing behind, select nothing, selects nothing,"
    " match nothing, matches nothing, no endpoint, any endpoints, no one behind, nobody behind, empty endpoints, unused, not used,"
    " nothing uses, nobody uses, no one uses, not referenced, unreferenced, not mounted, nobody needs, orphaned, not in use,"
    " never used, nothing mounts, nothing references, nobody mounts, nobody reads, nobody references, no consumers, no users,"
    " point at nothing, points at nothing, pointing at nothing, pointing nowhere, without pods, no pods behind, no targets, dangling, dead,"
    " point to nowhere, go nowhere, goes nowhere, leads nowhere, without a target, does nobody, does nothing, does no one, abandoned, stale, leftover, left over, points nowhere, point nowhere, points to nothing, lead nowhere, not attached"
)
_MOST_NAMES = 40
_ROUTING = frozenset(("Service", "Ingress", "PodDisruptionBudget", "NetworkPolicy"))
_ENDS = {
    Relation.USES: ("ConfigMap", "Secret", "PersistentVolumeClaim", "ServiceAccount", "PriorityClass", "StorageClass",
                    "PersistentVolume", "IngressClass"),
    Relation.ROUTES: ("Service", "Ingress", "NetworkPolicy", "PodDisruptionBudget"),
    Relation.SCALES: ("Deployment", "StatefulSet", "ReplicaSet", "HorizontalPodAutoscaler"),
    Relation.GRANTS: ("Role", "ClusterRole", "ServiceAccount", "RoleBinding", "ClusterRoleBinding"),
}  # fmt: skip
"""Kinds that a relation is asked of where no other kind is named."""
_IDLE = _ROUTING | {kind for relation in (Relation.USES, Relation.GRANTS) for kind in _ENDS[relation]}
"""Kinds that are there to lead somewhere or to be used."""
_INGRESS_COLUMNS = ("hosts", "spec.rules[*].http.paths[*].path", "spec.rules[*].http.paths[*].backend.service.name")
_PLACES = frozenset(("Node", "Namespace"))


@dataclass(frozen=True)
class _Asked:
    """A kind that is asked for, and where."""

    mention: Mention
    word: KindWord


def relations(clause: Clause, world: World) -> Read | None:
    """What is related to a named object, or which objects of a kind have no relative."""
    named = [item for item in objects_of(clause, world) if item.ref.kind != "Namespace"]
    kinds = asked_kinds(clause, named)
    if clause.has("annotation, annotations"):
        return None
    if not named:
        return _having(clause, kinds, world)
    wanted = _relation(clause)
    if named[0].ref.kind in ("Role", "ClusterRole") and clause.has(_GRANTING):
        wanted = Relation.GRANTS
    if wanted is None or (wanted is Relation.RUNS_ON and (named[0].ref.kind != "Node" or _of_node(clause))):
        return None
    if wanted is Relation.RUNS_ON and (not kinds or kinds[0].word.kind in ("Pod", *ROLLING)):
        return pods_on(clause, named, world)
    if wanted is Relation.OWNS:
        return None if any(kind.mention.plural for kind in kinds) else on("owners", named)
    if kinds:
        return _of_kinds(clause, [kind.word for kind in kinds], named, world)
    meant = [
        kind for words, names in _MEANT if clause.has(words) for name in names if (kind := world.kind(name)) is not None
    ]
    if meant and named[0].pod_labels:
        return _of_kinds(clause, meant, named, world)
    ends = [item for item in named if item.ref.kind in _ENDS.get(wanted, ())][:MOST_OBJECTS]
    return _together([_of_any_kind(item, wanted, world) for item in ends])


def _of_node(clause: Clause) -> bool:
    """Whether a field of the node itself is asked for: "any taints on it"."""
    return any(telling(field) for field in said(clause, aspects.own_fields_of("Node")))


def _together(found: Sequence[Read]) -> Read | None:
    """The reads of namesakes as one; those that found relatives alone, where some did."""
    best = max((read.confidence for read in found), default=0)
    kept = [read for read in found if read.confidence == best]
    about = tuple(dict.fromkeys(ref for read in kept for ref in read.about))
    return Read(tuple(call for read in kept for call in read.calls), about, best) if kept else None


def pods_on(clause: Clause, named: Sequence[Named], world: World) -> Read | None:
    """The Pods on named nodes, as far as the clause narrows them."""
    pods = world.kind("Pod")
    of_workloads = clause.of("workload") or any(
        item.kind is not None and item.kind.kind in ROLLING for item in clause.of("kind")
    )
    if pods is None or (clause.of("name") and not of_workloads):
        return None  # a list of Pods knows names of nodes, and more conditions
    nodes = " or ".join(f"node = {item.ref.name}" for item in named if item.ref.kind == "Node")
    about = tuple(item.ref for item in named)
    place = namespace_in(clause) or EVERYWHERE
    columns = ["owner", "status", "node"] if of_workloads else []
    return Read((call("list_resources", kind=pods.plural, namespace=place, where=nodes, columns=[*columns]),), about)


def dependencies(clause: Clause, world: World) -> Read | None:
    """What a named object uses, where no kind is named: "what does x depend on"."""
    if _relation(clause) is not Relation.USES:
        return None
    objects = objects_of(clause, world)[:MOST_OBJECTS]
    return _together([grouped(item, world.index.links.pointed_at(item, Relation.USES), world) for item in objects])


def _relation(clause: Clause) -> Relation | None:
    return next((relation for relation, words in _PREDICATES if clause.has(words)), None)


def asked_kinds(clause: Clause, named: Sequence[Named]) -> list[_Asked]:
    """Kinds that are asked for: not the kind word that stands beside the name, nor the place."""
    beside = [found for mention in clause.of("name") if (found := kind_beside(clause, mention)) is not None]
    own = {item.ref.kind for item in named}
    asked = [_Asked(item, item.kind) for item in clause.of("kind") if item.kind is not None and item not in beside]
    return [
        one
        for one in asked
        if one.word.kind not in own and not any(aspects.names_field(one.mention.text, kind) for kind in own)
    ]


def _of_kinds(clause: Clause, kinds: Sequence[KindWord], named: Sequence[Named], world: World) -> Read | None:
    """The relatives of these kinds, in whichever direction they are; where there are none, the object itself says so."""
    calls: list[ToolCall] = []
    about: list[ObjectRef] = []
    for pool in _candidates(clause, world):
        for kind in kinds:
            for item, found in _best(pool, kind, world):
                about += _focus(item, found)
                calls.append(listing(kind, item, found))
    if calls:
        return Read(tuple(calls[:MOST_OBJECTS]), tuple(dict.fromkeys(about)), 0.9)
    return on("describe_resource", named[:2], 0.8)


def _candidates(clause: Clause, world: World) -> Iterable[list[Named]]:
    """What each name may be, in the namespace that is meant, whatever its kind; or what a pronoun points at."""
    mentions = clause.of("name")
    if not mentions:
        return [[item] for item in objects_of(clause, world)[:MOST_OBJECTS]]
    out = []
    for mention in mentions:
        beside = kind_beside(clause, mention)
        pool = placed(mention.objects, clause, world)
        exact = [item for item in pool if beside is not None and beside.kind and item.ref.kind == beside.kind.kind]
        out.append(exact or pool)
    return out


def _best(pool: Sequence[Named], kind: KindWord, world: World) -> list[tuple[Named, list[Named]]]:
    """In each namespace, the object of a shared name that has relatives of a kind, with them."""
    best: dict[str, tuple[Named, list[Named]]] = {}
    for item in pool:
        if item.ref.kind != kind.kind and (found := world.index.links.related(item, kind.kind)):
            best.setdefault(item.ref.namespace, (item, found))
    return list(best.values())


def _focus(item: Named, found: Sequence[Named]) -> tuple[ObjectRef, ...]:
    """What "it" is afterwards: the one relative that was found, else the object itself."""
    refs = tuple(other.ref for other in found[:MOST_OBJECTS])
    return (*refs, item.ref) if len(refs) == 1 else (item.ref, *refs)


def listing(kind: KindWord, item: Named, found: Sequence[Named]) -> ToolCall:
    """A list of an object's relatives: by its selector where it has one, else by their names."""
    spaces = {other.ref.namespace for other in found}
    place = next(iter(spaces)) if len(spaces) == 1 else EVERYWHERE
    if kind.kind == "Pod" and item.selector and len(spaces) == 1:
        return call("list_resources", kind="pods", namespace=place, labels=selector_text(dict(item.selector)))
    return by_names(kind, found, place)


def by_names(kind: KindWord, found: Sequence[Named], place: str) -> ToolCall:
    """A list of these objects of a kind."""
    single = place != EVERYWHERE or not kind.namespaced
    tests = [
        f"name = {ref.name}" if single else f"(namespace = {ref.namespace} and name = {ref.name})"
        for ref in dict.fromkeys(other.ref for other in found[:_MOST_NAMES])
    ]
    test = " or ".join(tests)
    columns: list[JsonValue] = [*POLICY_COLUMNS] if kind.kind == "NetworkPolicy" else []
    space = place if kind.namespaced else ""
    return call("list_resources", kind=kind.plural, namespace=space, where=test, columns=columns)


POLICY_COLUMNS = ("spec.podSelector", "spec.ingress", "spec.egress")
"""Whom a NetworkPolicy lets in and out."""


def _of_any_kind(item: Named, relation: Relation, world: World) -> Read:
    """What is related to an object where no kind is named: what it routes to, or what points at it."""
    pods = world.kind("Pod")
    if item.ref.kind == "Ingress":
        return Read((columns_of(item, [*_INGRESS_COLUMNS]),), (item.ref,))
    if relation is Relation.ROUTES and item.selector and pods is not None:
        described = on("describe_resource", [item])
        return Read((listing(pods, item, [item]), *described.calls), (item.ref,))
    links = world.index.links
    found = links.pointed_at(item, relation) if relation is Relation.ROUTES else links.pointing_at(item, relation)
    return grouped(item, found, world)


def grouped(item: Named, found: Sequence[Named], world: World) -> Read:
    """One list for each kind of relatives; where there are none, the object itself says so."""
    calls = []
    for name in dict.fromkeys(other.ref.kind for other in found):
        kind = world.kind(name)
        mine = [other for other in found if other.ref.kind == name]
        if kind is not None:
            calls.append(by_names(kind, mine, item.ref.namespace or EVERYWHERE))
    if not calls:
        return on("describe_resource", [item], 0.8)
    return Read(tuple(calls), _focus(item, found), 0.9)


def _having(clause: Clause, kinds: Sequence[_Asked], world: World) -> Read | None:
    """Objects of a kind that have, or lack, relatives: "deployments without an autoscaler", "services with no endpoints"."""
    if (places := _places_having(clause, kinds, world)) is not None:
        return places
    main = [one for one in kinds if one.word.kind not in _PLACES]
    if not main:
        return None
    if (scaled := _autoscaled(main[0].word, clause, world)) is not None or (
        scaled := _workloads_having(clause, main, world)
    ):
        return scaled
    first = main[0].word
    facts = {words for words, _ in aspects.fields_of(first.kind)}
    main = [main[0], *(one for one in main[1:] if one.mention.text not in facts)]
    if clause.has(_NOTHING) and first.kind in _IDLE:
        kept = [item for item in _all(first, clause, world) if _forlorn(item, world)]
    elif len(main) >= 2 and (wanted := _between(clause, main[1].mention)) is not None:
        kept = [item for item in _all(first, clause, world) if bool(_near(item, main[1].word, world)) is wanted]
    else:
        return None
    return _kept(first, kept, len(_all(first, clause, world)))


def _autoscaled(kind: KindWord, clause: Clause, world: World) -> Read | None:
    """ "which deployments are autoscaled", or are not."""
    at = clause.find("autoscaled")
    if at < 0 or kind.kind not in _ENDS[Relation.SCALES]:
        return None
    wanted = not negated(clause, at)
    kept = [
        item
        for item in _all(kind, clause, world)
        if bool(world.index.links.related(item, "HorizontalPodAutoscaler")) is wanted
    ]
    return _kept(kind, kept, len(_all(kind, clause, world)))


def _workloads_having(clause: Clause, main: Sequence[_Asked], world: World) -> Read | None:
    """ "which workloads mount secrets": of every kind that makes pods."""
    wanted = _between(clause, main[0].mention) if clause.of("workload") and not clause.of("name") else None
    if wanted is None or main[0].word.kind not in _ENDS[Relation.USES]:
        return None
    calls: list[ToolCall] = []
    for name in ("Deployment", "StatefulSet", "DaemonSet", "CronJob"):
        kind = world.kind(name)
        if kind is not None:
            kept = [item for item in _all(kind, clause, world) if bool(_near(item, main[0].word, world)) is wanted]
            calls += _kept(kind, kept, 0).calls
    return Read(tuple(calls)) if calls else None


def _kept(kind: KindWord, kept: Sequence[Named], total: int) -> Read:
    """A list of these objects, or that there are none."""
    kept = [item for item in kept if item.ref.name not in EVERYWHERE_THERE]
    if not kept:
        return Read((), say=f"There are no {kind.plural} like that among {total}.")
    spaces = {item.ref.namespace for item in kept}
    place = next(iter(spaces)) if len(spaces) == 1 else EVERYWHERE
    return Read((by_names(kind, kept, place),), tuple(item.ref for item in kept[:MOST_OBJECTS]), 0.9)


def _places_having(clause: Clause, kinds: Sequence[_Asked], world: World) -> Read | None:
    """Namespaces that hold, or lack, objects of a kind: "which namespaces have no quota"."""
    if (
        len(kinds) < 2
        or kinds[0].word.kind != "Namespace"
        or not kinds[0].mention.plural
        or not kinds[1].word.namespaced
    ):
        return None
    wanted = _between(clause, kinds[1].mention)
    if wanted is None:
        return None
    having = {item.ref.namespace for item in world.index.vocabulary.objects if item.ref.kind == kinds[1].word.kind}
    names = [name for name in world.index.vocabulary.namespaces if (name in having) is wanted]
    test = " or ".join(f"name = {name}" for name in names[:_MOST_NAMES])
    if not names:
        return Read((), say=f"There are no namespaces like that among {len(world.index.vocabulary.namespaces)}.")
    return Read((call("list_resources", kind=kinds[0].word.plural, where=test),), (), 0.9)


def _between(clause: Clause, mention: Mention) -> bool | None:
    """True for "with", False for "without" before the second kind; None where neither stands there."""
    before = clause.low[max(0, mention.start - 4) : mention.start]
    if before and before[-1] in _CONDITIONED:
        return None
    if _LACKING & set(before) or clause.has("not have, do not have, does not have"):
        return False
    return True if _HAVING & set(before) else None


def _near(item: Named, kind: KindWord, world: World) -> list[Named]:
    found = world.index.links.related(item, kind.kind)
    return [other for other in found if other.ref.name not in EVERYWHERE_THERE]


def idle(kind: KindWord, clause: Clause, world: World) -> list[Named] | None:
    """The objects of a kind that nothing uses, or that lead nowhere, where the clause asks for those."""
    routes = kind.kind in _ROUTING
    if not routes and kind.kind not in _ENDS[Relation.USES]:
        return None
    if not clause.has(_NOTHING) and not (routes and clause.has("no pods, no pod, without pods")):
        return None
    return [item for item in _all(kind, clause, world) if _forlorn(item, world)]


def _forlorn(item: Named, world: World) -> bool:
    """Whether a thing that routes leads to no pod, or nothing uses a thing that is there to be used."""
    links = world.index.links
    if item.ref.name in EVERYWHERE_THERE:
        return False
    if item.ref.kind in _ROUTING:
        return bool(item.selector or item.links) and not links.related(item, "Pod")
    return not links.pointing_at(item, Relation.USES) and not links.pointing_at(item, Relation.GRANTS)


def _all(kind: KindWord, clause: Clause, world: World) -> list[Named]:
    place = namespace_in(clause)
    return [
        item
        for item in world.index.vocabulary.objects
        if item.ref.kind == kind.kind and (place in ("", EVERYWHERE, item.ref.namespace))
    ]
