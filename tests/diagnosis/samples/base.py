"""Small worlds for samples: three views of each kind of finding.

A sample is (positive, negative, near miss): a cluster with the finding, a healthy one of the same make, and one that
looks almost like the first and must not be taken for it.
"""

from collections.abc import Mapping
from typing import Any

from cloudwright.diagnosis.observations import LogText
from cloudwright.diagnosis.view import ClusterView
from tests.diagnosis.world import ago, container, deployment, log, meta, node, pod, thing, view, waiting

Dict = dict[str, Any]
Sample = tuple[ClusterView, ClusterView, ClusterView]
Samples = Mapping[str, Sample]
WEB = deployment("web")
CALM = view(WEB, pod(WEB), node())
"""One Deployment that is well."""


def state(
    owner: Dict, reason: str, message: str = "", restarts: int = 0, last: Dict | None = None, **more: Any
) -> Dict:
    """A Pod whose first container waits."""
    name = owner["spec"]["template"]["spec"]["containers"][0]["name"]
    status = {"containerStatuses": [waiting(name, reason, message, restarts, last)], **more.pop("status", {})}
    return pod(owner, ready=False, status=status, **more)


def ended(code: int = 1, reason: str = "Error", lived: float = 20, **more: Any) -> Dict:
    """How a container ended half a minute ago."""
    return {"reason": reason, "exitCode": code, "startedAt": ago(20 + lived), "finishedAt": ago(20), **more}


def crashing(owner: Dict, last: Dict | None = None, **more: Any) -> Dict:
    """A Pod in CrashLoopBackOff."""
    return state(owner, "CrashLoopBackOff", "back-off", 4, last or ended(), **more)


def broken(owner: Dict, *lines: str, more: tuple[Dict, ...] = (), logs: tuple[LogText, ...] = ()) -> ClusterView:
    """A program that crashes and says why in its last log."""
    said = [log(owner, "starting", *lines, previous=True)] if lines else []
    return view(owner, crashing(owner), node(), *more, logs=[*said, *logs])


def saying(owner: Dict, *lines: str, more: tuple[Dict, ...] = ()) -> ClusterView:
    """A program that is well and says something now and then."""
    calm = ["INFO served a request"] * 20
    return view(owner, pod(owner), node(), *more, logs=[log(owner, *lines, *calm)])


def owned(owner: Dict, kind: str, name: str, version: str = "apps/v1", **body: Any) -> Dict:
    """An object that another one controls."""
    above = {"apiVersion": owner["apiVersion"], "kind": owner["kind"], "name": owner["metadata"]["name"]}
    refs = [{**above, "uid": owner["metadata"]["uid"], "controller": True}]
    metadata = {"ownerReferences": refs, "uid": f"uid-{kind}-{name}", **body.pop("metadata", {})}
    return thing(kind, name, version=version, metadata=metadata, **body)


REVISION = "deployment.kubernetes.io/revision"


def revised(new: Dict, old: Dict, spec: Dict | None = None, ready: int = 0, **more: Any) -> tuple[Dict, Dict]:
    """A Deployment in its second revision, and the ReplicaSet of the first one with another container."""
    web = deployment("web", new, ready=ready, spec=spec, metadata={"annotations": {REVISION: "2"}}, **more)
    template = {"metadata": {"labels": {"app": "web"}}, "spec": {"containers": [old]}}
    kept = {"replicas": 0, "template": template}
    return web, owned(web, "ReplicaSet", "web-1", metadata={"annotations": {REVISION: "1"}}, spec=kept, status={})


def edited(kind: str, name: str, seconds: float, age: float = 90_000, **body: Any) -> Dict:
    """An object that somebody edited some seconds ago."""
    change = {"manager": "kubectl-edit", "operation": "Update", "time": ago(seconds)}
    version = body.pop("version", "v1")
    return {
        "apiVersion": version,
        "kind": kind,
        "metadata": {**meta(name, body.pop("space", "shop"), age), "managedFields": [change]},
        **body,
    }


def env(name: str, value: str) -> Dict:
    """A container with one environment variable."""
    return container(env=[{"name": name, "value": value}])


def condition(kind: str, status: str, reason: str = "", message: str = "", age: float = 600) -> Dict:
    """A status with one condition."""
    found = {"type": kind, "status": status, "reason": reason, "message": message, "lastTransitionTime": ago(age)}
    return {"conditions": [found]}
