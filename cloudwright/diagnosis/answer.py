"""An investigation as commands print it: the one mapping from causes to the published shapes."""

from typing import Literal

from cloudwright.core.answers import Answer, CauseView, ObjectView, RemedyView, RuledOut
from cloudwright.core.evidence import Citation
from cloudwright.core.finding import Finding
from cloudwright.core.refs import Frozen, ObjectRef
from cloudwright.diagnosis.model import Alternative, Cause, Investigation, Stats, TimelineEntry


class NoteView(Frozen):
    """Advice, or a finding that makes no difference now."""

    kind: str
    claim: str
    object: ObjectView
    field: str
    severity: str


class InvestigationAnswer(Answer):
    """What `investigate --output json` prints. `causes` are in rank order, the most probable first.

    `object` of a cause is the one to edit, or the one that is missing and has to be made. `evidence` are citations as
    text: snapshot id, object uid, field path and the quoted value. `gaps` say what could not be seen.
    """

    kind: Literal["investigation"] = "investigation"
    verdict: Literal["fault", "no fault found", "not enough evidence"]
    summary: str
    causes: tuple[CauseView, ...]
    notes: tuple[NoteView, ...]
    ruled_out: tuple[RuledOut, ...]
    gaps: tuple[str, ...]
    timeline: tuple[TimelineEntry, ...]
    stats: Stats

    @classmethod
    def of(cls, result: Investigation) -> "InvestigationAnswer":
        """The answer that shows this investigation."""
        return cls(
            verdict=result.verdict,
            summary=result.summary,
            causes=tuple(cause_view(cause) for cause in result.causes),
            notes=tuple(_note(item) for item in result.notes),
            ruled_out=tuple(ruled_out(item) for item in result.ruled_out),
            gaps=result.gaps,
            timeline=result.timeline,
            stats=result.stats,
        )


def cause_view(cause: Cause, *ids: str) -> CauseView:
    """One cause as printed; `ids` of minted evidence take the place of those in the snapshot."""
    return CauseView(
        kind=cause.kind,
        claim=cause.claim,
        object=object_view(cause.object),
        field=cause.field,
        confidence=cause.confidence,
        evidence=ids or tuple(cited(item, whole=True) for item in cause.evidence),
        seen=tuple(cited(item) for item in cause.evidence),
        chain=tuple(link.text for link in cause.chain),
        symptoms=tuple(object_view(ref) for ref in cause.symptoms),
        remedies=tuple(RemedyView(title=item.title, risk=item.risk, calls=item.calls) for item in cause.remedies),
    )


def object_view(ref: ObjectRef) -> ObjectView:
    """Kind, namespace and name of a reference."""
    return ObjectView(kind=ref.kind, namespace=ref.namespace, name=ref.name)


def cited(item: Citation, *, whole: bool = False) -> str:
    """A citation as text, `PATH: QUOTE`; `whole` puts snapshot and object before it."""
    place = " ".join(part for part in (item.evidence, item.uid, item.path) if part) if whole else item.path
    return f"{place}: {item.quote}".strip(": ")


def _note(item: Finding) -> NoteView:
    return NoteView(
        kind=item.kind,
        claim=item.claim,
        object=object_view(item.object),
        field=item.field,
        severity=item.severity,
    )


def ruled_out(item: Alternative, *ids: str) -> RuledOut:
    """An alternative as printed; `ids` are those of the minted evidence that shows it."""
    return RuledOut(kind=item.kind, claim=item.claim, object=object_view(item.object), why=item.reason, evidence=ids)
