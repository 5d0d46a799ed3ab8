"""Lists of objects: filtered, sorted, paged, counted."""

import pytest

from cloudwright.core.context import Context
from cloudwright.core.errors import NotFound
from cloudwright.core.result import Rows
from tests.servers.apiserver import ControlPlane
from tests.tools.reading import cells, config, pod, run


def test_lists_filter_sort_page_and_keep_the_rest(cluster: ControlPlane, context: Context, namespace: str) -> None:
    cluster.create(
        *(config(f"c-{number:02d}", namespace, **{f"k{i}": "v" for i in range(number)}) for number in range(12))
    )
    first: Rows = run("list_resources", context, kind="cm", where="name matches ^c-", sort="-keys", limit=5)
    assert (first.total, first.shown) == (12, 5)
    assert cells(first, "keys") == [11, 10, 9, 8, 7]
    assert [ref.name for ref in first.refs] == [f"c-{number:02d}" for number in (11, 10, 9, 8, 7)]
    assert first.handle
    mark = cluster.audit.mark()
    rest: Rows = run("query_result", context, handle=first.handle, where="keys < 7", sort="keys", offset=1, limit=3)
    assert (rest.total, cells(rest, "keys")) == (7, [1, 2, 3])
    grouped: Rows = run("query_result", context, handle=first.handle, group_by=["keys"])
    assert grouped.columns == ("keys", "count")
    assert cluster.audit.requests(mark) == []


def test_counts_are_computed_over_all_pages(cluster: ControlPlane, context: Context, namespace: str) -> None:
    cluster.create(*(pod(f"{'web' if number % 3 else 'db'}-{number}", namespace) for number in range(9)))
    grouped: Rows = run("list_resources", context, kind="pods", group_by=["label app", "status"])
    assert grouped.rows == (("web", "Pending", 6), ("db", "Pending", 3))
    by_label: Rows = run("list_resources", context, kind="pods", labels="app=db")
    assert by_label.total == 3
    by_field: Rows = run("list_resources", context, kind="pods", fields="metadata.name=web-1")
    assert cells(by_field, "name") == ["web-1"]
    custom: Rows = run(
        "list_resources", context, kind="pods", columns=["image", "spec.restartPolicy", "label app"], limit=1
    )
    assert custom.columns == ("name", "images", "spec.restartPolicy", "label app") or custom.columns[1] == "image"
    assert custom.rows[0][2] == "Always"


def test_managed_fields_are_shown_where_they_are_asked_for_and_missing_fields_are_told(
    cluster: ControlPlane, context: Context, namespace: str
) -> None:
    cluster.create(config("site", namespace, color="blue"))
    seen = run("get_resource", context, kind="cm", name="site", path="metadata.managedFields[*].manager")
    assert seen.content
    assert "managedFields" not in run("get_resource", context, kind="cm", name="site").content["metadata"]
    with pytest.raises(NotFound, match=r"has no field data\.colour") as caught:
        run("get_resource", context, kind="cm", name="site", path="data.colour")
    assert caught.value.hint == "There is color."
    listed: Rows = run("list_resources", context, kind="cm", where="name = site", columns=["duration", "data.color"])
    assert listed.rows == (("site", "blue"),)
    assert listed.notes[0].startswith("There is no column 'duration'.")
