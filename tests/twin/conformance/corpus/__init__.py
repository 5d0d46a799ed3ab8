"""The corpus: every verb on many kinds, with good, bad and borderline inputs, and what tools and kubectl send."""

from collections.abc import Iterator

from tests.twin.conformance.corpus.access import access
from tests.twin.conformance.corpus.admission import admission
from tests.twin.conformance.corpus.custom import custom
from tests.twin.conformance.corpus.edges import edges
from tests.twin.conformance.corpus.life import life, refused
from tests.twin.conformance.corpus.lists import lists
from tests.twin.conformance.corpus.patches import patch_flow, strategic_flow
from tests.twin.conformance.corpus.requests import NS, post
from tests.twin.conformance.corpus.server_side_apply import apply_flow
from tests.twin.conformance.corpus.subresources import subresources
from tests.twin.conformance.kinds import KINDS
from tests.twin.conformance.replay import Step


def setup() -> Iterator[Step]:
    """Namespace and service account."""
    yield post(
        "setup/namespace",
        "/api/v1/namespaces",
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NS}},
        "Namespace",
    )
    yield post(
        "setup/account",
        f"/api/v1/namespaces/{NS}/serviceaccounts",
        {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": "default"}},
        "ServiceAccount",
    )


def steps() -> list[Step]:
    """The whole corpus, in order."""
    found = [*setup()]
    for kind in KINDS:
        found += [*life(kind), *refused(kind)]
    for part in (apply_flow, strategic_flow, patch_flow, lists, subresources, access, admission, custom, edges):
        found += part()
    assert len({step.id for step in found}) == len(found)
    return found
