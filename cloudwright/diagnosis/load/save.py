"""Saving a view as one file, which `load.folder` reads again. What is saved is pruned: no secret values."""

import gzip
import json
from pathlib import Path

from cloudwright.core.errors import UsageError
from cloudwright.diagnosis import fields as f
from cloudwright.diagnosis.observations import LogText
from cloudwright.diagnosis.pods import containers
from cloudwright.diagnosis.view import ClusterView


def save(view: ClusterView, path: Path) -> int:
    """Write a snapshot (gzipped if the name ends so); returns the number of objects.

    Raises:
        UsageError: the file cannot be written.
    """
    document = {
        "apiVersion": "cloudwright/v1",
        "kind": "CloudwrightSnapshot",
        "snapshot": view.id,
        "collectedAt": view.collected_at.isoformat(),
        "complete": sorted(view.complete),
        "namespaces": sorted(view.namespaces) if view.namespaces else [],
        "gaps": list(view.gaps),
        "logs": [_log(item) for item in _logs(view)],
        "items": [item for items in view.objects.values() for item in items],
    }
    text = json.dumps(document, default=str, ensure_ascii=False)
    try:
        if path.suffix == ".gz":
            path.write_bytes(gzip.compress(text.encode()))
        else:
            path.write_text(text, encoding="utf-8")
    except OSError as error:
        raise UsageError(f"{path} cannot be written: {error.strerror}.") from None
    return view.total


def _logs(view: ClusterView) -> list[LogText]:
    found = []
    for pod in view.of("Pod"):
        for item in containers(pod):
            for previous in (False, True) if item.restarts else (False,):
                text = view.observations.logs.of_pod(f.namespace(pod), f.name(pod), item.name, previous=previous)
                if text is not None:
                    found.append(text)
    return found


def _log(item: LogText) -> dict[str, object]:
    return {
        "namespace": item.namespace,
        "pod": item.pod,
        "container": item.container,
        "lines": list(item.lines),
        "previous": item.previous,
    }
