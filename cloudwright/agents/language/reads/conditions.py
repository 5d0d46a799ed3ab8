"""Conditions on objects in people's words, as the filter language of the read tools."""

import re
from collections.abc import Callable, Iterator, Mapping

from cloudwright.agents.language import aspects
from cloudwright.agents.language.clause import Clause, Mention
from cloudwright.agents.language.comparing import bound_near, how_often, negated, unless_negated
from cloudwright.agents.language.lexicon import listed, phrases
from cloudwright.agents.language.reads.arranging import superlative
from cloudwright.agents.language.reads.frame import Where
from cloudwright.agents.language.reads.having import containers, taints
from cloudwright.agents.language.reads.images import image_tests
from cloudwright.agents.language.reads.labels import labels
from cloudwright.agents.language.reads.states import ZERO, states
from cloudwright.agents.language.reads.valued import aspect_tests
from cloudwright.agents.language.references import World
from cloudwright.agents.language.spelling import COMMON
from cloudwright.agents.language.understanding import KindWord
from cloudwright.tools.kubernetes.columns import COLUMNS

Condition = Callable[[Clause, KindWord, World], Iterator[str]]


def conditions(clause: Clause, kind: KindWord, world: World) -> Where:
    """Everything the clause says about which objects of a kind are meant."""
    parts = [*taints(clause, kind, world), *_replicas(clause, kind, world)]
    parts += states(clause, kind, world)
    for condition in _CONDITIONS:
        parts += condition(clause, kind, world)
    if len(parts) > 1 and clause.has("or") and not clause.has("and, or more, or less, or fewer, or older, or newer"):
        parts = ["(" + " or ".join(parts) + ")"]
    return Where(parts=parts, labels=labels(clause, kind, world))


def _restarts(clause: Clause, kind: KindWord, world: World) -> Iterator[str]:
    word = next((word for word in _RESTARTS.split(", ") if clause.has(word)), "") if kind.kind == "Pod" else ""
    if not word:
        return
    clause.use_words(word, "times, time, at all")
    often = how_often(clause)
    bound = None if often else bound_near(clause, clause.find(word), _FAR)
    if bound is not None and bound[0] == "=" and superlative(clause):
        bound = None  # "the top 3 by restarts"
    if often is not None:
        yield f"restarts {often[0]} {often[1]}"
    elif bound is not None:
        yield f"restarts {bound[0]} {bound[1].value}"
    elif clause.has(_NO_RESTARTS):
        yield "restarts = 0"
    elif not superlative(clause) and not clause.has(_OF_EACH):
        yield "restarts > 0"


_NO_RESTARTS = (
    "zero restarts, no restarts, no restart, never restarted, without restarts, without a restart, without restart, without restarting, without any"
    " restart, without any restarts, without a single restart, not restarted, not a single restart, without having restarted, not yet restarted"
)
_OF_EACH = (
    "restart count of, restart counts of, restarts of, number of restarts of, each pod, every pod, per pod, each of"
)
_FAR = 9
"""How far from its word a bound may stand where nothing else is counted."""
_RESTARTS = "restart counts, restart count, restartcount, restarts, restarted, restart, restarting"


def _replicas(clause: Clause, kind: KindWord, world: World) -> Iterator[str]:
    if kind.kind not in ("Deployment", "StatefulSet", "ReplicaSet"):
        return
    if wanting := _SHORT_OF.search(" ".join(clause.low)):
        clause.use_words("replicas, readyreplicas, availablereplicas, ready, available, desired")
        yield "ready" if wanting[1] in ("=", "==") else "not ready"
    elif clause.has(ZERO):
        clause.use_words(ZERO)
        yield "replicas = 0"
    elif clause.has("single replica, one replica, only one replica, a single pod"):
        yield "replicas = 1"
    else:
        places = [
            at for word in ("replicas", "replica", "copies", "instances", "pods") if (at := clause.find(word)) >= 0
        ]
        bounds = [bound for at in places if (bound := bound_near(clause, at, 3)) is not None]
        yield from (f"replicas {sign} {mention.value}" for sign, mention in bounds[:1])


_SHORT_OF = re.compile(
    r"\b(?:spec\.)?(?:replicas|desired) (!=|>|==?) (?:status\.)?(?:ready|available)(?:replicas)?\b"
    r"|\b(?:status\.)?(?:ready|available)(?:replicas)? (?:!=|<) (?:spec\.)?(?:replicas|desired)\b"
)
"""How many there are, compared with how many there should be."""
_OLDER = re.compile(r"older than|more than|over|longer than|at least|> ?$")
_YOUNGER = re.compile(
    r"younger than|newer than|less than|within|under|(?:last|past)(?: the)?$|in the last|in the past|since"
)


_ENDED = "oom, ooms, oomkilled, oom killed, oom kill, oom kills, out of memory, killed for memory, crashed, crashes"


def _ages(clause: Clause, kind: KindWord, world: World) -> Iterator[str]:
    durations = clause.of("duration") or _minutes(clause, kind)
    if not durations:
        if clause.has("today"):
            yield "age < 1d"
        return
    first = durations[0]
    if kind.kind == "Pod" and clause.has(_RESTARTS, _ENDED) and not clause.has("created, started, old, older, younger"):
        clause.use(first)  # when they ended is shown beside: their age says nothing of it
        return
    if kind.kind == "Job" and clause.has("took, take, takes, lasted, needed"):
        clause.use(first)  # their times are shown beside: how long they took is not how old they are
        return
    before = " ".join(clause.low[max(0, first.start - 4) : first.start])
    if _OLDER.search(before) or (clause.has("ago") and "before" in before):
        yield f"older than {first.text}"
        clause.use(first)
    elif _YOUNGER.search(before):
        yield f"younger than {first.text}"
        clause.use(first)
    clause.use_words("older than, younger than, newer than, less than, in the last, last, past, created, old")


def _minutes(clause: Clause, kind: KindWord) -> list[Mention]:
    """ "Pending > 5m": of pods that are compared with nothing else, "m" are minutes."""
    compared = kind.kind in ("Pod", "Job") and not clause.has("cpu, request, requests, limit, limits")
    signs = (("for",), (">",), ("<",), (">=",), ("over",), ("than",))
    found = [one for one in clause.of("quantity") if re.fullmatch(r"\d+m", one.text)]
    return [one for one in found if compared and clause.low[one.start - 1 : one.start] in signs]


def _nodes(clause: Clause, kind: KindWord, world: World) -> Iterator[str]:
    nodes = [item for item in clause.of("name") if any(named.ref.kind == "Node" for named in item.objects)]
    if kind.kind == "Pod" and nodes:
        tests = [f"node = {item.objects[0].ref.name}" for item in nodes]
        clause.use(*nodes)
        text = tests[0] if len(tests) == 1 else "(" + " or ".join(tests) + ")"
        yield unless_negated(clause, nodes[0].start, text)


_LATEST = "use latest, uses latest, using latest, on latest, run latest, runs latest, running latest, latest tag, :latest, the latest, tagged latest, latest image, latest images, floating tag, mutable tag"


def _images(clause: Clause, kind: KindWord, world: World) -> Iterator[str]:
    for mention in clause.of("image") if kind.kind not in _IMAGELESS else ():
        clause.use(mention)
        yield unless_negated(clause, mention.start, f'image contains "{mention.text}"')
    if kind.kind in _IMAGED:
        yield from image_tests(clause, world)
    if clause.has(_LATEST):
        yield 'image matches "(:latest$|^[^:]+$)"'
    elif not clause.of("image") and clause.has("image, images"):
        index = _image_part(clause)
        index = index if index >= 0 else _image_word(clause, world)
        if index >= 0:
            clause.used.add(index)
            yield unless_negated(clause, index, f"image contains {clause.tokens[index].low}")


_IMAGED = aspects.TEMPLATED
_IMAGELESS = (
    "Secret",
    "Node",
    "Namespace",
    "ConfigMap",
    "Service",
    "Ingress",
    "PersistentVolume",
    "PersistentVolumeClaim",
)
"""Kinds of which "kubernetes.io/tls" is a type or a key."""


_CONTAINING = "contains, contain, containing, includes, include, including, matching, matches, starting with, starts with, ending in, ends in"


def _image_part(clause: Clause) -> int:
    """Where the text stands that images contain: "whose tag contains rc"; -1 if nowhere."""
    image = min(at for word in ("image", "images") if (at := clause.find(word)) >= 0)
    ends = [at + len(phrase) for phrase in phrases(_CONTAINING) if (at := clause.find(" ".join(phrase))) >= 0]
    after = range(min(ends), len(clause.tokens)) if ends and min(ends) > image + 1 else ()
    return next(
        (at for at in after if not clause.tokens[at].mark and clause.low[at] not in ("the", "a", "an", "word", "text")),
        -1,
    )


def _image_word(clause: Clause, world: World) -> int:
    """Where a word or a quoted text beside "image" stands that is a part of some container's image; -1 if nowhere."""
    images = {image.lower() for item in world.index.vocabulary.objects for image in item.images.values()}
    for word in ("image", "images"):
        at = clause.find(word)
        for index in (at + 1, at - 1):
            if at < 0 or not 0 <= index < len(clause.tokens) or index in clause.used or clause.tokens[index].mark:
                continue
            mention, token = clause.at(index), clause.tokens[index]
            quoted = mention is not None and mention.what == "text"
            if quoted or (mention is None and len(token.low) > 3 and any(token.low in image for image in images)):
                return index
    return -1


_TYPES = {
    "loadbalancer": "LoadBalancer",
    "nodeport": "NodePort",
    "clusterip": "ClusterIP",
    "externalname": "ExternalName",
}


def _types(clause: Clause, kind: KindWord, world: World) -> Iterator[str]:
    if kind.kind != "Service":
        return
    for word, value in _TYPES.items():
        spoken = re.sub(r"([A-Z])", r" \1", value).strip().lower()
        at = next((at for one in (word, f"{word}s", spoken, f"{spoken}s") if (at := clause.find(one)) >= 0), -1)
        if at >= 0:
            clause.use_words(word, spoken, "type, of type")
            yield unless_negated(clause, at, f"type = {value}")
            return
    if clause.has("headless"):
        yield "spec.clusterIP = None"


_ODDITIES = (
    (
        "without owner, no owner, nobody owns, no one owns, nothing owns, not owned, unowned, without an owner, nobody manages, orphaned, bare, without a controller, unmanaged, no controller",
        ("Pod",),
        "no owner",
    ),
    ("privileged", ("Pod",), "spec.containers[*].securityContext.privileged = true"),
    (
        "as root, root user, user root",
        ("Pod",),
        "not (spec.securityContext.runAsNonRoot = true) and not (spec.containers[*].securityContext.runAsNonRoot = true)",
    ),
    ("host network, hostnetwork", ("Pod",), "spec.hostNetwork = true"),
    (
        "without a node, no node, on no node, not on any node, not on a node, without node, not placed, not assigned",
        ("Pod",),
        "no spec.nodeName",
    ),
    ("immutable", ("ConfigMap", "Secret"), "immutable = true"),
)


def _secret_types(clause: Clause, kind: KindWord, world: World) -> Iterator[str]:
    """ "secrets of type kubernetes.io/tls"."""
    for mention in clause.of("image", "path") if kind.kind == "Secret" and clause.has("type, types") else ():
        clause.use(mention)
        yield unless_negated(clause, mention.start, f"type = {mention.text}")


def _oddities(clause: Clause, kind: KindWord, world: World) -> Iterator[str]:
    for words, kinds, test in _ODDITIES:
        if kind.kind in kinds and clause.has(words):
            yield test


_PORTS: Mapping[str, tuple[str, ...]] = {
    "Service": ("spec.ports[*].port", "spec.ports[*].targetPort", "spec.ports[*].nodePort"),
    **{kind: (aspects.path_of("{pod}.containers[*].ports[*].containerPort", kind),) for kind in aspects.TEMPLATED},
}
_LISTENING = listed("port, ports, listen, listens, listening, expose, exposes, exposing, serve, serves, open, opens")


def _ports(clause: Clause, kind: KindWord, world: World) -> Iterator[str]:
    """ "which service exposes 9009", "pods that listen on port 8080"."""
    for number in clause.of("number") if kind.kind in _PORTS else ():
        before = clause.low[max(0, number.start - 3) : number.start]
        if _LISTENING & set(before) and number.start not in clause.used:
            clause.use(number)
            test = " or ".join(f"{path} = {number.value}" for path in _PORTS[kind.kind])
            yield unless_negated(clause, number.start, f"({test})")


_OPPOSITES = {"open": "closed", "enabled": "disabled", "active": "inactive", "visible": "hidden", "public": "private",
              "locked": "unlocked", "online": "offline", "published": "unpublished", "muted": "unmuted"}  # fmt: skip


def _said_settings(clause: Clause, kind: KindWord, world: World) -> Iterator[str]:
    """ "held=true", "the held ones": a setting and its value, or a switch that is on."""
    paths = {
        path.rpartition(".")[2].lower(): path for _, path, _ in aspects.settings_of(kind.kind, world.index.vocabulary)
    }
    keys = {key for item in world.index.vocabulary.objects for key in item.labels}
    for pair in clause.of("pair"):
        key, _, value = pair.text.partition("=")
        path = paths.get(key.rpartition(".")[2].lower())
        if path is not None and key not in keys and pair.start not in clause.used:
            clause.use(pair)
            yield unless_negated(clause, pair.start, f"spec.{path} = {value}")
    for words, path in aspects.switches_of(kind.kind, world.index.vocabulary):
        at = clause.find(words)
        if at >= 0 and at not in clause.used and words not in _TAKEN:
            clause.use_words(words)
            yield f"spec.{path} = {'false' if negated(clause, at) else 'true'}"
        off = clause.find(_OPPOSITES.get(words, "-"))
        if at < 0 <= off and off not in clause.used:
            clause.used.add(off)
            yield f"spec.{path} = {'true' if negated(clause, off) else 'false'}"


def _setting_values(clause: Clause, kind: KindWord, world: World) -> Iterator[str]:
    """The value of a setting alone, where one setting of the kind has it: "which tournaments are in eu"."""
    if "." not in kind.api_version.partition("/")[0] or kind.kind in COLUMNS:
        return
    settings = list(aspects.settings_of(kind.kind, world.index.vocabulary))
    for at, word in enumerate(clause.low):
        paths = {path for _, path, values in settings if word in {value.lower() for value in values}}
        if len(paths) == 1 and at not in clause.used and clause.at(at) is None and word not in COMMON:
            clause.used.add(at)
            yield unless_negated(clause, at, f"spec.{paths.pop()} = {word}")


def _settings(clause: Clause, kind: KindWord, world: World) -> Iterator[str]:
    """A plain value of objects of this kind, by its name in words: "pipelines with parallelism over 5"."""
    settings = list(aspects.settings_of(kind.kind, world.index.vocabulary))
    heads = [words.partition(" ")[0] for words, _, _ in settings]
    for words, path, values in settings:
        at = clause.find(words)
        head = words.partition(" ")[0]
        if at < 0 and heads.count(head) == 1 and len(head) > _SHORT:  # "interval" of "interval minutes"
            words, at = head, clause.find(head)
        if at < 0 or at in clause.used or words in _TAKEN:
            continue
        bound = bound_near(clause, at)
        said = next((value for value in values if value.lower() in clause.low and value.lower() != words), "")
        if bound is not None:
            yield f"spec.{path} {bound[0]} {bound[1].text}"
        elif said:
            yield unless_negated(clause, clause.low.index(said.lower()), f"spec.{path} = {said}")
        if bound is not None or said:
            clause.use_words(words)


_SHORT = 4
_TAKEN = frozenset(("replicas", "type", "image", "paused", "suspend", "app", "name"))
"""Words that other conditions understand."""
_CONDITIONS: tuple[Condition, ...] = (
    _restarts, _ages, containers, _nodes, _images, aspect_tests, _types, _secret_types, _oddities, _ports, _said_settings, _settings, _setting_values,
)  # fmt: skip
