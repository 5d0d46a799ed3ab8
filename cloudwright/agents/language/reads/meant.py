"""Which kinds are meant where no word for one is said: by what is said of them."""

from collections.abc import Callable, Sequence

from cloudwright.agents.language import aspects, exact
from cloudwright.agents.language.clause import Clause
from cloudwright.agents.language.reads.arranging import superlative
from cloudwright.agents.language.reads.asking import said, telling
from cloudwright.agents.language.reads.states import states_of
from cloudwright.agents.language.references import World
from cloudwright.agents.language.spelling import COMMON, OPERATIONS
from cloudwright.agents.language.understanding import KindWord

_EVERYTHING = ("Deployment", "StatefulSet", "DaemonSet", "Pod")
_ON = "share, shares, sharing, sits on, sit on, placed on, on the node, on node, left on, still on, stays on, runs on, run on, running on, runs, scheduled on, hosted on, lives on, is on, are on, on"
_OVERVIEW = (
    "summarize, summarise, summary, overview, describe, what is in, what runs in, what is running in, tell me about, what do we have, what is there,"
    " rundown, run-down, run down, snapshot, picture, recap, brief, quick look, report on, what is up in, status, state, how is, how are, how does, how do, doing, situation, look like, looks, health, what is up with, inventory"
)
_WORKLOADS = ("Deployment", "StatefulSet", "DaemonSet", "CronJob")
_BARE = "anything, something, everything, all, things, stuff, what"
"""Words for objects of no kind in particular."""
_LASTING = "all morning, all day, all night, all week, all weekend, all the time, all afternoon, all along, all of a sudden, at all"
_MAKERS = ("Deployment", "StatefulSet", "DaemonSet")
_TRAFFIC = "closed to, closed off, locked down, open to, the outside, default deny, deny all, deny-all, traffic, isolated, firewalled, network access, connections"
_FEW = 2
_MOST_OWNERS = 3


def meant(clause: Clause, world: World) -> list[KindWord]:
    """The kinds, likeliest rule first; none where nothing tells them."""
    return next((found for rule in _RULES if (found := known(rule(clause, world), world))), [])


def known(names: Sequence[str], world: World) -> list[KindWord]:
    """Those of some kinds that the cluster has."""
    return [kind for name in names if (kind := world.kind(name)) is not None]


def _workloads(clause: Clause, world: World) -> tuple[str, ...]:
    return _WORKLOADS if clause.of("workload") else ()


def _on_nodes(clause: Clause, world: World) -> tuple[str, ...]:
    on_node = any(item.ref.kind == "Node" for mention in clause.of("name") for item in mention.objects)
    asked = on_node and clause.has(_ON) and clause.has("what, which, show, list, everything, anything")
    return ("Pod",) if asked or clause.has("images, container images, every image, each image, image tags") else ()


def _policed(clause: Clause, world: World) -> tuple[str, ...]:
    placed = clause.of("namespace") and not clause.of("name")
    return ("NetworkPolicy",) if placed and clause.has(_TRAFFIC) else ()


def _labelled(clause: Clause, world: World) -> tuple[str, ...]:
    """The kind of the whole cluster of which an unexplained word is the value of a label: "what is in eu-west-1a"."""
    if clause.of("name") or not clause.has("which, what, list, show, are, anything"):
        return ()
    words = {
        word for at, word in enumerate(clause.low) if clause.at(at) is None and word not in COMMON and len(word) > _FEW
    }
    return next(
        (
            (item.ref.kind,)
            for item in world.index.vocabulary.objects
            if item.ref.kind in ("Node", "Namespace") and words & {value.lower() for value in item.labels.values()}
        ),
        (),
    )


def _containers(clause: Clause, world: World) -> tuple[str, ...]:
    return (states_of(clause) or _MAKERS) if clause.has("containers") and not clause.of("name") else ()


def _pulled(clause: Clause, world: World) -> tuple[str, ...]:
    """A message about an image that could not be pulled tells of pods."""
    return ("Pod",) if clause.of("image") and clause.has(_PULL) and not clause.of("name") else ()


_PULL = "pull, pulling, pulled, errimagepull, imagepullbackoff, back-off, manifest unknown, errimageneverpull, invalidimagename"


def _overview(clause: Clause, world: World) -> tuple[str, ...]:
    place = clause.of("namespace") and not clause.of("name", "all")
    return _WORKLOADS if place and clause.has(_OVERVIEW) else ()


def _told(clause: Clause, world: World) -> tuple[str, ...]:
    """By a state, or by a field that only one or two kinds have: "kubelet versions", "restart counts"."""
    if clause.of("name") or _it(clause):
        return ()
    if (states := states_of(clause)) or len(_foreign(clause)) > 1:
        return states
    owners = (aspects.owners_of(field.words) for field in said(clause, aspects.whole()) if telling(field))
    found = next((found for found in owners if 0 < len(found) <= _MOST_OWNERS), ())
    return found or (_MAKERS if _of_templates(clause) else ())


def _foreign(clause: Clause) -> list[str]:
    """Words that no list of operations has and nothing in the cluster explains: of two, the question is about something else."""
    return [
        token.low
        for index, token in enumerate(clause.tokens)
        if token.low.isalpha() and len(token.low) > _FEW and token.low not in OPERATIONS and clause.at(index) is None
    ]


def _it(clause: Clause) -> bool:
    """Whether one thing is pointed at that was spoken of."""
    return any(mention.text == "it" for mention in clause.of("pronoun"))


def _of_templates(clause: Clause) -> bool:
    """Whether a field of pod templates is asked for, of whatever has it: "who has no cpu limit", "the biggest memory request"."""
    paths = dict(aspects.fields_of("Deployment"))
    fields = [
        field for field in said(clause, paths.items()) if telling(field) and field.path.startswith("spec.template")
    ]
    exactly = any(field.words in exact.owners() for field in fields)
    return bool(fields) and (exactly or clause.has(_ANYONE) or bool(superlative(clause)))


_ANYONE = "where, anywhere, everywhere, all namespaces, sum, total, in total, combined, altogether, who, what, which, anything, everything, any, something, list, show, all, nobody"


def _everything(clause: Clause, world: World) -> tuple[str, ...]:
    bare = not clause.of("name") and not _it(clause) and clause.has(_BARE) and not clause.has(_LASTING)
    aged = bool(clause.of("duration")) and clause.has("older, newer, younger, created, untouched, age")
    whole = bool(clause.of("all")) and clause.has("everything, all")
    return _EVERYTHING if bare and (whole or aged) else ()


_RULES: tuple[Callable[[Clause, World], tuple[str, ...]], ...] = (
    _on_nodes, _workloads, _pulled, _policed, _labelled, _containers, _overview, _told, _everything,
)  # fmt: skip
