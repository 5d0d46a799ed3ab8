"""The vocabulary, arranged for looking up words: names, kinds, namespaces, label values, containers."""

import re
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

from cloudwright.agents.language.links import Links
from cloudwright.agents.language.understanding import KindWord, Named, Vocabulary

_NAMING_KEYS = frozenset(("app", "name", "k8s-app", "component", "pod-template-hash", "metadata.name", "version"))
_SHORTEST_PART = 2
_STAGES = (
    ("prod", "production", "live", "prd"), ("staging", "stage", "stg"), ("test", "testing", "qa"), ("dev", "development"),
)  # fmt: skip
"""Words of each row mean the same stage."""
STAGE_WORDS = frozenset(word for words in _STAGES for word in words)
_BASE = re.compile(r"[:@].*")
WORKLOAD_KINDS = ("Deployment", "StatefulSet", "DaemonSet", "CronJob", "Job", "ReplicaSet")


@dataclass(frozen=True)
class Index:
    """The vocabulary, arranged for looking up words."""

    vocabulary: Vocabulary

    @cached_property
    def links(self) -> Links:
        """Who points at whom."""
        return Links(self.vocabulary)

    @cached_property
    def names(self) -> Mapping[str, tuple[Named, ...]]:
        """Objects by name, lower case."""
        found: dict[str, list[Named]] = defaultdict(list)
        for named in self.vocabulary.objects:
            if named.ref.kind != "Namespace":
                found[named.ref.name.lower()].append(named)
        return {name: tuple(items) for name, items in found.items()}

    @cached_property
    def kinds(self) -> Mapping[tuple[str, ...], KindWord]:
        """Kinds by their words; core's own win over others."""
        found: dict[tuple[str, ...], KindWord] = {}
        ranked = sorted(self.vocabulary.kinds, key=lambda kind: (_rank(kind.api_version), kind.kind))
        for kind in ranked:
            for word in kind.words:
                found.setdefault(tuple(word.split()), kind)
        return found

    @cached_property
    def by_kind(self) -> Mapping[str, KindWord]:
        """Kinds by their names."""
        return {kind.kind: kind for kind in reversed(self.vocabulary.kinds)}

    @cached_property
    def namespaces(self) -> frozenset[str]:
        """Names of namespaces."""
        return frozenset(self.vocabulary.namespaces)

    @cached_property
    def _namespace_words(self) -> Mapping[str, frozenset[str]]:
        """Parts of the names of namespaces and the values of their labels → the namespaces that have them."""
        found: dict[str, set[str]] = defaultdict(set)
        for name in self.vocabulary.namespaces:
            for part in name.split("-"):
                found[part].add(name)
        for named in self.vocabulary.objects:
            if named.ref.kind == "Namespace":
                for value in named.labels.values():
                    found[value.lower()].add(named.ref.name)
        return {word: frozenset(names) for word, names in found.items()}

    @cached_property
    def namespace_parts(self) -> Mapping[str, str]:
        """Words that only one namespace has as a part of its name, or as the value of a label → that namespace."""
        return {
            part: next(iter(names))
            for part, names in self._namespace_words.items()
            if len(names) == 1 and len(part) > _SHORTEST_PART and part not in self.namespaces
        }

    @cached_property
    def environments(self) -> Mapping[str, frozenset[str]]:
        """Words for a stage of deployment → the namespaces that are of it, by their names or labels."""
        known = self._namespace_words
        found = {
            word: frozenset().union(*(known.get(other, ()) for other in words))
            for words in _STAGES
            for word in words
            if any(other in known for other in words)
        }
        live = self._live() if not any(word in found for word in _STAGES[0]) else frozenset()
        return {**found, **dict.fromkeys(_STAGES[0], live)} if live else found

    def _live(self) -> frozenset[str]:
        """The namespaces that have one of another stage beside them: "shop" beside "shop-staging"."""
        stages = {word for words in _STAGES[1:] for word in words}
        return frozenset(
            name
            for name in self.namespaces
            if any(f"{name}-{stage}" in self.namespaces or f"{stage}-{name}" in self.namespaces for stage in stages)
        )

    @cached_property
    def flat(self) -> Mapping[str, str]:
        """Names without their dashes → names."""
        return {name.replace("-", "").replace(".", ""): name for name in self.names}

    @cached_property
    def label_values(self) -> frozenset[str]:
        """Values of the labels of objects."""
        return frozenset(value for named in self.vocabulary.objects for value in named.labels.values())

    @cached_property
    def own_words(self) -> frozenset[str]:
        """Words of settings, of keys and of variables: what people call them here is never misspelt."""
        said: set[str] = set()
        for named in self.vocabulary.objects:
            paths = (*named.settings, *named.keys, *(name for names in named.env.values() for name in names))
            for path in paths:
                said.update(_PARTS.split(_CAMEL.sub(" ", path).lower()))
            said.update(value.lower() for value in named.settings.values() if isinstance(value, str))
        return frozenset(said)

    @cached_property
    def label_pairs(self) -> Mapping[tuple[str, str], tuple[str, str]]:
        """Last words of label keys with values, in lower case → key and value; keys that name objects left out."""
        return {
            (key.rpartition("/")[2].lower(), value.lower()): (key, value)
            for named in self.vocabulary.objects
            for key, value in named.labels.items()
            if key.rpartition("/")[2] not in _NAMING_KEYS
        }

    @cached_property
    def node_tails(self) -> Mapping[str, Named]:
        """The last parts of names of nodes, of a letter and a digit at least, that only one object's name ends in."""
        found: dict[str, list[Named]] = defaultdict(list)
        for named in self.vocabulary.objects:
            tail = named.ref.name.rpartition("-")[2]
            if _TAIL.fullmatch(tail) and tail != named.ref.name:
                found[tail].append(named)
        return {tail: items[0] for tail, items in found.items() if len(items) == 1 and items[0].ref.kind == "Node"}

    @cached_property
    def base_names(self) -> Mapping[str, tuple[Named, ...]]:
        """Workloads by the container images' last word and by the value of their app labels."""
        found: dict[str, list[Named]] = defaultdict(list)
        for named in self.vocabulary.objects:
            if named.ref.kind in WORKLOAD_KINDS and not named.owner:
                for key in ("app", "app.kubernetes.io/name", "k8s-app"):
                    value = (named.labels.get(key) or named.pod_labels.get(key) or "").lower()
                    if value and value != named.ref.name:
                        found[value].append(named)
        return {name: tuple(items) for name, items in found.items()}

    @cached_property
    def image_bases(self) -> Mapping[str, frozenset[str]]:
        """Last words of the names of images ("postgres") → images."""
        found: dict[str, set[str]] = defaultdict(set)
        for image in self._images:
            found[_BASE.sub("", image.rpartition("/")[2]).lower()].add(image)
        return {word: frozenset(images) for word, images in found.items() if len(word) > _SHORTEST_PART}

    @cached_property
    def image_tags(self) -> frozenset[str]:
        """Tags of images."""
        return frozenset(image.rpartition("/")[2].partition(":")[2].lower() for image in self._images) - {""}

    @cached_property
    def _images(self) -> frozenset[str]:
        return frozenset(image for named in self.vocabulary.objects for image in named.images.values())

    @cached_property
    def containers(self) -> frozenset[str]:
        """Names of containers."""
        return frozenset(name for named in self.vocabulary.objects for name in named.images)


_CAMEL = re.compile(r"(?<=[a-z])(?=[A-Z])")
_PARTS = re.compile(r"[^a-z0-9]+")
_TAIL = re.compile(r"[a-z]+\d+|\d+[a-z]+")


def _rank(api_version: str) -> int:
    group = api_version.partition("/")[0] if "/" in api_version else ""
    order = ("", "apps", "batch", "autoscaling", "networking.k8s.io", "policy", "rbac.authorization.k8s.io")
    return order.index(group) if group in order else len(order)
