"""What a request was understood to be: data that goes through the graph as JSON."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated

from pydantic import Field

from cloudwright.core.refs import Frozen, ObjectRef
from cloudwright.core.tool import ToolCall


class Goal(StrEnum):
    """What kind of thing is wanted.

    `calls`: typed tool calls, reads or changes, in `Intent.calls`. `diagnose`: say what is wrong with `Intent.about`
    (with everything, if empty). `fix`: propose the remedies of the last diagnosis (of `about`). `undo`: take back the
    change `Intent.change` (the last one, if empty). `approve`/`deny`: decide on a pending proposal. `explain_self`:
    what can you do. `chatter`: greetings and thanks. `unknown`: nothing that we do.
    """

    CALLS = "calls"
    DIAGNOSE = "diagnose"
    FIX = "fix"
    UNDO = "undo"
    APPROVE = "approve"
    DENY = "deny"
    EXPLAIN_SELF = "explain_self"
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


class Named(Frozen):
    """One object of the cluster as far as language needs it."""

    ref: ObjectRef
    labels: Mapping[str, str] = {}
    containers: tuple[str, ...] = ()
    replicas: int | None = None
    images: Mapping[str, str] = {}
    """Container → image."""


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
