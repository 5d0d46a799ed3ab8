"""Plain text and Markdown."""

import json
from collections.abc import Iterator

from cloudwright.core.finding import Remedy
from cloudwright.core.refs import ObjectRef
from cloudwright.diagnosis.model import Cause, Investigation

MAX_CAUSES = 10
MAX_SYMPTOMS = 8


def text(result: Investigation) -> str:
    """For a terminal: causes first, each with chain, evidence, confidence and fix."""
    lines = [result.summary, ""]
    for number, cause in enumerate(result.causes[:MAX_CAUSES], 1):
        lines += [*_cause_text(number, cause), ""]
    if len(result.causes) > MAX_CAUSES:
        lines += [f"… and {len(result.causes) - MAX_CAUSES} more causes (--output json shows all)", ""]
    if result.notes:
        lines.append(f"Notes ({len(result.notes)}; they make nothing fail now):")
        lines += [f"  - {item.claim}" for item in result.notes[:8]]
        lines += [f"  … {len(result.notes) - 8} more"] if len(result.notes) > 8 else []
        lines.append("")
    if result.gaps:
        lines += ["Not seen:", *(f"  - {item}" for item in result.gaps[:8]), ""]
    stats = result.stats
    lines.append(
        f"{stats.objects} objects, {stats.checks} checks, {stats.seconds:.2f} s, snapshot {stats.snapshot} of {stats.collected_at:%Y-%m-%d %H:%M:%S %Z}"
    )
    return "\n".join(lines)


def _cause_text(number: int, cause: Cause) -> Iterator[str]:
    yield f"{number}. {cause.title}: {cause.object}  [{cause.severity}, confidence {cause.confidence:.0%}]"
    yield f"   {cause.claim}"
    if cause.field:
        yield f"   field: {cause.field}"
    if len(cause.chain) > 1:
        yield "   chain:"
        yield from (
            f"     {'-> ' if place else ''}{link.object}: {link.text[:140]}"
            for place, link in enumerate(cause.chain[:6])
        )
    if cause.symptoms:
        yield f"   affects: {_names(cause.symptoms)}"
    yield "   evidence:"
    for item in cause.evidence[:4]:
        yield f"     {item.path or 'object'}: {item.quote or item.uid}"
    for remedy in cause.remedies[:3]:
        yield f"   {remedy.label}: {remedy.title}" + (f" (risk: {remedy.risk})" if remedy.risk else "")
        yield from (
            f"     {call.tool} {json.dumps(dict(call.arguments), ensure_ascii=False)[:300]}" for call in remedy.calls
        )
    for other in cause.alternatives:
        yield f"   also considered: {other.claim[:140]} ({other.reason})"


def _names(refs: tuple[ObjectRef, ...]) -> str:
    names = [str(item) for item in refs[:MAX_SYMPTOMS]]
    more = f" and {len(refs) - MAX_SYMPTOMS} more" if len(refs) > MAX_SYMPTOMS else ""
    return ", ".join(names) + more


def markdown(result: Investigation) -> str:
    """For a ticket or a chat."""
    lines = [f"# {result.summary}", ""]
    for number, cause in enumerate(result.causes[:MAX_CAUSES], 1):
        lines += [f"## {number}. {cause.title}: `{cause.object}`", "", cause.claim + ".", ""]
        lines += [f"- severity {cause.severity}, confidence {cause.confidence:.0%}"]
        lines += [f"- field `{cause.field}`"] if cause.field else []
        lines += [f"- affects {_names(cause.symptoms)}"] if cause.symptoms else []
        lines += ["", "Evidence:", *(f"- `{item.path}` {item.quote}" for item in cause.evidence[:6]), ""]
        if len(cause.chain) > 1:
            lines += [
                "Chain:",
                *(f"{place}. {link.object}: {link.text}" for place, link in enumerate(cause.chain, 1)),
                "",
            ]
        for remedy in cause.remedies[:3]:
            lines += [
                f"**{remedy.label.capitalize()}: {remedy.title}**" + (f" (risk: {remedy.risk})" if remedy.risk else ""),
                *_calls(remedy),
                "",
            ]
    if result.ruled_out:
        lines += ["## Ruled out", *(f"- {item.claim}: {item.reason}" for item in result.ruled_out[:10]), ""]
    if result.notes:
        lines += ["## Notes", *(f"- {item.claim}" for item in result.notes[:20]), ""]
    if result.gaps:
        lines += ["## Not seen", *(f"- {item}" for item in result.gaps), ""]
    return "\n".join(lines)


def _calls(remedy: Remedy) -> Iterator[str]:
    for call in remedy.calls:
        yield f"```\n{call.tool} {json.dumps(dict(call.arguments), ensure_ascii=False, indent=1)}\n```"
