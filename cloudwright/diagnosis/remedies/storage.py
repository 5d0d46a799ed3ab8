"""Claims that can be bound, and volumes with room."""

import re
from collections.abc import Iterator, Mapping
from typing import Any

from cloudwright.core.finding import Remedy
from cloudwright.diagnosis import fields as f
from cloudwright.diagnosis.checks.make import create, delete, near, patch_at, patch_template
from cloudwright.diagnosis.fields import Object
from cloudwright.diagnosis.model import Cause
from cloudwright.diagnosis.pods import pod_spec
from cloudwright.diagnosis.view import ClusterView, template_of

DEFAULT_CLASS = "storageclass.kubernetes.io/is-default-class"
_SCRATCH = re.compile(r"EmptyDir volume \"([\w.-]+)\" exceeds the limit \"(\w+)\"")


def claim_of_known_class(view: ClusterView, cause: Cause) -> Iterator[Remedy]:
    """The claim again, of the class that was meant or of the default class."""
    claim = view.lookup(cause.object)
    classes = {f.name(item): item for item in view.of("StorageClass")}
    if claim is None:
        return
    similar = near(f.text(claim, "spec", "storageClassName"), classes)
    defaults = [name for name, item in classes.items() if _is_default(item)]
    for name in [*similar[:1], *defaults[:1], *(list(classes) if len(classes) == 1 else [])][:1]:
        yield from _again(view, claim, {"storageClassName": name}, f"of storage class {name}")


def _is_default(item: Object) -> bool:
    return f.labels(item, "metadata", "annotations").get(DEFAULT_CLASS) == "true"


def claim_that_fits(view: ClusterView, cause: Cause) -> Iterator[Remedy]:
    """The claim again, as the free volume nearest to it offers."""
    claim = view.lookup(cause.object)
    if claim is None:
        return
    size = f.amount(claim, "spec", "resources", "requests", "storage")
    free = [
        item
        for item in view.of("PersistentVolume")
        if not f.mapping(item, "spec", "claimRef") and f.text(item, "status", "phase") in ("", "Available")
    ]
    same = f.text(claim, "spec", "storageClassName")
    free.sort(key=lambda item: (f.text(item, "spec", "storageClassName") != same, abs(_capacity(item) - size)))
    for volume in free[:1]:
        offered = f.strings(volume, "spec", "accessModes")
        modes = [mode for mode in f.strings(claim, "spec", "accessModes") if mode in offered] or offered
        change: dict[str, Any] = {"storageClassName": f.text(volume, "spec", "storageClassName"), "accessModes": modes}
        what = f"for volume {f.name(volume)}"
        if _capacity(volume) < size:
            storage = f.text(volume, "spec", "capacity", "storage")
            change["resources"] = {"requests": {"storage": storage}}
            what = f"for {storage}, which volume {f.name(volume)} has"
        yield from _again(view, claim, change, what)


def _capacity(volume: Object) -> float:
    return f.amount(volume, "spec", "capacity", "storage")


def _again(view: ClusterView, claim: Object, change: Mapping[str, Any], what: str) -> Iterator[Remedy]:
    """Most of a claim cannot be edited; one that was never bound holds no data and can be made anew."""
    if f.text(claim, "spec", "volumeName") or f.text(claim, "status", "phase") == "Bound" or view.owner(claim):
        return
    keep = ("accessModes", "resources", "selector", "volumeMode", "storageClassName")
    spec = {key: value for key, value in f.mapping(claim, "spec").items() if key in keep}
    metadata: dict[str, Any] = {"name": f.name(claim), "namespace": f.namespace(claim)}
    if labels := f.labels(claim, "metadata", "labels"):
        metadata["labels"] = labels
    manifest = {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "metadata": metadata, "spec": {**spec, **change}}
    title = f"Make claim {f.name(claim)} anew, {what}"
    calls = (*delete(claim, "", "").calls, *create(manifest, "").calls)
    yield Remedy(title=title, calls=calls, risk="The claim was never bound, so no data is lost.")


def more_scratch_space(view: ClusterView, cause: Cause) -> Iterator[Remedy]:
    """A larger limit for the scratch volume that the Pods overflowed."""
    workload = view.lookup(cause.object)
    match = next((found for item in cause.evidence if (found := _SCRATCH.search(item.quote))), None)
    if workload is None or match is None:
        return
    limit = f.quantity(match[2]) or 0.0
    for volume in f.maps(pod_spec(workload), "volumes"):
        if f.text(volume, "name") == match[1] and limit:
            larger = f.size(limit * 4)
            content = {"volumes": [{"name": match[1], "emptyDir": {"sizeLimit": larger}}]}
            remedy = patch_template(workload, f"Give volume {match[1]} {larger}", content, risk="It takes more of the node's disk.")  # fmt: skip
            if remedy is not None:
                yield remedy


def larger_claim(view: ClusterView, cause: Cause) -> Iterator[Remedy]:
    """Twice the size for the claims of the Pods whose volume is full, where their class can grow them."""
    for workload in (view.lookup(ref) for ref in (cause.object, *cause.affected)):
        names = {
            f.text(item, "persistentVolumeClaim", "claimName")
            for pod in (view.pods_of(workload) if workload is not None else ())
            for item in f.maps(template_of(pod), "spec", "volumes")
        } - {""}
        claims = [view.find("PersistentVolumeClaim", f.namespace(workload), name) for name in sorted(names)]
        for claim in claims:
            kind = view.find("StorageClass", "", f.text(claim, "spec", "storageClassName"))
            if claim is None or kind is None or kind.get("allowVolumeExpansion") is not True:
                continue
            size = f.size(2 * f.amount(claim, "spec", "resources", "requests", "storage"))
            path = ("spec", "resources", "requests", "storage")
            yield patch_at(
                claim, f"Expand claim {f.name(claim)} to {size}", path, size, risk="A volume cannot shrink again."
            )
        if claims:
            return
