"""The deterministic diagnosis as the assistant uses it: a view of the live cluster, causes, evidence, text."""

from collections.abc import Iterable, Sequence

from cloudwright.agents.kit import Diagnosed
from cloudwright.core.context import Context
from cloudwright.core.evidence import Citation
from cloudwright.core.finding import Severity
from cloudwright.core.refs import ObjectRef
from cloudwright.diagnosis.answer import cause_view, cited, ruled_out
from cloudwright.diagnosis.investigate import investigate
from cloudwright.diagnosis.load.live import load
from cloudwright.diagnosis.model import Alternative, Cause, Investigation

_SHOWN = 6
"""Causes that are told whole; up to `_NAMED` more have a line each."""
_NAMED = 15
_ELSEWHERE = 3
"""Causes of other things that are told where nothing ails what was asked about."""


class LiveDiagnoser:
    """Implements `agents.kit.Diagnoser` over the session's cluster; one snapshot a question."""

    def diagnose(self, about: tuple[ObjectRef, ...], context: Context) -> Diagnosed:
        """Causes of what ails these objects or namespaces; of anything, where none are given.

        Raises:
            ToolError: the cluster cannot be asked at all.
        """
        namespaces = [ref.name for ref in about if ref.kind == "Namespace"]
        objects = [ref for ref in about if ref.kind != "Namespace"]
        result = investigate(load(context), namespaces=namespaces)
        real = [cause for cause in result.causes if cause.severity is not Severity.INFO]
        causes = [cause for cause in real if not objects or _touches(cause, objects)]
        others = [] if causes else _nearest(real, objects)
        evidence = context.evidence.mint(
            tool="investigate",
            arguments={"about": [str(ref) for ref in about], "snapshot": result.stats.snapshot},
            cluster=context.place.cluster,
            excerpt=context.redactor.text(
                "\n".join(
                    [
                        _text(causes, others, objects, result, ""),
                        *_excerpt([*causes, *others]),
                        f"{result.stats.objects} objects",
                    ]
                )
            ),
        )
        text = _text(causes, others, objects, result, f" [{evidence.id}]")
        return Diagnosed(
            text=context.redactor.text(text),
            causes=tuple(cause_view(cause, evidence.id) for cause in causes),
            elsewhere=tuple(cause_view(cause, evidence.id) for cause in others),
            ruled_out=tuple(ruled_out(item, evidence.id) for item in _considered(result, causes, namespaces, objects)),
            gaps=result.gaps,
            evidence=evidence.id,
        )


def _considered(
    result: Investigation, causes: Sequence[Cause], namespaces: Sequence[str], objects: Sequence[ObjectRef]
) -> list[Alternative]:
    """Other explanations as far as they concern the question: in its namespaces (those of its objects, else of what
    is broken), and about no object that a cause names or explains already."""
    places = {*namespaces, *(ref.namespace for ref in objects)} or {cause.object.namespace for cause in causes}
    explained = [ref for cause in causes for ref in (cause.object, *cause.symptoms)]
    return [
        item
        for item in result.ruled_out
        if (not places or not item.object.namespace or item.object.namespace in places)
        and not any(_same(item.object, ref) for ref in explained)
    ]


def _nearest(real: Sequence[Cause], objects: Sequence[ObjectRef]) -> list[Cause]:
    """The first causes of other things: those in the namespaces of the objects that were asked about come first."""
    places = {ref.namespace for ref in objects}
    return sorted(real, key=lambda cause: cause.object.namespace not in places)[:_ELSEWHERE]


def _touches(cause: Cause, objects: Sequence[ObjectRef]) -> bool:
    named = [cause.object, *cause.symptoms, *cause.affected, *(link.object for link in cause.chain)]
    return any(_same(one, other) for one in named for other in objects)


def _same(one: ObjectRef, other: ObjectRef) -> bool:
    """Whether these are one object, or one belongs to the other by the names that controllers give."""
    if other.namespace and one.namespace and one.namespace != other.namespace:
        return False
    if one.name == other.name:
        return not other.kind or one.kind == other.kind or {one.kind, other.kind} <= _KIN
    kin = one.kind in _MADE or other.kind in _MADE
    return kin and (one.name.startswith(f"{other.name}-") or other.name.startswith(f"{one.name}-"))


_MADE = {"Pod", "ReplicaSet", "Job", "EndpointSlice"}
_KIN = {"Deployment", "StatefulSet", "DaemonSet", "Service", "Pod", "ReplicaSet", "Job", "CronJob"}


def _text(
    causes: Sequence[Cause], others: Sequence[Cause], objects: Sequence[ObjectRef], result: Investigation, mark: str
) -> str:
    if not causes:
        names = ", ".join(str(ref) for ref in objects)
        nothing = f"No fault found that touches {names}" if objects else result.summary.rstrip(".")
        listed = [_line(number, cause, mark) for number, cause in enumerate(others, 1)]
        return "\n".join([f"{nothing}{mark}." + (" Elsewhere:" if listed else ""), *listed])
    lines: list[str] = []
    for number, cause in enumerate(causes[:_SHOWN], 1):
        lines += _paragraph(number, cause, mark)
    lines += [_line(number, cause, mark) for number, cause in enumerate(causes[_SHOWN:_NAMED], _SHOWN + 1)]
    if len(causes) > _NAMED:
        lines.append(f"{len(causes) - _NAMED} more causes; `cloudwright investigate` lists all.")
    return "\n".join(lines)


def _line(number: int, cause: Cause, mark: str) -> str:
    return f"{number}. {cause.claim}{mark}; to edit: {cause.object}"


def _paragraph(number: int, cause: Cause, mark: str) -> Iterable[str]:
    field = f", field {cause.field}" if cause.field else ""
    yield f"{number}. {cause.claim}{mark}"
    yield f"   {cause.severity}, confidence {cause.confidence:.0%}; to edit: {cause.object}{field}"
    yield from (f"   → {link.text}" for link in cause.chain if link.text != cause.claim)
    yield from (f"   seen: {_seen(item)}" for item in cause.evidence[:3] if item.quote)
    if cause.symptoms:
        more = f" and {len(cause.symptoms) - 4} more" if len(cause.symptoms) > 4 else ""
        yield f"   explains: {', '.join(str(ref) for ref in cause.symptoms[:4])}{more}"
    for remedy in cause.remedies[:3]:
        yield f"   {remedy.label}: {remedy.title}" + (f" (risk: {remedy.risk})" if remedy.risk else "")


def _seen(item: Citation) -> str:
    """What was seen; a bare value with the end of the path at which it stands."""
    bare = item.path and " " not in item.quote
    return f"{'.'.join(item.path.split('.')[-2:])} {item.quote}" if bare else item.quote


def _excerpt(causes: Sequence[Cause]) -> Iterable[str]:
    for cause in causes:
        yield f"{cause.kind}: {cause.claim}; {cause.object} {cause.field}"
        yield from (f"  {link.object}: {link.text}" for link in cause.chain)
        yield from (f"  {cited(item)}" for item in cause.evidence)
