"""The cluster's own words: kinds with all their names, namespaces, nodes, and objects with what language needs of them."""

import re
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from itertools import islice
from typing import Any

from pydantic import JsonValue

from cloudwright.agents.language.links import links_of
from cloudwright.agents.language.understanding import KindWord, Named, Vocabulary
from cloudwright.core.context import Context
from cloudwright.tools.kubernetes import facts, snapshot
from cloudwright.tools.kubernetes.discovery import Discovery, ResourceType

_FRESH_SECONDS = 5.0
_SKIPPED = frozenset(
    [
        "events",
        "events.events.k8s.io",
        "leases.coordination.k8s.io",
        "endpointslices.discovery.k8s.io",
        "endpoints",
        "controllerrevisions.apps",
        "podtemplates",
        "componentstatuses",
        "apiservices.apiregistration.k8s.io",
        "flowschemas.flowcontrol.apiserver.k8s.io",
        "prioritylevelconfigurations.flowcontrol.apiserver.k8s.io",
        "csinodes.storage.k8s.io",
        "csidrivers.storage.k8s.io",
        "csistoragecapacities.storage.k8s.io",
        "volumeattachments.storage.k8s.io",
        "servicecidrs.networking.k8s.io",
        "ipaddresses.networking.k8s.io",
        "volumeattributesclasses.storage.k8s.io",
        "certificatesigningrequests.certificates.k8s.io",
        "deviceclasses.resource.k8s.io",
        "resourceclaims.resource.k8s.io",
        "resourceclaimtemplates.resource.k8s.io",
        "resourceslices.resource.k8s.io",
        "runtimeclasses.node.k8s.io",
        "validatingadmissionpolicies.admissionregistration.k8s.io",
        "validatingadmissionpolicybindings.admissionregistration.k8s.io",
    ]
)
"""Kinds that people do not call by an object's name."""
_MOST_SETTINGS = 80
_LONGEST_SETTING = 200
_METRICS = "metrics.k8s.io"
_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_SPOKEN: Mapping[str, tuple[str, ...]] = {
    "PersistentVolumeClaim": ("volume claim", "volume claims", "claim", "claims", "disk claim"),
    "PersistentVolume": ("volume", "volumes"),
    "HorizontalPodAutoscaler": ("autoscaler", "autoscalers", "pod autoscaler", "autoscaling"),
    "PodDisruptionBudget": ("disruption budget", "disruption budgets", "budget", "budgets"),
    "Node": ("machine", "machines", "host", "hosts", "box", "boxes", "server", "servers", "vm", "vms"),
    "CustomResourceDefinition": ("custom resource definition", "custom resources"),
    "Ingress": ("ingress rule", "ingress rules"),
    "CronJob": ("scheduled job", "scheduled jobs", "cron", "crons", "cronjobs"),
    "NetworkPolicy": ("netpols", "network rule", "network rules"),
    "ResourceQuota": ("quotas",),
    "LimitRange": ("limit range", "limit ranges"),
    "ServiceAccount": ("service-account", "service-accounts"),
    "ConfigMap": ("config maps", "config-map", "config-maps", "configuration", "configurations", "config", "configs"),
    "StatefulSet": ("stateful set", "stateful sets", "stateful-set"),
    "DaemonSet": ("daemon set", "daemon sets", "daemon-set"),
    "ReplicaSet": ("replica set", "replica sets"),
    "Namespace": ("name space", "name spaces"),
    "Deployment": ("deploys",),
    "Service": ("k8s service",),
}
"""What people say besides a kind's own names."""


def words_of(kind: ResourceType) -> tuple[str, ...]:
    """All words for a kind in lower case, spoken forms of its CamelCase name among them."""
    spoken = _CAMEL.sub(" ", kind.kind).lower()
    words = [kind.kind.lower(), kind.plural, kind.singular or kind.kind.lower(), *kind.short_names]
    words += [f"{name}s" for name in kind.short_names if not name.endswith("s")]
    if " " in spoken:
        words += [spoken, f"{spoken[:-1]}ies" if spoken.endswith("y") else f"{spoken}s"]
    return tuple(dict.fromkeys((*words, *_SPOKEN.get(kind.kind, ()), kind.qualified)))


def load(context: Context) -> Vocabulary:
    """Read the cluster's words, kinds in parallel; what may not be listed is a gap.

    Raises:
        ToolError: the server cannot be asked at all.
    """
    kinds = [kind for kind in context.service(Discovery).listable() if kind.group != _METRICS]
    wanted = [kind.qualified for kind in kinds if kind.qualified not in _SKIPPED]
    taken = snapshot.take(context, wanted, prune=_prune)
    objects = [named for found in taken.lists for item in found.objects for named in _named(found.kind, item)]
    own = [entry.ref.name for entry in objects if entry.ref.kind == "Namespace"]
    used = [entry.ref.namespace for entry in objects if entry.ref.namespace]
    return Vocabulary(
        namespace=context.place.namespace,
        namespaces=tuple(dict.fromkeys((*own, *used))),
        kinds=tuple(
            KindWord(
                kind=kind.kind,
                api_version=kind.api_version,
                plural=kind.plural,
                words=words_of(kind),
                namespaced=kind.namespaced,
            )
            for kind in kinds
        ),
        objects=tuple(objects),
        gaps=taken.gaps,
    )


class Words:
    """Vocabularies by cluster and identity, kept for some seconds. Thread-safe."""

    def __init__(self, fresh_seconds: float = _FRESH_SECONDS) -> None:
        self._fresh = fresh_seconds
        self._known: dict[tuple[str, ...], tuple[float, tuple[str, ...], Vocabulary]] = {}
        self._lock = threading.Lock()

    def get(self, context: Context, changes: tuple[str, ...] = ()) -> Vocabulary:
        """The words as of some seconds ago at most, and after the last of these changes.

        Raises:
            ToolError: the server cannot be asked at all.
        """
        key = self._key(context)
        with self._lock:
            known = self._known.get(key)
            if known and known[1] == changes and time.monotonic() - known[0] < self._fresh:
                return known[2]
            found = load(context)
            self._known[key] = (time.monotonic(), changes, found)
            return found

    def cached(self, context: Context) -> Vocabulary | None:
        """What is known without asking."""
        known = self._known.get(self._key(context))
        return known[2] if known else None

    def _key(self, context: Context) -> tuple[str, ...]:
        place = context.place
        return place.cluster, place.server, place.context, place.namespace, place.identity, place.impersonates


def _prune(item: Mapping[str, Any]) -> Mapping[str, Any]:
    """Without what language does not need; values of Secrets and ConfigMaps never stay."""
    kept = {key: item[key] for key in ("apiVersion", "kind", "spec") if key in item}
    metadata = item.get("metadata") or {}
    kept["metadata"] = {
        key: metadata[key] for key in ("name", "namespace", "uid", "labels", "ownerReferences") if key in metadata
    }
    kept |= {key: item[key] for key in ("subjects", "roleRef") if key in item}
    status = item.get("status") or {}
    kept["states"] = (
        *([status["phase"]] if isinstance(status.get("phase"), str) else ()),
        *(entry.get("type") for entry in facts.maps(status, "conditions") if entry.get("status") == "True"),
    )
    kept["keys"] = (*(item.get("data") or {}), *(item.get("binaryData") or {}))
    return kept


def _named(kind: ResourceType, item: Mapping[str, Any]) -> Iterable[Named]:
    item = {**item, "kind": kind.kind}
    metadata = item["metadata"]
    containers = list(facts.containers(item))
    template = facts.dig(item, "spec", "template") or facts.dig(item, "spec", "jobTemplate", "spec", "template")
    spec = item.get("spec") if isinstance(item.get("spec"), Mapping) else {}
    reference = facts.dig(spec, "scaleTargetRef") or {}
    yield Named(
        ref=kind.ref(item),
        labels=_texts(metadata.get("labels")),
        containers=tuple(str(entry.get("name")) for entry in facts.maps(facts.pod_spec(item), "containers")),
        replicas=_count(kind.kind, spec),
        images={str(entry.get("name")): str(entry.get("image")) for entry in containers},
        env={
            str(entry.get("name")): tuple(str(variable.get("name")) for variable in facts.maps(entry, "env"))
            for entry in containers
        },
        resources={str(entry.get("name")): _resources(entry) for entry in containers},
        selector=_selector(spec),
        pod_labels=_texts(facts.dig(template, "metadata", "labels")),
        owner=facts.owner(item),
        node=str(facts.dig(spec, "nodeName") or ""),
        target=f"{reference.get('kind')}/{reference.get('name')}" if reference else "",
        settings=dict(islice(_settings(spec or {}), _MOST_SETTINGS)),
        links=tuple(dict.fromkeys(links_of(item))),
        keys=tuple(item.get("keys") or ()),
        states=tuple(str(state).lower() for state in item.get("states") or ()),
        hosts=tuple(str(rule["host"]).lower() for rule in facts.maps(spec, "rules") if rule.get("host")),
        subjects=tuple(f"{entry.get('kind')}:{entry.get('name')}" for entry in facts.maps(item, "subjects")),
    )


def _texts(value: Any) -> dict[str, str]:
    return {str(key): str(item) for key, item in value.items()} if isinstance(value, Mapping) else {}


def _count(kind: str, spec: Any) -> int | None:
    found = facts.dig(spec, "replicas")
    if isinstance(found, int):
        return found
    return 1 if kind in ("Deployment", "StatefulSet") else None


def _settings(spec: Mapping[str, Any], below: str = "") -> Iterator[tuple[str, JsonValue]]:
    for key, value in spec.items():
        if isinstance(value, Mapping):
            yield from _settings(value, f"{below}{key}.")
        elif isinstance(value, str | int | bool) and len(str(value)) < _LONGEST_SETTING:
            yield f"{below}{key}", value


def _selector(spec: Any) -> dict[str, str]:
    found = facts.dig(spec, "selector") or facts.dig(spec, "podSelector")
    if isinstance(found, Mapping) and ("matchLabels" in found or "matchExpressions" in found):
        return _texts(found.get("matchLabels"))
    return _texts(found) if isinstance(found, Mapping) and all(isinstance(v, str) for v in found.values()) else {}


def _resources(container: Mapping[str, Any]) -> dict[str, str]:
    return {
        f"{group}.{name}": str(value)
        for group in ("limits", "requests")
        for name, value in (facts.dig(container, "resources", group) or {}).items()
    }


def scaled_by(named: Named, vocabulary: Vocabulary) -> Named | None:
    """The autoscaler of a workload."""
    wanted = f"{named.ref.kind}/{named.ref.name}"
    return next(
        (item for item in vocabulary.objects if item.target == wanted and item.ref.namespace == named.ref.namespace),
        None,
    )
