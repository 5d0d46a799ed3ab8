"""Conditions on objects in people's words, as the filter language of the read tools."""

import re

from cloudwright.agents.language.clause import Clause
from cloudwright.agents.language.comparing import bound_near, negated
from cloudwright.agents.language.lexicon import listed
from cloudwright.agents.language.reads.arranging import superlative
from cloudwright.agents.language.reads.frame import Where
from cloudwright.agents.language.reads.states import states
from cloudwright.agents.language.references import World
from cloudwright.agents.language.understanding import KindWord


def conditions(clause: Clause, kind: KindWord, world: World) -> Where:
    """Everything the clause says about which objects of a kind are meant."""
    found = Where()
    states(clause, kind, found)
    _restarts(clause, kind, found)
    _replicas(clause, kind, found)
    _ages(clause, found)
    _labels(clause, found)
    _nodes(clause, kind, found)
    _images(clause, found)
    _limits(clause, kind, found)
    _types(clause, kind, found)
    _oddities(clause, kind, found)
    return found


def _restarts(clause: Clause, kind: KindWord, found: Where) -> None:
    if kind.kind != "Pod":
        return
    for word in ("restarts", "restarted", "restart", "restarting", "restart count"):
        at = clause.find(word)
        if at < 0:
            continue
        clause.use_words(word, "times, time, at all")
        bound = bound_near(clause, at)
        if bound is not None:
            found.parts.append(f"restarts {bound[0]} {bound[1].value}")
        elif clause.has("zero restarts, no restarts, never restarted, without restarts, not restarted"):
            found.parts.append("restarts = 0")
        elif not superlative(clause):
            found.parts.append("restarts > 0")
        return


def _replicas(clause: Clause, kind: KindWord, found: Where) -> None:
    if kind.kind not in ("Deployment", "StatefulSet", "ReplicaSet"):
        return
    for phrase in (
        "scaled to zero",
        "scaled down to zero",
        "no replicas",
        "zero replicas",
        "scaled to 0",
        "0 replicas",
        "without replicas",
    ):
        if clause.has(phrase):
            found.parts.append("replicas = 0")
            clause.use_words(phrase)
            return
    if clause.has("single replica, one replica, only one replica, a single pod"):
        found.parts.append("replicas = 1")
        return
    for word in ("replicas", "replica", "copies", "instances", "pods"):
        at = clause.find(word)
        if at >= 0 and (bound := bound_near(clause, at, 3)) is not None:
            found.parts.append(f"replicas {bound[0]} {bound[1].value}")
            return


def _ages(clause: Clause, found: Where) -> None:
    durations = clause.of("duration")
    if not durations:
        if clause.has("today"):
            found.parts.append("age < 1d")
        return
    text = durations[0].text
    before = " ".join(clause.low[max(0, durations[0].start - 4) : durations[0].start])
    if re.search(r"older than|more than|over|longer than|at least|> ?$", before) or (
        clause.has("ago") and "before" in before
    ):
        found.parts.append(f"older than {text}")
        clause.use(durations[0])
    elif re.search(
        r"younger than|newer than|less than|within|under|(?:last|past)(?: the)?$|in the last|in the past|since", before
    ):
        found.parts.append(f"younger than {text}")
        clause.use(durations[0])
    clause.use_words("older than, younger than, newer than, less than, in the last, last, past, created, old")


def _labels(clause: Clause, found: Where) -> None:  # noqa: C901
    for mention in clause.of("pair"):
        key, _, value = mention.text.partition("=")
        if ":" in value and value.rpartition(":")[2].startswith(("No", "Prefer")):
            continue
        sign = "!=" if negated(clause, mention.start, 4) else "="
        found.labels.append(f"{key}{sign}{value}")
        clause.use(mention)
        clause.use_words("label, labels, labelled, labeled, with")
    if found.labels:
        return
    for word in ("labelled", "labeled", "label"):
        at = clause.find(word)
        if at < 0 or at + 1 >= len(clause.tokens):
            continue
        following = clause.low[at + 1 : at + 5]
        if following and following[0] in ("as", "with", "called", "named", "key"):
            following = following[1:]
        if not following or clause.tokens[at].mark:
            continue
        key = following[0]
        if not re.fullmatch(r"[a-z0-9A-Z._/-]+", key):
            continue
        if len(following) > 2 and following[1] in ("set", "is", "equals", "equal", "to", "of", "=", "as"):
            value = following[3] if following[1] == "set" and len(following) > 3 else following[2]
            found.labels.append(f"{key}={value}")
        elif negated(clause, at, 3):
            found.labels.append(f"!{key}")
        else:
            found.labels.append(key)
        clause.used.update(range(at, len(clause.tokens)))
        return


def _nodes(clause: Clause, kind: KindWord, found: Where) -> None:
    if kind.kind != "Pod":
        return
    nodes = [item for item in clause.of("name") if any(named.ref.kind == "Node" for named in item.objects)]
    if nodes:
        wanted = [f"node = {item.objects[0].ref.name}" for item in nodes]
        text = wanted[0] if len(wanted) == 1 else "(" + " or ".join(wanted) + ")"
        found.parts.append(f"not ({text})" if negated(clause, nodes[0].start, 4) else text)
        clause.use(*nodes)


def _images(clause: Clause, found: Where) -> None:
    for mention in clause.of("image"):
        found.parts.append(_maybe_not(clause, mention.start, f'image contains "{mention.text}"'))
        clause.use(mention)
    if clause.has(
        "latest tag, :latest, the latest, tagged latest, latest image, latest images, floating tag, mutable tag"
    ):
        found.parts.append('image matches "(:latest$|^[^:]+$)"')
    if not clause.of("image"):
        for word in ("image", "images", "running", "using"):
            at = clause.find(word)
            if at < 0 or (word in ("running", "using") and not clause.has("image")):
                continue
            for index in (at + 1, at - 1):
                if 0 <= index < len(clause.tokens) and (index in clause.used or clause.tokens[index].mark):
                    continue
                if 0 <= index < len(clause.tokens) and _image_word(clause, index):
                    found.parts.append(_maybe_not(clause, min(at, index), f"image contains {clause.low[index]}"))
                    clause.used.add(index)
                    return


def _image_word(clause: Clause, index: int) -> bool:
    from_name = clause.at(index)
    word = clause.low[index]
    return (from_name is None and word in _IMAGES) or (from_name is not None and from_name.what == "text")


_IMAGES = listed(
    "nginx, redis, postgres, mysql, busybox, alpine, mongo, rabbitmq, kafka, envoy, memcached, mariadb, httpd, haproxy"
)


def _maybe_not(clause: Clause, at: int, expression: str) -> str:
    return f"not ({expression})" if negated(clause, at, 4) else expression


def _limits(clause: Clause, kind: KindWord, found: Where) -> None:
    missing = clause.has("without, no, lack, lacking, missing, not, lacks")
    container = {"Pod": "spec", "CronJob": "spec.jobTemplate.spec.template.spec"}.get(kind.kind, "spec.template.spec")
    base = f"{container}.containers[*]"
    for words, path in (
        (("memory limit", "memory limits", "mem limit"), "resources.limits.memory"),
        (("cpu limit", "cpu limits"), "resources.limits.cpu"),
        (("memory request", "memory requests"), "resources.requests.memory"),
        (("cpu request", "cpu requests"), "resources.requests.cpu"),
        (("limits", "limit", "resource limits"), "resources.limits"),
        (("requests", "resource requests"), "resources.requests"),
        (("liveness probe", "liveness probes", "liveness"), "livenessProbe"),
        (("readiness probe", "readiness probes", "readiness"), "readinessProbe"),
        (("probes", "probe", "health checks"), "readinessProbe"),
    ):
        if not clause.has(*words):
            continue
        at = next(at for word in words if (at := clause.find(word)) >= 0)
        bound = bound_near(clause, at)
        if bound is not None:
            found.parts.append(f"{base}.{path} {bound[0]} {bound[1].text}")
        elif missing:
            found.parts.append(f"no {base}.{path}")
        elif clause.has("with, have, has, having, set"):
            found.parts.append(f"has {base}.{path}")
        clause.use_words(*words, "without, no, with, set")
        return


def _types(clause: Clause, kind: KindWord, found: Where) -> None:
    if kind.kind != "Service":
        return
    for word, value in (
        ("loadbalancer", "LoadBalancer"), ("load balancer", "LoadBalancer"), ("load balancers", "LoadBalancer"),
        ("loadbalancers", "LoadBalancer"), ("nodeport", "NodePort"), ("node port", "NodePort"), ("nodeports", "NodePort"),
        ("clusterip", "ClusterIP"), ("externalname", "ExternalName"),
    ):  # fmt: skip
        if clause.has(word):
            found.parts.append(_maybe_not(clause, clause.find(word), f"type = {value}"))
            clause.use_words(word, "type, of type")
            return
    if clause.has("headless"):
        found.parts.append("spec.clusterIP = None")


def _oddities(clause: Clause, kind: KindWord, found: Where) -> None:
    if kind.kind == "Pod" and clause.has(
        "without owner, no owner, orphaned, bare, without a controller, unmanaged, no controller"
    ):
        found.parts.append("no owner")
    if clause.has("privileged"):
        found.parts.append(
            "securityContext.privileged = true" if False else "spec.containers[*].securityContext.privileged = true"
        )
    if clause.has("host network, hostnetwork"):
        found.parts.append("spec.hostNetwork = true")
    if kind.kind == "ConfigMap" and clause.has("immutable"):
        found.parts.append("immutable = true")
