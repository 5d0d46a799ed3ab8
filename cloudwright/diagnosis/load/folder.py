"""A view of files: `kubectl cluster-info dump`, must-gather folders, `kubectl get -o yaml|json` files, own snapshots."""

import gzip
import json
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import yaml

from cloudwright.core.errors import UsageError
from cloudwright.diagnosis import fields as f
from cloudwright.diagnosis.fields import Object
from cloudwright.diagnosis.load.prune import prune
from cloudwright.diagnosis.observations import LogText, Observations, StoredLogs
from cloudwright.diagnosis.view import ClusterView, index_objects

_DOCUMENTS = (".yaml", ".yml", ".json", ".gz", ".txt", ".dump")
_LOGS = re.compile(r"(?:^|/)(?:logs?\.txt|current\.log|previous\.log|[\w.-]+\.log)$")
_LOG_LINES = 1_000
_DUMPED = re.compile(
    r"==== START logs for container ([\w.-]+) of pod ([\w.-]+)/([\w.-]+) ====\n(.*?)==== END logs[^\n]*\n?", re.S
)
MAX_FILE = 500_000_000

try:
    from yaml import CSafeLoader as _Loader
except ImportError:  # libyaml is optional
    from yaml import SafeLoader as _Loader  # type: ignore[assignment]


def load(path: Path) -> ClusterView:
    """Read a folder, or one file.

    Raises:
        UsageError: the path does not exist, or nothing in it is a Kubernetes object.
    """
    if not path.exists():
        raise UsageError(
            f"{path} does not exist.", hint="Give a folder of kubectl output, a must-gather or a snapshot file."
        )
    files = [path] if path.is_file() else sorted(item for item in path.rglob("*") if item.is_file())
    objects: dict[tuple[str, str, str, str], Object] = {}
    logs: list[LogText] = []
    gaps: list[str] = []
    header: dict[str, Any] = {}
    listed: set[str] = set()
    for file in files:
        name = file.relative_to(path).as_posix() if file != path else file.name
        if _LOGS.search(name):
            logs += _logs(name, _text(file))
            continue
        if not name.endswith(_DOCUMENTS):
            continue
        try:
            text = _whole(file)
            logs += _dumped_logs(text)
            for item in _objects(name, _DUMPED.sub("", text), header, listed):
                objects[f.text(item, "kind"), f.text(item, "apiVersion"), f.namespace(item), f.name(item)] = prune(item)
        except (ValueError, yaml.YAMLError, OSError, RecursionError) as error:
            gaps.append(
                f"{name} cannot be read: {str(error).splitlines()[0][:120] if str(error) else type(error).__name__}."
            )
    if not objects:
        raise UsageError(
            f"Nothing in {path} is a Kubernetes object.",
            hint="Expected YAML or JSON from kubectl, a must-gather, or a snapshot file.",
        )
    return _view(path, list(objects.values()), logs, gaps, header, listed)


def _view(
    path: Path, objects: list[Object], logs: list[LogText], gaps: list[str], header: Mapping[str, Any], listed: set[str]
) -> ClusterView:
    groups = index_objects(objects)
    complete = set(f.strings(header, "complete")) or (listed | _dumped(groups))
    namespaces = frozenset(f.strings(header, "namespaces")) or None
    if namespaces is None and not header:
        own = {f.namespace(item) for item in objects if f.namespace(item)}
        namespaces = frozenset(own) if "Namespace" not in groups or len(own) < len(groups["Namespace"]) else None
    stored = [LogText(**{**item, "lines": tuple(item.get("lines", ()))}) for item in f.maps(header, "logs")]
    return ClusterView(
        objects=groups,
        collected_at=f.when(header, "collectedAt") or _newest(objects),
        observations=Observations(logs=StoredLogs([*stored, *logs])),
        complete=frozenset(complete),
        namespaces=namespaces,
        gaps=(*f.strings(header, "gaps"), *gaps),
        origin=str(path),
        snapshot=f.text(header, "snapshot"),
    )


def _dumped(groups: Mapping[str, tuple[Object, ...]]) -> set[str]:
    """Kinds that a dump of Pods and Services surely lists whole when it has any of them."""
    return {
        kind
        for kind in ("Pod", "Service", "Deployment", "ReplicaSet", "Node")
        if kind in groups and len(groups[kind]) > 1
    }


def _newest(objects: list[Object]) -> datetime:
    """When a dump was made: the newest time that any object tells."""
    newest = datetime.min.replace(tzinfo=UTC)
    for item in objects:
        for path in (("metadata", "creationTimestamp"), ("lastTimestamp",), ("eventTime",), ("spec", "renewTime")):
            newest = max(newest, f.when(item, *path) or newest)
        for state in f.maps(item, "status", "conditions"):
            for key in ("lastHeartbeatTime", "lastTransitionTime", "lastProbeTime"):
                newest = max(newest, f.when(state, key) or newest)
    return newest if newest.year > 1 else datetime.now(UTC)


def _text(file: Path) -> str:
    return file.read_text(encoding="utf-8", errors="replace")[-5_000_000:]


def _whole(file: Path) -> str:
    if file.stat().st_size > MAX_FILE:
        raise ValueError("it is too big")
    content = gzip.decompress(file.read_bytes()) if file.suffix == ".gz" else file.read_bytes()
    return content.decode("utf-8", "replace")


def _objects(name: str, text: str, header: dict[str, Any], listed: set[str]) -> Iterator[Object]:
    as_json = name.removesuffix(".gz").endswith(".json") or text.lstrip()[:1] in ("{", "[")
    if not as_json and not name.removesuffix(".gz").endswith((".yaml", ".yml")) and "apiVersion:" not in text:
        return
    documents = _json_documents(text) if as_json else yaml.load_all(text, Loader=_Loader)
    for document in documents:
        yield from _unpack(document, header, listed)


def _json_documents(text: str) -> Iterator[Any]:
    decoder, place = json.JSONDecoder(), 0
    while place < len(text):
        while place < len(text) and text[place] in " \r\n\t,":
            place += 1
        if place < len(text):
            document, place = decoder.raw_decode(text, place)
            yield document


def _unpack(document: Any, header: dict[str, Any], listed: set[str]) -> Iterator[Object]:
    if isinstance(document, list):
        for item in document:
            yield from _unpack(item, header, listed)
        return
    if not isinstance(document, Mapping):
        return
    kind = f.text(document, "kind")
    if kind == "CloudwrightSnapshot":
        header.update({key: value for key, value in document.items() if key != "items"})
    if isinstance(document.get("items"), list):
        inner = kind.removesuffix("List") if kind.endswith("List") and kind != "List" else ""
        if inner:
            listed.add(inner)
        for item in f.maps(document, "items"):
            typed = item if item.get("kind") else {**item, "kind": inner, "apiVersion": f.text(document, "apiVersion")}
            if kind in ("List", ""):
                listed.add(f.text(typed, "kind"))
            yield typed
    elif kind and f.name(document):
        yield document


def _dumped_logs(text: str) -> Iterator[LogText]:
    """The logs that `cluster-info dump` writes, in files of their own or, on standard output, between its lists."""
    for match in _DUMPED.finditer(text):
        yield LogText(match[2], match[3], match[1], tuple(match[4].splitlines()[-_LOG_LINES:]))


def _logs(name: str, text: str) -> Iterator[LogText]:
    """Logs by the layouts of `cluster-info dump` (`<ns>/<pod>/logs.txt`) and must-gather (`…/<pod>/<container>/<container>/logs/current.log`)."""
    dumped = list(_dumped_logs(text))
    if dumped:
        yield from dumped
        return
    parts = name.split("/")
    previous = parts[-1].startswith("previous")
    if "pods" in parts[:-3] and "logs" in parts:
        index = parts.index("pods")
        if index and len(parts) > index + 2:
            yield LogText(
                parts[index - 1], parts[index + 1], parts[index + 2], tuple(text.splitlines()[-_LOG_LINES:]), previous
            )
    elif len(parts) >= 3:
        container = parts[-1].removesuffix(".log").removesuffix(".previous")
        yield LogText(parts[-3], parts[-2], container, tuple(text.splitlines()[-_LOG_LINES:]), ".previous" in parts[-1])
