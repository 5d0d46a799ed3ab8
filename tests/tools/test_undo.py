"""Undo after run is the identity, whatever was there before."""

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from cloudwright.core.change import Progress
from tests.servers.fixtures import eventually
from tests.tools.desk import Desk
from tests.tools.served import content, path

small_names = st.sampled_from(["a", "b.c/d", "x-1", "Y_2"])
config_data = st.dictionaries(st.sampled_from(["a", "b.conf", "c_d"]), st.text(max_size=6), max_size=3)
envs = st.lists(
    st.builds(lambda name, value: {"name": name, "value": value}, st.sampled_from("ABCD"), st.sampled_from("xyz")),
    max_size=4,
    unique_by=lambda item: item["name"],
)


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=envs, after=envs, labels=st.dictionaries(small_names, st.sampled_from(["", "1"]), max_size=2))
def test_undo_after_run_is_the_identity_on_environments_and_labels(
    desk: Desk, before: list[dict[str, str]], after: list[dict[str, str]], labels: dict[str, str]
) -> None:
    spec = {"containers": [{"name": "main", "image": "x:1", "env": before}]}
    desk.deployment("some", template={"metadata": {"labels": {"app": "some"}}, "spec": spec})
    where = path(desk, "deployments", "some", "/apis/apps/v1")
    try:
        eventually(lambda: desk.get(where).get("status", {}).get("observedGeneration") == 1)
        start = content(desk.get(where))
        containers = [{"name": "main", "image": "x:1", "env": after}]
        patch = {"metadata": {"labels": labels}, "spec": {"template": {"spec": {"containers": containers}}}}
        proposal = desk.propose("patch_resource", kind="deployment", name="some", patch=patch)
        if proposal.preview.changes:
            outcome = desk.execute(proposal)
            assert outcome.verification.progress is Progress.DONE
            desk.undo(outcome)
        assert content(desk.get(where)) == start
    finally:
        desk.cluster.request("DELETE", where)


@settings(max_examples=6, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(before=config_data, after=config_data)
def test_undo_after_run_is_the_identity_on_data(desk: Desk, before: dict[str, str], after: dict[str, str]) -> None:
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "some", "namespace": desk.namespace}}
    desk.cluster.create({**body, "data": before})
    where = path(desk, "configmaps", "some")
    try:
        start = content(desk.get(where))
        gone: dict[str, str | None] = {key: None for key in before if key not in after}
        proposal = desk.propose("patch_resource", kind="cm", name="some", patch={"data": {**gone, **after}})
        if proposal.preview.changes:
            desk.undo(desk.execute(proposal))
        assert content(desk.get(where)) == start
    finally:
        desk.cluster.request("DELETE", where)
