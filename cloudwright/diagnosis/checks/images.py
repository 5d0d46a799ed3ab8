"""Images that cannot be pulled or do not fit the node."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence

from cloudwright.core.finding import Finding, Operator, Remedy, Severity
from cloudwright.diagnosis import fields as f
from cloudwright.diagnosis.checks.make import finding, near, previous_container, set_image, undo
from cloudwright.diagnosis.fields import Object
from cloudwright.diagnosis.health import unwell_pods
from cloudwright.diagnosis.observations import Event
from cloudwright.diagnosis.pods import Container, container_path, containers, deleting, finished, pod_spec
from cloudwright.diagnosis.view import ClusterView

PULL_REASONS = frozenset(
    {
        "ErrImagePull",
        "ImagePullBackOff",
        "InvalidImageName",
        "ErrImageNeverPull",
        "ImageInspectError",
        "RegistryUnavailable",
    }
)
_CAUSES: tuple[tuple[str, re.Pattern[str]], ...] = (
    ("image-registry-name-unknown", re.compile(r"no such host|server misbehaving|Temporary failure in name resolution|lookup \S+ on \S+: ", re.I)),
    ("image-architecture-mismatch", re.compile(r"no matching manifest|no match for platform|image operating system .* cannot be used", re.I)),
    ("image-pull-unauthorized", re.compile(
        r"\b401\b|\b403\b|unauthorized|denied: |pull access denied|authentication required|authorization failed|"
        r"failed to authorize|no basic auth credentials|insufficient_scope|forbidden", re.I)),
    ("image-rate-limited", re.compile(r"toomanyrequests|\b429\b|rate limit", re.I)),
    ("image-not-found", re.compile(r"not found|manifest unknown|name unknown|does not exist|\b404\b|repository .* not|NotFound", re.I)),
    ("image-registry-unreachable", re.compile(
        r"i/o timeout|connection refused|timeout|deadline exceeded|no route to host|EOF|x509|tls|server gave HTTP response|"
        r"\b50[0234]\b|connection reset", re.I)),
)  # fmt: skip


def image_pull(view: ClusterView) -> Iterator[Finding]:
    """Containers that wait for an image, by what the registry or the kubelet said."""
    groups: dict[tuple[int, str, str], list[tuple[Object, Container]]] = defaultdict(list)
    tops: dict[int, Object] = {}
    for pod in unwell_pods(view):
        if finished(pod) or deleting(pod):
            continue
        for item in containers(pod):
            if item.waiting in PULL_REASONS:
                top = view.top(pod)
                tops[id(top)] = top
                groups[id(top), item.name, f.text(item.spec, "image")].append((pod, item))
    for (mark, _, _), members in groups.items():
        yield _pull(view, tops[mark], members)


def _pull(view: ClusterView, top: Object, members: list[tuple[Object, Container]]) -> Finding:
    pod, item = members[0]
    image = f.text(item.spec, "image")
    messages = [
        (event, event.message)
        for one, _ in members
        for event in view.events_of(one, "Failed", "InspectFailed", "ErrImageNeverPull")
    ]
    about = [(event, text) for event, text in messages if image in text or not text.startswith("Failed to pull")]
    said = next(
        (text for _, text in reversed(about) if text.startswith("Failed to pull")), about[-1][1] if about else ""
    )
    text = item.waiting_message if len(item.waiting_message) > 40 else f"{item.waiting_message} {said}"
    kind = _kind(item.waiting, text)
    path = container_path(top, item, "image")
    remedies, hint = _remedies(view, top, item, kind)
    cites = [
        view.cite(
            pod, f"status.containerStatuses[{item.name}].state.waiting", f"{item.waiting}: {item.waiting_message}"
        )
    ]
    cites += [view.cite_event(event) for event in _last(about)]
    field = path
    if kind == "image-pull-unauthorized":
        field = (
            path
            if _known_good_registry(view, image) and not _pull_secrets(view, top, pod)
            else path.rpartition(".containers")[0] + ".imagePullSecrets"
        )
    return finding(
        view, kind, top, f"{_CLAIMS[kind].format(image=image)}{hint}", field=field,
        facts=[(top, path, Operator.EQUALS, image)], cites=cites, remedies=remedies, affected=[one for one, _ in members],
    )  # fmt: skip


_CLAIMS = {
    "image-registry-name-unknown": "The registry of image {image} does not resolve in DNS",
    "image-architecture-mismatch": "Image {image} has no variant for the node's architecture",
    "image-pull-unauthorized": "The registry refuses to give image {image} with the credentials that Pods have",
    "image-rate-limited": "The registry limits the rate of pulls of {image}",
    "image-not-found": "Image {image} does not exist in its registry",
    "image-registry-unreachable": "The registry of image {image} cannot be reached",
    "image-name-invalid": "Image name {image} is not valid",
    "image-never-pulled": "Image {image} is not on the node and its pull policy is Never",
    "image-pull-failed": "Image {image} cannot be pulled",
}


def _kind(reason: str, text: str) -> str:
    if reason == "InvalidImageName" or "InvalidImageName" in text or "couldn't parse image" in text.lower():
        return "image-name-invalid"
    if reason == "ErrImageNeverPull":
        return "image-never-pulled"
    return next((kind for kind, pattern in _CAUSES if pattern.search(text)), "image-pull-failed")


def _last(about: list[tuple[Event, str]]) -> list[Event]:
    chosen = [event for event, text in about if text.startswith("Failed to pull")] or [event for event, _ in about]
    return chosen[-1:]


def _remedies(view: ClusterView, top: Object, item: Container, kind: str) -> tuple[list[Remedy | None], str]:
    image = f.text(item.spec, "image")
    before = f.text(previous_container(view, top, item.name), "image")
    if before and before != image:
        return [
            set_image(top, item.name, before, f"Set the image back to {before}, which the revision before ran"),
            undo(view, top),
        ], f"; the revision before ran {before}"
    if kind == "image-pull-unauthorized":
        return [], ""
    others = running_images(view)
    similar = near(image, others, 4)
    if similar:
        return [
            set_image(top, item.name, similar[0], f"Use {similar[0]}, which runs elsewhere")
        ], f"; {similar[0]} runs elsewhere"
    return [], ""


def running_images(view: ClusterView) -> frozenset[str]:
    """Images that some container runs now."""
    pods = view.of("Pod")
    return view.once(
        "running images",
        lambda: frozenset(f.text(one.spec, "image") for pod in pods for one in containers(pod) if one.running),
    )


def _known_good_registry(view: ClusterView, image: str) -> bool:
    """Whether running Pods use other images of the same registry and project without trouble."""
    project = image.rpartition("/")[0]
    return bool(project) and any(one.rpartition("/")[0] == project for one in running_images(view))


def _pull_secrets(view: ClusterView, top: Object, pod: Object) -> list[str]:
    account = view.find("ServiceAccount", f.namespace(pod), f.text(pod, "spec", "serviceAccountName") or "default")
    own = [f.text(one, "name") for one in f.maps(pod_spec(top), "imagePullSecrets")]
    return own + [f.text(one, "name") for one in f.maps(account, "imagePullSecrets")]


def pull_secrets(view: ClusterView) -> Iterator[Finding]:
    """Pull secrets that are absent, of the wrong type, or not for the registry of any image."""
    for workload in view.workloads:
        namespace = f.namespace(workload)
        for item in f.maps(pod_spec(workload), "imagePullSecrets"):
            name = f.text(item, "name")
            secret = view.find("Secret", namespace, name)
            waiting = [
                pod for pod in view.pods_of(workload) if any(one.waiting in PULL_REASONS for one in containers(pod))
            ]
            if view.missing("Secret", namespace, name):
                yield finding(
                    view, "image-pull-secret-missing", workload,
                    f"The pull secret {name} does not exist in namespace {namespace}",
                    field="spec.template.spec.imagePullSecrets",
                    facts=[(workload, "spec.template.spec.imagePullSecrets", Operator.CONTAINS, name)],
                    affected=waiting, severity=None if waiting else Severity.INFO,
                )  # fmt: skip
            elif (
                secret is not None
                and waiting
                and f.text(secret, "type") not in ("kubernetes.io/dockerconfigjson", "kubernetes.io/dockercfg")
            ):
                yield finding(
                    view, "image-pull-secret-type", secret,
                    f"Secret {name} is of type {f.text(secret, 'type')}, which the kubelet does not use for pulls",
                    field="type", affected=[workload, *waiting],
                )  # fmt: skip
            elif secret is not None and waiting and "registries" in secret:
                yield from _wrong_registry(view, workload, secret, waiting)


def _wrong_registry(view: ClusterView, workload: Object, secret: Object, waiting: list[Object]) -> Iterator[Finding]:
    known = [re.sub(r"^https?://|/.*$", "", item) for item in f.strings(secret, "registries")]
    for item in f.maps(pod_spec(workload), "containers"):
        registry = registry_of(f.text(item, "image"))
        if known and not any(
            registry == one or (registry == "docker.io" and one.endswith("docker.io")) for one in known
        ):
            yield finding(
                view, "image-pull-secret-registry", secret,
                f"Pull secret {f.name(secret)} is for {', '.join(known)}, but image {f.text(item, 'image')} is on {registry}",
                field="data", affected=[workload, *waiting],
            )  # fmt: skip


def registry_of(image: str) -> str:
    """Registry host of an image reference (`docker.io` where it names none)."""
    head = image.split("/")[0]
    return head if "/" in image and ("." in head or ":" in head or head == "localhost") else "docker.io"


def tag_drift(view: ClusterView) -> Iterator[Finding]:
    """Replicas of one revision that run different digests of one tag."""
    for workload in view.workloads:
        if not _several_builds(view.pods_of(workload)):
            continue
        seen: dict[tuple[str, str, str], set[str]] = defaultdict(set)
        for pod in view.pods_of(workload):
            if deleting(pod) or finished(pod):
                continue
            generation = f.text(pod, "metadata", "labels", "pod-template-hash") or f.text(
                pod, "metadata", "labels", "controller-revision-hash"
            )
            for item in containers(pod):
                digest = f.text(item.status, "imageID").rpartition("@")[2]
                if item.running and digest.startswith("sha256:"):
                    seen[generation, item.name, f.text(item.spec, "image")].add(digest)
        for (_, name, image), digests in seen.items():
            if len(digests) > 1:
                yield finding(
                    view, "image-tag-drift", workload,
                    f"Replicas run {len(digests)} different builds of {image}: the tag moved between pulls",
                    field=f"spec.template.spec.containers[{name}].image",
                )  # fmt: skip


def _several_builds(pods: Sequence[Object]) -> bool:
    """Whether containers of one name run more than one image: a cheap look before the close one."""
    first: dict[str, str] = {}
    for pod in pods if len(pods) > 1 else ():
        for item in f.maps(pod, "status", "containerStatuses"):
            build = f.text(item, "imageID")
            if first.setdefault(f.text(item, "name"), build) != build:
                return True
    return False


def wrong_architecture(view: ClusterView) -> Iterable[Finding]:
    """Containers that die with an exec format error."""
    for pod in unwell_pods(view):
        for item in containers(pod):
            message = f"{item.waiting_message} {f.text(item.terminated, 'message')}"
            if "exec format error" not in message:
                continue
            top, node = view.top(pod), view.find("Node", "", f.text(pod, "spec", "nodeName"))
            architecture = f.text(node, "status", "nodeInfo", "architecture")
            yield finding(
                view, "image-architecture-mismatch", top,
                f"The program in image {f.text(item.spec, 'image')} is not built for {architecture or 'the node'}",
                field=container_path(top, item, "image"), cites=[view.cite(pod, "status.containerStatuses", message.strip())],
                remedies=[undo(view, top)], affected=[pod],
            )  # fmt: skip
            break
