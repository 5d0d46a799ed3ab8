"""Saving a view as one file, which `load.folder` reads again. What is saved is pruned and masked: no secret values."""

import gzip
import json
from pathlib import Path
from typing import cast

from pydantic import JsonValue

from cloudwright.core.errors import UsageError
from cloudwright.core.redaction import Redactor
from cloudwright.diagnosis import fields as f
from cloudwright.diagnosis.fields import Object
from cloudwright.diagnosis.observations import LogText
from cloudwright.diagnosis.pods import containers
from cloudwright.diagnosis.view import ClusterView


def save(view: ClusterView, path: Path, redactor: Redactor) -> int:
    """Write a snapshot (gzipped if the name ends so); returns the number of objects.

    What programs were given and say is masked too: environment, arguments, ConfigMaps, events, logs.

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
        "logs": [_log(item, redactor) for item in _logs(view)],
        "items": [_masked(item, redactor) for items in view.objects.values() for item in items],
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


def _masked(item: Object, redactor: Redactor) -> JsonValue:
    """Of Secrets nothing but addresses was kept when they were read."""
    if item.get("kind") == "Secret":
        return cast(JsonValue, item)
    applied = [_masked_edit(change, redactor) for change in f.maps(item, "metadata", "applied")]
    kept = {**item, "metadata": {**f.mapping(item, "metadata"), "applied": applied}} if applied else item
    return redactor.value(cast(JsonValue, kept))


def _masked_edit(change: Object, redactor: Redactor) -> dict[str, JsonValue]:
    """A value stands apart from its name here; whether it is secret is judged with the name beside it."""
    path = f.strings(change, "path")
    name = next((part.strip("[]") for part in reversed(path) if part != "value"), "value")
    masked = redactor.value({name: cast(JsonValue, change.get("value"))})
    return {"path": list(path), "value": masked.get(name) if isinstance(masked, dict) else None}


def _log(item: LogText, redactor: Redactor) -> dict[str, object]:
    return {
        "namespace": item.namespace,
        "pod": item.pod,
        "container": item.container,
        "lines": [redactor.text(line) for line in item.lines],
        "previous": item.previous,
    }
