"""What clients go on complaining about is a cause where nothing else is found, and only there."""

from cloudwright.diagnosis.investigate import investigate
from cloudwright.diagnosis.view import ClusterView
from tests.diagnosis.world import Dict, container, deployment, log, meta, node, pod, service, slices, view, waiting

COMPLAINT = "level=error msg='call to api failed' err='api: 500 internal error'"


def shop(*lines: str, age: float = 300, broken: bool = False) -> ClusterView:
    """A web server that calls an api whose present revision is so old."""
    api = deployment("api", container(image="registry.example/api:2"), ready=0 if broken else 1)
    api["metadata"]["annotations"] = {"deployment.kubernetes.io/revision": "2"}
    web = deployment("web", container(env=[{"name": "API_URL", "value": "http://api:80"}]))
    state = {"containerStatuses": [waiting("app", "ImagePullBackOff", "not found")], "phase": "Pending"}
    served = pod(api, ready=False, status=state) if broken else pod(api)
    revisions = [_revision(api, 1, "registry.example/api:1", 9000), _revision(api, 2, "registry.example/api:2", age)]
    ends = [] if broken else ["10.0.0.9"]
    return view(api, web, served, pod(web), service("api"), slices("api", *ends), *revisions, node(), logs=[log(web, *lines)])  # fmt: skip


def _revision(owner: Dict, number: int, image: str, age: float) -> Dict:
    ref = {"apiVersion": "apps/v1", "kind": "Deployment", "name": "api", "uid": owner["metadata"]["uid"], "controller": True}  # fmt: skip
    notes = {"deployment.kubernetes.io/revision": str(number)}
    template = deployment("api", container(image=image))["spec"]["template"]
    metadata = meta(f"api-{number}", age=age, uid=f"rs-{number}", ownerReferences=[ref], annotations=notes)
    return {"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": metadata, "spec": {"replicas": 0, "template": template}, "status": {}}  # fmt: skip


def test_a_release_that_its_client_complains_of_is_rolled_back() -> None:
    (cause,) = investigate(shop(*[COMPLAINT] * 12)).causes
    assert (cause.kind, cause.object.name) == ("requests-failing", "api")
    assert [call.tool for call in cause.remedies[0].calls] == ["rollout_undo"]


def test_an_old_release_is_not_rolled_back_but_asked_about() -> None:
    (cause,) = investigate(shop(*[COMPLAINT] * 12, age=80_000)).causes
    assert cause.object.name == "api"
    assert [remedy.calls for remedy in cause.remedies] == [()]


def test_errors_that_name_nobody_or_have_ended_are_no_cause() -> None:
    assert investigate(shop(*["level=error msg='cache miss'"] * 12)).causes == ()
    assert investigate(shop(*[COMPLAINT] * 12, *["level=info msg='GET 200'"] * 20)).causes == ()
    assert investigate(shop(COMPLAINT, *["level=info msg='GET 200'"] * 5, COMPLAINT)).causes == ()


def test_complaints_are_not_read_where_a_cause_is_found() -> None:
    kinds = [cause.kind for cause in investigate(shop(*[COMPLAINT] * 12, broken=True)).causes]
    assert kinds
    assert "requests-failing" not in kinds
