"""Diffs as people read them."""

from cloudwright.core.change import FieldChange, ObjectChange, Preview
from cloudwright.core.refs import ObjectRef

REF = ObjectRef(kind="ConfigMap", name="site", namespace="shop")


def diff(*fields: FieldChange, action: str = "update") -> list[str]:
    change = ObjectChange.model_validate({"ref": REF, "action": action, "fields": fields})
    return Preview(summary="", changes=(change,)).diff().splitlines()


def test_texts_of_several_lines_show_the_lines_that_change() -> None:
    before, after = "a: 1\nb: 2\nc: 3\n", "a: 1\nb: 2\nc: 4\n"
    lines = diff(FieldChange(path="data[x]", before=before, after=after))
    assert lines[2:] == ["    @@ -2,2 +2,2 @@", "    b: 2", "-   c: 3", "+   c: 4"]


def test_a_plain_value_shows_before_and_after() -> None:
    assert diff(FieldChange(path="spec.replicas", before=1, after=2))[1:] == ["  spec.replicas:", "-   1", "+   2"]


def test_a_deletion_shows_no_fields() -> None:
    assert diff(FieldChange(path="metadata.generation", before=3), action="delete") == [f"delete {REF}"]
