"""How a policy document is changed: the access gained and lost as the preview, drift, and a look at the outcome."""

from collections.abc import Callable, Mapping
from typing import Any, Literal, TypeVar

from pydantic import BaseModel, JsonValue

from cloudwright.core.change import ABSENT, FieldChange, Impact, ObjectChange, Preview, Progress, Verification
from cloudwright.core.context import Context
from cloudwright.core.errors import Drifted, NotFound
from cloudwright.core.result import Changed
from cloudwright.core.tool import Change, Effect, Irreversible, Scope, Undo
from cloudwright.policies.iam.document import Policy, PolicyKind
from cloudwright.policies.iam.lint import Severity, lint
from cloudwright.policies.iam.public import is_public, new_public_access
from cloudwright.policies.iam.questions import Answer, DiffRow, difference_rows
from cloudwright.tools.aws.client import AwsClient
from cloudwright.tools.aws.places import Place, parsed, text_of

Json = Mapping[str, JsonValue]
Args = TypeVar("Args", bound=BaseModel)
FIELD = "document"
VERSION = "default version"
SHOWN = 12
Find = Callable[[Args, AwsClient], Place]
UndoOf = Callable[[Args, Preview, Context], Undo | Irreversible]


def semantic_preview(place: Place, after: Json | None, summary: str) -> Preview:
    """What a new document (None: no document) would change: access gained and lost with examples, and what is
    dangerous.

    Raises:
        InvalidArguments: AWS would reject the new document.
    """
    raw = place.read()
    new = None if after is None else parsed(after, place.kind, str(place.ref))
    old = None if raw is None else parsed(raw, place.kind, str(place.ref))
    if raw == after:
        return Preview(summary=f"{place.ref} says that already", changes=())
    before_field: JsonValue = ABSENT if raw is None else dict(raw)
    after_field: JsonValue = ABSENT if after is None else dict(after)
    change = ObjectChange(
        ref=place.ref,
        action="create" if raw is None else "delete" if after is None else "update",
        fields=(FieldChange(path=FIELD, before=before_field, after=after_field), *_version_field(place)),
    )
    empty = _nothing(place.kind)
    gained, lost = difference_rows(new or empty, old or empty), difference_rows(old or empty, new or empty)
    impacts = [*_impacts("gains", gained), *_impacts("loses", lost)]
    if new is not None and _opens(new, old or empty):
        impacts.insert(0, Impact(level="danger", text="opens access to callers outside every named account"))
    if not gained and not lost:
        impacts.append(Impact(level="info", text="allows exactly the same as before (proved)"))
    warnings = tuple(str(item) for item in lint(new, proofs=False) if item.severity is Severity.ERROR) if new else ()
    return Preview(summary=summary, changes=(change,), blast_radius=tuple(impacts), warnings=warnings)


def _opens(new: Policy, old: Policy) -> bool:
    return is_public(new) and new_public_access(old, new).answer is not Answer.YES


def _version_field(place: Place) -> tuple[FieldChange, ...]:
    return (FieldChange(path=VERSION, before=place.version(), after="a new one"),) if place.version else ()


def _nothing(kind: PolicyKind) -> Policy:
    who: dict[str, Any] = {"Principal": "*"} if kind.has_principal else {}
    what: dict[str, Any] = {} if kind is PolicyKind.TRUST else {"Resource": "*"}
    action = "sts:AssumeRole" if kind is PolicyKind.TRUST else "*"
    return parsed({"Statement": [{"Effect": "Deny", "Action": action, **who, **what}]}, kind, "no document")


def _impacts(verb: str, rows: list[DiffRow]) -> list[Impact]:
    level: Literal["warning", "info"] = "warning" if verb == "gains" else "info"
    out = [
        Impact(
            level=level,
            text=f"{verb} {row.action}: {f'e.g. {row.found.witness}' if row.found.witness else 'undecided'}",
        )
        for row in rows[:SHOWN]
    ]
    if len(rows) > SHOWN:
        out.append(Impact(level=level, text=f"{verb} {len(rows) - SHOWN} more"))
    return out


def apply(place: Place, after: Json | None, context: Context) -> Changed:
    """Write (None: delete) the document, if what was previewed is still there.

    Raises:
        Drifted: the present document is not the one of the approved preview.
    """
    raw = place.read()
    if context.expected is not None:
        before = next((f.before for c in context.expected.changes for f in c.fields if f.path == FIELD), ABSENT)
        if before != (ABSENT if raw is None else raw):
            raise Drifted(f"{place.ref} has changed since the preview.", moved=[f"{place.ref}: {FIELD}"])
    if after is not None:
        place.write(text_of(after))
    elif place.delete is not None:
        place.delete()
    return Changed(summary=f"{'deleted' if after is None else 'wrote'} {place.ref}", refs=(place.ref,))


def progress_of(place: Place, after: Json | None, preview: Preview) -> Verification:
    """How far a change got, by looking; unknown where the credentials are those of another account now."""
    if moved := elsewhere(place, preview):
        return moved
    raw = place.read()
    before = next((f.before for c in preview.changes for f in c.fields if f.path == FIELD), ABSENT)
    if raw == after:
        return Verification(progress=Progress.DONE)
    if before == (ABSENT if raw is None else raw):
        return Verification(progress=Progress.NOT_DONE)
    return Verification(progress=Progress.UNKNOWN, details=(f"{place.ref} holds another document",))


def elsewhere(place: Place, preview: Preview) -> Verification | None:
    """The verdict where the credentials at hand are those of another account than the previewed one; else None."""
    refs = [change.ref for change in preview.changes]
    if not refs or place.ref in refs:
        return None
    return Verification(progress=Progress.UNKNOWN, details=(f"changed was {refs[0]}, at hand is {place.ref}",))


def previous(preview: Preview) -> Json | None:
    """The document that the preview found; None when there was none."""
    before = next((f.before for c in preview.changes for f in c.fields if f.path == FIELD), ABSENT)
    return before if isinstance(before, Mapping) else None


def scope_by(find: Find[Args]) -> Callable[[Args, Context], Scope]:
    """The scope of a change to one place."""

    def scope(args: Args, context: Context) -> Scope:
        place = find(args, context.service(AwsClient))
        return Scope(Effect.GRANT, (place.permission,), (place.ref,))

    return scope


def writing(find: Find[Args], undo: UndoOf[Args], words: str) -> Change[Args]:
    """The change that writes `document` of the arguments; `words` say it with the arguments' names in braces."""
    return _changing(find, undo, words, lambda args: args.model_dump()["document"])


def removing(find: Find[Args], undo: UndoOf[Args], words: str) -> Change[Args]:
    """The change that deletes a policy which is there."""
    return _changing(find, undo, words, lambda args: None)


def _changing(find: Find[Args], undo: UndoOf[Args], words: str, wanted: Callable[[Args], Json | None]) -> Change[Args]:
    def preview(args: Args, context: Context) -> Preview:
        place, document = find(args, context.service(AwsClient)), wanted(args)
        if document is None and place.read() is None:
            raise NotFound(f"There is no {place.ref}.")
        return semantic_preview(place, document, words.format_map(args.model_dump()))

    def progress(args: Args, preview: Preview, context: Context) -> Verification:
        return progress_of(find(args, context.service(AwsClient)), wanted(args), preview)

    return Change(preview, undo, progress, scope_by(find))
