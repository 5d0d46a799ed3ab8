"""Files that ConfigMaps and Secrets bring, named in what a container said before it ended."""

import re
from dataclasses import dataclass

from cloudwright.diagnosis import fields as f
from cloudwright.diagnosis.dependencies import workload_logs
from cloudwright.diagnosis.fields import Object
from cloudwright.diagnosis.pods import Container
from cloudwright.diagnosis.view import ClusterView

_LAST_LINES = 20
_COMPLAINS = re.compile(
    r"error|fatal|invalid|missing|malformed|cannot|can't|could not|unable|failed|unexpected|unknown|no such|not found|"
    r"parse|unmarshal|undefined|required",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Blamed:
    """A source of configuration with the file and the line that complains about it."""

    source: Object
    path: str
    line: str


def blamed_file(view: ClusterView, top: Object, pod: Object, item: Container) -> Blamed | None:
    """The mounted file that the last words of a container complain about."""
    mounts = _mounts(view, pod, item)
    for log in workload_logs(view, top) if mounts else ():
        if log.container not in ("", item.name):
            continue
        for line in reversed(log.lines[-_LAST_LINES:]):
            for source, folder in mounts:
                named = re.search(rf"(?<![\w/]){re.escape(folder)}(?:/[\w.-]+)*", line)
                if named and _COMPLAINS.search(line):
                    return Blamed(source, named.group(), line)
    return None


def _mounts(view: ClusterView, pod: Object, item: Container) -> list[tuple[Object, str]]:
    """What the container mounts from ConfigMaps and Secrets, and where."""
    sources = {}
    for volume in f.maps(pod, "spec", "volumes"):
        kinds = (("ConfigMap", f.text(volume, "configMap", "name")), ("Secret", f.text(volume, "secret", "secretName")))
        for kind, name in kinds:
            source = view.find(kind, f.namespace(pod), name) if name else None
            if source is not None:
                sources[f.text(volume, "name")] = source
    return [
        (sources[f.text(mount, "name")], f.text(mount, "mountPath").rstrip("/"))
        for mount in f.maps(item.spec, "volumeMounts")
        if f.text(mount, "name") in sources and len(f.text(mount, "mountPath")) > 1
    ]
