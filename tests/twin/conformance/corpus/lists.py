"""Selectors, chunks, versions and watches of lists."""

from collections.abc import Iterator

from tests.twin.conformance.corpus.requests import NS, PARTIAL, PARTIALS, TABLE, delete, get, patch, post
from tests.twin.conformance.replay import Step

SECRETS = f"/api/v1/namespaces/{NS}/secrets"


QUERIES = {
    "equals": "labelSelector=n%3D1",
    "double-equals": "labelSelector=n%3D%3D1",
    "not": "labelSelector=n!%3D1,even",
    "in": "labelSelector=n+in+(1,2)",
    "notin": "labelSelector=n+notin+(1,2),n",
    "absent": "labelSelector=!n",
    "exists": "labelSelector=even",
    "greater": "labelSelector=n%3E2",
    "bad-label": "labelSelector=a%3D%3D%3Db",
    "bad-label-2": "labelSelector=n+in+1",
    "bad-label-value": "labelSelector=n%3D%25%25",
    "field-name": "fieldSelector=metadata.name%3Ds2",
    "field-not-name": "fieldSelector=metadata.name!%3Ds2",
    "field-type": "fieldSelector=type%3DOpaque",
    "field-bad": "fieldSelector=data.x%3D1",
    "field-odd": "fieldSelector=nonsense",
    "limit": "limit=2",
    "bad-limit": "limit=two",
    "bad-continue": "continue=abc",
    "bad-version": "resourceVersion=abc",
    "zero-version": "resourceVersion=0",
    "exact-without-version": "resourceVersionMatch=Exact",
    "bad-match": "resourceVersion=1&resourceVersionMatch=Sometimes",
    "exact-zero": "resourceVersion=0&resourceVersionMatch=Exact",
}


def lists() -> Iterator[Step]:
    """Lists by every selector, in tables and chunks, and watches of the same."""
    for index in range(5):
        body = {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": f"s{index}", "labels": {"n": str(index), "even": str(index % 2 == 0).lower()}},
        }
        yield post(
            f"lists/create-{index}", SECRETS, body, "Secret", keep={f"secret-{index}": "metadata.resourceVersion"}
        )
    for name, query in QUERIES.items():
        yield get(f"lists/{name}", f"{SECRETS}?{query}", "Secret", verb="list")
    yield get("lists/partial", f"{SECRETS}?limit=1", "Secret", verb="list", accept=PARTIALS)
    yield get("lists/partial-one", f"{SECRETS}/s1", "Secret", accept=PARTIAL)
    yield get("lists/table-object", f"{SECRETS}?limit=1&includeObject=Object", "Secret", verb="list", accept=TABLE)
    yield get("lists/table-none", f"{SECRETS}?limit=1&includeObject=None", "Secret", verb="list", accept=TABLE)
    yield get("lists/table-one", f"{SECRETS}/s1", "Secret", accept=TABLE)
    yield get("lists/chunk-1", f"{SECRETS}?limit=3", "Secret", verb="list", keep={"next": "metadata.continue"})
    yield get("lists/chunk-2", f"{SECRETS}?limit=3&continue=${{next}}", "Secret", verb="list")
    yield patch("lists/change", f"{SECRETS}/s1", {"metadata": {"labels": {"n": "11"}}}, "Secret")
    yield from _watches()
    yield delete("lists/delete-some", f"{SECRETS}?labelSelector=even%3Dtrue", "Secret", verb="deletecollection")
    yield get("lists/left", SECRETS, "Secret", verb="list")


def _watches() -> Iterator[Step]:
    """Watches from a version on, of some objects, as tables."""
    yield get("lists/watch", f"{SECRETS}?watch=1&resourceVersion=${{secret-0}}", "Secret", verb="watch")
    yield get(
        "lists/watch-selector",
        f"{SECRETS}?watch=1&resourceVersion=${{secret-4}}&labelSelector=n%3D1",
        "Secret",
        verb="watch",
    )
    yield get(
        "lists/watch-name",
        f"{SECRETS}?watch=1&resourceVersion=${{secret-0}}&fieldSelector=metadata.name%3Ds3",
        "Secret",
        verb="watch",
    )
    yield get(
        "lists/watch-table", f"{SECRETS}?watch=1&resourceVersion=${{secret-3}}", "Secret", verb="watch", accept=TABLE
    )
    yield get("lists/watch-initial", f"{SECRETS}?watch=1&labelSelector=even%3Dtrue", "Secret", verb="watch")
