"""Many kinds of objects at once: listed in parallel, page by page, each object reduced before the next page comes.

Rights may be partial: what cannot be read is a gap, and the rest goes on.
"""

import threading
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

from cloudwright.core.context import Context
from cloudwright.core.errors import NotFound, TimedOut, ToolError
from cloudwright.tools.kubernetes.client import KubernetesClient
from cloudwright.tools.kubernetes.discovery import Discovery, ResourceType
from cloudwright.tools.kubernetes.logs import LogQuery, read_log

Object = Mapping[str, Any]
Prune = Callable[[Object], Object | None]
"""Reduces an object; None drops it."""

_PARALLEL = 8
_LOG_BYTES = 100_000
_LOG_LINES = 1_000


@dataclass(frozen=True)
class KindList:
    """What one kind gave. `whole` means that every object of the wanted namespaces was seen."""

    kind: ResourceType
    objects: tuple[Object, ...]
    whole: bool
    gap: str = ""


@dataclass(frozen=True)
class Snapshot:
    """Objects of many kinds, read between two moments (Unix time)."""

    lists: tuple[KindList, ...]
    started: float
    finished: float
    gaps: tuple[str, ...] = ()
    """What is missing and why, one sentence each."""

    def of(self, qualified: str) -> tuple[Object, ...]:
        """Objects of a kind by its qualified name ("deployments.apps")."""
        return next((found.objects for found in self.lists if found.kind.qualified == qualified), ())

    @property
    def total(self) -> int:
        """Number of objects."""
        return sum(len(found.objects) for found in self.lists)


def as_is(item: Object) -> Object:
    """No reduction."""
    return item


def take(
    context: Context,
    kinds: Iterable[str],
    *,
    namespaces: Sequence[str] = (),
    prune: Prune = as_is,
    parallel: int = _PARALLEL,
) -> Snapshot:
    """List kinds in parallel.

    Where listing a kind in the whole cluster is forbidden and `namespaces` is empty, its objects in the session's own
    namespace are taken instead, and a gap says so.

    Args:
        context: the session.
        kinds: names as `Discovery.find` takes them; a kind that the server does not have is a gap.
        namespaces: only these; () for all. Cluster-scoped kinds are listed as well.
        prune: called with every object as soon as its page is there, in the threads that list.
        parallel: lists at a time.

    Raises:
        ToolError: the server cannot be asked at all.
    """
    started = time.time()
    known = context.service(Discovery)
    known.types()
    found: list[ResourceType] = []
    gaps: list[str] = []
    for name in kinds:
        try:
            kind = known.find(name)
        except NotFound as error:
            gaps.append(f"{name}: {error.message}")
            continue
        if "list" in kind.verbs and kind not in found:
            found.append(kind)
    with ThreadPoolExecutor(max(1, min(parallel, len(found) or 1))) as pool:
        lists = tuple(pool.map(lambda kind: _list(kind, namespaces, prune, context), found))
    gaps += [f"{item.kind.qualified}: {item.gap}" for item in lists if item.gap]
    gaps += [f"{group}: the API group does not answer" for group in known.missing]
    return Snapshot(lists, started, time.time(), tuple(gaps))


def _list(kind: ResourceType, namespaces: Sequence[str], prune: Prune, context: Context) -> KindList:
    objects: list[Object] = []
    if not kind.namespaced or not namespaces:
        error = _read(kind, "", prune, objects, context)
        if error is None:
            return KindList(kind, tuple(objects), whole=True)
        if not kind.namespaced or not context.place.namespace or objects:
            return KindList(kind, tuple(objects), whole=False, gap=error.message)
        own = context.place.namespace
        again = _read(kind, own, prune, objects, context)
        gap = f"{error.message} Only namespace {own} was read." if again is None else error.message
        return KindList(kind, tuple(objects), whole=False, gap=gap)
    failures = [error for name in namespaces if (error := _read(kind, name, prune, objects, context)) is not None]
    return KindList(
        kind, tuple(objects), whole=not failures, gap=" ".join(dict.fromkeys(error.message for error in failures))
    )


def _read(kind: ResourceType, namespace: str, prune: Prune, into: list[Object], context: Context) -> ToolError | None:
    """Read one list; what came before a failure stays."""
    client = context.service(KubernetesClient)
    try:
        for page in client.pages(kind.path(namespace), timeout=context.remaining(client.timeout)):
            for item in page.items:
                kept = prune(item)
                if kept is not None:
                    into.append(kept)
            page.items.clear()  # the raw page must not outlive its reduction
    except ToolError as error:
        return error
    return None


@dataclass
class LogReader:
    """Bounded logs on demand; what was fetched is remembered. Thread-safe. Lines are masked.

    Args:
        context: the session.
        lines: newest lines of a container that are fetched.
        max_bytes: of them that are kept.
        budget: containers that are fetched in all; further ones give None.
    """

    context: Context
    lines: int = _LOG_LINES
    max_bytes: int = _LOG_BYTES
    budget: int = 200
    gaps: list[str] = field(default_factory=list)
    _known: dict[tuple[str, str, str, bool], Future[tuple[str, ...] | None]] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def read(self, namespace: str, pod: str, container: str, *, previous: bool = False) -> tuple[str, ...] | None:
        """The newest lines, oldest first; None where they cannot be had (`gaps` says why)."""
        key = (namespace, pod, container, previous)
        with self._lock:
            known = self._known.get(key)
            if known is None and len(self._known) >= self.budget:
                self._note(f"logs of {pod}/{container}: {self.budget} containers were read already")
                return None
            mine: Future[tuple[str, ...] | None] = Future()
            if known is None:
                self._known[key] = mine
        if known is not None:
            return known.result()
        try:
            mine.set_result(self._fetch(namespace, pod, container, previous))
        except BaseException as error:
            mine.set_exception(error)
            raise
        return mine.result()

    def _fetch(self, namespace: str, pod: str, container: str, previous: bool) -> tuple[str, ...] | None:
        client = self.context.service(KubernetesClient)
        query = LogQuery(previous=previous, tail=self.lines, max_bytes=self.max_bytes)
        try:
            seconds = self.context.remaining(client.timeout)
        except TimedOut as error:
            self._note(str(error))
            return None
        part = read_log(client, namespace, pod, container, query, seconds)
        if part.error is not None:
            self._note(f"logs of {pod}/{container}: {part.error.message}")
            return None
        mask = self.context.redactor.text
        return tuple(row for line in part.lines for row in mask(line.text).split("\n"))

    def _note(self, gap: str) -> None:
        if gap not in self.gaps:
            self.gaps.append(gap)
