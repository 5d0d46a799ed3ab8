"""An immutable, indexed snapshot of a cluster: what every check reads."""

import hashlib
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import cached_property
from typing import Any, TypeVar

from cloudwright.core.evidence import Citation
from cloudwright.core.refs import ObjectRef
from cloudwright.diagnosis import fields as f
from cloudwright.diagnosis.events import EventIndex
from cloudwright.diagnosis.fields import Object
from cloudwright.diagnosis.observations import Event, Observations

T = TypeVar("T")
TEMPLATE_PATHS: Mapping[str, tuple[str, ...]] = {
    "Pod": (),
    "Deployment": ("spec", "template"),
    "ReplicaSet": ("spec", "template"),
    "ReplicationController": ("spec", "template"),
    "StatefulSet": ("spec", "template"),
    "DaemonSet": ("spec", "template"),
    "Job": ("spec", "template"),
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
}
"""Where each kind of workload keeps its pod template; a Pod is its own."""

WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet", "CronJob", "Job", "ReplicaSet", "ReplicationController", "Pod")
CLUSTER_SCOPED = frozenset(
    [
        "Node",
        "Namespace",
        "PersistentVolume",
        "StorageClass",
        "IngressClass",
        "GatewayClass",
        "ClusterRole",
        "ClusterRoleBinding",
        "ValidatingWebhookConfiguration",
        "MutatingWebhookConfiguration",
        "APIService",
        "CustomResourceDefinition",
        "PriorityClass",
        "CSIDriver",
        "VolumeAttachment",
        "RuntimeClass",
        "CertificateSigningRequest",
    ]
)
YOUNG = timedelta(seconds=20)
"""Objects younger than this are given time before their absence of progress is held against them."""


def kind_key(obj: Object) -> str:
    """Index key of an object: its kind, with the API group where that is not one of Kubernetes' own."""
    kind, version = f.text(obj, "kind"), f.text(obj, "apiVersion")
    group = version.rpartition("/")[0]
    if not group or "." not in group or group.endswith(".k8s.io"):
        return kind
    return f"{kind}.{group}"


@dataclass(frozen=True)
class ClusterView:
    """A snapshot. `objects` by `kind_key`; `complete` holds the kinds whose list was whole, so that a missing object
    is known to be missing; `namespaces` limits that to some namespaces (None: all of the cluster).

    Values of Secrets are gone or masked; see `load.prune`.
    """

    objects: Mapping[str, tuple[Object, ...]]
    collected_at: datetime
    observations: Observations = field(default_factory=Observations)
    complete: frozenset[str] = frozenset()
    namespaces: frozenset[str] | None = None
    gaps: tuple[str, ...] = ()
    origin: str = ""
    snapshot: str = ""

    @cached_property
    def id(self) -> str:
        """Snapshot id that evidence cites."""
        if self.snapshot:
            return self.snapshot
        seed = f"{self.origin}|{self.collected_at.isoformat()}|{self.total}"
        return "snapshot-" + hashlib.sha256(seed.encode()).hexdigest()[:10]

    @property
    def total(self) -> int:
        """Number of objects."""
        return sum(len(items) for items in self.objects.values())

    def once(self, key: Any, make: Callable[[], T]) -> T:
        """What `make` returns, made once per view and `key`: checks share what they derive from it."""
        known: dict[Any, Any] = self.__dict__.setdefault("_derived", {})
        if key not in known:
            known[key] = make()
        return known[key]  # type: ignore[no-any-return]

    def _all(self) -> Iterator[tuple[str, Object]]:
        """Every object but the events (which nothing refers to) with its index key."""
        for key, items in self.objects.items():
            if key != "Event":
                for item in items:
                    yield key, item

    # -- lookup ---------------------------------------------------------------------------------------------------
    def of(self, kind: str) -> tuple[Object, ...]:
        """All objects of a kind."""
        return self.objects.get(kind, ())

    @cached_property
    def _by_name(self) -> dict[tuple[str, str, str], Object]:
        return {(key, f.namespace(item), f.name(item)): item for key, item in self._all()}

    def find(self, kind: str, namespace: str, name: str) -> Object | None:
        """One object; cluster-scoped kinds are found whatever namespace is given."""
        found = self._by_name.get((kind, "" if kind in CLUSTER_SCOPED else namespace, name))
        return found if found is not None else self._by_name.get((kind, namespace, name))

    def lookup(self, ref: ObjectRef) -> Object | None:
        """The object behind a reference."""
        return self.find(ref.kind, ref.namespace, ref.name)

    @cached_property
    def _by_namespace(self) -> dict[tuple[str, str], list[Object]]:
        index: dict[tuple[str, str], list[Object]] = defaultdict(list)
        for key, item in self._all():
            index[key, f.namespace(item)].append(item)
        return index

    def within(self, kind: str, namespace: str) -> Sequence[Object]:
        """The objects of a kind in one namespace."""
        return self._by_namespace.get((kind, namespace), ())

    def knows(self, kind: str, namespace: str = "") -> bool:
        """Whether all objects of this kind (in this namespace) were seen, so that absence is a fact."""
        if kind not in self.complete:
            return False
        return kind in CLUSTER_SCOPED or self.namespaces is None or namespace in self.namespaces

    def missing(self, kind: str, namespace: str, name: str) -> bool:
        """Whether it is a fact that this object does not exist."""
        return bool(name) and self.knows(kind, namespace) and self.find(kind, namespace, name) is None

    # -- references and citations ---------------------------------------------------------------------------------
    def ref(self, obj: Object) -> ObjectRef:
        """Reference to an object of the view."""
        return ObjectRef(
            kind=kind_key(obj),
            name=f.name(obj),
            namespace=f.namespace(obj),
            api_version=f.text(obj, "apiVersion"),
            uid=f.uid(obj),
        )

    def cite(self, obj: Object, path: str = "", quote: str = "") -> Citation:
        """A field of an object of this snapshot."""
        return Citation(evidence=self.id, uid=f.uid(obj) or str(self.ref(obj)), path=path, quote=quote[:400])

    def cite_event(self, event: Event) -> Citation:
        """An event of this snapshot."""
        times = f" (x{event.count})" if event.count > 1 else ""
        quote = f"{event.reason}{times}: {event.message}"[:400]
        return Citation(evidence=self.id, uid=event.uid or event.event_uid, path="events", quote=quote)

    def quote(self, text: str, path: str, uid: str = "") -> Citation:
        """A text of this snapshot that belongs to no object, such as a log line."""
        return Citation(evidence=self.id, uid=uid, path=path, quote=text[:400])

    # -- time -----------------------------------------------------------------------------------------------------
    def age(self, obj: Object) -> timedelta | None:
        """Age of an object at the time of the snapshot."""
        return self.since(f.when(obj, "metadata", "creationTimestamp"))

    def since(self, moment: datetime | None) -> timedelta | None:
        """Time from `moment` to the snapshot."""
        return None if moment is None else self.collected_at - moment

    def older(self, obj: Object, than: timedelta = YOUNG) -> bool:
        """Whether an object is older than this; unknown age counts as old."""
        age = self.age(obj)
        return age is None or age >= than

    # -- ownership ------------------------------------------------------------------------------------------------
    @cached_property
    def _by_uid(self) -> dict[str, Object]:
        return {uid: item for _, item in self._all() if (uid := f.uid(item))}

    def by_uid(self, uid: str) -> Object | None:
        """The object with this uid."""
        return self._by_uid.get(uid) if uid else None

    @cached_property
    def _owners(self) -> dict[int, Object]:
        """Owners of the view's own objects, by the identity of the object."""
        pairs = ((item, self._find_owner(item)) for _, item in self._all())
        return {id(item): above for item, above in pairs if above is not None}

    def _find_owner(self, obj: Object) -> Object | None:
        for item in f.maps(obj, "metadata", "ownerReferences"):
            if item.get("controller") is False:
                continue
            found = self.by_uid(f.text(item, "uid")) or self.find(
                kind_key(item), f.namespace(obj), f.text(item, "name")
            )
            if found is not None and found is not obj:
                return found
        return None

    def owner(self, obj: Object) -> Object | None:
        """The controlling owner of an object of this view, where it is in the view too."""
        return self._owners.get(id(obj))

    def top(self, obj: Object) -> Object:
        """The object that a person edits to change this one: the last of its owners (never a Node)."""
        for _ in range(8):
            above = self.owner(obj)
            if above is None or above.get("kind") == "Node":
                break
            obj = above
        return obj

    @cached_property
    def _children(self) -> dict[int, list[Object]]:
        index: dict[int, list[Object]] = defaultdict(list)
        for _, item in self._all():
            if above := self.owner(item):
                index[id(above)].append(item)
        return index

    def children(self, obj: Object, kind: str = "") -> list[Object]:
        """Directly owned objects."""
        found = self._children.get(id(obj), [])
        return [item for item in found if not kind or kind_key(item) == kind]

    @cached_property
    def _pods_below(self) -> dict[int, list[Object]]:
        index: dict[int, list[Object]] = defaultdict(list)
        for pod in self.of("Pod"):
            step: Object | None = pod
            for _ in range(8):
                if step is None:
                    break
                index[id(step)].append(pod)
                step = self.owner(step)
        return index

    def pods_of(self, obj: Object) -> list[Object]:
        """All Pods below an object of this view (itself, if it is one)."""
        return self._pods_below.get(id(obj), [])

    @cached_property
    def workloads(self) -> tuple[Object, ...]:
        """The workloads that nobody owns (of those with a pod template)."""
        return tuple(item for kind in WORKLOADS for item in self.of(kind) if self.owner(item) is None)

    @cached_property
    def _workloads_by_namespace(self) -> dict[str, list[Object]]:
        index: dict[str, list[Object]] = defaultdict(list)
        for item in self.workloads:
            index[f.namespace(item)].append(item)
        return index

    def workloads_in(self, namespace: str) -> Sequence[Object]:
        """The top workloads of a namespace."""
        return self._workloads_by_namespace.get(namespace, ())

    @cached_property
    def _pods_by_label(self) -> "LabelIndex":
        return LabelIndex((pod, f.labels(pod, "metadata", "labels")) for pod in self.of("Pod"))

    def pods_selected(self, namespace: str, selector: Mapping[str, str]) -> list[Object]:
        """Pods that an equality selector selects; none for an empty selector."""
        return self._pods_by_label.selected(namespace, selector)

    @cached_property
    def _workloads_by_label(self) -> "LabelIndex":
        return LabelIndex(
            (item, f.labels(template_of(item), "metadata", "labels"))
            for item in self.workloads
            if item.get("kind") != "CronJob"
        )

    def workloads_selected(self, namespace: str, selector: Mapping[str, str]) -> list[Object]:
        """Top workloads (but CronJobs) whose Pods get labels that an equality selector selects."""
        return self._workloads_by_label.selected(namespace, selector)

    @cached_property
    def _pods_by_node(self) -> dict[str, list[Object]]:
        index: dict[str, list[Object]] = defaultdict(list)
        for pod in self.of("Pod"):
            if node := f.text(pod, "spec", "nodeName"):
                index[node].append(pod)
        return index

    def pods_on(self, node: str) -> Sequence[Object]:
        """Pods bound to a node."""
        return self._pods_by_node.get(node, ())

    # -- events ---------------------------------------------------------------------------------------------------
    @cached_property
    def _events(self) -> EventIndex:
        return EventIndex(self.of("Event"))

    @property
    def warnings(self) -> Sequence[Event]:
        """All events of type Warning, oldest first."""
        return self._events.warnings

    def events_of(self, obj: Object, *reasons: str) -> list[Event]:
        """Events about exactly this object (same uid, where both have one), oldest first."""
        found = self._events.about(f.text(obj, "kind"), f.namespace(obj), f.name(obj))
        own = f.uid(obj)
        same = (item for item in found if not (own and item.uid and item.uid != own and obj.get("kind") != "Node"))
        return [item for item in same if not reasons or item.reason in reasons]

    def events_with(self, *reasons: str) -> list[Event]:
        """Events with one of these reasons."""
        return [item for reason in reasons for item in self._events.with_reason(reason)]


class LabelIndex:
    """Objects by namespace and label, for selectors."""

    def __init__(self, labelled: Iterable[tuple[Object, Mapping[str, str]]]) -> None:
        self._index: dict[tuple[str, str, str], list[tuple[Object, Mapping[str, str]]]] = defaultdict(list)
        for obj, labels in labelled:
            namespace = f.namespace(obj)
            for key, value in labels.items():
                self._index[namespace, key, value].append((obj, labels))

    def selected(self, namespace: str, selector: Mapping[str, str]) -> list[Object]:
        """What an equality selector selects; nothing for an empty selector."""
        if not selector:
            return []
        lists = [self._index.get((namespace, key, value), ()) for key, value in selector.items()]
        return [obj for obj, labels in min(lists, key=len) if f.selects(selector, labels)]


def template_of(obj: Object) -> Object:
    """The pod template of a workload, or the Pod itself; empty for other kinds."""
    path = TEMPLATE_PATHS.get(f.text(obj, "kind"))
    if path is None:
        return {}
    return f.mapping(obj, *path) if path else obj


def spec_path(obj: Object) -> str:
    """Dotted path of the pod spec inside a workload, as in `spec.template.spec`."""
    return ".".join((*TEMPLATE_PATHS.get(f.text(obj, "kind"), ()), "spec"))


def index_objects(objects: Iterable[Any]) -> dict[str, tuple[Object, ...]]:
    """Group objects by `kind_key`; what is no object with a kind and a name is left out."""
    found: dict[str, list[Object]] = defaultdict(list)
    for item in objects:
        if isinstance(item, Mapping) and f.text(item, "kind") and f.name(item):
            found[kind_key(item)].append(item)
    return {key: tuple(items) for key, items in found.items()}
