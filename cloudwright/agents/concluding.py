"""Causes that a model names: each is read back from the cluster before it counts."""

import json
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, JsonValue, ValidationError

from cloudwright.agents import calls
from cloudwright.agents.contribution import CallView
from cloudwright.agents.kit import Kit
from cloudwright.agents.model.chat import ToolSpec
from cloudwright.agents.specs import spec_of
from cloudwright.core.answers import CauseView, ObjectView
from cloudwright.core.change import ABSENT
from cloudwright.core.errors import InvalidArguments, NotFound
from cloudwright.core.finding import Operator, Predicate, Verdict
from cloudwright.core.refs import ObjectRef
from cloudwright.core.result import Document
from cloudwright.core.tool import ToolCall, problems_of

REPORT = "report_cause"
KIND = "reported-by-model"
"""The kind of such causes: no check of the catalogue found them."""
_READ = "get_resource"
_UNCHECKED = 0.5
"""The most confidence in a cause that could not be read back."""


class ReportedCause(BaseModel):
    """A cause as the model reports it."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    claim: Annotated[str, Field(min_length=1, max_length=400, description="what is wrong, one sentence")]
    kind: Annotated[str, Field(description="of the object to edit or to make", max_length=200)]
    name: Annotated[str, Field(max_length=253)]
    namespace: Annotated[str, Field(max_length=253)] = ""
    field: Annotated[str, Field(description="path to edit", max_length=300)] = ""
    value: Annotated[Any, Field(description=f"what stands there now; {ABSENT} if nothing")] = None
    confidence: Annotated[float, Field(ge=0, le=1)] = 0.8
    evidence: Annotated[tuple[str, ...], Field(min_length=1, description="ids such as e3")]
    chain: Annotated[tuple[str, ...], Field(max_length=8, description="from it to what users feel")] = ()


SPEC: ToolSpec = spec_of(
    REPORT,
    "Record a cause that the diagnosis did not name. It is read back from the cluster.",
    ReportedCause.model_json_schema(),
)


@dataclass(frozen=True)
class Reported:
    """What came of a report: the cause if it stands, the read that judged it, and what the model is told."""

    told: str
    cause: CauseView | None = None
    read: CallView | None = None


def report(arguments: dict[str, JsonValue], kit: Kit) -> Reported:
    """Judge a reported cause: its evidence must have been minted, and what it says of the object must stand there.

    Raises:
        InvalidArguments: the arguments do not fit.
    """
    try:
        given = ReportedCause.model_validate(arguments)
    except ValidationError as error:
        raise InvalidArguments(f"{REPORT}: {problems_of(error)}.") from None
    unknown = [item for item in given.evidence if kit.context.evidence.get(item) is None]
    if unknown:
        return Reported(f"error: nothing minted the evidence {', '.join(unknown)}.")
    predicate = _predicate(given)
    found = evaluate(predicate, kit)
    if found.verdict is Verdict.REFUTED:
        told = f"refuted, not recorded: you say {predicate}; the cluster shows {found.present}."
        return Reported(told, read=found.read)
    sure = found.verdict is Verdict.VERIFIED
    shown = (found.read.evidence,) if found.read and found.read.evidence else ()
    cause = CauseView(
        kind=KIND,
        claim=kit.context.redactor.text(given.claim),
        object=ObjectView(kind=found.ref.kind, namespace=found.ref.namespace, name=found.ref.name),
        field=given.field,
        confidence=given.confidence if sure else min(given.confidence, _UNCHECKED),
        evidence=tuple(dict.fromkeys((*given.evidence, *shown))),
        chain=tuple(kit.context.redactor.text(link) for link in given.chain),
        symptoms=(),
        remedies=(),
    )
    told = "recorded; the cluster shows it" if sure else f"recorded, but it could not be checked: {found.present}"
    return Reported(f"{told}{f' [{shown[0]}]' if shown else ''}.", cause, found.read)


@dataclass(frozen=True)
class Evaluated:
    """A predicate read again: what stands there in words, the read that showed it, and the object as it was found."""

    verdict: Verdict
    present: str
    ref: ObjectRef
    read: CallView | None = None


def evaluate(predicate: Predicate, kit: Kit) -> Evaluated:
    """Read the object of a predicate again, through the gate, and see whether the predicate holds."""
    ref = predicate.object
    if _READ not in kit.gate.catalog:
        return Evaluated(Verdict.NOT_CHECKABLE, "objects cannot be read here", ref)
    wanted = {"kind": ref.kind, "name": ref.name, "namespace": ref.namespace, "path": predicate.path}
    seen, view = calls.read(ToolCall(tool=_READ, arguments={key: value for key, value in wanted.items() if value}), kit)
    if seen is None and view.failure != NotFound.__name__:
        return Evaluated(Verdict.NOT_CHECKABLE, view.error, ref, view)
    if seen is None:
        verdict = Verdict.VERIFIED if predicate.operator is Operator.ABSENT else Verdict.REFUTED
        return Evaluated(verdict, f"nothing ({view.error})", ref, view)
    document = seen.result if isinstance(seen.result, Document) else Document()
    verdict = Verdict.VERIFIED if _holds(predicate, document.content) else Verdict.REFUTED
    return Evaluated(verdict, _text(document.content), document.ref or ref, view)


def _predicate(given: ReportedCause) -> Predicate:
    ref = ObjectRef(kind=given.kind, name=given.name, namespace=given.namespace)
    if given.value == ABSENT:
        return Predicate(object=ref, path=given.field, operator=Operator.ABSENT)
    if given.value is None or not given.field:
        return Predicate(object=ref, path=given.field, operator=Operator.EXISTS)
    return Predicate(object=ref, path=given.field, operator=Operator.EQUALS, value=given.value)


def _holds(predicate: Predicate, content: JsonValue) -> bool:
    if predicate.operator is Operator.ABSENT:
        return content in (None, "", [], {})
    if predicate.operator is Operator.EXISTS:
        return True
    wanted = _text(predicate.value)
    return _text(content) == wanted or (isinstance(content, list) and wanted in [_text(item) for item in content])


def _text(value: JsonValue) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
    return text if len(text) <= 300 else f"{text[:300]}…"
