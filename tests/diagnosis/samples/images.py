"""Samples: images."""

import base64
import json

from cloudwright.diagnosis.view import ClusterView
from tests.diagnosis.samples.base import CALM, Dict, Sample, Samples, crashing, ended, state
from tests.diagnosis.world import container, deployment, node, pod, thing, view

WEB = deployment("web", container(image="registry.example/web:2"), ready=0)
CALM_ONE = (deployment("web"), pod(deployment("web")))
PRIVATE = deployment(
    "web", container(image="registry.example/web:2"), ready=0, spec={"imagePullSecrets": [{"name": "key"}]}
)
SAID = {
    "image-not-found": "failed to resolve reference: registry.example/web:2: not found",
    "image-registry-name-unknown": "dial tcp: lookup registry.example on 10.0.0.2:53: no such host",
    "image-registry-unreachable": "dial tcp 192.0.2.1:443: i/o timeout",
    "image-pull-unauthorized": "unexpected status from HEAD request: 401 Unauthorized",
    "image-rate-limited": "toomanyrequests: You have reached your pull rate limit",
    "image-architecture-mismatch": "no match for platform in manifest: linux/arm64",
    "image-pull-failed": "something went wrong",
}


def pull(message: str, reason: str = "ImagePullBackOff", owner: Dict = WEB) -> Dict:
    """A Pod that cannot get its image."""
    return state(owner, reason, f'Failed to pull image "registry.example/web:2": {message}')


def samples() -> Samples:
    """By kind."""
    found: dict[str, Sample] = {}
    kinds = list(SAID)
    for place, kind in enumerate(kinds):
        other = SAID[kinds[place - 1]]
        found[kind] = view(WEB, pull(SAID[kind]), node()), CALM, view(WEB, pull(other), node())
    exec_format = crashing(WEB, ended(1, message="exec /app: exec format error"))
    found["image-architecture-mismatch"] = (
        view(WEB, exec_format, node()), CALM, view(WEB, crashing(WEB, ended(1, message="bad format")), node())
    )  # fmt: skip
    odd = view(WEB, state(WEB, "InvalidImageName", "couldn't parse image reference"), node())
    found["image-name-invalid"] = odd, CALM, view(WEB, pull(SAID["image-not-found"]), node())
    never = view(WEB, state(WEB, "ErrImageNeverPull", "is not present with pull policy of Never"), node())
    found["image-never-pulled"] = never, CALM, view(WEB, pull(SAID["image-not-found"], "ErrImagePull"), node())
    refused = pull(SAID["image-pull-unauthorized"], owner=PRIVATE)
    found["image-pull-secret-missing"] = (
        view(PRIVATE, refused, node()), CALM, view(PRIVATE, refused, registry("registry.example"), node())
    )  # fmt: skip
    opaque = thing("Secret", "key", type="Opaque", data={"user": "eA=="})
    found["image-pull-secret-type"] = (
        view(PRIVATE, refused, opaque, node()), view(*CALM_ONE, opaque, node()),
        view(PRIVATE, refused, registry("registry.example"), node()),
    )  # fmt: skip
    found["image-pull-secret-registry"] = (
        view(PRIVATE, refused, registry("other.example"), node()),
        view(PRIVATE, pod(PRIVATE), registry("other.example"), node()),
        view(PRIVATE, refused, registry("https://registry.example/v2/"), node()),
    )  # fmt: skip
    found["image-tag-drift"] = drift("a", "b"), drift("a", "a"), drift("a", "b", "9f")
    return found


def registry(host: str) -> Dict:
    """A pull secret for a registry."""
    text = json.dumps({"auths": {host: {"auth": "eDp5"}}})
    data = {".dockerconfigjson": base64.b64encode(text.encode()).decode()}
    return thing("Secret", "key", type="kubernetes.io/dockerconfigjson", data=data)


def drift(one: str, two: str, revision: str = "7d") -> ClusterView:
    """Two replicas that run these builds; the second of another revision where one is given."""
    both = deployment("web", replicas=2)
    pods = []
    for suffix, build, template in (("a", one, "7d"), ("b", two, revision)):
        item = pod(both, suffix)
        item["status"]["containerStatuses"][0]["imageID"] = f"registry.example/app@sha256:{build * 64}"
        item["metadata"]["labels"]["pod-template-hash"] = template
        pods.append(item)
    return view(both, *pods, node())
