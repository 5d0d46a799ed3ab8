"""A container that ends over a mounted file: the ConfigMap is to be edited, not the workload."""

from cloudwright.diagnosis.investigate import investigate
from cloudwright.diagnosis.view import ClusterView
from tests.diagnosis.samples.base import crashing, ended
from tests.diagnosis.world import container, deployment, log, node, thing, view

COMPLAINT = 'panic: settings: invalid or missing key "currency" in /etc/app/settings.yaml'


def cluster(*lines: str) -> ClusterView:
    """A workload that mounts its settings and crashes."""
    mounted = container(volumeMounts=[{"name": "settings", "mountPath": "/etc/app"}])
    web = deployment("web", mounted, ready=0, spec={"volumes": [{"name": "settings", "configMap": {"name": "site"}}]})
    one = crashing(web, ended(2, lived=1))
    settings = thing("ConfigMap", "site", data={"settings.yaml": "language: en\n"})
    return view(web, one, settings, node(), logs=[log(web, *lines, previous=True)])


def test_the_config_map_that_brings_the_file_is_the_cause() -> None:
    (cause,) = investigate(cluster("starting", COMPLAINT)).causes
    assert (cause.kind, cause.object.kind, cause.object.name) == ("configuration-broken", "ConfigMap", "site")
    assert "/etc/app/settings.yaml" in cause.claim


def test_a_file_that_is_only_read_is_not_blamed() -> None:
    (cause,) = investigate(cluster("reading /etc/app/settings.yaml", "out of ideas")).causes
    assert (cause.kind, cause.object.kind) == ("container-crashing", "Deployment")
