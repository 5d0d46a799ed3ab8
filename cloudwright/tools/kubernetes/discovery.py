"""What kinds an API server offers, custom ones included, and which of them a name means."""

import operator
import threading
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from rapidfuzz import fuzz, process

from cloudwright.core.errors import BadAnswer, InvalidArguments, NotFound, Unreachable, Unsupported
from cloudwright.core.refs import ObjectRef
from cloudwright.tools.kubernetes.client import KubernetesClient

_AGGREGATED = ",".join(
    f"application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList" for version in ("v2", "v2beta1")
)
_FRESH_SECONDS = 300.0
_MISS_SECONDS = 1.0
"""How long a name that the server does not know is not asked about again."""
_PUBLISH_SECONDS = 10.0
"""How long a server may take to offer a kind that was just defined."""
_POLL_SECONDS = 0.2
_PREFERRED_GROUPS = ("", "apps", "batch", "autoscaling", "networking.k8s.io", "policy", "rbac.authorization.k8s.io")
"""Where an unqualified name is looked for first: `events` is core's, and `ingresses` that of networking.k8s.io."""


@dataclass(frozen=True)
class ResourceType:
    """One kind of object as the server offers it, in the version that it prefers unless another was asked for."""

    group: str
    version: str
    plural: str
    kind: str
    namespaced: bool
    singular: str = ""
    verbs: tuple[str, ...] = ()
    short_names: tuple[str, ...] = ()
    categories: tuple[str, ...] = ()
    subresources: tuple[str, ...] = ()
    preferred: bool = True

    @property
    def api_version(self) -> str:
        """As in a manifest: "v1" or "apps/v1"."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @property
    def qualified(self) -> str:
        """A name that means exactly this: "deployments.apps"."""
        return f"{self.plural}.{self.group}" if self.group else self.plural

    def path(self, namespace: str = "", name: str = "", subresource: str = "") -> str:
        """Its path on the server; without a namespace that of all namespaces.

        Raises:
            InvalidArguments: a name that cannot be a path segment.
        """
        parts = ["/apis", self.group, self.version] if self.group else ["/api", self.version]
        if self.namespaced and namespace:
            parts += ["namespaces", segment(namespace)]
        parts.append(self.plural)
        if name:
            parts.append(segment(name))
        if subresource:
            parts.append(subresource)
        return "/".join(parts)

    def ref(self, item: Mapping[str, Any]) -> ObjectRef:
        """The reference of a raw object of this kind."""
        metadata = item.get("metadata") or {}
        return ObjectRef(
            kind=self.kind,
            name=str(metadata.get("name") or ""),
            namespace=str(metadata.get("namespace") or ""),
            api_version=self.api_version,
            uid=str(metadata.get("uid") or ""),
        )


def segment(name: str) -> str:
    """`name`, if it can stand in a path by itself.

    Raises:
        InvalidArguments: it holds a slash, a percent sign, a control character …, or is "." or "..".
    """
    if name in (".", "..") or not name or any(c in "/%?#\\" or ord(c) < 33 or ord(c) > 126 for c in name):
        raise InvalidArguments(
            f"{name[:80]!r} cannot be the name of an object.", hint="Give the plain name, without its kind or a path."
        )
    return name


class Discovery:
    """The kinds of one server, read once and again when a name is unknown or the knowledge is old. Thread-safe."""

    def __init__(self, client: KubernetesClient) -> None:
        self._client = client
        self._types: tuple[ResourceType, ...] = ()
        self._index: dict[str, list[ResourceType]] = {}
        self._read_at = float("-inf")
        self._missed: dict[str, float] = {}
        self._settled_at = float("-inf")
        self._lock = threading.RLock()
        self.missing: tuple[str, ...] = ()
        """Groups that the server lists but that do not answer, such as a broken metrics adapter."""

    def types(self) -> tuple[ResourceType, ...]:
        """Every kind in every served version."""
        with self._lock:
            if time.monotonic() - self._read_at > _FRESH_SECONDS:
                self.refresh()
            return self._types

    def refresh(self) -> None:
        """Ask the server again."""
        with self._lock:
            found, missing = _read(self._client)
            self._types = tuple(found)
            self.missing = tuple(missing)
            self._index = _index(self._types)
            self._read_at = time.monotonic()

    def expect_change(self) -> None:
        """Kinds were just defined or taken away: what is unknown in the next seconds is waited for."""
        with self._lock:
            self._read_at = float("-inf")
            self._missed.clear()
            self._settled_at = time.monotonic() + _PUBLISH_SECONDS

    def find(self, name: str) -> ResourceType:
        """The kind that `name` means, in any casing.

        Args:
            name: kind, plural, singular or short name, alone ("deploy"), with its group ("deployments.apps"), its group
                and version ("deployments.v1.apps"), or as "apps/v1/Deployment" and "apps/v1 Deployment".

        Raises:
            NotFound: the server has no such kind; near misses are suggested.
        """
        wanted = name.strip()
        with self._lock:
            self.types()
            found = self._look_up(wanted) or self._look_again(wanted)
            if found is None:
                raise self._unknown(wanted)
            return found

    def of(self, api_version: str, kind: str) -> ResourceType:
        """The kind of a manifest.

        Raises:
            NotFound: the server does not have it in this version.
        """
        return self.find(f"{api_version} {kind}")

    def listable(self) -> tuple[ResourceType, ...]:
        """The preferred version of every kind that can be listed."""
        return tuple(kind for kind in self.types() if kind.preferred and "list" in kind.verbs)

    def _look_again(self, name: str) -> ResourceType | None:
        """A kind that may have been added since the last look; the same unknown name is not looked for all the time."""
        if time.monotonic() - self._missed.get(name, float("-inf")) < _MISS_SECONDS:
            return None
        while True:
            self.refresh()
            found = self._look_up(name)
            if found is not None or time.monotonic() >= self._settled_at:
                break
            time.sleep(_POLL_SECONDS)
        if found is None:
            self._missed[name] = time.monotonic()
        return found

    def _look_up(self, name: str) -> ResourceType | None:
        key = name.lower()
        if " " in key or "/" in key:
            return self._by_version(*key.replace(" ", "/").rpartition("/")[::2])
        found = self._index.get(key)
        if found:
            return found[0]
        word, _, group = key.partition(".")
        if not group:
            return None
        version, _, rest = group.partition(".")
        for kind in self._index.get(word, ()):
            if kind.group == group or (kind.version == version and kind.group == rest):
                return kind
        return next((kind for kind in self._all(word) if kind.version == version and kind.group == rest), None)

    def _by_version(self, api_version: str, word: str) -> ResourceType | None:
        exact = [kind for kind in self._all(word) if kind.api_version.lower() == api_version]
        return exact[0] if exact else None

    def _all(self, word: str) -> Iterable[ResourceType]:
        return (kind for kind in self._types if word in _words(kind))

    def _unknown(self, name: str) -> NotFound:
        known = {word: kind.qualified for kind in self._types if kind.preferred for word in _words(kind)}
        api_version, _, word = name.replace(" ", "/").rpartition("/")
        others = {kind.api_version for kind in self._all(word.lower())}
        if api_version and others:
            return NotFound(f"This server has {word} not in {api_version}, but in {', '.join(sorted(others))}.")
        near = process.extract(word.lower().split(".")[0], list(known), scorer=fuzz.ratio, limit=6, score_cutoff=60)
        suggestions = list(dict.fromkeys(known[match[0]] for match in near))[:3]
        hint = "" if suggestions else "`cloudwright tools run api_resources` lists what there is."
        broken = f" (the groups {', '.join(self.missing)} do not answer)" if self.missing else ""
        return NotFound(f"This server has no kind {name!r}{broken}.", suggestions=suggestions, hint=hint)


def _words(kind: ResourceType) -> set[str]:
    return {kind.kind.lower(), kind.plural, kind.singular or kind.kind.lower(), *kind.short_names}


def _index(types: Iterable[ResourceType]) -> dict[str, list[ResourceType]]:
    """Preferred versions by every word that means them: exact plural or kind before short names, known groups first."""
    index: dict[str, list[ResourceType]] = {}
    for kind in types:
        if kind.preferred:
            for word in _words(kind):
                index.setdefault(word, []).append(kind)
    for word, kinds in index.items():
        kinds.sort(key=partial(_rank, word))
    return index


def _rank(word: str, kind: ResourceType) -> tuple[bool, int, str]:
    known = _PREFERRED_GROUPS.index(kind.group) if kind.group in _PREFERRED_GROUPS else len(_PREFERRED_GROUPS)
    return (word in kind.short_names and word not in (kind.plural, kind.kind.lower()), known, kind.group)


def _read(client: KubernetesClient) -> tuple[list[ResourceType], list[str]]:
    try:
        answers = [client.get(path, accept=f"{_AGGREGATED},application/json") for path in ("/api", "/apis")]
    except Unsupported:
        answers = []
    if answers and all(answer.get("kind") == "APIGroupDiscoveryList" for answer in answers):
        return _aggregated(answers)
    return _legacy(client)


def _aggregated(answers: Iterable[Mapping[str, Any]]) -> tuple[list[ResourceType], list[str]]:
    found: list[ResourceType] = []
    missing: list[str] = []
    for answer in answers:
        for group in answer.get("items") or []:
            name = str((group.get("metadata") or {}).get("name") or "")
            seen: set[str] = set()
            for version in group.get("versions") or []:
                if version.get("freshness") == "Stale":
                    missing.append(name)
                for entry in version.get("resources") or []:
                    plural = str(entry.get("resource") or "")
                    kind = str((entry.get("responseKind") or {}).get("kind") or "")
                    found.append(
                        ResourceType(
                            group=name,
                            version=str(version.get("version") or ""),
                            plural=plural,
                            kind=kind,
                            namespaced=entry.get("scope") == "Namespaced",
                            singular=str(entry.get("singularResource") or ""),
                            verbs=tuple(entry.get("verbs") or ()),
                            short_names=tuple(entry.get("shortNames") or ()),
                            categories=tuple(entry.get("categories") or ()),
                            subresources=tuple(
                                str(sub.get("subresource") or "") for sub in entry.get("subresources") or ()
                            ),
                            preferred=plural not in seen,  # versions come in the server's order of preference
                        )
                    )
                    seen.add(plural)
    return found, sorted(set(missing))


def _legacy(client: KubernetesClient) -> tuple[list[ResourceType], list[str]]:
    """Servers before 1.26: one request for each group and version."""
    wanted: list[tuple[str, str]] = [("", str(version)) for version in client.get("/api").get("versions") or ["v1"]]
    for group in client.get("/apis").get("groups") or []:
        preferred = str((group.get("preferredVersion") or {}).get("version") or "")
        versions = [str(version.get("version") or "") for version in group.get("versions") or []]
        versions.sort(key=partial(operator.ne, preferred))
        wanted += [(str(group.get("name") or ""), version) for version in versions]
    found: list[ResourceType] = []
    missing: list[str] = []
    seen: set[tuple[str, str]] = set()
    for group, version in wanted:
        try:
            answer = client.get(f"/apis/{group}/{version}" if group else f"/api/{version}")
        except (Unreachable, NotFound, BadAnswer):
            if not group:
                raise
            missing.append(group)
            continue
        found += _legacy_entries(answer, group, version, seen)
    return found, sorted(set(missing))


def _legacy_entries(
    answer: Mapping[str, Any], group: str, version: str, seen: set[tuple[str, str]]
) -> list[ResourceType]:
    entries = [entry for entry in answer.get("resources") or [] if isinstance(entry, Mapping)]
    subresources: dict[str, list[str]] = {}
    for entry in entries:
        plural, _, sub = str(entry.get("name") or "").partition("/")
        if sub:
            subresources.setdefault(plural, []).append(sub)
    found = []
    for entry in entries:
        plural = str(entry.get("name") or "")
        if "/" in plural:
            continue
        found.append(
            ResourceType(
                group=group,
                version=version,
                plural=plural,
                kind=str(entry.get("kind") or ""),
                namespaced=bool(entry.get("namespaced")),
                singular=str(entry.get("singularName") or ""),
                verbs=tuple(entry.get("verbs") or ()),
                short_names=tuple(entry.get("shortNames") or ()),
                categories=tuple(entry.get("categories") or ()),
                subresources=tuple(subresources.get(plural, ())),
                preferred=(group, plural) not in seen,
            )
        )
        seen.add((group, plural))
    return found
