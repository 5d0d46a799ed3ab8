"""Events of a snapshot, indexed as they came and read when a check asks: most of them nobody ever asks for."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import cached_property

from cloudwright.diagnosis import fields as f
from cloudwright.diagnosis.fields import Object
from cloudwright.diagnosis.observations import Event

_OLDEST = datetime.min.replace(tzinfo=UTC)


class EventIndex:
    """Event objects of either API version, by the object they are about and by reason; oldest first."""

    def __init__(self, objects: Iterable[Object]) -> None:
        self._about: dict[tuple[str, str, str], list[Object]] = defaultdict(list)
        self._reasons: dict[str, list[Object]] = defaultdict(list)
        self._read: dict[object, list[Event]] = {}
        for item in objects:
            about = _about(item)
            self._about[f.text(about, "kind"), f.text(about, "namespace"), f.text(about, "name")].append(item)
            self._reasons[f.text(item, "reason")].append(item)

    def about(self, kind: str, namespace: str, name: str) -> list[Event]:
        """Events about an object."""
        key = (kind, namespace, name)
        return self._events(key, self._about.get(key, ()))

    def with_reason(self, reason: str) -> list[Event]:
        """Events with a reason."""
        return self._events(reason, self._reasons.get(reason, ()))

    @cached_property
    def warnings(self) -> list[Event]:
        """Events of type Warning."""
        found = (item for items in self._about.values() for item in items if f.text(item, "type") == "Warning")
        return _sorted(map(read, found))

    def _events(self, key: object, items: Sequence[Object]) -> list[Event]:
        if not items:
            return []
        if key not in self._read:
            self._read[key] = _sorted(map(read, items))
        return self._read[key]


def _sorted(items: Iterable[Event]) -> list[Event]:
    return sorted(items, key=lambda item: item.last or _OLDEST)


def _about(obj: Object) -> Object:
    return f.mapping(obj, "involvedObject") or f.mapping(obj, "regarding")


def read(obj: Object) -> Event:
    """An event object of core/v1 or events.k8s.io/v1 (whose series and deprecated fields count)."""
    about = _about(obj)
    series = f.mapping(obj, "series")
    last = f.when(series, "lastObservedTime") or f.when(obj, "lastTimestamp") or f.when(obj, "deprecatedLastTimestamp")
    first = f.when(obj, "firstTimestamp") or f.when(obj, "deprecatedFirstTimestamp") or f.when(obj, "eventTime")
    count = f.integer(series, "count") or f.integer(obj, "count") or f.integer(obj, "deprecatedCount") or 1
    path = f.text(about, "fieldPath")
    return Event(
        kind=f.text(about, "kind"),
        namespace=f.text(about, "namespace"),
        name=f.text(about, "name"),
        uid=f.text(about, "uid"),
        reason=f.text(obj, "reason"),
        message=f.text(obj, "message") or f.text(obj, "note"),
        warning=f.text(obj, "type") == "Warning",
        count=count,
        first=first or last,
        last=last or f.when(obj, "eventTime") or f.when(obj, "metadata", "creationTimestamp"),
        source=f.text(obj, "source", "component")
        or f.text(obj, "reportingController")
        or f.text(obj, "reportingComponent"),
        event_uid=f.uid(obj),
        container=path.partition("{")[2].rstrip("}") if "{" in path else "",
    )
