"""Runs the corpora of faults and healthy states on real pods and scores the diagnosis.

    python scripts/pod_faults.py --kubeconfig FILE [--corpus tests/corpora] [--only REGEX] [--batch 10] [--fix]
                                 [--out FILE]

A case is applied, broken, waited for, and diagnosed from one snapshot of the cluster; the corpus' README says how it is
judged. Nothing of a case but its namespace reaches the program under test.
"""

import argparse
import json
import os
import re
import subprocess
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import yaml

from cloudwright.core.masking import SessionRedactor
from cloudwright.core.store import MemoryResultStore
from cloudwright.diagnosis.investigate import investigate
from cloudwright.diagnosis.load import live
from cloudwright.diagnosis.model import Cause, Investigation
from cloudwright.tools.kubernetes.session import connect

Case = dict[str, Any]


class Cluster:
    """kubectl on one kubeconfig, and the node's name for `@node`."""

    def __init__(self, kubeconfig: str) -> None:
        self.kubeconfig = kubeconfig
        self.node = self.run(["get", "nodes", "-o", "jsonpath={.items[0].metadata.name}"])

    def run(self, arguments: Sequence[str], text: str = "") -> str:
        """Output of kubectl, errors included."""
        done = subprocess.run(
            ["kubectl", "--kubeconfig", self.kubeconfig, *arguments],
            input=text,
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stdout + done.stderr

    def step(self, step: dict[str, Any]) -> None:
        """One step of `base`, `inject` or a repair."""
        (verb, body), *_ = step.items()
        body = json.loads(json.dumps(body).replace("@node", self.node))
        space = ["-n", body["namespace"]] if isinstance(body, dict) and body.get("namespace") else []
        match verb:
            case "apply":
                self.run(["apply", "--server-side", "--force-conflicts", "-f", "-"], json.dumps(body))
            case "patch" | "status":
                kind = body.get("type", "merge")
                extra = ["--subresource=status"] if verb == "status" else []
                self.run(
                    [
                        "patch",
                        body["kind"],
                        body["name"],
                        *space,
                        "--type",
                        kind,
                        *extra,
                        "-p",
                        json.dumps(body["body"]),
                    ]
                )
            case "delete":
                self.run(["delete", body["kind"], body["name"], *space, "--wait=false"])
            case "restart":
                self.run(["rollout", "restart", body["kind"], body["name"], *space])
            case "delete_pods":
                self.run(["delete", "pods", *space, "-l", body["selector"], "--wait=false"])
            case "scale":
                self.run(["scale", body["kind"], body["name"], *space, f"--replicas={body['replicas']}"])
            case "wait":
                self.holds(body)

    def holds(self, condition: dict[str, Any], factor: float = 2.0) -> bool:
        """Wait for a condition; False when it does not come true in time."""
        command = [
            *(["get"] if "get" in condition else ["logs"]),
            *[item.replace("@node", self.node) for item in condition.get("get") or condition.get("logs") or []],
        ]
        deadline = time.monotonic() + condition.get("within", 90) * factor
        since = 0.0
        while time.monotonic() < deadline:
            if re.search(condition["matches"], self.run(command), re.M):
                since = since or time.monotonic()
                if time.monotonic() - since >= condition.get("hold", 0):
                    return True
            else:
                since = 0.0
            time.sleep(1.5)
        return False


def _with_image(text: str) -> str:
    """The corpus names one image; `TEST_PODS_IMAGE` says what the cluster calls it."""
    return text.replace("registry.local/busybox:1", os.environ.get("TEST_PODS_IMAGE", "registry.local/busybox:1"))


def prepare(cluster: Cluster, case: Case) -> bool:
    """Base, readiness, injection, and the state that the question is asked in."""
    for manifest in case.get("base") or []:
        cluster.step({"apply": manifest})
    space = case["namespace"]
    for manifest in case.get("base") or []:
        if manifest["kind"] in ("Deployment", "StatefulSet") and manifest.get("spec", {}).get("replicas", 1):
            cluster.run(
                [
                    "rollout",
                    "status",
                    manifest["kind"].lower(),
                    manifest["metadata"]["name"],
                    "-n",
                    manifest["metadata"].get("namespace", space),
                    "--timeout=120s",
                ]
            )
    time.sleep(4)
    for step in case.get("inject") or []:
        cluster.step(step)
    return all(cluster.holds(item) for item in case.get("wait_for") or [])


def same(cause: Cause, truth: dict[str, Any]) -> tuple[bool, bool]:
    """Whether a cause names the object of a truth, and its field."""
    options = [truth, *truth.get("or", [])]
    for item in options:
        if (cause.object.kind, cause.object.name, cause.object.namespace or "") == (
            item["kind"],
            item["name"],
            item.get("namespace", "") or "",
        ):
            wanted = str(item.get("field", ""))
            return True, wanted in ("", "(create)") or not cause.field or cause.field.startswith(
                wanted
            ) or wanted.startswith(cause.field)
    return False, False


def judge(case: Case, result: Investigation) -> dict[str, Any]:
    """The scores of one case."""
    serious = [item for item in result.causes if item.severity.rank >= 1]
    names = [f"{item.kind}@{item.object.kind}/{item.object.name}:{item.field}" for item in serious]
    if "truth" not in case:
        return {"id": case["id"], "healthy": True, "ok": not serious, "causes": names}
    truths = case["truth"]
    hits = [any(same(item, truth)[0] for item in serious) for truth in truths]
    top = serious[: len(truths)]
    exact = all(any(same(item, truth)[0] for item in top) for truth in truths)
    field = all(any(all(same(item, truth)) for item in top) for truth in truths)
    extra = [item for item in serious if not any(same(item, truth)[0] for truth in truths)]
    return {
        "id": case["id"],
        "healthy": False,
        "top1": exact,
        "field": field,
        "recall": all(hits),
        "clean": not extra,
        "causes": names,
        "truth": [f"{item['kind']}/{item['name']}:{item.get('field', '')}" for item in truths],
    }


def main() -> None:
    """Run the corpora in batches and print one line a case."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kubeconfig", required=True)
    parser.add_argument("--corpus", type=Path, default=Path("tests/corpora"))
    parser.add_argument("--only", default=".")
    parser.add_argument("--batch", type=int, default=10)
    parser.add_argument("--out", type=Path, default=Path("pod_faults.jsonl"))
    parser.add_argument("--keep", type=Path, help="folder for a snapshot of each batch")
    args = parser.parse_args()
    cluster = Cluster(args.kubeconfig)
    files = sorted([*(args.corpus / "pod_faults").glob("f*.yaml"), *(args.corpus / "pod_healthy").glob("h*.yaml")])
    cases = [
        item
        for file in files
        if re.search(args.only, file.name) and (item := yaml.safe_load(_with_image(file.read_text())))
    ]
    batches = [[one] for one in cases if one.get("exclusive")]
    shared = [one for one in cases if not one.get("exclusive")]
    batches = [shared[start : start + args.batch] for start in range(0, len(shared), args.batch)] + batches
    rows = []
    context = connect(
        args.kubeconfig, redactor=SessionRedactor(b"scores-of-the-pod-fault-corpora!"), results=MemoryResultStore()
    )
    for number, batch in enumerate(batches):
        with ThreadPoolExecutor(len(batch)) as pool:
            ready = list(pool.map(lambda case: prepare(cluster, case), batch))
        view = live.load(context)
        if args.keep:
            from cloudwright.diagnosis.load.save import save

            save(view, args.keep / f"batch-{number:02d}.json.gz")
        for case, stands in zip(batch, ready, strict=True):
            row = judge(case, investigate(view, namespaces=[case["namespace"]])) | {"stands": stands}
            rows.append(row)
            print(json.dumps(row), flush=True)
        for case in batch:
            for manifest in case.get("base") or []:
                if "namespace" not in manifest["metadata"]:
                    cluster.run(
                        ["delete", manifest["kind"], manifest["metadata"]["name"], "--wait=false", "--ignore-not-found"]
                    )
            for step in case.get("fix_example") or [] if case.get("exclusive") else []:
                cluster.step(step)
            cluster.run(["delete", "namespace", case["namespace"], "--wait=false", "--ignore-not-found"])
    args.out.write_text("".join(json.dumps(row) + "\n" for row in rows))
    faults = [row for row in rows if not row["healthy"] and row["stands"]]
    healthy = [row for row in rows if row["healthy"] and row["stands"]]
    for key in ("top1", "field", "recall", "clean"):
        print(key, f"{sum(row[key] for row in faults)}/{len(faults)}")
    print("healthy without a cause", f"{sum(row['ok'] for row in healthy)}/{len(healthy)}")


if __name__ == "__main__":
    main()
