"""Every verb on one object of each kind, and the inputs that a kind refuses."""

from collections.abc import Iterator
from typing import Any

from tests.twin.conformance.corpus.requests import (
    APPLY,
    JSON_PATCH,
    MERGE,
    NOWHERE,
    STRATEGIC,
    TABLE,
    collection,
    manifest,
    merged,
    post,
    tag_of,
)
from tests.twin.conformance.kinds.model import Kind
from tests.twin.conformance.replay import Step

VERBS = {"GET": "get", "POST": "create", "PATCH": "patch", "PUT": "update", "DELETE": "delete"}


class Life:
    """One object of a kind, from creation to deletion."""

    def __init__(self, kind: Kind) -> None:
        self.kind, self.tag = kind, tag_of(kind)
        self.base, self.name = collection(kind), f"t-{kind.kind.lower()}-{kind.api.rpartition('/')[2]}"
        self.path = f"{self.base}/{self.name}"
        self.body = manifest(kind, self.name, {"metadata": {"labels": {"conformance": "yes"}}})

    def _step(self, what: str, method: str, where: str, content: Any = None, verb: str = "", **more: Any) -> Step:
        return Step(f"{self.tag}/{what}", method, where, content, self.kind.kind, verb or VERBS[method], **more)

    def created(self) -> Iterator[Step]:
        """Created in good and bad ways, and read."""
        yield self._step("get-missing", "GET", f"{self.path}-missing")
        yield self._step("create-dry-run", "POST", f"{self.base}?dryRun=All", self.body)
        yield self._step(
            "create",
            "POST",
            self.base,
            self.body,
            keep={f"{self.tag}-rv": "metadata.resourceVersion", f"{self.tag}-uid": "metadata.uid"},
        )
        yield self._step("create-again", "POST", self.base, self.body)
        yield self._step("create-wrong-kind", "POST", f"{self.base}?dryRun=All", {**self.body, "kind": "Widget"})
        yield self._step(
            "create-wrong-version",
            "POST",
            f"{self.base}?dryRun=All",
            {**self.body, "apiVersion": "example.com/v1"},
        )
        yield self._step(
            "create-unknown-strict",
            "POST",
            f"{self.base}?dryRun=All&fieldValidation=Strict",
            merged(self.body, {"bogus": 1, "metadata": {"name": f"{self.name}-s", "odd": True}}),
        )
        yield self._step(
            "create-unknown-warn",
            "POST",
            f"{self.base}?dryRun=All",
            merged(self.body, {"bogus": 1, "metadata": {"name": f"{self.name}-w"}}),
        )
        yield self._step(
            "create-bad-labels",
            "POST",
            f"{self.base}?dryRun=All",
            merged(self.body, {"metadata": {"labels": {"a": "no good!"}}}),
        )
        yield self._step("get", "GET", self.path)
        yield self._step("list-table", "GET", f"{self.base}?labelSelector=conformance%3Dyes", verb="list", accept=TABLE)

    def patched(self) -> Iterator[Step]:
        """Patched in every way."""
        yield self._step("merge-patch", "PATCH", self.path, self.kind.change, content_type=MERGE)
        yield self._step("merge-patch-same", "PATCH", self.path, self.kind.change, content_type=MERGE)
        yield self._step(
            "json-patch",
            "PATCH",
            self.path,
            [{"op": "add", "path": "/metadata/labels/added", "value": "x"}],
            content_type=JSON_PATCH,
        )
        yield self._step(
            "json-patch-failing-test",
            "PATCH",
            self.path,
            [{"op": "test", "path": "/metadata/name", "value": "x"}],
            content_type=JSON_PATCH,
        )
        yield self._step(
            "strategic-patch",
            "PATCH",
            self.path,
            {"metadata": {"labels": {"added": None, "strategic": "y"}}},
            content_type=STRATEGIC,
        )
        yield self._step("patch-missing", "PATCH", f"{self.path}-missing", {}, content_type=MERGE)
        yield self._step(
            "patch-stale",
            "PATCH",
            self.path,
            {"metadata": {"resourceVersion": "1", "labels": {"z": "z"}}},
            content_type=MERGE,
        )
        for bad, change in self.kind.bad_changes.items():
            yield self._step(f"change-{bad}", "PATCH", f"{self.path}?dryRun=All", change, content_type=MERGE)

    def updated(self) -> Iterator[Step]:
        """Updated as a whole, its status, and by another manager."""
        yield self._step("update-stale", "PUT", self.path, merged(self.body, {"metadata": {"resourceVersion": "1"}}))
        yield self._step(
            "update-missing",
            "PUT",
            f"{self.path}-missing?dryRun=All",
            manifest(self.kind, f"{self.name}-missing"),
        )
        yield self._step("update-other-name", "PUT", self.path, manifest(self.kind, "other"))
        yield self._step(
            "update", "PUT", self.path, merged(self.body, {"metadata": {"annotations": {"updated": "yes"}}})
        )
        if self.kind.status is not None:
            yield self._step("status", "PATCH", f"{self.path}/status", self.kind.status, content_type=MERGE)
            yield self._step(
                "status-keeps-spec",
                "PATCH",
                f"{self.path}/status",
                {**self.kind.status, **self.kind.change},
                content_type=MERGE,
            )
        yield self._step(
            "apply-other",
            "PATCH",
            f"{self.path}?fieldManager=other",
            {
                "apiVersion": self.kind.api_version,
                "kind": self.kind.kind,
                "metadata": {"annotations": {"applied": "1"}},
            },
            content_type=APPLY,
        )

    def deleted(self) -> Iterator[Step]:
        """Deleted, with wrong options first."""
        yield self._step("delete-wrong-uid", "DELETE", self.path, {"preconditions": {"uid": NOWHERE}})
        yield self._step("delete-dry-run", "DELETE", f"{self.path}?dryRun=All")
        yield self._step("delete-bad-policy", "DELETE", f"{self.path}?propagationPolicy=Sideways")
        yield self._step("delete", "DELETE", self.path, {"gracePeriodSeconds": 0})
        yield self._step("delete-missing", "DELETE", f"{self.path}-missing")


def life(kind: Kind) -> Iterator[Step]:
    """One object of a kind from creation to deletion, with every verb on the way."""
    one = Life(kind)
    for part in (one.created, one.patched, one.updated, one.deleted):
        yield from part()


def refused(kind: Kind) -> Iterator[Step]:
    """Bad and borderline inputs of a kind."""
    for bad, change in kind.bad.items():
        body = manifest(kind, f"bad-{bad}"[:60], change)
        yield post(f"{tag_of(kind)}/bad-{bad}", f"{collection(kind)}?dryRun=All", body, kind.kind)
