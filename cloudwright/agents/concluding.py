"""Causes that a model names or contradicts: what it says is looked up in cluster and evidence before it counts."""

import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, JsonValue

from cloudwright.agents import calls, grounding
from cloudwright.agents.contribution import CallView
from cloudwright.agents.grounding import Standing
from cloudwright.agents.kit import Kit
from cloudwright.agents.model.chat import ToolSpec
from cloudwright.agents.specs import fitting, spec_of
from cloudwright.core.answers import CauseView, ObjectView, RuledOut
from cloudwright.core.change import ABSENT
from cloudwright.core.errors import NotFound
from cloudwright.core.finding import Operator, Predicate, Verdict
from cloudwright.core.refs import ObjectRef
from cloudwright.core.result import Document
from cloudwright.core.tool import ToolCall

REPORT = "report_cause"
REFUTE = "refute_cause"
KIND = "reported-by-model"
"""The kind of such causes: no check of the catalogue found them."""
_READ = "get_resource"
_UNCHECKED = 0.5
"""The most confidence in a cause that could not be read back, or that is doubted."""
_Ids = Annotated[tuple[str, ...], Field(min_length=1, description="ids such as e3")]


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
    evidence: _Ids
    chain: Annotated[tuple[str, ...], Field(max_length=8, description="from it to what users feel")] = ()
    replaces: Annotated[
        tuple[int, ...], Field(max_length=20, description="numbers of the diagnosis' causes that it explains better")
    ] = ()


class RefutedCause(BaseModel):
    """Causes of the diagnosis that the model holds for wrong."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    causes: Annotated[tuple[int, ...], Field(min_length=1, max_length=20, description="their numbers in the diagnosis")]
    why: Annotated[str, Field(min_length=1, max_length=400, description="what the evidence shows against it")]
    evidence: _Ids


SPECS: tuple[ToolSpec, ...] = (
    spec_of(
        REPORT,
        "Record a cause that the diagnosis did not name. It is read back from the cluster.",
        ReportedCause.model_json_schema(),
    ),
    spec_of(
        REFUTE,
        "Withdraw causes of the diagnosis that the evidence contradicts.",
        RefutedCause.model_json_schema(),
    ),
)


@dataclass
class Conclusions:
    """The causes of one investigation: those of the rules, numbered as the model sees them, and what it says of them.

    What the model reports is read back before it counts. A cause of the rules goes when a reported one, whose field
    shows what the model said, takes its place, or when evidence that speaks of its objects holds every word against
    it; where the words cannot be checked, it stays behind the others with the doubt beside it.
    """

    kit: Kit
    known: tuple[CauseView, ...] = ()
    _reported: list[tuple[CauseView, tuple[int, ...]]] = dataclass_field(default_factory=list)
    _dropped: dict[int, RuledOut | None] = dataclass_field(default_factory=dict)
    _doubted: dict[int, str] = dataclass_field(default_factory=dict)

    def take(self, tool: str, arguments: dict[str, JsonValue]) -> tuple[str, CallView | None]:
        """What the model is told about its report or refutation, and the read that judged it.

        Raises:
            InvalidArguments: the arguments do not fit.
        """
        if tool == REPORT:
            return self._report(fitting(ReportedCause, tool, arguments))
        return self._refute(fitting(RefutedCause, tool, arguments)), None

    def causes(self) -> tuple[CauseView, ...]:
        """All that stand: a reported cause where the first stood that it replaces, others after; doubted ones last."""
        known = dict(enumerate(self.known, 1))
        ranked: list[tuple[float, CauseView]] = []
        for cause, replaced in self._reported:
            gone = [number for number in replaced if number in self._dropped]
            ranked.append((min(gone, default=len(known) + 1), _inheriting(cause, [known[number] for number in gone])))
        for number, cause in known.items():
            if number in self._doubted:
                less = min(cause.confidence, _UNCHECKED)
                ranked.append((2 * len(known) + number, cause.model_copy(update={"confidence": less})))
            elif number not in self._dropped:
                ranked.append((number, cause))
        return tuple(cause for _, cause in sorted(ranked, key=lambda item: item[0]))

    def ruled_out(self) -> tuple[RuledOut, ...]:
        """The causes of the rules that went, each with what speaks against it."""
        return tuple(item for item in self._dropped.values() if item is not None)

    def doubts(self) -> tuple[str, ...]:
        """A sentence for each cause of the rules that stays although the model doubts it."""
        return tuple(
            f"The model doubts a cause that the rules found ({self.known[number - 1].claim}): {why}"
            for number, why in self._doubted.items()
        )

    def _report(self, given: ReportedCause) -> tuple[str, CallView | None]:
        wrong = self._unknown(given.evidence, given.replaces)
        if wrong:
            return wrong, None
        predicate = _predicate(given)
        found = evaluate(predicate, self.kit)
        if found.verdict is Verdict.REFUTED:
            told = f"refuted, not recorded: you say {predicate}; the cluster shows {found.present}."
            return told, found.read
        sure = found.verdict is Verdict.VERIFIED
        cause = self._cause(given, found, sure=sure)
        told = "recorded; the cluster shows it" if sure else f"recorded, but it could not be checked: {found.present}"
        shown = f" [{found.read.evidence}]" if found.read and found.read.evidence else ""
        twins = (number for number, known in enumerate(self.known, 1) if _same(known, cause))
        withdrawn = () if given.field else given.replaces
        twin = next((number for number in twins if number not in withdrawn), 0)
        if twin and sure and twin in given.replaces:
            cause = self._restated(twin, cause)
            told = f"recorded in the place of cause {twin}; the cluster shows it"
        elif twin:
            cause = self._confirmed(twin, cause)
            told = f"recorded: cause {twin} of the diagnosis says so already"
        self._reported.append((cause, (*([twin] if twin else []), *given.replaces)))
        shows_value = sure and predicate.operator is not Operator.EXISTS
        others = [number for number in given.replaces if number != twin]
        kept = [number for number in others if not self._replace(number, cause, shows_value=shows_value)]
        if kept:
            numbers = ", ".join(map(str, kept))
            told += f"; cause {numbers} stays as doubted, because no value at a field was shown to be so"
        return f"{told}{shown}.", found.read

    def _cause(self, given: ReportedCause, found: "Evaluated", *, sure: bool) -> CauseView:
        shown = (found.read.evidence,) if found.read and found.read.evidence else ()
        mask = self.kit.context.redactor.text
        return CauseView(
            kind=KIND,
            claim=mask(given.claim),
            object=ObjectView(kind=found.ref.kind, namespace=found.ref.namespace, name=found.ref.name),
            field=given.field,
            confidence=given.confidence if sure else min(given.confidence, _UNCHECKED),
            evidence=tuple(dict.fromkeys((*given.evidence, *shown))),
            chain=tuple(mask(link) for link in given.chain),
            symptoms=(),
            remedies=(),
        )

    def _confirmed(self, twin: int, cause: CauseView) -> CauseView:
        """The known cause that names the reported field, with what the report adds; it keeps its remedies."""
        known = self.known[twin - 1]
        self._doubted.pop(twin, None)
        self._dropped[twin] = None
        told = {
            "field": max(known.field, cause.field, key=len),
            "evidence": tuple(dict.fromkeys((*known.evidence, *cause.evidence))),
            "chain": known.chain or cause.chain,
            "confidence": max(known.confidence, cause.confidence),
        }
        return known.model_copy(update=told)

    def _restated(self, twin: int, cause: CauseView) -> CauseView:
        """The known cause in the words of the model, which say more of the same field, and as sure as it is; those of
        the rule stay as what was seen."""
        known = self.known[twin - 1]
        confirmed = self._confirmed(twin, cause)
        told = {
            "claim": cause.claim,
            "field": cause.field,
            "confidence": cause.confidence,
            "chain": cause.chain or known.chain,
            "seen": tuple(dict.fromkeys((*confirmed.seen, known.claim))),
        }
        return confirmed.model_copy(update=told)

    def _replace(self, number: int, cause: CauseView, *, shows_value: bool) -> bool:
        """Whether the reported cause takes the place of a known one; where not, that is doubted."""
        known = self.known[number - 1]
        if shows_value or known.object == cause.object:
            self._drop(number, f"explained better by: {cause.claim}", cause.evidence)
            return True
        self._doubted.setdefault(number, f"it would rather be explained by: {cause.claim}")
        return False

    def _refute(self, given: RefutedCause) -> str:
        wrong = self._unknown(given.evidence, given.causes)
        if wrong:
            return wrong
        why = self.kit.context.redactor.text(given.why)
        evidence = self.kit.context.evidence.get
        checked = grounding.check(f"{why.rstrip('.')} [{', '.join(given.evidence)}].", evidence)
        bare = [item for item in checked if item.standing in (Standing.REFUTED, Standing.UNCITED)]
        if bare:
            return f"not recorded: {grounding.demand(bare) or 'what you cite does not speak of this.'}"
        shown = all(item.standing is Standing.VERIFIED for item in checked)
        cited = [item for item in map(evidence, given.evidence) if item]
        told = " ".join(f"{item.arguments} {item.excerpt}" for item in cited)
        return " ".join(self._judge(number, why, given.evidence, told if shown else "") for number in given.causes)

    def _judge(self, number: int, why: str, evidence: Sequence[str], told: str) -> str:
        """Drop a cause whose objects the evidence speaks of; doubt the others."""
        known = self.known[number - 1]
        if any(name in told for name in (known.object.name, *(ref.name for ref in known.symptoms))):
            self._drop(number, why, evidence)
            return f"cause {number} is withdrawn and listed as ruled out."
        self._doubted[number] = f"{why} [{', '.join(evidence)}]"
        return f"cause {number} stays, with your doubt beside it: the evidence does not speak of its object."

    def _drop(self, number: int, why: str, evidence: Sequence[str]) -> None:
        known = self.known[number - 1]
        self._doubted.pop(number, None)
        self._dropped[number] = RuledOut(
            kind=known.kind, claim=known.claim, object=known.object, why=why, evidence=tuple(evidence)
        )

    def _unknown(self, evidence: Sequence[str], numbers: Sequence[int]) -> str:
        """What is wrong with the ids and numbers that were given; "" where nothing is."""
        missing = [item for item in evidence if self.kit.context.evidence.get(item) is None]
        if missing:
            return f"error: nothing minted the evidence {', '.join(missing)}."
        strange = [str(number) for number in numbers if not 1 <= number <= len(self.known)]
        if strange:
            return f"error: the diagnosis has no cause {', '.join(strange)}; it names {len(self.known)}."
        return ""


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


def _same(one: CauseView, other: CauseView) -> bool:
    """Whether two causes name one field of one object, or one a part of it, however elements of lists are named."""
    short, long = sorted(re.sub(r"\[[^\]]*\]|\.\d+(?=\.|$)", "", cause.field) for cause in (one, other))
    return one.object == other.object and (short in ("", long) or long.startswith(f"{short}."))


def _inheriting(cause: CauseView, gone: Sequence[CauseView]) -> CauseView:
    """A reported cause with what those explain that it replaces, and with the remedies of those about its object."""
    symptoms = dict.fromkeys(ref for each in (cause, *gone) for ref in each.symptoms)
    remedies = list(cause.remedies)
    for other in gone:
        remedies += [item for item in other.remedies if other.object == cause.object and item not in remedies]
    return cause.model_copy(update={"symptoms": tuple(symptoms), "remedies": tuple(remedies)})


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
    value = predicate.value
    wanted = {_text(value)} | ({_text(value[0])} if isinstance(value, list) and len(value) == 1 else set())
    return _text(content) in wanted or (isinstance(content, list) and any(_text(item) in wanted for item in content))


def _text(value: JsonValue) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, sort_keys=True)
    return text if len(text) <= 300 else f"{text[:300]}…"
