"""Runs the corpora of faults and healthy states on real pods and scores the diagnosis.

    python scripts/pod_faults.py --kubeconfig FILE [--corpus tests/corpora] [--only REGEX] [--batch 10] [--fix]
                                 [--out FILE]

A case is applied, broken, waited for, and diagnosed from one snapshot of the cluster; the corpus' README says how it is
judged. With --fix the first remedy of each of its first causes (as many as it has faults) is approved, and the case's
conditions of a repair are waited for. Nothing of a case but its namespace reaches the program under test.
"""

import argparse
import json
import os
import re
import subprocess
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import yaml

from cloudwright import settings
from cloudwright.diagnosis.investigate import investigate
from cloudwright.diagnosis.load import live
from cloudwright.diagnosis.load.save import save
from cloudwright.diagnosis.model import Cause, Investigation
from cloudwright.evals.repair import Outcome, approve_first
from cloudwright.surfaces.session import Session, open_session

Case = dict[str, Any]
Row = dict[str, Any]


class Cluster:
    """kubectl on one kubeconfig, and the name of the one node."""

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
            *(condition.get("get") or condition.get("logs") or []),
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


def read_case(file: Path, node: str) -> Case:
    """A case; `@node` is the node's name, and `TEST_PODS_IMAGE` is what the cluster calls the corpus' one image."""
    image = os.environ.get("TEST_PODS_IMAGE", "registry.local/busybox:1")
    case: Case = yaml.safe_load(file.read_text().replace("registry.local/busybox:1", image).replace("@node", node))
    return case


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
    mine = (cause.object.kind, cause.object.name, cause.object.namespace or "")
    options = [truth, *truth.get("or", [])]
    fields = [
        str(item.get("field", ""))
        for item in options
        if mine == (item["kind"], item["name"], item.get("namespace", "") or "")
    ]
    return bool(fields), any(_agree(cause.field, wanted) for wanted in fields)


def _agree(named: str, wanted: str) -> bool:
    return wanted in ("", "(create)") or not named or named.startswith(wanted) or wanted.startswith(named)


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


def batches(cases: Sequence[Case], size: int) -> list[list[Case]]:
    """Cases that can stand side by side, then those that change the node, one by one."""
    shared = [one for one in cases if not one.get("exclusive")]
    alone = [[one] for one in cases if one.get("exclusive")]
    return [shared[start : start + size] for start in range(0, len(shared), size)] + alone


def _repair(session: Session, cluster: Cluster, cases: Sequence[Case], results: Sequence[Investigation]) -> list[Row]:
    """Approve what the diagnosis proposes for each case, then wait for the cases' own conditions of a repair."""
    done = [approve_first(session, result, len(case["truth"])) for case, result in zip(cases, results, strict=True)]

    def helped(index: int) -> bool:
        return done[index].outcome is Outcome.DONE and all(cluster.holds(one) for one in cases[index]["fixes"])

    with ThreadPoolExecutor(len(cases)) as pool:
        fixed = list(pool.map(helped, range(len(cases))))
    return [
        {"outcome": each.outcome, "said": each.said, "effects": each.effects, "fixed": good}
        for each, good in zip(done, fixed, strict=True)
    ]


def clean(cluster: Cluster, case: Case) -> None:
    """Take a case away again."""
    for manifest in case.get("base") or []:
        if "namespace" not in manifest["metadata"]:
            cluster.run(
                ["delete", manifest["kind"], manifest["metadata"]["name"], "--wait=false", "--ignore-not-found"]
            )
    for step in case.get("fix_example") or [] if case.get("exclusive") else []:
        cluster.step(step)
    cluster.run(["delete", "namespace", case["namespace"], "--wait=false", "--ignore-not-found"])


def _run(session: Session, cluster: Cluster, batch: Sequence[Case], *, fix: bool, keep: Path | None) -> list[Row]:
    with ThreadPoolExecutor(len(batch)) as pool:
        ready = list(pool.map(lambda case: prepare(cluster, case), batch))
    view = live.load(session.context)
    if keep:
        save(view, keep / f"{batch[0]['id']}.json.gz", session.context.redactor)
    results = [investigate(view, namespaces=[case["namespace"]]) for case in batch]
    rows = [
        judge(case, result) | {"stands": stands} for case, result, stands in zip(batch, results, ready, strict=True)
    ]
    broken = [place for place, case in enumerate(batch) if "truth" in case and ready[place]]
    if fix and broken:
        repairs = _repair(session, cluster, [batch[place] for place in broken], [results[place] for place in broken])
        for place, repair in zip(broken, repairs, strict=True):
            rows[place] |= repair
    for case in batch:
        clean(cluster, case)
    return rows


def _report(rows: Sequence[Row]) -> None:
    faults = [row for row in rows if not row["healthy"] and row["stands"]]
    healthy = [row for row in rows if row["healthy"] and row["stands"]]
    for key in ("top1", "field", "recall", "clean"):
        print(key, f"{sum(row[key] for row in faults)}/{len(faults)}")
    tried = [row for row in faults if "fixed" in row]
    if tried:
        asked = sum(row["outcome"] is Outcome.ASKED for row in tried)
        print("fixed", f"{sum(row['fixed'] for row in tried)}/{len(tried)}, and {asked} answered with a question")
    print("healthy without a cause", f"{sum(row['ok'] for row in healthy)}/{len(healthy)}")


def main() -> None:
    """Run the corpora in batches and print one line a case."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kubeconfig", required=True)
    parser.add_argument("--corpus", type=Path, default=Path("tests/corpora"))
    parser.add_argument("--only", default=".")
    parser.add_argument("--batch", type=int, default=10)
    parser.add_argument("--fix", action="store_true")
    parser.add_argument("--out", type=Path, default=Path("pod_faults.jsonl"))
    parser.add_argument("--keep", type=Path, help="folder for a snapshot of each batch")
    args = parser.parse_args()
    cluster = Cluster(args.kubeconfig)
    files = sorted([*(args.corpus / "pod_faults").glob("[fn]*.yaml"), *(args.corpus / "pod_healthy").glob("h*.yaml")])
    chosen = [file for file in files if re.search(args.only, file.name)]
    cases = [read_case(file, cluster.node) for file in chosen]
    rows: list[Row] = []
    with tempfile.TemporaryDirectory() as state, args.out.open("w") as out:
        flags = {"kubeconfig": args.kubeconfig, "state_dir": state, "journal": ""}
        session = open_session(settings.load(flags, environment={}))
        for batch in batches(cases, args.batch):
            for row in _run(session, cluster, batch, fix=args.fix, keep=args.keep):
                rows.append(row)
                print(json.dumps(row), file=out, flush=True)
                print(json.dumps(row), flush=True)
    _report(rows)


if __name__ == "__main__":
    main()
