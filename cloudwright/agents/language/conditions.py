"""Conditions on objects in people's words, as the filter language of the read tools."""

import re
from dataclasses import dataclass, field

from cloudwright.agents.language.clause import Clause, Mention
from cloudwright.agents.language.lexicon import listed
from cloudwright.agents.language.objects import World
from cloudwright.agents.language.understanding import KindWord

_NEGATIONS = listed("not, no, without, never, isn't, aren't, lacking, lack, lacks, non, n't, missing, nor")
_UNREADY = {"Pod": "not ready and not Completed and not Succeeded", "Job": "status = Failed"}
_BAD_WORDS = (
    "unhealthy", "failing", "broken", "bad", "in trouble", "unready", "not-ready", "notready", "degraded", "having trouble",
    "having problems", "struggling", "troubled", "sick", "faulty", "malfunctioning", "in a bad state", "misbehaving", "down",
    "problematic", "stuck", "red",
)  # fmt: skip
_GOOD_WORDS = (
    "healthy",
    "ready",
    "up",
    "fine",
    "ok",
    "okay",
    "working",
    "good",
    "available",
    "fully available",
    "green",
)
_STATES: tuple[tuple[tuple[str, ...], str], ...] = (
    (("crash looping", "crashlooping", "crash-looping", "crashloopbackoff", "crashloop", "crash loop", "crash-loop",
      "crash loops"), "status matches CrashLoopBackOff"),
    (("crashing", "crashed", "crashes", "keep crashing", "crash"), "status matches \"CrashLoopBackOff|Error|OOMKilled|ExitCode\""),
    (("oomkilled", "oom killed", "oom-killed", "out of memory", "oom", "ran out of memory", "run out of memory"), "reason = OOMKilled"),
    (("pending", "unschedulable", "waiting to be scheduled", "unscheduled", "waiting"), "status = Pending"),
    (("imagepullbackoff", "errimagepull", "failing to pull", "image pull", "pull their image", "pull its image",
      "pulling images", "pull images", "pull the image", "image can not be pulled", "pull an image", "pull"), "status matches ImagePull"),
    (("completed", "finished", "succeeded", "complete", "done"), "status matches \"Completed|Succeeded|Complete\""),
    (("failed", "errored"), "status matches \"Failed|Error|BackoffLimit\""),
    (("evicted",), "reason = Evicted"),
    (("terminating", "being deleted", "stuck in deletion"), "terminating = true"),
    (("suspended", "paused", "on hold", "disabled"), "suspended = true"),
    (("running",), "status = Running"),
    (("unbound",), "status != Bound"),
    (("bound",), "status = Bound"),
    (("lost",), "status = Lost"),
    (("released",), "status = Released"),
)  # fmt: skip
_MORE = (
    "more than",
    "over",
    "above",
    "greater than",
    "exceeding",
    ">",
    "bigger than",
    "larger than",
    "higher than",
    "beyond",
)
_LEAST = ("at least", ">=", "or more", "minimum of", "no less than", "no fewer than")
_LESS = ("less than", "under", "below", "fewer than", "<", "smaller than", "lower than")
_MOST = ("at most", "<=", "up to", "no more than", "or fewer", "or less")
_EXACT = ("exactly", "precisely", "=", "==", "only", "just")


@dataclass
class Where:
    """What a list is narrowed to, in the arguments of `list_resources`."""

    parts: list[str] = field(default_factory=list)
    labels: list[str] = field(default_factory=list)

    @property
    def where(self) -> str:
        """The filter."""
        return " and ".join(self.parts)


def conditions(clause: Clause, kind: KindWord, world: World) -> Where:
    """Everything the clause says about which objects of a kind are meant."""
    found = Where()
    _states(clause, kind, found)
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


def negated(clause: Clause, at: int, reach: int = 3) -> bool:
    """Whether a negation stands shortly before a word."""
    for index in range(at - 1, max(-1, at - 1 - reach), -1):
        if clause.low[index] in _NEGATIONS:
            clause.used.add(index)
            return True
        if clause.low[index] in (",", "and", "but", "or", "with") or clause.at(index) is not None:
            return False
    return False


def _unready(kind: KindWord) -> str:
    if kind.kind in ("PersistentVolumeClaim", "PersistentVolume"):
        return "not Bound"
    if kind.kind == "Node":
        return "not ready"
    return _UNREADY.get(kind.kind, "ready = false")


def _states(clause: Clause, kind: KindWord, found: Where) -> None:  # noqa: C901
    joined: list[str] = []
    for words, expression in _STATES:
        for word in sorted(words, key=len, reverse=True):
            at = clause.find(word)
            if at < 0 or at in clause.used or _speaks_of_images(clause, at, word):
                continue
            clause.use_words(word)
            expression = _for_kind(expression, word, kind)
            negative = "ImagePull" not in expression and negated(clause, at)
            joined.append(f"not ({expression})" if negative else expression)
            break
    for words, bad in ((_BAD_WORDS, True), (_GOOD_WORDS, False)):
        for word in words:
            at = clause.find(word)
            if at < 0 or at in clause.used:
                continue
            clause.use_words(word)
            wrong = bad != negated(clause, at)
            joined.append(f"({_unready(kind)})" if wrong else "ready")
            break
    for token in clause.tokens:
        if (
            re.fullmatch(r"(?:[A-Z][a-z]+){2,}|OOMKilled", token.raw)
            and not joined
            and clause.at(clause.tokens.index(token)) is None
        ):
            joined.append(f"(status = {token.raw} or reason = {token.raw})")
    if kind.kind == "Node" and clause.has("cordoned, unschedulable, scheduling disabled, schedulingdisabled"):
        joined = ["status matches SchedulingDisabled"]
        clause.use_words("cordoned, unschedulable")
    elif kind.kind == "Node" and clause.has("schedulable"):
        joined = ["not (status matches SchedulingDisabled)"]
    if len(joined) > 1 and clause.has("or"):
        found.parts.append("(" + " or ".join(joined) + ")")
    else:
        found.parts += joined


def _speaks_of_images(clause: Clause, at: int, word: str) -> bool:
    """ "running image x" and "running on node y" say nothing about the status."""
    following = clause.low[at + 1 : at + 3]
    if (
        word == "running"
        and following
        and (
            following[0] in ("on", "image", "version", "the", "an")
            or ((mention := clause.at(at + 1)) is not None and mention.what in ("image", "name"))
        )
    ):
        return not negated(clause, at)
    return False


def _for_kind(expression: str, word: str, kind: KindWord) -> str:
    if kind.kind == "Job" and word == "running":
        return "status = Running"
    if kind.kind in ("Deployment", "StatefulSet", "DaemonSet", "ReplicaSet") and "status" in expression:
        return "ready" if word == "running" else "ready = false"
    if kind.kind == "Deployment" and word == "paused":
        return "spec.paused = true"
    return expression


def bound_near(clause: Clause, at: int, reach: int = 5) -> tuple[str, Mention] | None:
    """A comparison with a number near a word: the sign and the number."""
    numbers = [item for item in clause.of("number", "quantity", "percent") if abs(item.start - at) <= reach]
    if not numbers:
        return None
    number = min(numbers, key=lambda item: abs(item.start - at))
    before = " ".join(clause.low[max(0, number.start - 3) : number.start])
    after = " ".join(clause.low[number.end : number.end + 2])
    sign = "="
    for words, meaning in ((_LEAST, ">="), (_MOST, "<="), (_MORE, ">"), (_LESS, "<"), (_EXACT, "=")):
        if any(re.search(rf"(?:^|\s){re.escape(word)}$", before) or after.startswith(word) for word in words):
            sign = meaning
            clause.use_words(*words)
            break
    clause.use(number)
    return sign, number


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


_TOP = listed(
    "most, highest, largest, biggest, oldest, maximum, max, top, longest, heaviest, worst, newest, youngest, latest"
)
_LOW = listed("least, fewest, lowest, smallest, minimum, min")


def superlative(clause: Clause) -> str:
    """The superlative word of the clause, or ""."""
    if clause.has("latest tag, latest image, latest version, :latest, the latest"):
        return ""
    return next(
        (word for index, word in enumerate(clause.low) if word in _TOP | _LOW and clause.at(index) is None
         and not (word in ("most", "least") and index and clause.low[index - 1] == "at")),
        "",
    )  # fmt: skip


def ascending(word: str) -> bool:
    """Whether a superlative asks for the smallest."""
    return word in _LOW
