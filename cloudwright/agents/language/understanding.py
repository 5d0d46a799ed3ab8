"""What a request was understood to be: data that goes through the graph as JSON."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

from pydantic import Field, JsonValue

from cloudwright.core.refs import Frozen, ObjectRef
from cloudwright.core.tool import ToolCall


class Goal(StrEnum):
    """What kind of thing is wanted.

    `calls`: typed tool calls, reads or changes, in `Intent.calls`. `diagnose`: say what is wrong with `Intent.about`
    (with everything, if empty), and show what the reads in `Intent.calls` give. `fix`: propose the remedies of the last diagnosis (of `about`). `undo`: take back the
    change `Intent.change` (the last one, if empty). `approve`/`deny`: decide on a pending proposal. `explain_self`:
    what can you do. `explain`: how something is done; nothing is done (`Intent.say`). `refuse`: what is never done, with
    the reason in `Intent.say`. `chatter`: greetings and thanks. `unknown`: nothing that we do.
    """

    CALLS = "calls"
    DIAGNOSE = "diagnose"
    FIX = "fix"
    UNDO = "undo"
    APPROVE = "approve"
    DENY = "deny"
    EXPLAIN_SELF = "explain_self"
    EXPLAIN = "explain"
    REFUSE = "refuse"
    CHATTER = "chatter"
    UNKNOWN = "unknown"


class Option(Frozen):
    """One reading of an ambiguous request: what a person chooses from, and what would be done."""

    label: str
    calls: tuple[ToolCall, ...] = ()
    about: tuple[ObjectRef, ...] = ()


class Question(Frozen):
    """What has to be asked back before anything is done; `options` may be empty for an open question."""

    text: str
    options: tuple[Option, ...] = ()
    slot: str = ""
    """The argument that is missing, where it is one."""
    drafts: tuple[ToolCall, ...] = ()
    """The calls that lack it."""
    lost: bool = False
    """Asked because words were not understood, not because the cluster leaves a choice: a model may know better."""


class Intent(Frozen):
    """One thing that is wanted, with all its arguments, or with the question that has to be answered first.

    `confidence` is calibrated: the thresholds for acting on it differ per effect.
    """

    goal: Goal
    text: str
    confidence: Annotated[float, Field(ge=0, le=1)]
    calls: tuple[ToolCall, ...] = ()
    about: tuple[ObjectRef, ...] = ()
    change: str = ""
    question: Question | None = None
    say: str = ""
    """What is answered where nothing is done: an explanation, a refusal with its reason."""
    strange: tuple[str, ...] = ()
    """Words that mean nothing to the frames: rules may have missed what they change."""
    closest: tuple[Option, ...] = ()
    """The nearest things that can be done, best first, for when confidence is too low."""


class Understanding(Frozen):
    """All that one request asks for, in order."""

    request: str
    intents: tuple[Intent, ...]


class Memory(Frozen):
    """What earlier turns left behind for pronouns and follow-ups; plain JSON in the session's state.

    `objects` are the objects in focus, newest first; `listed` the rows last shown, in order ("the second one");
    `last_calls` the last calls made ("the same for cart"); `changes` ids of executed changes, newest first
    ("undo that"); `pending` ids of proposals that wait; `question` what was asked back and is still open;
    `namespace` the namespace of the conversation, where it differs from the context's.
    """

    objects: tuple[ObjectRef, ...] = ()
    listed: tuple[ObjectRef, ...] = ()
    last_calls: tuple[ToolCall, ...] = ()
    changes: tuple[str, ...] = ()
    pending: tuple[str, ...] = ()
    question: Question | None = None
    namespace: str = ""


class Relation(StrEnum):
    """How one object points at another."""

    OWNS = "owns"
    USES = "uses"
    ROUTES = "routes"
    RUNS_ON = "runs_on"
    SCALES = "scales"
    GRANTS = "grants"


class Link(Frozen):
    """An object that another one names; `namespace` is empty for kinds of the whole cluster."""

    relation: Relation
    kind: str
    name: str
    namespace: str = ""


class Named(Frozen):
    """One object of the cluster as far as language needs it."""

    ref: ObjectRef
    labels: Mapping[str, str] = {}
    containers: tuple[str, ...] = ()
    replicas: int | None = None
    images: Mapping[str, str] = {}
    """Container → image."""
    env: Mapping[str, tuple[str, ...]] = {}
    """Container → names of its variables."""
    resources: Mapping[str, Mapping[str, str]] = {}
    """Container → "limits.memory", "requests.cpu" … → quantity."""
    selector: Mapping[str, str] = {}
    """Labels of the pods that it makes or routes to."""
    pod_labels: Mapping[str, str] = {}
    """Labels that its pods get."""
    owner: str = ""
    """Kind/name of what made it."""
    node: str = ""
    target: str = ""
    """Kind/name of what an autoscaler scales."""
    links: tuple[Link, ...] = ()
    """What it names, its owner and its node left out."""
    settings: Mapping[str, JsonValue] = {}
    """Plain values of its specification by their dotted paths below it, lists left out."""
    subjects: tuple[str, ...] = ()
    """Kind:name of those whom a binding grants something."""
    keys: tuple[str, ...] = ()
    """Keys of a ConfigMap or Secret."""
    states: tuple[str, ...] = ()
    """Its phase and its conditions that are true, in lower case."""
    hosts: tuple[str, ...] = ()
    """Names under which an Ingress is reached."""


class KindWord(Frozen):
    """One kind of the cluster with all the words for it (kind, plural, singular, short names), lower case."""

    kind: str
    api_version: str
    plural: str
    words: tuple[str, ...]
    namespaced: bool


class Vocabulary(Frozen):
    """The cluster's own words: its kinds and CRDs, namespaces, nodes, objects with labels and containers."""

    namespace: str
    namespaces: tuple[str, ...] = ()
    kinds: tuple[KindWord, ...] = ()
    objects: tuple[Named, ...] = ()
    gaps: tuple[str, ...] = ()
    """What could not be listed, one sentence each."""
