"""Record what a real kubelet makes of the pods in tests/twin/node/pod_manifests.yaml.

usage: record_pod_behaviour.py KUBECONFIG [--image busybox:1.36] [--seconds 75] [--raw FILE]

Needs a cluster that runs containers. Writes tests/twin/node/pod_behaviour.json, in the compact form that the tests
compare with the simulated kubelet.
"""

import argparse
import json
import sys
import time
from pathlib import Path

import yaml
from kubernetes import client, config

HERE = Path(__file__).resolve().parent.parent / "tests" / "twin" / "node"
sys.path.insert(0, str(HERE.parent.parent.parent))

from tests.twin.node.behaviour import NAMESPACE, build, compact, supporting_objects  # noqa: E402 - its folder is put on the path first


def main() -> None:
    """Create the pods, wait, and record."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("kubeconfig")
    parser.add_argument("--image", default="registry.local/busybox:1")
    parser.add_argument("--seconds", type=float, default=75)
    parser.add_argument("--raw")
    options = parser.parse_args()
    config.load_kube_config(options.kubeconfig)
    core = client.CoreV1Api()
    raw = client.ApiClient()
    core.create_namespace({"metadata": {"name": NAMESPACE}})
    _wait_for_service_account(core)
    for kind, obj in supporting_objects():
        getattr(core, f"create_namespaced_{kind}")(NAMESPACE, obj)
    entries = yaml.safe_load((HERE / "pod_manifests.yaml").read_text())
    for entry in entries:
        core.create_namespaced_pod(NAMESPACE, build(entry, options.image))
    time.sleep(options.seconds)
    pods = raw.sanitize_for_serialization(core.list_namespaced_pod(NAMESPACE).items)
    events = raw.sanitize_for_serialization(core.list_namespaced_event(NAMESPACE).items)
    if options.raw:
        Path(options.raw).write_text(json.dumps({"pods": pods, "events": events}, indent=1))
    result = {pod["metadata"]["name"]: compact(pod, events) for pod in pods}
    (HERE / "pod_behaviour.json").write_text(json.dumps(result, indent=1, sort_keys=True) + "\n")
    core.delete_namespace(NAMESPACE, grace_period_seconds=0)


def _wait_for_service_account(core: client.CoreV1Api) -> None:
    for _ in range(50):
        try:
            core.read_namespaced_service_account("default", NAMESPACE)
        except client.ApiException:
            time.sleep(0.2)
        else:
            return


if __name__ == "__main__":
    main()
