"""Taking changes back: fields get the values that they had, if nobody changed them since."""

from pydantic import Field, JsonValue

from cloudwright.core.change import ABSENT
from cloudwright.core.context import Context
from cloudwright.core.errors import Conflict
from cloudwright.core.refs import Frozen
from cloudwright.core.result import Changed
from cloudwright.core.tool import Permission, write_tool
from cloudwright.tools.kubernetes import fields, ownership
from cloudwright.tools.kubernetes.change import Plan, Planned
from cloudwright.tools.kubernetes.concealed import SECRET_OF_OURS
from cloudwright.tools.kubernetes.requests import MANAGER, Json, Request, find_kind, live, namespace_for


class FieldRestore(Frozen):
    """One field: what it must be now, and what it becomes."""

    path: str
    expect: JsonValue = ABSENT
    restore: JsonValue = ABSENT


class ObjectRestore(Frozen):
    """One object whose fields are restored; `created` means that it is deleted again."""

    api_version: str
    kind: str
    name: str
    namespace: str = ""
    uid: str = ""
    created: bool = False
    fields: tuple[FieldRestore, ...] = ()


class Restore(Frozen):
    """What an earlier change touched."""

    objects: tuple[ObjectRestore, ...] = Field(min_length=1)


def _restore(args: Restore, context: Context) -> Plan:
    requests = tuple(_restoring(item, context) for item in args.objects)
    words = "; ".join(
        f"delete {request.ref}"
        if item.created
        else f"restore {', '.join(field.path for field in item.fields)} of {request.ref}"
        for item, request in zip(args.objects, requests, strict=True)
    )
    return Plan(requests, words)


def _restoring(item: ObjectRestore, context: Context) -> Request:
    kind = find_kind(f"{item.api_version} {item.kind}", context)
    namespace = namespace_for(kind, item.namespace, context)
    present = live(kind, namespace, item.name, context)
    if item.uid and present["metadata"].get("uid") != item.uid:
        raise Conflict(f"{kind.kind} {item.name} was deleted and made again since; there is nothing to restore.")
    changed = [field for field in item.fields if not _as_left(present, field)]
    if changed:
        raise Conflict(
            f"{kind.kind} {item.name} was changed since: {'; '.join(_who(present, field) for field in changed)}.",
            hint="Decide by hand which value is right.",
        )

    if item.created:
        return Request("delete", kind, item.name, namespace, uid=present["metadata"]["uid"])

    def edit(obj: Json) -> Json:
        return fields.write(obj, [(field.path, field.restore) for field in item.fields])

    return Request("edit", kind, item.name, namespace, edit=edit, uid=item.uid)


def _as_left(present: Json, field: FieldRestore) -> bool:
    """Whether nobody changed the field since. A secret value is not kept: there the owner of the field tells."""
    tokens = fields.split(field.path)
    value = fields.read(present, tokens)
    if field.expect == SECRET_OF_OURS:
        return ownership.last_writer(present, tokens).startswith(f"{MANAGER} ")
    return fields.holds(value, field.expect) or value == field.restore


def _who(present: Json, field: FieldRestore) -> str:
    by = ownership.last_writer(present, fields.split(field.path))
    return f"{field.path} by {by}" if by else f"{field.path} (nobody owns it now)"


restoring = Planned(_restore)


@write_tool(
    permission=Permission(verb="patch", resource="*"),
    input=Restore,
    change=restoring.change,
    examples=(
        {
            "objects": [
                {
                    "api_version": "apps/v1",
                    "kind": "Deployment",
                    "name": "web",
                    "fields": [{"path": "spec.replicas", "expect": 5, "restore": 2}],
                }
            ]
        },
    ),
    utterances=(
        "restore {objects}",
        "put back {objects}",
        "restore the fields {objects}",
        "set {objects} back to what they were",
        "take back the change of {objects}",
        "restore previous values {objects}",
    ),
)
def restore_fields(args: Restore, context: Context) -> Changed:
    """Restore fields that an earlier change touched, if nobody changed them since."""
    return restoring.run(args, context)


RESTORE_TOOLS = (restore_fields,)
