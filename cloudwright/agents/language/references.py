"""Which objects a clause means."""

from collections.abc import Sequence
from dataclasses import dataclass

from cloudwright.agents.language.clause import Clause, Mention
from cloudwright.agents.language.describing import described
from cloudwright.agents.language.index import Index
from cloudwright.agents.language.lexicon import listed
from cloudwright.agents.language.understanding import KindWord, Memory, Named
from cloudwright.core.refs import ObjectRef

EVERYWHERE = "*"
_ALL_NAMESPACES = (
    "all namespaces", "every namespace", "any namespace", "across namespaces", "cluster wide", "cluster-wide",
    "clusterwide", "any ns", "all ns", "every ns", "across ns", "everywhere", "anywhere", "whole cluster", "entire cluster", "across the cluster", "in the cluster",
    "all the namespaces", "across all namespaces", "in this cluster", "namespaces", "cluster",
)  # fmt: skip
_PRIMARY = (
    "Deployment", "StatefulSet", "DaemonSet", "CronJob", "Node", "Job", "Pod", "ReplicaSet", "Service", "Ingress",
    "PersistentVolumeClaim", "HorizontalPodAutoscaler", "ConfigMap", "Secret", "PodDisruptionBudget",
    "NetworkPolicy", "ServiceAccount", "PersistentVolume",
)  # fmt: skip
SCALABLE = ("Deployment", "StatefulSet", "ReplicaSet")
ROLLING = ("Deployment", "StatefulSet", "DaemonSet")
TEMPLATED = ("Deployment", "StatefulSet", "DaemonSet", "CronJob")


SWITCHES = ("paused", "suspend", "suspended", "held", "hold", "onHold", "enabled")
"""Fields that stop and start what an object describes."""


def rank(kind: str) -> int:
    """How likely a name alone means an object of this kind; 0 is the likeliest."""
    if kind in _PRIMARY[:4]:
        return 0
    if kind in _PRIMARY:
        return _PRIMARY.index(kind)
    return 4 if kind not in _AUXILIARY else 50


_AUXILIARY = listed("Role, RoleBinding, ClusterRole, ClusterRoleBinding, StorageClass, PriorityClass")


@dataclass(frozen=True)
class World:
    """The cluster's words with what the conversation is about."""

    index: Index
    memory: Memory
    namespace: str

    def home(self) -> str:
        """The namespace that is meant where none is named."""
        return self.memory.namespace or self.namespace

    def named(self, ref: ObjectRef) -> Named | None:
        """What is known of an object."""
        for item in self.index.names.get(ref.name.lower(), ()):
            if item.ref.kind == ref.kind and item.ref.namespace == ref.namespace:
                return item
        return None

    def kind(self, name: str) -> KindWord | None:
        """A kind by its name."""
        return self.index.by_kind.get(name)


def namespace_in(clause: Clause) -> str:
    """The namespace that the clause names, "*" for all of them, "" for none."""
    found = clause.of("namespace")
    if found:
        clause.use(*found)
        return found[-1].text
    if clause.has(*_ALL_NAMESPACES[:-2]):
        clause.use_words(*_ALL_NAMESPACES)
        return EVERYWHERE
    return ""


EVERYWHERE_THERE = frozenset(("kubernetes", "default", "kube-root-ca.crt"))
"""What every namespace, or the default one, has by itself."""


def namespace_for(clause: Clause, kind: KindWord, world: World) -> str:
    """Where to list a kind: as named; the home namespace, if it has any of that kind; else everywhere."""
    named = namespace_in(clause)
    if not kind.namespaced:
        return ""
    if named:
        return named
    home = world.home()
    lives = any(
        item.ref.kind == kind.kind and item.ref.namespace == home and item.ref.name not in EVERYWHERE_THERE
        for item in world.index.vocabulary.objects
    )
    return home if lives else EVERYWHERE


def kind_beside(clause: Clause, mention: Mention) -> Mention | None:
    """The kind word that belongs to a name: "deployment cart", "the cart deployment", "node named x"."""
    if mention.kind is not None:
        return mention
    for other in clause.of("kind"):
        between = clause.low[other.end : mention.start] if other.end <= mention.start else None
        if between is not None and all(word in ("called", "named", "/", "the") for word in between):
            return other
        if other.start == mention.end:
            return other
    return None


def placed(objects: Sequence[Named], clause: Clause, world: World) -> list[Named]:
    """Those of some objects that are in the namespace that is meant: as named, else the home namespace if any is there."""
    place = namespace_in(clause)
    if place and place != EVERYWHERE:
        places = {mention.text for mention in clause.of("namespace")} | _joined_stages(clause, world)
        return [item for item in objects if item.ref.namespace in (*places, "")]
    if not place and (staged := _staged(objects, clause, world)):
        return staged
    if not place and any(item.ref.namespace == world.home() for item in objects):
        return [item for item in objects if item.ref.namespace == world.home()]
    return list(objects)


_JOINTS = ("and", "or", "vs", "versus", "plus", "&")


def _joined_stages(clause: Clause, world: World) -> set[str]:
    """The namespaces of stages that "and" joins to a namespace: "on prod and shop-staging"."""
    found: set[str] = set()
    for place in clause.of("namespace"):
        near = clause.low[max(0, place.start - 3) : place.end + 3]
        if set(near) & set(_JOINTS) and "not" not in near:
            for index in range(max(0, place.start - 3), min(place.end + 3, len(clause.low))):
                if clause.at(index) is None:
                    found |= world.index.environments.get(clause.low[index], frozenset())
    return found


def _staged(objects: Sequence[Named], clause: Clause, world: World) -> list[Named]:
    """Those of some objects that live in the stages that are spoken of ("in prod"), where some do and others do not."""
    found: list[Named] = []
    for index, word in enumerate(clause.low):
        spaces = world.index.environments.get(word, frozenset())
        there = [item for item in objects if item.ref.namespace in spaces and item not in found]
        if there and clause.at(index) is None and clause.low[index - 1 : index] != ("not",):
            clause.used.add(index)
            found += there
    return found


def fitting(clause: Clause, mention: Mention, world: World, kinds: Sequence[str] = ()) -> list[Named]:
    """The objects that a name may mean here, the likeliest kind of each namespace alone."""
    found = list(mention.objects)
    beside = kind_beside(clause, mention)
    if beside is not None and beside.kind is not None:
        exact = [item for item in found if item.ref.kind == beside.kind.kind]
        loosely = beside.kind.kind == "Pod" and bool(kinds)  # "logs of the web pod": of what makes it
        if exact or not kinds or (beside.kind.kind in kinds and not loosely):
            found = exact
    if kinds:
        found = [item for item in found if item.ref.kind in kinds]
    found = placed(found, clause, world)
    if mention.plural:
        return found
    if beside is None and found:
        best = min(rank(item.ref.kind) for item in found)
        found = [item for item in found if rank(item.ref.kind) == best]
    return found


def objects_of(clause: Clause, world: World, kinds: Sequence[str] = ()) -> list[Named]:
    """All objects that the clause names, or points at with a pronoun."""
    out: list[Named] = []
    for mention in clause.of("name"):
        for item in fitting(clause, mention, world, kinds):
            if item not in out:
                out.append(item)
    if not out and not clause.of("name"):
        out = places_of(clause, world) or [item for item in sole(clause, world) if not kinds or item.ref.kind in kinds]
    if not out and not clause.of("name"):
        out = [found for ref in pointed(clause, world, kinds) if (found := world.named(ref)) is not None]
    return out


_ASKED_FOR = ("which", "what", "any", "a", "an", "every", "each", "all", "no", "many", "another", "new", "list", "show")


def sole(clause: Clause, world: World) -> list[Named]:
    """The object of a kind that is alone in the namespace that is named: "the quota of ledger"; or all that a description fits."""
    if any(not mention.near for mention in clause.of("name")) or _points(clause):
        return []
    place = namespace_in(clause)
    found, words = described(clause, world.index)
    if found:
        clause.used |= words
        near = [item for item in found if place in ("", EVERYWHERE, item.ref.namespace)]
        home = [item for item in near if item.ref.namespace == world.home()]
        return home or near
    if clause.of("name"):
        return []
    for mention in reversed(clause.of("kind") if place not in ("", EVERYWHERE) else []):
        before = clause.low[mention.start - 1] if mention.start else ""
        if mention.kind is None or mention.plural or before in _ASKED_FOR:
            continue
        found = [
            item
            for item in world.index.vocabulary.objects
            if item.ref.kind == mention.kind.kind
            and item.ref.namespace == place
            and item.ref.name not in EVERYWHERE_THERE
        ]
        if len(found) == 1:
            return found
    return []


def _points(clause: Clause) -> bool:
    """Whether a pronoun or an ordinal points at something; "that" before a kind describes."""
    kinds = {mention.start for mention in clause.of("kind")}
    pronouns = [
        item
        for item in clause.of("pronoun")
        if not (item.text in ("that", "this") and kinds & set(range(item.end, item.end + 3)))
    ]
    return bool(pronouns or clause.of("ordinal"))


def everywhere(clause: Clause, mention: Mention) -> bool:
    """Whether the word for namespaces only says where to look: "over all namespaces"."""
    if (
        mention.kind is None
        or mention.kind.kind != "Namespace"
        or not (
            mention.plural
            or mention.text == "ns"
            or clause.low[mention.start - 1 : mention.start] in (("every",), ("each",), ("any",))
        )
    ):
        return False
    before = clause.low[max(0, mention.start - 3) : mention.start]
    aside = before[-2:-1] in ((",",), (";",), ("(",)) and mention.end >= len(clause.low) - 1
    throughout = aside or bool(_THROUGHOUT & set(before[:-1]))
    return bool(before) and (before[-1] == "across" or (before[-1] in _EACH and throughout))


def says_place(clause: Clause, mention: Mention) -> bool:
    """Whether the word for namespaces stands beside the name of one: "the blue namespace", "in namespace blue"."""
    if mention.kind is None or mention.kind.kind != "Namespace" or mention.plural:
        return False
    return any(place.end == mention.start or place.start == mention.end for place in clause.of("namespace"))


_EACH = ("all", "every", "any", "the")
_THROUGHOUT = frozenset(("in", "over", "across", "from", "throughout", "within", "through", "among"))


def places_of(clause: Clause, world: World) -> list[Named]:
    """The namespaces that are themselves meant: "namespace x", "label the x namespace"."""
    spoken = [item for item in clause.of("kind") if item.kind is not None and item.kind.kind == "Namespace"]
    others = [item for item in clause.of("kind") if item not in spoken]
    if not spoken or others or clause.of("name"):
        return []
    wanted = {item.text for item in clause.of("namespace")}
    return [item for item in world.index.vocabulary.objects if item.ref.kind == "Namespace" and item.ref.name in wanted]


def pointed(clause: Clause, world: World, kinds: Sequence[str] = ()) -> list[ObjectRef]:
    """What a pronoun or an ordinal of the clause points at; a singular one at the newest thing of the right kind."""
    memory = world.memory
    for mention in clause.of("ordinal"):
        following = clause.low[mention.end : mention.end + 1]
        spoken = (
            not following
            or following[0] in ("one", "pod", "node", "'s", "to", "by", "please", "and", ",")
            or clause.has("one")
        )
        if spoken and -len(memory.listed) <= mention.value < len(memory.listed):
            clause.use(mention)
            return [memory.listed[mention.value]]
        if spoken and clause.has("one, pod, node"):
            return []
    pronouns = clause.of("pronoun")
    if not pronouns:
        return []
    if any(item.plural and clause.low[item.start] not in ("one", "ones", "their") for item in pronouns):
        several = list(memory.listed) or list(memory.objects)
        if len(several) > 1:
            return several
    pool = [ref for ref in _focus(memory) if not kinds or ref.kind in kinds]
    if not pool and kinds:
        pool = _above(_focus(memory), world, kinds)
    return pool[:1]


def in_focus(clause: Clause, world: World, kinds: Sequence[str]) -> list[ObjectRef]:
    """What an order without any object is about: the one thing that was spoken of last, if it is of the right kind."""
    loose = {"LimitRange"} if clause.of("quantity") else set()
    loose |= {"Pod"} if clause.of("number") or tuple(kinds) == ("Node",) else set()
    if any(
        item.what in ("kind", "workload", "namespace", "all", "file")
        and not (item.kind is not None and item.kind.kind in loose)
        for item in clause.mentions
    ):
        return []
    newest = _focus(world.memory)[:1]
    return [ref for ref in newest if (ref.kind in kinds or not kinds) and len(last_shown(world, kinds)) <= 1]


def last_shown(world: World, kinds: Sequence[str]) -> list[ObjectRef]:
    """The objects of these kinds that the last calls were about: more than one makes "it" unclear for a change."""
    shown: set[tuple[str, str]] = set()
    for call in world.memory.last_calls:
        said = call.arguments
        place = str(said.get("namespace", ""))
        shown.add((str(said.get("name") or str(said.get("fields", "")).removeprefix("metadata.name=")), place))
        shown.add((str(said.get("other_name") or said.get("name", "")), str(said.get("other_namespace") or place)))
    found = {
        (ref.kind, ref.namespace, ref.name): ref
        for ref in world.memory.objects
        if (ref.name, ref.namespace) in shown and (not kinds or ref.kind in kinds)
    }
    return list(found.values())


def _focus(memory: Memory) -> list[ObjectRef]:
    """What is in focus, newest first."""
    listing = memory.last_calls and memory.last_calls[-1].tool == "list_resources"
    if listing and len(memory.listed) == 1:
        return [*memory.listed, *memory.objects]
    return [*memory.objects, *(memory.listed if len(memory.listed) == 1 else ())]


def _above(refs: Sequence[ObjectRef], world: World, kinds: Sequence[str]) -> list[ObjectRef]:
    """The workloads above pods in focus, or the nodes under them."""
    out = []
    for ref in refs:
        item = world.named(ref)
        if item is not None and item.node and "Node" in kinds:
            out.append(ObjectRef(kind="Node", name=item.node, api_version="v1"))
            continue
        top = top_of(item, world) if item else None
        if top is not None and top.ref.kind in kinds:
            out.append(top.ref)
    return out


def top_of(item: Named, world: World) -> Named | None:
    """The topmost known owner of an object."""
    for _ in range(4):
        kind, _, name = item.owner.partition("/")
        above = next(
            (
                other
                for other in world.index.names.get(name.lower(), ())
                if other.ref.kind == kind and other.ref.namespace == item.ref.namespace
            ),
            None,
        )
        if above is None:
            break
        item = above
    return item


def makers_behind(objects: Sequence[Named], world: World) -> list[Named]:
    """The workloads behind Services: what people mean by "the search service" where pods are spoken of."""
    services = [item for item in objects if item.ref.kind == "Service"]
    return [other for item in services for kind in ROLLING for other in world.index.links.related(item, kind)]


def selector_text(labels: "dict[str, str] | object") -> str:
    """A label selector of labels."""
    assert isinstance(labels, dict)
    return ",".join(f"{key}={value}" for key, value in sorted(labels.items()))
