"""Events as controllers and node agents write them: counted, aggregated, rate limited; and the scheduler's series.

The counting follows client-go's event correlator: the same event again raises `count`; from the tenth on, similar ones
within ten minutes are combined; a source gets 25 events about an object and then one every five minutes.
"""

import itertools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from cloudwright.twin.api import EVENTS, Api, ApiStatusError, PatchType
from cloudwright.twin.clock import Clock
from cloudwright.twin.objects import Raw

NORMAL, WARNING = "Normal", "Warning"

_BURST, _REFILL_SECONDS = 25, 300.0
_SIMILAR_LIMIT, _SIMILAR_SECONDS = 10, 600.0
_SERIES_SECONDS = 360.0
_CACHE_LIMIT = 4096


@dataclass
class _Bucket:
    tokens: float
    updated: float


@dataclass
class _Similar:
    messages: list[str] = field(default_factory=list)
    last: float = 0.0


@dataclass
class _Seen:
    namespace: str
    name: str
    count: int
    last: float


def reference_to(obj: Raw, *, api_version: str = "", kind: str = "", field_path: str = "") -> dict[str, Any]:
    """An `ObjectReference` for an event's `involvedObject`. Pass kind and version if the object may lack them."""
    metadata = obj["metadata"]
    reference = {
        "kind": obj.get("kind") or kind,
        "namespace": metadata.get("namespace"),
        "name": metadata["name"],
        "uid": metadata.get("uid"),
        "apiVersion": obj.get("apiVersion") or api_version,
        "resourceVersion": metadata.get("resourceVersion"),
        "fieldPath": field_path,
    }
    return {key: value for key, value in reference.items() if value}


class EventRecorder:
    """Writes events in the name of one component (and host)."""

    def __init__(self, api: Api, clock: Clock, component: str, host: str = "") -> None:
        self._api, self._clock = api, clock
        self._component, self._host = component, host
        self._serial = itertools.count()
        self._buckets: dict[tuple[str, ...], _Bucket] = {}
        self._similar: dict[tuple[str, ...], _Similar] = {}
        self._seen: dict[tuple[str, ...], _Seen] = {}

    def normal(self, about: Mapping[str, Any], reason: str, message: str) -> None:
        """Record a Normal event about an object reference (see `reference_to`)."""
        self.record(about, NORMAL, reason, message)

    def warning(self, about: Mapping[str, Any], reason: str, message: str) -> None:
        """Record a Warning event about an object reference (see `reference_to`)."""
        self.record(about, WARNING, reason, message)

    def record(self, about: Mapping[str, Any], type_: str, reason: str, message: str) -> None:
        """Record an event; one that the server refuses is dropped, as components do."""
        identity = tuple(
            str(about.get(part, "")) for part in ("kind", "namespace", "name", "uid", "apiVersion", "fieldPath")
        )
        group = (*identity, type_, reason)
        if self._is_many(group, message):
            key, message = (*group, "\0combined"), f"(combined from similar events): {message}"
        else:
            key = (*group, message)
        if not self._has_token(identity):
            return
        try:
            self._write(key, about, type_, reason, message)
        except ApiStatusError:
            self._seen.pop(key, None)

    def _is_many(self, group: tuple[str, ...], message: str) -> bool:
        now = self._clock.now()
        similar = self._similar.get(group)
        if similar is None or now - similar.last > _SIMILAR_SECONDS:
            similar = self._similar[group] = _Similar()
            _bound(self._similar)
        if message not in similar.messages:
            similar.messages.append(message)
        similar.last = now
        if len(similar.messages) < _SIMILAR_LIMIT:
            return False
        similar.messages.pop()
        return True

    def _has_token(self, identity: tuple[str, ...]) -> bool:
        now = self._clock.now()
        bucket = self._buckets.get(identity)
        if bucket is None:
            bucket = self._buckets[identity] = _Bucket(float(_BURST), now)
            _bound(self._buckets)
        bucket.tokens = min(float(_BURST), bucket.tokens + (now - bucket.updated) / _REFILL_SECONDS)
        bucket.updated = now
        if bucket.tokens < 1.0:
            return False
        bucket.tokens -= 1.0
        return True

    def _write(self, key: tuple[str, ...], about: Mapping[str, Any], type_: str, reason: str, message: str) -> None:
        timestamp = self._clock.timestamp()
        seen = self._seen.get(key)
        if seen is not None:
            patch = {"count": seen.count + 1, "lastTimestamp": timestamp, "message": message}
            try:
                self._api.patch(EVENTS, seen.name, seen.namespace, patch, type=PatchType.STRATEGIC)
            except ApiStatusError as error:
                if error.code != 404:
                    raise
            else:
                seen.count += 1
                return
        namespace = str(about.get("namespace") or "default")
        source = {"component": self._component, **({"host": self._host} if self._host else {})}
        event: dict[str, Any] = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"namespace": namespace},
            "involvedObject": dict(about),
            "reason": reason,
            "message": message,
            "source": source,
            "firstTimestamp": timestamp,
            "lastTimestamp": timestamp,
            "count": seen.count + 1 if seen else 1,
            "type": type_,
            "eventTime": None,
            "reportingComponent": self._component,
            "reportingInstance": self._host,
        }
        name = _create(self._api, self._clock, self._serial, event)
        self._seen[key] = _Seen(namespace, name, event["count"], self._clock.now())
        _bound(self._seen)


class SeriesRecorder:
    """The newer event API (`events.k8s.io`), which the scheduler uses: a repetition becomes a series.

    As in client-go only the first repetition is written; later ones are counted in memory until the series ends.
    """

    def __init__(self, api: Api, clock: Clock, component: str, instance: str) -> None:
        self._api, self._clock = api, clock
        self._component, self._instance = component, instance
        self._serial = itertools.count()
        self._seen: dict[tuple[str, ...], _Seen] = {}

    def record(self, about: Mapping[str, Any], type_: str, reason: str, action: str, message: str) -> None:
        """Record an event; one that the server refuses is dropped."""
        identity = tuple(str(value) for value in about.values())
        key = (*identity, type_, reason, action)
        now = self._clock.now()
        seen = self._seen.get(key)
        if seen is not None and now - seen.last > _SERIES_SECONDS:
            self._finish(key, seen)
            seen = None
        try:
            if seen is None:
                self._create(key, about, type_, reason, action, message)
            else:
                seen.count += 1
                seen.last = now
                if seen.count == 2:
                    self._patch(seen)
        except ApiStatusError:
            self._seen.pop(key, None)

    def _finish(self, key: tuple[str, ...], seen: _Seen) -> None:
        del self._seen[key]
        if seen.count > 2:
            try:
                self._patch(seen)
            except ApiStatusError:
                return

    def _patch(self, seen: _Seen) -> None:
        series = {"count": seen.count, "lastObservedTime": self._clock.micro_timestamp()}
        self._api.patch(EVENTS, seen.name, seen.namespace, {"series": series}, type=PatchType.STRATEGIC)

    def _create(
        self, key: tuple[str, ...], about: Mapping[str, Any], type_: str, reason: str, action: str, message: str
    ) -> None:
        namespace = str(about.get("namespace") or "default")
        event = {
            "apiVersion": "v1",
            "kind": "Event",
            "metadata": {"namespace": namespace},
            "involvedObject": dict(about),
            "reason": reason,
            "message": message,
            "source": {},
            "firstTimestamp": None,
            "lastTimestamp": None,
            "type": type_,
            "eventTime": self._clock.micro_timestamp(),
            "action": action,
            "reportingComponent": self._component,
            "reportingInstance": self._instance,
        }
        name = _create(self._api, self._clock, self._serial, event)
        self._seen[key] = _Seen(namespace, name, 1, self._clock.now())
        _bound(self._seen)


def _create(api: Api, clock: Clock, serial: Iterator[int], event: dict[str, Any]) -> str:
    """Store an event under a name that nobody has, in the manner of client-go: the object and a time in nanoseconds."""
    moment = int(clock.now()) * 1_000_000_000
    while True:
        name = f"{event['involvedObject']['name']}.{moment + next(serial):x}"
        event["metadata"]["name"] = name
        try:
            api.create(EVENTS, event, event["metadata"]["namespace"])
        except ApiStatusError as error:
            if error.reason != "AlreadyExists":
                raise
        else:
            return name


def _bound(cache: dict[tuple[str, ...], Any]) -> None:
    while len(cache) > _CACHE_LIMIT:
        del cache[next(iter(cache))]
