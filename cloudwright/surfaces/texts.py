"""Answers as text for people: pure functions from views to strings, with no colours and no width of their own."""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any

from cloudwright.core.answers import Check, ProposalView, SettingView, ToolView
from cloudwright.core.change import ObjectChange, Verification
from cloudwright.core.journal import ChainReport
from cloudwright.core.proposal import Giver, Source, State
from cloudwright.core.refs import checked_in
from cloudwright.core.result import align
from cloudwright.core.tool import Irreversible, Undo

_IDEAS = {
    Source.USER: "you",
    Source.MODEL: "you",
    Source.RULE: "a rule",
    Source.DIAGNOSIS: "the diagnosis",
    Source.UNDO: "an undo",
}
_EXCERPT = 160
_LEVELS = {"info": "·", "warning": "!", "danger": "!!"}


def catalog(tools: Sequence[ToolView]) -> str:
    """All tools, one line each, by effect."""
    rows = [(tool.name, tool.effect.value, tool.permission, tool.description.split(". ")[0]) for tool in tools]
    return "\n".join(align(("TOOL", "EFFECT", "PERMISSION", "WHAT IT DOES"), rows))


def tool(view: ToolView) -> str:
    """One tool with its inputs as flags and its examples."""
    lines = [f"{view.name}  ({view.effect})", view.description, "", f"permission: {view.permission}"]
    if view.undo:
        lines.append(f"undo: {view.undo}")
    lines += ["", "inputs:"]
    required = set(view.input.get("required", ()))
    rows = [
        (
            f"  --{name.replace('_', '-')}",
            _type_of(schema),
            "required" if name in required else _default(schema),
            str(schema.get("description", "")),
        )
        for name, schema in view.input.get("properties", {}).items()
    ]
    lines += align(("  FLAG", "TYPE", "DEFAULT", "MEANING"), rows) if rows else ["  none"]
    for example in view.examples:
        lines += ["", f"example: cloudwright tools run {view.name} {_as_flags(example)}"]
    return "\n".join(lines)


def proposal(view: ProposalView) -> str:
    """A change as it is shown before anybody decides: where, as whom, what, who feels it, how to take it back."""
    lines = [f"{view.summary}", f"  {view.place}", f"  effect: {view.effect}" + _because(view.why_effect)]
    lines.append(f"  policy: {view.policy} (rule {view.rule!r})" + _because(view.policy_reason))
    if view.provenance.untrusted:
        lines += _suggested(view)
    elif view.provenance.source is not Source.USER:
        lines.append(f"  suggested by: {view.provenance.source}" + _because(view.provenance.why))
    lines += ["", view.diff, ""]
    lines += [f"  {_LEVELS[impact.level]} {impact.text}" for impact in view.blast_radius]
    lines += [f"  server warning: {warning}" for warning in view.warnings]
    lines.append(f"  undo: {_undo(view.undo)}")
    lines.append(f"  digest: {view.digest}")
    return "\n".join(lines)


_GIVERS = {
    Giver.USER: "in your words",
    Giver.PLACE: "where you work",
    Giver.TEXT: "from what was read",
    Giver.MODEL: "by the model",
}


def _suggested(view: ProposalView) -> Iterator[str]:
    """Who gave what of a change that is not all in the person's own words, and what was read before it."""
    shared = any(part.giver is Giver.USER for part in view.provenance.parts)
    yield f"  suggested by {idea_of(view)}, not by {'your words alone' if shared else 'you'}; read before:"
    yield from _read_before(view)
    for giver, words in _GIVERS.items():
        given = [
            f"{part.name} {part.value}" + (f" [{part.evidence}]" if part.evidence else "")
            for part in view.provenance.parts
            if part.giver is giver
        ]
        if given:
            yield f"  {words}: {', '.join(given)}"


def _read_before(view: ProposalView) -> Iterator[str]:
    """The beginning of each text that was read, on one line; what was read again is named once."""
    ids: dict[str, list[str]] = {}
    for item in view.provenance.evidence:
        ids.setdefault(f"{item.tool}: {' '.join(item.excerpt.split())[:_EXCERPT]}", []).append(item.id)
    return (f"    {', '.join(found)} {text}" for text, found in ids.items())


def idea_of(view: ProposalView) -> str:
    """Whose idea a change is: the person's, the model's, or that of something that was read."""
    givers = {part.giver for part in view.provenance.parts}
    if not view.provenance.untrusted or view.provenance.source is Source.DIAGNOSIS:
        return _IDEAS[view.provenance.source]
    if not givers or Giver.TEXT in givers:
        return "a text that a tool returned"
    return "you and the model" if Giver.USER in givers else "the model"


def outcome(result: str, view: ProposalView) -> str:
    """What was done, what a look at the world says, and how to take it back."""
    lines = [result]
    if view.verification is not None:
        lines.append(verification(view.verification, view.changes))
    if isinstance(view.undo, Undo):
        lines.append(f"Undo with `cloudwright undo {view.id}`.")
    else:
        lines.append(f"Cannot be undone: {view.undo.reason}")
    return "\n".join(lines)


def verification(found: Verification, changes: Sequence[ObjectChange]) -> str:
    """The post-condition in a line, and where it was looked for."""
    details = f" ({'; '.join(found.details)})" if found.details else ""
    return f"Checked in {checked_in(change.ref for change in changes)}: {found.progress}{details}."


def proposals(views: Sequence[ProposalView]) -> str:
    """Proposals, one line each, oldest first."""
    if not views:
        return "none"
    rows = [
        (
            view.id,
            when(view.finished_at or view.created_at),
            view.state.value,
            view.effect.value,
            view.place.context,
            _who(view),
            idea_of(view),
            view.summary,
        )
        for view in views
    ]
    return "\n".join(align(("ID", "WHEN", "STATE", "EFFECT", "CONTEXT", "WHO", "WHOSE IDEA", "WHAT"), rows))


def history_entry(view: ProposalView) -> str:
    """One change with who, why, evidence, approvals and outcome."""
    lines = [
        proposal(view),
        "",
        f"  state: {view.state}",
        f"  proposed by {view.proposed_by} at {when(view.created_at)}",
    ]
    if view.provenance.request:
        lines.append(f"  request: {view.provenance.request}")
    if view.provenance.why:
        lines.append(f"  why: {view.provenance.why}")
    lines += [f"  evidence {item.id} ({item.tool}): {item.excerpt[:200]}" for item in view.provenance.evidence]
    for item in view.approvals:
        flag = " by a flag" if item.by_flag else ""
        lines.append(f"  approved{flag} by {item.approver} at {when(item.at)}, until {when(item.expires_at)}")
    if view.decided_by:
        lines.append(f"  {view.state} by {view.decided_by}" + _because(view.reason))
    elif view.reason:
        lines.append(f"  {view.reason}")
    if view.outcome:
        lines.append(f"  outcome: {view.outcome}")
    if view.verification is not None and view.state in (State.EXECUTED, State.FAILED):
        lines.append(f"  {verification(view.verification, view.changes)}")
    return "\n".join(lines)


def chain(report: ChainReport) -> str:
    """What checking the journal showed, and what it cannot show."""
    lines = [f"{report.entries} entries; head {report.head}"]
    lines += [f"PROBLEM: {problem}" for problem in report.problems] or ["no edits, reordering or gaps found"]
    lines += [f"not proved: {item}" for item in report.unproved]
    return "\n".join(lines)


def doctor(checks: Sequence[Check], settings: Sequence[SettingView]) -> str:
    """The checks with remedies, then the settings that are not defaults."""
    rows = [(check.status, check.name, check.detail) for check in checks]
    lines = align(("STATUS", "WHAT", "FOUND"), rows)
    lines += ["", *(f"{check.name}: {check.remedy}" for check in checks if check.remedy)]
    changed = [setting for setting in settings if setting.source != "default"]
    lines += ["", "settings: " + ("all defaults" if not changed else "")]
    lines += [f"  {setting.name} = {setting.value}  ({setting.source})" for setting in changed]
    return "\n".join(lines).rstrip()


def settings_table(settings: Sequence[SettingView]) -> str:
    """All settings with their sources."""
    return "\n".join(align(("SETTING", "VALUE", "SOURCE"), [(item.name, item.value, item.source) for item in settings]))


def when(moment: datetime) -> str:
    """A moment to the second, in UTC."""
    return moment.strftime("%Y-%m-%d %H:%M:%SZ")


def _undo(undo: Undo | Irreversible) -> str:
    return undo.summary if isinstance(undo, Undo) else f"none: {undo.reason}"


def _who(view: ProposalView) -> str:
    if view.decided_by:
        return view.decided_by
    return ", ".join(str(item.approver) for item in view.approvals) or view.proposed_by


def _because(reason: str) -> str:
    return f" ({reason})" if reason else ""


def _type_of(schema: Any) -> str:
    if "enum" in schema:
        return "|".join(str(item) for item in schema["enum"])
    if "const" in schema:
        return str(schema["const"])
    kinds = [schema] if "type" in schema or "$ref" in schema else list(schema.get("anyOf", ()))
    names = [_type_of(kind) if "enum" in kind else str(kind.get("type", "object")) for kind in kinds]
    return "|".join(name for name in names if name != "null") or "any"


def _default(schema: Any) -> str:
    value = schema.get("default")
    return "-" if value in (None, "", [], {}) else str(value)


def _as_flags(example: Any) -> str:
    import json
    import shlex

    parts = []
    for name, value in example.items():
        text = value if isinstance(value, str) else json.dumps(value)
        parts.append(f"--{name.replace('_', '-')} {shlex.quote(text)}")
    return " ".join(parts)
