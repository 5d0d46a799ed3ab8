"""A small world that many tests of the language room speak about."""

from functools import cache
from typing import Any

from cloudwright.agents.language.deciding import intent_of
from cloudwright.agents.language.references import World
from cloudwright.agents.language.splitting import split
from cloudwright.agents.language.tagging import Tagger
from cloudwright.agents.language.understanding import (
    Intent,
    KindWord,
    Link,
    Memory,
    Named,
    Relation,
    Vocabulary,
)
from cloudwright.agents.language.utterances import Utterances
from cloudwright.core.catalog import Catalog
from cloudwright.core.refs import ObjectRef
from cloudwright.tools.catalog import every_tool

TOOLS = Catalog(every_tool())
_GROUPS = {"Deployment": "apps/v1", "HorizontalPodAutoscaler": "autoscaling/v2", "Sluice": "water.example/v1"}


def kind(name: str, plural: str, *words: str, namespaced: bool = True) -> KindWord:
    """A kind with its words."""
    return KindWord(
        kind=name,
        api_version=_GROUPS.get(name, "v1"),
        plural=plural,
        words=(plural, name.lower(), *words),
        namespaced=namespaced,
    )


def thing(kind_name: str, name: str, namespace: str = "blue", **more: Any) -> Named:
    """An object."""
    ref = ObjectRef(kind=kind_name, name=name, namespace=namespace, api_version=_GROUPS.get(kind_name, "v1"))
    return Named(ref=ref, **more)


def deployment(name: str, namespace: str = "blue", **more: Any) -> Named:
    """A Deployment with one container, two replicas and pods labelled with its name."""
    labels = {"app": name}
    return thing(
        "Deployment",
        name,
        namespace,
        containers=(name,),
        replicas=2,
        images={name: f"example/{name}:1.0"},
        resources={name: {"limits.memory": "128Mi"}},
        selector=labels,
        pod_labels=labels,
        **more,
    )


def uses(kind_name: str, name: str) -> Link:
    """A link to something used in namespace blue."""
    return Link(relation=Relation.USES, kind=kind_name, name=name, namespace="blue")


VOCABULARY = Vocabulary(
    namespace="default",
    namespaces=("default", "blue", "blue-test"),
    kinds=(
        kind("Pod", "pods", "po"),
        kind("Deployment", "deployments", "deploy"),
        kind("Service", "services", "svc"),
        kind("ConfigMap", "configmaps", "cm"),
        kind("HorizontalPodAutoscaler", "horizontalpodautoscalers", "hpa", "autoscaler"),
        kind("Namespace", "namespaces", "ns", namespaced=False),
        kind("Node", "nodes", namespaced=False),
        kind("Sluice", "sluices"),
        kind("ResourceQuota", "resourcequotas", "quota"),
    ),
    objects=(
        deployment("ledger", links=(uses("ConfigMap", "rates"),)),
        deployment("mailer"),
        deployment("basket", "blue-test"),
        thing("Pod", "ledger-1", labels={"app": "ledger"}, owner="Deployment/ledger", node="m-1"),
        thing("Service", "books", selector={"app": "ledger"}),
        thing("Service", "lost", selector={"app": "nobody"}),
        thing("ConfigMap", "rates", keys=("EUR",)),
        thing("ConfigMap", "dusty"),
        thing(
            "HorizontalPodAutoscaler",
            "mail-scaler",
            target="Deployment/mailer",
            links=(Link(relation=Relation.SCALES, kind="Deployment", name="mailer", namespace="blue"),),
        ),
        thing("Namespace", "blue", "", labels={"team": "finance"}),
        thing("Node", "m-1", ""),
        thing("Sluice", "north", settings={"paused": True, "flow": 4, "hard.pods": "20"}),
        thing("ResourceQuota", "limits-of-blue", settings={"hard.pods": "20"}),
    ),
)


@cache
def _learned() -> tuple[Tagger, Utterances]:
    return Tagger(VOCABULARY), Utterances(TOOLS)


def understood(text: str, memory: Memory | None = None, known: Vocabulary | None = None) -> list[Intent]:
    """What each clause of a request is understood to be in this world, or in another one."""
    tagger, utterances = _learned()
    tagger = tagger if known is None else Tagger(known)
    world = World(tagger.index, memory or Memory(), "default")
    return [intent_of(clause, world, utterances, TOOLS) for clause in split(tagger.tokens(text), tagger)]


def calls_of(
    text: str, memory: Memory | None = None, known: Vocabulary | None = None
) -> list[tuple[str, dict[str, Any]]]:
    """The calls that a request is understood to be."""
    return [(call.tool, dict(call.arguments)) for intent in understood(text, memory, known) for call in intent.calls]
